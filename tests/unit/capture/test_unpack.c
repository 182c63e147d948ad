#include "suites.h"

#include <errno.h>
#include <pcap/dlt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/unpack.h"
#include "config.h"
#include "support/capfile.h"
#include "support/said.h"
#include "util/units.h"

#ifdef HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif
#ifdef HAVE_LZMA
#include <lzma.h>
#endif

/* -- compressing -------------------------------------------------------------------------------- */

/* Puts `n` octets, compressed, behind what `octets` holds. */
typedef void compress_fn(const uint8_t *plain, size_t n);

#ifdef HAVE_ZLIB
static void put_gzip(const uint8_t *plain, size_t n)
{
	uint8_t *packed = malloc(n + 1000);
	z_stream z = {.next_in = (Bytef *)plain,
	    .avail_in = (uInt)n,
	    .next_out = packed,
	    .avail_out = (uInt)n + 1000};

	ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	put(packed, z.total_out);
	deflateEnd(&z);
	free(packed);
}
#endif

#ifdef HAVE_ZSTD
static void put_zstd(const uint8_t *plain, size_t n)
{
	uint8_t *packed = malloc(ZSTD_compressBound(n));
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t size_packed;

	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	size_packed = ZSTD_compress2(c, packed, ZSTD_compressBound(n), plain, n);
	ck_assert(!ZSTD_isError(size_packed));
	put(packed, size_packed);
	ZSTD_freeCCtx(c);
	free(packed);
}
#endif

#ifdef HAVE_LZMA
static void put_xz(const uint8_t *plain, size_t n)
{
	uint8_t *packed = malloc(n + 1000);
	size_t at = 0;

	ck_assert_int_eq(
	    lzma_easy_buffer_encode(0, LZMA_CHECK_CRC64, NULL, plain, n, packed, &at, n + 1000),
	    LZMA_OK);
	put(packed, at);
	free(packed);
}
#endif

static const struct {
	const char *name;
	compress_fn *put;
} rows[] = {
#ifdef HAVE_ZLIB
    {"gzip", put_gzip},
#endif
#ifdef HAVE_ZSTD
    {"zstd", put_zstd},
#endif
#ifdef HAVE_LZMA
    {"xz", put_xz},
#endif
    {NULL, NULL},
};

/* -- files -------------------------------------------------------------------------------------- */

#define PACKETS 100
#define CAPLEN 100u
#define RECORD (16 + CAPLEN)

/* A pcap file; what is under construction is then empty. The caller frees it. */
static uint8_t *plain_file(uint32_t packets, size_t *n)
{
	uint8_t *plain;

	size = 0;
	put32(0xa1b2c3d4);
	put16(2);
	put16(4);
	put32(0);
	put32(0);
	put32(65535);
	put32(DLT_EN10MB);
	for (uint32_t i = 1; i <= packets; i++) {
		put32(i);
		put32(0);
		put32(CAPLEN);
		put32(CAPLEN);
		put_content(i, CAPLEN);
	}
	*n = size;
	plain = malloc(size);
	memcpy(plain, octets, size);
	size = 0;
	return plain;
}

static void check_packets(size_t n)
{
	ck_assert_uint_eq(seen_count, n);
	ck_assert(!content_differs);
	for (size_t i = 0; i < n; i++)
		ck_assert_uint_eq(seen[i].ts_ns, (i + 1) * NS_PER_S);
}

START_TEST(compressed_file_is_read)
{
	size_t n;
	uint8_t *plain = plain_file(PACKETS, &n);

	for (unsigned i = 0; rows[i].put; i++)
		for (unsigned w = 0; w < 2; w++) {
			size = 0;
			rows[i].put(plain, n);
			ck_assert_uint_lt(size, n);
			ck_assert_int_eq(ways[w](), -ENODATA);
			ck_assert_str_eq(said, "");
			check_packets(PACKETS);
		}
	free(plain);
}
END_TEST

/* More than the window and the buffer of a decompressor hold. */
START_TEST(large_compressed_file_is_read)
{
	size_t n;
	uint8_t *plain = plain_file(19000, &n);

	for (unsigned i = 0; rows[i].put; i++) {
		size = 0;
		rows[i].put(plain, n);
		ck_assert_int_eq(read_file(), -ENODATA);
		check_packets(19000);
	}
	free(plain);
}
END_TEST

/* In two pieces at every place of the first packets, and an empty one between them. */
START_TEST(pieces_are_one_file)
{
	size_t n;
	uint8_t *plain = plain_file(3, &n);

	for (unsigned i = 0; rows[i].put; i++)
		for (size_t first = 0; first <= n; first += 7) {
			size = 0;
			rows[i].put(plain, first);
			rows[i].put(plain, 0);
			rows[i].put(plain + first, n - first);
			ck_assert_int_eq(ways[first & 1](), -ENODATA);
			ck_assert_str_eq(said, "");
			check_packets(3);
		}
	free(plain);
}
END_TEST

/* All packets before the cut are there; a cut behind the last one is found as well. */
START_TEST(cut_is_told_wherever_it_is)
{
	char expected[80];
	size_t n;
	uint8_t *plain = plain_file(20, &n);

	for (unsigned i = 0; rows[i].put; i++) {
		size_t whole, second;

		size = 0;
		rows[i].put(plain, 24 + 10 * RECORD);
		second = size;
		rows[i].put(plain + 24 + 10 * RECORD, n - 24 - 10 * RECORD);
		whole = size;
		for (size = second + 1; size < whole; size++) {
			ck_assert_int_eq(ways[size & 1](), -EIO);
			ck_assert_uint_ge(seen_count, 10);
			snprintf(expected, sizeof(expected),
			    "packet %zu, at offset %zu of what is unpacked: %s: ", seen_count + 1,
			    24 + seen_count * RECORD, rows[i].name);
			check_said(expected);
			ck_assert_ptr_nonnull(strstr(said, "cut"));
		}
		for (size = 6; size < 18; size++) {
			ck_assert_int_lt(read_file(), 0);
			check_said("cut");
		}
	}
	free(plain);
}
END_TEST

/* A checksum comes behind its data: what libpcap is shown before may be odd to it, too. */
START_TEST(corrupt_data_is_told)
{
	size_t n;
	uint8_t *plain = plain_file(PACKETS, &n);

	for (unsigned i = 0; rows[i].put; i++) {
		size_t second;

		size = 0;
		rows[i].put(plain, 24 + 10 * RECORD);
		second = size;
		rows[i].put(plain + 24 + 10 * RECORD, n - 24 - 10 * RECORD);
		octets[second + (size - second) / 2] ^= 0x10;
		ck_assert_int_eq(read_file(), -EIO);
		ck_assert_uint_ge(seen_count, 10);
		check_said(" of what is unpacked: ");
	}
	free(plain);
}
END_TEST

START_TEST(other_data_behind_it_is_told)
{
	size_t n;
	uint8_t *plain = plain_file(PACKETS, &n);

	for (unsigned i = 0; rows[i].put; i++) {
		size = 0;
		rows[i].put(plain, n);
		put("what is this? It is not compressed.", 35);
		ck_assert_int_eq(read_file(), -EIO);
		check_packets(PACKETS);
		check_said("packet 101, at offset 11624 of what is unpacked: ");
	}
	free(plain);
}
END_TEST

START_TEST(pcap_cut_inside_is_told_with_its_place)
{
	size_t n;
	uint8_t *plain = plain_file(PACKETS, &n);

	for (unsigned i = 0; rows[i].put; i++) {
		size = 0;
		rows[i].put(plain, n - 5);
		ck_assert_int_eq(read_file(), -EIO);
		check_packets(PACKETS - 1);
		check_said("packet 100, at offset 11508 of what is unpacked: truncated");
	}
	free(plain);
}
END_TEST

START_TEST(compressed_text_is_no_capture)
{
	static const char text[] = "This is a text file, and not a short one at that.\n";

	for (unsigned i = 0; rows[i].put; i++) {
		size = 0;
		rows[i].put((const uint8_t *)text, strlen(text));
		ck_assert_int_eq(read_file(), -EINVAL);
		check_said("not a capture file when unpacked: it is text");
		size = 0;
		rows[i].put((const uint8_t *)text, 0);
		ck_assert_int_eq(read_file(), -EINVAL);
		check_said("not a capture file when unpacked: it is empty");
	}
}
END_TEST

START_TEST(what_takes_too_much_memory_is_refused)
{
#ifdef HAVE_ZSTD
	/* A frame whose header asks for a window of 256 MiB. */
	size = 0;
	put("\x28\xb5\x2f\xfd\x00\x90\x01\x00\x00", 9);
	ck_assert_int_lt(read_file(), 0);
	check_said("zstd: ");
	ck_assert_msg(strstr(said, "memory") != NULL, "%s", said);
#endif
}
END_TEST

START_TEST(tape_filled_up_with_zeros_is_read)
{
#ifdef HAVE_ZLIB
	size_t n;
	uint8_t *plain = plain_file(PACKETS, &n);

	put_gzip(plain, n);
	for (unsigned i = 0; i < 512; i++)
		put("", 1);
	ck_assert_int_eq(read_file(), -ENODATA);
	ck_assert_str_eq(said, "");
	check_packets(PACKETS);
	free(plain);
#endif
}
END_TEST

START_TEST(what_is_not_unpacked_is_named_with_advice)
{
	static const struct {
		const char *magic, *text;
	} others[] = {{"BZh91AY&SY", "compressed by bzip2: unpack it by bzcat"},
	    {"\x04\x22\x4d\x18 and so on", "compressed by lz4: "},
	    {"LZIP\1 and so on", "compressed by lzip: "}, {"\x1f\x9d and so on", "by compress: "}};

	for (unsigned i = 0; i < sizeof(others) / sizeof(*others); i++) {
		size = 0;
		put(others[i].magic, strlen(others[i].magic));
		ck_assert_int_lt(read_file(), 0);
		check_said(others[i].text);
	}
}
END_TEST

/* A frame of `n` octets that are nobody's. */
static void put_skippable(uint32_t kind, uint32_t n)
{
	put32(0x184d2a50 + kind);
	put32(n);
	put_content(n, n);
}

/* Before, between and behind what is the file, as pzstd and seekable files have them. */
START_TEST(frames_of_zstd_that_are_to_be_skipped_are)
{
#ifdef HAVE_ZSTD
	static const uint32_t lengths[] = {4, 0, 1, 100000};
	size_t n;
	uint8_t *plain = plain_file(PACKETS, &n);

	for (uint32_t i = 0; i < 16; i++) {
		size = 0;
		put_skippable(i, lengths[i % 3]);
		put_zstd(plain, 1000);
		put_skippable(15 - i, lengths[i % 2]);
		put_skippable(i, 9);
		put_zstd(plain + 1000, n - 1000);
		put_skippable(14, 17);
		ck_assert_int_eq(ways[i & 1](), -ENODATA);
		ck_assert_str_eq(said, "");
		check_packets(PACKETS);
	}
	size = 0;
	put_skippable(0, lengths[3]);
	put_skippable(0, lengths[3]);
	put_zstd(plain, n);
	ck_assert_int_eq(read_file(), -ENODATA);
	check_packets(PACKETS);
	size -= 10;
	ck_assert_int_lt(read_file(), 0);
	check_said("cut");
	free(plain);
#endif
}
END_TEST

/* What is behind them says what it is: it may be of lz4, or nothing that has such frames. */
START_TEST(frames_to_be_skipped_are_no_compression)
{
	size = 0;
	put_skippable(3, 12);
	put("\x04\x22\x4d\x18 and so on", 14);
	ck_assert_int_lt(read_file(), 0);
	check_said("compressed by lz4: ");
	for (uint32_t cut = 0; cut < 30; cut++) {
		size = 0;
		put_skippable(3, 12);
		put("BZh91AY&SY", 10);
		size -= cut;
		ck_assert_int_lt(read_file(), 0);
		check_said("not a capture file: ");
	}
	size = 0;
	put_skippable(3, 12);
	octets[7] = 0xff;
	ck_assert_int_lt(read_file(), 0);
	check_said("not a capture file: ");
}
END_TEST

START_TEST(missing_library_is_named)
{
	static const struct {
		const char *magic, *library;
	} libraries[] = {{"\x1f\x8b\x08", "zlib"}, {"\x28\xb5\x2f\xfd", "libzstd"},
	    {"\xfd"
	     "7zXZ",
		"liblzma"}};

	for (unsigned i = 0; i < 3; i++) {
		const struct compression *c =
		    unpack_find((const uint8_t *)libraries[i].magic, UNPACK_MAGIC);

		ck_assert_ptr_nonnull(c);
		ck_assert_ptr_nonnull(strstr(c->advice, libraries[i].library));
		if (c->ops)
			continue;
		size = 0;
		put(libraries[i].magic, c->size);
		ck_assert_int_lt(read_file(), 0);
		check_said("spanflow was built without ");
	}
}
END_TEST

Suite *unpack_suite(void)
{
	const TTest *const tests[] = {
	    compressed_file_is_read,
	    large_compressed_file_is_read,
	    pieces_are_one_file,
	    cut_is_told_wherever_it_is,
	    corrupt_data_is_told,
	    other_data_behind_it_is_told,
	    pcap_cut_inside_is_told_with_its_place,
	    compressed_text_is_no_capture,
	    what_takes_too_much_memory_is_refused,
	    tape_filled_up_with_zeros_is_read,
	    what_is_not_unpacked_is_named_with_advice,
	    frames_of_zstd_that_are_to_be_skipped_are,
	    frames_to_be_skipped_are_no_compression,
	    missing_library_is_named,
	};

	return SUITE_OF("unpack", tests);
}

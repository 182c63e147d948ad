#include "suites.h"

#include <errno.h>
#include <pcap/dlt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/capfile.h"
#include "support/said.h"
#include "util/rng.h"
#include "util/units.h"

#define MAGIC_US 0xa1b2c3d4u
#define MAGIC_NS 0xa1b23c4du
#define SNAPLEN 65535

static void put_header_of(uint32_t magic, uint32_t snaplen, uint32_t linktype)
{
	size = 0;
	put32(magic);
	put16(2);
	put16(4);
	put32(0);
	put32(0);
	put32(snaplen);
	put32(linktype);
}

static void put_header(uint32_t magic)
{
	put_header_of(magic, SNAPLEN, DLT_EN10MB);
}

static void put_packet(uint32_t seconds, uint32_t fraction, uint32_t caplen, uint32_t len)
{
	put32(seconds);
	put32(fraction);
	put32(caplen);
	put32(len);
	put_content(seconds, caplen);
}

START_TEST(times_are_ns_whatever_the_file_has)
{
	for (unsigned n = 0; n < 8; n++) {
		bool ns = n & 1;

		swapped = n & 2;
		put_header(ns ? MAGIC_NS : MAGIC_US);
		put_packet(1000000, 0, 60, 60);
		put_packet(1000001, ns ? 999999999 : 999999, 60, 60);
		put_packet(1000002, 123, 60, 60);
		ck_assert_int_eq(ways[n >> 2](), -ENODATA);
		ck_assert_str_eq(said, "");
		ck_assert_uint_eq(seen_count, 3);
		ck_assert_uint_eq(seen[0].ts_ns, 1000000 * NS_PER_S);
		ck_assert_uint_eq(seen[1].ts_ns, 1000001 * NS_PER_S + (ns ? 999999999 : 999999000));
		ck_assert_uint_eq(seen[2].ts_ns, 1000002 * NS_PER_S + (ns ? 123 : 123000));
		ck_assert(!content_differs);
		swapped = false;
	}
}
END_TEST

START_TEST(seconds_are_unsigned)
{
	for (unsigned w = 0; w < 2; w++) {
		put_header(MAGIC_US);
		put_packet(0x80000000, 5, 60, 60);
		put_packet(0xffffffff, 999999, 60, 60);
		ck_assert_int_eq(ways[w](), -ENODATA);
		ck_assert_uint_eq(seen[0].ts_ns, 0x80000000 * NS_PER_S + 5000);
		ck_assert_uint_eq(seen[1].ts_ns, 0xffffffff * NS_PER_S + 999999000);
	}
}
END_TEST

/* More than a second of fraction is no reason for libpcap to refuse a packet. */
START_TEST(odd_fraction_does_not_lead_behind_2106)
{
	for (unsigned w = 0; w < 2; w++) {
		put_header(MAGIC_US);
		put_packet(0xfffffffe, 1999999, 60, 60);
		put_packet(0xfffffffe, 2000000, 60, 60);
		ck_assert_int_eq(ways[w](), -ENODATA);
		ck_assert_uint_eq(seen[0].ts_ns, 0xffffffff * NS_PER_S + 999999000);
		ck_assert_uint_eq(seen[1].ts_ns, 0);
	}
}
END_TEST

START_TEST(packet_shows_its_lengths_and_the_source)
{
	for (unsigned w = 0; w < 2; w++) {
		put_header(MAGIC_US);
		put_packet(0, 0, 60, 1500);
		put_packet(1, 0, 60, 59);
		put_packet(2, 0, 0, 64);
		ck_assert_int_eq(ways[w](), -ENODATA);
		ck_assert_uint_eq(seen_count, 3);
		ck_assert_uint_eq(seen[0].ts_ns, 0);
		ck_assert_uint_eq(seen[0].caplen, 60);
		ck_assert_uint_eq(seen[0].len, 1500);
		ck_assert_uint_eq(seen[1].len, 60);
		ck_assert_uint_eq(seen[2].caplen, 0);
		ck_assert_uint_eq(seen[2].len, 64);
		ck_assert_uint_eq(seen[0].ingress, 9);
		ck_assert_int_eq(seen[0].linktype, DLT_EN10MB);
	}
}
END_TEST

/* Two octets for each unit, if a bit says so; also of what libpcap reads, behind an odd record. */
START_TEST(declared_check_sequence_is_no_part_of_a_packet)
{
	static const struct {
		uint32_t word, fcs;
	} rows[] = {{0x24000001, 4}, {0x14000001, 2}, {0x04000001, 0}, {0x20000001, 0},
	    {0x2400007f, 0}}; /* radiotap's own header tells */

	for (unsigned n = 0; n < 4; n++)
		for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
			uint32_t fcs = rows[i].fcs;

			swapped = n & 1;
			put_header_of(MAGIC_US, 100, rows[i].word);
			put_packet(1, 0, 64, 64);
			put_packet(2, 0, 64, 66);
			put_packet(3, 0, 3, 3);
			put_packet(4, 0, 100, 1518);
			put_packet(5, 0, 60, 0);
			put_packet(6, 0, 104, 104);
			put_packet(7, 0, 64, 64);
			ck_assert_int_eq(ways[n >> 1](), -ENODATA);
			ck_assert_uint_eq(seen_count, 7);
			ck_assert(!content_differs);
			ck_assert_uint_eq(seen[0].len, 64 - fcs);
			ck_assert_uint_eq(seen[0].caplen, 64 - fcs);
			ck_assert_uint_eq(seen[1].len, 66 - fcs);
			ck_assert_uint_eq(seen[1].caplen, fcs == 4 ? 62 : 64);
			ck_assert_uint_eq(seen[2].len, fcs == 4 ? 0 : 3 - fcs);
			ck_assert_uint_eq(seen[3].len, 1518 - fcs);
			ck_assert_uint_eq(seen[3].caplen, 100);
			ck_assert_uint_eq(seen[4].len, 60 - fcs);
			ck_assert_uint_eq(seen[5].len, 104 - fcs);
			ck_assert_uint_eq(seen[6].len, 64 - fcs);
			ck_assert_int_eq(seen[6].linktype, (int)(rows[i].word & 0xffff));
			swapped = false;
		}
}
END_TEST

START_TEST(link_type_is_that_of_the_file)
{
	for (unsigned w = 0; w < 2; w++) {
		put_header_of(MAGIC_US, SNAPLEN, 276);
		put_packet(1, 0, 60, 60);
		ck_assert_int_eq(ways[w](), -ENODATA);
		ck_assert_int_eq(seen[0].linktype, DLT_LINUX_SLL2);
	}
}
END_TEST

START_TEST(file_without_packets_is_at_its_end)
{
	for (unsigned w = 0; w < 2; w++) {
		put_header(MAGIC_US);
		ck_assert_int_eq(ways[w](), -ENODATA);
		ck_assert_uint_eq(seen_count, 0);
		ck_assert_str_eq(said, "");
	}
}
END_TEST

/* Three packets of 60 octets, cut at every place in the third: two are delivered, all is said. */
START_TEST(cut_packet_is_named_with_its_number_and_offset)
{
	for (unsigned w = 0; w < 2; w++)
		for (size_t cut = 1; cut < 76; cut++) {
			put_header(MAGIC_US);
			for (uint32_t i = 1; i <= 3; i++)
				put_packet(i, 0, 60, 60);
			size -= cut;
			ck_assert_int_eq(ways[w](), -EIO);
			ck_assert_uint_eq(seen_count, 2);
			ck_assert(!content_differs);
			check_said("packet 3, at offset 176: ");
		}
}
END_TEST

START_TEST(cut_file_header_is_no_capture)
{
	for (unsigned w = 0; w < 2; w++)
		for (size_t n = 0; n < 24; n++) {
			put_header(MAGIC_US);
			size = n;
			ck_assert_int_eq(ways[w](), -EINVAL);
			check_said("not a capture file");
		}
}
END_TEST

START_TEST(text_is_no_capture)
{
	static const char text[] = "This is a text file, and not a short one at that.\n";

	for (unsigned w = 0; w < 2; w++) {
		size = 0;
		put(text, strlen(text));
		ck_assert_int_eq(ways[w](), -EINVAL);
		check_said("not a capture file");
	}
}
END_TEST

START_TEST(packet_of_impossible_length_ends_the_file)
{
	for (unsigned w = 0; w < 2; w++) {
		put_header(MAGIC_US);
		put_packet(1, 0, 60, 60);
		put_packet(2, 0, 60, 60);
		octets[24 + 76 + 8 + 3] = 0x7f; /* captured length, either byte order */
		octets[24 + 76 + 8] = 0x7f;
		ck_assert_int_eq(ways[w](), -EIO);
		ck_assert_uint_eq(seen_count, 1);
		check_said("packet 2, at offset 100: ");
	}
}
END_TEST

/* As libpcap has it, whatever the file's own limit is. */
START_TEST(packet_of_more_than_256_kib_ends_the_file)
{
	put_header_of(MAGIC_US, 1u << 20, DLT_EN10MB);
	put_packet(1, 0, 262144, 262144);
	put_packet(2, 0, 262145, 262145);
	ck_assert_int_eq(read_file(), -EIO);
	ck_assert_uint_eq(seen_count, 1);
	check_said("packet 2, at offset 262184: ");
	ck_assert_ptr_nonnull(strstr(said, "maximum of 262144"));
}
END_TEST

START_TEST(missing_file_and_directory_are_told_apart)
{
	strcpy(path, "/tmp/spanflow-unit-that-does-not-exist");
	ck_assert_int_eq(read_all(NULL), -ENOENT);
	check_said(strerror(ENOENT));
	strcpy(path, "/tmp");
	ck_assert_int_eq(read_all(NULL), -EISDIR);
	check_said(strerror(EISDIR));
}
END_TEST

/* Some writers capture more than they announce: libpcap cuts such packets to the snapshot length. */
START_TEST(packet_longer_than_the_snapshot_length_is_cut)
{
	for (unsigned w = 0; w < 2; w++) {
		put_header_of(MAGIC_US, 64, DLT_EN10MB);
		put_packet(1, 0, 60, 60);
		put_packet(2, 0, 100, 200);
		put_packet(3, 0, 60, 60);
		ck_assert_int_eq(ways[w](), -ENODATA);
		ck_assert_uint_eq(seen_count, 3);
		ck_assert_uint_eq(seen[1].caplen, 64);
		ck_assert_uint_eq(seen[1].len, 200);
		ck_assert_uint_eq(seen[2].ts_ns, 3 * NS_PER_S);
		ck_assert(!content_differs);
	}
}
END_TEST

START_TEST(offset_is_right_behind_a_packet_that_was_cut_to_the_snapshot_length)
{
	for (unsigned w = 0; w < 2; w++) {
		put_header_of(MAGIC_US, 64, DLT_EN10MB);
		put_packet(1, 0, 100, 100);
		put_packet(2, 0, 60, 60);
		size -= 5;
		ck_assert_int_eq(ways[w](), -EIO);
		ck_assert_uint_eq(seen_count, 1);
		check_said("packet 2, at offset 140: ");
	}
}
END_TEST

/* Packets of all lengths as far as `end`, the next one of which has this number. The number behind them. */
static uint32_t put_many(struct rng *r, uint32_t n, size_t end)
{
	while (size < end) {
		uint32_t caplen =
		    rng_below(r, 100) ? rng_below(r, 1500) : rng_below(r, SNAPLEN + 1);

		put_packet(n, n, caplen, caplen + 1);
		n++;
	}
	return n;
}

/* Far more than one block of the reader, with packets that lie across the blocks' borders. */
START_TEST(large_file_is_read_whole)
{
	struct rng r = {.state = 1};
	uint32_t n;

	put_header(MAGIC_NS);
	n = put_many(&r, 1, CAPFILE_MAX - 70000) - 1;
	ck_assert_int_eq(read_file(), -ENODATA);
	ck_assert_uint_eq(seen_count, n);
	ck_assert(!content_differs);
	for (uint32_t i = 0; i < n; i++) {
		if (seen[i].ts_ns != (i + 1) * NS_PER_S + i + 1)
			ck_abort_msg("packet %u", i);
		if (seen[i].len != seen[i].caplen + 1)
			ck_abort_msg("packet %u: %u of %u", i, seen[i].caplen, seen[i].len);
	}
}
END_TEST

/* libpcap reads on from there. */
START_TEST(large_file_goes_on_behind_an_odd_record)
{
	struct rng r = {.state = 3};
	uint32_t odd, n;

	put_header(MAGIC_NS);
	odd = put_many(&r, 1, CAPFILE_MAX / 4 * 3);
	put_packet(odd, odd, SNAPLEN + 5, SNAPLEN + 5);
	n = put_many(&r, odd + 1, CAPFILE_MAX - 70000);
	ck_assert_int_eq(read_file(), -ENODATA);
	ck_assert_uint_eq(seen_count, n - 1);
	ck_assert(!content_differs);
	for (uint32_t i = 1; i < n; i++) {
		if (seen[i - 1].ts_ns != i * NS_PER_S + i)
			ck_abort_msg("packet %u", i);
	}
}
END_TEST

START_TEST(large_cut_file_names_its_last_packet)
{
	struct rng r = {.state = 2};
	char expected[64];
	size_t last = 0;
	uint32_t n = 0;

	put_header(MAGIC_US);
	while (size < 7000000) {
		last = size;
		put_packet(++n, 0, 14 + rng_below(&r, 1500), 1514);
	}
	size -= 3;
	ck_assert_int_eq(read_file(), -EIO);
	ck_assert_uint_eq(seen_count, n - 1);
	snprintf(expected, sizeof(expected), "packet %u, at offset %zu: ", n, last);
	check_said(expected);
}
END_TEST

/* -- the filter --------------------------------------------------------------------------------- */

START_TEST(filter_chooses_packets)
{
	for (unsigned w = 0; w < 2; w++) {
		put_header(MAGIC_US);
		for (uint32_t i = 1; i <= 10; i++)
			put_packet(i, 0, 60, i % 2 ? 60 : 100);
		if (w)
			write_pipe();
		else
			write_file();
		ck_assert_int_eq(read_all("greater 100"), -ENODATA);
		forget_file();
		ck_assert_uint_eq(seen_count, 5);
		ck_assert_uint_eq(seen[0].ts_ns, 2 * NS_PER_S);
	}
}
END_TEST

static void put_loopback(uint32_t seconds, uint32_t fraction, uint32_t family)
{
	static const uint8_t rest[56];

	put32(seconds);
	put32(fraction);
	put32(4 + sizeof(rest));
	put32(4 + sizeof(rest));
	put32(family);
	put(rest, sizeof(rest));
}

/* The family in a packet's header has the byte order of the file; behind the odd time libpcap reads. */
START_TEST(filter_knows_the_byte_order_of_the_file)
{
	static const uint32_t linktypes[] = {DLT_NULL, DLT_ENC};

	for (unsigned n = 0; n < 4; n++) {
		swapped = n & 1;
		put_header_of(MAGIC_US, SNAPLEN, linktypes[n >> 1]);
		put_loopback(1, 0, 2);
		put_loopback(2, 0, 7);
		put_loopback(3, 1000000, 2);
		put_loopback(4, 0, 7);
		write_file();
		ck_assert_int_eq(read_all("ip"), -ENODATA);
		forget_file();
		ck_assert_str_eq(said, "");
		ck_assert_uint_eq(seen_count, 2);
		for (unsigned i = 0; i < 2; i++)
			ck_assert_int_eq(seen[i].swapped, swapped);
		swapped = false;
	}
}
END_TEST

START_TEST(refused_packets_count_in_messages_and_reads)
{
	struct source *s;

	put_header(MAGIC_US);
	for (uint32_t i = 1; i <= 3; i++)
		put_packet(i, 0, 60, 60);
	size -= 5;
	write_file();
	ck_assert_int_eq(read_all("greater 100"), -EIO);
	check_said("packet 3, at offset 176: ");
	ck_assert_int_eq(open_source("greater 100", &s), 0);
	ck_assert_int_eq(source_read(s, 1, take, NULL), 1);
	ck_assert_uint_eq(seen_count, 0);
	source_close(s);
	forget_file();
}
END_TEST

START_TEST(wrong_filter_is_refused)
{
	put_header(MAGIC_US);
	write_file();
	ck_assert_int_eq(read_all("tcp and"), -EINVAL);
	check_said("filter: ");
	forget_file();
}
END_TEST

/* -- as a source -------------------------------------------------------------------------------- */

START_TEST(read_takes_no_more_than_asked_for)
{
	struct source *s;

	put_header(MAGIC_US);
	for (uint32_t i = 1; i <= 5; i++)
		put_packet(i, 0, 60, 60);
	write_file();
	seen_count = 0;
	ck_assert_int_eq(open_source(NULL, &s), 0);
	ck_assert_int_eq(source_fd(s), -1);
	ck_assert_uint_eq(source_drops(s), 0);
	ck_assert_str_eq(s->name, path);
	ck_assert_int_eq(source_read(s, 2, take, NULL), 2);
	ck_assert_int_eq(source_read(s, 2, take, NULL), 2);
	ck_assert_int_eq(source_read(s, 2, take, NULL), 1);
	ck_assert_int_eq(source_read(s, 2, take, NULL), -ENODATA);
	ck_assert_int_eq(source_read(s, 2, take, NULL), -ENODATA);
	ck_assert_uint_eq(seen_count, 5);
	source_close(s);
	source_close(NULL);
	forget_file();
}
END_TEST

START_TEST(read_ends_when_the_taker_has_enough)
{
	for (unsigned w = 0; w < 2; w++) {
		size_t enough = 3;
		struct source *s;

		put_header(MAGIC_US);
		for (uint32_t i = 1; i <= 10; i++)
			put_packet(i, 0, 60, 60);
		if (w)
			write_pipe();
		else
			write_file();
		seen_count = 0;
		ck_assert_int_eq(open_source(NULL, &s), 0);
		source_read(s, 64, take, &enough);
		ck_assert_uint_eq(seen_count, 3);
		source_close(s);
		forget_file();
	}
}
END_TEST

/* -- pipes that pause --------------------------------------------------------------------------- */

/* A pipe that has brought `size` octets and goes on once it is waited for. */
static int pause_fd;
static unsigned waits;
static size_t seen_at_wait;

static void end_pause(void *ctx)
{
	(void)ctx;
	if (waits++ == 0)
		seen_at_wait = seen_count;
	close(pause_fd);
}

static int read_paused(void)
{
	struct source_file_options o = {.path = path, .on_wait = end_pause};
	struct source *s;
	int ends[2], rc;

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(write(ends[1], octets, size), (ssize_t)size);
	pause_fd = ends[1];
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
	seen_count = waits = 0;
	ck_assert_int_eq(source_file_open(&o, &s), 0);
	do
		rc = source_read(s, 64, take, NULL);
	while (rc > 0);
	source_close(s);
	close(ends[0]);
	return rc;
}

START_TEST(all_that_a_pipe_brought_is_given_before_it_is_waited_for)
{
	for (unsigned n = 0; n < 2; n++) {
		put_header(MAGIC_US);
		for (uint32_t i = 1; i <= 10; i++)
			put_packet(i, 0, 60, 60);
		size -= n * 5;
		said_begin();
		ck_assert_int_eq(read_paused(), n ? -EIO : -ENODATA);
		said_end();
		ck_assert_uint_eq(waits, 1);
		ck_assert_uint_eq(seen_at_wait, 10 - n);
	}
}
END_TEST

/* -- pcapng ------------------------------------------------------------------------------------- */

static void put_block(uint32_t type, const void *body, size_t n)
{
	put32(type);
	put32((uint32_t)n + 12);
	put(body, n);
	put32((uint32_t)n + 12);
}

/* A section with one Ethernet interface whose times are in units of 10^-resolution s. */
static void put_section(unsigned resolution)
{
	struct {
		uint16_t linktype, reserved;
		uint32_t snaplen;
		uint16_t option, length;
		uint8_t value, pad[3];
		uint32_t end;
	} interface = {DLT_EN10MB, 0, SNAPLEN, 9, 1, (uint8_t)resolution, {0}, 0};
	static const uint32_t section[] = {0x1a2b3c4d, 0x00000001, 0xffffffff, 0xffffffff};

	size = 0;
	put_block(0x0a0d0d0a, section, sizeof(section));
	put_block(1, &interface, sizeof(interface));
}

static void put_enhanced(uint64_t time, uint32_t caplen, uint32_t len)
{
	uint32_t body[5 + 16] = {0, (uint32_t)(time >> 32), (uint32_t)time, caplen, len};

	ck_assert_uint_eq(caplen, 64);
	put_block(6, body, sizeof(body));
}

START_TEST(pcapng_times_are_ns_whatever_the_interface_has)
{
	for (unsigned w = 0; w < 2; w++) {
		put_section(9);
		put_enhanced(1000000 * NS_PER_S + 123456789, 64, 1500);
		ck_assert_int_eq(ways[w](), -ENODATA);
		ck_assert_uint_eq(seen[0].ts_ns, 1000000 * NS_PER_S + 123456789);
		ck_assert_uint_eq(seen[0].caplen, 64);
		ck_assert_uint_eq(seen[0].len, 1500);
		ck_assert_uint_eq(seen[0].ingress, 9);
		put_section(6);
		put_enhanced(1000000 * 1000000ull + 123456, 64, 64);
		ck_assert_int_eq(ways[w](), -ENODATA);
		ck_assert_uint_eq(seen[0].ts_ns, 1000000 * NS_PER_S + 123456000);
	}
}
END_TEST

START_TEST(simple_packet_has_no_time)
{
	uint32_t body[1 + 16] = {64};

	for (unsigned w = 0; w < 2; w++) {
		put_section(6);
		put_enhanced(1000000 * 1000000ull, 64, 64);
		put_block(3, body, sizeof(body));
		ck_assert_int_eq(ways[w](), -ENODATA);
		ck_assert_uint_eq(seen_count, 2);
		ck_assert_uint_eq(seen[1].ts_ns, 0);
	}
}
END_TEST

START_TEST(time_beyond_32_bits_of_seconds_is_none)
{
	put_section(0);
	put_enhanced(0xffffffff, 64, 64);
	put_enhanced(UINT64_MAX / 4, 64, 64);
	ck_assert_int_eq(read_file(), -ENODATA);
	ck_assert_uint_eq(seen[0].ts_ns, 0xffffffff * NS_PER_S);
	ck_assert_uint_eq(seen[1].ts_ns, 0);
}
END_TEST

START_TEST(cut_block_is_named)
{
	for (unsigned w = 0; w < 2; w++) {
		put_section(6);
		put_enhanced(1000000 * 1000000ull, 64, 64);
		put_enhanced(1000001 * 1000000ull, 64, 64);
		size -= 10;
		ck_assert_int_eq(ways[w](), -EIO);
		ck_assert_uint_eq(seen_count, 1);
		check_said("packet 2");
	}
}
END_TEST

START_TEST(pcapng_pipe_is_waited_for_after_its_last_whole_block)
{
	for (unsigned n = 0; n < 2; n++) {
		put_section(6);
		for (unsigned i = 1; i <= 10; i++)
			put_enhanced(i * 1000000ull, 64, 64);
		size -= n * 5;
		said_begin();
		ck_assert_int_eq(read_paused(), n ? -EIO : -ENODATA);
		said_end();
		ck_assert_uint_eq(waits, 1);
		ck_assert_uint_eq(seen_at_wait, 10 - n);
	}
}
END_TEST

static atomic_bool stop;

static bool take_and_stop(void *ctx, const struct packet packets[], unsigned n)
{
	atomic_store(&stop, true);
	return take(ctx, packets, n);
}

/* What lies between two packets has no limit, and may unpack to more than can be waited for. */
START_TEST(reading_stops_within_a_block_that_is_stepped_over)
{
	static const uint8_t nothing[3u << 20];
	struct source_file_options o = {.path = path, .stop = &stop};
	struct source *s;

	put_section(6);
	put_enhanced(1000000, 64, 64);
	put_block(0x1234, nothing, sizeof(nothing));
	put_enhanced(2000000, 64, 64);
	write_file();
	seen_count = 0;
	said_begin();
	ck_assert_int_eq(source_file_open(&o, &s), 0);
	ck_assert_int_eq(source_read(s, 64, take_and_stop, NULL), -EINTR);
	source_close(s);
	ck_assert_int_eq(source_file_open(&o, &s), -EINTR);
	ck_assert_str_eq(said_end(), "");
	forget_file();
	ck_assert_uint_eq(seen_count, 1);
}
END_TEST

Suite *source_file_suite(void)
{
	const TTest *const tests[] = {
	    times_are_ns_whatever_the_file_has,
	    seconds_are_unsigned,
	    odd_fraction_does_not_lead_behind_2106,
	    packet_shows_its_lengths_and_the_source,
	    declared_check_sequence_is_no_part_of_a_packet,
	    link_type_is_that_of_the_file,
	    file_without_packets_is_at_its_end,
	    cut_packet_is_named_with_its_number_and_offset,
	    cut_file_header_is_no_capture,
	    text_is_no_capture,
	    packet_of_impossible_length_ends_the_file,
	    packet_of_more_than_256_kib_ends_the_file,
	    missing_file_and_directory_are_told_apart,
	    packet_longer_than_the_snapshot_length_is_cut,
	    offset_is_right_behind_a_packet_that_was_cut_to_the_snapshot_length,
	    large_file_is_read_whole,
	    large_file_goes_on_behind_an_odd_record,
	    large_cut_file_names_its_last_packet,
	    filter_chooses_packets,
	    filter_knows_the_byte_order_of_the_file,
	    refused_packets_count_in_messages_and_reads,
	    wrong_filter_is_refused,
	    read_takes_no_more_than_asked_for,
	    read_ends_when_the_taker_has_enough,
	    all_that_a_pipe_brought_is_given_before_it_is_waited_for,
	    pcapng_pipe_is_waited_for_after_its_last_whole_block,
	    pcapng_times_are_ns_whatever_the_interface_has,
	    simple_packet_has_no_time,
	    time_beyond_32_bits_of_seconds_is_none,
	    cut_block_is_named,
	    reading_stops_within_a_block_that_is_stepped_over,
	};

	return SUITE_OF("source_file", tests);
}

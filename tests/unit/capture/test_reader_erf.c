#include "suites.h"

#include <errno.h>
#include <pcap/dlt.h>
#include <stdio.h>
#include <string.h>

#include "support/capfile.h"
#include "support/said.h"
#include "util/units.h"

#define T 1700000000u
#define ETHERNET 2
#define IPV4 22
#define IPV6 23
#define EXTENDED 0x80
#define DLT_OF_IPV4 228
#define DLT_OF_IPV6 229

static size_t record_at; /* where the record under construction began */

static void put8(unsigned value)
{
	uint8_t octet = (uint8_t)value;

	put(&octet, 1);
}

static void put_be(unsigned value)
{
	put8(value >> 8);
	put8(value);
}

static void put_le32(uint32_t v)
{
	for (unsigned i = 0; i < 32; i += 8)
		put8(v >> i);
}

static void begin_record(unsigned type, uint32_t seconds, uint32_t fraction, unsigned wire)
{
	record_at = size;
	put_le32(fraction);
	put_le32(seconds);
	put8(type);
	put8(4); /* varying record length */
	put_be(0);
	put_be(0);
	put_be(wire);
}

static void end_record(void)
{
	size_t n = size - record_at;

	octets[record_at + 10] = (uint8_t)(n >> 8);
	octets[record_at + 11] = (uint8_t)n;
}

#define HEAD 16
#define FCS 4

/* `wire`: without the checksum, which the record counts. */
static void put_ethernet(uint32_t seconds, uint32_t caplen, unsigned wire)
{
	begin_record(ETHERNET, seconds, 0, wire + FCS);
	put_be(0);
	put_content(seconds, caplen);
	end_record();
}

static void check_packet(size_t i, uint64_t ts_ns, uint32_t caplen, uint32_t len, int linktype)
{
	ck_assert_uint_lt(i, seen_count);
	ck_assert_uint_eq(seen[i].ts_ns, ts_ns);
	ck_assert_uint_eq(seen[i].caplen, caplen);
	ck_assert_uint_eq(seen[i].len, len);
	ck_assert_int_eq(seen[i].linktype, linktype);
	ck_assert_uint_eq(seen[i].ingress, CAPFILE_INGRESS);
}

START_TEST(records_are_read_by_their_type)
{
	for (unsigned w = 0; w < 2; w++) {
		size = 0;
		put_ethernet(T, 62, 1518);
		begin_record(IPV4, T + 1, 0x80000000, 40);
		put_content(T + 1, 40);
		end_record();
		begin_record(IPV6 | EXTENDED, T + 2, UINT32_MAX, 48);
		put("\x83zzzzzz", 8); /* another one follows */
		put("\3yyyyyyy", 8);
		put_content(T + 2, 48);
		end_record();
		ck_assert_int_eq(ways[w](), -ENODATA);
		ck_assert_str_eq(said, "");
		ck_assert(!content_differs);
		ck_assert_uint_eq(seen_count, 3);
		check_packet(0, T * NS_PER_S, 62, 1518, DLT_EN10MB);
		check_packet(1, (T + 1) * NS_PER_S + 500000000, 40, 40, DLT_OF_IPV4);
		check_packet(2, (T + 2) * NS_PER_S + 999999999, 48, 48, DLT_OF_IPV6);
	}
}
END_TEST

START_TEST(records_of_other_types_keep_their_header)
{
	for (unsigned w = 0; w < 2; w++) {
		size = 0;
		begin_record(21, T, 0, 100); /* Infiniband */
		put_content(T, 100);
		end_record();
		ck_assert_int_eq(ways[w](), -ENODATA);
		check_packet(0, T * NS_PER_S, 116, 116, DLT_ERF);
	}
}
END_TEST

/* A record has whole words; what fills them up is not of the packet, nor is the frame's checksum. */
START_TEST(checksum_and_filling_are_cut_off)
{
	size = 0;
	put_ethernet(T, 70, 64);
	begin_record(ETHERNET, T + 1, 0, 3);
	put_be(0);
	put_content(T + 1, 6);
	end_record();
	ck_assert_int_eq(read_file(), -ENODATA);
	check_packet(0, T * NS_PER_S, 64, 64, DLT_EN10MB);
	check_packet(1, (T + 1) * NS_PER_S, 0, 0, DLT_EN10MB);
}
END_TEST

START_TEST(what_is_no_packet_is_stepped_over)
{
	static const unsigned types[] = {48, 27, 27 | EXTENDED};

	size = 0;
	for (unsigned i = 0; i < 3; i++) {
		begin_record(types[i], T, 0, 0);
		put_content(1, 32);
		end_record();
	}
	put_ethernet(T, 60, 60);
	ck_assert_int_eq(read_file(), -ENODATA);
	ck_assert_uint_eq(seen_count, 1);
}
END_TEST

/* One record's fault is not the file's: the next one begins where it says. */
START_TEST(records_that_are_cut_keep_their_header)
{
	static const struct {
		unsigned type, rest;
	} rows[] = {{ETHERNET, 0}, {ETHERNET, 1}, {ETHERNET | EXTENDED, 7}, {IPV6 | EXTENDED, 0}};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size = 0;
		put_ethernet(T, 62, 62);
		begin_record(rows[i].type, T, 0, 60);
		put("\x80zzzzzz", rows[i].rest);
		end_record();
		put_ethernet(T, 62, 62);
		ck_assert_int_eq(ways[i & 1](), -ENODATA);
		ck_assert_str_eq(said, "");
		ck_assert_uint_eq(seen_count, 3);
		check_packet(1, T * NS_PER_S, HEAD + rows[i].rest, HEAD + rows[i].rest, DLT_ERF);
		check_packet(2, T * NS_PER_S, 62, 62, DLT_EN10MB);
	}
}
END_TEST

START_TEST(faults_are_told_behind_what_is_whole)
{
	static const struct {
		unsigned type, rest, record;
		const char *text;
	} rows[] = {
	    {ETHERNET, 0, 15, "a record of 15 octets"}, {ETHERNET, 9, 26, "the file is cut"}};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size = 0;
		for (uint32_t n = 0; n < 3; n++)
			put_ethernet(T + n, 62, 62);
		begin_record(rows[i].type, T, 0, 60);
		put_content(0, rows[i].rest);
		octets[record_at + 11] = (uint8_t)rows[i].record;
		ck_assert_int_eq(ways[i & 1](), -EIO);
		ck_assert_uint_eq(seen_count, 3);
		check_said("packet 4, at offset 240: ");
		ck_assert_msg(strstr(said, rows[i].text) != NULL, "%s", said);
	}
}
END_TEST

/* There is no magic number: what does not look like records from its beginning on is not read. */
START_TEST(what_only_resembles_records_is_no_capture)
{
	for (unsigned i = 0; i < 7; i++) {
		size = 0;
		for (uint32_t n = 0; n < 3; n++)
			put_ethernet(T + n, 62, 62);
		if (i == 0)
			octets[8] = 60; /* a type that there is not */
		else if (i == 1)
			octets[80 + 8] = 0;
		else if (i == 2)
			octets[7] = 0x10; /* 1978 */
		else if (i == 3)
			octets[160 + 6] ^= 0x40; /* another month than the ones before */
		else if (i == 4)
			octets[160 + 11] = 8;
		else if (i == 5)
			size = 79;
		else
			octets[160 + 7] = 0xf0;
		ck_assert_int_eq(ways[i & 1](), -EINVAL);
		check_said("not a capture file: its format is not known");
	}
}
END_TEST

Suite *reader_erf_suite(void)
{
	const TTest *const tests[] = {
	    records_are_read_by_their_type,
	    records_of_other_types_keep_their_header,
	    checksum_and_filling_are_cut_off,
	    what_is_no_packet_is_stepped_over,
	    records_that_are_cut_keep_their_header,
	    faults_are_told_behind_what_is_whole,
	    what_only_resembles_records_is_no_capture,
	};

	return SUITE_OF("reader_erf", tests);
}

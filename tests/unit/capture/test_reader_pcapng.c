#include "suites.h"

#include <errno.h>
#include <pcap/dlt.h>
#include <stdio.h>
#include <string.h>

#include "support/capfile.h"
#include "support/said.h"
#include "util/rng.h"
#include "util/units.h"

#define LINKTYPE_RAW 101
#define LINKTYPE_USB 189
#define T 1700000000u /* a time in seconds, which fits a pcapng time of two words in s */

enum { SECTION = 0x0a0d0d0a, INTERFACE = 1, OBSOLETE = 2, SIMPLE = 3, ENHANCED = 6 };

/* -- blocks ------------------------------------------------------------------------------------- */

static size_t block_at; /* where the block under construction began */

static void begin_block(uint32_t type)
{
	block_at = size;
	put32(type);
	put32(0);
}

static void set32(size_t at, uint32_t v)
{
	v = swapped ? __builtin_bswap32(v) : v;
	memcpy(octets + at, &v, sizeof(v));
}

static void end_block(void)
{
	while (size % 4)
		put("", 1);
	put32((uint32_t)(size - block_at) + 4);
	memcpy(octets + block_at + 4, octets + size - 4, 4);
}

static void put_section(void)
{
	begin_block(SECTION);
	put32(0x1a2b3c4d);
	put16(1);
	put16(0);
	put32(UINT32_MAX);
	put32(UINT32_MAX);
	end_block();
}

/* Times are in seconds, so that put_content() can tell packets apart; if_fcslen unless it is 0. */
static void put_checked_interface(unsigned linktype, uint32_t snaplen, uint8_t fcslen)
{
	begin_block(INTERFACE);
	put16(linktype);
	put16(0);
	put32(snaplen);
	put16(2); /* if_name */
	put16(3);
	put("en0", 4);
	put16(9);
	put16(1);
	put("\0\0\0", 4);
	if (fcslen) {
		put16(13);
		put16(1);
		put(&fcslen, 1);
		put("\0\0", 3);
	}
	put32(0);
	end_block();
}

static void put_interface(unsigned linktype, uint32_t snaplen)
{
	put_checked_interface(linktype, snaplen, 0);
}

static void put_enhanced(uint32_t id, uint32_t seconds, uint32_t caplen, uint32_t len)
{
	begin_block(ENHANCED);
	put32(id);
	put32(0);
	put32(seconds);
	put32(caplen);
	put32(len);
	put_content(seconds, caplen);
	end_block();
}

static void put_obsolete(unsigned id, uint32_t seconds, uint32_t caplen, uint32_t len)
{
	begin_block(OBSOLETE);
	put16(id);
	put16(0xffff); /* drops: not known */
	put32(0);
	put32(seconds);
	put32(caplen);
	put32(len);
	put_content(seconds, caplen);
	end_block();
}

static void put_simple(uint32_t caplen, uint32_t len)
{
	begin_block(SIMPLE);
	put32(len);
	put_content(0, caplen);
	end_block();
}

static void put_unknown(uint32_t type, uint32_t n)
{
	begin_block(type);
	put_content(1, n);
	end_block();
}

static void begin_file(void)
{
	size = 0;
	put_section();
}

/* -- what is read ------------------------------------------------------------------------------- */

static void check_packet(
    size_t i, uint32_t seconds, uint32_t caplen, uint32_t len, uint32_t interface, int linktype)
{
	ck_assert_uint_lt(i, seen_count);
	ck_assert_uint_eq(seen[i].ts_ns, seconds * NS_PER_S);
	ck_assert_uint_eq(seen[i].caplen, caplen);
	ck_assert_uint_eq(seen[i].len, len);
	ck_assert_uint_eq(seen[i].interface, interface);
	ck_assert_int_eq(seen[i].linktype, linktype);
}

static void check_whole(int rc, size_t packets)
{
	ck_assert_str_eq(said, "");
	ck_assert_int_eq(rc, -ENODATA);
	ck_assert_uint_eq(seen_count, packets);
	ck_assert(!content_differs);
	ck_assert(!incomplete);
}

/* Its length is in bits by the draft, and in octets by the draft's example. */
START_TEST(declared_check_sequence_is_no_part_of_a_packet)
{
	static const uint8_t lengths[] = {4, 32};

	for (unsigned n = 0; n < 4; n++) {
		swapped = n & 1;
		begin_file();
		put_checked_interface(DLT_EN10MB, 0, lengths[n >> 1]);
		put_checked_interface(DLT_EN10MB, 0, 16);
		put_interface(DLT_EN10MB, 0);
		put_checked_interface(DLT_IEEE802_11_RADIO, 0, 32);
		put_enhanced(0, T, 61, 1500);
		put_obsolete(0, T + 1, 62, 63);
		put_simple(64, 64);
		for (uint32_t i = 1; i < 4; i++)
			put_enhanced(i, T + 1 + i, 60, 60);
		check_whole(ways[n >> 1](), 6);
		check_packet(0, T, 61, 1496, 1, DLT_EN10MB);
		check_packet(1, T + 1, 59, 59, 1, DLT_EN10MB);
		check_packet(2, 0, 60, 60, 1, DLT_EN10MB);
		check_packet(3, T + 2, 58, 58, 2, DLT_EN10MB);
		check_packet(4, T + 3, 60, 60, 3, DLT_EN10MB);
		check_packet(5, T + 4, 60, 60, 4, DLT_IEEE802_11_RADIO);
		swapped = false;
	}
}
END_TEST

START_TEST(every_kind_of_packet_is_read_in_either_byte_order)
{
	for (unsigned n = 0; n < 4; n++) {
		swapped = n & 1;
		begin_file();
		put_interface(DLT_EN10MB, 0);
		put_enhanced(0, T, 61, 1500);
		put_obsolete(0, T + 1, 62, 63);
		put_simple(64, 64);
		put_enhanced(0, T + 2, 60, 59);
		put_enhanced(0, T + 3, 0, 0);
		check_whole(ways[n >> 1](), 5);
		check_packet(0, T, 61, 1500, 1, DLT_EN10MB);
		check_packet(1, T + 1, 62, 63, 1, DLT_EN10MB);
		check_packet(2, 0, 64, 64, 1, DLT_EN10MB);
		check_packet(3, T + 2, 60, 60, 1, DLT_EN10MB);
		check_packet(4, T + 3, 0, 0, 1, DLT_EN10MB);
		ck_assert_uint_eq(seen[0].ingress, CAPFILE_INGRESS);
		swapped = false;
	}
}
END_TEST

/* What the next packets of a file of many kinds are to be. */
static struct packet wanted[CAPFILE_SEEN_MAX];
static uint32_t wanted_count;

/* A section with three interfaces, in either byte order: Ethernet, raw IP, and Ethernet with checksums of 2 octets. */
static void put_any_section(struct rng *r)
{
	swapped = rng_below(r, 2);
	put_section();
	put_interface(DLT_EN10MB, 0);
	put_interface(LINKTYPE_RAW, 0);
	put_checked_interface(DLT_EN10MB, 0, 2);
}

static void put_any_packet(struct rng *r, uint32_t sections)
{
	uint32_t id = rng_below(r, 10) ? 0 : rng_below(r, 3);
	uint32_t caplen = rng_below(r, 100), seconds = T + wanted_count;

	wanted[wanted_count++] = (struct packet){.caplen = caplen,
	    .len = caplen + (id == 2 ? 1 : 3),
	    .ts_ns = seconds * NS_PER_S,
	    .linktype = id == 1 ? DLT_RAW : DLT_EN10MB,
	    .interface = 3 * (sections - 1) + id + 1};
	if (rng_below(r, 50))
		put_enhanced(id, seconds, caplen, caplen + 3);
	else
		put_obsolete(id, seconds, caplen, caplen + 3);
}

static bool is_as_wanted(size_t i)
{
	return seen[i].caplen == wanted[i].caplen && seen[i].len == wanted[i].len &&
	    seen[i].ts_ns == wanted[i].ts_ns && seen[i].linktype == wanted[i].linktype &&
	    seen[i].interface == wanted[i].interface && seen[i].ingress == CAPFILE_INGRESS;
}

/* Ethernet's packets are read as many at a time as follow each other, others one by one. */
START_TEST(runs_of_packets_are_as_single_ones)
{
	for (unsigned n = 0; n < 40; n++) {
		struct rng r = {.state = n};
		uint32_t sections = 0;

		size = 0;
		wanted_count = 0;
		while (size < 600000) {
			if (sections == 0 || rng_below(&r, 500) == 0)
				put_any_section(&r), sections++;
			if (rng_below(&r, 50) == 0)
				put_unknown(0xbad, rng_below(&r, 50));
			put_any_packet(&r, sections);
		}
		ck_assert_int_eq(read_file(), -ENODATA);
		ck_assert_uint_eq(seen_count, wanted_count);
		ck_assert(!content_differs);
		for (size_t i = 0; i < seen_count; i++)
			if (!is_as_wanted(i))
				ck_abort_msg("packet %zu", i);
		swapped = false;
	}
}
END_TEST

START_TEST(simple_packet_was_cut_by_the_first_interfaces_snaplen)
{
	for (unsigned w = 0; w < 2; w++) {
		begin_file();
		put_interface(DLT_EN10MB, 33);
		put_interface(DLT_EN10MB, 10);
		put_simple(33, 1500);
		put_simple(20, 20);
		check_whole(ways[w](), 2);
		check_packet(0, 0, 33, 1500, 1, DLT_EN10MB);
		check_packet(1, 0, 20, 20, 1, DLT_EN10MB);
	}
}
END_TEST

/* Of the interfaces' snapshot lengths only simple packets take notice: others say what they have. */
START_TEST(interfaces_may_differ)
{
	for (unsigned w = 0; w < 2; w++) {
		by_interface = w;
		begin_file();
		put_interface(DLT_EN10MB, 64);
		put_interface(LINKTYPE_RAW, 100000);
		put_enhanced(1, T, 40, 40);
		put_enhanced(0, T + 1, 100, 100);
		put_interface(276, 0);
		put_obsolete(2, T + 2, 50, 50);
		check_whole(ways[w](), 3);
		check_packet(0, T, 40, 40, 2, DLT_RAW);
		check_packet(1, T + 1, 100, 100, 1, DLT_EN10MB);
		check_packet(2, T + 2, 50, 50, 3, DLT_LINUX_SLL2);
		for (unsigned i = 0; i < 3; i++)
			ck_assert_uint_eq(
			    seen[i].ingress, by_interface ? seen[i].interface : CAPFILE_INGRESS);
	}
}
END_TEST

START_TEST(sections_have_their_own_byte_order_and_interfaces)
{
	for (unsigned w = 0; w < 2; w++) {
		begin_file();
		put_interface(DLT_EN10MB, 0);
		put_interface(DLT_EN10MB, 0);
		put_enhanced(1, T, 60, 60);
		swapped = true;
		put_section();
		put_interface(LINKTYPE_RAW, 0);
		put_enhanced(0, T + 1, 60, 60);
		swapped = false;
		put_section();
		put_section();
		put_interface(DLT_EN10MB, 0);
		put_enhanced(0, T + 2, 60, 60);
		check_whole(ways[w](), 3);
		check_packet(0, T, 60, 60, 2, DLT_EN10MB);
		check_packet(1, T + 1, 60, 60, 3, DLT_RAW);
		check_packet(2, T + 2, 60, 60, 4, DLT_EN10MB);
	}
}
END_TEST

START_TEST(other_blocks_are_stepped_over)
{
	static const uint32_t types[] = {4, 5, 7, 9, 10, 0xbad, 0x40000bad, 0xfffffffe, 0};

	for (unsigned i = 0; i < sizeof(types) / sizeof(*types); i++) {
		begin_file();
		put_unknown(types[i], 16);
		put_interface(DLT_EN10MB, 0);
		put_unknown(types[i], 0);
		put_enhanced(0, T, 60, 60);
		put_unknown(types[i], 2500001);
		put_enhanced(0, T + 1, 60, 60);
		check_whole(read_file(), 2);
	}
}
END_TEST

START_TEST(packet_larger_than_the_window_is_read)
{
	begin_file();
	put_interface(DLT_EN10MB, 0);
	put_enhanced(0, T, 60, 60);
	put_enhanced(0, T + 1, 3000000, 3000000);
	put_enhanced(0, T + 2, 60, 60);
	check_whole(read_file(), 3);
	check_packet(1, T + 1, 3000000, 3000000, 1, DLT_EN10MB);
}
END_TEST

START_TEST(interface_offset_and_resolution_make_the_time)
{
	for (unsigned n = 0; n < 2; n++) {
		swapped = n;
		begin_file();
		begin_block(INTERFACE);
		put16(DLT_EN10MB);
		put16(0);
		put32(0);
		put16(14);
		put16(8);
		put32(swapped ? 0 : T);
		put32(swapped ? T : 0);
		put16(9);
		put16(1);
		put("\x8a\0\0", 4);
		end_block();
		begin_block(ENHANCED);
		put32(0);
		put32(1);
		put32(512);
		put32(0);
		put32(60);
		end_block();
		ck_assert_int_eq(read_file(), -ENODATA);
		ck_assert_uint_eq(seen[0].ts_ns, (T + (1 << 22)) * NS_PER_S + 500 * NS_PER_MS);
		swapped = false;
	}
}
END_TEST

/* -- faults ------------------------------------------------------------------------------------- */

/* Where the fault is that begin_fault() stands in front of. */
static size_t fault_at;

static void begin_fault(void)
{
	begin_file();
	put_interface(DLT_EN10MB, 0);
	put_enhanced(0, T, 60, 60);
	fault_at = size;
}

static void check_fault(const char *text)
{
	char expected[160];

	snprintf(expected, sizeof(expected), "packet 2, at offset %zu: %s", fault_at, text);
	for (unsigned w = 0; w < 2; w++) {
		ck_assert_int_eq(ways[w](), -EIO);
		ck_assert_uint_eq(seen_count, 1);
		check_said(expected);
	}
}

START_TEST(wrong_lengths_of_blocks_are_told)
{
	static const uint32_t lengths[] = {0, 8, 11, 13, 93};

	for (unsigned i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		begin_fault();
		put_enhanced(0, T, 60, 60);
		set32(fault_at + 4, lengths[i]);
		check_fault("a block of ");
	}
	/* An octet more, on both sides. */
	begin_fault();
	put_enhanced(0, T, 60, 60);
	size -= 4;
	put("", 1);
	put32(93);
	set32(fault_at + 4, 93);
	check_fault("a block of ");
	begin_fault();
	put_enhanced(0, T, 60, 60);
	set32(size - 4, 88);
	check_fault("a block of 92 octets by its beginning, 88 by its end");
	begin_fault();
	put_unknown(5, 20);
	set32(size - 4, 36);
	check_fault("a block of 32 octets by its beginning, 36 by its end");
}
END_TEST

START_TEST(huge_blocks_take_no_memory)
{
	begin_fault();
	put_enhanced(0, T, 60, 60);
	set32(fault_at + 4, 0xfffffffc);
	check_fault("a block of 4294967292 octets: at most 16777216 are read");
	begin_fault();
	put_unknown(5, 20);
	set32(fault_at + 4, 0xfffffffc);
	check_fault("the file is cut");
	begin_fault();
	put_enhanced(0, T, 60, 60);
	set32(fault_at + 4, 16u << 20);
	check_fault("the file is cut");
}
END_TEST

START_TEST(packets_without_their_interface_are_told)
{
	begin_fault();
	put_enhanced(1, T, 60, 60);
	check_fault("a packet of interface 1, which");
	begin_fault();
	put_obsolete(0xffff, T, 60, 60);
	check_fault("a packet of interface 65535, which");
	for (unsigned i = 0; i < 2; i++) {
		begin_fault();
		put_section();
		fault_at = size;
		if (i)
			put_simple(60, 60);
		else
			put_enhanced(0, T, 60, 60);
		check_fault("a packet of interface 0, which");
	}
}
END_TEST

START_TEST(packet_must_fit_its_block)
{
	begin_fault();
	put_enhanced(0, T, 60, 60);
	set32(fault_at + 20, 61);
	check_fault("61 captured octets in a block with 60");
	set32(fault_at + 20, UINT32_MAX);
	check_fault("4294967295 captured octets in a block with 60");
	begin_fault();
	put_simple(60, 1500);
	check_fault("1500 captured octets in a block with 60");
	for (uint32_t n = 0; n < 20; n += 4) {
		begin_fault();
		put_unknown(n % 8 ? ENHANCED : OBSOLETE, n);
		check_fault("a packet's block that is too short");
	}
	begin_fault();
	put_unknown(SIMPLE, 0);
	check_fault("a packet's block that is too short");
}
END_TEST

START_TEST(interface_without_a_clock_is_told)
{
	static const struct {
		unsigned code, length;
		const char *text;
	} rows[] = {{9, 2, "option 9 of 2 octets"}, {14, 4, "option 14 of 4 octets"},
	    {2, 5, "an option that is cut"}, {2, 0xffff, "an option that is cut"}};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		begin_fault();
		begin_block(INTERFACE);
		put32(1);
		put32(0);
		put16(rows[i].code);
		put16(rows[i].length);
		put32(0);
		end_block();
		check_fault("an interface with ");
		ck_assert_msg(strstr(said, rows[i].text) != NULL, "%s", said);
	}
	begin_fault();
	put_unknown(INTERFACE, 4);
	check_fault("an interface description that is too short");
}
END_TEST

START_TEST(strange_sections_are_told)
{
	begin_fault();
	put_section();
	octets[fault_at + 8] ^= 1;
	check_fault("a pcapng section in no byte order");
	begin_fault();
	put_section();
	octets[fault_at + 12] = 2;
	check_fault("pcapng version 2.0 is not known");
	begin_fault();
	begin_block(SECTION);
	put32(0x1a2b3c4d);
	end_block();
	check_fault("a pcapng section header that is too short");
}
END_TEST

START_TEST(file_is_cut_anywhere)
{
	size_t whole, blocks[3];

	begin_fault();
	put_unknown(5, 20);
	blocks[0] = size;
	put_section();
	blocks[1] = size;
	put_interface(DLT_EN10MB, 0);
	blocks[2] = size;
	put_enhanced(0, T + 1, 60, 60);
	whole = size;
	for (size = fault_at + 1; size < whole; size++) {
		if (size == blocks[0] || size == blocks[1] || size == blocks[2])
			continue; /* a whole file */
		ck_assert_int_eq(read_file(), -EIO);
		ck_assert_uint_eq(seen_count, 1);
		check_said(": the file is cut: it ends here");
	}
	check_whole(read_file(), 2);
}
END_TEST

START_TEST(first_section_without_byte_order_is_no_capture)
{
	for (unsigned w = 0; w < 2; w++) {
		begin_file();
		octets[8] = 0;
		ck_assert_int_eq(ways[w](), -EINVAL);
		check_said("not a capture file: a pcapng section in no byte order");
		begin_file();
		size = 10;
		ck_assert_int_eq(ways[w](), -EINVAL);
		check_said("not a capture file: the file is cut");
	}
}
END_TEST

/* -- filters ------------------------------------------------------------------------------------ */

static int read_filtered(const char *filter)
{
	int rc;

	write_file();
	rc = read_all(filter);
	forget_file();
	return rc;
}

START_TEST(filter_is_compiled_for_each_link_type)
{
	begin_file();
	put_interface(DLT_EN10MB, 0);
	put_interface(LINKTYPE_RAW, 0);
	for (uint32_t i = 0; i < 3; i++) {
		put_enhanced(0, T + i, 60, 60);
		put_enhanced(1, T + i, 60, 60);
		octets[size - 64] = 0x45; /* IPv4 there, and in Ethernet none */
	}
	ck_assert_int_eq(read_filtered("ip"), -ENODATA);
	ck_assert_str_eq(said, "");
	ck_assert_uint_eq(seen_count, 3);
	check_packet(0, T, 60, 60, 2, DLT_RAW);
	ck_assert(!incomplete);
}
END_TEST

static void put_loopback(uint32_t family)
{
	static const uint8_t rest[40];

	begin_block(ENHANCED);
	put32(0);
	put32(0);
	put32(T);
	put32(44);
	put32(44);
	put32(family);
	put(rest, sizeof(rest));
	end_block();
}

/* The family in a packet's header has the byte order of its section. */
START_TEST(filter_is_compiled_for_each_byte_order)
{
	size = 0;
	for (unsigned n = 0; n < 5; n++) {
		swapped = n & 1;
		put_section();
		put_interface(n == 4 ? DLT_ENC : DLT_NULL, 0);
		put_loopback(2);
		put_loopback(7);
		put_loopback(2);
	}
	ck_assert_int_eq(read_filtered("ip"), -ENODATA);
	ck_assert_str_eq(said, "");
	ck_assert_uint_eq(seen_count, 10);
	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_eq(seen[i].swapped, i / 2 % 2);
	swapped = false;
}
END_TEST

START_TEST(filter_that_does_not_fit_a_link_type_is_told_once_for_both_byte_orders)
{
	size = 0;
	for (unsigned n = 0; n < 3; n++) {
		swapped = n & 1;
		put_section();
		put_interface(LINKTYPE_RAW, 0);
		put_enhanced(0, T, 60, 60);
		put_simple(60, 60);
	}
	swapped = false;
	ck_assert_int_eq(read_filtered("ether host 1:2:3:4:5:6"), -ENODATA);
	check_said(": interface 0: filter: ");
	ck_assert_uint_eq(seen_count, 0);
}
END_TEST

START_TEST(filter_that_does_not_fit_an_interface_matches_nothing_there)
{
	begin_file();
	put_interface(DLT_EN10MB, 0);
	put_interface(LINKTYPE_USB, 0); /* no packet uses it */
	put_interface(LINKTYPE_RAW, 0);
	put_enhanced(0, T, 60, 60);
	put_enhanced(2, T + 1, 60, 60);
	put_enhanced(0, T + 2, 60, 60);
	put_enhanced(2, T + 3, 60, 60);
	ck_assert_int_eq(read_filtered("not ether host 1:2:3:4:5:6"), -ENODATA);
	check_said(": interface 2: filter: ");
	ck_assert_uint_eq(seen_count, 2);
	ck_assert_uint_eq(seen[1].interface, 1);
	ck_assert(incomplete);
}
END_TEST

Suite *reader_pcapng_suite(void)
{
	const TTest *const tests[] = {
	    every_kind_of_packet_is_read_in_either_byte_order,
	    declared_check_sequence_is_no_part_of_a_packet,
	    runs_of_packets_are_as_single_ones,
	    simple_packet_was_cut_by_the_first_interfaces_snaplen,
	    interfaces_may_differ,
	    sections_have_their_own_byte_order_and_interfaces,
	    other_blocks_are_stepped_over,
	    packet_larger_than_the_window_is_read,
	    interface_offset_and_resolution_make_the_time,
	    wrong_lengths_of_blocks_are_told,
	    huge_blocks_take_no_memory,
	    packets_without_their_interface_are_told,
	    packet_must_fit_its_block,
	    interface_without_a_clock_is_told,
	    strange_sections_are_told,
	    file_is_cut_anywhere,
	    first_section_without_byte_order_is_no_capture,
	    filter_is_compiled_for_each_link_type,
	    filter_is_compiled_for_each_byte_order,
	    filter_that_does_not_fit_a_link_type_is_told_once_for_both_byte_orders,
	    filter_that_does_not_fit_an_interface_matches_nothing_there,
	};

	return SUITE_OF("reader_pcapng", tests);
}

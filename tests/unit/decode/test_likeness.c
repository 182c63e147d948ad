#include "suites.h"

#include <pcap/dlt.h>
#include <string.h>

#include "support/frame.h"

static enum ignored decode(const struct frame *f, struct pktinfo *info)
{
	struct decode_options options = {.decap = 1u << DECAP_MPLS_PW};

	return frame_decode_cut(f, DLT_EN10MB, f->size, f->size, &options, info);
}

static void put_label(struct frame *f, uint32_t label)
{
	frame_put_ethernet(f, 0x8847);
	frame_put32(f, label << 12 | 1 << 8 | 64);
}

/*
 * An IPv6 packet with these octets in its source address, where a frame would have its type, and
 * this next header, where it would have its source; 4 octets follow that are no part of it.
 */
static void put_disguised(struct frame *f, const uint8_t octets[8], unsigned next)
{
	size_t begin = f->size;

	frame_put_ipv6(f, next, 20);
	memcpy(f->octets + begin + 12, octets, 8);
	frame_put_tcp(f, 2);
	frame_put_zeros(f, 4);
}

static const uint8_t ipv4_in_frame[8] = {0x08, 0x00, 0x45, 0x00, 0x00, 0x1c, 0x00, 0x01};

static void check_tcp6(const struct frame *f)
{
	struct pktinfo info;

	ck_assert_int_eq(decode(f, &info), IGNORED_NOT);
	ck_assert_uint_eq(kind_version(info.head.kind), 6);
	ck_assert_uint_eq(info.octets, 60);
}

/* What a type that is known says has to be there, too. */
START_TEST(type_alone_makes_no_frame_of_ipv6)
{
	static const uint8_t octets[][8] = {
	    {0x08, 0x00, 0x45, 0x00, 0xff, 0xff, 0, 1},
	    {0x08, 0x00, 0x44, 0x00, 0x00, 0x1c, 0, 1},
	    {0x08, 0x00, 0x65, 0x00, 0x00, 0x1c, 0, 1},
	    {0x86, 0xdd, 0x60, 0x00, 0x00, 0x00, 0xff, 0xff},
	    {0x86, 0xdd, 0x40, 0x00, 0x00, 0x00, 0, 0},
	    {0x08, 0x06, 0x00, 0x01, 0x08, 0x00, 5, 4},
	    {0x05, 0xdc, 0xaa, 0xaa, 0x03, 0, 0, 0},
	    {0x00, 0x02, 0x42, 0x42, 0x03, 0, 0, 0},
	    {0x00, 0x10, 0x42, 0x42, 0x04, 0, 0, 0},
	    {0x00, 0x10, 0x42, 0xaa, 0x03, 0, 0, 0},
	    {0x81, 0x00, 0x00, 0x05, 0x88, 0xcc, 0, 0},
	    {0x88, 0xcc, 0x00, 0x05, 0x88, 0xcc, 0, 0},
	};

	for (unsigned i = 0; i < sizeof(octets) / sizeof(*octets); i++) {
		struct frame f = {.size = 0};

		put_label(&f, 1000);
		put_disguised(&f, octets[i], 6);
		check_tcp6(&f);
	}
}
END_TEST

/* It is where both are; so the tests above could fail. */
START_TEST(type_and_what_it_says_make_a_frame)
{
	static const uint8_t octets[][8] = {
	    {0x08, 0x06, 0x00, 0x01, 0x08, 0x00, 6, 4},
	    {0x00, 0x10, 0xaa, 0xaa, 0x03, 0, 0, 0x0c},
	    {0x00, 0x10, 0x42, 0x42, 0x03, 0, 0, 0},
	};
	static const enum ignored expected[] = {IGNORED_ARP, IGNORED_CISCO, IGNORED_STP};
	struct frame f = {.size = 0};
	struct pktinfo info;

	put_label(&f, 1000);
	put_disguised(&f, ipv4_in_frame, 6);
	ck_assert_int_eq(decode(&f, &info), IGNORED_NOT);
	ck_assert_uint_eq(kind_version(info.head.kind), 4);
	ck_assert_uint_eq(info.octets, 28);
	for (unsigned i = 0; i < 3; i++) {
		f.size = 18;
		put_disguised(&f, octets[i], 6);
		ck_assert_int_eq(decode(&f, &info), expected[i]);
	}
}
END_TEST

START_TEST(source_of_a_frame_is_no_group)
{
	struct frame f = {.size = 0};

	put_label(&f, 1000);
	put_disguised(&f, ipv4_in_frame, 7);
	check_tcp6(&f);
}
END_TEST

START_TEST(length_of_all_that_is_left_makes_it_ipv6)
{
	struct frame f = {.size = 0};

	put_label(&f, 1000);
	put_disguised(&f, ipv4_in_frame, 6);
	f.size -= 4;
	check_tcp6(&f);
}
END_TEST

START_TEST(label_makes_it_ipv6)
{
	struct frame f = {.size = 0};

	put_label(&f, 2);
	put_disguised(&f, ipv4_in_frame, 6);
	check_tcp6(&f);
}
END_TEST

/* The same for IPv4: options, a checksum that is wrong, and a source of 8.0.69.0. */
static void put_disguised4(struct frame *f, unsigned type)
{
	frame_put(f, "\x46\0\0\x3c\0\1\0\0\x40\x11\0\0", 12);
	frame_put16(f, type);
	frame_put(f, "\x45\0\0\x1c\0\1\1\1\1\1", 10);
	frame_put_zeros(f, 36);
}

static void check_ipv4(const struct frame *f)
{
	struct pktinfo info;

	ck_assert_int_eq(decode(f, &info), IGNORED_NOT);
	ck_assert_uint_eq(kind_version(info.head.kind), 4);
	ck_assert_uint_eq(info.octets, 60);
}

START_TEST(label_makes_it_ipv4)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	put_label(&f, 1000);
	put_disguised4(&f, 0x0800);
	ck_assert_int_eq(decode(&f, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 28);
	f.size = 0;
	put_label(&f, 0);
	put_disguised4(&f, 0x0800);
	check_ipv4(&f);
}
END_TEST

START_TEST(lengths_that_fit_make_it_ipv4)
{
	struct frame f = {.size = 0};

	put_label(&f, 1000);
	put_disguised4(&f, 0xc000);
	check_ipv4(&f);
	f.size = 18;
	put_disguised4(&f, 0x88cc);
	check_ipv4(&f);
}
END_TEST

/* Four octets on there may be a type that is known: here ARP's, which is IPv4's length. */
START_TEST(what_a_frame_says_counts_more_than_a_control_word)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	put_label(&f, 1000);
	frame_put_ethernet(&f, 0x0800);
	f.octets[18] = 0;
	frame_put_ipv4(&f, 17, 0x0806);
	frame_put_udp(&f);
	frame_put_zeros(&f, 0x0806 - 28);
	ck_assert_int_eq(decode(&f, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 0x0806);
}
END_TEST

Suite *likeness_suite(void)
{
	const TTest *const tests[] = {
	    type_alone_makes_no_frame_of_ipv6,
	    type_and_what_it_says_make_a_frame,
	    source_of_a_frame_is_no_group,
	    length_of_all_that_is_left_makes_it_ipv6,
	    label_makes_it_ipv6,
	    label_makes_it_ipv4,
	    lengths_that_fit_make_it_ipv4,
	    what_a_frame_says_counts_more_than_a_control_word,
	};

	return SUITE_OF("likeness", tests);
}

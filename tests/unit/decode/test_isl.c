#include "suites.h"

#include <pcap/dlt.h>

#include "support/frame.h"

/* Up to the end of the header of the frame inside. */
static void put_isl(struct frame *f, const char *destination, unsigned length)
{
	frame_put(f, destination, 6);
	frame_put(f, "\0\0\x0c\1\2\3", 6);
	frame_put16(f, length);
	frame_put(f, "\xaa\xaa\3\0\0\x0c", 6);
	frame_put16(f, 33 << 1); /* VLAN */
	frame_put32(f, 0);
	frame_put_ethernet(f, 0x0800);
}

START_TEST(frame_is_behind_26_octets)
{
	static const char *const destinations[] = {"\1\0\x0c\0\0\0", "\3\0\x0c\0\0\7"};

	for (unsigned i = 0; i < 2; i++) {
		struct frame f = {.size = 0};

		put_isl(&f, destinations[i], 12 + 42 + 4);
		frame_put_packet(&f);
		frame_put_zeros(&f, 8);
		frame_check_packet(&f, DLT_EN10MB);
		frame_check_cuts(&f, DLT_EN10MB, 26 + 14 + 20);
	}
}
END_TEST

START_TEST(packet_ends_before_the_frames_check_sequence)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	put_isl(&f, "\1\0\x0c\0\0\0", 12 + 14 + 100 + 4);
	frame_put_ipv4(&f, 17, 0);
	frame_put_udp(&f);
	frame_put_zeros(&f, 72 + 8);
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 100);
}
END_TEST

/* A frame of the largest size, whose length is none of 802.3's. */
START_TEST(length_may_be_above_1500)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	put_isl(&f, "\1\0\x0c\0\0\0", 12 + 1518);
	frame_put_ipv4(&f, 253, 1500);
	frame_put_udp(&f);
	frame_put_zeros(&f, 1500 - 28 + 8);
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 1500);
	ck_assert_uint_eq(info.notes, 0);
}
END_TEST

START_TEST(length_without_room_for_a_frame_is_malformed)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	put_isl(&f, "\1\0\x0c\0\0\0", 12 + 14 + 3);
	frame_put_packet(&f);
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_MALFORMED);
}
END_TEST

START_TEST(token_ring_and_others_are_no_frames)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	put_isl(&f, "\1\0\x0c\0\0\x10", 12 + 42 + 4);
	frame_put_packet(&f);
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_CISCO);
	f.size = 0;
	put_isl(&f, "\1\0\x0c\xcc\xcc\xcc", 12 + 42 + 4);
	frame_put_packet(&f);
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_CISCO);
}
END_TEST

START_TEST(addresses_are_those_of_the_frame)
{
	struct decode_options options = {.details = true};
	struct frame f = {.size = 0};
	struct pktinfo info;

	put_isl(&f, "\1\0\x0c\0\0\0", 12 + 42 + 4);
	frame_put_packet(&f);
	frame_put_zeros(&f, 8);
	ck_assert_int_eq(
	    frame_decode_cut(&f, DLT_EN10MB, f.size, f.size, &options, &info), IGNORED_NOT);
	ck_assert_mem_eq(info.detail.dst_mac, "\x02\0\0\0\0\1", 6);
	ck_assert_mem_eq(info.detail.src_mac, "\x02\0\0\0\0\2", 6);
}
END_TEST

Suite *isl_suite(void)
{
	const TTest *const tests[] = {
	    frame_is_behind_26_octets,
	    packet_ends_before_the_frames_check_sequence,
	    length_may_be_above_1500,
	    length_without_room_for_a_frame_is_malformed,
	    token_ring_and_others_are_no_frames,
	    addresses_are_those_of_the_frame,
	};

	return SUITE_OF("isl", tests);
}

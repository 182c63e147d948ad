#include "suites.h"

#include <pcap/dlt.h>
#include <string.h>

#include "support/frame.h"

#define STACK_LIMIT 16

/* Labels 1001, 1002, ... with traffic class 5 and TTL 9 each. */
static void put_stack(struct frame *f, unsigned type, unsigned count)
{
	frame_put_ethernet(f, type);
	for (unsigned i = 1; i <= count; i++)
		frame_put32(f, (1000 + i) << 12 | 5 << 9 | (i == count ? 1u : 0) << 8 | 9);
}

static void put_ipv4(struct frame *f)
{
	frame_put_ipv4(f, 17, 28);
	frame_put_udp(f);
}

START_TEST(ip_is_found_below_each_stack)
{
	static const unsigned types[] = {0x8847, 0x8848};

	for (unsigned n = 1; n <= STACK_LIMIT; n++)
		for (unsigned t = 0; t < 2; t++) {
			struct frame f = {.size = 0};
			struct pktinfo info;

			put_stack(&f, types[t], n);
			put_ipv4(&f);
			ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_NOT);
			ck_assert_uint_eq(info.ip_version, 4);
			ck_assert_uint_eq(info.octets, 28);
			ck_assert_uint_eq(info.dst_port, 53);
			f.size = 0;
			put_stack(&f, types[t], n);
			frame_put_ipv6(&f, 59, 0);
			ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_NOT);
			ck_assert_uint_eq(info.ip_version, 6);
		}
}
END_TEST

START_TEST(seventeen_labels_are_too_many)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	put_stack(&f, 0x8847, STACK_LIMIT + 1);
	put_ipv4(&f);
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_HEADER_LIMIT);
}
END_TEST

START_TEST(cut_stack_is_truncated)
{
	struct decode_options options = {.details = true};
	struct frame f = {.size = 0};
	struct pktinfo info;

	put_stack(&f, 0x8847, 3);
	put_ipv4(&f);
	for (size_t n = 14; n < 14 + 12 + 20; n++)
		ck_assert_msg(frame_decode_cut(&f, DLT_EN10MB, n, f.size, &options, &info) ==
			IGNORED_TRUNCATED,
		    "cut at %zu", n);
}
END_TEST

START_TEST(what_is_no_ip_is_mpls)
{
	for (unsigned nibble = 0; nibble < 16; nibble++) {
		struct frame f = {.size = 0};
		struct pktinfo info;

		if (nibble == 4 || nibble == 6)
			continue;
		put_stack(&f, 0x8847, 2);
		frame_put8(&f, nibble << 4 | 5);
		frame_put_zeros(&f, 60);
		ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_MPLS);
	}
}
END_TEST

START_TEST(labels_follow_a_tag)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ethernet(&f, 0x8100);
	frame_put_tag(&f, 5, 0x8847);
	frame_put32(&f, 77 << 12 | 1 << 8);
	put_ipv4(&f);
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.vlan, 5);
	ck_assert_uint_eq(info.dst_port, 53);
}
END_TEST

/* Label 1001 and so on, class 5, bottom of stack in the last; no TTL. */
START_TEST(three_entries_are_kept)
{
	struct decode_options options = {.details = true};

	for (unsigned n = 1; n <= 5; n++) {
		uint8_t expected[3][3] = {{0}};
		struct frame f = {.size = 0};
		struct pktinfo info;

		for (unsigned i = 0; i < n && i < 3; i++) {
			uint32_t entry = (1001 + i) << 4 | 5 << 1 | (i + 1 == n ? 1 : 0);

			expected[i][0] = (uint8_t)(entry >> 16);
			expected[i][1] = (uint8_t)(entry >> 8);
			expected[i][2] = (uint8_t)entry;
		}
		put_stack(&f, 0x8847, n);
		put_ipv4(&f);
		frame_decode_cut(&f, DLT_EN10MB, f.size, f.size, &options, &info);
		ck_assert_mem_eq(info.detail.mpls, expected, sizeof(expected));
	}
}
END_TEST

Suite *mpls_suite(void)
{
	const TTest *const tests[] = {
	    ip_is_found_below_each_stack,
	    seventeen_labels_are_too_many,
	    cut_stack_is_truncated,
	    what_is_no_ip_is_mpls,
	    labels_follow_a_tag,
	    three_entries_are_kept,
	};

	return SUITE_OF("mpls", tests);
}

#include "suites.h"

#include <pcap/dlt.h>

#include "support/frame.h"

static enum ignored decode(const struct frame *f)
{
	struct pktinfo info;

	return frame_decode(f, DLT_EN10MB, &info);
}

/* `size` octets behind `type`, then the packet; whole it is metered, cut anywhere it is not. */
static void check_shim(unsigned type, const char *shim, size_t size)
{
	struct frame f = {.size = 0};

	frame_put_ethernet(&f, type);
	frame_put(&f, shim, size);
	frame_put_packet(&f);
	frame_check_packet(&f, DLT_EN10MB);
	frame_check_cuts(&f, DLT_EN10MB, 14 + size + 20);
}

/* The same with a whole Ethernet header behind it. */
static void check_frame(unsigned type, const char *shim, size_t size)
{
	struct frame f = {.size = 0};

	frame_put_ethernet(&f, type);
	frame_put(&f, shim, size);
	frame_put_ethernet(&f, 0x0800);
	frame_put_packet(&f);
	frame_check_packet(&f, DLT_EN10MB);
	frame_check_cuts(&f, DLT_EN10MB, 14 + size + 14 + 20);
}

START_TEST(tags_of_a_fixed_size_are_stepped_over)
{
	check_shim(0x8926, "\x80\x0a\x00\x01\x08\x00", 6);
	check_shim(0x892f, "\x00\x22\x00\x07\x08\x00", 6);
	check_shim(0x893f, "\x00\x00\x01\x02\x00\x00\x08\x00", 8);
	check_shim(0xf1c1, "\x00\x00\x00\x07\x08\x00", 6);
	check_shim(0x893b, "\x00\x01\x89\x3b\x00\x02\x08\x00", 8);
}
END_TEST

START_TEST(shims_and_tags_follow_each_other)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ethernet(&f, 0x8926);
	frame_put(&f, "\0\0\0\1\x81\0", 6);
	frame_put_tag(&f, 11, 0x893f);
	frame_put(&f, "\0\0\0\2\0\0\x88\xa8", 8);
	frame_put_tag(&f, 12, 0x86dd);
	frame_put_ipv6(&f, 59, 0);
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.head.vlan, 11);
	ck_assert_uint_eq(info.inner_vlan, 12);
	ck_assert_uint_eq(info.octets, 40);
}
END_TEST

START_TEST(names_hold_behind_a_shim)
{
	struct frame f = {.size = 0};

	frame_put_ethernet(&f, 0x8926);
	frame_put(&f, "\0\0\0\1\x88\xcc", 6);
	frame_put_zeros(&f, 40);
	ck_assert_int_eq(decode(&f), IGNORED_LLDP);
}
END_TEST

/* Nothing ends the walk through 40 of them but its own limit. */
START_TEST(shims_without_end_are_too_many)
{
	struct frame f = {.size = 0};

	frame_put_ethernet(&f, 0x8926);
	for (unsigned i = 0; i < 40; i++)
		frame_put(&f, "\0\0\0\1\x89\x26", 6);
	ck_assert_int_eq(decode(&f), IGNORED_HEADER_LIMIT);
}
END_TEST

START_TEST(metadata_has_the_length_that_it_says)
{
	check_shim(0x8909, "\1\1\0\1\0\x14\x08\0", 8);
	check_shim(0x8909, "\1\0\x08\0", 4);
	check_shim(0x8909, "\1\2\0\1\0\x14\0\0\0\0\x08\0", 12);
}
END_TEST

START_TEST(timestamps_have_one_of_two_sizes)
{
	struct frame f = {.size = 0};

	check_shim(0xd28b, "\0\1\0\x10\x5c\xee\xed\x57\x38\x4f\x59\xc8\x08\0", 14);
	check_shim(0xd28b, "\0\1\1\x10\x5c\xee\xed\x57\x38\x4f\x59\xc8\x08\0", 14);
	check_shim(0xd28b, "\0\1\0\x20\xed\x57\x38\x4f\x59\xc8\x08\0", 12);
	frame_put_ethernet(&f, 0xd28b);
	frame_put(&f, "\0\1\0\x30\xed\x57\x38\x4f\x59\xc8\x08\0", 12);
	frame_put_packet(&f);
	ck_assert_int_eq(decode(&f), IGNORED_NON_IP);
	f.octets[17] = 0x20;
	ck_assert_int_eq(decode(&f), IGNORED_NOT);
	f.octets[15] = 2;
	ck_assert_int_eq(decode(&f), IGNORED_NON_IP);
}
END_TEST

START_TEST(customer_frame_is_behind_the_service_tag)
{
	check_frame(0x88e7, "\0\1\2\3", 4);
}
END_TEST

START_TEST(backbone_tag_is_the_outermost)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ethernet(&f, 0x88a8);
	frame_put_tag(&f, 2001, 0x88e7);
	frame_put32(&f, 0x00123456);
	frame_put_ethernet(&f, 0x8100);
	frame_put_tag(&f, 77, 0x0800);
	frame_put_packet(&f);
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.head.vlan, 2001);
	ck_assert_uint_eq(info.inner_vlan, 77);
	frame_check_cuts(&f, DLT_EN10MB, 14 + 4 + 4 + 14 + 4 + 20);
}
END_TEST

START_TEST(fabricpath_has_a_frame)
{
	check_frame(0x8903, "\x00\x5f", 2);
}
END_TEST

START_TEST(trill_has_a_frame_behind_its_options)
{
	check_frame(0x22f3, "\x00\x1f\x12\x34\x56\x78", 6);
	check_frame(0x22f3,
	    "\x00\x9f\x12\x34\x56\x78"
	    "abcd"
	    "efgh",
	    14);
}
END_TEST

START_TEST(another_version_of_trill_is_not_known)
{
	struct frame f = {.size = 0};

	frame_put_ethernet(&f, 0x22f3);
	frame_put(&f, "\x40\x1f\x12\x34\x56\x78", 6);
	frame_put_ethernet(&f, 0x0800);
	frame_put_packet(&f);
	ck_assert_int_eq(decode(&f), IGNORED_NON_IP);
}
END_TEST

/* -- NSH -------------------------------------------------------------------------------------- */

static void put_nsh(struct frame *f, unsigned words, unsigned next)
{
	frame_put16(f, 0x0fc0 | words);
	frame_put8(f, 2);
	frame_put8(f, next);
	frame_put32(f, 0x000001ff);
	if (words > 2)
		frame_put_zeros(f, words * 4 - 8);
}

START_TEST(nsh_says_what_is_next)
{
	for (unsigned words = 2; words <= 63; words++) {
		struct frame f = {.size = 0};
		struct pktinfo info;

		frame_put_ethernet(&f, 0x894f);
		put_nsh(&f, words, 1);
		frame_put_packet(&f);
		frame_check_packet(&f, DLT_EN10MB);
		frame_check_cuts(&f, DLT_EN10MB, 14 + words * 4 + 20);
		f.size = 14;
		put_nsh(&f, words, 2);
		frame_put_ipv6(&f, 59, 0);
		ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_NOT);
		ck_assert_uint_eq(kind_version(info.head.kind), 6);
	}
}
END_TEST

START_TEST(nsh_stacks_with_frames_and_labels)
{
	struct frame f = {.size = 0};

	frame_put_ethernet(&f, 0x894f);
	put_nsh(&f, 2, 4);
	put_nsh(&f, 6, 3);
	frame_put_ethernet(&f, 0x894f);
	put_nsh(&f, 2, 5);
	frame_put32(&f, 77 << 12 | 1 << 8);
	frame_put_packet(&f);
	frame_check_packet(&f, DLT_EN10MB);
	frame_check_cuts(&f, DLT_EN10MB, f.size - 8);
}
END_TEST

START_TEST(nsh_that_is_not_known_has_a_name)
{
	struct frame f = {.size = 0};

	frame_put_ethernet(&f, 0x894f);
	put_nsh(&f, 2, 6);
	frame_put_packet(&f);
	ck_assert_int_eq(decode(&f), IGNORED_NSH);
	f.octets[14 + 3] = 1;
	ck_assert_int_eq(decode(&f), IGNORED_NOT);
	f.octets[14] |= 0x40;
	ck_assert_int_eq(decode(&f), IGNORED_NSH);
}
END_TEST

START_TEST(nsh_shorter_than_itself_is_malformed)
{
	for (unsigned words = 0; words < 2; words++) {
		struct frame f = {.size = 0};

		frame_put_ethernet(&f, 0x894f);
		put_nsh(&f, words, 1);
		frame_put_packet(&f);
		ck_assert_int_eq(decode(&f), IGNORED_MALFORMED);
	}
}
END_TEST

/* -- MACsec ----------------------------------------------------------------------------------- */

/* Security tag with these flags and short length, an EtherType; the SCI where the flags say so. */
static void put_macsec(struct frame *f, unsigned flags, unsigned short_length)
{
	frame_put_ethernet(f, 0x88e5);
	frame_put8(f, flags);
	frame_put8(f, short_length);
	frame_put32(f, 1);
	if (flags & 0x20)
		frame_put(f, "\x02\0\0\0\0\1\0\1", 8);
	frame_put16(f, 0x0800);
}

START_TEST(macsec_without_encryption_is_read)
{
	static const unsigned flags[] = {0x00, 0x20, 0x43, 0x11};

	for (unsigned i = 0; i < 4; i++) {
		struct frame f = {.size = 0};

		put_macsec(&f, flags[i], 0);
		frame_put_packet(&f);
		frame_put_zeros(&f, 16);
		frame_check_packet(&f, DLT_EN10MB);
		frame_check_cuts(&f, DLT_EN10MB, f.size - 16 - 8);
	}
}
END_TEST

START_TEST(macsec_that_encrypts_is_counted)
{
	static const unsigned flags[] = {0x08, 0x0c, 0x2c, 0x04, 0x80};

	for (unsigned i = 0; i < 5; i++) {
		struct frame f = {.size = 0};

		put_macsec(&f, flags[i], 0);
		frame_put_packet(&f);
		frame_put_zeros(&f, 16);
		ck_assert_int_eq(decode(&f), IGNORED_MACSEC);
		frame_check_cuts(&f, DLT_EN10MB, 14 + 6);
	}
}
END_TEST

/* An IP header without a length has the wire's: that ends before the check value. */
START_TEST(check_value_is_no_part_of_the_packet)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	put_macsec(&f, 0x20, 0);
	frame_put_ipv4(&f, 17, 0);
	frame_put_udp(&f);
	frame_put_zeros(&f, 100 + 16);
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 128);
}
END_TEST

/* Nor is padding, which follows the check value: the short length says where that begins. */
START_TEST(short_length_ends_the_packet)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	put_macsec(&f, 0, 2 + 28);
	frame_put_ipv4(&f, 17, 0);
	frame_put_udp(&f);
	frame_put_zeros(&f, 16 + 9);
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 28);
	/* Without ports where it ends before them. */
	f.octets[15] = 2 + 20;
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 20);
	ck_assert_uint_eq(info.head.dst_port, 0);
	f.octets[15] = 48;
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_MALFORMED);
}
END_TEST

START_TEST(check_value_that_is_not_there_leaves_nothing)
{
	struct frame f = {.size = 0};

	put_macsec(&f, 0, 0);
	frame_put_zeros(&f, 3);
	ck_assert_int_eq(decode(&f), IGNORED_TRUNCATED);
}
END_TEST

Suite *shim_suite(void)
{
	const TTest *const tests[] = {
	    tags_of_a_fixed_size_are_stepped_over,
	    shims_and_tags_follow_each_other,
	    names_hold_behind_a_shim,
	    shims_without_end_are_too_many,
	    metadata_has_the_length_that_it_says,
	    timestamps_have_one_of_two_sizes,
	    customer_frame_is_behind_the_service_tag,
	    backbone_tag_is_the_outermost,
	    fabricpath_has_a_frame,
	    trill_has_a_frame_behind_its_options,
	    another_version_of_trill_is_not_known,
	    nsh_says_what_is_next,
	    nsh_stacks_with_frames_and_labels,
	    nsh_that_is_not_known_has_a_name,
	    nsh_shorter_than_itself_is_malformed,
	    macsec_without_encryption_is_read,
	    macsec_that_encrypts_is_counted,
	    check_value_is_no_part_of_the_packet,
	    short_length_ends_the_packet,
	    check_value_that_is_not_there_leaves_nothing,
	};

	return SUITE_OF("shim", tests);
}

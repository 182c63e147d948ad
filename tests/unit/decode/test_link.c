#include "suites.h"

#include <pcap/dlt.h>

#include "support/frame.h"

#define LINKTYPE_RAW 101
#define VLAN_LIMIT 16

static const unsigned tag_types[] = {0x8100, 0x88a8, 0x9100};

static void put_packet(struct frame *f)
{
	frame_put_ipv4(f, 17, 28);
	frame_put_udp(f);
}

static void check_packet(const struct frame *f, int linktype)
{
	struct pktinfo info;

	ck_assert_int_eq(frame_decode(f, linktype, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.ip_version, 4);
	ck_assert_uint_eq(info.octets, 28);
	ck_assert_uint_eq(info.src_port, 5353);
	ck_assert_uint_eq(info.dst_port, 53);
	ck_assert_uint_eq(info.vlan, 0);
	ck_assert_uint_eq(info.inner_vlan, 0);
	ck_assert_uint_eq(info.ingress, 7);
}

/* Cut anywhere before `size` octets the link layer's header is not whole. */
static void check_cuts(const struct frame *f, int linktype, size_t size)
{
	struct decode_options options = {.believe_lengths = false};
	struct pktinfo info;

	for (size_t n = 0; n < size; n++)
		ck_assert_msg(
		    frame_decode_cut(f, linktype, n, f->size, &options, &info) == IGNORED_TRUNCATED,
		    "link type %d cut at %zu of %zu", linktype, n, size);
}

static enum ignored decode_type(unsigned type)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ethernet(&f, type);
	put_packet(&f);
	return frame_decode(&f, DLT_EN10MB, &info);
}

START_TEST(ethernet_carries_ipv4)
{
	struct frame f = {.size = 0};

	frame_put_ethernet(&f, 0x0800);
	put_packet(&f);
	check_packet(&f, DLT_EN10MB);
	check_cuts(&f, DLT_EN10MB, 14);
}
END_TEST

START_TEST(ethernet_carries_ipv6)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ethernet(&f, 0x86dd);
	frame_put_ipv6(&f, 17, 8);
	frame_put_udp(&f);
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.ip_version, 6);
	ck_assert_uint_eq(info.octets, 48);
	ck_assert_uint_eq(info.dst_port, 53);
}
END_TEST

/* The EtherType is believed, not the version nibble. */
START_TEST(ethertype_and_version_must_agree)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ethernet(&f, 0x86dd);
	put_packet(&f);
	frame_put_zeros(&f, 20);
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_MALFORMED);
	f.size = 0;
	frame_put_ethernet(&f, 0x0800);
	frame_put_ipv6(&f, 59, 0);
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_MALFORMED);
}
END_TEST

/* `count` tags of one type, VLAN 101, 102, ... with priority bits that are no part of the ID. */
static void put_tags(struct frame *f, unsigned type, unsigned count, unsigned last)
{
	frame_put_ethernet(f, count ? type : last);
	for (unsigned i = 1; i <= count; i++)
		frame_put_tag(f, 0xf000 | (100 + i), i == count ? last : type);
}

START_TEST(each_tag_stack_gives_outermost_and_second_id)
{
	for (unsigned t = 0; t < sizeof(tag_types) / sizeof(*tag_types); t++)
		for (unsigned n = 0; n <= VLAN_LIMIT; n++) {
			struct frame f = {.size = 0};
			struct pktinfo info;

			put_tags(&f, tag_types[t], n, 0x0800);
			put_packet(&f);
			ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_NOT);
			ck_assert_uint_eq(info.vlan, n > 0 ? 101 : 0);
			ck_assert_uint_eq(info.inner_vlan, n > 1 ? 102 : 0);
			ck_assert_uint_eq(info.octets, 28);
			ck_assert_uint_eq(info.dst_port, 53);
			check_cuts(&f, DLT_EN10MB, 14 + 4 * n);
		}
}
END_TEST

START_TEST(mixed_tags_give_outermost_and_second_id)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ethernet(&f, 0x88a8);
	frame_put_tag(&f, 4095, 0x9100);
	frame_put_tag(&f, 0x1fff & 0x1002, 0x8100);
	frame_put_tag(&f, 3, 0x86dd);
	frame_put_ipv6(&f, 59, 0);
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.vlan, 4095);
	ck_assert_uint_eq(info.inner_vlan, 2);
}
END_TEST

START_TEST(priority_tag_is_vlan_0)
{
	struct frame f = {.size = 0};

	frame_put_ethernet(&f, 0x8100);
	frame_put_tag(&f, 0xe000, 0x0800);
	put_packet(&f);
	check_packet(&f, DLT_EN10MB);
}
END_TEST

START_TEST(seventeenth_tag_is_one_too_many)
{
	struct decode_options options = {.believe_lengths = false};
	struct frame f = {.size = 0};
	struct pktinfo info;
	size_t headers;

	put_tags(&f, 0x8100, VLAN_LIMIT + 1, 0x0800);
	headers = f.size;
	put_packet(&f);
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_HEADER_LIMIT);
	ck_assert_int_eq(frame_decode_cut(&f, DLT_EN10MB, headers, f.size, &options, &info),
	    IGNORED_HEADER_LIMIT);
	check_cuts(&f, DLT_EN10MB, headers);
}
END_TEST

/* SNAP in tags in SNAP in tags must neither pass the limit nor forget the tags before. */
START_TEST(tags_inside_snap_count_towards_the_limit)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ethernet(&f, 0x8100);
	for (unsigned i = 0; i < VLAN_LIMIT + 1; i++) {
		frame_put_tag(&f, i + 1, 0x0100);
		frame_put(&f, "\xaa\xaa\x03\0\0\0\x81\0", 8);
	}
	frame_put_tag(&f, 1, 0x0800);
	put_packet(&f);
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_HEADER_LIMIT);
}
END_TEST

START_TEST(other_protocols_are_ignored_by_name)
{
	ck_assert_int_eq(decode_type(0x0806), IGNORED_ARP);
	ck_assert_int_eq(decode_type(0x88cc), IGNORED_LLDP);
	ck_assert_int_eq(decode_type(0x8809), IGNORED_LACP);
	ck_assert_int_eq(decode_type(0x888e), IGNORED_EAPOL);
	ck_assert_int_eq(decode_type(0x8863), IGNORED_PPPOE);
	ck_assert_int_eq(decode_type(0x8864), IGNORED_PPPOE);
	ck_assert_int_eq(decode_type(0x8035), IGNORED_NON_IP);
	ck_assert_int_eq(decode_type(0xffff), IGNORED_NON_IP);
}
END_TEST

START_TEST(names_hold_behind_a_tag)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ethernet(&f, 0x8100);
	frame_put_tag(&f, 5, 0x0806);
	frame_put_zeros(&f, 28);
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_ARP);
}
END_TEST

START_TEST(types_below_0600_are_lengths)
{
	ck_assert_int_eq(decode_type(0x05ff), IGNORED_LLC);
	ck_assert_int_eq(decode_type(0x0600), IGNORED_NON_IP);
}
END_TEST

static enum ignored decode_llc(const char *llc, size_t n, struct pktinfo *info)
{
	struct frame f = {.size = 0};

	frame_put_ethernet(&f, (unsigned)n + 28);
	frame_put(&f, llc, n);
	put_packet(&f);
	check_cuts(&f, DLT_EN10MB, 14 + 3);
	return frame_decode(&f, DLT_EN10MB, info);
}

START_TEST(llc_is_told_by_its_access_points)
{
	struct pktinfo info;

	ck_assert_int_eq(decode_llc("\x42\x42\x03", 3, &info), IGNORED_STP);
	ck_assert_int_eq(decode_llc("\xe0\xe0\x03", 3, &info), IGNORED_LLC);
	ck_assert_int_eq(decode_llc("\x42\x43\x03", 3, &info), IGNORED_LLC);
	ck_assert_int_eq(decode_llc("\x06\x06\x03", 3, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 28);
	ck_assert_uint_eq(info.dst_port, 53);
}
END_TEST

START_TEST(snap_is_told_by_organization_and_type)
{
	struct pktinfo info;

	ck_assert_int_eq(decode_llc("\xaa\xaa\x03\0\0\x0c\x20\x00", 8, &info), IGNORED_CDP);
	ck_assert_int_eq(decode_llc("\xaa\xaa\x03\0\0\x0c\x20\x03", 8, &info), IGNORED_LLC);
	ck_assert_int_eq(decode_llc("\xaa\xaa\x03\0\0\x0c\x08\x00", 8, &info), IGNORED_LLC);
	ck_assert_int_eq(decode_llc("\xaa\xaa\x03\0\0\0\x08\x06", 8, &info), IGNORED_ARP);
	ck_assert_int_eq(decode_llc("\xaa\xaa\x03\0\0\0\0\x10", 8, &info), IGNORED_LLC);
	ck_assert_int_eq(decode_llc("\xaa\xaa\x03\0\0\xf8\x08\x00", 8, &info), IGNORED_NOT);
	ck_assert_int_eq(decode_llc("\xaa\xaa\x03\0\0\0\x08\x00", 8, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 28);
	ck_assert_uint_eq(info.dst_port, 53);
}
END_TEST

START_TEST(snap_cut_in_its_header_is_truncated)
{
	struct frame f = {.size = 0};

	frame_put_ethernet(&f, 36);
	frame_put(&f, "\xaa\xaa\x03\0\0\0\x08\x00", 8);
	put_packet(&f);
	check_packet(&f, DLT_EN10MB);
	check_cuts(&f, DLT_EN10MB, 14 + 8);
}
END_TEST

START_TEST(snap_goes_on_behind_and_before_a_tag)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ethernet(&f, 0x8100);
	frame_put_tag(&f, 11, 40);
	frame_put(&f, "\xaa\xaa\x03\0\0\0\x81\x00", 8);
	frame_put_tag(&f, 12, 0x0800);
	put_packet(&f);
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.vlan, 11);
	ck_assert_uint_eq(info.inner_vlan, 12);
	ck_assert_uint_eq(info.octets, 28);
}
END_TEST

static void put_cooked1(struct frame *f, unsigned arphrd, unsigned type)
{
	frame_put16(f, 0);
	frame_put16(f, arphrd);
	frame_put16(f, 6);
	frame_put_zeros(f, 8);
	frame_put16(f, type);
}

static void put_cooked2(struct frame *f, uint32_t ifindex, unsigned arphrd, unsigned type)
{
	frame_put16(f, type);
	frame_put16(f, 0);
	frame_put32(f, ifindex);
	frame_put16(f, arphrd);
	frame_put8(f, 0);
	frame_put8(f, 6);
	frame_put_zeros(f, 8);
}

START_TEST(cooked_v1_carries_ip)
{
	struct frame f = {.size = 0};

	put_cooked1(&f, 1, 0x0800);
	put_packet(&f);
	check_packet(&f, DLT_LINUX_SLL);
	check_cuts(&f, DLT_LINUX_SLL, 16);
}
END_TEST

START_TEST(cooked_v2_carries_ip)
{
	struct frame f = {.size = 0};

	put_cooked2(&f, 3, 1, 0x0800);
	put_packet(&f);
	check_packet(&f, DLT_LINUX_SLL2);
	check_cuts(&f, DLT_LINUX_SLL2, 20);
}
END_TEST

static enum ignored decode_cooked(unsigned arphrd, unsigned type, int linktype)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	if (linktype == DLT_LINUX_SLL)
		put_cooked1(&f, arphrd, type);
	else
		put_cooked2(&f, 3, arphrd, type);
	frame_put(&f, "\x42\x42\x03", 3);
	put_packet(&f);
	return frame_decode(&f, linktype, &info);
}

START_TEST(cooked_captures_name_what_is_not_ip)
{
	static const int linktypes[] = {DLT_LINUX_SLL, DLT_LINUX_SLL2};

	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(decode_cooked(1, 0x0806, linktypes[i]), IGNORED_ARP);
		ck_assert_int_eq(decode_cooked(1, 1, linktypes[i]), IGNORED_NON_IP);
		ck_assert_int_eq(decode_cooked(1, 3, linktypes[i]), IGNORED_NON_IP);
		ck_assert_int_eq(decode_cooked(1, 4, linktypes[i]), IGNORED_STP);
		ck_assert_int_eq(decode_cooked(1, 5, linktypes[i]), IGNORED_NON_IP);
		ck_assert_int_eq(decode_cooked(778, 0x0800, linktypes[i]), IGNORED_NON_IP);
		ck_assert_int_eq(decode_cooked(824, 0x0800, linktypes[i]), IGNORED_NON_IP);
	}
}
END_TEST

START_TEST(cooked_captures_have_tags_too)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	put_cooked1(&f, 1, 0x8100);
	frame_put_tag(&f, 21, 0x8100);
	frame_put_tag(&f, 22, 0x0800);
	put_packet(&f);
	ck_assert_int_eq(frame_decode(&f, DLT_LINUX_SLL, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.vlan, 21);
	ck_assert_uint_eq(info.inner_vlan, 22);
	ck_assert_uint_eq(info.octets, 28);
}
END_TEST

START_TEST(cooked_v2_tells_the_interface_where_the_source_does_not)
{
	struct decode_options options = {.believe_lengths = false};
	struct frame f = {.size = 0};
	struct pktinfo info;
	struct packet packet;

	put_cooked2(&f, 0x10203, 1, 0x0800);
	put_packet(&f);
	packet =
	    (struct packet){f.octets, (uint32_t)f.size, (uint32_t)f.size, 1, 0, DLT_LINUX_SLL2, 0};
	ck_assert_int_eq(decode_packet(&packet, &options, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.ingress, 0x10203);
	packet.ingress = 9;
	ck_assert_int_eq(decode_packet(&packet, &options, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.ingress, 9);
}
END_TEST

static enum ignored decode_loopback(uint32_t family, bool swap, int linktype, unsigned version)
{
	struct frame f = {.size = 0};
	struct pktinfo info;
	enum ignored ignored;

	frame_put32(&f, swap ? __builtin_bswap32(family) : family);
	if (version == 4)
		put_packet(&f);
	else
		frame_put_ipv6(&f, 59, 0);
	check_cuts(&f, linktype, 4);
	ignored = frame_decode(&f, linktype, &info);
	if (!ignored)
		ck_assert_uint_eq(info.octets, version == 4 ? 28 : 40);
	return ignored;
}

START_TEST(loopback_families_hold_in_both_byte_orders)
{
	static const uint32_t families6[] = {10, 24, 28, 30};
	static const int linktypes[] = {DLT_NULL, DLT_LOOP};

	for (unsigned n = 0; n < 4; n++) {
		bool swap = n & 1;
		int linktype = linktypes[n >> 1];

		ck_assert_int_eq(decode_loopback(2, swap, linktype, 4), IGNORED_NOT);
		for (unsigned i = 0; i < 4; i++)
			ck_assert_int_eq(
			    decode_loopback(families6[i], swap, linktype, 6), IGNORED_NOT);
		ck_assert_int_eq(decode_loopback(7, swap, linktype, 4), IGNORED_NON_IP);
		ck_assert_int_eq(decode_loopback(2, swap, linktype, 6), IGNORED_MALFORMED);
		ck_assert_int_eq(decode_loopback(30, swap, linktype, 4), IGNORED_TRUNCATED);
	}
}
END_TEST

START_TEST(raw_ip_is_told_by_its_version)
{
	static const int linktypes[] = {DLT_RAW, LINKTYPE_RAW};

	for (unsigned i = 0; i < 2; i++) {
		struct frame f = {.size = 0};
		struct pktinfo info;

		put_packet(&f);
		check_packet(&f, linktypes[i]);
		check_cuts(&f, linktypes[i], 20);
		f.octets[0] = 0x55;
		ck_assert_int_eq(frame_decode(&f, linktypes[i], &info), IGNORED_MALFORMED);
		f.size = 0;
		frame_put_ipv6(&f, 59, 0);
		ck_assert_int_eq(frame_decode(&f, linktypes[i], &info), IGNORED_NOT);
		ck_assert_uint_eq(info.ip_version, 6);
		check_cuts(&f, linktypes[i], 40);
	}
}
END_TEST

START_TEST(link_types_of_one_ip_version_want_that_version)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	put_packet(&f);
	frame_put_zeros(&f, 12);
	ck_assert_int_eq(frame_decode(&f, 228, &info), IGNORED_NOT);
	ck_assert_int_eq(frame_decode(&f, 229, &info), IGNORED_MALFORMED);
}
END_TEST

START_TEST(link_header_is_no_part_of_the_wire_count)
{
	struct decode_options options = {.believe_lengths = false};
	struct frame f = {.size = 0};
	struct pktinfo info;

	put_tags(&f, 0x8100, 2, 0x0800);
	frame_put_ipv4(&f, 17, 0);
	frame_put_udp(&f);
	ck_assert_int_eq(
	    frame_decode_cut(&f, DLT_EN10MB, f.size, 5000, &options, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 5000 - 14 - 8);
}
END_TEST

START_TEST(supported_link_types_are_those_that_decode)
{
	static const int yes[] = {DLT_EN10MB, DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_RAW, LINKTYPE_RAW,
	    DLT_NULL, DLT_LOOP, 228, 229};
	struct frame f = {.size = 0};
	struct pktinfo info;

	for (unsigned i = 0; i < sizeof(yes) / sizeof(*yes); i++)
		ck_assert_msg(decode_supports(yes[i]), "%d", yes[i]);
	ck_assert(!decode_supports(DLT_IEEE802_11));
	ck_assert(!decode_supports(147));
	put_packet(&f);
	ck_assert_int_eq(frame_decode(&f, 147, &info), IGNORED_LINK_TYPE);
}
END_TEST

Suite *link_suite(void)
{
	const TTest *const tests[] = {
	    ethernet_carries_ipv4,
	    ethernet_carries_ipv6,
	    ethertype_and_version_must_agree,
	    each_tag_stack_gives_outermost_and_second_id,
	    mixed_tags_give_outermost_and_second_id,
	    priority_tag_is_vlan_0,
	    seventeenth_tag_is_one_too_many,
	    tags_inside_snap_count_towards_the_limit,
	    other_protocols_are_ignored_by_name,
	    names_hold_behind_a_tag,
	    types_below_0600_are_lengths,
	    llc_is_told_by_its_access_points,
	    snap_is_told_by_organization_and_type,
	    snap_cut_in_its_header_is_truncated,
	    snap_goes_on_behind_and_before_a_tag,
	    cooked_v1_carries_ip,
	    cooked_v2_carries_ip,
	    cooked_captures_name_what_is_not_ip,
	    cooked_captures_have_tags_too,
	    cooked_v2_tells_the_interface_where_the_source_does_not,
	    loopback_families_hold_in_both_byte_orders,
	    raw_ip_is_told_by_its_version,
	    link_types_of_one_ip_version_want_that_version,
	    link_header_is_no_part_of_the_wire_count,
	    supported_link_types_are_those_that_decode,
	};

	return SUITE_OF("link", tests);
}

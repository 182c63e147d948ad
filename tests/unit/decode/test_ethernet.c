#include "suites.h"

#include <pcap/dlt.h>

#include "support/frame.h"

#define VLAN_LIMIT 16

static const unsigned tag_types[] = {0x8100, 0x88a8, 0x9100, 0x9200, 0x9300};

static enum ignored decode_type(unsigned type)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ethernet(&f, type);
	frame_put_packet(&f);
	return frame_decode(&f, DLT_EN10MB, &info);
}

START_TEST(ethernet_carries_ipv4)
{
	struct frame f = {.size = 0};

	frame_put_ethernet(&f, 0x0800);
	frame_put_packet(&f);
	frame_check_packet(&f, DLT_EN10MB);
	frame_check_cuts(&f, DLT_EN10MB, 14);
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
	ck_assert_uint_eq(kind_version(info.head.kind), 6);
	ck_assert_uint_eq(info.octets, 48);
	ck_assert_uint_eq(info.head.dst_port, 53);
}
END_TEST

/* The EtherType is believed, not the version nibble. */
START_TEST(ethertype_and_version_must_agree)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ethernet(&f, 0x86dd);
	frame_put_packet(&f);
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
			frame_put_packet(&f);
			ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_NOT);
			ck_assert_uint_eq(info.head.vlan, n > 0 ? 101 : 0);
			ck_assert_uint_eq(info.inner_vlan, n > 1 ? 102 : 0);
			ck_assert_uint_eq(info.octets, 28);
			ck_assert_uint_eq(info.head.dst_port, 53);
			frame_check_cuts(&f, DLT_EN10MB, 14 + 4 * n);
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
	ck_assert_uint_eq(info.head.vlan, 4095);
	ck_assert_uint_eq(info.inner_vlan, 2);
}
END_TEST

/* Whatever a stack is made of: tags without end are one frame that is counted, and no more. */
START_TEST(thousand_tags_are_too_many)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	put_tags(&f, 0x9200, 1000, 0x0800);
	frame_put_packet(&f);
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_HEADER_LIMIT);
}
END_TEST

/* The outermost tag is the flow's also where it has a priority alone. */
START_TEST(priority_tag_before_a_tag_is_vlan_0)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ethernet(&f, 0x88a8);
	frame_put_tag(&f, 0xe000, 0x8100);
	frame_put_tag(&f, 7, 0x0800);
	frame_put_packet(&f);
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.head.vlan, 0);
	ck_assert_uint_eq(info.inner_vlan, 7);
}
END_TEST

START_TEST(priority_tag_is_vlan_0)
{
	struct frame f = {.size = 0};

	frame_put_ethernet(&f, 0x8100);
	frame_put_tag(&f, 0xe000, 0x0800);
	frame_put_packet(&f);
	frame_check_packet(&f, DLT_EN10MB);
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
	frame_put_packet(&f);
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_HEADER_LIMIT);
	ck_assert_int_eq(frame_decode_cut(&f, DLT_EN10MB, headers, f.size, &options, &info),
	    IGNORED_HEADER_LIMIT);
	frame_check_cuts(&f, DLT_EN10MB, headers);
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
	frame_put_packet(&f);
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_HEADER_LIMIT);
}
END_TEST

static const struct {
	unsigned type;
	enum ignored ignored;
} named[] = {
    {0x0806, IGNORED_ARP},
    {0x8035, IGNORED_ARP},
    {0x0842, IGNORED_WAKE_ON_LAN},
    {0x22ea, IGNORED_MRP},
    {0x88f5, IGNORED_MRP},
    {0x88f6, IGNORED_MRP},
    {0x8940, IGNORED_MRP},
    {0x22f0, IGNORED_AVTP},
    {0x22f4, IGNORED_ISIS},
    {0x4305, IGNORED_BATMAN},
    {0x6001, IGNORED_DECNET},
    {0x6002, IGNORED_DECNET},
    {0x6003, IGNORED_DECNET},
    {0x6004, IGNORED_DECNET},
    {0x6007, IGNORED_DECNET},
    {0x809b, IGNORED_APPLETALK},
    {0x80f3, IGNORED_APPLETALK},
    {0x80d5, IGNORED_SNA},
    {0x8137, IGNORED_IPX},
    {0x8138, IGNORED_IPX},
    {0x872d, IGNORED_CISCO},
    {0x8808, IGNORED_PAUSE},
    {0x886f, IGNORED_MICROSOFT},
    {0x88d9, IGNORED_MICROSOFT},
    {0x887b, IGNORED_HOMEPLUG},
    {0x88e1, IGNORED_HOMEPLUG},
    {0x8912, IGNORED_HOMEPLUG},
    {0x893a, IGNORED_HOMEPLUG},
    {0x888e, IGNORED_EAPOL},
    {0x88c7, IGNORED_EAPOL},
    {0x80e1, IGNORED_INDUSTRIAL},
    {0x8892, IGNORED_INDUSTRIAL},
    {0x88a4, IGNORED_INDUSTRIAL},
    {0x88ab, IGNORED_INDUSTRIAL},
    {0x88b8, IGNORED_INDUSTRIAL},
    {0x88b9, IGNORED_INDUSTRIAL},
    {0x88ba, IGNORED_INDUSTRIAL},
    {0x88cd, IGNORED_INDUSTRIAL},
    {0x88e3, IGNORED_INDUSTRIAL},
    {0x88fb, IGNORED_INDUSTRIAL},
    {0x890f, IGNORED_INDUSTRIAL},
    {0x8899, IGNORED_REALTEK},
    {0x889a, IGNORED_STORAGE},
    {0x88a2, IGNORED_STORAGE},
    {0x8906, IGNORED_STORAGE},
    {0x8914, IGNORED_STORAGE},
    {0x8915, IGNORED_ROCE},
    {0x88ca, IGNORED_TIPC},
    {0x88cc, IGNORED_LLDP},
    {0x88ee, IGNORED_OAM},
    {0x8902, IGNORED_OAM},
    {0x88f7, IGNORED_PTP},
    {0x8922, IGNORED_LOOPBACK},
    {0x9000, IGNORED_LOOPBACK},
    {0x0600, IGNORED_NON_IP},
    {0x6558, IGNORED_NON_IP},
    {0xffff, IGNORED_NON_IP},
};

START_TEST(other_protocols_are_ignored_by_name)
{
	for (unsigned i = 0; i < sizeof(named) / sizeof(*named); i++)
		ck_assert_msg(
		    decode_type(named[i].type) == named[i].ignored, "EtherType %x", named[i].type);
}
END_TEST

START_TEST(slow_protocols_are_told_by_their_subtype)
{
	static const enum ignored subtypes[] = {
	    IGNORED_LACP, IGNORED_LACP, IGNORED_LACP, IGNORED_OAM, [10] = IGNORED_PTP};
	struct decode_options options = {0};
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ethernet(&f, 0x8809);
	frame_put_zeros(&f, 46);
	for (unsigned i = 0; i <= 10; i++) {
		enum ignored expected = subtypes[i] ? subtypes[i] : IGNORED_LACP;

		f.octets[14] = (uint8_t)i;
		ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), expected);
	}
	/* It was no IP packet, however little was captured. */
	ck_assert_int_eq(
	    frame_decode_cut(&f, DLT_EN10MB, 14, f.size, &options, &info), IGNORED_LACP);
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

/* IEEE 802.3: up to 1500 a length, from 1536 on a type, nothing in between. */
START_TEST(numbers_between_lengths_and_types_are_neither)
{
	ck_assert_int_eq(decode_type(0), IGNORED_LLC);
	ck_assert_int_eq(decode_type(1500), IGNORED_LLC);
	ck_assert_int_eq(decode_type(1501), IGNORED_NON_IP);
	ck_assert_int_eq(decode_type(1535), IGNORED_NON_IP);
}
END_TEST

/* Where IP does not say how long it is; tagged and not. A length without room for IP is not believed. */
START_TEST(what_is_behind_an_802_3_length_pads_the_frame)
{
	for (unsigned length = 0; length < 80; length++)
		for (unsigned tagged = 0; tagged < 2; tagged++) {
			struct frame f = {.size = 0};
			struct pktinfo info;

			frame_put_ethernet(&f, tagged ? 0x8100 : length);
			if (tagged)
				frame_put32(&f, 5u << 16 | length);
			frame_put(&f, "\xaa\xaa\x03\0\0\0\x08\x00", 8);
			frame_put_ipv4(&f, 17, 0);
			frame_put_udp(&f);
			frame_put_zeros(&f, 20);
			ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_NOT);
			ck_assert_uint_eq(
			    info.octets, length < 28 || length > 56 ? 48 : length - 8);
			ck_assert_uint_eq(info.head.dst_port, info.octets >= 24 ? 53 : 0);
			ck_assert_uint_eq(info.notes & 1u << NOTE_LENGTH_LIES, 0);
		}
}
END_TEST

START_TEST(addresses_are_those_of_the_outermost_frame)
{
	struct decode_options options = {.details = true};
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put(&f, "\x02\0\0\0\0\x11\x02\0\0\0\0\x12\x88\xe7", 14);
	frame_put32(&f, 0x00000111);
	frame_put_ethernet(&f, 0x0800);
	frame_put_packet(&f);
	ck_assert_int_eq(
	    frame_decode_cut(&f, DLT_EN10MB, f.size, f.size, &options, &info), IGNORED_NOT);
	ck_assert_mem_eq(info.detail.dst_mac, "\x02\0\0\0\0\x11", 6);
	ck_assert_mem_eq(info.detail.src_mac, "\x02\0\0\0\0\x12", 6);
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

Suite *ethernet_suite(void)
{
	const TTest *const tests[] = {
	    ethernet_carries_ipv4,
	    ethernet_carries_ipv6,
	    ethertype_and_version_must_agree,
	    each_tag_stack_gives_outermost_and_second_id,
	    mixed_tags_give_outermost_and_second_id,
	    thousand_tags_are_too_many,
	    priority_tag_before_a_tag_is_vlan_0,
	    priority_tag_is_vlan_0,
	    seventeenth_tag_is_one_too_many,
	    tags_inside_snap_count_towards_the_limit,
	    other_protocols_are_ignored_by_name,
	    slow_protocols_are_told_by_their_subtype,
	    names_hold_behind_a_tag,
	    numbers_between_lengths_and_types_are_neither,
	    what_is_behind_an_802_3_length_pads_the_frame,
	    addresses_are_those_of_the_outermost_frame,
	    link_header_is_no_part_of_the_wire_count,
	};

	return SUITE_OF("ethernet", tests);
}

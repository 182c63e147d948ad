#include "suites.h"

#include <pcap/dlt.h>
#include <string.h>

#include "support/frame.h"

#define LINKTYPE_RAW 101

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
	frame_put_packet(&f);
	frame_check_packet(&f, DLT_LINUX_SLL);
	frame_check_cuts(&f, DLT_LINUX_SLL, 16);
}
END_TEST

START_TEST(cooked_v2_carries_ip)
{
	struct frame f = {.size = 0};

	put_cooked2(&f, 3, 1, 0x0800);
	frame_put_packet(&f);
	frame_check_packet(&f, DLT_LINUX_SLL2);
	frame_check_cuts(&f, DLT_LINUX_SLL2, 20);
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
	frame_put_packet(&f);
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
		ck_assert_int_eq(decode_cooked(778, 0, linktypes[i]), IGNORED_NON_IP);
		ck_assert_int_eq(decode_cooked(804, 0x0800, linktypes[i]), IGNORED_NON_IP);
		ck_assert_int_eq(decode_cooked(824, 0x0800, linktypes[i]), IGNORED_NETLINK);
	}
}
END_TEST

/* What is before IP on devices that say more than an EtherType, or something else. */
static const struct {
	unsigned arphrd, type;
	const char *header;
	size_t size;
} cooked_headers[] = {
    {778, 0x0800, "", 0},
    {778, 0x6558, "\1\2\3\4\5\6\1\2\3\4\5\6\x08\0", 14},
    {778, 0x880b, "\xff\x03\0\x21", 4},
    {512, 0x0007, "\xff\x03\0\x21", 4},
    {770, 0x0000, "\x18\x41\x03\xcc", 4},
    {803, 0x0019,
	"\0\0\x08\0\0\0\0\0\x08\0\0\0\1\2\3\4\5\6\1\2\3\4\5\6\1\2\3\4\5\6\0\0"
	"\xaa\xaa\x03\0\0\0\x08\0",
	40},
};

START_TEST(cooked_captures_go_on_as_the_device_demands)
{
	for (size_t i = 0; i < sizeof(cooked_headers) / sizeof(*cooked_headers); i++) {
		struct frame f = {.size = 0};

		put_cooked1(&f, cooked_headers[i].arphrd, cooked_headers[i].type);
		frame_put(&f, cooked_headers[i].header, cooked_headers[i].size);
		frame_put_packet(&f);
		frame_check_packet(&f, DLT_LINUX_SLL);
		frame_check_cuts(&f, DLT_LINUX_SLL, 16 + cooked_headers[i].size);
		f.size = 0;
		put_cooked2(&f, 3, cooked_headers[i].arphrd, cooked_headers[i].type);
		frame_put(&f, cooked_headers[i].header, cooked_headers[i].size);
		frame_put_packet(&f);
		frame_check_packet(&f, DLT_LINUX_SLL2);
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
	frame_put_packet(&f);
	ck_assert_int_eq(frame_decode(&f, DLT_LINUX_SLL, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.head.vlan, 21);
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
	frame_put_packet(&f);
	packet = (struct packet){.data = f.octets,
	    .caplen = (uint32_t)f.size,
	    .len = (uint32_t)f.size,
	    .ts_ns = 1,
	    .linktype = DLT_LINUX_SLL2};
	ck_assert_int_eq(decode_packet(&packet, &options, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.head.ingress, 0x10203);
	packet.ingress = 9;
	ck_assert_int_eq(decode_packet(&packet, &options, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.head.ingress, 9);
}
END_TEST

static enum ignored decode_loopback(uint32_t family, bool swap, int linktype, unsigned version)
{
	struct frame f = {.size = 0};
	struct pktinfo info;
	enum ignored ignored;

	frame_put32(&f, swap ? __builtin_bswap32(family) : family);
	if (version == 4)
		frame_put_packet(&f);
	else
		frame_put_ipv6(&f, 59, 0);
	frame_check_cuts(&f, linktype, 4);
	ignored = frame_decode(&f, linktype, &info);
	if (!ignored)
		ck_assert_uint_eq(info.octets, version == 4 ? 28 : 40);
	return ignored;
}

START_TEST(loopback_families_hold_in_both_byte_orders)
{
	static const uint32_t families6[] = {10, 23, 24, 26, 28, 30};
	static const int linktypes[] = {DLT_NULL, DLT_LOOP};

	for (unsigned n = 0; n < 4; n++) {
		bool swap = n & 1;
		int linktype = linktypes[n >> 1];

		ck_assert_int_eq(decode_loopback(2, swap, linktype, 4), IGNORED_NOT);
		for (unsigned i = 0; i < 6; i++)
			ck_assert_int_eq(
			    decode_loopback(families6[i], swap, linktype, 6), IGNORED_NOT);
		ck_assert_int_eq(decode_loopback(7, swap, linktype, 4), IGNORED_ISIS);
		ck_assert_int_eq(decode_loopback(16, swap, linktype, 4), IGNORED_NON_IP);
		ck_assert_int_eq(decode_loopback(23, swap, linktype, 4), IGNORED_NON_IP);
		ck_assert_int_eq(decode_loopback(2, swap, linktype, 6), IGNORED_MALFORMED);
		ck_assert_int_eq(decode_loopback(30, swap, linktype, 4), IGNORED_TRUNCATED);
	}
}
END_TEST

START_TEST(loopback_has_framings_and_types_in_the_family_s_place)
{
	ck_assert_int_eq(decode_loopback(0x0800, false, DLT_NULL, 4), IGNORED_NOT);
	ck_assert_int_eq(decode_loopback(0x86dd, false, DLT_NULL, 6), IGNORED_NOT);
	ck_assert_int_eq(decode_loopback(0x0806, false, DLT_NULL, 4), IGNORED_ARP);
	ck_assert_int_eq(decode_loopback(0x0f000800, false, DLT_NULL, 4), IGNORED_NOT);
	ck_assert_int_eq(decode_loopback(0x8f0086dd, false, DLT_NULL, 6), IGNORED_NOT);
	ck_assert_int_eq(decode_loopback(0xff030021, false, DLT_NULL, 4), IGNORED_NOT);
}
END_TEST

START_TEST(raw_ip_is_told_by_its_version)
{
	static const int linktypes[] = {DLT_RAW, LINKTYPE_RAW};

	for (unsigned i = 0; i < 2; i++) {
		struct frame f = {.size = 0};
		struct pktinfo info;

		frame_put_packet(&f);
		frame_check_packet(&f, linktypes[i]);
		frame_check_cuts(&f, linktypes[i], 20);
		f.octets[0] = 0x55;
		ck_assert_int_eq(frame_decode(&f, linktypes[i], &info), IGNORED_MALFORMED);
		f.size = 0;
		frame_put_ipv6(&f, 59, 0);
		ck_assert_int_eq(frame_decode(&f, linktypes[i], &info), IGNORED_NOT);
		ck_assert_uint_eq(kind_version(info.head.kind), 6);
		frame_check_cuts(&f, linktypes[i], 40);
	}
}
END_TEST

START_TEST(link_types_of_one_ip_version_want_that_version)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_packet(&f);
	frame_put_zeros(&f, 12);
	ck_assert_int_eq(frame_decode(&f, 228, &info), IGNORED_NOT);
	ck_assert_int_eq(frame_decode(&f, 229, &info), IGNORED_MALFORMED);
}
END_TEST

START_TEST(supported_link_types_are_those_that_decode)
{
	static const int yes[] = {DLT_EN10MB, DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_RAW, LINKTYPE_RAW,
	    DLT_NULL, DLT_LOOP, 228, 229, DLT_IEEE802_11, DLT_PPP, DLT_C_HDLC};
	char names[DECODE_SUPPORTED_MAX];
	struct frame f = {.size = 0};
	struct pktinfo info;

	for (unsigned i = 0; i < sizeof(yes) / sizeof(*yes); i++)
		ck_assert_msg(decode_supports(yes[i]), "%d", yes[i]);
	ck_assert(!decode_supports(DLT_USB_LINUX));
	ck_assert(!decode_supports(DLT_IEEE802_15_4_NOFCS));
	ck_assert(!decode_supports(147));
	ck_assert(!decode_supports(-1));
	ck_assert(!decode_supports(65535));
	decode_list_supported(names, sizeof(names));
	ck_assert_uint_lt(strlen(names), sizeof(names) - 1);
	ck_assert_int_eq(strncmp(names, "BSD loopback, Ethernet, ", 24), 0);
	frame_put_packet(&f);
	ck_assert_int_eq(frame_decode(&f, 147, &info), IGNORED_LINK_TYPE);
}
END_TEST

Suite *link_suite(void)
{
	const TTest *const tests[] = {
	    cooked_v1_carries_ip,
	    cooked_v2_carries_ip,
	    cooked_captures_name_what_is_not_ip,
	    cooked_captures_go_on_as_the_device_demands,
	    cooked_captures_have_tags_too,
	    cooked_v2_tells_the_interface_where_the_source_does_not,
	    loopback_families_hold_in_both_byte_orders,
	    loopback_has_framings_and_types_in_the_family_s_place,
	    raw_ip_is_told_by_its_version,
	    link_types_of_one_ip_version_want_that_version,
	    supported_link_types_are_those_that_decode,
	};

	return SUITE_OF("link", tests);
}

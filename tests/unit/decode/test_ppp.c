#include "suites.h"

#include <pcap/dlt.h>

#include "support/linked.h"

#define ETHERNET "\2\0\0\0\0\1\2\0\0\0\0\2"

START_TEST(framing_and_protocol_may_be_short)
{
	LINKED_CARRIES(DLT_PPP, "\xff\x03\x00\x21");
	LINKED_CARRIES(DLT_PPP, "\xff\x03\x21");
	LINKED_CARRIES(DLT_PPP, "\x00\x21");
	LINKED_CARRIES(DLT_PPP, "\x21");
	LINKED_IGNORED(DLT_PPP, "\xff\x04\x00\x21", IGNORED_PPP_OTHER);
}
END_TEST

START_TEST(ipv6_is_found)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put(&f, "\xff\x03\x00\x57", 4);
	frame_put_ipv6(&f, 17, 8);
	frame_put_udp(&f);
	ck_assert_int_eq(frame_decode(&f, DLT_PPP, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 48);
	ck_assert_uint_eq(info.head.dst_port, 53);
}
END_TEST

START_TEST(labels_are_looked_through)
{
	LINKED_CARRIES(DLT_PPP, "\x02\x81\0\x01\x01\x40");
	LINKED_CARRIES(DLT_PPP, "\xff\x03\x02\x83\0\x01\0\x40\0\x02\x01\x40");
}
END_TEST

/* Trailing octets tell nothing of a wire that a total length of 0 would count: but these do. */
static uint64_t octets_without_length(const void *headers, size_t n)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put(&f, headers, n);
	frame_put_ipv4(&f, 17, 0);
	frame_put_zeros(&f, 100);
	ck_assert_int_eq(frame_decode(&f, DLT_PPP, &info), IGNORED_NOT);
	return info.octets;
}

START_TEST(bridged_frames_have_checksum_and_padding)
{
	LINKED_CARRIES(DLT_PPP, "\x31\x00\x01" ETHERNET "\x08\x00");
	LINKED_CARRIES(DLT_PPP, "\x00\x31\x40\x01\1\2\3\4" ETHERNET "\x08\x00");
	LINKED_IGNORED(DLT_PPP, "\x31\x00\x02" ETHERNET "\x08\x00", IGNORED_PPP_OTHER);
	ck_assert_uint_eq(octets_without_length("\x31\x00\x01" ETHERNET "\x08\x00", 17), 120);
	ck_assert_uint_eq(octets_without_length("\x31\x80\x01" ETHERNET "\x08\x00", 17), 116);
	ck_assert_uint_eq(octets_without_length("\x31\x83\x01" ETHERNET "\x08\x00", 17), 113);
}
END_TEST

START_TEST(other_protocols_are_named)
{
	LINKED_IGNORED(DLT_PPP, "\xff\x03\xc0\x21", IGNORED_PPP_CONTROL);
	LINKED_IGNORED(DLT_PPP, "\xff\x03\x80\x21", IGNORED_PPP_CONTROL);
	LINKED_IGNORED(DLT_PPP, "\xc2\x23", IGNORED_PPP_CONTROL);
	LINKED_IGNORED(DLT_PPP, "\x3d", IGNORED_PPP_MULTILINK);
	LINKED_IGNORED(DLT_PPP, "\x00\xfd", IGNORED_PPP_COMPRESSED);
	LINKED_IGNORED(DLT_PPP, "\x53", IGNORED_PPP_COMPRESSED);
	LINKED_IGNORED(DLT_PPP, "\x2f", IGNORED_PPP_COMPRESSED);
	LINKED_IGNORED(DLT_PPP, "\x23", IGNORED_ISIS);
	LINKED_IGNORED(DLT_PPP, "\x02\x01", IGNORED_STP);
	LINKED_IGNORED(DLT_PPP, "\x02\x07", IGNORED_CDP);
	LINKED_IGNORED(DLT_PPP, "\x7f\xff", IGNORED_PPP_OTHER);
}
END_TEST

/* Cisco's addresses are no numbers of protocols, so that a plain PPP link may have either. */
START_TEST(serial_lines_have_cisco_s_framing_too)
{
	LINKED_CARRIES(DLT_PPP, "\x0f\x00\x08\x00");
	LINKED_CARRIES(DLT_PPP, "\x8f\x00\x08\x00");
	LINKED_IGNORED(DLT_PPP, "\x8f\x00\x80\x35", IGNORED_SLARP);
	LINKED_CARRIES(DLT_PPP_SERIAL, "\xff\x03\x00\x21");
	LINKED_CARRIES(DLT_PPP_SERIAL, "\x21");
	LINKED_CARRIES(DLT_PPP_SERIAL, "\x0f\x00\x08\x00");
	LINKED_CARRIES(DLT_PPP_SERIAL, "\x8f\x00\x08\x00");
	LINKED_IGNORED(DLT_PPP_SERIAL, "\x8f\x00\x80\x35", IGNORED_SLARP);
}
END_TEST

START_TEST(captures_tell_the_direction)
{
	LINKED_CARRIES(DLT_PPP_WITH_DIR, "\x00\xff\x03\x00\x21");
	LINKED_CARRIES(DLT_PPP_WITH_DIR, "\x01\x00\x21");
	LINKED_CARRIES(DLT_PPP_PPPD, "\x01\x03\x00\x21");
	LINKED_IGNORED(DLT_PPP_PPPD, "\x01\x04\x00\x21", IGNORED_PPP_OTHER);
	LINKED_CARRIES(DLT_PPP_BSDOS, "\0\0\0\0\0\x00\x21\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
}
END_TEST

START_TEST(sessions_over_ethernet_are_looked_through)
{
	LINKED_CARRIES(DLT_EN10MB, ETHERNET "\x88\x64\x11\x00\x12\x34\x00\x1e\x00\x21");
	LINKED_CARRIES(DLT_EN10MB, ETHERNET "\x88\x64\x11\x00\x12\x34\x00\x1d\x21");
	LINKED_CARRIES(DLT_PPP_ETHER, "\x11\x00\x12\x34\x00\x1e\x00\x21");
	LINKED_IGNORED(
	    DLT_EN10MB, ETHERNET "\x88\x64\x11\x00\0\1\0\x0c\xc0\x21", IGNORED_PPP_CONTROL);
}
END_TEST

START_TEST(discovery_and_other_versions_are_pppoe)
{
	LINKED_IGNORED(DLT_EN10MB, ETHERNET "\x88\x63\x11\x09\0\0\0\x04", IGNORED_PPPOE);
	LINKED_IGNORED(DLT_PPP_ETHER, "\x11\xa7\0\1\0\0", IGNORED_PPPOE);
	LINKED_IGNORED(DLT_PPP_ETHER, "\x21\x00\0\1\0\x1e\x00\x21", IGNORED_PPPOE);
}
END_TEST

static enum ignored decode_session(unsigned length, unsigned total, struct pktinfo *info)
{
	struct frame f = {.size = 0};

	frame_put_ethernet(&f, 0x8864);
	frame_put(&f, "\x11\x00\0\1", 4);
	frame_put16(&f, length);
	frame_put16(&f, 0x0021);
	frame_put_ipv4(&f, 17, total);
	frame_put_udp(&f);
	frame_put_zeros(&f, 18);
	return frame_decode(&f, DLT_EN10MB, info);
}

/* What is behind a session's packet in the frame is padding, also where IP's length is no help. */
START_TEST(the_session_s_length_ends_the_packet)
{
	struct pktinfo info;

	ck_assert_int_eq(decode_session(2 + 28, 0, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 28);
	ck_assert_int_eq(decode_session(2 + 28, 46, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 28);
	ck_assert_uint_eq(info.notes, 1u << NOTE_LENGTH_LIES);
	ck_assert_int_eq(decode_session(2 + 20, 28, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 20);
	ck_assert_uint_eq(info.head.dst_port, 0);
	ck_assert_int_eq(decode_session(2 + 19, 28, &info), IGNORED_TRUNCATED);
	ck_assert_int_eq(decode_session(0, 28, &info), IGNORED_TRUNCATED);
	ck_assert_int_eq(decode_session(0xffff, 28, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 28);
}
END_TEST

Suite *ppp_suite(void)
{
	const TTest *const tests[] = {
	    framing_and_protocol_may_be_short,
	    ipv6_is_found,
	    labels_are_looked_through,
	    bridged_frames_have_checksum_and_padding,
	    other_protocols_are_named,
	    serial_lines_have_cisco_s_framing_too,
	    captures_tell_the_direction,
	    sessions_over_ethernet_are_looked_through,
	    discovery_and_other_versions_are_pppoe,
	    the_session_s_length_ends_the_packet,
	};

	return SUITE_OF("ppp", tests);
}

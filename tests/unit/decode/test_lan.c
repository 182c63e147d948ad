#include "suites.h"

#include <pcap/dlt.h>

#include "support/linked.h"

#define DST "\2\0\0\0\0\1"
#define SRC "\2\0\0\0\0\2"
#define SNAP "\xaa\xaa\x03\0\0\0\x08\x00"

static void check_macs(int linktype, const void *headers, size_t n)
{
	struct pktinfo info;

	linked_decode(linktype, headers, n, &info);
	ck_assert_mem_eq(info.detail.dst_mac, DST, 6);
	ck_assert_mem_eq(info.detail.src_mac, SRC, 6);
}
#define CHECK_MACS(linktype, literal) check_macs(linktype, literal, sizeof(literal) - 1)

START_TEST(token_ring_has_a_route_where_the_source_says_so)
{
	CHECK_MACS(DLT_IEEE802, "\x10\x40" DST SRC SNAP);
	CHECK_MACS(DLT_IEEE802, "\x10\x40" DST "\x82\0\0\0\0\2\x02\x30" SNAP);
	CHECK_MACS(DLT_IEEE802, "\x10\x40" DST "\x82\0\0\0\0\2\x06\x30\1\2\3\0" SNAP);
	LINKED_IGNORED(DLT_IEEE802, "\x10\x00" DST SRC, IGNORED_MAC_FRAME);
	LINKED_IGNORED(DLT_IEEE802, "\x10\x40" DST SRC "\x42\x42\x03", IGNORED_STP);
}
END_TEST

START_TEST(fddi_has_frames_of_its_own)
{
	CHECK_MACS(DLT_FDDI, "\x50" DST SRC SNAP);
	CHECK_MACS(DLT_FDDI, "\xd0" DST SRC SNAP);
	LINKED_IGNORED(DLT_FDDI, "\x41" DST SRC, IGNORED_MAC_FRAME);
	LINKED_IGNORED(DLT_FDDI, "\xc2" DST SRC, IGNORED_MAC_FRAME);
}
END_TEST

START_TEST(arcnet_has_protocols_of_its_own)
{
	LINKED_CARRIES(DLT_ARCNET, "\1\2\xf0");
	LINKED_CARRIES(DLT_ARCNET, "\1\2\xd4\0\0\7");
	LINKED_CARRIES(DLT_ARCNET, "\1\2\xd4\xff\0\xff\xff\0\0\7");
	LINKED_CARRIES(DLT_ARCNET_LINUX, "\1\2\xab\x08\xf0");
	LINKED_CARRIES(DLT_ARCNET_LINUX, "\1\2\xa8\xe7\xd4\0\0\7");
	LINKED_IGNORED(DLT_ARCNET, "\1\0\xd5\0\0\7", IGNORED_ARP);
	LINKED_IGNORED(DLT_ARCNET, "\1\0\xf1", IGNORED_ARP);
	LINKED_IGNORED(DLT_ARCNET, "\1\0\xfa\0\0\7", IGNORED_IPX);
	LINKED_IGNORED(DLT_ARCNET, "\1\0\x80", IGNORED_NON_IP);
	LINKED_IGNORED(DLT_ARCNET, "\1\2\xd4\1\0\7", IGNORED_NON_IP);
	LINKED_IGNORED(DLT_ARCNET, "\1\2\xd4\2\0\7", IGNORED_NON_IP);
}
END_TEST

START_TEST(other_networks_have_addresses_of_other_sizes)
{
	CHECK_MACS(DLT_IP_OVER_FC, "\0\0" DST "\0\0" SRC SNAP);
	LINKED_CARRIES(DLT_APPLE_IP_OVER_IEEE1394, "\1\2\3\4\5\6\7\x08\1\2\3\4\5\6\7\x09\x08\x00");
	LINKED_IGNORED(DLT_APPLE_IP_OVER_IEEE1394, "\1\2\3\4\5\6\7\x08\1\2\3\4\5\6\7\x09\x08\x06",
	    IGNORED_ARP);
	LINKED_CARRIES(DLT_IPOIB,
	    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	    "\x08\0\0\0");
}
END_TEST

static uint64_t octets_without_length(int linktype, const void *headers, size_t n)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put(&f, headers, n);
	frame_put_ipv4(&f, 17, 0);
	frame_put_zeros(&f, 12);
	ck_assert_int_eq(frame_decode(&f, linktype, &info), IGNORED_NOT);
	return info.octets;
}

START_TEST(netanalyzer_has_the_checksum_too)
{
	static const char frame[] = "\1\2\3\4" DST SRC "\x08\x00";
	static const char transparent[] =
	    "\1\2\3\4\x55\x55\x55\x55\x55\x55\x55\xd5" DST SRC "\x08\x00";

	CHECK_MACS(DLT_NETANALYZER, "\1\2\3\4" DST SRC "\x08\x00");
	linked_carries(DLT_NETANALYZER_TRANSPARENT, transparent, sizeof(transparent) - 1);
	ck_assert_uint_eq(octets_without_length(DLT_NETANALYZER, frame, sizeof(frame) - 1), 28);
	ck_assert_uint_eq(octets_without_length(
			      DLT_NETANALYZER_TRANSPARENT, transparent, sizeof(transparent) - 1),
	    28);
}
END_TEST

static void check_vlan(int linktype, const void *headers, size_t n, unsigned vlan)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put(&f, headers, n);
	frame_put_packet(&f);
	ck_assert_int_eq(frame_decode(&f, linktype, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.head.vlan, vlan);
	frame_check_cuts(&f, linktype, n);
}

START_TEST(switch_chips_tags_are_stepped_over)
{
	CHECK_MACS(DLT_DSA_TAG_BRCM, DST SRC "\x01\0\0\x03\x08\x00");
	CHECK_MACS(DLT_DSA_TAG_BRCM_PREPEND, "\x01\0\0\x03" DST SRC "\x08\x00");
	CHECK_MACS(DLT_DSA_TAG_DSA, DST SRC "\xc0\x08\0\0\x08\x00");
	CHECK_MACS(DLT_DSA_TAG_EDSA, DST SRC "\xda\xda\0\0\xc0\x08\0\0\x08\x00");
}
END_TEST

START_TEST(marvell_s_tag_stands_for_that_of_the_vlan)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	check_vlan(DLT_DSA_TAG_DSA, DST SRC "\xe0\x08\xe0\x15\x08\x00", 18, 21);
	check_vlan(DLT_DSA_TAG_DSA, DST SRC "\xc0\x08\xe0\x15\x08\x00", 18, 0);
	check_vlan(DLT_DSA_TAG_EDSA, DST SRC "\xda\xda\0\0\xe0\x08\0\x15\x08\x00", 22, 21);
	frame_put(&f, DST SRC "\xe0\x08\0\x15\x81\0\0\x16\x08\0", 22);
	frame_put_packet(&f);
	ck_assert_int_eq(frame_decode(&f, DLT_DSA_TAG_DSA, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.head.vlan, 21);
	ck_assert_uint_eq(info.inner_vlan, 22);
}
END_TEST

Suite *lan_suite(void)
{
	const TTest *const tests[] = {
	    token_ring_has_a_route_where_the_source_says_so,
	    fddi_has_frames_of_its_own,
	    arcnet_has_protocols_of_its_own,
	    other_networks_have_addresses_of_other_sizes,
	    netanalyzer_has_the_checksum_too,
	    switch_chips_tags_are_stepped_over,
	    marvell_s_tag_stands_for_that_of_the_vlan,
	};

	return SUITE_OF("lan", tests);
}

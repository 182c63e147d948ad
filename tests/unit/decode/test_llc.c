#include "suites.h"

#include <pcap/dlt.h>

#include "support/frame.h"

static enum ignored decode_llc(const char *llc, size_t n, struct pktinfo *info)
{
	struct frame f = {.size = 0};

	frame_put_ethernet(&f, (unsigned)n + 28);
	frame_put(&f, llc, n);
	frame_put_packet(&f);
	frame_check_cuts(&f, DLT_EN10MB, 14 + 3);
	return frame_decode(&f, DLT_EN10MB, info);
}

START_TEST(llc_is_told_by_its_access_points)
{
	struct pktinfo info;

	ck_assert_int_eq(decode_llc("\x42\x42\x03", 3, &info), IGNORED_STP);
	ck_assert_int_eq(decode_llc("\xe0\xe0\x03", 3, &info), IGNORED_IPX);
	ck_assert_int_eq(decode_llc("\x42\x43\x03", 3, &info), IGNORED_STP);
	ck_assert_int_eq(decode_llc("\xfe\xfe\x03\x83", 4, &info), IGNORED_ISIS);
	ck_assert_int_eq(decode_llc("\xff\xff\x00\x1e", 4, &info), IGNORED_IPX);
	ck_assert_int_eq(decode_llc("\xff\xfe\x03", 3, &info), IGNORED_LLC);
	ck_assert_int_eq(decode_llc("\xf0\xf0\x03", 3, &info), IGNORED_NETBIOS);
	ck_assert_int_eq(decode_llc("\xf0\xf1\x7f", 3, &info), IGNORED_NETBIOS);
	ck_assert_int_eq(decode_llc("\x04\x04\x7f", 3, &info), IGNORED_SNA);
	ck_assert_int_eq(decode_llc("\x05\x05\x03", 3, &info), IGNORED_SNA);
	ck_assert_int_eq(decode_llc("\x08\x08\x03", 3, &info), IGNORED_SNA);
	ck_assert_int_eq(decode_llc("\x0c\x0c\x03", 3, &info), IGNORED_SNA);
	ck_assert_int_eq(decode_llc("\x82\x82\x03", 3, &info), IGNORED_INDUSTRIAL);
	ck_assert_int_eq(decode_llc("\x00\x01\xaf", 3, &info), IGNORED_LLC);
	ck_assert_int_eq(decode_llc("\x42\xaa\x03", 3, &info), IGNORED_LLC);
	ck_assert_int_eq(decode_llc("\x06\x06\x03", 3, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 28);
	ck_assert_uint_eq(info.head.dst_port, 53);
}
END_TEST

START_TEST(snap_is_told_by_organization_and_type)
{
	struct pktinfo info;

	ck_assert_int_eq(decode_llc("\xaa\xaa\x03\0\0\x0c\x20\x00", 8, &info), IGNORED_CDP);
	ck_assert_int_eq(decode_llc("\xaa\xaa\x03\0\0\0\x08\x06", 8, &info), IGNORED_ARP);
	ck_assert_int_eq(decode_llc("\xaa\xaa\x03\0\0\0\0\x10", 8, &info), IGNORED_LLC);
	ck_assert_int_eq(decode_llc("\xaa\xaa\x03\0\0\xf8\x08\x00", 8, &info), IGNORED_NOT);
	ck_assert_int_eq(decode_llc("\xaa\xaa\x03\0\0\0\x08\x00", 8, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 28);
	ck_assert_uint_eq(info.head.dst_port, 53);
}
END_TEST

/* The poll bit changes nothing; numbered frames, identification (XID) and tests have no IP. */
START_TEST(ip_is_in_unnumbered_information_alone)
{
	for (unsigned control = 0; control < 256; control++) {
		bool is_ip = control == 0x03 || control == 0x13;
		char snap[] = "\xaa\xaa\x03\0\0\0\x08\x00", ip[] = "\x06\x06\x03";
		struct pktinfo info;

		snap[2] = (char)control;
		ip[2] = (char)control;
		ck_assert_int_eq(decode_llc(snap, 8, &info), is_ip ? IGNORED_NOT : IGNORED_LLC);
		ck_assert_int_eq(decode_llc(ip, 3, &info), is_ip ? IGNORED_NOT : IGNORED_LLC);
	}
}
END_TEST

static const struct {
	const char *snap; /* organization and type */
	enum ignored ignored;
} named[] = {
    {"\x00\x00\x0c\x20\x00", IGNORED_CDP},
    {"\x00\xe0\x2b\x00\xbb", IGNORED_CDP},
    {"\x00\xe0\x52\x20\x00", IGNORED_CDP},
    {"\x00\x00\x81\x01\xa1", IGNORED_CDP},
    {"\x00\x00\x81\x01\xa2", IGNORED_CDP},
    {"\x00\x00\x0c\x01\x0b", IGNORED_STP},
    {"\x00\x00\x0c\x01\x0c", IGNORED_STP},
    {"\x00\x80\xc2\x00\x0e", IGNORED_STP},
    {"\x00\x00\x0c\x20\x03", IGNORED_CISCO}, /* VTP */
    {"\x00\x00\x0c\x20\x04", IGNORED_CISCO}, /* DTP */
    {"\x00\x00\x0c\x01\x11", IGNORED_CISCO}, /* UDLD */
    {"\x00\x00\x0c\x01\x04", IGNORED_CISCO}, /* PAgP */
    {"\x00\x00\x0c\x08\x00", IGNORED_CISCO}, /* no EtherType there */
    {"\x00\x40\x96\x00\x00", IGNORED_CISCO},
    {"\x08\x00\x07\x80\x9b", IGNORED_APPLETALK},
    {"\x00\x00\x00\x80\xf3", IGNORED_APPLETALK},
    {"\x00\x00\xf8\x81\x37", IGNORED_IPX},
    {"\x00\xe0\x2b\x00\xbc", IGNORED_LLC},
    {"\x00\x80\xc2\x00\x07", IGNORED_LLC},
    {"\x08\x00\x07\x08\x00", IGNORED_LLC},
};

START_TEST(snap_names_what_is_no_ip)
{
	for (unsigned i = 0; i < sizeof(named) / sizeof(*named); i++) {
		struct frame f = {.size = 0};
		struct pktinfo info;

		frame_put_ethernet(&f, 46);
		frame_put(&f, "\xaa\xaa\x03", 3);
		frame_put(&f, named[i].snap, 5);
		frame_put_packet(&f);
		ck_assert_msg(frame_decode(&f, DLT_EN10MB, &info) == named[i].ignored, "row %u", i);
		frame_check_cuts(&f, DLT_EN10MB, 14 + 8);
	}
}
END_TEST

/* IS-IS pads its hellos to the size of the largest frame, for which a length has no room. */
START_TEST(jumbo_frames_have_llc_behind_a_type)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ethernet(&f, 0x8870);
	frame_put(&f, "\xfe\xfe\x03\x83", 4);
	frame_put_zeros(&f, 3000);
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_ISIS);
	frame_check_cuts(&f, DLT_EN10MB, 14 + 3);
}
END_TEST

START_TEST(snap_cut_in_its_header_is_truncated)
{
	struct frame f = {.size = 0};

	frame_put_ethernet(&f, 36);
	frame_put(&f, "\xaa\xaa\x03\0\0\0\x08\x00", 8);
	frame_put_packet(&f);
	frame_check_packet(&f, DLT_EN10MB);
	frame_check_cuts(&f, DLT_EN10MB, 14 + 8);
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
	frame_put_packet(&f);
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.head.vlan, 11);
	ck_assert_uint_eq(info.inner_vlan, 12);
	ck_assert_uint_eq(info.octets, 28);
}
END_TEST

Suite *llc_suite(void)
{
	const TTest *const tests[] = {
	    llc_is_told_by_its_access_points,
	    snap_is_told_by_organization_and_type,
	    ip_is_in_unnumbered_information_alone,
	    snap_names_what_is_no_ip,
	    jumbo_frames_have_llc_behind_a_type,
	    snap_cut_in_its_header_is_truncated,
	    snap_goes_on_behind_and_before_a_tag,
	};

	return SUITE_OF("llc", tests);
}

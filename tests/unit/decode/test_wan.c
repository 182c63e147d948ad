#include "suites.h"

#include <pcap/dlt.h>

#include "support/linked.h"

#define ETHERNET "\2\0\0\0\0\1\2\0\0\0\0\2\x08\x00"

START_TEST(cisco_hdlc_has_ethertypes)
{
	struct pktinfo info;

	LINKED_CARRIES(DLT_C_HDLC, "\x0f\x00\x08\x00");
	LINKED_CARRIES(DLT_C_HDLC, "\x8f\x00\x88\x47\0\x01\x01\x40");
	LINKED_CARRIES(DLT_C_HDLC, "\x0f\x00\x65\x58" ETHERNET);
	LINKED_CARRIES(DLT_C_HDLC, "\x0f\x00\x00\x24\xaa\xaa\x03\0\0\0\x08\x00");
	LINKED_CARRIES(DLT_C_HDLC_WITH_DIR, "\x01\x0f\x00\x08\x00");
	linked_decode(DLT_C_HDLC, "\x0f\x00\x81\x00\x00\x15\x08\x00", 8, &info);
	ck_assert_uint_eq(info.head.vlan, 21);
}
END_TEST

START_TEST(cisco_hdlc_has_numbers_of_its_own)
{
	LINKED_IGNORED(DLT_C_HDLC, "\x8f\x00\x80\x35", IGNORED_SLARP);
	LINKED_IGNORED(DLT_C_HDLC, "\x8f\x00\x20\x00", IGNORED_CDP);
	LINKED_IGNORED(DLT_C_HDLC, "\x0f\x00\xfe\xfe", IGNORED_ISIS);
	LINKED_IGNORED(DLT_C_HDLC, "\x0f\x00\x42\x42", IGNORED_STP);
	LINKED_IGNORED(DLT_C_HDLC, "\x0f\x00\x08\x06", IGNORED_ARP);
	LINKED_IGNORED(DLT_C_HDLC, "\x0f\x00\x7f\xff", IGNORED_NON_IP);
}
END_TEST

START_TEST(frame_relay_s_address_has_its_own_end)
{
	LINKED_CARRIES(DLT_FRELAY, "\x18\x41\x03\xcc");
	LINKED_CARRIES(DLT_FRELAY, "\x18\x40\x41\x03\xcc");
	LINKED_CARRIES(DLT_FRELAY, "\x18\x40\x40\x41\x03\xcc");
	LINKED_CARRIES(DLT_FRELAY_WITH_DIR, "\0\x18\x41\x03\xcc");
	LINKED_IGNORED(DLT_FRELAY, "\x19\x03\xcc", IGNORED_FRAME_RELAY);
	LINKED_IGNORED(DLT_FRELAY, "\x18\x40\x40\x40\x03\xcc", IGNORED_FRAME_RELAY);
}
END_TEST

START_TEST(frame_relay_carries_what_the_nlpid_says)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	LINKED_CARRIES(DLT_FRELAY, "\x18\x41\x03\x00\xcc");
	LINKED_CARRIES(DLT_FRELAY, "\x18\x41\x03\x00\x80\0\0\0\x08\x00");
	LINKED_CARRIES(DLT_FRELAY, "\x18\x41\x03\x00\x80\0\x80\xc2\0\x07" ETHERNET);
	LINKED_CARRIES(DLT_FRELAY, "\x18\x41\x03\xcf\0\x21");
	frame_put(&f, "\x18\x41\x03\x8e", 4);
	frame_put_ipv6(&f, 59, 0);
	ck_assert_int_eq(frame_decode(&f, DLT_FRELAY, &info), IGNORED_NOT);
	ck_assert_uint_eq(kind_version(info.head.kind), 6);
}
END_TEST

START_TEST(frame_relay_carries_cisco_s_types)
{
	LINKED_CARRIES(DLT_FRELAY, "\x18\x41\x08\x00");
	LINKED_IGNORED(DLT_FRELAY, "\x18\x41\x08\x06", IGNORED_ARP);
	LINKED_IGNORED(DLT_FRELAY, "\x18\x41\x20\x00", IGNORED_CDP);
	LINKED_IGNORED(DLT_FRELAY, "\x18\x41\x22\x00", IGNORED_FRAME_RELAY);
}
END_TEST

START_TEST(frame_relay_names_the_rest)
{
	LINKED_IGNORED(DLT_FRELAY, "\x00\x01\x03\x08", IGNORED_FRAME_RELAY); /* LMI, Q.933 */
	LINKED_IGNORED(DLT_FRELAY, "\xfc\xf1\x03\x09", IGNORED_FRAME_RELAY);
	LINKED_IGNORED(DLT_FRELAY, "\x18\x41\x03\x83", IGNORED_ISIS);
	LINKED_IGNORED(DLT_FRELAY, "\x18\x41\x03\x80\0\x80\xc2\0\x0e", IGNORED_STP);
	LINKED_IGNORED(DLT_FRELAY, "\x18\x41\x03\x80\0\x80\xc2\0\x08", IGNORED_FRAME_RELAY);
	LINKED_IGNORED(DLT_FRELAY, "\x18\x41\x03\x80\0\0\x0c\x20\0", IGNORED_CDP);
	LINKED_IGNORED(DLT_FRELAY, "\x18\x41\x03\x80\0\0\x0c\x20\1", IGNORED_FRAME_RELAY);
	LINKED_IGNORED(DLT_FRELAY, "\x18\x41\x03\x80\0\0\0\x01\0", IGNORED_FRAME_RELAY);
}
END_TEST

static const int atm_types[] = {DLT_ATM_RFC1483, DLT_ATM_CLIP};

START_TEST(aal5_is_told_by_llc)
{
	for (unsigned i = 0; i < 2; i++) {
		LINKED_CARRIES(atm_types[i], "\xaa\xaa\x03\0\0\0\x08\x00");
		LINKED_CARRIES(atm_types[i], "\xaa\xaa\x03\0\x80\xc2\0\x07\0\0" ETHERNET);
		LINKED_CARRIES(atm_types[i], "\xfe\xfe\x03\xcc");
		LINKED_CARRIES(atm_types[i], "\xfe\xfe\x03\xcf\0\x21");
		LINKED_CARRIES(atm_types[i], "\x03\xcc");
		LINKED_IGNORED(atm_types[i], "\xfe\xfe\x03\x83", IGNORED_ISIS);
		LINKED_IGNORED(atm_types[i], "\x42\x42\x03", IGNORED_STP);
		LINKED_IGNORED(atm_types[i], "\xaa\xaa\x03\0\0\0\x08\x06", IGNORED_ARP);
		LINKED_IGNORED(atm_types[i], "\xaa\xaa\x03\0\x80\xc2\0\x02", IGNORED_LLC);
		LINKED_IGNORED(atm_types[i], "\x98\x98\x03", IGNORED_LLC);
	}
}
END_TEST

START_TEST(aal5_of_one_protocol_is_told_by_its_content)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	LINKED_CARRIES(DLT_ATM_RFC1483, "");
	LINKED_CARRIES(DLT_ATM_RFC1483, "\0\x21");
	LINKED_CARRIES(DLT_ATM_RFC1483, "\xff\x03\0\x21");
	LINKED_IGNORED(DLT_ATM_RFC1483, "\xc0\x21", IGNORED_PPP_CONTROL);
	frame_put_ipv6(&f, 59, 0);
	ck_assert_int_eq(frame_decode(&f, DLT_ATM_RFC1483, &info), IGNORED_NOT);
	ck_assert_uint_eq(kind_version(info.head.kind), 6);
}
END_TEST

START_TEST(bridged_frames_may_have_their_checksum)
{
	static const char frelay[] = "\x18\x41\x03\x80\0\x80\xc2\0\x01" ETHERNET;
	static const char atm[] = "\xaa\xaa\x03\0\x80\xc2\0\x01\0\0" ETHERNET;
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put(&f, frelay, sizeof(frelay) - 1);
	frame_put_ipv4(&f, 17, 0);
	frame_put_zeros(&f, 12);
	ck_assert_int_eq(frame_decode(&f, DLT_FRELAY, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 28);
	f.size = 0;
	frame_put(&f, atm, sizeof(atm) - 1);
	frame_put_ipv4(&f, 17, 0);
	frame_put_zeros(&f, 12);
	ck_assert_int_eq(frame_decode(&f, DLT_ATM_RFC1483, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 28);
}
END_TEST

START_TEST(slip_has_a_header_of_fixed_size)
{
	LINKED_CARRIES(DLT_SLIP, "\1\x45\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
	LINKED_CARRIES(DLT_SLIP_BSDOS, "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
}
END_TEST

Suite *wan_suite(void)
{
	const TTest *const tests[] = {
	    cisco_hdlc_has_ethertypes,
	    cisco_hdlc_has_numbers_of_its_own,
	    frame_relay_s_address_has_its_own_end,
	    frame_relay_carries_what_the_nlpid_says,
	    frame_relay_carries_cisco_s_types,
	    frame_relay_names_the_rest,
	    aal5_is_told_by_llc,
	    aal5_of_one_protocol_is_told_by_its_content,
	    bridged_frames_may_have_their_checksum,
	    slip_has_a_header_of_fixed_size,
	};

	return SUITE_OF("wan", tests);
}

#include "suites.h"

#include <pcap/dlt.h>

#include "support/linked.h"

#define ETHERNET "\2\0\0\0\0\1\2\0\0\0\0\2"

START_TEST(headers_have_extensions_or_not)
{
	LINKED_CARRIES(DLT_JUNIPER_ETHER, "MGC\x01" ETHERNET "\x08\x00");
	LINKED_CARRIES(DLT_JUNIPER_ETHER, "MGC\x81\0\0" ETHERNET "\x08\x00");
	LINKED_CARRIES(DLT_JUNIPER_ETHER, "MGC\x80\0\x06\1\1\0\4\1\0" ETHERNET "\x08\x00");
	LINKED_IGNORED(DLT_JUNIPER_ETHER, "MGD\x01" ETHERNET "\x08\x00", IGNORED_JUNIPER);
}
END_TEST

START_TEST(the_link_type_says_what_follows)
{
	LINKED_CARRIES(DLT_JUNIPER_PPPOE, "MGC\0" ETHERNET "\x88\x64\x11\0\0\1\0\x1e\0\x21");
	LINKED_CARRIES(DLT_JUNIPER_PPPOE_ATM, "MGC\0\x88\x64\x11\0\0\1\0\x1e\0\x21");
	LINKED_CARRIES(DLT_JUNIPER_PPP, "MGC\0\xff\x03\0\x21");
	LINKED_CARRIES(DLT_JUNIPER_CHDLC, "MGC\0\x0f\0\x08\0");
	LINKED_CARRIES(DLT_JUNIPER_FRELAY, "MGC\0\x18\x41\x03\xcc");
}
END_TEST

START_TEST(a_link_layer_that_was_taken_off_leaves_a_number)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	LINKED_CARRIES(DLT_JUNIPER_ETHER, "MGC\x03\2\0\0\0");
	LINKED_CARRIES(DLT_JUNIPER_PPP, "MGC\x83\0\3\1\1\0\2\0\0\0");
	LINKED_IGNORED(DLT_JUNIPER_ETHER, "MGC\x03\2\0\0\0\x81\0", IGNORED_JUNIPER);
	frame_put(&f, "MGC\x03\6\0\0\0", 8);
	frame_put_ipv6(&f, 59, 0);
	ck_assert_int_eq(frame_decode(&f, DLT_JUNIPER_ETHER, &info), IGNORED_NOT);
	ck_assert_uint_eq(kind_version(info.head.kind), 6);
}
END_TEST

START_TEST(bundles_of_links_have_cookies)
{
	LINKED_CARRIES(DLT_JUNIPER_MLPPP, "MGC\0\1\2\0\x21");
	LINKED_CARRIES(DLT_JUNIPER_MLPPP, "MGC\0\xff\x03\0\x21");
	LINKED_CARRIES(DLT_JUNIPER_MLPPP, "MGC\0\x54\1\2\3\0\x21");
	LINKED_CARRIES(DLT_JUNIPER_MLPPP, "MGC\0\x47\0\0\0\0\0\0\0");
	LINKED_CARRIES(DLT_JUNIPER_MLPPP, "MGC\0\x47\0\0\0\0\x20\0\0\0\1\1\x40");
	LINKED_IGNORED(DLT_JUNIPER_MLPPP, "MGC\0\0\x23", IGNORED_ISIS);
	LINKED_IGNORED(DLT_JUNIPER_MLPPP, "MGC\0\x47\0\0\0\0\x30\0\0", IGNORED_ISIS);
	LINKED_IGNORED(DLT_JUNIPER_MLPPP, "MGC\0\x47\0\0\0\0\x40\0\0", IGNORED_JUNIPER);
	LINKED_IGNORED(DLT_JUNIPER_MLPPP, "MGC\0\x47\0\0\0\0\0\0\0\x81", IGNORED_JUNIPER);
}
END_TEST

START_TEST(atm_cards_have_cookies)
{
	LINKED_CARRIES(DLT_JUNIPER_ATM1, "MGC\0\0\1\2\3\xaa\xaa\x03\0\0\0\x08\0");
	LINKED_CARRIES(DLT_JUNIPER_ATM1, "MGC\0\0\1\2\3");
	LINKED_CARRIES(DLT_JUNIPER_ATM2, "MGC\0\0\1\2\3\4\5\6\0\xfe\xfe\x03\xcc");
	LINKED_CARRIES(DLT_JUNIPER_ATM2, "MGC\0\0\1\2\3\4\5\6\0" ETHERNET "\x08\x00");
	LINKED_CARRIES(DLT_JUNIPER_ATM2, "MGC\0\0\1\2\0\4\5\6\0");
	LINKED_CARRIES(DLT_JUNIPER_ATM2, "MGC\1\0\1\2\3\4\5\6\0");
	LINKED_IGNORED(DLT_JUNIPER_ATM1, "MGC\0\x80\1\2\3", IGNORED_JUNIPER);
	LINKED_IGNORED(DLT_JUNIPER_ATM2, "MGC\0\0\1\2\3\4\5\6\x10", IGNORED_JUNIPER);
}
END_TEST

Suite *juniper_suite(void)
{
	const TTest *const tests[] = {
	    headers_have_extensions_or_not,
	    the_link_type_says_what_follows,
	    a_link_layer_that_was_taken_off_leaves_a_number,
	    bundles_of_links_have_cookies,
	    atm_cards_have_cookies,
	};

	return SUITE_OF("juniper", tests);
}

#include "suites.h"

#include <pcap/dlt.h>
#include <string.h>

#include "support/linked.h"

#define A1 "\2\0\0\0\0\1"
#define A2 "\2\0\0\0\0\2"
#define A3 "\2\0\0\0\0\3"
#define A4 "\2\0\0\0\0\4"
#define SNAP "\xaa\xaa\x03\0\0\0\x08\x00"
/* Control octets, and all else of a data frame's header; fragment 0 of sequence number 0x12. */
#define DATA(type, flags) type flags "\0\0" A1 A2 A3 "\x20\x01"
#define FRAME DATA("\x08", "\x00") SNAP

static void check_macs(const char *flags, const char *more, const char *dst, const char *src)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put(&f, DATA("\x08", "\x00"), 24);
	f.octets[1] = (uint8_t)*flags;
	frame_put(&f, more, strlen(more) ? 6 : 0);
	frame_put(&f, SNAP, 8);
	linked_decode(DLT_IEEE802_11, f.octets, f.size, &info);
	ck_assert_mem_eq(info.detail.dst_mac, dst, 6);
	ck_assert_mem_eq(info.detail.src_mac, src, 6);
}

START_TEST(addresses_are_by_the_distribution_system_s_bits)
{
	check_macs("\x00", "", A1, A2);
	check_macs("\x01", "", A3, A2);
	check_macs("\x02", "", A1, A3);
	check_macs("\x03", A4, A3, A4);
}
END_TEST

START_TEST(data_frames_of_each_kind_are_decoded)
{
	LINKED_CARRIES(DLT_IEEE802_11, FRAME);
	LINKED_CARRIES(DLT_IEEE802_11, DATA("\x18", "\x00") SNAP);                  /* + CF-Ack */
	LINKED_CARRIES(DLT_IEEE802_11, DATA("\x88", "\x00") "\0\0" SNAP);           /* QoS */
	LINKED_CARRIES(DLT_IEEE802_11, DATA("\x88", "\x80") "\x05\0\1\2\3\4" SNAP); /* HT control */
	LINKED_CARRIES(DLT_IEEE802_11, DATA("\x88", "\x83") A4 "\0\0\1\2\3\4" SNAP);
	LINKED_CARRIES(DLT_IEEE802_11, DATA("\x08", "\x80") SNAP); /* strictly ordered */
	LINKED_CARRIES(DLT_IEEE802_11, DATA("\x08", "\x3c") SNAP); /* retried, a first fragment */
}
END_TEST

START_TEST(other_frames_are_named)
{
	LINKED_IGNORED(DLT_IEEE802_11, DATA("\x80", "\x00"), IGNORED_WLAN_MANAGEMENT);
	LINKED_IGNORED(DLT_IEEE802_11, "\xd4\0\0\0" A1, IGNORED_WLAN_CONTROL);
	LINKED_IGNORED(DLT_IEEE802_11, DATA("\x48", "\x01"), IGNORED_WLAN_NO_DATA);
	LINKED_IGNORED(DLT_IEEE802_11, DATA("\xc8", "\x01") "\0\0", IGNORED_WLAN_NO_DATA);
	LINKED_IGNORED(DLT_IEEE802_11, DATA("\x08", "\x41") "\1\2\3\0", IGNORED_WLAN_PROTECTED);
	LINKED_IGNORED(DLT_IEEE802_11, DATA("\x88", "\x00") "\x80\0", IGNORED_WLAN_AMSDU);
	LINKED_IGNORED(DLT_IEEE802_11, DATA("\x88", "\x80") "\x80\0\0\0\0\0", IGNORED_WLAN_AMSDU);
	LINKED_IGNORED(
	    DLT_IEEE802_11, "\x08\0\0\0" A1 A2 A3 "\x21\x01" SNAP, IGNORED_WLAN_FRAGMENT);
	LINKED_IGNORED(DLT_IEEE802_11, "\x0c\0\0\0" A1, IGNORED_WLAN_OTHER);
	LINKED_IGNORED(DLT_IEEE802_11, "\x09\0\0\0" A1, IGNORED_WLAN_OTHER);
	LINKED_IGNORED(
	    DLT_IEEE802_11, DATA("\x08", "\x00") "\xaa\xaa\x03\0\0\0\x88\x8e", IGNORED_EAPOL);
}
END_TEST

/* Presence bits: bit 0 TSFT, bit 1 flags, bit 3 channel, bit 31 another word. */
START_TEST(radiotap_is_stepped_over)
{
	LINKED_CARRIES(DLT_IEEE802_11_RADIO, "\0\0\x08\0\0\0\0\0" FRAME);
	LINKED_CARRIES(DLT_IEEE802_11_RADIO, "\0\0\x0c\0\x08\0\0\0\x6c\x09\xa0\0" FRAME);
	LINKED_CARRIES(DLT_IEEE802_11_RADIO, "\0\0\x0c\0\0\0\0\x80\0\0\0\0" FRAME);
	LINKED_IGNORED(DLT_IEEE802_11_RADIO, "\1\0\x08\0\0\0\0\0" FRAME, IGNORED_WLAN_OTHER);
	LINKED_IGNORED(DLT_IEEE802_11_RADIO, "\0\0\x07\0\0\0\0\0" FRAME, IGNORED_WLAN_OTHER);
}
END_TEST

/*
 * Without a total length the octets are those of the wire: so the checksum shows. The frame's first
 * octet would be flags that tell of one, and so would its ninth.
 */
#define TEMPTING "\x18\0\0\0\2\0\0\0\1\0" A2 A3 "\x20\x01" SNAP

static enum ignored decode_tail(int linktype, const void *header, size_t n, struct pktinfo *info)
{
	struct frame f = {.size = 0};

	frame_put(&f, header, n);
	frame_put(&f, TEMPTING, 32);
	frame_put_ipv4(&f, 17, 0);
	frame_put_udp(&f);
	frame_put_zeros(&f, 4);
	return frame_decode(&f, linktype, info);
}

static void check_flags(const void *header, size_t n, unsigned octets)
{
	struct pktinfo info;

	ck_assert_int_eq(decode_tail(DLT_IEEE802_11_RADIO, header, n, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, octets);
}

START_TEST(radiotap_s_flags_are_found_behind_all_words)
{
	check_flags("\0\0\x08\0\0\0\0\0", 8, 32);
	check_flags("\0\0\x09\0\2\0\0\0\x10", 9, 28);
	check_flags("\0\0\x09\0\2\0\0\0\0", 9, 32);
	check_flags("\0\0\x11\0\3\0\0\0\x10\x10\x10\x10\x10\x10\x10\x10\x00", 17, 32);
	check_flags("\0\0\x11\0\3\0\0\0\0\0\0\0\0\0\0\0\x10", 17, 28);
	/* Two words: the timestamp is aligned, four octets behind them. */
	check_flags("\0\0\x19\0\3\0\0\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10", 25, 28);
	check_flags("\0\0\x0d\0\2\0\0\x80\2\0\0\0\x10", 13, 28);
	check_flags("\0\0\x19\0\3\0\0\x80\0\0\0\x80\0\0\0\0\0\0\0\0\0\0\0\0\x10", 25, 28);
	/* The header says that there are flags, but ends. */
	check_flags("\0\0\x08\0\2\0\0\0", 8, 32);
	check_flags("\0\0\x0c\0\2\0\0\x80\2\0\0\0", 12, 32);
}
END_TEST

START_TEST(frames_that_fail_their_check_are_not_metered)
{
	struct pktinfo info;

	ck_assert_int_eq(decode_tail(DLT_IEEE802_11_RADIO, "\0\0\x09\0\2\0\0\0\x50", 9, &info),
	    IGNORED_WLAN_BAD_FCS);
}
END_TEST

START_TEST(padded_headers_are_a_multiple_of_four)
{
	LINKED_CARRIES(
	    DLT_IEEE802_11_RADIO, "\0\0\x09\0\2\0\0\0\x20" DATA("\x88", "\x00") "\0\0\0\0" SNAP);
	LINKED_CARRIES(DLT_IEEE802_11_RADIO, "\0\0\x09\0\2\0\0\0\x20" FRAME);
}
END_TEST

/* After so many words nobody looks for flags any more. */
static void check_words(unsigned words, unsigned octets)
{
	struct frame f = {.size = 0};

	frame_put(&f, "\0\0", 2);
	frame_put8(&f, 4 + 4 * words + 1);
	frame_put(&f, "\0\2\0\0\x80", 5);
	for (unsigned i = 2; i < words; i++)
		frame_put(&f, "\0\0\0\x80", 4);
	frame_put(&f, "\0\0\0\0\x10", 5);
	check_flags(f.octets, f.size, octets);
}

START_TEST(presence_words_have_a_limit)
{
	check_words(32, 28);
	check_words(33, 32);
}
END_TEST

START_TEST(ppi_says_what_follows)
{
	LINKED_CARRIES(DLT_PPI, "\0\0\x08\0\x69\0\0\0" FRAME);
	LINKED_CARRIES(DLT_PPI, "\0\0\x0c\0\x01\0\0\0\1\2\0\0" A1 A2 "\x08\x00");
	LINKED_IGNORED(DLT_PPI, "\0\0\x08\0\xbd\0\0\0", IGNORED_NON_IP);
	LINKED_IGNORED(DLT_PPI, "\0\0\x08\0\xff\xff\xff\xff", IGNORED_NON_IP);
	LINKED_IGNORED(DLT_PPI, "\0\0\x07\0\x69\0\0\0", IGNORED_WLAN_OTHER);
}
END_TEST

/* The field of 802.11 behind one of five octets; its flags have the bit of a checksum, or more. */
static enum ignored decode_ppi(bool aligned, unsigned flags, struct pktinfo *info)
{
	struct frame f = {.size = 0};

	frame_put8(&f, 0);
	frame_put8(&f, aligned);
	frame_put(&f, aligned ? "\x2c" : "\x29", 1);
	frame_put(&f, "\0\x69\0\0\0", 5);
	frame_put(&f, "\1\0\5\0abcde", 9);
	frame_put_zeros(&f, aligned ? 3 : 0);
	frame_put(&f, "\2\0\x14\0\0\0\0\0\0\0\0\0", 12);
	frame_put8(&f, flags);
	frame_put_zeros(&f, 11);
	return decode_tail(DLT_PPI, f.octets, f.size, info);
}

START_TEST(ppi_s_flags_are_found_behind_other_fields)
{
	struct pktinfo info;

	ck_assert_int_eq(
	    decode_tail(DLT_PPI, "\0\0\x0c\0\x69\0\0\0\2\0\x14\0", 12, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 32);
	for (unsigned aligned = 0; aligned < 2; aligned++) {
		ck_assert_int_eq(decode_ppi(aligned, 0, &info), IGNORED_NOT);
		ck_assert_uint_eq(info.octets, 32);
		ck_assert_int_eq(decode_ppi(aligned, 1, &info), IGNORED_NOT);
		ck_assert_uint_eq(info.octets, 28);
		ck_assert_int_eq(decode_ppi(aligned, 5, &info), IGNORED_WLAN_BAD_FCS);
	}
}
END_TEST

START_TEST(prism_s_place_may_be_that_of_avs)
{
	static const int linktypes[] = {DLT_IEEE802_11_RADIO_AVS, DLT_PRISM_HEADER};
	struct frame f = {.size = 0};

	for (unsigned i = 0; i < 2; i++) {
		LINKED_CARRIES(linktypes[i], "\x80\x21\x10\x01\0\0\0\x0c\0\0\0\0" FRAME);
		LINKED_CARRIES(linktypes[i], "\x80\x21\x10\x02\0\0\0\x08" FRAME);
		LINKED_IGNORED(
		    linktypes[i], "\x80\x21\x10\x02\0\0\0\x07" FRAME, IGNORED_WLAN_OTHER);
	}
	LINKED_IGNORED(DLT_IEEE802_11_RADIO_AVS, "\0\0\0\1\0\0\0\x08" FRAME, IGNORED_WLAN_OTHER);
	frame_put(&f, "\x44\0\0\0\x90\0\0\0", 8);
	frame_put_zeros(&f, 136);
	frame_put(&f, FRAME, 32);
	linked_carries(DLT_PRISM_HEADER, f.octets, f.size);
}
END_TEST

Suite *wlan_suite(void)
{
	const TTest *const tests[] = {
	    addresses_are_by_the_distribution_system_s_bits,
	    data_frames_of_each_kind_are_decoded,
	    other_frames_are_named,
	    radiotap_is_stepped_over,
	    radiotap_s_flags_are_found_behind_all_words,
	    frames_that_fail_their_check_are_not_metered,
	    padded_headers_are_a_multiple_of_four,
	    presence_words_have_a_limit,
	    ppi_says_what_follows,
	    ppi_s_flags_are_found_behind_other_fields,
	    prism_s_place_may_be_that_of_avs,
	};

	return SUITE_OF("wlan", tests);
}

#include "suites.h"

#include <pcap/dlt.h>

#include "support/tunnel.h"
#include "util/bytes.h"

#define VXLAN_SEGMENT(id) (SEGMENT_VXLAN << SEGMENT_TYPE_SHIFT | (id))
#define UDP_LENGTH_AT 24 /* of an IPv4 packet */

/* UDP to this port, a header of 8 octets in two words, and perhaps an Ethernet header. */
static size_t open_overlay(struct frame *f, unsigned outer, unsigned port, uint32_t first,
    uint32_t second, unsigned ethertype)
{
	size_t at = tunnel_open_udp(f, outer, port);

	frame_put32(f, first);
	frame_put32(f, second);
	if (ethertype)
		frame_put_ethernet(f, ethertype);
	return at;
}

static struct frame whole(unsigned port, uint32_t first, uint32_t second, unsigned ethertype)
{
	struct frame f = {.size = 0};
	size_t at = open_overlay(&f, 4, port, first, second, ethertype);

	tunnel_put_inner(&f, 4);
	tunnel_close(&f, at);
	return f;
}

/* -- VXLAN -------------------------------------------------------------------------------------- */

START_TEST(vxlan_has_a_segment)
{
	static const unsigned ports[] = {4789, 8472};

	for (unsigned p = 0; p < 2; p++)
		for (unsigned outer = 4; outer <= 6; outer += 2)
			for (unsigned inner = 4; inner <= 6; inner += 2) {
				struct frame f = {.size = 0};
				size_t at = open_overlay(&f, outer, ports[p], 0x08000000,
				    0x12345600, inner == 4 ? 0x0800 : 0x86dd);

				tunnel_put_inner(&f, inner);
				tunnel_close(&f, at);
				ck_assert_uint_eq(
				    tunnel_segment(tunnel_expect_inner(&f, DECAP(VXLAN), inner)),
				    VXLAN_SEGMENT(0x123456));
				tunnel_expect_outer(&f, DECAP_ALL & ~DECAP(VXLAN), 0);
				tunnel_expect_cuts(&f, DECAP(VXLAN), inner);
			}
}
END_TEST

/* The group policy's bits, and all others but the one that says there is an identifier. */
START_TEST(vxlan_is_told_by_one_flag)
{
	for (unsigned flags = 0; flags < 256; flags++) {
		struct frame f = whole(4789, flags << 24 | 0xabcdef, 0x000001ff, 0x0800);

		if (flags & 8)
			ck_assert_uint_eq(tunnel_segment(tunnel_expect_inner(&f, DECAP(VXLAN), 4)),
			    VXLAN_SEGMENT(1));
		else
			tunnel_expect_outer(&f, DECAP(VXLAN), 0);
	}
}
END_TEST

START_TEST(udp_is_told_by_its_destination)
{
	struct frame f = whole(4789, 0x08000000, 0, 0x0800);

	put_be16(f.octets + 20, 4789);
	put_be16(f.octets + 22, 40000);
	tunnel_expect_outer(&f, DECAP_ALL, 0);
}
END_TEST

START_TEST(generic_extension_names_what_is_inside)
{
	struct frame f = whole(4790, 0x0c000001, 0x00000500, 0);

	ck_assert_uint_eq(
	    tunnel_segment(tunnel_expect_inner(&f, DECAP(VXLAN), 4)), VXLAN_SEGMENT(5));
	tunnel_expect_cuts(&f, DECAP(VXLAN), 4);
	f = whole(4790, 0x04000001, 0x00000500, 0);
	ck_assert_uint_eq(tunnel_segment(tunnel_expect_inner(&f, DECAP(VXLAN), 4)), 0);
	f = whole(4790, 0x0c000003, 0, 0x0800);
	tunnel_expect_inner(&f, DECAP(VXLAN), 4);
	f = whole(4790, 0x08000000, 0, 0x0800);
	tunnel_expect_inner(&f, DECAP(VXLAN), 4);
	/* Management, and protocols that are none of these. */
	f = whole(4790, 0x0d000001, 0, 0);
	tunnel_expect_outer(&f, DECAP(VXLAN), 0);
	for (unsigned protocol = 0; protocol < 256; protocol++) {
		f = whole(4790, 0x0c000000 | protocol, 0, 0);
		if (protocol == 0 || protocol == 2 || protocol > 4)
			tunnel_expect_outer(&f, DECAP(VXLAN), NOTE(TUNNEL_NOT_IP));
	}
}
END_TEST

START_TEST(arp_in_a_tunnel_is_the_tunnels_packet)
{
	struct frame f = whole(4789, 0x08000000, 0x00000700, 0x0806);

	tunnel_expect_outer(&f, DECAP(VXLAN), NOTE(TUNNEL_NOT_IP));
}
END_TEST

START_TEST(ports_are_those_of_the_packet_inside)
{
	struct frame f = whole(4789, 0x08000000, 0, 0x0800);
	struct pktinfo info;

	f.octets[f.size - 28 + 9] = 50;
	ck_assert_int_eq(tunnel_decode(&f, DECAP(VXLAN), &info), IGNORED_NOT);
	ck_assert_uint_eq(info.head.protocol, 50);
	ck_assert_uint_eq(info.head.src_port, 0);
	ck_assert_uint_eq(info.head.dst_port, 0);
}
END_TEST

/* -- UDP's length ------------------------------------------------------------------------------- */

/* 0 and what is too large come from offload; below 8 there is no header; else what follows is none
 * of the tunnel's. */
START_TEST(udp_length_limits_what_is_inside)
{
	struct frame f = whole(4789, 0x08000000, 0, 0x0800);
	unsigned length = (unsigned)f.size - 20;

	for (unsigned claimed = 0; claimed < length + 100; claimed++) {
		struct pktinfo info;

		put_be16(f.octets + UDP_LENGTH_AT, (uint16_t)claimed);
		if (claimed == length) {
			tunnel_expect_inner(&f, DECAP(VXLAN), 4);
		} else if (claimed == 0 || claimed > length) {
			ck_assert_int_eq(tunnel_decode(&f, DECAP(VXLAN), &info), IGNORED_NOT);
			ck_assert_uint_eq(info.octets, 28);
			ck_assert_uint_eq(info.notes, NOTE(UDP_LENGTH));
		} else if (claimed < length - 8) {
			tunnel_expect_outer(
			    &f, DECAP(VXLAN), NOTE(TUNNEL_NOT_IP) | NOTE(UDP_LENGTH));
		} else {
			ck_assert_int_eq(tunnel_decode(&f, DECAP(VXLAN), &info), IGNORED_NOT);
			ck_assert_uint_eq(info.octets, 28 - (length - claimed));
			ck_assert_uint_eq(info.notes, NOTE(LENGTH_LIES) | NOTE(UDP_LENGTH));
		}
	}
}
END_TEST

/* IP's length is 0 then, and UDP's what one of the segments has. */
START_TEST(udp_length_does_not_count_in_what_offload_made)
{
	struct frame f = whole(4789, 0x08000000, 0, 0x0800);
	struct pktinfo info;

	put_be16(f.octets + 2, 0);
	put_be16(f.octets + UDP_LENGTH_AT, 40);
	ck_assert_int_eq(tunnel_decode(&f, DECAP(VXLAN), &info), IGNORED_NOT);
	ck_assert_uint_eq(info.head.src[0], 10);
	ck_assert_uint_eq(info.octets, 28);
	ck_assert_uint_eq(info.notes, NOTE(LENGTH_ZERO));
}
END_TEST

/* -- Geneve ------------------------------------------------------------------------------------- */

START_TEST(geneve_options_are_stepped_over)
{
	for (unsigned words = 0; words < 64; words++)
		for (unsigned kind = 0; kind < 3; kind++) {
			static const unsigned types[] = {0x6558, 0x0800, 0x86dd};
			struct frame f = {.size = 0};
			size_t at = open_overlay(
			    &f, 6, 6081, words << 24 | 0x40 << 16 | types[kind], 0x00abcd00, 0);

			frame_put_zeros(&f, (size_t)words * 4);
			if (kind == 0)
				frame_put_ethernet(&f, 0x0800);
			tunnel_put_inner(&f, kind == 2 ? 6 : 4);
			tunnel_close(&f, at);
			ck_assert_uint_eq(tunnel_segment(tunnel_expect_inner(
					      &f, DECAP(GENEVE), kind == 2 ? 6 : 4)),
			    VXLAN_SEGMENT(0xabcd));
			tunnel_expect_cuts(&f, DECAP(GENEVE), kind == 2 ? 6 : 4);
			tunnel_expect_outer(&f, DECAP_ALL & ~DECAP(GENEVE), 0);
		}
}
END_TEST

START_TEST(geneve_that_carries_no_packet_is_no_tunnel)
{
	struct frame f = whole(6081, 0x00806558, 0, 0x0800);

	tunnel_expect_outer(&f, DECAP(GENEVE), 0);
	for (unsigned version = 1; version < 4; version++) {
		f = whole(6081, version << 30 | 0x6558, 0, 0x0800);
		tunnel_expect_outer(&f, DECAP(GENEVE), 0);
	}
	f = whole(6081, 0x00000806, 0, 0);
	tunnel_expect_outer(&f, DECAP(GENEVE), NOTE(TUNNEL_NOT_IP));
	/* Options beyond the end. */
	f = whole(6081, 0x3f000800, 0, 0);
	tunnel_expect_outer(&f, DECAP(GENEVE), NOTE(TUNNEL_NOT_IP));
}
END_TEST

/* -- GTP-U -------------------------------------------------------------------------------------- */

/* The header with the word that any of the three flags brings, and so many extension headers. */
static size_t open_gtp(struct frame *f, unsigned outer, unsigned flags, unsigned extensions)
{
	size_t at = tunnel_open_udp(f, outer, 2152);

	frame_put16(f, (0x30 | flags) << 8 | 255);
	frame_put16(f, 0);
	frame_put32(f, 0x01020304);
	if (flags & 7)
		frame_put32(f, 0x00050600 | (extensions ? 0x85 : 0));
	for (unsigned i = 1; i <= extensions; i++) {
		frame_put8(f, i % 3 + 1);
		frame_put_zeros(f, (i % 3 + 1) * 4 - 2);
		frame_put8(f, i < extensions ? 0xc0 : 0);
	}
	return at;
}

static void close_gtp(struct frame *f, size_t at)
{
	size_t gtp = at + (f->octets[at] >> 4 == 4 ? 20 : 40) + 8;

	put_be16(f->octets + gtp + 2, (uint16_t)(f->size - gtp - 8));
	tunnel_close(f, at);
}

START_TEST(gtp_flags_and_extensions_are_stepped_over)
{
	for (unsigned flags = 0; flags < 8; flags++)
		for (unsigned extensions = 0; extensions <= (flags & 4 ? 16u : 0); extensions++)
			for (unsigned inner = 4; inner <= 6; inner += 2) {
				struct frame f = {.size = 0};
				size_t at = open_gtp(&f, inner, flags, extensions);

				tunnel_put_inner(&f, inner);
				close_gtp(&f, at);
				tunnel_expect_inner(&f, DECAP(GTPU), inner);
				tunnel_expect_outer(&f, DECAP_ALL & ~DECAP(GTPU), 0);
				tunnel_expect_cuts(&f, DECAP(GTPU), inner);
			}
}
END_TEST

START_TEST(gtp_extensions_have_an_end)
{
	struct frame f = {.size = 0};
	size_t at = open_gtp(&f, 4, 4, 17);

	tunnel_put_inner(&f, 4);
	close_gtp(&f, at);
	tunnel_expect_outer(&f, DECAP(GTPU), NOTE(TUNNEL_LIMIT));
	/* One of no length. */
	f.size = 0;
	at = open_gtp(&f, 4, 4, 1);
	f.octets[20 + 8 + 12] = 0;
	tunnel_put_inner(&f, 4);
	close_gtp(&f, at);
	tunnel_expect_outer(&f, DECAP(GTPU), NOTE(TUNNEL_NOT_IP));
}
END_TEST

START_TEST(gtp_that_carries_no_packet_is_no_tunnel)
{
	for (unsigned i = 0; i < 512; i++) {
		unsigned octet = i & 0xff;
		struct frame f = {.size = 0};
		size_t at = open_gtp(&f, 4, 0, 0);

		tunnel_put_inner(&f, 4);
		close_gtp(&f, at);
		f.octets[28 + (i >> 8)] = (uint8_t)octet;
		if (i < 256 ? octet >> 4 != 3 : octet != 255)
			tunnel_expect_outer(&f, DECAP(GTPU), 0);
	}
}
END_TEST

/* Answers go to any port. */
START_TEST(gtp_and_teredo_are_told_by_either_port)
{
	struct frame f = {.size = 0};
	size_t at = open_gtp(&f, 4, 0, 0);

	tunnel_put_inner(&f, 4);
	close_gtp(&f, at);
	put_be32(f.octets + 20, 2152u << 16 | 40000);
	tunnel_expect_inner(&f, DECAP(GTPU), 4);
	f.size = 0;
	at = tunnel_open_udp(&f, 4, 3544);
	tunnel_put_inner(&f, 6);
	tunnel_close(&f, at);
	tunnel_expect_inner(&f, DECAP(TEREDO), 6);
	put_be32(f.octets + 20, 3544u << 16 | 40000);
	tunnel_expect_inner(&f, DECAP(TEREDO), 6);
}
END_TEST

/* -- Teredo ------------------------------------------------------------------------------------- */

START_TEST(teredo_indications_are_stepped_over)
{
	for (unsigned id = 0; id < 40; id += 13)
		for (unsigned value = 0; value < 40; value += 13)
			for (unsigned kind = 0; kind < 4; kind++) {
				struct frame f = {.size = 0};
				size_t at = tunnel_open_udp(&f, 4, 3544);

				if (kind & 1) {
					frame_put32(&f, 0x00010000 | id << 8 | value);
					frame_put_zeros(&f, id + value + 9);
				}
				if (kind & 2)
					frame_put(&f, "\0\0\xff\xff\x3f\xff\xfd\xfe", 8);
				tunnel_put_inner(&f, 6);
				tunnel_close(&f, at);
				tunnel_expect_inner(&f, DECAP(TEREDO), 6);
				tunnel_expect_outer(&f, DECAP_ALL & ~DECAP(TEREDO), 0);
			}
}
END_TEST

START_TEST(teredo_is_ipv6_or_nothing)
{
	struct frame f = {.size = 0};
	size_t at = tunnel_open_udp(&f, 4, 3544);

	tunnel_put_inner(&f, 4);
	tunnel_close(&f, at);
	tunnel_expect_outer(&f, DECAP(TEREDO), 0);
	f.size = 0;
	at = tunnel_open_udp(&f, 4, 3544);
	frame_put32(&f, 0x0001ffff);
	tunnel_put_inner(&f, 6);
	tunnel_close(&f, at);
	tunnel_expect_outer(&f, DECAP(TEREDO), NOTE(TUNNEL_NOT_IP));
}
END_TEST

/* -- CAPWAP and labels ---------------------------------------------------------------------------- */

#define NATIVE 0x01u        /* of the header's third octet, behind the binding's number */
#define WIRELESS_INFO 0x20u /* of its fourth, like the next */

/*
 * A header of `words`, and what says that IPv4 is next: Ethernet, or 802.11 with these two octets first.
 * The sequence number is in the same order as they are; in the other it would be a fragment's.
 */
static void put_capwap(
    struct frame *f, unsigned words, unsigned third, unsigned fourth, unsigned control)
{
	static const char addresses[] = "\0\0\2\0\0\0\0\1\2\0\0\0\0\2\2\0\0\0\0\3";
	size_t at = tunnel_open_udp(f, 4, 5247);

	frame_put32(f, words << 19 | third << 8 | fourth);
	frame_put32(f, 0);
	if (words > 2)
		frame_put_zeros(f, words * 4 - 8);
	if (third & NATIVE) {
		frame_put16(f, control);
		frame_put(f, addresses, sizeof(addresses) - 1);
		frame_put16(f, control >> 8 & 3 ? 0x7630 : 0x3076);
		frame_put(f, "\xaa\xaa\3\0\0\0\x08\0", 8);
	} else {
		frame_put_ethernet(f, 0x0800);
	}
	tunnel_put_inner(f, 4);
	tunnel_close(f, at);
}

static void expect_capwap(unsigned words, unsigned third, unsigned fourth, unsigned control)
{
	struct frame f = {.size = 0};

	put_capwap(&f, words, third, fourth, control);
	tunnel_expect_inner(&f, DECAP(CAPWAP), 4);
	tunnel_expect_outer(&f, DECAP_ALL & ~DECAP(CAPWAP), 0);
	tunnel_expect_cuts(&f, DECAP(CAPWAP), 4);
}

static void expect_no_capwap(
    unsigned words, unsigned third, unsigned fourth, unsigned control, uint32_t notes)
{
	struct frame f = {.size = 0};

	put_capwap(&f, words, third, fourth, control);
	tunnel_expect_outer(&f, DECAP_ALL, notes);
}

START_TEST(access_points_tunnel_frames_of_either_kind)
{
	expect_capwap(2, 0, 0, 0);
	expect_capwap(5, 0, 0x10, 0);
	expect_capwap(31, 1 << 1, WIRELESS_INFO, 0);
	for (unsigned direction = 1; direction <= 2; direction++) {
		expect_capwap(2, 1 << 1 | NATIVE, 0, 0x0800 | direction);
		expect_capwap(4, 1 << 1 | NATIVE, WIRELESS_INFO, direction << 8 | 0x08);
	}
}
END_TEST

START_TEST(what_access_points_tunnel_beside_packets_is_an_ordinary_packet)
{
	struct frame f = {.size = 0};

	expect_no_capwap(2, 0, 0x08, 0, 0);
	expect_no_capwap(2, 0, 0x80, 0, NOTE(TUNNEL_FRAGMENT));
	expect_no_capwap(1, 0, 0, 0, NOTE(TUNNEL_NOT_IP));
	expect_no_capwap(2, 2 << 1 | NATIVE, 0, 0x0801, NOTE(TUNNEL_NOT_IP));
	expect_no_capwap(2, 1 << 1 | NATIVE, 0, 0x8000, NOTE(TUNNEL_NOT_IP));
	expect_no_capwap(2, 1 << 1 | NATIVE, 0, 0x0841, NOTE(TUNNEL_NOT_IP));
	put_capwap(&f, 2, 0, 0, 0);
	f.octets[28] = 1; /* DTLS */
	tunnel_expect_outer(&f, DECAP_ALL, 0);
}
END_TEST

START_TEST(labels_are_found_in_udp)
{
	for (unsigned outer = 4; outer <= 6; outer += 2) {
		struct frame f = {.size = 0};
		size_t at = tunnel_open_udp(&f, outer, 6635);

		frame_put32(&f, 77u << 12 | 64);
		frame_put32(&f, 78u << 12 | 1 << 8 | 64);
		tunnel_put_inner(&f, 4);
		tunnel_close(&f, at);
		tunnel_expect_inner(&f, DECAP(MPLS_UDP), 4);
		tunnel_expect_outer(&f, DECAP_ALL & ~DECAP(MPLS_UDP), 0);
		tunnel_expect_cuts(&f, DECAP(MPLS_UDP), 4);
	}
}
END_TEST

Suite *overlay_suite(void)
{
	const TTest *const tests[] = {
	    vxlan_has_a_segment,
	    vxlan_is_told_by_one_flag,
	    udp_is_told_by_its_destination,
	    generic_extension_names_what_is_inside,
	    arp_in_a_tunnel_is_the_tunnels_packet,
	    ports_are_those_of_the_packet_inside,
	    udp_length_limits_what_is_inside,
	    udp_length_does_not_count_in_what_offload_made,
	    geneve_options_are_stepped_over,
	    geneve_that_carries_no_packet_is_no_tunnel,
	    gtp_flags_and_extensions_are_stepped_over,
	    gtp_extensions_have_an_end,
	    gtp_that_carries_no_packet_is_no_tunnel,
	    gtp_and_teredo_are_told_by_either_port,
	    teredo_indications_are_stepped_over,
	    teredo_is_ipv6_or_nothing,
	    access_points_tunnel_frames_of_either_kind,
	    what_access_points_tunnel_beside_packets_is_an_ordinary_packet,
	    labels_are_found_in_udp,
	};

	return SUITE_OF("overlay", tests);
}

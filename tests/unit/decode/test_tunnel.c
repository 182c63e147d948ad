#include "suites.h"

#include <pcap/dlt.h>

#include "support/tunnel.h"
#include "util/bytes.h"
#include "util/rng.h"

#define IPIP 4
#define IPV6 41
#define GRE 47
#define ETHERNET 143
#define TUNNELS_MAX 8

static const unsigned versions[] = {4, 6};

#define EACH(version)                           \
	for (unsigned version##_i = 0, version; \
	     version##_i < 2 && (version = versions[version##_i]); version##_i++)

static void put_ip_in_ip(struct frame *f, unsigned outer, unsigned inner)
{
	size_t at = tunnel_open(f, outer, inner == 4 ? IPIP : IPV6);

	tunnel_put_inner(f, inner);
	tunnel_close(f, at);
}

/* -- IP in IP ----------------------------------------------------------------------------------- */

START_TEST(ip_in_ip_is_looked_into_when_asked_for)
{
	EACH(outer)
	EACH(inner)
	{
		struct frame f = {.size = 0};

		put_ip_in_ip(&f, outer, inner);
		tunnel_expect_inner(&f, DECAP(IPIP), inner);
		tunnel_expect_inner(&f, DECAP_ALL, inner);
		tunnel_expect_outer(&f, DECAP_ALL & ~DECAP(IPIP), 0);
		tunnel_expect_outer(&f, 0, 0);
		tunnel_expect_cuts(&f, DECAP(IPIP), inner);
	}
}
END_TEST

/* 24 octets of it before the packet inside; without one it is not a tunnel's. */
START_TEST(authentication_header_is_stepped_over)
{
	EACH(inner)
	{
		struct frame f = {.size = 0};
		size_t at = tunnel_open(&f, 4, 51);

		frame_put8(&f, inner == 4 ? IPIP : IPV6);
		frame_put8(&f, 4);
		frame_put_zeros(&f, 22);
		tunnel_put_inner(&f, inner);
		tunnel_close(&f, at);
		tunnel_expect_inner(&f, DECAP(IPIP), inner);
		tunnel_expect_cuts(&f, DECAP(IPIP), inner);
		f.octets[20] = 6;
		tunnel_expect_outer(&f, DECAP(IPIP), 0);
	}
}
END_TEST

START_TEST(octets_are_those_of_the_packet_inside)
{
	struct frame f = {.size = 0};
	struct pktinfo info;
	size_t at = tunnel_open(&f, 4, IPIP);

	tunnel_put_inner(&f, 4);
	frame_put_zeros(&f, 100);
	tunnel_close(&f, at);
	frame_put_zeros(&f, 6);
	ck_assert_int_eq(tunnel_decode(&f, DECAP(IPIP), &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 28);
	ck_assert_uint_eq(info.notes, 0);
	ck_assert_uint_eq(info.tos, 0xb9);
}
END_TEST

/* The outer packet is the wire of the inner one; padding behind it belongs to neither. */
START_TEST(inner_length_beyond_the_outer_packet_lies)
{
	struct decode_options by_header = {.decap = DECAP(IPIP), .believe_lengths = true};
	struct frame f = {.size = 0};
	struct pktinfo info;

	put_ip_in_ip(&f, 4, 4);
	put_be16(f.octets + 22, 29);
	frame_put_zeros(&f, 20);
	ck_assert_int_eq(tunnel_decode(&f, DECAP(IPIP), &info), IGNORED_NOT);
	ck_assert_uint_eq(info.head.src[0], 10);
	ck_assert_uint_eq(info.octets, 28);
	ck_assert_uint_eq(info.notes, NOTE(LENGTH_LIES));
	frame_decode_cut(&f, DLT_RAW, f.size, f.size, &by_header, &info);
	ck_assert_uint_eq(info.octets, 29);
	ck_assert_uint_eq(info.notes, NOTE(UDP_LENGTH));
	put_be16(f.octets + 22, 0);
	tunnel_decode(&f, DECAP(IPIP), &info);
	ck_assert_uint_eq(info.octets, 28);
	ck_assert_uint_eq(info.notes, NOTE(LENGTH_ZERO));
}
END_TEST

START_TEST(what_is_not_ip_inside_leaves_the_outer_header)
{
	EACH(outer)
	EACH(inner)
	for (unsigned nibble = 0; nibble < 16; nibble++) {
		struct frame f = {.size = 0};
		size_t at;

		put_ip_in_ip(&f, outer, inner);
		at = f.size - tunnel_inner_size(inner);
		f.octets[at] = (uint8_t)(nibble << 4 | (f.octets[at] & 0xf));
		if (nibble != inner)
			tunnel_expect_outer(&f, DECAP(IPIP), NOTE(TUNNEL_NOT_IP));
	}
}
END_TEST

START_TEST(empty_tunnel_is_not_ip)
{
	EACH(outer)
	{
		struct frame f = {.size = 0};
		size_t at = tunnel_open(&f, outer, IPIP);

		frame_put_zeros(&f, outer == 4 ? 0 : 1);
		tunnel_close(&f, at);
		tunnel_expect_outer(&f, DECAP(IPIP), NOTE(TUNNEL_NOT_IP));
	}
}
END_TEST

/* RFC 8986: behind a segment routing header. */
START_TEST(extension_headers_come_before_what_is_inside)
{
	EACH(inner)
	for (unsigned ethernet = 0; ethernet < 2; ethernet++) {
		struct frame f = {.size = 0};
		size_t at = tunnel_open(&f, 6, 43);

		frame_put8(&f, ethernet ? ETHERNET : inner == 4 ? IPIP : IPV6);
		frame_put(&f, "\2\4\0\0\0\0\0", 7);
		frame_put_zeros(&f, 16);
		if (ethernet)
			frame_put_ethernet(&f, inner == 4 ? 0x0800 : 0x86dd);
		tunnel_put_inner(&f, inner);
		tunnel_close(&f, at);
		tunnel_expect_inner(&f, DECAP(IPIP), inner);
		tunnel_expect_outer(&f, DECAP(GRE), 0);
	}
}
END_TEST

/* What could not be read is no header inside, though its octets would make one. */
START_TEST(cut_headers_before_the_tunnel_are_not_taken_for_it)
{
	struct decode_options options = {.decap = DECAP_ALL};
	struct frame f = {.size = 0};
	struct pktinfo info;

	tunnel_open(&f, 6, 43);
	frame_put8(&f, IPIP);
	frame_put8(&f, 0x45);
	frame_put_ipv4(&f, 17, 28);
	ck_assert_int_eq(frame_decode_cut(&f, DLT_RAW, f.size, 2000, &options, &info), IGNORED_NOT);
	ck_assert_uint_eq(kind_version(info.head.kind), 6);
	ck_assert_uint_eq(info.head.protocol, IPIP);
	f.size = 0;
	frame_put_ipv4(&f, IPIP, 2000);
	f.octets[0] = 0x4f;
	ck_assert_int_eq(frame_decode_cut(&f, DLT_RAW, f.size, 2000, &options, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 2000);
	ck_assert_uint_eq(info.head.protocol, IPIP);
	ck_assert_uint_eq(info.notes, NOTE(TUNNEL_NOT_IP));
}
END_TEST

/* -- fragments ---------------------------------------------------------------------------------- */

START_TEST(fragments_of_a_tunnel_are_metered_as_they_are)
{
	static const unsigned words[] = {0x2000, 0x2001, 0x0001};

	for (unsigned i = 0; i < 3; i++) {
		struct frame f = {.size = 0};

		put_ip_in_ip(&f, 4, 4);
		put_be16(f.octets + 6, (uint16_t)words[i]);
		tunnel_expect_outer(&f, DECAP(IPIP), NOTE(TUNNEL_FRAGMENT));
		tunnel_expect_outer(&f, DECAP(GRE), 0);
	}
}
END_TEST

START_TEST(fragments_inside_are_told_as_such)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	put_ip_in_ip(&f, 6, 4);
	put_be16(f.octets + 40 + 6, 0x2001);
	ck_assert_int_eq(tunnel_decode(&f, DECAP(IPIP), &info), IGNORED_NOT);
	ck_assert_uint_eq(info.head.src[0], 10);
	ck_assert(info.is_fragment);
	ck_assert_uint_eq(info.fragment.offset, 8);
	ck_assert_uint_eq(info.fragment.size, 8);
	ck_assert_uint_eq(info.head.dst_port, 0);
	ck_assert_uint_eq(info.notes, 0);
}
END_TEST

/* -- depth -------------------------------------------------------------------------------------- */

static void put_nested(struct frame *f, unsigned depth)
{
	size_t opened[128];

	for (unsigned i = 0; i < depth; i++)
		opened[i] = tunnel_open(f, 4, IPIP);
	tunnel_put_inner(f, 4);
	for (unsigned i = 0; i < depth; i++)
		tunnel_close(f, opened[i]);
}

START_TEST(eight_tunnels_in_each_other_are_the_limit)
{
	for (unsigned depth = 1; depth <= 100; depth++) {
		struct frame f = {.size = 0};
		struct pktinfo info;

		put_nested(&f, depth);
		if (depth <= TUNNELS_MAX) {
			tunnel_expect_inner(&f, DECAP(IPIP), 4);
			continue;
		}
		ck_assert_int_eq(tunnel_decode(&f, DECAP(IPIP), &info), IGNORED_NOT);
		ck_assert_uint_eq(info.notes, NOTE(TUNNEL_LIMIT));
		ck_assert_uint_eq(info.ip_offset, TUNNELS_MAX * 20);
		ck_assert_uint_eq(info.octets, f.size - TUNNELS_MAX * 20);
		ck_assert_uint_eq(info.head.protocol, IPIP);
	}
}
END_TEST

/* Each of 17 tags takes more than a frame may have. */
START_TEST(too_many_headers_inside_are_the_limit_too)
{
	struct frame f = {.size = 0};
	size_t at = tunnel_open(&f, 6, ETHERNET);

	frame_put_ethernet(&f, 0x8100);
	for (unsigned i = 0; i < 17; i++)
		frame_put_tag(&f, i, i < 16 ? 0x8100 : 0x0800);
	tunnel_put_inner(&f, 4);
	tunnel_close(&f, at);
	tunnel_expect_outer(&f, DECAP(IPIP), NOTE(TUNNEL_LIMIT));
}
END_TEST

/* IP in GRE in VXLAN in IP: the way goes as far as the names go. */
START_TEST(tunnels_of_different_kinds_follow_each_other)
{
	struct frame f = {.size = 0};
	struct pktinfo info;
	size_t at[3];

	at[0] = tunnel_open_udp(&f, 6, 4789);
	frame_put(&f, "\x08\0\0\0\0\0\x2a\0", 8);
	frame_put_ethernet(&f, 0x0800);
	at[1] = tunnel_open(&f, 4, GRE);
	frame_put32(&f, 0x86dd);
	at[2] = tunnel_open(&f, 6, IPIP);
	tunnel_put_inner(&f, 4);
	for (unsigned i = 0; i < 3; i++)
		tunnel_close(&f, at[i]);
	info = tunnel_expect_inner(&f, DECAP_ALL, 4);
	ck_assert_uint_eq(tunnel_segment(info), SEGMENT_VXLAN << SEGMENT_TYPE_SHIFT | 0x2a);
	ck_assert_int_eq(tunnel_decode(&f, DECAP(VXLAN) | DECAP(GRE), &info), IGNORED_NOT);
	ck_assert_uint_eq(info.ip_offset, at[2]);
	ck_assert_int_eq(tunnel_decode(&f, DECAP(VXLAN) | DECAP(IPIP), &info), IGNORED_NOT);
	ck_assert_uint_eq(info.ip_offset, at[1]);
	ck_assert_uint_eq(info.head.protocol, GRE);
	ck_assert_uint_eq(info.octets, f.size - at[1]);
	tunnel_expect_outer(&f, DECAP(GRE) | DECAP(IPIP), 0);
	/* Only the innermost is broken: the one before it counts, whole. */
	f.octets[f.size - 28] = 0x65;
	ck_assert_int_eq(tunnel_decode(&f, DECAP_ALL, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.ip_offset, at[2]);
	ck_assert_uint_eq(kind_version(info.head.kind), 6);
	ck_assert_uint_eq(info.octets, f.size - at[2]);
	ck_assert_uint_eq(info.notes, NOTE(TUNNEL_NOT_IP));
	ck_assert_uint_eq(tunnel_segment(info), SEGMENT_VXLAN << SEGMENT_TYPE_SHIFT | 0x2a);
}
END_TEST

/* -- the frame ---------------------------------------------------------------------------------- */

static struct pktinfo decode_frame(const struct frame *f)
{
	struct decode_options options = {.decap = DECAP_ALL, .details = true};
	struct pktinfo info;

	ck_assert_int_eq(
	    frame_decode_cut(f, DLT_EN10MB, f->size, f->size, &options, &info), IGNORED_NOT);
	return info;
}

static void put_tagged(struct frame *f, unsigned outer, unsigned inner)
{
	frame_put_ethernet(f, 0x88a8);
	frame_put_tag(f, outer, 0x8100);
	frame_put_tag(f, inner, 0x0800);
}

/* It was seen in that VLAN, and nothing inside says otherwise. */
START_TEST(ip_without_a_frame_inside_keeps_the_outer_one)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	put_tagged(&f, 100, 200);
	put_ip_in_ip(&f, 4, 4);
	info = decode_frame(&f);
	ck_assert_uint_eq(info.head.src[0], 10);
	ck_assert_uint_eq(info.head.vlan, 100);
	ck_assert_uint_eq(info.inner_vlan, 200);
	ck_assert_mem_eq(info.detail.src_mac, "\x02\0\0\0\0\2", 6);
}
END_TEST

START_TEST(frame_inside_replaces_the_outer_one)
{
	for (unsigned tags = 0; tags < 3; tags++) {
		struct frame f = {.size = 0};
		struct pktinfo info;
		size_t at;

		put_tagged(&f, 100, 200);
		at = tunnel_open(&f, 4, GRE);
		frame_put32(&f, 0x6558);
		frame_put(&f, "\x0a\0\0\0\0\1\x0a\0\0\0\0\2", 12);
		frame_put16(&f, tags ? 0x8100 : 0x0800);
		for (unsigned i = 0; i < tags; i++)
			frame_put_tag(&f, 5 + i, i + 1 < tags ? 0x8100 : 0x0800);
		tunnel_put_inner(&f, 4);
		tunnel_close(&f, at);
		info = decode_frame(&f);
		ck_assert_uint_eq(info.head.src[0], 10);
		ck_assert_uint_eq(info.head.vlan, tags ? 5 : 0);
		ck_assert_uint_eq(info.inner_vlan, tags == 2 ? 6 : 0);
		ck_assert_mem_eq(info.detail.dst_mac, "\x0a\0\0\0\0\1", 6);
		ck_assert_mem_eq(info.detail.src_mac, "\x0a\0\0\0\0\2", 6);
	}
}
END_TEST

static struct pktinfo decode_tags_in(unsigned port, unsigned tags, bool frame_follows)
{
	struct frame f = {.size = 0};
	size_t at;

	put_tagged(&f, 100, 200);
	at = port ? tunnel_open_udp(&f, 4, port) : tunnel_open(&f, 4, GRE);
	frame_put32(&f, 0x88a8);
	if (port)
		frame_put32(&f, 0);
	for (unsigned i = 1; i < tags; i++)
		frame_put_tag(&f, 4 + i, 0x8100);
	frame_put_tag(&f, 4 + tags, frame_follows ? 0x88e7 : 0x0800);
	if (frame_follows)
		frame_put(&f, "\0\0\0\1\x0a\0\0\0\0\1\x0a\0\0\0\0\2\x81\0\0\x09\x08\0", 22);
	tunnel_put_inner(&f, 4);
	tunnel_close(&f, at);
	return decode_frame(&f);
}

/*
 * As a frame's do, in GRE and in Geneve. They have no addresses, so that the outer ones stay; those of
 * a frame that follows come in their place.
 */
START_TEST(tags_straight_inside_replace_the_outer_ones)
{
	for (unsigned kind = 0; kind < 8; kind++) {
		unsigned tags = kind / 2 % 2 + 1;
		bool frame_follows = kind >= 4;
		struct pktinfo info = decode_tags_in(kind % 2 ? 6081 : 0, tags, frame_follows);

		ck_assert_uint_eq(info.head.src[0], 10);
		ck_assert_uint_eq(info.head.vlan, 5);
		ck_assert_uint_eq(info.inner_vlan, tags == 2 ? 6 : frame_follows ? 9 : 0);
		ck_assert_mem_eq(
		    info.detail.src_mac, frame_follows ? "\x0a\0\0\0\0\2" : "\x02\0\0\0\0\2", 6);
	}
}
END_TEST

/* What may be between the tunnel's header and the frame: its type in GRE, and the octets. */
static const struct {
	unsigned type;
	size_t size;
	const char *octets;
	unsigned label;
} before_frames[] = {
    {0x8847, 8, "\0\x06\x31\x40\0\0\0\0", 99}, /* a pseudowire with a control word */
    {0x894f, 8, "\x0f\xc2\1\3\0\0\1\xff", 0},
    {0x6558, 0, "", 0},
};

static void check_frame_behind(unsigned type, const char *octets, size_t n, unsigned label)
{
	struct frame f = {.size = 0};
	struct pktinfo info;
	size_t at;

	frame_put_ethernet(&f, 0x8100);
	frame_put_tag(&f, 100, 0x8847);
	frame_put32(&f, 77u << 12 | 1 << 8);
	at = tunnel_open(&f, 4, GRE);
	frame_put32(&f, type);
	frame_put(&f, octets, n);
	frame_put(&f, "\x0a\0\0\0\0\1\x0a\0\0\0\0\2\x81\0\0\5\x08\0", 18);
	tunnel_put_inner(&f, 4);
	tunnel_close(&f, at);
	info = decode_frame(&f);
	ck_assert_uint_eq(info.head.src[0], 10);
	ck_assert_uint_eq(info.head.vlan, 5);
	ck_assert_uint_eq(info.inner_vlan, 0);
	ck_assert_mem_eq(info.detail.dst_mac, "\x0a\0\0\0\0\1", 6);
	ck_assert_mem_eq(info.detail.src_mac, "\x0a\0\0\0\0\2", 6);
	ck_assert_uint_eq(get_be32(info.detail.mpls[0]) >> 12, label);
	ck_assert_uint_eq(get_be16(info.detail.mpls[1]), 0);
}

START_TEST(frame_inside_replaces_the_outer_one_wherever_it_begins)
{
	for (size_t i = 0; i < sizeof(before_frames) / sizeof(*before_frames); i++)
		check_frame_behind(before_frames[i].type, before_frames[i].octets,
		    before_frames[i].size, before_frames[i].label);
}
END_TEST

START_TEST(details_are_those_of_the_header_inside)
{
	struct frame f = {.size = 0};
	struct pktinfo info;
	size_t at;

	frame_put_ethernet(&f, 0x8847);
	frame_put32(&f, 77u << 12 | 1 << 8);
	at = tunnel_open(&f, 6, 44);
	frame_put(&f, "\x2f\0\0\0\0\0\0\1", 8); /* an atomic fragment of GRE */
	frame_put32(&f, 0x8847);
	frame_put32(&f, 99u << 12 | 1 << 8);
	tunnel_put_inner(&f, 4);
	f.octets[f.size - 28 + 8] = 3;
	tunnel_close(&f, at);
	info = decode_frame(&f);
	ck_assert_uint_eq(info.head.src[0], 10);
	ck_assert_uint_eq(info.detail.ttl_min, 3);
	ck_assert_uint_eq(info.detail.flow_label, 0);
	ck_assert_uint_eq(info.detail.octets_max, 28);
	ck_assert_uint_eq(info.detail.fragment_flags, DETAIL_DO_NOT_FRAGMENT);
	ck_assert_uint_eq(get_be16(info.detail.mpls[0]), 99 >> 4);
	ck_assert_uint_eq(info.detail.mpls[0][2] >> 4, 99 & 0xf);
}
END_TEST

/* -- anything ----------------------------------------------------------------------------------- */

/* Whatever is in a packet with a good header, it is metered, or a mirrored frame is ignored. */
START_TEST(damaged_tunnels_are_metered_all_the_same)
{
	static const unsigned ports[] = {4789, 4790, 8472, 6081, 2152, 1701, 3544};
	static const unsigned protocols[] = {IPIP, IPV6, GRE, 115, ETHERNET};
	struct rng rng = {.state = 5};

	for (unsigned n = 0; n < 200000; n++) {
		struct frame f = {.size = 0};
		struct pktinfo info;
		unsigned kind = (unsigned)(rng_next(&rng) % 12);
		size_t at = kind < 7 ? tunnel_open_udp(&f, 4, ports[kind])
				     : tunnel_open(&f, 6, protocols[kind - 7]);
		size_t from = f.size;

		for (unsigned i = 0; i < 12; i++)
			frame_put32(&f,
			    (uint32_t)rng_next(&rng) &
				(n % 2 ? UINT32_MAX : (uint32_t)rng_next(&rng) & 0x0f0f0f0fu));
		if (n % 3 == 0)
			frame_put_ethernet(&f, 0x0800);
		tunnel_put_inner(&f, 4);
		tunnel_close(&f, at);
		f.octets[from] = n % 5 ? f.octets[from] : 0x08;
		if (tunnel_decode(&f, DECAP_ALL & ~DECAP(ERSPAN), &info) != IGNORED_NOT)
			ck_abort_msg("a packet that has a header is not metered");
		if (info.ip_offset + info.octets > f.size)
			ck_abort_msg("more octets than there are");
	}
}
END_TEST

Suite *tunnel_suite(void)
{
	const TTest *const tests[] = {
	    ip_in_ip_is_looked_into_when_asked_for,
	    authentication_header_is_stepped_over,
	    octets_are_those_of_the_packet_inside,
	    inner_length_beyond_the_outer_packet_lies,
	    what_is_not_ip_inside_leaves_the_outer_header,
	    empty_tunnel_is_not_ip,
	    extension_headers_come_before_what_is_inside,
	    cut_headers_before_the_tunnel_are_not_taken_for_it,
	    fragments_of_a_tunnel_are_metered_as_they_are,
	    fragments_inside_are_told_as_such,
	    eight_tunnels_in_each_other_are_the_limit,
	    too_many_headers_inside_are_the_limit_too,
	    tunnels_of_different_kinds_follow_each_other,
	    ip_without_a_frame_inside_keeps_the_outer_one,
	    frame_inside_replaces_the_outer_one,
	    tags_straight_inside_replace_the_outer_ones,
	    frame_inside_replaces_the_outer_one_wherever_it_begins,
	    details_are_those_of_the_header_inside,
	    damaged_tunnels_are_metered_all_the_same,
	};

	return SUITE_OF("tunnel", tests);
}

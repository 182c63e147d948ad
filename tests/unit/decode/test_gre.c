#include "suites.h"

#include <pcap/dlt.h>

#include "support/tunnel.h"
#include "util/bytes.h"

#define GRE 47
#define CHECKSUM 0x8000u
#define ROUTING 0x4000u
#define KEY 0x2000u
#define SEQUENCE 0x1000u

/* The header with the words that its flags announce; of a key each octet differs. */
static size_t open_gre(struct frame *f, unsigned outer, unsigned flags, unsigned type, uint32_t key)
{
	size_t at = tunnel_open(f, outer, GRE);

	frame_put16(f, flags);
	frame_put16(f, type);
	if (flags & (CHECKSUM | ROUTING))
		frame_put32(f, 0x12340000);
	if (flags & KEY)
		frame_put32(f, key);
	if (flags & SEQUENCE)
		frame_put32(f, 1);
	if (flags & ROUTING) {
		frame_put(f, "\x08\0\0\x04\x0a\0\0\1", 8);
		frame_put32(f, 0);
	}
	return at;
}

START_TEST(each_set_of_flags_is_stepped_over)
{
	for (unsigned flags = 0; flags < 0x10000; flags += 0x0800)
		for (unsigned outer = 4; outer <= 6; outer += 2)
			for (unsigned inner = 4; inner <= 6; inner += 2) {
				struct frame f = {.size = 0};
				size_t at =
				    open_gre(&f, outer, flags, inner == 4 ? 0x0800 : 0x86dd, 7);

				tunnel_put_inner(&f, inner);
				tunnel_close(&f, at);
				tunnel_expect_inner(&f, DECAP(GRE), inner);
				tunnel_expect_outer(&f, DECAP_ALL & ~DECAP(GRE), 0);
				tunnel_expect_cuts(&f, DECAP(GRE), inner);
			}
}
END_TEST

START_TEST(gre_is_found_in_udp)
{
	for (unsigned outer = 4; outer <= 6; outer += 2) {
		struct frame f = {.size = 0};
		size_t at = tunnel_open_udp(&f, outer, 4754);

		frame_put32(&f, KEY << 16 | 0x86dd);
		frame_put32(&f, 7);
		tunnel_put_inner(&f, 6);
		tunnel_close(&f, at);
		tunnel_expect_inner(&f, DECAP(GRE), 6);
		tunnel_expect_outer(&f, DECAP_ALL & ~DECAP(GRE), 0);
		tunnel_expect_cuts(&f, DECAP(GRE), 6);
	}
}
END_TEST

/* Bits 5 to 12 are to be ignored (RFC 2784 section 2.1). */
START_TEST(reserved_bits_change_nothing)
{
	for (unsigned reserved = 0; reserved <= 0x07f8; reserved += 8) {
		struct frame f = {.size = 0};
		size_t at = open_gre(&f, 4, reserved, 0x0800, 0);

		tunnel_put_inner(&f, 4);
		tunnel_close(&f, at);
		tunnel_expect_inner(&f, DECAP(GRE), 4);
	}
}
END_TEST

START_TEST(other_versions_are_no_tunnel)
{
	for (unsigned version = 1; version < 8; version++) {
		struct frame f = {.size = 0};
		size_t at = open_gre(&f, 4, version, 0x0800, 0);

		tunnel_put_inner(&f, 4);
		tunnel_close(&f, at);
		tunnel_expect_outer(&f, DECAP_ALL, 0);
	}
}
END_TEST

START_TEST(source_routes_without_an_end_are_too_many)
{
	struct frame f = {.size = 0};
	size_t at = tunnel_open(&f, 4, GRE);

	frame_put32(&f, ROUTING << 16 | 0x0800);
	frame_put32(&f, 0);
	for (unsigned i = 0; i < 20; i++)
		frame_put(&f, "\x08\0\0\1\xff", 5);
	frame_put32(&f, 0);
	tunnel_put_inner(&f, 4);
	tunnel_close(&f, at);
	tunnel_expect_outer(&f, DECAP(GRE), NOTE(TUNNEL_LIMIT));
}
END_TEST

START_TEST(ethernet_and_labels_are_found_inside)
{
	struct frame f = {.size = 0};
	size_t at = open_gre(&f, 4, 0, 0x6558, 0);

	frame_put_ethernet(&f, 0x8100);
	frame_put_tag(&f, 9, 0x86dd);
	tunnel_put_inner(&f, 6);
	tunnel_close(&f, at);
	ck_assert_uint_eq(tunnel_expect_inner(&f, DECAP(GRE), 6).head.vlan, 9);
	tunnel_expect_cuts(&f, DECAP(GRE), 6);
	f.size = 0;
	at = open_gre(&f, 6, 0, 0x8847, 0);
	frame_put32(&f, 99u << 12 | 1 << 8);
	tunnel_put_inner(&f, 4);
	tunnel_close(&f, at);
	tunnel_expect_inner(&f, DECAP(GRE), 4);
	tunnel_expect_cuts(&f, DECAP(GRE), 4);
}
END_TEST

static uint32_t segment_of(unsigned flags, unsigned type, uint32_t key)
{
	struct frame f = {.size = 0};
	size_t at = open_gre(&f, 4, flags, type, key);

	if (type == 0x6558)
		frame_put_ethernet(&f, 0x0800);
	tunnel_put_inner(&f, 4);
	tunnel_close(&f, at);
	return tunnel_segment(tunnel_expect_inner(&f, DECAP(GRE), 4));
}

/* RFC 7637: Ethernet, a key and nothing else; identifiers below 4096 are reserved. */
START_TEST(nvgre_has_a_segment_and_other_keys_have_none)
{
	ck_assert_uint_eq(segment_of(KEY, 0x6558, 0x12345678), SEGMENT_NVGRE << 24 | 0x123456);
	ck_assert_uint_eq(segment_of(KEY, 0x6558, 0x00100000), SEGMENT_NVGRE << 24 | 0x1000);
	ck_assert_uint_eq(segment_of(KEY, 0x6558, 0x000fffff), 0);
	ck_assert_uint_eq(segment_of(KEY, 0x6558, 5), 0);
	ck_assert_uint_eq(segment_of(0, 0x6558, 0), 0);
	ck_assert_uint_eq(segment_of(KEY | CHECKSUM, 0x6558, 0x12345678), 0);
	ck_assert_uint_eq(segment_of(KEY | SEQUENCE, 0x6558, 0x12345678), 0);
	ck_assert_uint_eq(segment_of(KEY, 0x0800, 0x12345678), 0);
}
END_TEST

START_TEST(wccp_has_a_header_of_its_own_or_none)
{
	for (unsigned v2 = 0; v2 < 2; v2++) {
		struct frame f = {.size = 0};
		size_t at = open_gre(&f, 4, 0, 0x883e, 0);

		if (v2)
			frame_put32(&f, 0x01020304);
		tunnel_put_inner(&f, 4);
		tunnel_close(&f, at);
		tunnel_expect_inner(&f, DECAP(GRE), 4);
		tunnel_expect_cuts(&f, DECAP(GRE), 4);
	}
}
END_TEST

/* What is behind these octets in GRE of this type is found, and is not if they are cut. */
static struct pktinfo expect_behind(unsigned type, const void *octets, size_t n)
{
	struct frame f = {.size = 0};
	size_t at = open_gre(&f, 4, KEY, type, 7);

	frame_put(&f, octets, n);
	tunnel_put_inner(&f, 4);
	tunnel_close(&f, at);
	tunnel_expect_cuts(&f, DECAP(GRE), 4);
	return tunnel_expect_inner(&f, DECAP(GRE), 4);
}
#define EXPECT_BEHIND(type, literal) expect_behind(type, literal, sizeof(literal) - 1)

START_TEST(ppp_is_found_inside)
{
	EXPECT_BEHIND(0x880b, "\xff\x03\0\x21");
	EXPECT_BEHIND(0x880b, "\x21");
}
END_TEST

START_TEST(metadata_tells_the_type_first)
{
	EXPECT_BEHIND(0x8909, "\x08\0\1\1\0\1\0\x14");
	EXPECT_BEHIND(0x8909, "\x08\0\1\0");
	ck_assert_uint_eq(EXPECT_BEHIND(0x8909, "\x81\0\1\1\0\1\0\x14\0\x63\x08\0").head.vlan, 99);
}
END_TEST

/* Their numbers end in 0, below 0x8400. */
START_TEST(access_points_send_their_frames_of_802_11)
{
	static const char frame[] = "\x88\1\0\0\2\0\0\0\0\1\2\0\0\0\0\2\2\0\0\0\0\3\0\0\0\0"
				    "\xaa\xaa\3\0\0\0\x08\0";
	struct frame f = {.size = 0};
	size_t at;

	for (unsigned type = 0x8200; type < 0x8400; type += 0x10)
		expect_behind(type, frame, sizeof(frame) - 1);
	at = open_gre(&f, 4, 0, 0x8201, 0);
	frame_put(&f, frame, sizeof(frame) - 1);
	tunnel_put_inner(&f, 4);
	tunnel_close(&f, at);
	tunnel_expect_outer(&f, DECAP(GRE), NOTE(TUNNEL_NOT_IP));
}
END_TEST

START_TEST(other_types_leave_the_outer_header)
{
	static const unsigned types[] = {0, 0x05ff, 0x0806, 0x00fe, 0x88cc, 0x8863, 0xffff};

	for (unsigned i = 0; i < sizeof(types) / sizeof(*types); i++) {
		struct frame f = {.size = 0};
		size_t at = open_gre(&f, 4, 0, types[i], 0);

		tunnel_put_inner(&f, 4);
		tunnel_close(&f, at);
		tunnel_expect_outer(&f, DECAP(GRE), NOTE(TUNNEL_NOT_IP));
	}
}
END_TEST

/* -- PPTP --------------------------------------------------------------------------------------- */

static void put_pptp(struct frame *f, unsigned flags)
{
	size_t at = tunnel_open(f, 4, GRE);

	frame_put32(f, flags << 16 | 0x880b);
	frame_put32(f, 32u << 16 | 77);
	if (flags & SEQUENCE)
		frame_put32(f, 1);
	if (flags & 0x80)
		frame_put32(f, 2);
	if (flags & SEQUENCE) {
		frame_put32(f, 0xff030021);
		tunnel_put_inner(f, 4);
	}
	tunnel_close(f, at);
}

/* Without a sequence number it is an acknowledgment alone. */
START_TEST(pptp_is_recognised)
{
	struct frame f = {.size = 0};

	put_pptp(&f, 0x2081);
	tunnel_expect_outer(&f, DECAP(GRE), 0);
	f.size = 0;
	put_pptp(&f, 0x3001);
	tunnel_expect_inner(&f, DECAP(GRE), 4);
	tunnel_expect_outer(&f, DECAP_ALL & ~DECAP(GRE), 0);
	f.size = 0;
	put_pptp(&f, 0x3081);
	tunnel_expect_inner(&f, DECAP(GRE), 4);
	put_be16(f.octets + f.size - 30, 0xc021);
	tunnel_expect_outer(&f, DECAP(GRE), NOTE(TUNNEL_NOT_IP));
}
END_TEST

/* -- EoIP --------------------------------------------------------------------------------------- */

static void put_eoip(struct frame *f, unsigned flags, unsigned length)
{
	size_t at = tunnel_open(f, 4, GRE);

	frame_put32(f, flags << 16 | 0x6400);
	frame_put16(f, length);
	frame_put16(f, 0x0700);
	if (length) {
		frame_put_ethernet(f, 0x8100);
		frame_put_tag(f, 99, 0x0800);
		tunnel_put_inner(f, 4);
	}
	tunnel_close(f, at);
}

/* A tunnel without a frame keeps itself alive. */
START_TEST(eoip_has_a_frame)
{
	struct frame f = {.size = 0};

	put_eoip(&f, 0x2001, 18 + 28);
	ck_assert_uint_eq(tunnel_expect_inner(&f, DECAP(GRE), 4).head.vlan, 99);
	tunnel_expect_cuts(&f, DECAP(GRE), 4);
	tunnel_expect_outer(&f, DECAP_ALL & ~DECAP(GRE), 0);
	f.size = 0;
	put_eoip(&f, 0x2001, 0);
	tunnel_expect_outer(&f, DECAP(GRE), 0);
	f.size = 0;
	put_eoip(&f, 0x3001, 18 + 28);
	tunnel_expect_outer(&f, DECAP(GRE), 0);
}
END_TEST

/* -- ERSPAN ------------------------------------------------------------------------------------- */

#define TRUNCATED_BIT (1u << 10)

/* A type's headers before the frame; `word` is what stands beside version and VLAN. */
static size_t open_erspan(struct frame *f, unsigned type, unsigned word, unsigned last)
{
	size_t at = tunnel_open(f, 4, GRE);

	frame_put32(f, (type == 1 ? 0 : SEQUENCE << 16) | (type == 3 ? 0x22eb : 0x88be));
	if (type == 1)
		return at;
	frame_put32(f, 1);
	frame_put32(f, (type - 1) << 28 | 123 << 16 | word);
	frame_put32(f, 0);
	if (type == 3)
		frame_put32(f, last);
	if (last & 1)
		frame_put_zeros(f, 8);
	return at;
}

START_TEST(erspan_types_are_looked_into_by_their_own_name)
{
	for (unsigned type = 1; type <= 3; type++)
		for (unsigned subheader = 0; subheader <= (type == 3); subheader++)
			for (unsigned inner = 4; inner <= 6; inner += 2) {
				struct frame f = {.size = 0};
				size_t at = open_erspan(&f, type, 0, subheader);

				frame_put_ethernet(&f, inner == 4 ? 0x0800 : 0x86dd);
				tunnel_put_inner(&f, inner);
				tunnel_close(&f, at);
				tunnel_expect_inner(&f, DECAP(ERSPAN), inner);
				tunnel_expect_outer(&f, DECAP_ALL & ~DECAP(ERSPAN), 0);
			}
}
END_TEST

/* The mirrored frame is the packet: what it is not says why it does not count. */
START_TEST(mirrored_frames_that_are_not_ip_are_ignored_by_name)
{
	static const struct {
		unsigned type;
		enum ignored ignored;
	} rows[] = {{0x0806, IGNORED_ARP}, {0x88cc, IGNORED_LLDP}, {0xabcd, IGNORED_NON_IP},
	    {0x0800, IGNORED_TRUNCATED}};

	for (unsigned type = 1; type <= 3; type++)
		for (unsigned i = 0; i < 4; i++) {
			struct frame f = {.size = 0};
			struct pktinfo info;
			size_t at = open_erspan(&f, type, 0, 0);

			frame_put_ethernet(&f, rows[i].type);
			frame_put(&f, "\x45\0\0\x14", 4);
			tunnel_close(&f, at);
			ck_assert_int_eq(tunnel_decode(&f, DECAP(ERSPAN), &info), rows[i].ignored);
			tunnel_expect_outer(&f, DECAP(GRE), 0);
		}
}
END_TEST

START_TEST(cut_mirrored_frames_are_never_metered_as_the_tunnel)
{
	struct decode_options options = {.decap = DECAP(ERSPAN)};
	struct frame f = {.size = 0};
	size_t at = open_erspan(&f, 2, 0, 0), frame = f.size;

	frame_put_ethernet(&f, 0x0800);
	tunnel_put_inner(&f, 4);
	tunnel_close(&f, at);
	for (size_t n = 20; n <= f.size; n++) {
		struct pktinfo info;
		enum ignored ignored = frame_decode_cut(&f, DLT_RAW, n, f.size, &options, &info);

		if (n >= frame && n < frame + 14 + 20)
			ck_assert_int_eq(ignored, IGNORED_TRUNCATED);
		else
			ck_assert_int_eq(ignored, IGNORED_NOT);
		if (ignored == IGNORED_NOT)
			ck_assert_uint_eq(
			    kind_version(info.head.kind) == 4 && info.head.src[0] == 10,
			    n >= frame);
	}
}
END_TEST

/* What is inside the mirrored frame may be a tunnel of its own, whose rules are the usual ones. */
START_TEST(tunnels_in_mirrored_frames_are_ordinary_ones)
{
	struct frame f = {.size = 0};
	struct pktinfo info;
	size_t at = open_erspan(&f, 2, 0, 0), inside;

	frame_put_ethernet(&f, 0x0800);
	inside = tunnel_open(&f, 4, 4);
	frame_put_zeros(&f, 40);
	tunnel_close(&f, at);
	tunnel_close(&f, inside);
	ck_assert_int_eq(tunnel_decode(&f, DECAP_ALL, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.ip_offset, inside);
	ck_assert_uint_eq(info.octets, 60);
	ck_assert_uint_eq(info.notes, NOTE(TUNNEL_NOT_IP));
}
END_TEST

/* The header says that the mirror cut the frame: the IP header knows how long it was. */
START_TEST(length_of_a_frame_that_the_mirror_cut_is_believed)
{
	for (unsigned type = 2; type <= 3; type++)
		for (unsigned cut = 0; cut < 2; cut++) {
			struct frame f = {.size = 0};
			struct pktinfo info;
			size_t at = open_erspan(&f, type, cut ? TRUNCATED_BIT : 0, 0);

			frame_put_ethernet(&f, 0x0800);
			tunnel_put_inner(&f, 4);
			put_be16(f.octets + f.size - 26, 1500);
			tunnel_close(&f, at);
			ck_assert_int_eq(tunnel_decode(&f, DECAP(ERSPAN), &info), IGNORED_NOT);
			ck_assert_uint_eq(info.octets, cut ? 1500 : 28);
			ck_assert_uint_eq(info.notes, cut ? NOTE(UDP_LENGTH) : NOTE(LENGTH_LIES));
			ck_assert_uint_eq(info.head.dst_port, 53);
			put_be16(f.octets + f.size - 26, 0);
			tunnel_decode(&f, DECAP(ERSPAN), &info);
			ck_assert_uint_eq(info.octets, 28);
		}
}
END_TEST

/* Of type II: 0 none, 1 ISL, 2 802.1Q, 3 it is still in the frame. */
START_TEST(tag_that_the_mirror_took_off_is_the_flows)
{
	for (unsigned tag = 0; tag < 4; tag++)
		for (unsigned tagged = 0; tagged < 2; tagged++) {
			struct frame f = {.size = 0};
			size_t at = open_erspan(&f, 2, tag << 11, 0);
			unsigned vlan;

			frame_put_ethernet(&f, tagged ? 0x8100 : 0x0800);
			if (tagged)
				frame_put_tag(&f, 9, 0x0800);
			tunnel_put_inner(&f, 4);
			tunnel_close(&f, at);
			vlan = tunnel_expect_inner(&f, DECAP(ERSPAN), 4).head.vlan;
			if (tagged)
				ck_assert_uint_eq(vlan, 9);
			else
				ck_assert_uint_eq(vlan, tag == 1 || tag == 2 ? 123 : 0);
		}
}
END_TEST

START_TEST(type_3_tells_what_the_frame_is)
{
	for (unsigned type = 0; type < 32; type++) {
		struct frame f = {.size = 0};
		struct pktinfo info;
		size_t at = open_erspan(&f, 3, 0, type << 10);

		if (type == 0)
			frame_put_ethernet(&f, 0x0800);
		tunnel_put_inner(&f, 4);
		tunnel_close(&f, at);
		if (type == 0 || type == 2)
			tunnel_expect_inner(&f, DECAP(ERSPAN), 4);
		else
			ck_assert_int_eq(tunnel_decode(&f, DECAP(ERSPAN), &info), IGNORED_NON_IP);
	}
}
END_TEST

START_TEST(erspan_of_another_version_is_not_read)
{
	for (unsigned type = 2; type <= 3; type++)
		for (unsigned version = 0; version < 16; version++) {
			struct frame f = {.size = 0};
			size_t at = open_erspan(&f, type, 0, 0);

			frame_put_ethernet(&f, 0x0800);
			tunnel_put_inner(&f, 4);
			tunnel_close(&f, at);
			f.octets[28] = (uint8_t)(version << 4);
			if (version != type - 1)
				tunnel_expect_outer(&f, DECAP(ERSPAN), NOTE(TUNNEL_NOT_IP));
		}
}
END_TEST

Suite *gre_suite(void)
{
	const TTest *const tests[] = {
	    each_set_of_flags_is_stepped_over,
	    gre_is_found_in_udp,
	    reserved_bits_change_nothing,
	    other_versions_are_no_tunnel,
	    source_routes_without_an_end_are_too_many,
	    ethernet_and_labels_are_found_inside,
	    nvgre_has_a_segment_and_other_keys_have_none,
	    wccp_has_a_header_of_its_own_or_none,
	    ppp_is_found_inside,
	    metadata_tells_the_type_first,
	    access_points_send_their_frames_of_802_11,
	    other_types_leave_the_outer_header,
	    pptp_is_recognised,
	    eoip_has_a_frame,
	    erspan_types_are_looked_into_by_their_own_name,
	    mirrored_frames_that_are_not_ip_are_ignored_by_name,
	    cut_mirrored_frames_are_never_metered_as_the_tunnel,
	    tunnels_in_mirrored_frames_are_ordinary_ones,
	    length_of_a_frame_that_the_mirror_cut_is_believed,
	    tag_that_the_mirror_took_off_is_the_flows,
	    type_3_tells_what_the_frame_is,
	    erspan_of_another_version_is_not_read,
	};

	return SUITE_OF("gre", tests);
}

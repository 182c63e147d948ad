#include "suites.h"

#include <pcap/dlt.h>
#include <string.h>

#include "support/frame.h"

#define STACK_LIMIT 16

/* Labels 1001, 1002, ... with traffic class 5 and TTL 9 each. */
static void put_stack(struct frame *f, unsigned type, unsigned count)
{
	frame_put_ethernet(f, type);
	for (unsigned i = 1; i <= count; i++)
		frame_put32(f, (1000 + i) << 12 | 5 << 9 | (i == count ? 1u : 0) << 8 | 9);
}

static void put_ipv4(struct frame *f)
{
	frame_put_ipv4(f, 17, 28);
	frame_put_udp(f);
}

START_TEST(ip_is_found_below_each_stack)
{
	static const unsigned types[] = {0x8847, 0x8848};

	for (unsigned n = 1; n <= STACK_LIMIT; n++)
		for (unsigned t = 0; t < 2; t++) {
			struct frame f = {.size = 0};
			struct pktinfo info;

			put_stack(&f, types[t], n);
			put_ipv4(&f);
			ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_NOT);
			ck_assert_uint_eq(kind_version(info.head.kind), 4);
			ck_assert_uint_eq(info.octets, 28);
			ck_assert_uint_eq(info.head.dst_port, 53);
			f.size = 0;
			put_stack(&f, types[t], n);
			frame_put_ipv6(&f, 59, 0);
			ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_NOT);
			ck_assert_uint_eq(kind_version(info.head.kind), 6);
		}
}
END_TEST

START_TEST(seventeen_labels_are_too_many)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	put_stack(&f, 0x8847, STACK_LIMIT + 1);
	put_ipv4(&f);
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_HEADER_LIMIT);
}
END_TEST

START_TEST(cut_stack_is_truncated)
{
	struct decode_options options = {.details = true};
	struct frame f = {.size = 0};
	struct pktinfo info;

	put_stack(&f, 0x8847, 3);
	put_ipv4(&f);
	for (size_t n = 14; n < 14 + 12 + 20; n++)
		ck_assert_msg(frame_decode_cut(&f, DLT_EN10MB, n, f.size, &options, &info) ==
			IGNORED_TRUNCATED,
		    "cut at %zu", n);
}
END_TEST

/* Nothing ends such a stack but the limit, or that nothing more was captured. */
START_TEST(stack_without_a_bottom_ends)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	put_stack(&f, 0x8847, STACK_LIMIT);
	f.octets[f.size - 2] = 0;
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_TRUNCATED);
	for (unsigned i = 0; i < 900; i++)
		frame_put32(&f, 77 << 12);
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_HEADER_LIMIT);
}
END_TEST

/* No frame is there either: 802.3 has no frames of length 0. */
START_TEST(what_is_neither_ip_nor_a_frame_is_mpls)
{
	for (unsigned nibble = 0; nibble < 16; nibble++) {
		struct frame f = {.size = 0};
		struct pktinfo info;

		if (nibble == 4 || nibble == 6)
			continue;
		put_stack(&f, 0x8847, 2);
		frame_put8(&f, nibble << 4 | 5);
		frame_put_zeros(&f, 60);
		ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_MPLS);
	}
}
END_TEST

START_TEST(labels_follow_a_tag)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ethernet(&f, 0x8100);
	frame_put_tag(&f, 5, 0x8847);
	frame_put32(&f, 77 << 12 | 1 << 8);
	put_ipv4(&f);
	ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.head.vlan, 5);
	ck_assert_uint_eq(info.head.dst_port, 53);
}
END_TEST

/* Label 1001 and so on, class 5, bottom of stack in the last; no TTL. */
START_TEST(three_entries_are_kept)
{
	struct decode_options options = {.details = true};

	for (unsigned n = 1; n <= 5; n++) {
		uint8_t expected[3][3] = {{0}};
		struct frame f = {.size = 0};
		struct pktinfo info;

		for (unsigned i = 0; i < n && i < 3; i++) {
			uint32_t entry = (1001 + i) << 4 | 5 << 1 | (i + 1 == n ? 1 : 0);

			expected[i][0] = (uint8_t)(entry >> 16);
			expected[i][1] = (uint8_t)(entry >> 8);
			expected[i][2] = (uint8_t)entry;
		}
		put_stack(&f, 0x8847, n);
		put_ipv4(&f);
		frame_decode_cut(&f, DLT_EN10MB, f.size, f.size, &options, &info);
		ck_assert_mem_eq(info.detail.mpls, expected, sizeof(expected));
	}
}
END_TEST

/* -- pseudowires ------------------------------------------------------------------------------ */

static const struct decode_options looking = {.decap = 1u << DECAP_MPLS_PW};

static enum ignored decode(const struct frame *f, struct pktinfo *info)
{
	return frame_decode_cut(f, DLT_EN10MB, f->size, f->size, &looking, info);
}

/* One label, a control word or nothing, a frame whose destination begins with this octet. */
static void put_pseudowire(struct frame *f, bool control_word, unsigned first, unsigned type)
{
	put_stack(f, 0x8847, 1);
	if (control_word)
		frame_put32(f, 1234);
	frame_put_ethernet(f, type);
	f->octets[f->size - 14] = (uint8_t)first;
}

static void check_udp(const struct frame *f)
{
	struct pktinfo info;

	ck_assert_int_eq(decode(f, &info), IGNORED_NOT);
	ck_assert_uint_eq(kind_version(info.head.kind), 4);
	ck_assert_uint_eq(info.head.src[0], 192);
	ck_assert_uint_eq(info.octets, 28);
	ck_assert_uint_eq(info.head.dst_port, 53);
	ck_assert_uint_eq(info.notes, 0);
}

/* Also those that begin as a control word, an associated channel or IP does. */
START_TEST(each_address_may_begin_a_pseudowire)
{
	for (unsigned first = 0; first < 256; first++)
		for (unsigned word = 0; word < 2; word++) {
			struct frame f = {.size = 0};

			put_pseudowire(&f, word, first, 0x0800);
			frame_put_packet(&f);
			check_udp(&f);
			frame_put_zeros(&f, 10);
			check_udp(&f);
		}
}
END_TEST

START_TEST(tags_in_a_pseudowire_follow_those_outside)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ethernet(&f, 0x8100);
	frame_put_tag(&f, 5, 0x8847);
	frame_put32(&f, 77 << 12 | 1 << 8);
	frame_put32(&f, 0);
	frame_put_ethernet(&f, 0x88a8);
	frame_put_tag(&f, 6, 0x8100);
	frame_put_tag(&f, 7, 0x86dd);
	frame_put_ipv6(&f, 17, 8);
	frame_put_udp(&f);
	ck_assert_int_eq(decode(&f, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.head.vlan, 5);
	ck_assert_uint_eq(info.inner_vlan, 6);
	ck_assert_uint_eq(info.octets, 48);
	ck_assert_uint_eq(info.head.dst_port, 53);
}
END_TEST

/* Labels in a pseudowire come after those that led to it, and count with them. */
START_TEST(labels_in_a_pseudowire_follow_those_outside)
{
	struct decode_options options = {.details = true, .decap = 1u << DECAP_MPLS_PW};
	struct frame f = {.size = 0};
	struct pktinfo info;

	put_pseudowire(&f, true, 2, 0x8847);
	frame_put32(&f, 77u << 12 | 1 << 8);
	frame_put_packet(&f);
	ck_assert_int_eq(
	    frame_decode_cut(&f, DLT_EN10MB, f.size, f.size, &options, &info), IGNORED_NOT);
	ck_assert_mem_eq(info.detail.mpls[0], "\x00\x3e\x9b", 3);
	ck_assert_mem_eq(info.detail.mpls[1], "\x00\x04\xd1", 3);
	f.size = 0;
	put_stack(&f, 0x8847, STACK_LIMIT);
	frame_put32(&f, 0);
	frame_put_ethernet(&f, 0x8847);
	frame_put32(&f, 77u << 12 | 1 << 8);
	frame_put_packet(&f);
	ck_assert_int_eq(decode(&f, &info), IGNORED_HEADER_LIMIT);
}
END_TEST

START_TEST(pseudowires_in_pseudowires_end)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	for (unsigned i = 0; i < 100; i++)
		put_pseudowire(&f, i & 1, 2, 0x8847);
	ck_assert_int_eq(decode(&f, &info), IGNORED_HEADER_LIMIT);
}
END_TEST

START_TEST(pseudowires_are_mpls_to_those_who_do_not_ask)
{
	static const unsigned firsts[] = {0x00, 0x12, 0x42, 0x62, 0xac};

	for (unsigned i = 0; i < 5; i++)
		for (unsigned word = 0; word < 2; word++) {
			struct frame f = {.size = 0};
			struct pktinfo info;

			put_pseudowire(&f, word, firsts[i], 0x0800);
			frame_put_packet(&f);
			ck_assert_int_eq(frame_decode(&f, DLT_EN10MB, &info), IGNORED_MPLS);
		}
}
END_TEST

START_TEST(pseudowires_name_what_is_not_ip)
{
	static const unsigned firsts[] = {0x00, 0x02, 0x12, 0xac};
	struct pktinfo info;

	for (unsigned i = 0; i < 4; i++)
		for (unsigned word = 0; word < 2; word++) {
			struct frame f = {.size = 0};

			put_pseudowire(&f, word, firsts[i], 0x0806);
			frame_put_zeros(&f, 46);
			ck_assert_int_eq(decode(&f, &info), IGNORED_ARP);
			f.size = 0;
			put_pseudowire(&f, word, firsts[i], 0x88cc);
			frame_put_zeros(&f, 46);
			ck_assert_int_eq(decode(&f, &info), IGNORED_LLDP);
			f.size = 0;
			put_pseudowire(&f, word, firsts[i], 38);
			frame_put(&f, "\x42\x42\x03", 3);
			frame_put_zeros(&f, 43);
			ck_assert_int_eq(decode(&f, &info), IGNORED_STP);
			f.size = 0;
			put_pseudowire(&f, word, firsts[i], 0x1234);
			frame_put_zeros(&f, 46);
			ck_assert_int_eq(decode(&f, &info), IGNORED_MPLS);
		}
}
END_TEST

START_TEST(cut_pseudowire_is_truncated)
{
	static const unsigned firsts[] = {0x00, 0x02, 0xac};

	for (unsigned i = 0; i < 3; i++)
		for (unsigned word = 0; word < 2; word++) {
			struct frame f = {.size = 0};

			put_pseudowire(&f, word, firsts[i], 0x8100);
			frame_put_tag(&f, 5, 0x0800);
			frame_put_packet(&f);
			frame_check_cuts(&f, DLT_EN10MB, f.size - 8);
		}
}
END_TEST

/* -- IP or not -------------------------------------------------------------------------------- */

/* What looks like a frame, with an EtherType and an IP header of its own, is IPv4 all the same. */
START_TEST(right_checksum_makes_it_ipv4)
{
	static const uint8_t ip[] = {
	    0x46, 0, 0, 60, 0, 1, 0, 0, 64, 17, 0, 0, 8, 0, 0x45, 0, 0, 28, 0, 1, 1, 1, 1, 1};
	struct frame f = {.size = 0};
	uint32_t sum = 0;
	struct pktinfo info;

	put_stack(&f, 0x8847, 1);
	frame_put(&f, ip, sizeof(ip));
	frame_put_zeros(&f, 36);
	/* A checksum that is wrong, and an EtherType with what it says. */
	ck_assert_int_eq(decode(&f, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 28);
	for (size_t i = 0; i < sizeof(ip); i += 2)
		sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
	sum = ~(sum + (sum >> 16)) & 0xffff;
	f.octets[18 + 10] = (uint8_t)(sum >> 8);
	f.octets[18 + 11] = (uint8_t)sum;
	ck_assert_int_eq(decode(&f, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 60);
	ck_assert_uint_eq(info.head.src[0], 8);
}
END_TEST

/* The mirror cut the frame and said nothing, or a network card was to fill in the checksum. */
START_TEST(ipv4_may_lie)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	put_stack(&f, 0x8847, 1);
	frame_put_ipv4(&f, 17, 1000);
	frame_put_udp(&f);
	ck_assert_int_eq(decode(&f, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 28);
	ck_assert_uint_eq(info.notes, 1u << NOTE_LENGTH_LIES);
	f.size = 18;
	frame_put_ipv4(&f, 17, 0);
	frame_put_udp(&f);
	ck_assert_int_eq(decode(&f, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.notes, 1u << NOTE_LENGTH_ZERO);
}
END_TEST

/* A frame of an unknown type must not become a flow of some addresses. */
START_TEST(address_that_begins_with_4_is_no_ipv4)
{
	static const unsigned firsts[] = {0x46, 0x48, 0x4a, 0x4c, 0x4e};

	for (unsigned i = 0; i < 5; i++) {
		struct frame f = {.size = 0};
		struct pktinfo info;

		put_stack(&f, 0x8847, 1);
		frame_put8(&f, firsts[i]);
		frame_put(&f, "\x1b\x44\x11\x3a\xb7\x02\0\0\0\0\2\x12\x34", 13);
		frame_put_zeros(&f, 60);
		ck_assert_int_eq(decode(&f, &info), IGNORED_MPLS);
		f.octets[18 + 12] = 0x88;
		f.octets[18 + 13] = 0xcc;
		ck_assert_int_eq(decode(&f, &info), IGNORED_LLDP);
	}
}
END_TEST

START_TEST(ipv4_header_shorter_than_itself_is_malformed)
{
	for (unsigned first = 0x40; first < 0x45; first++) {
		struct frame f = {.size = 0};
		struct pktinfo info;

		put_stack(&f, 0x8847, 1);
		frame_put8(&f, first);
		frame_put_zeros(&f, 50);
		ck_assert_int_eq(decode(&f, &info), IGNORED_MALFORMED);
	}
}
END_TEST

START_TEST(address_that_begins_with_6_is_no_ipv6)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	put_stack(&f, 0x8847, 1);
	frame_put(&f, "\x62\x1b\x44\x11\x3a\xb7\x02\0\0\0\0\2\x88\xcc", 14);
	frame_put_zeros(&f, 60);
	ck_assert_int_eq(decode(&f, &info), IGNORED_LLDP);
}
END_TEST

START_TEST(ipv6_may_be_shorter_or_lie)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	put_stack(&f, 0x8847, 1);
	frame_put_ipv6(&f, 17, 8);
	frame_put_udp(&f);
	frame_put_zeros(&f, 4);
	ck_assert_int_eq(decode(&f, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 48);
	f.octets[18 + 4] = 1;
	ck_assert_int_eq(decode(&f, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 52);
	ck_assert_uint_eq(info.notes, 1u << NOTE_LENGTH_LIES);
}
END_TEST

/* The label says what no other octet contradicts. */
START_TEST(explicit_null_says_which_ip)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ethernet(&f, 0x8847);
	frame_put32(&f, 1000 << 12);
	frame_put32(&f, 1 << 8 | 64);
	frame_put_packet(&f);
	check_udp(&f);
	f.octets[18] = 0x00;
	f.octets[19] = 0x00;
	f.octets[20] = 0x21;
	f.size = 22;
	frame_put_ipv6(&f, 59, 0);
	ck_assert_int_eq(decode(&f, &info), IGNORED_NOT);
	ck_assert_uint_eq(kind_version(info.head.kind), 6);
}
END_TEST

START_TEST(entropy_labels_are_labels)
{
	struct frame f = {.size = 0};

	frame_put_ethernet(&f, 0x8847);
	frame_put32(&f, 1000 << 12 | 64);
	frame_put32(&f, 7 << 12 | 64);
	frame_put32(&f, 0xabcdeu << 12 | 1 << 8);
	frame_put_packet(&f);
	check_udp(&f);
}
END_TEST

START_TEST(associated_channel_is_oam_unless_it_has_ip)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ethernet(&f, 0x8847);
	frame_put32(&f, 1000 << 12 | 64);
	frame_put32(&f, 13 << 12 | 1 << 8 | 1);
	frame_put32(&f, 0x10000007);
	frame_put_packet(&f);
	ck_assert_int_eq(decode(&f, &info), IGNORED_MPLS_OAM);
	frame_check_cuts(&f, DLT_EN10MB, 26);
	f.octets[25] = 0x21;
	check_udp(&f);
	frame_check_cuts(&f, DLT_EN10MB, 26 + 20);
	f.octets[25] = 0x57;
	f.size = 26;
	frame_put_ipv6(&f, 59, 0);
	ck_assert_int_eq(decode(&f, &info), IGNORED_NOT);
	ck_assert_uint_eq(kind_version(info.head.kind), 6);
}
END_TEST

Suite *mpls_suite(void)
{
	const TTest *const tests[] = {
	    ip_is_found_below_each_stack,
	    seventeen_labels_are_too_many,
	    cut_stack_is_truncated,
	    stack_without_a_bottom_ends,
	    what_is_neither_ip_nor_a_frame_is_mpls,
	    labels_follow_a_tag,
	    three_entries_are_kept,
	    each_address_may_begin_a_pseudowire,
	    tags_in_a_pseudowire_follow_those_outside,
	    labels_in_a_pseudowire_follow_those_outside,
	    pseudowires_in_pseudowires_end,
	    pseudowires_are_mpls_to_those_who_do_not_ask,
	    pseudowires_name_what_is_not_ip,
	    cut_pseudowire_is_truncated,
	    right_checksum_makes_it_ipv4,
	    ipv4_may_lie,
	    address_that_begins_with_4_is_no_ipv4,
	    ipv4_header_shorter_than_itself_is_malformed,
	    address_that_begins_with_6_is_no_ipv6,
	    ipv6_may_be_shorter_or_lie,
	    explicit_null_says_which_ip,
	    entropy_labels_are_labels,
	    associated_channel_is_oam_unless_it_has_ip,
	};

	return SUITE_OF("mpls", tests);
}

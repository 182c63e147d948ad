#include "suites.h"

#include <pcap/dlt.h>
#include <string.h>

#include "support/frame.h"

static const struct decode_options with_details = {.details = true};

static struct detail detail_of(const struct frame *f, int linktype)
{
	struct pktinfo info;

	ck_assert_int_eq(
	    frame_decode_cut(f, linktype, f->size, f->size, &with_details, &info), IGNORED_NOT);
	return info.detail;
}

START_TEST(ipv4_tcp_has_its_details)
{
	static const uint8_t no_labels[3][3];
	struct frame f = {.size = 0};
	struct detail d;

	frame_put_ethernet(&f, 0x0800);
	frame_put_ipv4(&f, 6, 40);
	frame_put_tcp(&f, 2);
	f.octets[f.size - 6] = 0xab;
	f.octets[f.size - 5] = 0xcd;
	d = detail_of(&f, DLT_EN10MB);
	ck_assert_mem_eq(d.dst_mac, "\x02\0\0\0\0\1", 6);
	ck_assert_mem_eq(d.src_mac, "\x02\0\0\0\0\2", 6);
	ck_assert_mem_eq(d.mpls, no_labels, sizeof(no_labels));
	ck_assert_uint_eq(d.ttl_min, 64);
	ck_assert_uint_eq(d.ttl_max, 64);
	ck_assert_uint_eq(d.fragment_flags, DETAIL_DO_NOT_FRAGMENT);
	ck_assert_uint_eq(d.tcp_sequence, 0x11111111);
	ck_assert_uint_eq(d.tcp_window, 0xabcd);
	ck_assert_uint_eq(d.flow_label, 0);
	ck_assert_uint_eq(d.octets_min, 40);
	ck_assert_uint_eq(d.octets_max, 40);
	ck_assert_uint_eq(d.point, 7);
}
END_TEST

START_TEST(ipv6_has_a_label_and_a_hop_limit)
{
	struct frame f = {.size = 0};
	struct detail d;

	frame_put_ethernet(&f, 0x86dd);
	frame_put_ipv6(&f, 17, 8);
	frame_put_udp(&f);
	d = detail_of(&f, DLT_EN10MB);
	ck_assert_uint_eq(d.flow_label, 0x12345);
	ck_assert_uint_eq(d.ttl_min, 64);
	ck_assert_uint_eq(d.ttl_max, 64);
	ck_assert_uint_eq(d.fragment_flags, 0);
	ck_assert_uint_eq(d.tcp_sequence, 0);
	ck_assert_uint_eq(d.tcp_window, 0);
	ck_assert_uint_eq(d.octets_min, 48);
}
END_TEST

START_TEST(fragment_flags_are_those_of_the_header)
{
	for (unsigned flags = 0; flags < 8; flags++) {
		struct frame f = {.size = 0};

		frame_put_ethernet(&f, 0x0800);
		frame_put_ipv4(&f, 17, 28);
		f.octets[14 + 6] = (uint8_t)(flags << 5 | 0x1f);
		frame_put_udp(&f);
		ck_assert_uint_eq(detail_of(&f, DLT_EN10MB).fragment_flags, flags << 5);
	}
}
END_TEST

START_TEST(ipv6_fragments_say_whether_more_follow)
{
	for (unsigned more = 0; more < 2; more++)
		for (unsigned offset = 0; offset < 16; offset += 8) {
			struct frame f = {.size = 0};

			frame_put_ethernet(&f, 0x86dd);
			frame_put_ipv6(&f, 44, 16);
			frame_put8(&f, 17);
			frame_put8(&f, 0);
			frame_put16(&f, offset | more);
			frame_put32(&f, 99);
			frame_put_udp(&f);
			ck_assert_uint_eq(detail_of(&f, DLT_EN10MB).fragment_flags,
			    more ? DETAIL_MORE_FRAGMENTS : 0);
		}
}
END_TEST

START_TEST(cooked_capture_has_a_source_alone)
{
	for (unsigned size = 5; size <= 7; size++)
		for (unsigned version = 1; version <= 2; version++) {
			static const uint8_t zeros[6];
			struct frame f = {.size = 0};
			struct detail d;

			if (version == 1) {
				frame_put16(&f, 0);
				frame_put16(&f, 1);
				frame_put16(&f, size);
				frame_put(&f, "\1\2\3\4\5\6\7\x08", 8);
				frame_put16(&f, 0x0800);
			} else {
				frame_put16(&f, 0x0800);
				frame_put16(&f, 0);
				frame_put32(&f, 9);
				frame_put16(&f, 1);
				frame_put8(&f, 0);
				frame_put8(&f, size);
				frame_put(&f, "\1\2\3\4\5\6\7\x08", 8);
			}
			frame_put_ipv4(&f, 17, 28);
			frame_put_udp(&f);
			d = detail_of(&f, version == 1 ? DLT_LINUX_SLL : DLT_LINUX_SLL2);
			if (size == 6)
				ck_assert_mem_eq(d.src_mac, "\1\2\3\4\5\6", 6);
			else
				ck_assert_mem_eq(d.src_mac, zeros, 6);
			ck_assert_mem_eq(d.dst_mac, zeros, 6);
		}
}
END_TEST

START_TEST(raw_ip_has_no_addresses_of_a_link)
{
	static const uint8_t zeros[6];
	struct frame f = {.size = 0};
	struct detail d;

	frame_put_ipv4(&f, 17, 28);
	frame_put_udp(&f);
	d = detail_of(&f, DLT_RAW);
	ck_assert_mem_eq(d.src_mac, zeros, 6);
	ck_assert_mem_eq(d.dst_mac, zeros, 6);
	ck_assert_uint_eq(d.ttl_min, 64);
}
END_TEST

/* Whatever was captured, all of the detail is the packet's or 0, and nothing behind it is read. */
START_TEST(cut_packets_have_what_was_captured)
{
	struct frame f = {.size = 0};

	frame_put_ethernet(&f, 0x0800);
	frame_put_ipv4(&f, 6, 40);
	frame_put_tcp(&f, 2);
	f.octets[f.size - 6] = 0xab;
	for (size_t n = 34; n <= f.size; n++) {
		struct pktinfo info;

		ck_assert_int_eq(
		    frame_decode_cut(&f, DLT_EN10MB, n, f.size, &with_details, &info), IGNORED_NOT);
		ck_assert_uint_eq(info.detail.ttl_min, 64);
		ck_assert_uint_eq(info.detail.tcp_sequence, n >= 42 ? 0x11111111 : 0);
		ck_assert_uint_eq(info.detail.tcp_window, n >= 50 ? 0xab00 : 0);
	}
}
END_TEST

START_TEST(octets_beyond_32_bits_are_the_most_that_fit)
{
	struct decode_options options = {.details = true, .believe_lengths = true};
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ipv6(&f, 0, 0);
	frame_put(&f, "\x3b\0\xc2\4\xff\xff\xff\xff", 8);
	frame_decode_cut(&f, DLT_RAW, f.size, f.size, &options, &info);
	ck_assert_uint_eq(info.octets, 40 + (uint64_t)UINT32_MAX);
	ck_assert_uint_eq(info.detail.octets_max, UINT32_MAX);
}
END_TEST

Suite *detail_suite(void)
{
	const TTest *const tests[] = {
	    ipv4_tcp_has_its_details,
	    ipv6_has_a_label_and_a_hop_limit,
	    fragment_flags_are_those_of_the_header,
	    ipv6_fragments_say_whether_more_follow,
	    cooked_capture_has_a_source_alone,
	    raw_ip_has_no_addresses_of_a_link,
	    cut_packets_have_what_was_captured,
	    octets_beyond_32_bits_are_the_most_that_fit,
	};

	return SUITE_OF("detail", tests);
}

#include "suites.h"

#include <pcap/dlt.h>

#include "support/frame.h"

#define HEADER 20

static const unsigned with_ports[] = {6, 17, 33, 132, 136};

static struct pktinfo decode(const struct frame *f)
{
	struct pktinfo info;

	ck_assert_int_eq(frame_decode(f, DLT_RAW, &info), IGNORED_NOT);
	return info;
}

/* The packet cut after `n` octets of its transport header. */
static struct pktinfo decode_cut(const struct frame *f, size_t n)
{
	struct decode_options options = {.believe_lengths = false};
	struct pktinfo info;

	ck_assert_int_eq(
	    frame_decode_cut(f, DLT_RAW, HEADER + n, f->size, &options, &info), IGNORED_NOT);
	return info;
}

START_TEST(protocols_with_ports_show_them)
{
	for (unsigned i = 0; i < sizeof(with_ports) / sizeof(*with_ports); i++) {
		struct frame f = {.size = 0};
		struct pktinfo info;

		frame_put_ipv4(&f, with_ports[i], HEADER + 20);
		frame_put_tcp(&f, 0x012);
		info = decode(&f);
		ck_assert_uint_eq(info.head.protocol, with_ports[i]);
		ck_assert_uint_eq(info.head.src_port, 1234);
		ck_assert_uint_eq(info.head.dst_port, 80);
		ck_assert_uint_eq(info.tcp_flags, with_ports[i] == 6 ? 0x012 : 0);
	}
}
END_TEST

START_TEST(other_protocols_have_no_ports)
{
	for (unsigned protocol = 0; protocol < 256; protocol++) {
		struct frame f = {.size = 0};
		struct pktinfo info;

		if (protocol == 1 || protocol == 58)
			continue;
		frame_put_ipv4(&f, protocol, HEADER + 20);
		frame_put_tcp(&f, 0xfff);
		info = decode(&f);
		ck_assert_uint_eq(info.head.protocol, protocol);
		for (unsigned i = 0; i < sizeof(with_ports) / sizeof(*with_ports); i++)
			if (protocol == with_ports[i])
				info.head.src_port = info.head.dst_port = 0;
		ck_assert_uint_eq(info.head.src_port, 0);
		ck_assert_uint_eq(info.head.dst_port, 0);
		ck_assert_uint_eq(info.tcp_flags, protocol == 6 ? 0xfff : 0);
	}
}
END_TEST

START_TEST(ports_need_four_octets)
{
	for (unsigned i = 0; i < sizeof(with_ports) / sizeof(*with_ports); i++) {
		struct frame f = {.size = 0};

		frame_put_ipv4(&f, with_ports[i], HEADER + 20);
		frame_put_tcp(&f, 0x012);
		for (size_t n = 0; n <= 20; n++) {
			struct pktinfo info = decode_cut(&f, n);

			ck_assert_uint_eq(info.head.src_port, n >= 4 ? 1234 : 0);
			ck_assert_uint_eq(info.head.dst_port, n >= 4 ? 80 : 0);
			ck_assert_uint_eq(info.octets, 40);
		}
	}
}
END_TEST

START_TEST(tcp_flags_are_twelve_bits_and_need_fourteen_octets)
{
	for (unsigned bit = 0; bit < 12; bit++) {
		struct frame f = {.size = 0};

		frame_put_ipv4(&f, 6, HEADER + 20);
		frame_put_tcp(&f, 1u << bit);
		for (size_t n = 0; n <= 20; n++)
			ck_assert_uint_eq(decode_cut(&f, n).tcp_flags, n >= 14 ? 1u << bit : 0);
	}
}
END_TEST

START_TEST(data_offset_is_no_flag)
{
	struct frame f = {.size = 0};

	frame_put_ipv4(&f, 6, HEADER + 20);
	frame_put_tcp(&f, 0xa000);
	ck_assert_uint_eq(decode(&f).tcp_flags, 0);
}
END_TEST

START_TEST(icmp_type_and_code_are_the_destination_port)
{
	static const unsigned protocols[] = {1, 58};

	for (unsigned i = 0; i < 2; i++) {
		struct frame f = {.size = 0};

		frame_put_ipv4(&f, protocols[i], HEADER + 8);
		frame_put8(&f, 3);
		frame_put8(&f, 4);
		frame_put(&f, "\xff\xff\xff\xff\xff\xff", 6);
		for (size_t n = 0; n <= 8; n++) {
			struct pktinfo info = decode_cut(&f, n);

			ck_assert_uint_eq(info.head.src_port, 0);
			ck_assert_uint_eq(info.head.dst_port, n >= 2 ? 3 * 256 + 4 : 0);
		}
	}
}
END_TEST

START_TEST(icmpv6_type_and_code_are_the_destination_port)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ipv6(&f, 58, 8);
	frame_put8(&f, 135);
	frame_put_zeros(&f, 7);
	info = decode(&f);
	ck_assert_uint_eq(info.head.protocol, 58);
	ck_assert_uint_eq(info.head.src_port, 0);
	ck_assert_uint_eq(info.head.dst_port, 135 * 256);
}
END_TEST

/* -- lengths ------------------------------------------------------------------------------------ */

#define NOTE(name) (1u << NOTE_##name)

/* TCP in an IP packet that has `octets` for it, with this many words in its header. */
static struct pktinfo decode_tcp(unsigned words, unsigned octets)
{
	struct frame f = {.size = 0};

	frame_put_ipv4(&f, 6, HEADER + octets);
	frame_put_tcp(&f, 0x012);
	f.octets[HEADER + 12] = (uint8_t)(words << 4);
	frame_put_zeros(&f, 60);
	return decode(&f);
}

START_TEST(tcp_header_below_five_words_or_beyond_the_packet_is_noted)
{
	for (unsigned words = 0; words < 16; words++)
		for (unsigned octets = 14; octets < 64; octets++) {
			struct pktinfo info = decode_tcp(words, octets);
			bool odd = words < 5 || words * 4 > octets;

			ck_assert_uint_eq(info.notes, odd ? NOTE(TCP_HEADER_LENGTH) : 0);
			ck_assert_uint_eq(info.head.dst_port, 80);
			ck_assert_uint_eq(info.tcp_flags, 0x012);
		}
}
END_TEST

START_TEST(tcp_header_that_only_the_capture_cuts_is_not_odd)
{
	struct frame f = {.size = 0};

	frame_put_ipv4(&f, 6, HEADER + 60);
	frame_put_tcp(&f, 0xa012);
	frame_put_zeros(&f, 40);
	for (size_t n = 0; n <= 60; n++)
		ck_assert_uint_eq(decode_cut(&f, n).notes, 0);
	/* One octet less in the packet. */
	f.octets[3]--;
	for (size_t n = 0; n <= 60; n++)
		ck_assert_uint_eq(decode_cut(&f, n).notes, n >= 14 ? NOTE(TCP_HEADER_LENGTH) : 0);
}
END_TEST

/* UDP of this length in 28 octets of a packet that has `total`; `fragment` is IPv4's octet 6. */
static uint32_t udp_notes(unsigned length, unsigned total, unsigned fragment)
{
	struct frame f = {.size = 0};

	frame_put_ipv4(&f, 17, total);
	f.octets[6] = (uint8_t)fragment;
	frame_put_udp(&f);
	frame_put_zeros(&f, 20);
	f.octets[HEADER + 4] = (uint8_t)(length >> 8);
	f.octets[HEADER + 5] = (uint8_t)length;
	ck_assert_uint_eq(decode(&f).head.dst_port, 53);
	return decode(&f).notes;
}

START_TEST(udp_length_other_than_ips_is_noted)
{
	static const unsigned lengths[] = {0, 7, 8, 27, 29, 65535};

	ck_assert_uint_eq(udp_notes(28, HEADER + 28, 0), 0);
	for (unsigned i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		ck_assert_uint_eq(udp_notes(lengths[i], HEADER + 28, 0), NOTE(UDP_LENGTH));
		/* A first fragment; IP's own length does not hold. */
		ck_assert_uint_eq(udp_notes(lengths[i], HEADER + 28, 0x20), 0);
		ck_assert_uint_eq(udp_notes(lengths[i], 0, 0), NOTE(LENGTH_ZERO));
		ck_assert_uint_eq(udp_notes(lengths[i], HEADER + 100, 0), NOTE(LENGTH_LIES));
	}
}
END_TEST

START_TEST(udp_length_is_judged_by_the_packet_not_the_capture)
{
	struct frame f = {.size = 0};

	frame_put_ipv4(&f, 17, HEADER + 28);
	frame_put_udp(&f);
	frame_put_zeros(&f, 20);
	for (size_t n = 0; n <= 28; n++)
		ck_assert_uint_eq(decode_cut(&f, n).notes, n >= 6 ? NOTE(UDP_LENGTH) : 0);
	f.octets[HEADER + 5] = 28;
	for (size_t n = 0; n <= 28; n++)
		ck_assert_uint_eq(decode_cut(&f, n).notes, 0);
}
END_TEST

START_TEST(udp_length_0_is_a_jumbograms)
{
	static const struct {
		uint32_t payload;
		uint32_t notes;
	} cases[] = {{65543, NOTE(UDP_LENGTH)}, {65544, 0}};

	for (unsigned i = 0; i < 2; i++) {
		struct decode_options options = {.believe_lengths = true};
		struct frame f = {.size = 0};
		struct pktinfo info;

		frame_put_ipv6(&f, 0, 0);
		frame_put(&f, "\x11\0\xc2\x04", 4);
		frame_put32(&f, cases[i].payload);
		frame_put_udp(&f);
		f.octets[f.size - 3] = 0;
		ck_assert_int_eq(
		    frame_decode_cut(&f, DLT_RAW, f.size, f.size, &options, &info), IGNORED_NOT);
		ck_assert_uint_eq(info.notes, cases[i].notes);
		ck_assert_uint_eq(info.head.dst_port, 53);
	}
}
END_TEST

/* What the first fragment must hold, at each size. */
START_TEST(first_fragment_that_ends_in_the_header_is_tiny)
{
	static const struct {
		unsigned protocol;
		unsigned least;
	} cases[] = {{6, 20}, {17, 8}, {136, 8}, {1, 8}, {58, 4}, {132, 12}, {33, 12}, {47, 0}};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (unsigned octets = 0; octets < 24; octets++) {
			struct frame f = {.size = 0};

			frame_put_ipv4(&f, cases[i].protocol, HEADER + octets);
			f.octets[6] = 0x20;
			frame_put_tcp(&f, 0x012);
			frame_put_zeros(&f, 4);
			ck_assert_uint_eq(
			    decode(&f).notes, octets < cases[i].least ? NOTE(FRAGMENT_TINY) : 0);
			/* A later one holds what it likes. */
			f.octets[7] = 1;
			ck_assert_uint_eq(decode(&f).notes, 0);
		}
}
END_TEST

Suite *transport_suite(void)
{
	const TTest *const tests[] = {
	    protocols_with_ports_show_them,
	    other_protocols_have_no_ports,
	    ports_need_four_octets,
	    tcp_flags_are_twelve_bits_and_need_fourteen_octets,
	    data_offset_is_no_flag,
	    icmp_type_and_code_are_the_destination_port,
	    icmpv6_type_and_code_are_the_destination_port,
	    tcp_header_below_five_words_or_beyond_the_packet_is_noted,
	    tcp_header_that_only_the_capture_cuts_is_not_odd,
	    udp_length_other_than_ips_is_noted,
	    udp_length_is_judged_by_the_packet_not_the_capture,
	    udp_length_0_is_a_jumbograms,
	    first_fragment_that_ends_in_the_header_is_tiny,
	};

	return SUITE_OF("transport", tests);
}

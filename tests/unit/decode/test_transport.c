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
		ck_assert_uint_eq(info.protocol, with_ports[i]);
		ck_assert_uint_eq(info.src_port, 1234);
		ck_assert_uint_eq(info.dst_port, 80);
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
		ck_assert_uint_eq(info.protocol, protocol);
		for (unsigned i = 0; i < sizeof(with_ports) / sizeof(*with_ports); i++)
			if (protocol == with_ports[i])
				info.src_port = info.dst_port = 0;
		ck_assert_uint_eq(info.src_port, 0);
		ck_assert_uint_eq(info.dst_port, 0);
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

			ck_assert_uint_eq(info.src_port, n >= 4 ? 1234 : 0);
			ck_assert_uint_eq(info.dst_port, n >= 4 ? 80 : 0);
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

			ck_assert_uint_eq(info.src_port, 0);
			ck_assert_uint_eq(info.dst_port, n >= 2 ? 3 * 256 + 4 : 0);
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
	ck_assert_uint_eq(info.protocol, 58);
	ck_assert_uint_eq(info.src_port, 0);
	ck_assert_uint_eq(info.dst_port, 135 * 256);
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
	};

	return SUITE_OF("transport", tests);
}

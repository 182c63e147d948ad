#include "suites.h"

#include <pcap/dlt.h>
#include <string.h>

#include "support/frame.h"
#include "util/bytes.h"
#include "util/rng.h"

#define V4 20
#define V6 40
#define NOTE(name) (1u << NOTE_##name)

static const struct decode_options by_wire = {.believe_lengths = false};
static const struct decode_options by_header = {.believe_lengths = true};

static struct pktinfo decode_as(
    const struct frame *f, size_t caplen, size_t len, const struct decode_options *options)
{
	struct pktinfo info;

	ck_assert_int_eq(frame_decode_cut(f, DLT_RAW, caplen, len, options, &info), IGNORED_NOT);
	return info;
}

static struct pktinfo decode(const struct frame *f)
{
	return decode_as(f, f->size, f->size, &by_wire);
}

static enum ignored ignored_at(const struct frame *f, size_t caplen)
{
	struct pktinfo info;

	return frame_decode_cut(f, DLT_RAW, caplen, f->size, &by_wire, &info);
}

/* -- IPv4 --------------------------------------------------------------------------------------- */

static void check_addresses(const struct pktinfo *info, const uint8_t *src, const uint8_t *dst)
{
	uint8_t addresses[2][ADDRESS_OCTETS];

	pktinfo_addresses(info, addresses[0], addresses[1]);
	ck_assert_mem_eq(addresses[0], src, ADDRESS_OCTETS);
	ck_assert_mem_eq(addresses[1], dst, ADDRESS_OCTETS);
}

START_TEST(ipv4_header_gives_addresses_tos_and_length)
{
	static const uint8_t src[16] = {192, 0, 2, 1}, dst[16] = {198, 51, 100, 2};
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ipv4(&f, 17, 28);
	frame_put_udp(&f);
	info = decode(&f);
	ck_assert_uint_eq(kind_version(info.head.kind), 4);
	ck_assert_uint_eq(info.tos, 0xb9);
	ck_assert_uint_eq(info.head.protocol, 17);
	ck_assert_uint_eq(info.octets, 28);
	ck_assert_uint_eq(info.notes, 0);
	check_addresses(&info, src, dst);
}
END_TEST

START_TEST(ipv4_fixed_header_cut_is_truncated)
{
	struct frame f = {.size = 0};

	frame_put_ipv4(&f, 17, 28);
	frame_put_udp(&f);
	for (size_t n = 0; n < V4; n++)
		ck_assert_int_eq(ignored_at(&f, n), IGNORED_TRUNCATED);
	ck_assert_int_eq(ignored_at(&f, V4), IGNORED_NOT);
}
END_TEST

START_TEST(ipv4_header_length_below_five_is_malformed)
{
	struct frame f = {.size = 0};

	frame_put_ipv4(&f, 17, 80);
	frame_put_zeros(&f, 60);
	for (unsigned ihl = 0; ihl < 16; ihl++) {
		f.octets[0] = (uint8_t)(0x40 | ihl);
		ck_assert_int_eq(ignored_at(&f, f.size), ihl < 5 ? IGNORED_MALFORMED : IGNORED_NOT);
	}
}
END_TEST

START_TEST(ipv4_total_length_below_the_header_is_malformed)
{
	struct frame f = {.size = 0};

	frame_put_ipv4(&f, 17, 0);
	frame_put_zeros(&f, 40);
	for (unsigned ihl = 5; ihl < 16; ihl++)
		for (unsigned total = 1; total <= ihl * 4; total++) {
			f.octets[0] = (uint8_t)(0x40 | ihl);
			put_be16(f.octets + 2, (uint16_t)total);
			ck_assert_int_eq(ignored_at(&f, f.size),
			    total < ihl * 4 ? IGNORED_MALFORMED : IGNORED_NOT);
		}
}
END_TEST

/* Segmentation offload. */
START_TEST(ipv4_total_length_0_counts_the_wire)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ipv4(&f, 17, 0);
	frame_put_udp(&f);
	info = decode_as(&f, f.size, 70000, &by_wire);
	ck_assert_uint_eq(info.octets, 70000);
	ck_assert_uint_eq(info.notes, 1u << NOTE_LENGTH_ZERO);
	ck_assert_uint_eq(info.head.dst_port, 53);
	info = decode_as(&f, f.size, 70000, &by_header);
	ck_assert_uint_eq(info.octets, 70000);
}
END_TEST

START_TEST(ipv4_total_length_beyond_the_wire_lies)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ipv4(&f, 17, 1000);
	frame_put_udp(&f);
	info = decode_as(&f, f.size, 999, &by_wire);
	ck_assert_uint_eq(info.octets, 999);
	ck_assert_uint_eq(info.notes, NOTE(LENGTH_LIES));
	info = decode_as(&f, f.size, 999, &by_header);
	ck_assert_uint_eq(info.octets, 1000);
	ck_assert_uint_eq(info.notes & ~NOTE(UDP_LENGTH), 0);
	info = decode_as(&f, f.size, 1000, &by_wire);
	ck_assert_uint_eq(info.octets, 1000);
	ck_assert_uint_eq(info.notes & ~NOTE(UDP_LENGTH), 0);
}
END_TEST

START_TEST(ethernet_padding_does_not_count)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ipv4(&f, 17, 28);
	frame_put_udp(&f);
	frame_put_zeros(&f, 18);
	info = decode(&f);
	ck_assert_uint_eq(info.octets, 28);
	ck_assert_uint_eq(info.notes, 0);
}
END_TEST

/* The octets behind the packet's end look like a TCP header, and are none. */
START_TEST(ipv4_padding_is_never_read_as_ports)
{
	for (unsigned transport = 0; transport <= 20; transport++) {
		struct frame f = {.size = 0};
		struct pktinfo info;

		frame_put_ipv4(&f, 6, V4 + transport);
		frame_put_tcp(&f, 0x002);
		info = decode(&f);
		ck_assert_uint_eq(info.octets, V4 + transport);
		ck_assert_uint_eq(info.head.src_port, transport >= 4 ? 1234 : 0);
		ck_assert_uint_eq(info.head.dst_port, transport >= 4 ? 80 : 0);
		ck_assert_uint_eq(info.tcp_flags, transport >= 14 ? 0x002 : 0);
	}
}
END_TEST

START_TEST(ipv4_options_are_stepped_over)
{
	for (unsigned words = 0; words <= 10; words++) {
		struct frame f = {.size = 0};
		struct pktinfo info;

		frame_put_ipv4(&f, 6, V4 + 4 * words + 20);
		f.octets[0] = (uint8_t)(0x45 + words);
		for (unsigned i = 0; i < words; i++)
			frame_put32(&f, 0x01010101);
		frame_put_tcp(&f, 0x018);
		info = decode(&f);
		ck_assert_uint_eq(info.head.src_port, 1234);
		ck_assert_uint_eq(info.tcp_flags, 0x018);
	}
}
END_TEST

START_TEST(ipv4_cut_at_every_length_is_metered_with_what_was_read)
{
	struct frame f = {.size = 0};

	frame_put_ipv4(&f, 6, V4 + 12 + 20);
	f.octets[0] = 0x48;
	frame_put(&f, "\1\1\1\1\1\1\1\1\1\1\1\1", 12);
	frame_put_tcp(&f, 0x012);
	for (size_t n = V4; n <= f.size; n++) {
		struct pktinfo info = decode_as(&f, n, f.size, &by_wire);

		ck_assert_uint_eq(info.octets, f.size);
		ck_assert_uint_eq(info.head.protocol, 6);
		ck_assert_uint_eq(info.head.src_port, n >= 36 ? 1234 : 0);
		ck_assert_uint_eq(info.tcp_flags, n >= 46 ? 0x012 : 0);
		ck_assert_uint_eq(info.notes, 0);
	}
}
END_TEST

static struct pktinfo decode_fragment4(unsigned flags_and_offset)
{
	struct frame f = {.size = 0};

	frame_put_ipv4(&f, 17, 28);
	frame_put_udp(&f);
	put_be16(f.octets + 6, (uint16_t)flags_and_offset);
	return decode(&f);
}

START_TEST(ipv4_first_fragment_has_ports)
{
	ck_assert_uint_eq(decode_fragment4(0x2000).head.dst_port, 53);
	ck_assert_uint_eq(decode_fragment4(0xe000).head.dst_port, 53);
}
END_TEST

START_TEST(ipv4_later_fragment_has_no_ports)
{
	for (unsigned bit = 0; bit < 13; bit++) {
		struct pktinfo info = decode_fragment4(0x2000u | 1u << bit);

		ck_assert_uint_eq(info.head.src_port, 0);
		ck_assert_uint_eq(info.head.dst_port, 0);
		ck_assert_uint_eq(info.head.protocol, 17);
		ck_assert_uint_eq(info.octets, 28);
	}
}
END_TEST

/* -- IPv6: what counts -------------------------------------------------------------------------- */

START_TEST(ipv6_header_gives_addresses_class_and_length)
{
	static const uint8_t src[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
	static const uint8_t dst[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 2};
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ipv6(&f, 17, 8);
	frame_put_udp(&f);
	info = decode(&f);
	ck_assert_uint_eq(kind_version(info.head.kind), 6);
	ck_assert_uint_eq(info.tos, 0xb9);
	ck_assert_uint_eq(info.head.protocol, 17);
	ck_assert_uint_eq(info.octets, 48);
	check_addresses(&info, src, dst);
}
END_TEST

START_TEST(ipv6_fixed_header_cut_is_truncated)
{
	struct frame f = {.size = 0};

	frame_put_ipv6(&f, 17, 8);
	frame_put_udp(&f);
	for (size_t n = 0; n < V6; n++)
		ck_assert_int_eq(ignored_at(&f, n), IGNORED_TRUNCATED);
	ck_assert_int_eq(ignored_at(&f, V6), IGNORED_NOT);
}
END_TEST

START_TEST(ipv6_payload_beyond_the_wire_lies)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ipv6(&f, 17, 1000);
	frame_put_udp(&f);
	info = decode_as(&f, f.size, 1039, &by_wire);
	ck_assert_uint_eq(info.octets, 1039);
	ck_assert_uint_eq(info.notes, NOTE(LENGTH_LIES));
	info = decode_as(&f, f.size, 1039, &by_header);
	ck_assert_uint_eq(info.octets, 1040);
	ck_assert_uint_eq(info.notes & ~NOTE(UDP_LENGTH), 0);
	info = decode_as(&f, f.size, 1040, &by_wire);
	ck_assert_uint_eq(info.octets, 1040);
	ck_assert_uint_eq(info.notes & ~NOTE(UDP_LENGTH), 0);
}
END_TEST

START_TEST(ipv6_padding_is_never_read_as_ports)
{
	for (unsigned transport = 1; transport <= 20; transport++) {
		struct frame f = {.size = 0};
		struct pktinfo info;

		frame_put_ipv6(&f, 6, transport);
		frame_put_tcp(&f, 0x002);
		info = decode(&f);
		ck_assert_uint_eq(info.octets, V6 + transport);
		ck_assert_uint_eq(info.head.src_port, transport >= 4 ? 1234 : 0);
		ck_assert_uint_eq(info.tcp_flags, transport >= 14 ? 0x002 : 0);
	}
}
END_TEST

START_TEST(ipv6_payload_0_counts_the_wire)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ipv6(&f, 17, 0);
	frame_put_udp(&f);
	info = decode_as(&f, f.size, 90000, &by_wire);
	ck_assert_uint_eq(info.octets, 90000);
	ck_assert_uint_eq(info.notes, 1u << NOTE_LENGTH_ZERO);
	ck_assert_uint_eq(info.head.dst_port, 53);
}
END_TEST

START_TEST(ipv6_payload_0_with_nothing_next_counts_the_header)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put_ipv6(&f, 59, 0);
	frame_put_zeros(&f, 20);
	info = decode(&f);
	ck_assert_uint_eq(info.octets, 40);
	ck_assert_uint_eq(info.head.protocol, 59);
}
END_TEST

/* A hop-by-hop header of 8 octets with these six of options, then UDP. */
static void put_hop_by_hop(struct frame *f, const char *options)
{
	frame_put_ipv6(f, 0, 0);
	frame_put8(f, 17);
	frame_put8(f, 0);
	frame_put(f, options, 6);
	frame_put_udp(f);
}

START_TEST(jumbo_option_is_the_payload_length)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	put_hop_by_hop(&f, "\xc2\x04\x00\x01\x86\xa0");
	info = decode_as(&f, f.size, 100040, &by_wire);
	ck_assert_uint_eq(info.octets, 100040);
	ck_assert_uint_eq(info.notes & ~NOTE(UDP_LENGTH), 0);
	ck_assert_uint_eq(info.head.protocol, 17);
	ck_assert_uint_eq(info.head.dst_port, 53);
	info = decode_as(&f, f.size, 100039, &by_wire);
	ck_assert_uint_eq(info.octets, 100039);
	ck_assert_uint_eq(info.notes, NOTE(LENGTH_LIES));
	info = decode_as(&f, f.size, 100039, &by_header);
	ck_assert_uint_eq(info.octets, 100040);
}
END_TEST

START_TEST(largest_jumbo_option_does_not_wrap)
{
	struct frame f = {.size = 0};

	put_hop_by_hop(&f, "\xc2\x04\xff\xff\xff\xff");
	ck_assert_uint_eq(decode_as(&f, f.size, f.size, &by_header).octets, 40 + 0xffffffffull);
	ck_assert_uint_eq(decode_as(&f, f.size, f.size, &by_wire).octets, f.size);
}
END_TEST

START_TEST(jumbo_option_that_16_bits_would_hold_is_noted)
{
	static const struct {
		const char *option;
		uint64_t octets;
		uint32_t notes;
	} cases[] = {{"\xc2\x04\0\0\0\x10", 56, NOTE(JUMBO_LENGTH)},
	    {"\xc2\x04\0\0\xff\xff", 40 + 65535, NOTE(JUMBO_LENGTH)},
	    {"\xc2\x04\0\x01\0\0", 40 + 65536, 0}};

	for (unsigned i = 0; i < 3; i++) {
		struct frame f = {.size = 0};
		struct pktinfo info;

		put_hop_by_hop(&f, cases[i].option);
		info = decode_as(&f, f.size, 200000, &by_wire);
		ck_assert_uint_eq(info.octets, cases[i].octets);
		ck_assert_uint_eq(
		    info.notes & NOTE(JUMBO_LENGTH), cases[i].notes & NOTE(JUMBO_LENGTH));
	}
}
END_TEST

/* The chain of a first fragment, whole or not, is no matter where the capture cut it. */
START_TEST(first_fragment_that_ends_in_the_chain_is_tiny)
{
	for (size_t size = 0; size <= 36; size++) {
		struct frame f = {.size = 0};

		frame_put_ipv6(&f, 44, 0);
		frame_put8(&f, 60);
		frame_put8(&f, 0);
		frame_put16(&f, 1);
		frame_put32(&f, 7);
		frame_put8(&f, 6);
		frame_put8(&f, 1);
		frame_put_zeros(&f, 14);
		frame_put_tcp(&f, 0x010);
		f.size = V6 + 8 + size;
		put_be16(f.octets + 4, (uint16_t)(8 + size));
		ck_assert_uint_eq(decode(&f).notes, size < 36 ? NOTE(FRAGMENT_TINY) : 0);
		if (size < 16)
			ck_assert_uint_eq(decode_as(&f, f.size - 1, f.size, &by_wire).notes, 0);
	}
}
END_TEST

START_TEST(jumbo_option_is_found_behind_padding)
{
	struct frame f = {.size = 0};

	frame_put_ipv6(&f, 0, 0);
	frame_put8(&f, 17);
	frame_put8(&f, 1);
	frame_put(&f, "\0\x01\x02\0\0\0\0\xc2\x04\x00\x01\x86\xa0\0", 14);
	frame_put_udp(&f);
	ck_assert_uint_eq(decode_as(&f, f.size, 100040, &by_wire).octets, 100040);
}
END_TEST

/* Without the option the wire counts; what is said in another option or behind it is no length. */
START_TEST(what_is_no_jumbo_option_counts_the_wire)
{
	static const char *const options[] = {"\x01\x04\0\0\0\0", "\xc2\x03\0\x01\x86\0",
	    "\xc2\x05\0\x01\x86\xa0", "\x01\x05\0\0\0\0", "\0\0\0\0\0\0", "\0\0\0\0\0\xc2",
	    "\0\0\0\0\xc2\x04", "\xc2\x04\0\0\0\0"};

	for (unsigned i = 0; i < sizeof(options) / sizeof(*options); i++) {
		struct frame f = {.size = 0};
		struct pktinfo info;

		put_hop_by_hop(&f, options[i]);
		info = decode_as(&f, f.size, 200000, &by_wire);
		ck_assert_msg(
		    info.octets == 200000, "%u: %llu", i, (unsigned long long)info.octets);
		ck_assert_uint_eq(info.notes, 1u << NOTE_LENGTH_ZERO);
	}
}
END_TEST

START_TEST(jumbo_option_of_a_wrong_length_is_none)
{
	for (unsigned length = 0; length <= 12; length++) {
		struct frame f = {.size = 0};

		if (length == 4)
			continue;
		frame_put_ipv6(&f, 0, 0);
		frame_put8(&f, 17);
		frame_put8(&f, 1);
		frame_put8(&f, 0xc2);
		frame_put8(&f, length);
		frame_put(&f, "\0\x01\x86\xa0\0\0\0\0\0\0\0\0", 12);
		frame_put_udp(&f);
		ck_assert_uint_eq(decode_as(&f, f.size, 200000, &by_wire).octets, 200000);
	}
}
END_TEST

START_TEST(jumbo_packet_cut_at_every_length_is_metered)
{
	struct frame f = {.size = 0};

	put_hop_by_hop(&f, "\xc2\x04\x00\x01\x86\xa0");
	for (size_t n = V6; n <= f.size; n++) {
		struct pktinfo info = decode_as(&f, n, 150000, &by_wire);

		ck_assert_uint_eq(info.octets, n >= 48 ? 100040 : 150000);
		ck_assert_uint_eq(info.head.protocol, n > V6 ? 17 : 0);
		ck_assert_uint_eq(info.head.dst_port, n >= 52 ? 53 : 0);
	}
}
END_TEST

/* -- IPv6: the chain ---------------------------------------------------------------------------- */

static void put_extension(struct frame *f, unsigned next, unsigned units)
{
	frame_put8(f, next);
	frame_put8(f, units);
	frame_put_zeros(f, 6 + 8 * (size_t)units);
}

static void put_fragment(struct frame *f, unsigned next, unsigned offset_and_more)
{
	frame_put8(f, next);
	frame_put8(f, 0xff); /* reserved: no length, whatever it says */
	frame_put16(f, offset_and_more);
	frame_put32(f, 0x12345678);
}

static void fix_payload(struct frame *f)
{
	put_be16(f->octets + 4, (uint16_t)(f->size - V6));
}

START_TEST(each_extension_header_is_stepped_over)
{
	static const unsigned types[] = {0, 43, 60};

	for (unsigned t = 0; t < 3; t++)
		for (unsigned units = 0; units < 40; units++) {
			struct frame f = {.size = 0};
			struct pktinfo info;

			frame_put_ipv6(&f, types[t], 0);
			put_extension(&f, 6, units);
			frame_put_tcp(&f, 0x010);
			fix_payload(&f);
			info = decode(&f);
			ck_assert_uint_eq(info.head.protocol, 6);
			ck_assert_uint_eq(info.head.dst_port, 80);
			ck_assert_uint_eq(info.tcp_flags, 0x010);
		}
}
END_TEST

/* AH counts its length in 4 octets, without the first two. */
START_TEST(authentication_header_has_its_own_unit)
{
	for (unsigned words = 0; words < 20; words++) {
		struct frame f = {.size = 0};

		frame_put_ipv6(&f, 51, 0);
		frame_put8(&f, 17);
		frame_put8(&f, words);
		frame_put_zeros(&f, ((size_t)words + 2) * 4 - 2);
		frame_put_udp(&f);
		fix_payload(&f);
		ck_assert_uint_eq(decode(&f).head.protocol, 17);
		ck_assert_uint_eq(decode(&f).head.dst_port, 53);
	}
}
END_TEST

START_TEST(other_next_headers_end_the_walk)
{
	static const unsigned types[] = {50, 59, 135, 139, 140, 4, 41, 47, 255};

	for (unsigned t = 0; t < sizeof(types) / sizeof(*types); t++) {
		struct frame f = {.size = 0};
		struct pktinfo info;

		frame_put_ipv6(&f, 60, 0);
		put_extension(&f, types[t], 0);
		put_extension(&f, 6, 0);
		frame_put_tcp(&f, 0x010);
		fix_payload(&f);
		info = decode(&f);
		ck_assert_uint_eq(info.head.protocol, types[t]);
		ck_assert_uint_eq(info.head.dst_port, 0);
		ck_assert_uint_eq(info.tcp_flags, 0);
	}
}
END_TEST

START_TEST(ipv4_has_no_extension_headers)
{
	struct frame f = {.size = 0};

	frame_put_ipv4(&f, 60, 48);
	put_extension(&f, 6, 0);
	frame_put_tcp(&f, 0x010);
	ck_assert_uint_eq(decode(&f).head.protocol, 60);
	ck_assert_uint_eq(decode(&f).head.dst_port, 0);
}
END_TEST

static void put_chain(struct frame *f, unsigned count)
{
	frame_put_ipv6(f, count ? 60 : 17, 0);
	for (unsigned i = 1; i <= count; i++)
		put_extension(f, i == count ? 17 : 60, 0);
	frame_put_udp(f);
	fix_payload(f);
}

START_TEST(chain_is_walked_to_its_end_or_256)
{
	for (unsigned n = 0; n < 300; n++) {
		struct frame f = {.size = 0};
		struct pktinfo info;

		put_chain(&f, n);
		info = decode(&f);
		ck_assert_uint_eq(info.head.dst_port, n <= 256 ? 53 : 0);
		ck_assert_uint_eq(info.head.protocol, n <= 256 ? 17 : 60);
		ck_assert_uint_eq(info.notes, n <= 256 ? 0 : NOTE(HEADER_LIMIT));
		ck_assert_uint_eq(info.octets, f.size);
	}
}
END_TEST

START_TEST(ipv6_first_fragment_has_ports)
{
	static const unsigned first[] = {0x0000, 0x0001, 0x0006};

	for (unsigned i = 0; i < 3; i++) {
		struct frame f = {.size = 0};

		frame_put_ipv6(&f, 44, 0);
		put_fragment(&f, 17, first[i]);
		frame_put_udp(&f);
		fix_payload(&f);
		ck_assert_uint_eq(decode(&f).head.protocol, 17);
		ck_assert_uint_eq(decode(&f).head.dst_port, 53);
	}
}
END_TEST

START_TEST(ipv6_later_fragment_ends_the_walk_at_its_next_header)
{
	for (unsigned bit = 3; bit < 16; bit++) {
		struct frame f = {.size = 0};
		struct pktinfo info;

		frame_put_ipv6(&f, 44, 0);
		put_fragment(&f, 60, 1u << bit);
		put_extension(&f, 6, 0);
		frame_put_tcp(&f, 0x010);
		fix_payload(&f);
		info = decode(&f);
		ck_assert_uint_eq(info.head.protocol, 60);
		ck_assert_uint_eq(info.head.dst_port, 0);
		ck_assert_uint_eq(info.octets, f.size);
	}
}
END_TEST

/* Hop-by-hop 40..48, routing 48..64, fragment 64..72, AH 72..84, destination 84..92, TCP 92..112 */
static void put_long_chain(struct frame *f)
{
	frame_put_ipv6(f, 0, 0);
	put_extension(f, 43, 0);
	put_extension(f, 44, 1);
	put_fragment(f, 51, 1);
	frame_put8(f, 60);
	frame_put8(f, 1);
	frame_put_zeros(f, 10);
	put_extension(f, 6, 0);
	frame_put_tcp(f, 0x123);
	fix_payload(f);
}

/* The protocol of that packet as far as `n` octets of it tell. */
static unsigned chain_protocol_at(size_t n)
{
	static const struct {
		size_t at;
		unsigned protocol;
	} headers[] = {{40, 43}, {48, 44}, {64, 51}, {72, 60}, {84, 6}};
	unsigned protocol = 0;

	for (unsigned i = 0; i < sizeof(headers) / sizeof(*headers); i++)
		if (n > headers[i].at)
			protocol = headers[i].protocol;
	return protocol;
}

START_TEST(chain_cut_at_every_length_gives_the_last_next_header_read)
{
	struct frame f = {.size = 0};

	put_long_chain(&f);
	ck_assert_uint_eq(f.size, 112);
	for (size_t n = V6; n <= f.size; n++) {
		struct pktinfo info = decode_as(&f, n, f.size, &by_wire);

		ck_assert_uint_eq(info.head.protocol, chain_protocol_at(n));
		ck_assert_uint_eq(info.head.src_port, n >= 96 ? 1234 : 0);
		ck_assert_uint_eq(info.tcp_flags, n >= 106 ? 0x123 : 0);
		ck_assert_uint_eq(info.octets, 112);
		ck_assert_uint_eq(info.notes, 0);
	}
}
END_TEST

/* The same when the packet itself ends there and padding follows. */
START_TEST(chain_ends_with_the_payload)
{
	struct frame f = {.size = 0};

	put_long_chain(&f);
	for (size_t n = V6 + 1; n <= f.size; n++) {
		struct pktinfo info;

		put_be16(f.octets + 4, (uint16_t)(n - V6));
		info = decode(&f);
		ck_assert_uint_eq(info.head.protocol, chain_protocol_at(n));
		ck_assert_uint_eq(info.head.src_port, n >= 96 ? 1234 : 0);
		ck_assert_uint_eq(info.octets, n);
	}
}
END_TEST

/* Whatever the octets are, nothing is read beyond them: AddressSanitizer is the judge. */
START_TEST(random_octets_are_never_overread)
{
	static const int linktypes[] = {
	    DLT_EN10MB, DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_RAW, DLT_NULL, DLT_LOOP};
	struct rng r = {.state = 1};
	struct frame f;

	for (unsigned n = 0; n < 200000; n++) {
		struct pktinfo info;

		f.size = 0;
		if (n % 3 == 0)
			frame_put_ethernet(&f, n % 2 ? 0x86dd : 0x8100);
		else if (n % 3 == 1)
			put_long_chain(&f);
		while (f.size < 120)
			frame_put8(&f, rng_below(&r, 4) ? rng_below(&r, 256) : rng_below(&r, 64));
		for (unsigned k = 0; n % 3 == 1 && k < 3; k++)
			f.octets[V6 + rng_below(&r, 60)] = (uint8_t)rng_next(&r);
		frame_decode_cut(&f, n % 3 == 1 ? DLT_RAW : linktypes[rng_below(&r, 6)],
		    rng_below(&r, 121), 120, n % 2 ? &by_wire : &by_header, &info);
	}
}
END_TEST

Suite *ip_suite(void)
{
	const TTest *const tests[] = {
	    ipv4_header_gives_addresses_tos_and_length,
	    ipv4_fixed_header_cut_is_truncated,
	    ipv4_header_length_below_five_is_malformed,
	    ipv4_total_length_below_the_header_is_malformed,
	    ipv4_total_length_0_counts_the_wire,
	    ipv4_total_length_beyond_the_wire_lies,
	    ethernet_padding_does_not_count,
	    ipv4_padding_is_never_read_as_ports,
	    ipv4_options_are_stepped_over,
	    ipv4_cut_at_every_length_is_metered_with_what_was_read,
	    ipv4_first_fragment_has_ports,
	    ipv4_later_fragment_has_no_ports,
	    ipv6_header_gives_addresses_class_and_length,
	    ipv6_fixed_header_cut_is_truncated,
	    ipv6_payload_beyond_the_wire_lies,
	    ipv6_padding_is_never_read_as_ports,
	    ipv6_payload_0_counts_the_wire,
	    ipv6_payload_0_with_nothing_next_counts_the_header,
	    jumbo_option_is_the_payload_length,
	    largest_jumbo_option_does_not_wrap,
	    jumbo_option_that_16_bits_would_hold_is_noted,
	    first_fragment_that_ends_in_the_chain_is_tiny,
	    jumbo_option_is_found_behind_padding,
	    what_is_no_jumbo_option_counts_the_wire,
	    jumbo_option_of_a_wrong_length_is_none,
	    jumbo_packet_cut_at_every_length_is_metered,
	    each_extension_header_is_stepped_over,
	    authentication_header_has_its_own_unit,
	    other_next_headers_end_the_walk,
	    ipv4_has_no_extension_headers,
	    chain_is_walked_to_its_end_or_256,
	    ipv6_first_fragment_has_ports,
	    ipv6_later_fragment_ends_the_walk_at_its_next_header,
	    chain_cut_at_every_length_gives_the_last_next_header_read,
	    chain_ends_with_the_payload,
	    random_octets_are_never_overread,
	};

	return SUITE_OF("ip", tests);
}

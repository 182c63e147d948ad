#include "suites.h"

#include <pcap/dlt.h>

#include "support/linked.h"

#define LINKTYPE_PKTAP 258
#define ETHERNET "\2\0\0\0\0\1\2\0\0\0\0\2\x08\x00"

/* A header of `size` octets that says that it has `length`. */
static void put_pflog(struct frame *f, unsigned length, size_t size, unsigned family)
{
	frame_put8(f, length);
	frame_put8(f, family);
	frame_put_zeros(f, size - 2);
}

static void check_pflog(unsigned length, size_t size, unsigned family)
{
	struct frame f = {.size = 0};

	put_pflog(&f, length, size, family);
	linked_carries(DLT_PFLOG, f.octets, f.size);
}

START_TEST(pflog_s_header_is_of_its_own_length)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	check_pflog(45, 48, 2);
	check_pflog(61, 64, 2);
	check_pflog(64, 64, 2);
	check_pflog(69, 72, 2);
	check_pflog(100, 100, 2);
	put_pflog(&f, 44, 44, 2);
	linked_ignored(DLT_PFLOG, f.octets, f.size, IGNORED_NON_IP);
	f.size = 0;
	put_pflog(&f, 61, 64, 1);
	linked_ignored(DLT_PFLOG, f.octets, f.size, IGNORED_NON_IP);
	f.size = 0;
	put_pflog(&f, 61, 64, 28);
	frame_put_ipv6(&f, 59, 0);
	ck_assert_int_eq(frame_decode(&f, DLT_PFLOG, &info), IGNORED_NOT);
	ck_assert_uint_eq(kind_version(info.head.kind), 6);
}
END_TEST

START_TEST(enc_has_a_family_in_any_order)
{
	LINKED_CARRIES(DLT_ENC, "\2\0\0\0\0\0\1\2\0\0\0\0");
	LINKED_CARRIES(DLT_ENC, "\0\0\0\2\0\0\1\2\0\0\0\0");
	LINKED_IGNORED(DLT_ENC, "\1\0\0\0\0\0\1\2\0\0\0\0", IGNORED_NON_IP);
}
END_TEST

START_TEST(nflog_s_packet_is_an_attribute)
{
	struct pktinfo info;

	LINKED_CARRIES(DLT_NFLOG, "\2\0\0\1\x20\0\x09\0");
	LINKED_CARRIES(DLT_NFLOG, "\2\0\0\1\0\x20\0\x09");
	LINKED_CARRIES(DLT_NFLOG, "\2\0\0\1\x08\0\1\0\x08\0\3\0\5\0\x0a\0\0\0\0\0\x20\0\x09\0");
	LINKED_CARRIES(DLT_NFLOG, "\7\0\0\1\x08\0\1\0\x08\0\3\0\x20\0\x09\0");
	LINKED_IGNORED(DLT_NFLOG, "\7\0\0\1\x08\0\1\0\x08\x06\3\0\x20\0\x09\0", IGNORED_ARP);
	LINKED_IGNORED(DLT_NFLOG, "\7\0\0\1\x20\0\x09\0", IGNORED_NON_IP);
	LINKED_IGNORED(DLT_NFLOG, "\2\0\0\1\3\0\1\0", IGNORED_NON_IP);
	linked_decode(
	    DLT_NFLOG, "\2\0\0\1\x10\0\x08\0\0\6\0\0\2\0\0\0\0\x09\0\0\x20\0\x09\0", 24, &info);
	ck_assert_mem_eq(info.detail.src_mac, "\2\0\0\0\0\x09", 6);
}
END_TEST

START_TEST(nflog_s_attributes_have_a_limit)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put(&f, "\2\0\0\1", 4);
	for (unsigned i = 0; i < 100; i++)
		frame_put(&f, "\4\0\x0a\0", 4);
	ck_assert_int_eq(frame_decode(&f, DLT_NFLOG, &info), IGNORED_HEADER_LIMIT);
}
END_TEST

/* The attribute's length ends the packet. */
START_TEST(nflog_s_payload_is_as_long_as_it_says)
{
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put(&f, "\2\0\0\1\x20\0\x09\0", 8);
	frame_put_ipv4(&f, 17, 0);
	frame_put_zeros(&f, 40);
	ck_assert_int_eq(frame_decode(&f, DLT_NFLOG, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 28);
}
END_TEST

static void put_pktap(struct frame *f, uint32_t size, unsigned record, unsigned linktype)
{
	uint8_t le[12] = {(uint8_t)size, (uint8_t)(size >> 8), (uint8_t)(size >> 16), 0,
	    (uint8_t)record, 0, 0, 0, (uint8_t)linktype, (uint8_t)(linktype >> 8), 0, 0};

	f->size = 0;
	frame_put(f, le, sizeof(le));
	frame_put_zeros(f, size - sizeof(le));
}

START_TEST(pktap_says_what_follows)
{
	static const int linktypes[] = {LINKTYPE_PKTAP, DLT_USER2};
	struct frame f;

	for (unsigned i = 0; i < 2; i++) {
		put_pktap(&f, 108, 1, DLT_EN10MB);
		frame_put(&f, ETHERNET, 14);
		linked_carries(linktypes[i], f.octets, f.size);
		put_pktap(&f, 156, 1, DLT_RAW);
		linked_carries(linktypes[i], f.octets, f.size);
		put_pktap(&f, 108, 1, DLT_NULL);
		frame_put(&f, "\2\0\0\0", 4);
		linked_carries(linktypes[i], f.octets, f.size);
		put_pktap(&f, 108, 0, DLT_RAW);
		linked_ignored(linktypes[i], f.octets, f.size, IGNORED_NON_IP);
		put_pktap(&f, 108, 1, DLT_USB_LINUX);
		linked_ignored(linktypes[i], f.octets, f.size, IGNORED_NON_IP);
	}
}
END_TEST

/* A link type for private use may be anything: only what looks like PKTAP is taken for it. */
START_TEST(private_use_is_hardly_taken_for_pktap)
{
	struct frame f;

	put_pktap(&f, 108, 1, DLT_RAW);
	f.octets[0] = 107;
	linked_ignored(DLT_USER2, f.octets, f.size, IGNORED_NON_IP);
	put_pktap(&f, 1028, 1, DLT_RAW);
	linked_ignored(DLT_USER2, f.octets, f.size, IGNORED_NON_IP);
}
END_TEST

/* A header that names its own link type again and again comes to an end. */
START_TEST(pktap_within_pktap_has_a_limit)
{
	struct frame one, f = {.size = 0};
	struct pktinfo info;

	put_pktap(&one, 108, 1, LINKTYPE_PKTAP);
	for (unsigned i = 0; i < 36; i++)
		frame_put(&f, one.octets, one.size);
	ck_assert_int_eq(frame_decode(&f, LINKTYPE_PKTAP, &info), IGNORED_HEADER_LIMIT);
}
END_TEST

START_TEST(ipnet_has_family_and_interface)
{
	struct decode_options options = {.believe_lengths = false};
	struct frame f = {.size = 0};
	struct pktinfo info;
	struct packet packet;

	LINKED_CARRIES(DLT_IPNET, "\1\2\0\0\0\0\0\x1c\0\0\0\2\0\0\0\0\xff\xff\xff\xff\0\0\0\0");
	LINKED_IGNORED(DLT_IPNET, "\1\1\0\0\0\0\0\x1c\0\0\0\2\0\0\0\0\xff\xff\xff\xff\0\0\0\0",
	    IGNORED_NON_IP);
	frame_put(&f, "\1\x1a\0\0\0\0\0\x28\0\0\1\2\0\0\0\0\xff\xff\xff\xff\0\0\0\0", 24);
	frame_put_ipv6(&f, 59, 0);
	packet = (struct packet){.data = f.octets,
	    .caplen = (uint32_t)f.size,
	    .len = (uint32_t)f.size,
	    .linktype = DLT_IPNET};
	ck_assert_int_eq(decode_packet(&packet, &options, &info), IGNORED_NOT);
	ck_assert_uint_eq(kind_version(info.head.kind), 6);
	ck_assert_uint_eq(info.head.ingress, 0x102);
}
END_TEST

/* A record's header: time, type, flags, record length, colour, wire length. */
static void put_erf(struct frame *f, unsigned type, unsigned wire)
{
	f->size = 0;
	frame_put_zeros(f, 8);
	frame_put8(f, type);
	frame_put_zeros(f, 5);
	frame_put16(f, wire);
}

static void check_erf(unsigned type, const void *below, size_t n, size_t checksum)
{
	struct frame f;

	put_erf(&f, type, (unsigned)(n + 28 + checksum));
	if (type & 0x80)
		frame_put(&f, "\x80\1\2\3\4\5\6\7\0\1\2\3\4\5\6\7", 16);
	frame_put(&f, below, n);
	linked_carries(DLT_ERF, f.octets, f.size);
}

START_TEST(erf_has_a_frame_of_the_record_s_type)
{
	struct frame f;

	check_erf(1, "\xff\x03\0\x21", 4, 0);
	check_erf(1, "\x0f\0\x08\0", 4, 0);
	check_erf(2, "\0\0" ETHERNET, 16, 4);
	check_erf(0x82, "\0\0" ETHERNET, 16, 4);
	check_erf(4, "\1\2\3\4\xaa\xaa\x03\0\0\0\x08\0", 12, 0);
	check_erf(5, "\1\2\3\4\xff\x03\0\x21", 8, 0);
	check_erf(11, "\0\0" ETHERNET, 16, 4);
	check_erf(22, "", 0, 0);
	put_erf(&f, 21, 100);
	linked_ignored(DLT_ERF, f.octets, f.size, IGNORED_ERF);
	put_erf(&f, 48, 0);
	linked_ignored(DLT_ERF, f.octets, f.size, IGNORED_ERF);
}
END_TEST

/* The record says how long the frame was on the wire, its checksum included. */
START_TEST(erf_tells_the_wire_s_length)
{
	struct frame f;
	struct pktinfo info;

	put_erf(&f, 2, 14 + 1000 + 4);
	frame_put(&f, "\0\0" ETHERNET, 16);
	frame_put_ipv4(&f, 17, 0);
	frame_put_zeros(&f, 30);
	ck_assert_int_eq(frame_decode(&f, DLT_ERF, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 1000);
}
END_TEST

/* What fills a record up is not of the packet. */
START_TEST(erf_s_records_are_filled_up)
{
	struct frame f;
	struct pktinfo info;

	put_erf(&f, 22, 20);
	frame_put_packet(&f);
	ck_assert_int_eq(frame_decode(&f, DLT_ERF, &info), IGNORED_NOT);
	ck_assert_uint_eq(info.octets, 20);
	ck_assert_uint_eq(info.head.dst_port, 0);
	put_erf(&f, 22, 19);
	frame_put_packet(&f);
	ck_assert_int_eq(frame_decode(&f, DLT_ERF, &info), IGNORED_TRUNCATED);
}
END_TEST

START_TEST(erf_s_extensions_have_a_limit)
{
	struct frame f;
	struct pktinfo info;

	put_erf(&f, 0x82, 100);
	for (unsigned i = 0; i < 17; i++)
		frame_put(&f, "\x80\0\0\0\0\0\0\0", 8);
	ck_assert_int_eq(frame_decode(&f, DLT_ERF, &info), IGNORED_HEADER_LIMIT);
}
END_TEST

Suite *captured_suite(void)
{
	const TTest *const tests[] = {
	    pflog_s_header_is_of_its_own_length,
	    enc_has_a_family_in_any_order,
	    nflog_s_packet_is_an_attribute,
	    nflog_s_attributes_have_a_limit,
	    nflog_s_payload_is_as_long_as_it_says,
	    pktap_says_what_follows,
	    private_use_is_hardly_taken_for_pktap,
	    pktap_within_pktap_has_a_limit,
	    ipnet_has_family_and_interface,
	    erf_has_a_frame_of_the_record_s_type,
	    erf_tells_the_wire_s_length,
	    erf_s_records_are_filled_up,
	    erf_s_extensions_have_a_limit,
	};

	return SUITE_OF("captured", tests);
}

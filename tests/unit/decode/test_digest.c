#include "suites.h"

#include <pcap/dlt.h>
#include <stdlib.h>
#include <string.h>

#include "decode/digest.h"
#include "support/frame.h"

/* Of a copy of exactly the captured octets. */
static uint32_t digest_cut(const struct frame *f, int linktype, size_t caplen, uint32_t key)
{
	uint8_t *captured = malloc(caplen);
	struct packet packet = {.data = captured,
	    .caplen = (uint32_t)caplen,
	    .len = (uint32_t)f->size,
	    .linktype = linktype};
	struct decode_options options = {.details = false};
	struct pktinfo info;
	uint32_t digest;

	memcpy(captured, f->octets, caplen);
	decode_packet(&packet, &options, &info);
	digest = digest_packet(&packet, &info, key);
	free(captured);
	return digest;
}

static uint32_t digest(const struct frame *f, uint32_t key)
{
	return digest_cut(f, DLT_EN10MB, f->size, key);
}

/* Values of an implementation of its own, in Python; that of nothing at all is well known. */
START_TEST(bob_gives_known_values)
{
	static const struct {
		size_t size;
		uint32_t of_0, of_deadbeef;
	} rows[] = {{0, 0xbd49d10d, 0x1153f4be}, {1, 0xb93913a8, 0x1974376e},
	    {2, 0x3c0dc55f, 0xfb26f987}, {3, 0x678b9854, 0x4908b675}, {4, 0x8c353ddc, 0xeb98fe2b},
	    {5, 0x6fe47f27, 0xb2b236e5}, {6, 0xb0320a8f, 0x52215a3b}, {7, 0xdb09657f, 0x147739ab},
	    {8, 0x9630e022, 0x686a67cd}, {9, 0x837ab0a2, 0x46157093}, {10, 0x00046799, 0x6b27c999},
	    {11, 0x95de59c9, 0x6908aba7}, {12, 0xaaa20801, 0x2c385b4c},
	    {13, 0x41fa9c2d, 0x658aeb6d}, {19, 0x37edf043, 0x456f4b50},
	    {20, 0x922c26ce, 0x1515574b}, {21, 0xf6a20e7a, 0x0f9a376a},
	    {23, 0x7aceac8c, 0x81cdef82}, {24, 0xe4762887, 0x39239f91},
	    {25, 0x41621a69, 0x16c9e40b}, {47, 0xb880c907, 0x1ebdc5a2}};
	uint8_t octets[64];

	for (unsigned i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)(i + 1);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		ck_assert_uint_eq(digest_bob(octets, rows[i].size, 0), rows[i].of_0);
		ck_assert_uint_eq(
		    digest_bob(octets, rows[i].size, 0xdeadbeef), rows[i].of_deadbeef);
	}
}
END_TEST

static void put_packet4(struct frame *f)
{
	frame_put_ethernet(f, 0x0800);
	frame_put_ipv4(f, 17, 28);
	frame_put_udp(f);
}

START_TEST(ipv4_is_hashed_by_the_standards_fields)
{
	struct frame f = {.size = 0};

	put_packet4(&f);
	ck_assert_uint_eq(digest(&f, 0), 0xa080e2d8);
	ck_assert_uint_eq(digest(&f, 7), 0x3cfbd2d6);
	/* Padding is no payload. */
	frame_put_zeros(&f, 18);
	ck_assert_uint_eq(digest(&f, 0), 0xa080e2d8);
	/* As much of the payload as there is. */
	ck_assert_uint_eq(digest_cut(&f, DLT_EN10MB, 37, 0), 0x50f99d7c);
	ck_assert_uint_eq(digest_cut(&f, DLT_EN10MB, 34, 0), 0x5122e02e);
	f.octets[14 + 3] = 23;
	ck_assert_uint_eq(digest(&f, 7), 0x82f32513);
}
END_TEST

START_TEST(ipv6_is_hashed_by_the_standards_fields)
{
	struct frame f = {.size = 0};

	frame_put_ethernet(&f, 0x86dd);
	frame_put_ipv6(&f, 17, 8);
	frame_put_udp(&f);
	ck_assert_uint_eq(digest(&f, 0), 0xd14abfd9);
	ck_assert_uint_eq(digest(&f, 7), 0xd8fcb5ad);
	ck_assert_uint_eq(digest_cut(&f, DLT_EN10MB, 54, 0), 0x600827bc);
	f.octets[14 + 5] = 0;
	f.octets[14 + 6] = 59;
	ck_assert_uint_eq(digest(&f, 0), 0x68353348);
}
END_TEST

/* What a router changes: TTL, checksum, type of service, the link layer, tags and labels. */
START_TEST(what_routers_change_does_not_enter)
{
	struct frame f = {.size = 0}, other = {.size = 0};
	uint32_t d;

	put_packet4(&f);
	d = digest(&f, 5);
	f.octets[0] ^= 0xff;
	f.octets[14 + 1] ^= 0xff;
	f.octets[14 + 8]--;
	f.octets[14 + 10] ^= 0xff;
	f.octets[14 + 11] ^= 0xff;
	ck_assert_uint_eq(digest(&f, 5), d);
	frame_put_ethernet(&other, 0x8100);
	frame_put_tag(&other, 5, 0x8847);
	frame_put32(&other, 16 << 12 | 1 << 8);
	frame_put(&other, f.octets + 14, f.size - 14);
	ck_assert_uint_eq(digest(&other, 5), d);
	ck_assert_uint_ne(digest(&other, 6), d);
}
END_TEST

START_TEST(each_octet_of_the_input_counts)
{
	static const unsigned at[] = {4, 5, 6, 7, 12, 15, 16, 19, 20, 27};
	struct frame f = {.size = 0};
	uint32_t d;

	put_packet4(&f);
	d = digest(&f, 0);
	for (unsigned i = 0; i < sizeof(at) / sizeof(*at); i++) {
		f.octets[14 + at[i]] ^= 1;
		ck_assert_msg(digest(&f, 0) != d, "octet %u", at[i]);
		f.octets[14 + at[i]] ^= 1;
	}
}
END_TEST

START_TEST(payload_begins_behind_the_options)
{
	struct frame f = {.size = 0}, plain = {.size = 0};

	put_packet4(&plain);
	frame_put_ethernet(&f, 0x0800);
	frame_put_ipv4(&f, 17, 32);
	f.octets[14] = 0x46;
	frame_put32(&f, 0x01010101);
	frame_put_udp(&f);
	ck_assert_uint_eq(digest(&f, 0), digest(&plain, 0));
}
END_TEST

START_TEST(cut_packets_are_never_overread)
{
	struct frame f = {.size = 0};

	put_packet4(&f);
	for (size_t n = 1; n <= f.size; n++)
		digest_cut(&f, DLT_EN10MB, n, 0);
	f.size = 0;
	frame_put_ipv6(&f, 17, 8);
	frame_put_udp(&f);
	for (size_t n = 1; n <= f.size; n++)
		digest_cut(&f, DLT_RAW, n, 0);
}
END_TEST

Suite *digest_suite(void)
{
	const TTest *const tests[] = {
	    bob_gives_known_values,
	    ipv4_is_hashed_by_the_standards_fields,
	    ipv6_is_hashed_by_the_standards_fields,
	    what_routers_change_does_not_enter,
	    each_octet_of_the_input_counts,
	    payload_begins_behind_the_options,
	    cut_packets_are_never_overread,
	};

	return SUITE_OF("digest", tests);
}

/*
 * The short way through the decoder and the walk agree: of every frame, whatever octet of it is
 * changed and wherever it is cut. With details asked for the decoder walks.
 */
#include "suites.h"

#include <pcap/dlt.h>
#include <stddef.h>
#include <string.h>

#include "support/frame.h"

static void compare(const struct frame *f, size_t caplen, size_t len, bool believe_lengths)
{
	struct decode_options options = {.believe_lengths = believe_lengths};
	struct pktinfo one, other;
	enum ignored ignored, walked;

	memset(&one, 0x55, sizeof(one));
	memset(&other, 0xaa, sizeof(other));
	ignored = frame_decode_cut(f, DLT_EN10MB, caplen, len, &options, &one);
	options.details = true;
	walked = frame_decode_cut(f, DLT_EN10MB, caplen, len, &options, &other);
	ck_assert_int_eq(ignored, walked);
	if (!ignored)
		ck_assert_mem_eq((const uint8_t *)&one + offsetof(struct pktinfo, octets),
		    (const uint8_t *)&other + offsetof(struct pktinfo, octets),
		    offsetof(struct pktinfo, fragment) - offsetof(struct pktinfo, octets));
}

static void compare_changed(struct frame *f, uint8_t *octet)
{
	uint8_t was = *octet;

	for (unsigned v = 0; v < 256; v++) {
		*octet = (uint8_t)v;
		compare(f, f->size, f->size, v & 1);
	}
	*octet = was;
}

static void compare_all(struct frame *f)
{
	for (size_t i = 0; i < f->size; i++)
		compare_changed(f, &f->octets[i]);
	for (size_t n = 0; n <= f->size; n++)
		for (size_t more = 0; more < 2; more++) {
			compare(f, n, f->size, more);
			compare(f, n, n + more, more);
		}
}

static void put_ip(struct frame *f, unsigned version, unsigned protocol, unsigned octets)
{
	if (version == 4)
		frame_put_ipv4(f, protocol, 20 + octets);
	else
		frame_put_ipv6(f, protocol, octets);
}

START_TEST(short_way_and_walk_agree)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned version = i & 1 ? 6 : 4, type = i & 1 ? 0x86dd : 0x0800;
		unsigned extra = i & 2 ? 6 : 0;
		struct frame f = {.size = 0};

		frame_put_ethernet(&f, i & 8 ? 0x8100 : type);
		if (i & 8)
			frame_put_tag(&f, 0x2064, type);
		put_ip(&f, version, i & 4 ? 17 : 6, (i & 4 ? 8 : 20) + extra);
		if (i & 4)
			frame_put_udp(&f);
		else
			frame_put_tcp(&f, 0x112);
		frame_put_zeros(&f, i & 4 ? 18 : 6); /* usual.c leaves the shortest to the walk */
		compare_all(&f);
	}
}
END_TEST

/* TCP, UDP, ICMP, which is none of the usual ones, and TCP again. */
START_TEST(many_are_taken_up_to_the_first_unusual_one)
{
	static const unsigned protocols[] = {6, 17, 1, 6};
	const struct decode_options options = {.details = false};
	struct frame frames[4] = {{.size = 0}};
	struct packet packets[4];
	struct pktinfo many[4], one;

	for (unsigned i = 0; i < 4; i++) {
		frame_put_ethernet(&frames[i], 0x0800);
		frame_put_ipv4(&frames[i], protocols[i], 20 + (i == 1 ? 8 : 20));
		if (i == 1)
			frame_put_udp(&frames[i]);
		else
			frame_put_tcp(&frames[i], 0x010);
		frame_put_zeros(&frames[i], 12);
		packets[i] = (struct packet){.data = frames[i].octets,
		    .caplen = (uint32_t)frames[i].size,
		    .len = (uint32_t)frames[i].size,
		    .ingress = i + 1,
		    .linktype = DLT_EN10MB};
	}
	ck_assert_uint_eq(decode_usual(packets, 4, many), 2);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(decode_packet(&packets[i], &options, &one), IGNORED_NOT);
		ck_assert_mem_eq(&many[i].octets, &one.octets,
		    offsetof(struct pktinfo, fragment) - offsetof(struct pktinfo, octets));
		ck_assert_uint_eq(many[i].head.ingress, i + 1);
	}
	ck_assert_uint_eq(decode_usual(packets + 2, 2, many), 0);
	ck_assert_uint_eq(decode_usual(packets + 3, 1, many), 1);
	ck_assert_uint_eq(decode_usual(packets, 0, many), 0);
}
END_TEST

Suite *usual_suite(void)
{
	const TTest *const tests[] = {
	    short_way_and_walk_agree,
	    many_are_taken_up_to_the_first_unusual_one,
	};

	return SUITE_OF("usual", tests);
}

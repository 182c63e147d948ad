#include "support/linked.h"

#include <check.h>

#define TRAILER 8 /* octets behind the packet, which belong to the link layer */

static void check_packet(const struct pktinfo *info)
{
	ck_assert_uint_eq(kind_version(info->head.kind), 4);
	ck_assert_uint_eq(info->octets, 28);
	ck_assert_uint_eq(info->notes, 0);
	ck_assert_uint_eq(info->head.src_port, 5353);
	ck_assert_uint_eq(info->head.dst_port, 53);
	ck_assert_uint_eq(info->inner_vlan, 0);
	ck_assert_uint_eq(info->head.ingress, 7);
}

void linked_decode(int linktype, const void *headers, size_t n, struct pktinfo *info)
{
	struct decode_options options = {.details = true};
	struct frame f = {.size = 0};

	frame_put(&f, headers, n);
	frame_put_packet(&f);
	frame_put_zeros(&f, TRAILER);
	ck_assert_int_eq(
	    frame_decode_cut(&f, linktype, f.size, f.size, &options, info), IGNORED_NOT);
	check_packet(info);
	ck_assert_uint_eq(info->ip_offset, n);
	frame_check_cuts(&f, linktype, n + 20);
}

void linked_carries(int linktype, const void *headers, size_t n)
{
	struct pktinfo info;

	linked_decode(linktype, headers, n, &info);
}

void linked_ignored(int linktype, const void *headers, size_t n, enum ignored reason)
{
	struct decode_options options = {.believe_lengths = false};
	struct frame f = {.size = 0};
	struct pktinfo info;

	frame_put(&f, headers, n);
	frame_put_packet(&f);
	frame_put_zeros(&f, TRAILER);
	ck_assert_int_eq(frame_decode(&f, linktype, &info), reason);
	for (size_t cut = 0; cut < n; cut++) {
		enum ignored ignored = frame_decode_cut(&f, linktype, cut, f.size, &options, &info);

		ck_assert_msg(ignored == reason || ignored == IGNORED_TRUNCATED,
		    "link type %d cut at %zu: %d", linktype, cut, ignored);
	}
}

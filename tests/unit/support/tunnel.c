#include "support/tunnel.h"

#include <check.h>
#include <pcap/dlt.h>

#include "util/bytes.h"

#define UDP 17
#define INNER_NET 10

static size_t header_size(const struct frame *f, size_t at)
{
	return f->octets[at] >> 4 == 4 ? 20 : 40;
}

size_t tunnel_open(struct frame *f, unsigned version, unsigned protocol)
{
	size_t at = f->size;

	if (version == 4)
		frame_put_ipv4(f, protocol, 0);
	else
		frame_put_ipv6(f, protocol, 0);
	return at;
}

size_t tunnel_open_udp(struct frame *f, unsigned version, unsigned port)
{
	size_t at = tunnel_open(f, version, UDP);

	frame_put16(f, 40000);
	frame_put16(f, port);
	frame_put32(f, 0);
	return at;
}

void tunnel_close(struct frame *f, size_t at)
{
	size_t header = header_size(f, at);
	bool is_v4 = f->octets[at] >> 4 == 4;
	uint8_t protocol = f->octets[at + (is_v4 ? 9 : 6)];

	put_be16(f->octets + at + (is_v4 ? 2 : 4), (uint16_t)(f->size - at - (is_v4 ? 0 : header)));
	if (protocol == UDP)
		put_be16(f->octets + at + header + 4, (uint16_t)(f->size - at - header));
}

void tunnel_put_inner(struct frame *f, unsigned version)
{
	size_t at = tunnel_open(f, version, UDP);

	f->octets[at + (version == 4 ? 12 : 8)] = INNER_NET;
	f->octets[at + (version == 4 ? 16 : 24)] = INNER_NET;
	frame_put_udp(f);
	tunnel_close(f, at);
}

size_t tunnel_inner_size(unsigned version)
{
	return version == 4 ? 28 : 48;
}

static enum ignored decode_cut(
    const struct frame *f, size_t caplen, uint32_t decap, struct pktinfo *info)
{
	struct decode_options options = {.decap = decap};

	return frame_decode_cut(f, DLT_RAW, caplen, f->size, &options, info);
}

enum ignored tunnel_decode(const struct frame *f, uint32_t decap, struct pktinfo *info)
{
	return decode_cut(f, f->size, decap, info);
}

uint32_t tunnel_segment(struct pktinfo info)
{
	return kind_typed_segment(info.head.kind, info.segment_type);
}

static void check_inner(const struct pktinfo *info, unsigned version)
{
	ck_assert_uint_eq(info->head.src[0], INNER_NET);
	ck_assert_uint_eq(info->head.dst[0], INNER_NET);
	ck_assert_uint_eq(kind_version(info->head.kind), version);
	ck_assert_uint_eq(info->head.protocol, UDP);
	ck_assert_uint_eq(info->octets, tunnel_inner_size(version));
	ck_assert_uint_eq(info->notes, 0);
	ck_assert_uint_eq(info->head.ingress, 7);
	ck_assert(!info->is_fragment);
}

static void check_outer(const struct pktinfo *info, const struct frame *f)
{
	ck_assert_uint_ne(info->head.src[0], INNER_NET);
	ck_assert_uint_eq(kind_version(info->head.kind), f->octets[0] >> 4);
	ck_assert_uint_eq(info->octets, f->size);
	ck_assert_uint_eq(info->ip_offset, 0);
	ck_assert_uint_eq(tunnel_segment(*info), 0);
	ck_assert_uint_eq(info->head.vlan, 0);
}

struct pktinfo tunnel_expect_inner(const struct frame *f, uint32_t decap, unsigned version)
{
	struct pktinfo info;

	ck_assert_int_eq(tunnel_decode(f, decap, &info), IGNORED_NOT);
	check_inner(&info, version);
	ck_assert_uint_eq(info.head.src_port, 5353);
	ck_assert_uint_eq(info.head.dst_port, 53);
	ck_assert_uint_eq(info.ip_offset, f->size - tunnel_inner_size(version));
	return info;
}

void tunnel_expect_outer(const struct frame *f, uint32_t decap, uint32_t notes)
{
	struct pktinfo info;

	ck_assert_int_eq(tunnel_decode(f, decap, &info), IGNORED_NOT);
	check_outer(&info, f);
	ck_assert_uint_eq(info.notes, notes);
}

void tunnel_expect_cuts(const struct frame *f, uint32_t decap, unsigned version)
{
	size_t needed = f->size - tunnel_inner_size(version) + (version == 4 ? 20 : 40);

	for (size_t n = header_size(f, 0); n <= f->size; n++) {
		struct pktinfo info;

		ck_assert_int_eq(decode_cut(f, n, decap, &info), IGNORED_NOT);
		if (n >= needed) {
			check_inner(&info, version);
			ck_assert_uint_eq(info.head.dst_port, n >= needed + 4 ? 53 : 0);
		} else {
			check_outer(&info, f);
			ck_assert_uint_eq(info.notes & ~NOTE(TUNNEL_NOT_IP), 0);
			if (n > header_size(f, 0) + 8)
				ck_assert_uint_eq(info.notes, NOTE(TUNNEL_NOT_IP));
		}
	}
}

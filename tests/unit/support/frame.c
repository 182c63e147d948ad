#include "support/frame.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "util/bytes.h"

void frame_put(struct frame *f, const void *octets, size_t n)
{
	if (f->size + n > FRAME_MAX)
		ck_abort_msg("frame too long");
	memcpy(f->octets + f->size, octets, n);
	f->size += n;
}

void frame_put8(struct frame *f, unsigned v)
{
	uint8_t octet = (uint8_t)v;

	frame_put(f, &octet, 1);
}

void frame_put16(struct frame *f, unsigned v)
{
	uint8_t octets[2];

	put_be16(octets, (uint16_t)v);
	frame_put(f, octets, sizeof(octets));
}

void frame_put32(struct frame *f, uint32_t v)
{
	uint8_t octets[4];

	put_be32(octets, v);
	frame_put(f, octets, sizeof(octets));
}

void frame_put_zeros(struct frame *f, size_t n)
{
	while (n--)
		frame_put8(f, 0);
}

void frame_put_ethernet(struct frame *f, unsigned type)
{
	frame_put(f, "\x02\0\0\0\0\1\x02\0\0\0\0\2", 12);
	frame_put16(f, type);
}

void frame_put_tag(struct frame *f, unsigned tci, unsigned type)
{
	frame_put16(f, tci);
	frame_put16(f, type);
}

void frame_put_ipv4(struct frame *f, unsigned protocol, unsigned total_length)
{
	frame_put8(f, 0x45);
	frame_put8(f, 0xb9);
	frame_put16(f, total_length);
	frame_put16(f, 0x1234);
	frame_put16(f, 0x4000);
	frame_put8(f, 64);
	frame_put8(f, protocol);
	frame_put16(f, 0);
	frame_put32(f, 0xc0000201);
	frame_put32(f, 0xc6336402);
}

void frame_put_ipv6(struct frame *f, unsigned next, unsigned payload_length)
{
	frame_put32(f, 0x6b912345);
	frame_put16(f, payload_length);
	frame_put8(f, next);
	frame_put8(f, 64);
	frame_put(f, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	frame_put(f, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2", 16);
}

void frame_put_tcp(struct frame *f, unsigned flags)
{
	frame_put16(f, 1234);
	frame_put16(f, 80);
	frame_put32(f, 0x11111111);
	frame_put32(f, 0x22222222);
	frame_put16(f, 0x5000 | flags);
	frame_put_zeros(f, 6);
}

void frame_put_udp(struct frame *f)
{
	frame_put16(f, 5353);
	frame_put16(f, 53);
	frame_put16(f, 8);
	frame_put16(f, 0);
}

enum ignored frame_decode(const struct frame *f, int linktype, struct pktinfo *info)
{
	struct decode_options options = {.believe_lengths = false};

	return frame_decode_cut(f, linktype, f->size, f->size, &options, info);
}

enum ignored frame_decode_cut(const struct frame *f, int linktype, size_t caplen, size_t len,
    const struct decode_options *options, struct pktinfo *info)
{
	uint8_t *captured = malloc(caplen);
	struct packet packet = {.data = captured,
	    .caplen = (uint32_t)caplen,
	    .len = (uint32_t)len,
	    .ts_ns = 1,
	    .ingress = 7,
	    .linktype = linktype};
	enum ignored ignored;

	memset(info, 0xaa, sizeof(*info));
	if (caplen)
		memcpy(captured, f->octets, caplen);
	ignored = decode_packet(&packet, options, info);
	free(captured);
	return ignored;
}

void frame_put_packet(struct frame *f)
{
	frame_put_ipv4(f, 17, 28);
	frame_put_udp(f);
}

void frame_check_packet(const struct frame *f, int linktype)
{
	struct pktinfo info;

	ck_assert_int_eq(frame_decode(f, linktype, &info), IGNORED_NOT);
	ck_assert_uint_eq(kind_version(info.head.kind), 4);
	ck_assert_uint_eq(info.octets, 28);
	ck_assert_uint_eq(info.head.src_port, 5353);
	ck_assert_uint_eq(info.head.dst_port, 53);
	ck_assert_uint_eq(info.head.vlan, 0);
	ck_assert_uint_eq(info.inner_vlan, 0);
	ck_assert_uint_eq(info.head.ingress, 7);
}

void frame_check_cuts(const struct frame *f, int linktype, size_t size)
{
	struct decode_options options = {.decap = 1u << DECAP_MPLS_PW};
	struct pktinfo info;

	for (size_t n = 0; n < size; n++)
		ck_assert_msg(
		    frame_decode_cut(f, linktype, n, f->size, &options, &info) == IGNORED_TRUNCATED,
		    "link type %d cut at %zu of %zu", linktype, n, size);
}

/*
 * Packets for the decoder, built octet by octet.
 */
#ifndef SPANFLOW_TESTS_FRAME_H
#define SPANFLOW_TESTS_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "decode/decode.h"

#define FRAME_MAX 4096

struct frame {
	uint8_t octets[FRAME_MAX];
	size_t size;
};

void frame_put(struct frame *f, const void *octets, size_t n);
void frame_put8(struct frame *f, unsigned v);
void frame_put16(struct frame *f, unsigned v);
void frame_put32(struct frame *f, uint32_t v);
void frame_put_zeros(struct frame *f, size_t n);

/* Two MAC addresses and a type. */
void frame_put_ethernet(struct frame *f, unsigned type);
/* A tag's content and the type that follows it. */
void frame_put_tag(struct frame *f, unsigned tci, unsigned type);

/* An IPv4 header without options: 192.0.2.1 to 198.51.100.2. */
void frame_put_ipv4(struct frame *f, unsigned protocol, unsigned total_length);
/* An IPv6 header: 2001:db8::1 to 2001:db8::2, traffic class 0xb9. */
void frame_put_ipv6(struct frame *f, unsigned next, unsigned payload_length);
/* Ports 1234 to 80, a header of 20 octets with these twelve bits of flags. */
void frame_put_tcp(struct frame *f, unsigned flags);
/* Ports 5353 to 53. */
void frame_put_udp(struct frame *f);

/* Decodes the frame as it was on the wire and captured whole. */
enum ignored frame_decode(const struct frame *f, int linktype, struct pktinfo *info);
/*
 * Decodes the first `caplen` octets of a frame that had `len` on the wire. They are in a block of
 * exactly this size, so that AddressSanitizer sees it when one more is read.
 */
enum ignored frame_decode_cut(const struct frame *f, int linktype, size_t caplen, size_t len,
    const struct decode_options *options, struct pktinfo *info);

/* 28 octets: an IPv4 and a UDP header. */
void frame_put_packet(struct frame *f);
/* The frame has these, no VLAN tag, and is metered. */
void frame_check_packet(const struct frame *f, int linktype);
/* Cut anywhere before `size` octets it is truncated. Pseudowires are looked into. */
void frame_check_cuts(const struct frame *f, int linktype, size_t size);

#endif

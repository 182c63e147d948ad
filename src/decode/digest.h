/*
 * A packet's digest: what no router on its way changes, hashed, so that probes at several places
 * select the same packets (RFC 5475 section 6.2).
 */
#ifndef SPANFLOW_DECODE_DIGEST_H
#define SPANFLOW_DECODE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "capture/packet.h"
#include "decode/pktinfo.h"

/*
 * Of a packet that decode_packet() took, with what it found: BOB with the initial value `key` over the fields that RFC
 * 5475 section 6.2 recommends. IPv4: identification, flags and fragment offset, addresses; IPv6:
 * payload length, next header, addresses; then as much as there is and was captured of the first 8
 * octets behind the fixed header and IPv4's options.
 */
uint32_t digest_packet(const struct packet *packet, const struct pktinfo *info, uint32_t key);

/* The hash function BOB (RFC 5475 appendix A.2). */
uint32_t digest_bob(const uint8_t *octets, size_t size, uint32_t initial);

#endif

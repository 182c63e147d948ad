/*
 * What the copies of a packet have in common, and what they do not: for those who look for copies.
 *
 * The digest is over what no hop changes. IPv4: the header without ToS, TTL and checksum; IPv6: the
 * header without traffic class and hop limit; then all that follows, options included, up to
 * INVARIANT_OCTETS of the packet in all. These hold the transport header with its checksum, in a
 * tunnel that of the packet inside, too. Ethernet padding is never looked at.
 *
 * Of a packet that the capture cut, it is over caplen - INVARIANT_LINK octets, whatever the length of
 * its link header. So copies whose link headers differ (by a VLAN tag, say) and that were cut at one
 * snapshot length are hashed alike. Where the link header is longer than that, or fewer octets than
 * INVARIANT_LEAST would remain, it is over all that was captured.
 *
 * The place tells where a copy was seen: the interface, all octets before the IP header, the TTL or
 * hop limit. Of a mirrored frame (ERSPAN) those of its own: what carries it numbers each copy.
 */
#ifndef SPANFLOW_DECODE_INVARIANT_H
#define SPANFLOW_DECODE_INVARIANT_H

#include <stdint.h>

#include "capture/packet.h"
#include "decode/pktinfo.h"

#define INVARIANT_OCTETS 128
/*
 * The longest link header that copies which were cut may have and still agree; and how much of the
 * packet has to be left: IPv6 with TCP.
 */
#define INVARIANT_LINK 34
#define INVARIANT_LEAST 60

#define INVARIANT_KEYS 27

/* One for each 64 bits that are hashed. */
struct invariant_keys {
	uint64_t seed;
	uint64_t key[INVARIANT_KEYS];
};

#define INVARIANT_PLACE_BITS 14

struct invariant {
	uint64_t digest;
	uint16_t place;
};

void invariant_set_keys(struct invariant_keys *keys, uint64_t seed);

/*
 * Of a packet that decode_packet() took, with what it found. Both are keyed hashes: packets that
 * differ in the above agree in the digest once in some 2^63 pairs, in the place once in 2^14, and
 * nobody who does not know the seed can choose them so.
 */
struct invariant invariant_take(
    const struct packet *packet, const struct pktinfo *info, const struct invariant_keys *keys);

#endif

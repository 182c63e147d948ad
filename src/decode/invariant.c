#include "decode/invariant.h"

#include <string.h>

#include "util/cursor.h"
#include "util/fold.h"
#include "util/hash.h"
#include "util/rng.h"

/*
 * What hops change is in the first octets of the header, and masked there. Those are read as two whole
 * words: none is read that was just written in parts.
 */
#define HEADER_MASKED 16

struct mask {
	uint8_t octets[HEADER_MASKED];
	size_t ttl; /* which octet is the TTL or hop limit */
};

/* By IP's version. */
static const struct mask masks[] = {
    /* ToS; TTL and checksum */
    [4] = {{255, 0, 255, 255, 255, 255, 255, 255, 0, 255, 0, 0, 255, 255, 255, 255}, 8},
    /* traffic class; hop limit */
    [6] = {{0xf0, 0x0f, 255, 255, 255, 255, 255, 0, 255, 255, 255, 255, 255, 255, 255, 255}, 7},
};

/* Which of the key's words are whose: the first two are those of the header's first octets. */
#define REST_KEY 2
#define LINK_KEY (REST_KEY + FOLD_KEYS(INVARIANT_OCTETS - HEADER_MASKED))
#define SPREAD_KEY (LINK_KEY + LINK_WORDS)
#define PLACE_KEY (SPREAD_KEY + 2)

/* Link headers that are longer than this are hashed by another hash, which is slower. */
#define LINK_WORDS 8

_Static_assert(PLACE_KEY + 1 == INVARIANT_KEYS, "each has words of its own");

void invariant_set_keys(struct invariant_keys *keys, uint64_t seed)
{
	struct rng r = {.state = seed};

	keys->seed = seed;
	for (size_t i = 0; i < INVARIANT_KEYS; i++)
		keys->key[i] = rng_next(&r) | 1;
}

static size_t at_most(uint64_t octets)
{
	return octets < INVARIANT_OCTETS ? (size_t)octets : INVARIANT_OCTETS;
}

/* How many octets from the IP header on the digest looks at; at most what was captured. */
static size_t octets_to_see(const struct packet *packet, const struct pktinfo *info)
{
	size_t captured = packet->caplen - info->ip_offset;

	if (captured >= info->octets)
		return at_most(info->octets);
	if (info->ip_offset <= INVARIANT_LINK && packet->caplen >= INVARIANT_LINK + INVARIANT_LEAST)
		return at_most(packet->caplen - INVARIANT_LINK);
	return at_most(captured);
}

static inline uint64_t hash_packet(
    const uint8_t *ip, size_t octets, const struct mask *mask, const uint64_t *key)
{
	uint64_t first = fold_load64(ip) & fold_load64(mask->octets);
	uint64_t second = fold_load64(ip + 8) & fold_load64(mask->octets + 8);

	uint64_t hash = fold_pair(first, second, key) +
	    fold_octets(ip + HEADER_MASKED, octets - HEADER_MASKED, key + REST_KEY);

	return fold_spread(hash, key + SPREAD_KEY);
}

/*
 * Multiplied by words of the key that are odd, whose upper bits tell them apart. That is less than a fold
 * does, and enough: only what is the same packet by its digest is compared in this.
 */
static inline uint64_t hash_link(
    const uint8_t *link, size_t size, const struct invariant_keys *keys)
{
	const uint64_t *key = keys->key + LINK_KEY;
	const uint8_t *last;
	uint64_t hash = 0;

	if (size < 8 || size > LINK_WORDS * 8)
		return hash_bytes(link, size, keys->seed);
	last = link + size - 8;
	for (; link < last; link += 8)
		hash += fold_load64(link) * *key++;
	return hash + fold_load64(last) * *key;
}

static inline uint16_t hash_place(const struct packet *packet, const struct pktinfo *info,
    const uint8_t *link, size_t size, uint8_t ttl, const struct invariant_keys *keys)
{
	uint64_t where =
	    (uint64_t)packet->interface << 32 ^ info->head.ingress ^ (uint64_t)ttl << 24;

	if (info->mirrored_offset) {
		link += info->mirrored_offset;
		size -= info->mirrored_offset;
		where ^= (uint64_t)info->head.vlan << 48;
	}
	return (uint16_t)((where * keys->key[PLACE_KEY] + hash_link(link, size, keys)) >>
	    (64 - INVARIANT_PLACE_BITS));
}

/* Not a part of its caller: it needs all registers. */
__attribute__((noinline)) struct invariant invariant_take(
    const struct packet *packet, const struct pktinfo *info, const struct invariant_keys *keys)
{
	struct cursor c = {.at = packet->data, .left = packet->caplen};
	const struct mask *mask = &masks[pktinfo_version(info)];
	const uint8_t *ip;

	if (!cursor_take(&c, info->ip_offset))
		return (struct invariant){0, 0};
	cursor_limit(&c, octets_to_see(packet, info));
	ip = cursor_peek(&c, HEADER_MASKED);
	if (!ip)
		return (struct invariant){0, 0};
	return (struct invariant){
	    .digest = hash_packet(ip, c.left, mask, keys->key),
	    .place = hash_place(packet, info, packet->data, info->ip_offset, ip[mask->ttl], keys),
	};
}

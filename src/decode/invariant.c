#include "decode/invariant.h"

#include <string.h>

#include "util/cursor.h"
#include "util/hash.h"

#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define ETHERNET_HEADER 14

/* Takes out what hops change; returns the TTL or hop limit. Of less than a header there is no digest. */
static uint8_t mask(uint8_t *ip, uint8_t version)
{
	uint8_t ttl;

	if (version == 4) {
		ttl = ip[8];
		ip[1] = ip[8] = ip[10] = ip[11] = 0;
		return ttl;
	}
	ttl = ip[7];
	ip[0] &= 0xf0;
	ip[1] &= 0x0f;
	ip[7] = 0;
	return ttl;
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

/* A length that is known when this is compiled makes the most frequent one cheap. */
static uint64_t hash_link(const uint8_t *octets, size_t size, uint64_t seed)
{
	if (size == ETHERNET_HEADER)
		return hash_bytes(octets, ETHERNET_HEADER, seed);
	return hash_bytes(octets, size, seed);
}

struct invariant invariant_take(
    const struct packet *packet, const struct pktinfo *info, uint64_t seed)
{
	struct cursor c = {.at = packet->data, .left = packet->caplen};
	size_t header = info->ip_version == 4 ? IPV4_HEADER : IPV6_HEADER;
	uint8_t ip[INVARIANT_OCTETS];
	size_t size;
	uint64_t where;

	if (!cursor_take(&c, info->ip_offset) || !cursor_peek(&c, header))
		return (struct invariant){0, 0};
	size = octets_to_see(packet, info);
	if (size < header)
		size = header;
	memcpy(ip, c.at, size);
	where = seed ^ ((uint64_t)packet->interface << 40) ^ ((uint64_t)info->ingress << 8) ^
	    mask(ip, info->ip_version);
	return (struct invariant){
	    .digest = hash_bytes(ip, size, seed),
	    .place = (uint16_t)hash_link(packet->data, info->ip_offset, where),
	};
}

#include "decode/invariant.h"

#include <string.h>

#include "util/cursor.h"
#include "util/hash.h"

#define IPV4_HEADER 20
#define IPV6_HEADER 40

struct header {
	uint64_t hash;
	uint8_t ttl;
};

static struct header hash_ipv4(struct cursor *c, uint64_t seed)
{
	const uint8_t *ip = cursor_take(c, IPV4_HEADER);
	uint8_t octets[IPV4_HEADER];

	if (!ip)
		return (struct header){0};
	memcpy(octets, ip, sizeof(octets));
	octets[1] = octets[8] = 0;
	memset(octets + 10, 0, 2);
	return (struct header){hash_bytes(octets, sizeof(octets), seed), ip[8]};
}

static struct header hash_ipv6(struct cursor *c, uint64_t seed)
{
	const uint8_t *ip = cursor_take(c, IPV6_HEADER);
	uint8_t octets[IPV6_HEADER];

	if (!ip)
		return (struct header){0};
	memcpy(octets, ip, sizeof(octets));
	octets[0] &= 0xf0;
	octets[1] &= 0x0f;
	octets[7] = 0;
	return (struct header){hash_bytes(octets, sizeof(octets), seed), ip[7]};
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

struct invariant invariant_take(
    const struct packet *packet, const struct pktinfo *info, uint64_t seed)
{
	struct cursor c = {.at = packet->data, .left = packet->caplen};
	struct header header;
	uint64_t where;

	if (!cursor_take(&c, info->ip_offset))
		return (struct invariant){0, 0};
	cursor_limit(&c, octets_to_see(packet, info));
	header = info->ip_version == 4 ? hash_ipv4(&c, seed) : hash_ipv6(&c, seed);
	where = seed ^ ((uint64_t)packet->interface << 40) ^ ((uint64_t)info->ingress << 8) ^
	    header.ttl;
	return (struct invariant){
	    .digest = hash_bytes(c.at, c.left, header.hash),
	    .place = (uint16_t)hash_bytes(packet->data, info->ip_offset, where),
	};
}

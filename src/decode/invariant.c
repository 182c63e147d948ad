#include "decode/invariant.h"

#include <string.h>

#include "util/cursor.h"
#include "util/hash.h"

#define IPV4_HEADER 20
#define IPV6_HEADER 40

/* As the first eight octets of a header are read: */
#define IPV4_TOS_SHIFT 48
#define IPV4_TOS ((uint64_t)0xff << IPV4_TOS_SHIFT)
#define IPV6_TRAFFIC_CLASS ((uint64_t)0xff << 52)
#define IPV6_HOP_LIMIT ((uint64_t)0xff)

/* The key of what follows the header, told from that of the header. */
#define REST_KEY 0x9e3779b97f4a7c15ull

struct header {
	uint64_t hash;
	uint8_t ttl;
};

/* Whole words, so that none is read that was just written in parts. The protocol replaces ToS. */
static struct header hash_ipv4(struct cursor *c, uint64_t seed)
{
	const uint8_t *ip = cursor_take(c, IPV4_HEADER);
	uint64_t words[2];

	if (!ip)
		return (struct header){0};
	words[0] = (get_be64(ip) & ~IPV4_TOS) | (uint64_t)ip[9] << IPV4_TOS_SHIFT;
	words[1] = get_be64(ip + 12);
	return (struct header){hash_bytes(words, sizeof(words), seed), ip[8]};
}

static struct header hash_ipv6(struct cursor *c, uint64_t seed)
{
	const uint8_t *ip = cursor_take(c, IPV6_HEADER);
	uint64_t words[5];

	if (!ip)
		return (struct header){0};
	words[0] = get_be64(ip) & ~(IPV6_TRAFFIC_CLASS | IPV6_HOP_LIMIT);
	memcpy(words + 1, ip + 8, IPV6_HEADER - 8);
	return (struct header){hash_bytes(words, sizeof(words), seed), ip[7]};
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
	/* None of the three hashes waits for another one. */
	return (struct invariant){
	    .digest = header.hash ^ hash_bytes(c.at, c.left, seed ^ REST_KEY),
	    .place = (uint16_t)hash_bytes(packet->data, info->ip_offset, where),
	};
}

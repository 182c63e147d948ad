/*
 * IPv4 (RFC 791) and IPv6 (RFC 8200) headers: addresses, the count of octets, the protocol.
 */
#include "decode/layers.h"

#include <netinet/in.h>
#include <string.h>

#define IPV4_HEADER 20
#define IPV4_OFFSET_MASK 0x1fff
#define IPV6_HEADER 40
#define IPV6_CHAIN_LIMIT 16
#define FRAGMENT_HEADER 8
#define OPTION_PAD1 0
#define OPTION_JUMBO 0xc2 /* RFC 2675 */

/*
 * The octets that count. A header that claims more than the wire carried lies, or the mirror cut
 * the frame and said nothing: the wire's count is used unless the user knows better.
 */
static uint64_t count_octets(
    uint64_t claimed, uint32_t wire, const struct decode_options *options, struct pktinfo *info)
{
	if (claimed <= wire || options->believe_lengths)
		return claimed;
	info->notes |= 1 << NOTE_LENGTH_LIES;
	return wire;
}

static enum ignored ipv4_decode(
    struct cursor *c, uint32_t wire, const struct decode_options *options, struct pktinfo *info)
{
	const uint8_t *ip = cursor_peek(c, IPV4_HEADER);
	uint32_t header, total;

	if (!ip)
		return IGNORED_TRUNCATED;
	header = (ip[0] & 0x0fu) * 4;
	total = get_be16(ip + 2);
	/* Total length 0 comes from segmentation offload: the frame was longer than 16 bits hold. */
	if (ip[0] >> 4 != 4 || header < IPV4_HEADER || (total != 0 && total < header))
		return IGNORED_MALFORMED;
	info->octets = total ? count_octets(total, wire, options, info) : wire;
	info->ip_version = 4;
	info->tos = ip[1];
	info->protocol = ip[9];
	memcpy(info->src, ip + 12, 4);
	memcpy(info->dst, ip + 16, 4);

	/* What follows the packet in the frame is padding, and no transport header. */
	cursor_limit(c, info->octets);
	if ((get_be16(ip + 6) & IPV4_OFFSET_MASK) == 0 && cursor_take(c, header))
		transport_decode(c, options, info);
	return IGNORED_NOT;
}

/* The jumbo payload length among the options of the hop-by-hop header at the cursor, or 0. */
static uint32_t jumbo_length(struct cursor options)
{
	const uint8_t *hop = cursor_take(&options, 2);

	if (!hop)
		return 0;
	cursor_limit(&options, ((size_t)hop[1] + 1) * 8 - 2);
	for (;;) {
		const uint8_t *option = cursor_take(&options, 1);
		const uint8_t *length, *value;

		if (!option)
			return 0;
		if (*option == OPTION_PAD1)
			continue;
		length = cursor_take(&options, 1);
		value = length ? cursor_take(&options, *length) : NULL;
		if (!value)
			return 0;
		if (*option == OPTION_JUMBO && *length == 4)
			return get_be32(value);
	}
}

/* Payload length 0 leaves three cases: a jumbogram, nothing at all, or segmentation offload. */
static uint64_t ipv6_octets(const struct cursor *after_header, uint16_t payload, uint8_t next,
    uint32_t wire, const struct decode_options *options, struct pktinfo *info)
{
	uint32_t jumbo = 0;

	if (payload)
		return count_octets(IPV6_HEADER + (uint64_t)payload, wire, options, info);
	if (next == IPPROTO_HOPOPTS)
		jumbo = jumbo_length(*after_header);
	if (jumbo)
		return count_octets(IPV6_HEADER + (uint64_t)jumbo, wire, options, info);
	return next == IPPROTO_NONE ? IPV6_HEADER : wire;
}

/* How long the extension header at `h` is, whose first two octets are there. */
static size_t extension_size(uint8_t type, const uint8_t *h)
{
	switch (type) {
	case IPPROTO_FRAGMENT:
		return FRAGMENT_HEADER;
	case IPPROTO_AH:
		return ((size_t)h[1] + 2) * 4;
	default:
		return ((size_t)h[1] + 1) * 8;
	}
}

static bool is_extension(uint8_t type)
{
	return type == IPPROTO_HOPOPTS || type == IPPROTO_ROUTING || type == IPPROTO_FRAGMENT ||
	    type == IPPROTO_DSTOPTS || type == IPPROTO_AH;
}

/*
 * Walks the chain to the last next-header value, which is the protocol. True when the cursor is
 * at a transport header: the chain is whole, and this is no later fragment.
 */
static bool ipv6_walk(struct cursor *c, struct pktinfo *info)
{
	for (unsigned n = 0; is_extension(info->protocol); n++) {
		uint8_t type = info->protocol;
		const uint8_t *h = cursor_peek(c, 1);

		if (!h)
			return false;
		if (n == IPV6_CHAIN_LIMIT) {
			info->notes |= 1 << NOTE_HEADER_LIMIT;
			return false;
		}
		info->protocol = h[0];
		if (!cursor_peek(c, 2) || !cursor_take(c, extension_size(type, h)))
			return false;
		if (type != IPPROTO_FRAGMENT)
			continue;
		info->detail.fragment_flags = h[3] & 1 ? DETAIL_MORE_FRAGMENTS : 0;
		if ((get_be16(h + 2) & 0xfff8) != 0)
			return false;
	}
	return true;
}

static enum ignored ipv6_decode(
    struct cursor *c, uint32_t wire, const struct decode_options *options, struct pktinfo *info)
{
	const uint8_t *ip = cursor_take(c, IPV6_HEADER);

	if (!ip)
		return IGNORED_TRUNCATED;
	if (ip[0] >> 4 != 6)
		return IGNORED_MALFORMED;
	info->octets = ipv6_octets(c, get_be16(ip + 4), ip[6], wire, options, info);
	info->ip_version = 6;
	info->tos = (uint8_t)(get_be16(ip) >> 4);
	info->protocol = ip[6];
	memcpy(info->src, ip + 8, 16);
	memcpy(info->dst, ip + 24, 16);

	cursor_limit(c, info->octets - IPV6_HEADER);
	if (ipv6_walk(c, info))
		transport_decode(c, options, info);
	return IGNORED_NOT;
}

enum ignored ip_decode(struct cursor *c, uint32_t wire, uint8_t ip_version,
    const struct decode_options *options, struct pktinfo *info)
{
	if (ip_version == 0) {
		const uint8_t *first = cursor_peek(c, 1);

		if (!first)
			return IGNORED_TRUNCATED;
		ip_version = *first >> 4;
	}
	switch (ip_version) {
	case 4:
		return ipv4_decode(c, wire, options, info);
	case 6:
		return ipv6_decode(c, wire, options, info);
	default:
		return IGNORED_MALFORMED;
	}
}

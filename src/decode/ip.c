/*
 * IPv4 (RFC 791) and IPv6 (RFC 8200) headers: addresses, the count of octets, the protocol.
 */
#include "decode/layers.h"

#include <netinet/in.h>
#include <string.h>

/* More than 1500 octets have room for, so that in them nothing hides ports. */
#define IPV6_CHAIN_LIMIT 256
#define IPV6_OFFSET_MASK 0xfff8 /* in octets as it stands */
#define IPV6_FRAGMENT_RESERVED 6
#define FRAGMENT_HEADER 8
#define OPTION_PAD1 0
#define OPTION_JUMBO 0xc2 /* RFC 2675 */

/*
 * The octets that count. A header that claims more than the wire carried lies, or the mirror cut
 * the frame and said nothing: the wire's count is used unless the user knows better.
 */
static uint64_t count_octets(struct walk *w, uint64_t claimed, uint64_t wire)
{
	if (claimed <= wire || w->options->believe_lengths)
		return claimed;
	w->info->notes |= 1u << NOTE_LENGTH_LIES;
	return wire;
}

/* Length 0 comes from segmentation offload: the frame was longer than 16 bits hold. */
static uint64_t count_wire(struct walk *w, uint64_t wire)
{
	w->info->notes |= 1u << NOTE_LENGTH_ZERO;
	return wire;
}

/* Inside a tunnel that of the header before is replaced; the segment stays. */
static void put_version(struct pktinfo *info, uint8_t version)
{
	info->head.kind = (info->head.kind & ~KIND_VERSION) | version;
}

/* -- IPv4 ------------------------------------------------------------------------------------- */

static void ipv4_fragment(const uint8_t *ip, uint32_t header, struct pktinfo *info)
{
	uint16_t word = get_be16(ip + 6);

	info->is_fragment = true;
	info->fragment = (struct fragment){
	    .id = get_be16(ip + 4),
	    .offset = (uint16_t)((word & IPV4_OFFSET_MASK) * 8),
	    .more = word & IPV4_MORE_FRAGMENTS,
	    .size = info->octets > header ? (uint32_t)info->octets - header : 0,
	};
	if (info->fragment.offset == 0)
		transport_first_fragment(info, info->fragment.size);
}

static enum ignored ipv4_decode(struct walk *w, uint64_t wire)
{
	const uint8_t *ip = cursor_peek(&w->c, IPV4_HEADER);
	struct pktinfo *info = w->info;
	uint32_t header, total;

	if (!ip)
		return IGNORED_TRUNCATED;
	header = (ip[0] & 0x0fu) * 4;
	total = get_be16(ip + 2);
	if (ip[0] >> 4 != 4 || header < IPV4_HEADER || (total != 0 && total < header))
		return IGNORED_MALFORMED;
	info->octets = total ? count_octets(w, total, wire) : count_wire(w, wire);
	put_version(info, 4);
	put_tos(info, ip[1]);
	info->head.protocol = ip[9];
	put_ipv4_addresses(info, ip + 12);
	memset(&info->tail, 0, sizeof(info->tail)); /* the header around this one may be IPv6's */

	/* What follows the packet in the frame is padding, and no transport header. */
	cursor_limit(&w->c, info->octets);
	if (ipv4_is_fragment(ip)) {
		ipv4_fragment(ip, header, info);
		if (info->fragment.offset)
			return IGNORED_NOT;
	}
	if (cursor_take(&w->c, header))
		transport_decode(w);
	else
		cursor_limit(&w->c, 0);
	return IGNORED_NOT;
}

/* -- IPv6 ------------------------------------------------------------------------------------- */

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
static uint64_t ipv6_octets(struct walk *w, uint16_t payload, uint8_t next, uint64_t wire)
{
	uint32_t jumbo = 0;

	if (payload)
		return count_octets(w, IPV6_HEADER + (uint64_t)payload, wire);
	if (next == IPPROTO_HOPOPTS)
		jumbo = jumbo_length(w->c);
	/* RFC 2675 section 3: no node takes such a packet, but the option is all that tells of it. */
	if (jumbo && jumbo <= UINT16_MAX)
		w->info->notes |= 1u << NOTE_JUMBO_LENGTH;
	if (jumbo)
		return count_octets(w, IPV6_HEADER + (uint64_t)jumbo, wire);
	return next == IPPROTO_NONE ? IPV6_HEADER : count_wire(w, wire);
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

/* An atomic fragment (RFC 6946) is none: nothing precedes or follows it. */
static void ipv6_fragment(struct walk *w, const uint8_t *h)
{
	struct pktinfo *info = w->info;
	uint16_t word = get_be16(h + 2);

	info->detail.fragment_flags = word & 1 ? DETAIL_MORE_FRAGMENTS : 0;
	if ((word & ~IPV6_FRAGMENT_RESERVED) == 0)
		return;
	info->is_fragment = true;
	info->fragment = (struct fragment){
	    .id = get_be32(h + 4),
	    .offset = word & IPV6_OFFSET_MASK,
	    .more = word & 1,
	    .size = walk_octets_left(w),
	};
}

/*
 * Walks the chain to the last next-header value, which is the protocol. True when the cursor is
 * behind it: the chain is whole, and this is no later fragment.
 */
static bool ipv6_walk(struct walk *w)
{
	struct pktinfo *info = w->info;

	for (unsigned n = 0; is_extension(info->head.protocol); n++) {
		uint8_t type = info->head.protocol;
		const uint8_t *h = cursor_peek(&w->c, 1);

		if (!h)
			return false;
		if (n == IPV6_CHAIN_LIMIT) {
			info->notes |= 1u << NOTE_HEADER_LIMIT;
			return false;
		}
		info->head.protocol = h[0];
		if (!cursor_peek(&w->c, 2) || !cursor_take(&w->c, extension_size(type, h)))
			return false;
		if (type != IPPROTO_FRAGMENT)
			continue;
		ipv6_fragment(w, h);
		if (info->is_fragment && info->fragment.offset)
			return false;
	}
	return true;
}

/*
 * A first fragment must hold the whole chain of headers (RFC 7112). What was not captured, or is
 * behind the limit, tells nothing.
 */
static void ipv6_first_fragment(const struct walk *w, bool chain_is_whole)
{
	struct pktinfo *info = w->info;
	bool cut = w->packet->caplen - info->ip_offset < info->octets;

	if (chain_is_whole)
		transport_first_fragment(info, walk_octets_left(w));
	else if (!cut && !(info->notes & 1u << NOTE_HEADER_LIMIT))
		info->notes |= 1u << NOTE_FRAGMENT_TINY;
}

/* True when the cursor is at a transport header. Few packets have extension headers. */
__attribute__((noinline)) static bool ipv6_extensions(struct walk *w)
{
	bool chain_is_whole = ipv6_walk(w);

	if (w->info->is_fragment && w->info->fragment.offset == 0)
		ipv6_first_fragment(w, chain_is_whole);
	return chain_is_whole;
}

static enum ignored ipv6_decode(struct walk *w, uint64_t wire)
{
	const uint8_t *ip = cursor_take(&w->c, IPV6_HEADER);
	struct pktinfo *info = w->info;

	if (!ip)
		return IGNORED_TRUNCATED;
	if (ip[0] >> 4 != 6)
		return IGNORED_MALFORMED;
	info->octets = ipv6_octets(w, get_be16(ip + 4), ip[6], wire);
	put_version(info, 6);
	put_tos(info, ipv6_traffic_class(ip));
	info->head.protocol = ip[6];
	put_ipv6_addresses(info, ip + 8);

	cursor_limit(&w->c, info->octets - IPV6_HEADER);
	if (!is_extension(info->head.protocol) || ipv6_extensions(w))
		transport_decode(w);
	else
		cursor_limit(&w->c, 0);
	return IGNORED_NOT;
}

/* -- both ------------------------------------------------------------------------------------- */

/* The wire ends before the cursor only where what was captured does, too. */
static uint64_t wire_left(const struct walk *w)
{
	uint32_t offset = w->info->ip_offset;

	return w->wire_end > offset ? w->wire_end - offset : 0;
}

enum ignored ip_decode(struct walk *w)
{
	w->info->ip_offset = walk_offset(w);
	if (w->ip_version == 0) {
		const uint8_t *first = cursor_peek(&w->c, 1);

		if (!first)
			return IGNORED_TRUNCATED;
		w->ip_version = *first >> 4;
	}
	switch (w->ip_version) {
	case 4:
		return ipv4_decode(w, wire_left(w));
	case 6:
		return ipv6_decode(w, wire_left(w));
	default:
		return IGNORED_MALFORMED;
	}
}

/*
 * What octets look like where no header says what they are: an Ethernet pseudowire's (RFC 4448).
 */
#include "decode/layers.h"

#define TAGS_LIMIT 4 /* that are stepped over to see what a frame carries */

bool ipv4_fits(const struct cursor *c, uint64_t wire_left)
{
	const uint8_t *ip = cursor_peek(c, IPV4_HEADER);
	uint32_t header, total;

	if (!ip || ip[0] >> 4 != 4)
		return false;
	header = (ip[0] & 0x0fu) * 4;
	total = get_be16(ip + 2);
	return header >= IPV4_HEADER && (total == 0 || total >= header) && total <= wire_left;
}

static bool ipv6_fits(const struct cursor *c, uint64_t wire_left)
{
	const uint8_t *ip = cursor_peek(c, IPV6_HEADER);

	return ip && ip[0] >> 4 == 6 && IPV6_HEADER + (uint64_t)get_be16(ip + 4) <= wire_left;
}

/* Addresses of Ethernet for addresses of IPv4 (RFC 826). */
static bool arp_fits(const struct cursor *c)
{
	const uint8_t *arp = cursor_peek(c, 8);

	return arp && get_be16(arp) == 1 && get_be16(arp + 2) == ETHERTYPE_IPV4 && arp[4] == 6 &&
	    arp[5] == 4;
}

/* An unnumbered frame of SNAP, the spanning tree, or IS-IS; the length leaves room for padding. */
static bool llc_fits(const struct cursor *c, uint16_t length, uint64_t wire_left)
{
	const uint8_t *llc = cursor_peek(c, 3);

	return llc && length >= 3 && length <= wire_left && llc[2] == 3 && llc[0] == llc[1] &&
	    (llc[0] == 0xaa || llc[0] == 0x42 || llc[0] == 0xfe);
}

/* The cursor and `wire_left` are behind the header and its tags. */
static enum likeness content_likeness(const struct cursor *c, uint16_t type, uint64_t wire_left)
{
	bool fits = false;

	if (type <= LENGTH_MAX)
		return llc_fits(c, type, wire_left) ? LIKE_ITS_TYPE : LIKE_NOTHING;
	if (type == ETHERTYPE_IPV4)
		fits = ipv4_fits(c, wire_left);
	else if (type == ETHERTYPE_IPV6)
		fits = ipv6_fits(c, wire_left);
	else if (type == ETHERTYPE_ARP)
		fits = arp_fits(c);
	if (fits)
		return LIKE_ITS_TYPE;
	return ethertype_known(type) ? LIKE_A_FRAME : LIKE_NOTHING;
}

enum likeness ethernet_likeness(struct cursor c, uint64_t wire_left)
{
	const uint8_t *ether = cursor_take(&c, ETHERNET_HEADER);
	uint16_t type;

	if (!ether || ether[6] & GROUP_ADDRESS || wire_left < ETHERNET_HEADER)
		return LIKE_NOTHING;
	wire_left -= ETHERNET_HEADER;
	type = get_be16(ether + 12);
	for (unsigned n = 0; is_vlan(type) && n < TAGS_LIMIT; n++) {
		const uint8_t *tag = cursor_take(&c, 4);

		if (!tag || wire_left < 4)
			return LIKE_A_FRAME;
		wire_left -= 4;
		type = get_be16(tag + 2);
	}
	return content_likeness(&c, type, wire_left);
}

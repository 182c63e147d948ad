/*
 * Networks with MAC addresses that are neither Ethernet nor 802.11, and frames of Ethernet that
 * switch chips and capturing hardware have put something into.
 */
#include "decode/layers.h"

#define FCS 4

/* -- Token Ring and FDDI ----------------------------------------------------------------------- */

#define TOKEN_RING_HEADER 14
#define FRAME_TYPE 0xc0 /* of Token Ring's second octet */
#define FRAME_TYPE_LLC 0x40
#define ROUTED 0x80 /* first bit of a source address: the route follows */
#define ROUTE_SIZE 0x1f
#define FDDI_HEADER 13
#define FDDI_FORMAT 0x70 /* without the class bit: synchronous or not */
#define FDDI_LLC 0x50

/* IEEE 802.5: the route (source routing, 802.1D annex C) has its own length in its first octet. */
enum ignored token_ring_decode(struct walk *w)
{
	const uint8_t *header = cursor_take(&w->c, TOKEN_RING_HEADER);
	const uint8_t *route;

	if (!header)
		return IGNORED_TRUNCATED;
	walk_macs(w, header + 2, header + 2 + MAC_OCTETS);
	if ((header[1] & FRAME_TYPE) != FRAME_TYPE_LLC)
		return IGNORED_MAC_FRAME;
	if (!(header[2 + MAC_OCTETS] & ROUTED))
		return walk_on(w, llc_decode);
	route = cursor_peek(&w->c, 1);
	if (!route || !cursor_take(&w->c, *route & ROUTE_SIZE))
		return IGNORED_TRUNCATED;
	if (w->options->details)
		w->info->detail.src_mac[0] &= (uint8_t)~ROUTED;
	return walk_on(w, llc_decode);
}

enum ignored fddi_decode(struct walk *w)
{
	const uint8_t *header = cursor_take(&w->c, FDDI_HEADER);

	if (!header)
		return IGNORED_TRUNCATED;
	walk_macs(w, header + 1, header + 1 + MAC_OCTETS);
	return (header[0] & FDDI_FORMAT) == FDDI_LLC ? walk_on(w, llc_decode) : IGNORED_MAC_FRAME;
}

/* -- ARCNET ------------------------------------------------------------------------------------ */

#define ARCNET_ADDRESSES 2 /* of an octet each */
#define ARCNET_OFFSET 2
#define ARCNET_SPLIT 3 /* split flag and sequence number */
#define ARCNET_EXCEPTION 0xff

/* By the protocol's number: those of RFC 1051, and those of RFC 1201, which may split packets. */
static const struct {
	uint8_t number;
	bool splits;
	layer_fn *decode;
	enum ignored ignored;
} arcnet_protocols[] = {
    {0xc4, true, raw6_decode, IGNORED_NOT}, /* RFC 2497 */
    {0xd4, true, raw4_decode, IGNORED_NOT},
    {0xd5, true, NULL, IGNORED_ARP},
    {0xd6, true, NULL, IGNORED_ARP}, /* RARP */
    {0xdd, true, NULL, IGNORED_APPLETALK},
    {0xf0, false, raw4_decode, IGNORED_NOT},
    {0xf1, false, NULL, IGNORED_ARP},
    {0xfa, true, NULL, IGNORED_IPX},
};

/*
 * RFC 1201 section 2: a frame whose length ARCNET cannot have begins with four octets more. Of a packet
 * that is split the first part alone could be read, and would count for all: it isn't metered.
 */
static enum ignored arcnet_take_split(struct walk *w)
{
	const uint8_t *split = cursor_peek(&w->c, 1);

	if (split && *split == ARCNET_EXCEPTION && !cursor_take(&w->c, 4))
		return IGNORED_TRUNCATED;
	split = cursor_take(&w->c, ARCNET_SPLIT);
	if (!split)
		return IGNORED_TRUNCATED;
	return split[0] == 0 ? IGNORED_NOT : IGNORED_NON_IP;
}

static enum ignored arcnet_protocol(struct walk *w, size_t before)
{
	const uint8_t *header = cursor_take(&w->c, before + 1);

	if (!header)
		return IGNORED_TRUNCATED;
	for (size_t i = 0; i < sizeof(arcnet_protocols) / sizeof(*arcnet_protocols); i++) {
		enum ignored ignored = IGNORED_NOT;

		if (arcnet_protocols[i].number != header[before])
			continue;
		if (!arcnet_protocols[i].decode)
			return arcnet_protocols[i].ignored;
		if (arcnet_protocols[i].splits)
			ignored = arcnet_take_split(w);
		return ignored ? ignored : walk_on(w, arcnet_protocols[i].decode);
	}
	return IGNORED_NON_IP;
}

enum ignored arcnet_decode(struct walk *w)
{
	return arcnet_protocol(w, ARCNET_ADDRESSES);
}

enum ignored arcnet_linux_decode(struct walk *w)
{
	return arcnet_protocol(w, ARCNET_ADDRESSES + ARCNET_OFFSET);
}

/* -- Fibre Channel, FireWire, InfiniBand -------------------------------------------------------- */

#define FIBRE_CHANNEL_HEADER 16
#define FIREWIRE_HEADER 18
#define FIREWIRE_TYPE 16
#define INFINIBAND_HEADER 44
#define INFINIBAND_TYPE 40

/* RFC 4338: two names, which are MAC addresses behind two octets of zeros. */
enum ignored fibre_channel_decode(struct walk *w)
{
	const uint8_t *header = cursor_take(&w->c, FIBRE_CHANNEL_HEADER);

	if (!header)
		return IGNORED_TRUNCATED;
	walk_macs(w, header + 2, header + 10);
	return walk_on(w, llc_decode);
}

/* Two addresses of eight octets, and a type. */
enum ignored firewire_decode(struct walk *w)
{
	const uint8_t *header = cursor_take(&w->c, FIREWIRE_HEADER);

	if (!header)
		return IGNORED_TRUNCATED;
	w->type = get_be16(header + FIREWIRE_TYPE);
	return walk_on(w, ethertype_decode);
}

/* The global routing header as IP over InfiniBand (RFC 4391) gets it, the type, a reserved field. */
enum ignored infiniband_decode(struct walk *w)
{
	const uint8_t *header = cursor_take(&w->c, INFINIBAND_HEADER);

	if (!header)
		return IGNORED_TRUNCATED;
	w->type = get_be16(header + INFINIBAND_TYPE);
	return walk_on(w, ethertype_decode);
}

/* -- Ethernet, and something else --------------------------------------------------------------- */

#define NETANALYZER_HEADER 4
#define PREAMBLE 8
#define TAG 4
#define EDSA_TYPE 4 /* a type of the chip's own, and two octets of zeros, before the tag */
#define TAGGED 0x20 /* of Marvell's tag: it stands for a VLAN tag, too */

/* The frame has its checksum at its end. */
static enum ignored checked_decode(struct walk *w, size_t before)
{
	if (!cursor_take(&w->c, before))
		return IGNORED_TRUNCATED;
	walk_trim(w, FCS);
	return walk_on(w, ethernet_decode);
}

enum ignored netanalyzer_decode(struct walk *w)
{
	return checked_decode(w, NETANALYZER_HEADER);
}

enum ignored netanalyzer_preamble_decode(struct walk *w)
{
	return checked_decode(w, NETANALYZER_HEADER + PREAMBLE);
}

/* The chip's tag of `size` octets is between the addresses and the type; NULL: it is not there. */
static const uint8_t *take_tag(struct walk *w, size_t size)
{
	const uint8_t *header = cursor_take(&w->c, 2 * MAC_OCTETS + size + 2);

	if (!header)
		return NULL;
	walk_macs(w, header, header + MAC_OCTETS);
	w->type = get_be16(header + 2 * MAC_OCTETS + size);
	return header + 2 * MAC_OCTETS;
}

/* Marvell's tag replaces the frame's VLAN tag where it says so. */
static enum ignored marvell_decode(struct walk *w, size_t before)
{
	const uint8_t *tag = take_tag(w, before + TAG);

	if (!tag)
		return IGNORED_TRUNCATED;
	tag += before;
	if (tag[0] & TAGGED) {
		w->info->head.vlan = get_be16(tag + 2) & VLAN_ID_MASK;
		w->tags = 1;
	}
	return walk_on(w, ethertype_decode);
}

enum ignored dsa_decode(struct walk *w)
{
	return marvell_decode(w, 0);
}

enum ignored edsa_decode(struct walk *w)
{
	return marvell_decode(w, EDSA_TYPE);
}

enum ignored brcm_decode(struct walk *w)
{
	return take_tag(w, TAG) ? walk_on(w, ethertype_decode) : IGNORED_TRUNCATED;
}

enum ignored brcm_prepend_decode(struct walk *w)
{
	return cursor_take(&w->c, TAG) ? walk_on(w, ethernet_decode) : IGNORED_TRUNCATED;
}

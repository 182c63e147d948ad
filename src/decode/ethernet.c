/*
 * Ethernet II and 802.3: VLAN tags, EtherTypes, LLC and SNAP.
 */
#include "decode/layers.h"

#include <string.h>

#define VLAN_LIMIT 16
#define VLAN_ID_MASK 0x0fff
#define ETHERTYPE_MIN 0x0600 /* below it the field is an 802.3 length */
#define ETHERNET_HEADER 14
#define MAC_SIZE 6

/* EtherTypes that are not IP: the layer below which there may be some, or what they count as. */
static const struct {
	uint16_t type;
	layer_fn *decode;
	enum ignored ignored;
} ethertypes[] = {
    {0x0806, NULL, IGNORED_ARP},
    {0x8809, NULL, IGNORED_LACP},
    {0x8847, mpls_decode, IGNORED_NOT},
    {0x8848, mpls_decode, IGNORED_NOT},
    {0x8863, NULL, IGNORED_PPPOE},
    {0x8864, NULL, IGNORED_PPPOE},
    {0x888e, NULL, IGNORED_EAPOL},
    {0x88cc, NULL, IGNORED_LLDP},
};

static enum ignored other_ethertype(struct walk *w)
{
	for (size_t i = 0; i < sizeof(ethertypes) / sizeof(*ethertypes); i++) {
		if (ethertypes[i].type != w->type)
			continue;
		return ethertypes[i].decode ? walk_on(w, ethertypes[i].decode)
					    : ethertypes[i].ignored;
	}
	return IGNORED_NON_IP;
}

static bool is_vlan(uint16_t type)
{
	return type == 0x8100 || type == 0x88a8 || type == 0x9100;
}

/* The first tag is the flow's, the second is shown beside it. */
static enum ignored vlan_tags(struct walk *w)
{
	for (; is_vlan(w->type); w->tags++) {
		const uint8_t *tag = cursor_take(&w->c, 4);

		if (!tag)
			return IGNORED_TRUNCATED;
		if (w->tags == VLAN_LIMIT)
			return IGNORED_HEADER_LIMIT;
		if (w->tags == 0)
			w->info->vlan = get_be16(tag) & VLAN_ID_MASK;
		else if (w->tags == 1)
			w->info->inner_vlan = get_be16(tag) & VLAN_ID_MASK;
		w->type = get_be16(tag + 2);
	}
	return IGNORED_NOT;
}

enum ignored ethertype_decode(struct walk *w)
{
	enum ignored ignored = is_vlan(w->type) ? vlan_tags(w) : IGNORED_NOT;

	if (ignored)
		return ignored;
	if (w->type == 0x0800)
		return walk_ip(w, 4);
	if (w->type == 0x86dd)
		return walk_ip(w, 6);
	if (w->type < ETHERTYPE_MIN)
		return walk_on(w, llc_decode);
	return other_ethertype(w);
}

/* SNAP: an organization's code and a type, which is an EtherType for the codes of all zeros. */
static enum ignored snap_decode(struct walk *w)
{
	const uint8_t *snap = cursor_take(&w->c, 8);

	if (!snap)
		return IGNORED_TRUNCATED;
	w->type = get_be16(snap + 6);
	if (memcmp(snap + 3, "\0\0\0", 3) == 0 || memcmp(snap + 3, "\0\0\xf8", 3) == 0)
		return w->type < ETHERTYPE_MIN ? IGNORED_LLC : walk_on(w, ethertype_decode);
	if (memcmp(snap + 3, "\0\0\x0c", 3) == 0 && w->type == 0x2000)
		return IGNORED_CDP;
	return IGNORED_LLC;
}

/* By the destination and source service access points. */
enum ignored llc_decode(struct walk *w)
{
	const uint8_t *llc = cursor_peek(&w->c, 3);

	if (!llc)
		return IGNORED_TRUNCATED;
	switch (get_be16(llc)) {
	case 0xaaaa:
		return snap_decode(w);
	case 0x0606: /* IP straight above LLC */
		cursor_take(&w->c, 3);
		return walk_ip(w, 4);
	case 0x4242:
		return IGNORED_STP;
	default:
		return IGNORED_LLC;
	}
}

enum ignored ethernet_decode(struct walk *w)
{
	const uint8_t *ether = cursor_take(&w->c, ETHERNET_HEADER);

	if (!ether)
		return IGNORED_TRUNCATED;
	if (w->options->details) {
		memcpy(w->info->detail.dst_mac, ether, MAC_SIZE);
		memcpy(w->info->detail.src_mac, ether + MAC_SIZE, MAC_SIZE);
	}
	w->type = get_be16(ether + 12);
	return ethertype_decode(w);
}

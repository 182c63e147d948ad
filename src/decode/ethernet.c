/*
 * Ethernet II and 802.3 headers, VLAN tags, and a row for each EtherType.
 */
#include "decode/layers.h"

#define VLAN_LIMIT 16
#define SNAP_HEADER 8

/* -- slow protocols --------------------------------------------------------------------------- */

/* IEEE 802.3 annex 57A: the first octet tells them apart. */
static enum ignored slow_decode(struct walk *w)
{
	const uint8_t *subtype = cursor_peek(&w->c, 1);

	switch (subtype ? *subtype : 0) {
	case 3: /* OAM of the link (802.3 clause 57) */
		return IGNORED_OAM;
	case 10: /* Synchronous Ethernet's ESMC (ITU-T G.8264) */
		return IGNORED_PTP;
	default:
		return IGNORED_LACP;
	}
}

/* -- EtherTypes ------------------------------------------------------------------------------- */

/* EtherTypes that are not IP: the layer below which there may be some, or what they count as. */
static const struct {
	uint16_t type;
	layer_fn *decode;
	enum ignored ignored;
} ethertypes[] = {
    {0x0806, NULL, IGNORED_ARP},
    {0x0842, NULL, IGNORED_WAKE_ON_LAN},
    {0x22ea, NULL, IGNORED_MRP}, /* MSRP */
    {0x22f0, NULL, IGNORED_AVTP},
    {0x22f3, trill_decode, IGNORED_NOT},
    {0x22f4, NULL, IGNORED_ISIS}, /* TRILL's and FabricPath's */
    {0x4305, NULL, IGNORED_BATMAN},
    {0x6001, NULL, IGNORED_DECNET}, /* MOP, down-line load */
    {0x6002, NULL, IGNORED_DECNET}, /* MOP, remote console */
    {0x6003, NULL, IGNORED_DECNET},
    {0x6004, NULL, IGNORED_DECNET}, /* LAT */
    {0x6007, NULL, IGNORED_DECNET}, /* LAVC */
    {0x8035, NULL, IGNORED_ARP},    /* RARP */
    {0x809b, NULL, IGNORED_APPLETALK},
    {0x80d5, NULL, IGNORED_SNA},
    {0x80e1, NULL, IGNORED_INDUSTRIAL}, /* DLR */
    {0x80f3, NULL, IGNORED_APPLETALK},  /* AARP */
    {0x8137, NULL, IGNORED_IPX},
    {0x8138, NULL, IGNORED_IPX},
    {0x872d, NULL, IGNORED_CISCO}, /* WLCCP */
    {0x8808, NULL, IGNORED_PAUSE},
    {0x8809, slow_decode, IGNORED_NOT},
    {0x8847, mpls_decode, IGNORED_NOT},
    {0x8848, mpls_decode, IGNORED_NOT},
    {0x8863, NULL, IGNORED_PPPOE},
    {0x8864, pppoe_decode, IGNORED_NOT},
    {0x886f, NULL, IGNORED_MICROSOFT}, /* network load balancing */
    {0x8870, llc_decode, IGNORED_NOT}, /* LLC in jumbo frames, which IS-IS has */
    {0x887b, NULL, IGNORED_HOMEPLUG},
    {0x888e, NULL, IGNORED_EAPOL},
    {0x8892, NULL, IGNORED_INDUSTRIAL}, /* PROFINET */
    {0x8899, NULL, IGNORED_REALTEK},
    {0x889a, NULL, IGNORED_STORAGE},    /* HyperSCSI */
    {0x88a2, NULL, IGNORED_STORAGE},    /* ATA over Ethernet */
    {0x88a4, NULL, IGNORED_INDUSTRIAL}, /* EtherCAT */
    {0x88ab, NULL, IGNORED_INDUSTRIAL}, /* POWERLINK */
    {0x88b8, NULL, IGNORED_INDUSTRIAL}, /* GOOSE */
    {0x88b9, NULL, IGNORED_INDUSTRIAL}, /* GSE management */
    {0x88ba, NULL, IGNORED_INDUSTRIAL}, /* sampled values */
    {0x88c7, NULL, IGNORED_EAPOL},      /* 802.11's pre-authentication */
    {0x88ca, NULL, IGNORED_TIPC},
    {0x88cc, NULL, IGNORED_LLDP},
    {0x88cd, NULL, IGNORED_INDUSTRIAL}, /* SERCOS III */
    {0x88d9, NULL, IGNORED_MICROSOFT},  /* LLTD */
    {0x88e1, NULL, IGNORED_HOMEPLUG},
    {0x88e3, NULL, IGNORED_INDUSTRIAL}, /* Media Redundancy Protocol */
    {0x88e5, macsec_decode, IGNORED_NOT},
    {0x88e7, backbone_decode, IGNORED_NOT},
    {0x88ee, NULL, IGNORED_OAM}, /* E-LMI */
    {0x88f5, NULL, IGNORED_MRP}, /* MVRP */
    {0x88f6, NULL, IGNORED_MRP}, /* MMRP */
    {0x88f7, NULL, IGNORED_PTP},
    {0x88fb, NULL, IGNORED_INDUSTRIAL}, /* supervision of PRP and HSR */
    {0x8902, NULL, IGNORED_OAM},        /* CFM */
    {0x8903, fabricpath_decode, IGNORED_NOT},
    {0x8906, NULL, IGNORED_STORAGE}, /* FCoE */
    {0x8909, metadata_decode, IGNORED_NOT},
    {0x890f, NULL, IGNORED_INDUSTRIAL}, /* CC-Link IE */
    {0x8912, NULL, IGNORED_HOMEPLUG},
    {0x8914, NULL, IGNORED_STORAGE}, /* FIP */
    {0x8915, NULL, IGNORED_ROCE},
    {0x8922, NULL, IGNORED_LOOPBACK}, /* VMware's beacons */
    {0x8926, shim_decode, IGNORED_NOT},
    {0x892f, shim_decode, IGNORED_NOT},
    {0x893a, NULL, IGNORED_HOMEPLUG}, /* IEEE 1905.1 */
    {0x893b, shim_decode, IGNORED_NOT},
    {0x893f, shim_decode, IGNORED_NOT},
    {0x8940, NULL, IGNORED_MRP}, /* ECP, of edge virtual bridging */
    {0x894f, nsh_decode, IGNORED_NOT},
    {0x9000, NULL, IGNORED_LOOPBACK},
    {0xd28b, timestamp_decode, IGNORED_NOT},
    {0xf1c1, shim_decode, IGNORED_NOT},
};

#define ETHERTYPE_COUNT (sizeof(ethertypes) / sizeof(*ethertypes))

static enum ignored other_ethertype(struct walk *w)
{
	for (size_t i = 0; i < ETHERTYPE_COUNT; i++) {
		if (ethertypes[i].type != w->type)
			continue;
		return ethertypes[i].decode ? walk_on(w, ethertypes[i].decode)
					    : ethertypes[i].ignored;
	}
	return IGNORED_NON_IP;
}

bool ethertype_known(uint16_t type)
{
	if (type == ETHERTYPE_IPV4 || type == ETHERTYPE_IPV6 || is_vlan(type))
		return true;
	for (size_t i = 0; i < ETHERTYPE_COUNT; i++)
		if (ethertypes[i].type == type)
			return true;
	return false;
}

/* -- tags and header -------------------------------------------------------------------------- */

/* The first tag is the flow's, the second is shown beside it. */
static enum ignored vlan_tags(struct walk *w)
{
	if (w->frame_is_outer)
		tunnel_forget_tags(w);
	for (; is_vlan(w->type); w->tags++) {
		const uint8_t *tag = cursor_take(&w->c, VLAN_TAG);

		if (!tag)
			return IGNORED_TRUNCATED;
		if (w->tags == VLAN_LIMIT)
			return IGNORED_HEADER_LIMIT;
		if (w->tags == 0)
			w->info->head.vlan = get_be16(tag) & VLAN_ID_MASK;
		else if (w->tags == 1)
			w->info->inner_vlan = get_be16(tag) & VLAN_ID_MASK;
		w->type = get_be16(tag + 2);
	}
	return IGNORED_NOT;
}

/*
 * A length, not a type: what is behind it pads the frame. One that has no room for IP is not believed, so that
 * what is there is metered. IEEE 802.3 section 3.2.6 leaves the numbers between the two without a meaning.
 */
static enum ignored length_decode(struct walk *w)
{
	if (w->type > LENGTH_MAX)
		return IGNORED_NON_IP;
	if (w->type >= SNAP_HEADER + IPV4_HEADER)
		walk_limit(w, w->type);
	return walk_on(w, llc_decode);
}

enum ignored ethertype_decode(struct walk *w)
{
	if (is_vlan(w->type)) {
		enum ignored ignored = vlan_tags(w);

		if (ignored)
			return ignored;
	}
	switch (w->type) {
	case ETHERTYPE_IPV4:
		return walk_ip(w, 4);
	case ETHERTYPE_IPV6:
		return walk_ip(w, 6);
	default:
		return w->type < ETHERTYPE_MIN ? length_decode(w) : other_ethertype(w);
	}
}

static enum ignored other_frame(struct walk *w, const uint8_t *ether)
{
	if (w->type < ETHERTYPE_MIN && isl_begins(ether, &w->c))
		return walk_on(w, isl_decode);
	return ethertype_decode(w);
}

enum ignored ethernet_decode(struct walk *w)
{
	const uint8_t *ether = cursor_take(&w->c, ETHERNET_HEADER);

	if (!ether)
		return IGNORED_TRUNCATED;
	w->type = get_be16(ether + 12);
	walk_macs(w, ether, ether + MAC_OCTETS);
	/* Most packets end here; they pay for none of the others. */
	return w->type == ETHERTYPE_IPV4 ? walk_ip(w, 4) : other_frame(w, ether);
}

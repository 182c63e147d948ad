/*
 * Link layers: Ethernet II and 802.3, VLAN tags, Linux cooked capture, BSD loopback, raw IP.
 */
#include "decode/layers.h"

#include <pcap/dlt.h>
#include <string.h>

#define VLAN_LIMIT 16
#define VLAN_ID_MASK 0x0fff
#define ETHERTYPE_MIN 0x0600 /* below it the field is an 802.3 length */

#ifndef DLT_IPV4
#define DLT_IPV4 228
#define DLT_IPV6 229
#endif
#define LINKTYPE_RAW 101 /* as a file's number, should libpcap not have translated it */

const char decode_supported[] =
    "Ethernet, Linux cooked v1 and v2, raw IP, BSD loopback (NULL and LOOP)";

bool decode_supports(int linktype)
{
	switch (linktype) {
	case DLT_EN10MB:
	case DLT_LINUX_SLL:
	case DLT_LINUX_SLL2:
	case DLT_RAW:
	case LINKTYPE_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
	case DLT_NULL:
	case DLT_LOOP:
		return true;
	default:
		return false;
	}
}

/* What an EtherType that is neither IP nor a tag is counted as. */
static enum ignored ethertype_name(uint16_t type)
{
	switch (type) {
	case 0x0806:
		return IGNORED_ARP;
	case 0x88cc:
		return IGNORED_LLDP;
	case 0x8809:
		return IGNORED_LACP;
	case 0x888e:
		return IGNORED_EAPOL;
	case 0x8863:
	case 0x8864:
		return IGNORED_PPPOE;
	default:
		return IGNORED_NON_IP;
	}
}

static bool is_vlan(uint16_t type)
{
	return type == 0x8100 || type == 0x88a8 || type == 0x9100;
}

static enum ignored llc_decode(
    struct cursor *c, unsigned vlans, struct pktinfo *info, uint8_t *ip_version);

/* `vlans` tags have been read so far; the first is the flow's, the second is shown beside it. */
static enum ignored ethertype_decode(
    struct cursor *c, uint16_t type, unsigned vlans, struct pktinfo *info, uint8_t *ip_version)
{
	for (; is_vlan(type); vlans++) {
		const uint8_t *tag = cursor_take(c, 4);

		if (!tag)
			return IGNORED_TRUNCATED;
		if (vlans == VLAN_LIMIT)
			return IGNORED_HEADER_LIMIT;
		if (vlans == 0)
			info->vlan = get_be16(tag) & VLAN_ID_MASK;
		else if (vlans == 1)
			info->inner_vlan = get_be16(tag) & VLAN_ID_MASK;
		type = get_be16(tag + 2);
	}
	if (type == 0x0800)
		*ip_version = 4;
	else if (type == 0x86dd)
		*ip_version = 6;
	else if (type < ETHERTYPE_MIN)
		return llc_decode(c, vlans, info, ip_version);
	else if (type == 0x8847 || type == 0x8848)
		return mpls_decode(c, info, ip_version);
	else
		return ethertype_name(type);
	return IGNORED_NOT;
}

/* SNAP: an organization's code and a type, which is an EtherType for the codes of all zeros. */
static enum ignored snap_decode(
    struct cursor *c, unsigned vlans, struct pktinfo *info, uint8_t *ip_version)
{
	const uint8_t *snap = cursor_take(c, 8);
	uint16_t type;

	if (!snap)
		return IGNORED_TRUNCATED;
	type = get_be16(snap + 6);
	if (memcmp(snap + 3, "\0\0\0", 3) == 0 || memcmp(snap + 3, "\0\0\xf8", 3) == 0)
		return type < ETHERTYPE_MIN ? IGNORED_LLC
					    : ethertype_decode(c, type, vlans, info, ip_version);
	if (memcmp(snap + 3, "\0\0\x0c", 3) == 0 && type == 0x2000)
		return IGNORED_CDP;
	return IGNORED_LLC;
}

/* 802.2 LLC by its destination and source service access points. */
static enum ignored llc_decode(
    struct cursor *c, unsigned vlans, struct pktinfo *info, uint8_t *ip_version)
{
	const uint8_t *llc = cursor_peek(c, 3);

	if (!llc)
		return IGNORED_TRUNCATED;
	switch (get_be16(llc)) {
	case 0xaaaa:
		return snap_decode(c, vlans, info, ip_version);
	case 0x0606: /* IP straight above LLC */
		cursor_take(c, 3);
		*ip_version = 4;
		return IGNORED_NOT;
	case 0x4242:
		return IGNORED_STP;
	default:
		return IGNORED_LLC;
	}
}

static enum ignored ethernet_decode(struct cursor *c, struct pktinfo *info, uint8_t *ip_version)
{
	const uint8_t *ether = cursor_take(c, 14);

	if (!ether)
		return IGNORED_TRUNCATED;
	return ethertype_decode(c, get_be16(ether + 12), 0, info, ip_version);
}

/* The protocol field is no EtherType on the few devices that put another number there. */
static bool cooked_has_ethertype(uint16_t arphrd)
{
	return arphrd != 778 /* IPGRE */ && arphrd != 824 /* netlink */ &&
	    arphrd != 770 /* FRAD */ && arphrd != 803 /* radiotap */ &&
	    arphrd != 805 /* 802.15.4 monitor */;
}

/* Values below 5 are Linux's own numbers for frames without an EtherType; 4 is LLC. */
static enum ignored cooked_protocol(
    struct cursor *c, uint16_t arphrd, uint16_t type, struct pktinfo *info, uint8_t *ip_version)
{
	if (!cooked_has_ethertype(arphrd) || (type < ETHERTYPE_MIN && type != 4))
		return IGNORED_NON_IP;
	return ethertype_decode(c, type, 0, info, ip_version);
}

static enum ignored cooked1_decode(struct cursor *c, struct pktinfo *info, uint8_t *ip_version)
{
	const uint8_t *sll = cursor_take(c, 16);

	if (!sll)
		return IGNORED_TRUNCATED;
	return cooked_protocol(c, get_be16(sll + 2), get_be16(sll + 14), info, ip_version);
}

static enum ignored cooked2_decode(struct cursor *c, struct pktinfo *info, uint8_t *ip_version)
{
	const uint8_t *sll = cursor_take(c, 20);

	if (!sll)
		return IGNORED_TRUNCATED;
	if (info->ingress == 0)
		info->ingress = get_be32(sll + 4);
	return cooked_protocol(c, get_be16(sll + 8), get_be16(sll), info, ip_version);
}

/* The address family in the byte order of whoever captured, with the numbers of the BSDs and Linux. */
static enum ignored loopback_decode(struct cursor *c, uint8_t *ip_version)
{
	const uint8_t *family = cursor_take(c, 4);
	uint32_t value;

	if (!family)
		return IGNORED_TRUNCATED;
	value = get_be32(family);
	if (value > 0xffff)
		value = __builtin_bswap32(value);
	switch (value) {
	case 2:
		*ip_version = 4;
		return IGNORED_NOT;
	case 10:
	case 24:
	case 28:
	case 30:
		*ip_version = 6;
		return IGNORED_NOT;
	default:
		return IGNORED_NON_IP;
	}
}

enum ignored link_decode(
    struct cursor *c, const struct packet *packet, struct pktinfo *info, uint8_t *ip_version)
{
	switch (packet->linktype) {
	case DLT_EN10MB:
		return ethernet_decode(c, info, ip_version);
	case DLT_LINUX_SLL:
		return cooked1_decode(c, info, ip_version);
	case DLT_LINUX_SLL2:
		return cooked2_decode(c, info, ip_version);
	case DLT_NULL:
	case DLT_LOOP:
		return loopback_decode(c, ip_version);
	case DLT_IPV4:
		*ip_version = 4;
		return IGNORED_NOT;
	case DLT_IPV6:
		*ip_version = 6;
		return IGNORED_NOT;
	case DLT_RAW:
	case LINKTYPE_RAW:
		return IGNORED_NOT; /* the version's four bits tell */
	default:
		return IGNORED_NON_IP;
	}
}

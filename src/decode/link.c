/*
 * Link types: a row each, found by its DLT_ number, and the headers that are nobody else's.
 */
#include "decode/layers.h"

#include <pcap/dlt.h>
#include <stdio.h>
#include <string.h>

#ifndef DLT_IPV4
#define DLT_IPV4 228
#define DLT_IPV6 229
#endif
#define LINKTYPE_PKTAP 258 /* libpcap's DLT_PKTAP is that of private use, 149 */
#define LINKTYPE_RAW 101   /* as a file's number, should libpcap not have translated it */

/* -- Linux cooked capture ----------------------------------------------------------------------- */

/* Linux's own numbers, below those of EtherTypes, and those of a generic routing encapsulation. */
static const struct {
	uint16_t type;
	layer_fn *decode;
} cooked_types[] = {
    {0x0004, llc_decode},
    {0x0007, ppp_hdlc_decode}, /* PPP of a synchronous line */
    {0x6558, ethernet_decode},
    {0x880b, ppp_decode},
};

/* Devices whose frames begin with a header of their own, whatever the protocol field says. */
static const struct {
	uint16_t arphrd;
	layer_fn *decode;
	enum ignored ignored;
} cooked_devices[] = {
    {770, frelay_decode, IGNORED_NOT},   /* FRAD */
    {803, radiotap_decode, IGNORED_NOT}, /* 802.11 in monitor mode */
    {804, NULL, IGNORED_NON_IP},         /* 802.15.4 */
    {805, NULL, IGNORED_NON_IP},         /* 802.15.4 in monitor mode */
    {824, NULL, IGNORED_NETLINK},
};

static enum ignored cooked_protocol(struct walk *w, uint16_t arphrd, uint16_t type)
{
	for (size_t i = 0; i < sizeof(cooked_devices) / sizeof(*cooked_devices); i++)
		if (cooked_devices[i].arphrd == arphrd)
			return cooked_devices[i].decode ? walk_on(w, cooked_devices[i].decode)
							: cooked_devices[i].ignored;
	for (size_t i = 0; i < sizeof(cooked_types) / sizeof(*cooked_types); i++)
		if (cooked_types[i].type == type)
			return walk_on(w, cooked_types[i].decode);
	if (type < ETHERTYPE_MIN)
		return IGNORED_NON_IP;
	w->type = type;
	return walk_on(w, ethertype_decode);
}

/* Cooked captures keep the sender's address alone, of whatever kind. */
static void cooked_mac(struct walk *w, uint16_t size, const uint8_t *address)
{
	if (w->options->details && size == MAC_OCTETS)
		memcpy(w->info->detail.src_mac, address, MAC_OCTETS);
}

static enum ignored cooked1_decode(struct walk *w)
{
	const uint8_t *sll = cursor_take(&w->c, 16);

	if (!sll)
		return IGNORED_TRUNCATED;
	cooked_mac(w, get_be16(sll + 4), sll + 6);
	return cooked_protocol(w, get_be16(sll + 2), get_be16(sll + 14));
}

static enum ignored cooked2_decode(struct walk *w)
{
	const uint8_t *sll = cursor_take(&w->c, 20);

	if (!sll)
		return IGNORED_TRUNCATED;
	if (w->info->head.ingress == 0)
		w->info->head.ingress = get_be32(sll + 4);
	cooked_mac(w, sll[11], sll + 12);
	return cooked_protocol(w, get_be16(sll + 8), get_be16(sll));
}

/* -- BSD loopback, raw IP ----------------------------------------------------------------------- */

#define FAMILY_IPX_OR_IPV6 23 /* the BSDs' IPX, Windows' IPv6 */
#define FAMILY_OSI 7

/* The number may be in the byte order of whoever captured. */
enum ignored family_ip(struct walk *w, uint32_t family)
{
	const uint8_t *first = cursor_peek(&w->c, 1);

	if (family > 0xffff)
		family = __builtin_bswap32(family);
	switch (family) {
	case 2:
		return walk_ip(w, 4);
	case 10: /* Linux */
	case 24: /* OpenBSD, NetBSD */
	case 26: /* Solaris */
	case 28: /* FreeBSD */
	case 30: /* macOS */
		return walk_ip(w, 6);
	case FAMILY_IPX_OR_IPV6:
		return first && *first >> 4 != 6 ? IGNORED_NON_IP : walk_ip(w, 6);
	case FAMILY_OSI:
		return IGNORED_ISIS;
	default:
		return IGNORED_NON_IP;
	}
}

/* What some systems have before packets of serial lines here: the framing of those. */
static bool is_serial(uint32_t family)
{
	return family >> 16 == 0x0f00 || family >> 16 == 0x8f00 || family >> 16 == 0xff03;
}

/* An EtherType in the family's place is another habit. */
static enum ignored loopback_decode(struct walk *w)
{
	const uint8_t *first = cursor_peek(&w->c, 4);
	uint32_t family;

	if (!first)
		return IGNORED_TRUNCATED;
	family = get_be32(first);
	if (is_serial(family))
		return walk_on(w, ppp_hdlc_decode);
	cursor_take(&w->c, 4);
	if (family < ETHERTYPE_MIN || family > 0xffff)
		return family_ip(w, family);
	w->type = (uint16_t)family;
	return walk_on(w, ethertype_decode);
}

/* The version's four bits tell. */
static enum ignored raw_decode(struct walk *w)
{
	return walk_ip(w, 0);
}

enum ignored raw4_decode(struct walk *w)
{
	return walk_ip(w, 4);
}

enum ignored raw6_decode(struct walk *w)
{
	return walk_ip(w, 6);
}

/* -- the rows ------------------------------------------------------------------------------------ */

static const struct {
	const char *name; /* in messages; NULL: another number of the same */
	layer_fn *decode;
} linktypes[] = {
    [DLT_EN10MB] = {"Ethernet", ethernet_decode},
    [DLT_NETANALYZER] = {NULL, netanalyzer_decode},
    [DLT_NETANALYZER_TRANSPARENT] = {NULL, netanalyzer_preamble_decode},
    [DLT_DSA_TAG_BRCM] = {NULL, brcm_decode},
    [DLT_DSA_TAG_BRCM_PREPEND] = {NULL, brcm_prepend_decode},
    [DLT_DSA_TAG_DSA] = {NULL, dsa_decode},
    [DLT_DSA_TAG_EDSA] = {NULL, edsa_decode},
    [DLT_LINUX_SLL] = {"Linux cooked", cooked1_decode},
    [DLT_LINUX_SLL2] = {NULL, cooked2_decode},
    [DLT_RAW] = {"raw IP", raw_decode},
    [LINKTYPE_RAW] = {NULL, raw_decode},
    [DLT_IPV4] = {NULL, raw4_decode},
    [DLT_IPV6] = {NULL, raw6_decode},
    [DLT_MPLS] = {"MPLS", mpls_decode},
    [DLT_NULL] = {"BSD loopback", loopback_decode},
    [DLT_LOOP] = {NULL, loopback_decode},
    [DLT_ENC] = {"enc", enc_decode},
    [DLT_PFLOG] = {"pflog", pflog_decode},
    [DLT_NFLOG] = {"NFLOG", nflog_decode},
    [LINKTYPE_PKTAP] = {"PKTAP", pktap_decode},
    [DLT_USER2] = {NULL, pktap_decode},
    [DLT_IPNET] = {"ipnet", ipnet_decode},
    [DLT_ERF] = {"ERF", erf_decode},
    [DLT_PPP] = {"PPP", ppp_hdlc_decode},
    [DLT_PPP_SERIAL] = {NULL, ppp_hdlc_decode},
    [DLT_PPP_ETHER] = {NULL, pppoe_decode},
    [DLT_PPP_PPPD] = {NULL, ppp_pppd_decode},
    [DLT_PPP_WITH_DIR] = {NULL, ppp_dir_decode},
    [DLT_PPP_BSDOS] = {NULL, ppp_bsdos_decode},
    [DLT_SLIP] = {"SLIP", slip_decode},
    [DLT_SLIP_BSDOS] = {NULL, slip_bsdos_decode},
    [DLT_C_HDLC] = {"Cisco HDLC", chdlc_decode},
    [DLT_C_HDLC_WITH_DIR] = {NULL, chdlc_dir_decode},
    [DLT_FRELAY] = {"Frame Relay", frelay_decode},
    [DLT_FRELAY_WITH_DIR] = {NULL, frelay_dir_decode},
    [DLT_ATM_RFC1483] = {"ATM", atm_decode},
    [DLT_ATM_CLIP] = {NULL, atm_decode},
    [DLT_IEEE802_11] = {"802.11", wlan_decode},
    [DLT_IEEE802_11_RADIO] = {NULL, radiotap_decode},
    [DLT_IEEE802_11_RADIO_AVS] = {NULL, avs_decode},
    [DLT_PRISM_HEADER] = {NULL, prism_decode},
    [DLT_PPI] = {NULL, ppi_decode},
    [DLT_IEEE802] = {"Token Ring", token_ring_decode},
    [DLT_FDDI] = {"FDDI", fddi_decode},
    [DLT_ARCNET] = {"ARCNET", arcnet_decode},
    [DLT_ARCNET_LINUX] = {NULL, arcnet_linux_decode},
    [DLT_IP_OVER_FC] = {"Fibre Channel", fibre_channel_decode},
    [DLT_APPLE_IP_OVER_IEEE1394] = {"FireWire", firewire_decode},
    [DLT_IPOIB] = {"InfiniBand", infiniband_decode},
    [DLT_JUNIPER_ETHER] = {"Juniper's", juniper_ether_decode},
    [DLT_JUNIPER_PPPOE] = {NULL, juniper_ether_decode},
    [DLT_JUNIPER_PPP] = {NULL, juniper_ppp_decode},
    [DLT_JUNIPER_CHDLC] = {NULL, juniper_chdlc_decode},
    [DLT_JUNIPER_FRELAY] = {NULL, juniper_frelay_decode},
    [DLT_JUNIPER_PPPOE_ATM] = {NULL, juniper_type_decode},
    [DLT_JUNIPER_MLPPP] = {NULL, juniper_mlppp_decode},
    [DLT_JUNIPER_ATM1] = {NULL, juniper_atm1_decode},
    [DLT_JUNIPER_ATM2] = {NULL, juniper_atm2_decode},
};

#define LINKTYPE_COUNT ((int)(sizeof(linktypes) / sizeof(*linktypes)))

layer_fn *link_layer(int linktype)
{
	return linktype >= 0 && linktype < LINKTYPE_COUNT ? linktypes[linktype].decode : NULL;
}

enum ignored link_type_decode(struct walk *w, uint32_t linktype)
{
	layer_fn *decode = linktype < LINKTYPE_COUNT ? linktypes[linktype].decode : NULL;

	return decode ? walk_on(w, decode) : IGNORED_NON_IP;
}

bool decode_supports(int linktype)
{
	return link_layer(linktype) != NULL;
}

void decode_list_supported(char *out, size_t size)
{
	size_t used = 0;

	*out = '\0';
	for (int i = 0; i < LINKTYPE_COUNT; i++) {
		if (!linktypes[i].name || used >= size)
			continue;
		used += (size_t)snprintf(
		    out + used, size - used, "%s%s", used ? ", " : "", linktypes[i].name);
	}
}

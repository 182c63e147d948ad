/*
 * What capturing systems tell of a packet before its own first header: packet filters' logs,
 * Apple's and Solaris' taps, capture cards' records.
 */
#include "decode/layers.h"

/* -- OpenBSD's pf and enc ----------------------------------------------------------------------- */

#define PFLOG_MIN 45 /* the oldest header of which the first octet tells the length */
#define ENC_HEADER 12

/* The header's length is without its padding to a multiple of four. */
enum ignored pflog_decode(struct walk *w)
{
	const uint8_t *header = cursor_peek(&w->c, 2);

	if (!header)
		return IGNORED_TRUNCATED;
	if (header[0] < PFLOG_MIN)
		return IGNORED_NON_IP;
	if (!cursor_take(&w->c, (header[0] + 3u) & ~3u))
		return IGNORED_TRUNCATED;
	return family_ip(w, header[1]);
}

/* Packets as IPsec sees them: family, SPI, flags. */
enum ignored enc_decode(struct walk *w)
{
	const uint8_t *header = cursor_take(&w->c, ENC_HEADER);

	return header ? family_ip(w, get_be32(header)) : IGNORED_TRUNCATED;
}

/* -- Linux' NFLOG ------------------------------------------------------------------------------- */

#define NFLOG_HEADER 4
#define NFLOG_ATTRIBUTES 32 /* that are looked through for the packet */
#define ATTRIBUTE_HEADER 4
#define NFLOG_PACKET_HEADER 1 /* type and what it has: the EtherType first */
#define NFLOG_HWADDR 8        /* length of the address, two octets of nothing, the address */
#define NFLOG_PAYLOAD 9
#define FAMILY_IPV4 2
#define FAMILY_IPV6 10

/* Types are below 256, so that the octet of zeros shows the byte order of whoever captured. */
static bool attribute_is_be(const uint8_t *header)
{
	return header[2] == 0 && header[3] != 0;
}

static void nflog_mac(struct walk *w, const uint8_t *value, size_t size)
{
	if (w->options->details && size >= 4 + MAC_OCTETS && get_be16(value) == MAC_OCTETS)
		memcpy(w->info->detail.src_mac, value + 4, MAC_OCTETS);
}

/* Families other than those of IP, a bridge's for example, have the type in another attribute. */
static enum ignored nflog_payload(struct walk *w, uint8_t family, uint64_t size)
{
	walk_limit(w, size);
	switch (family) {
	case FAMILY_IPV4:
		return walk_ip(w, 4);
	case FAMILY_IPV6:
		return walk_ip(w, 6);
	default:
		return w->type ? walk_on(w, ethertype_decode) : IGNORED_NON_IP;
	}
}

enum ignored nflog_decode(struct walk *w)
{
	const uint8_t *nflog = cursor_take(&w->c, NFLOG_HEADER);

	if (!nflog)
		return IGNORED_TRUNCATED;
	for (unsigned n = 0; n < NFLOG_ATTRIBUTES; n++) {
		const uint8_t *header = cursor_take(&w->c, ATTRIBUTE_HEADER);
		const uint8_t *value;
		uint16_t size, type;

		if (!header)
			return IGNORED_TRUNCATED;
		size = attribute_is_be(header) ? get_be16(header) : get_le16(header);
		type = attribute_is_be(header) ? header[3] : header[2];
		if (size < ATTRIBUTE_HEADER)
			return IGNORED_NON_IP;
		size = (uint16_t)(size - ATTRIBUTE_HEADER);
		if (type == NFLOG_PAYLOAD)
			return nflog_payload(w, nflog[0], size);
		value = cursor_take(&w->c, (size + 3u) & ~3u);
		if (!value)
			return IGNORED_TRUNCATED;
		if (type == NFLOG_PACKET_HEADER && size >= 2)
			w->type = get_be16(value);
		else if (type == NFLOG_HWADDR)
			nflog_mac(w, value, size);
	}
	return IGNORED_HEADER_LIMIT;
}

/* -- Apple's PKTAP ------------------------------------------------------------------------------ */

#define PKTAP_HEADER 108 /* the shortest; its length comes first, in little-endian order */
#define PKTAP_HEADER_MAX 1024
#define PKTAP_RECORD 4
#define PKTAP_LINKTYPE 8
#define PKTAP_PACKET 1

/*
 * Its number for long was that of a link type for private use, where another header of anyone's
 * may be: that is hardly taken for this one.
 */
enum ignored pktap_decode(struct walk *w)
{
	const uint8_t *header = cursor_peek(&w->c, PKTAP_HEADER);
	uint32_t size;

	if (!header)
		return IGNORED_TRUNCATED;
	size = get_le32(header);
	if (size < PKTAP_HEADER || size > PKTAP_HEADER_MAX ||
	    get_le32(header + PKTAP_RECORD) != PKTAP_PACKET)
		return IGNORED_NON_IP;
	if (!cursor_take(&w->c, size))
		return IGNORED_TRUNCATED;
	return link_type_decode(w, get_le32(header + PKTAP_LINKTYPE));
}

/* -- Solaris' ipnet ----------------------------------------------------------------------------- */

#define IPNET_HEADER 24
#define IPNET_INTERFACE 8

enum ignored ipnet_decode(struct walk *w)
{
	const uint8_t *header = cursor_take(&w->c, IPNET_HEADER);

	if (!header)
		return IGNORED_TRUNCATED;
	if (w->info->head.ingress == 0)
		w->info->head.ingress = get_be32(header + IPNET_INTERFACE);
	return family_ip(w, header[1]);
}

/* -- Endace's ERF ------------------------------------------------------------------------------- */

#define ERF_HEADER 16
#define ERF_TYPE 8
#define ERF_WIRE_LENGTH 14
#define ERF_EXTENDED 0x80 /* of the type, and of each extension's: another extension follows */
#define ERF_EXTENSION 8
#define ERF_EXTENSIONS 16
#define FCS 4

/* By record type: what is between the record's header and the frame, and what the frame is. */
static const struct {
	uint8_t type, skip;
	bool fcs; /* the wire length has the frame's checksum in it */
	layer_fn *decode;
} records[] = {
    {1, 0, false, ppp_hdlc_decode},  /* HDLC_POS */
    {2, 2, true, ethernet_decode},   /* ETH: an offset, and padding */
    {4, 4, false, atm_decode},       /* AAL5: the cells' header */
    {5, 4, false, ppp_hdlc_decode},  /* MC_HDLC: the channel */
    {10, 0, false, ppp_hdlc_decode}, /* COLOR_HDLC_POS */
    {11, 2, true, ethernet_decode},  /* COLOR_ETH */
    {16, 2, true, ethernet_decode},  /* DSM_COLOR_ETH */
    {20, 2, true, ethernet_decode},  /* COLOR_HASH_ETH */
    {22, 0, false, raw4_decode},     /* IPV4 */
    {23, 0, false, raw6_decode},     /* IPV6 */
};

static enum ignored erf_extensions(struct walk *w, uint8_t type)
{
	for (unsigned n = 0; type & ERF_EXTENDED; n++) {
		const uint8_t *extension = cursor_take(&w->c, ERF_EXTENSION);

		if (!extension)
			return IGNORED_TRUNCATED;
		if (n == ERF_EXTENSIONS)
			return IGNORED_HEADER_LIMIT;
		type = extension[0];
	}
	return IGNORED_NOT;
}

/* The record's own wire length is that of the frame; the capture's may be that of the record. */
static enum ignored erf_frame(struct walk *w, uint8_t type, uint16_t length)
{
	for (size_t i = 0; i < sizeof(records) / sizeof(*records); i++) {
		if (records[i].type != type)
			continue;
		if (!cursor_take(&w->c, records[i].skip))
			return IGNORED_TRUNCATED;
		w->wire_end = walk_offset(w) + (uint64_t)length;
		cursor_limit(&w->c, length); /* the rest fills the record up */
		if (records[i].fcs)
			walk_trim(w, FCS);
		return walk_on(w, records[i].decode);
	}
	return IGNORED_ERF;
}

enum ignored erf_decode(struct walk *w)
{
	const uint8_t *header = cursor_take(&w->c, ERF_HEADER);
	enum ignored ignored;

	if (!header)
		return IGNORED_TRUNCATED;
	ignored = erf_extensions(w, header[ERF_TYPE]);
	if (ignored)
		return ignored;
	return erf_frame(
	    w, header[ERF_TYPE] & (uint8_t)~ERF_EXTENDED, get_be16(header + ERF_WIRE_LENGTH));
}

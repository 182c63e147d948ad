/*
 * What UDP carries: VXLAN (RFC 7348) and its generic extension, Geneve (RFC 8926), GTP-U (3GPP
 * TS 29.281), Teredo (RFC 4380) and CAPWAP (RFC 5415).
 */
#include "decode/tunnel.h"

/* -- VXLAN ------------------------------------------------------------------------------------ */

#define VXLAN_HEADER 8
#define VXLAN_HAS_ID 0x08
#define VXLAN_HAS_PROTOCOL 0x04 /* of the generic extension, like the next */
#define VXLAN_IS_MANAGEMENT 0x01

static uint32_t get_be24(const uint8_t *p)
{
	return get_be32(p) >> 8;
}

/* The bits that extensions use for themselves do not change what is inside. */
enum ignored vxlan_decode(struct walk *w)
{
	const uint8_t *vxlan = cursor_take(&w->c, VXLAN_HEADER);

	if (!vxlan)
		return IGNORED_TRUNCATED;
	if (!(vxlan[0] & VXLAN_HAS_ID))
		return NO_TUNNEL;
	tunnel_segment(w, SEGMENT_VXLAN, get_be24(vxlan + 4));
	return tunnel_ethernet(w);
}

enum ignored vxlan_gpe_decode(struct walk *w)
{
	static const uint16_t types[] = {[1] = 0x0800,
	    [2] = 0x86dd,
	    [3] = ETHERTYPE_TRANSPARENT_ETHERNET,
	    [4] = 0x894f /* NSH */};
	const uint8_t *vxlan = cursor_take(&w->c, VXLAN_HEADER);

	if (!vxlan)
		return IGNORED_TRUNCATED;
	if (vxlan[0] & VXLAN_IS_MANAGEMENT)
		return NO_TUNNEL;
	if (vxlan[0] & VXLAN_HAS_ID)
		tunnel_segment(w, SEGMENT_VXLAN, get_be24(vxlan + 4));
	if (!(vxlan[0] & VXLAN_HAS_PROTOCOL))
		return tunnel_ethernet(w);
	if (vxlan[3] >= sizeof(types) / sizeof(*types))
		return IGNORED_NON_IP;
	return tunnel_ethertype(w, types[vxlan[3]]);
}

/* -- Geneve ----------------------------------------------------------------------------------- */

#define GENEVE_HEADER 8
#define GENEVE_LENGTH_MASK 0x3f /* of the options, in units of four octets */
#define GENEVE_IS_CONTROL 0x80  /* in the second octet */

/* IE 351 has no number for Geneve; its 24 bits mean what VXLAN's do. */
enum ignored geneve_decode(struct walk *w)
{
	const uint8_t *geneve = cursor_take(&w->c, GENEVE_HEADER);

	if (!geneve)
		return IGNORED_TRUNCATED;
	if (geneve[0] >> 6 != 0 || geneve[1] & GENEVE_IS_CONTROL)
		return NO_TUNNEL;
	if (!cursor_take(&w->c, (size_t)(geneve[0] & GENEVE_LENGTH_MASK) * 4))
		return IGNORED_TRUNCATED;
	tunnel_segment(w, SEGMENT_VXLAN, get_be24(geneve + 4));
	return tunnel_ethertype(w, get_be16(geneve + 2));
}

/* -- GTP-U ------------------------------------------------------------------------------------ */

#define GTP_HEADER 8
#define GTP_VERSION_1 0x3     /* version and protocol type, the upper four bits */
#define GTP_HAS_OPTIONAL 0x07 /* any of the next, the sequence number and the N-PDU number */
#define GTP_HAS_EXTENSION 0x04
#define GTP_G_PDU 255 /* the message that carries a packet */
#define GTP_EXTENSIONS_MAX 16

/* A chain of headers, each of which ends with the type of the next. */
static enum ignored gtp_extensions(struct walk *w, uint8_t type)
{
	for (unsigned n = 0; type != 0; n++) {
		const uint8_t *length = cursor_peek(&w->c, 1);
		const uint8_t *header = length ? cursor_take(&w->c, *length * (size_t)4) : NULL;

		if (!header)
			return IGNORED_TRUNCATED;
		if (*length == 0)
			return IGNORED_MALFORMED;
		if (n == GTP_EXTENSIONS_MAX)
			return IGNORED_HEADER_LIMIT;
		type = header[*length * 4 - 1];
	}
	return IGNORED_NOT;
}

/* The version's four bits tell which IP is inside: the tunnel's setup said it, elsewhere. */
enum ignored gtpu_decode(struct walk *w)
{
	const uint8_t *gtp = cursor_take(&w->c, GTP_HEADER);
	const uint8_t *optional;
	enum ignored ignored = IGNORED_NOT;

	if (!gtp)
		return IGNORED_TRUNCATED;
	if (gtp[0] >> 4 != GTP_VERSION_1 || gtp[1] != GTP_G_PDU)
		return NO_TUNNEL;
	walk_limit(w, get_be16(gtp + 2));
	if (gtp[0] & GTP_HAS_OPTIONAL) {
		optional = cursor_take(&w->c, 4);
		if (!optional)
			return IGNORED_TRUNCATED;
		if (gtp[0] & GTP_HAS_EXTENSION)
			ignored = gtp_extensions(w, optional[3]);
	}
	return ignored ? ignored : walk_ip(w, 0);
}

/* -- Teredo ----------------------------------------------------------------------------------- */

#define TEREDO_ORIGIN 0x0000
#define TEREDO_AUTHENTICATION 0x0001
#define TEREDO_ORIGIN_SIZE 8
#define TEREDO_NONCE_AND_CONFIRMATION 9

/* Steps over what a server says of the sender, if that is what comes next (section 5.1.1). */
static bool teredo_indication(struct walk *w, uint16_t indication)
{
	const uint8_t *p = cursor_peek(&w->c, 4);

	if (!p || get_be16(p) != indication)
		return true;
	if (indication == TEREDO_ORIGIN)
		return cursor_take(&w->c, TEREDO_ORIGIN_SIZE);
	return cursor_take(&w->c, 4 + (size_t)p[2] + p[3] + TEREDO_NONCE_AND_CONFIRMATION);
}

enum ignored teredo_decode(struct walk *w)
{
	const uint8_t *first;

	if (!teredo_indication(w, TEREDO_AUTHENTICATION) || !teredo_indication(w, TEREDO_ORIGIN))
		return IGNORED_TRUNCATED;
	first = cursor_peek(&w->c, 1);
	if (!first)
		return IGNORED_TRUNCATED;
	return *first >> 4 == 6 ? walk_ip(w, 6) : NO_TUNNEL;
}

/* -- CAPWAP ----------------------------------------------------------------------------------- */

#define CAPWAP_HEADER 8
#define CAPWAP_IS_NATIVE 0x01   /* in the third octet: the frame is the radio's, not Ethernet's */
#define CAPWAP_IS_FRAGMENT 0x80 /* in the fourth, like the next */
#define CAPWAP_KEEPS_ALIVE 0x08
#define BINDING_80211 1 /* RFC 5416 */

/* The first octet: version 0, and no DTLS, which would encrypt the rest. */
enum ignored capwap_decode(struct walk *w)
{
	const uint8_t *capwap = cursor_peek(&w->c, CAPWAP_HEADER);
	size_t size;

	if (!capwap)
		return IGNORED_TRUNCATED;
	if (capwap[0] != 0 || capwap[3] & CAPWAP_KEEPS_ALIVE)
		return NO_TUNNEL;
	if (capwap[3] & CAPWAP_IS_FRAGMENT)
		return IGNORED_WLAN_FRAGMENT;
	size = (size_t)(capwap[1] >> 3) * 4;
	if (size < CAPWAP_HEADER)
		return IGNORED_MALFORMED;
	if (!cursor_take(&w->c, size))
		return IGNORED_TRUNCATED;
	if (!(capwap[2] & CAPWAP_IS_NATIVE))
		return tunnel_ethernet(w);
	return (capwap[2] >> 1 & 0x1f) == BINDING_80211 ? tunnel_wlan_either(w) : IGNORED_NON_IP;
}

/*
 * PPP (RFC 1661) with and without HDLC-like framing (RFC 1662), and PPPoE sessions (RFC 2516).
 */
#include "decode/layers.h"

#define ADDRESS_CONTROL 0xff03 /* all stations, unnumbered information */
#define CONTROL 0x03
#define CHDLC_UNICAST 0x0f
#define CHDLC_BROADCAST 0x8f
#define CONTROL_PROTOCOLS 0x8000 /* from here on: NCPs, LCP, authentication, link quality */
#define BSDOS_HEADER 24
#define BSDOS_PROTOCOL 5 /* where the protocol is in it */
#define PPPOE_HEADER 6
#define PPPOE_SESSION 0x1100 /* version 1, type 1, code 0 */

#define BRIDGED_FCS 0x80
#define BRIDGED_LAN_ID 0x40
#define BRIDGED_PADS 0x0f
#define BRIDGED_ETHERNET 1
#define FCS 4

/* The bridging control protocol's frames (RFC 3518 section 4.1). */
static enum ignored bridged_decode(struct walk *w)
{
	const uint8_t *header = cursor_take(&w->c, 2);

	if (!header || ((header[0] & BRIDGED_LAN_ID) && !cursor_take(&w->c, 4)))
		return IGNORED_TRUNCATED;
	if (header[1] != BRIDGED_ETHERNET)
		return IGNORED_PPP_OTHER;
	walk_trim(w, (header[0] & BRIDGED_PADS) + (header[0] & BRIDGED_FCS ? FCS : 0u));
	return walk_frame(w);
}

/* Of IANA's PPP DLL protocol numbers. Below a compressed header may be IP, but not to be read. */
static const struct {
	uint16_t protocol;
	layer_fn *decode;
	enum ignored ignored;
} protocols[] = {
    {0x0003, NULL, IGNORED_PPP_COMPRESSED}, /* ROHC, small context IDs */
    {0x0005, NULL, IGNORED_PPP_COMPRESSED}, /* and large ones */
    {0x0023, NULL, IGNORED_ISIS},
    {0x002d, NULL, IGNORED_PPP_COMPRESSED}, /* Van Jacobson's, compressed */
    {0x002f, NULL, IGNORED_PPP_COMPRESSED}, /* and with a number in the protocol's place */
    {0x0031, bridged_decode, IGNORED_NOT},
    {0x003d, NULL, IGNORED_PPP_MULTILINK},
    {0x0053, NULL, IGNORED_PPP_COMPRESSED}, /* encrypted */
    {0x0055, NULL, IGNORED_PPP_COMPRESSED}, /* encrypted, of one link */
    {0x0061, NULL, IGNORED_PPP_COMPRESSED}, /* RFC 2509 */
    {0x0063, NULL, IGNORED_PPP_COMPRESSED},
    {0x0065, NULL, IGNORED_PPP_COMPRESSED},
    {0x0067, NULL, IGNORED_PPP_COMPRESSED},
    {0x0069, NULL, IGNORED_PPP_COMPRESSED},
    {0x00fb, NULL, IGNORED_PPP_COMPRESSED}, /* RFC 1962, of one link */
    {0x00fd, NULL, IGNORED_PPP_COMPRESSED},
    {0x0201, NULL, IGNORED_STP},
    {0x0207, NULL, IGNORED_CDP},
    {0x0281, mpls_decode, IGNORED_NOT},
    {0x0283, mpls_decode, IGNORED_NOT},
    {0x2063, NULL, IGNORED_PPP_COMPRESSED},
    {0x2065, NULL, IGNORED_PPP_COMPRESSED},
    {0x2067, NULL, IGNORED_PPP_COMPRESSED},
    {0x2069, NULL, IGNORED_PPP_COMPRESSED},
};

static enum ignored protocol_ip(struct walk *w, uint16_t protocol)
{
	if (protocol == 0x0021)
		return walk_ip(w, 4);
	if (protocol == 0x0057)
		return walk_ip(w, 6);
	if (protocol >= CONTROL_PROTOCOLS)
		return IGNORED_PPP_CONTROL;
	for (size_t i = 0; i < sizeof(protocols) / sizeof(*protocols); i++)
		if (protocols[i].protocol == protocol)
			return protocols[i].decode ? walk_on(w, protocols[i].decode)
						   : protocols[i].ignored;
	return IGNORED_PPP_OTHER;
}

/* A number's last octet is odd, all others are even: so its length shows (RFC 1661 section 6.5). */
static enum ignored protocol_decode(struct walk *w)
{
	const uint8_t *first = cursor_take(&w->c, 1);
	const uint8_t *second;

	if (!first)
		return IGNORED_TRUNCATED;
	if (*first & 1)
		return protocol_ip(w, *first);
	second = cursor_take(&w->c, 1);
	if (!second)
		return IGNORED_TRUNCATED;
	return protocol_ip(w, (uint16_t)(*first << 8 | *second));
}

/* 0xff is no protocol's number: a packet that is cut after it is not taken for one. */
enum ignored ppp_decode(struct walk *w)
{
	const uint8_t *first = cursor_peek(&w->c, 1);
	const uint8_t *framing;

	if (!first)
		return IGNORED_TRUNCATED;
	if (*first != ADDRESS_CONTROL >> 8)
		return protocol_decode(w);
	framing = cursor_take(&w->c, 2);
	if (!framing)
		return IGNORED_TRUNCATED;
	if (get_be16(framing) != ADDRESS_CONTROL)
		return IGNORED_PPP_OTHER;
	return protocol_decode(w);
}

/* RFC 1547 section 4.3.1 has Cisco's addresses. */
enum ignored ppp_hdlc_decode(struct walk *w)
{
	const uint8_t *address = cursor_peek(&w->c, 1);

	if (!address)
		return IGNORED_TRUNCATED;
	if (*address == CHDLC_UNICAST || *address == CHDLC_BROADCAST)
		return walk_on(w, chdlc_decode);
	return walk_on(w, ppp_decode);
}

enum ignored ppp_pppd_decode(struct walk *w)
{
	const uint8_t *framing = cursor_take(&w->c, 2);

	if (!framing)
		return IGNORED_TRUNCATED;
	if (framing[1] != CONTROL)
		return IGNORED_PPP_OTHER;
	return protocol_decode(w);
}

enum ignored ppp_dir_decode(struct walk *w)
{
	return cursor_take(&w->c, 1) ? walk_on(w, ppp_decode) : IGNORED_TRUNCATED;
}

enum ignored ppp_bsdos_decode(struct walk *w)
{
	const uint8_t *header = cursor_take(&w->c, BSDOS_HEADER);

	if (!header)
		return IGNORED_TRUNCATED;
	return protocol_ip(w, get_be16(header + BSDOS_PROTOCOL));
}

/* Short Ethernet frames are padded behind it, so that its length counts. */
enum ignored pppoe_decode(struct walk *w)
{
	const uint8_t *pppoe = cursor_take(&w->c, PPPOE_HEADER);

	if (!pppoe)
		return IGNORED_TRUNCATED;
	if (get_be16(pppoe) != PPPOE_SESSION)
		return IGNORED_PPPOE;
	walk_limit(w, get_be16(pppoe + 4));
	return walk_on(w, ppp_decode);
}

/*
 * Captures of Juniper's routers: a header with a magic number, flags and perhaps extensions, a
 * cookie of the interface card's, and a frame of what the link type says.
 */
#include "decode/layers.h"

#define HEADER 4 /* magic number, flags */
#define FLAG_IN 0x01
#define FLAG_NO_LINK_LAYER 0x02
#define FLAG_EXTENSIONS 0x80
#define PROTOCOL 4 /* in the place of the frame's header where the router has taken that off */

/* No field that could be relied upon tells the protocol: IP shows by its version. */
static enum ignored guess_decode(struct walk *w)
{
	const uint8_t *first = cursor_peek(&w->c, 1);

	if (!first)
		return IGNORED_TRUNCATED;
	return *first >> 4 == 4 || *first >> 4 == 6 ? walk_ip(w, *first >> 4) : IGNORED_JUNIPER;
}

/* Extensions are of no use here, but their length is. */
static enum ignored header_decode(struct walk *w, layer_fn *below)
{
	const uint8_t *header = cursor_take(&w->c, HEADER);
	const uint8_t *size;

	if (!header)
		return IGNORED_TRUNCATED;
	if (memcmp(header, "MGC", 3) != 0)
		return IGNORED_JUNIPER;
	if (header[3] & FLAG_EXTENSIONS) {
		size = cursor_take(&w->c, 2);
		if (!size || !cursor_take(&w->c, get_be16(size)))
			return IGNORED_TRUNCATED;
	}
	if (header[3] & FLAG_NO_LINK_LAYER)
		return cursor_take(&w->c, PROTOCOL) ? guess_decode(w) : IGNORED_TRUNCATED;
	return walk_on(w, below);
}

enum ignored juniper_ether_decode(struct walk *w)
{
	return header_decode(w, ethernet_decode);
}

enum ignored juniper_ppp_decode(struct walk *w)
{
	return header_decode(w, ppp_decode);
}

enum ignored juniper_chdlc_decode(struct walk *w)
{
	return header_decode(w, chdlc_decode);
}

enum ignored juniper_frelay_decode(struct walk *w)
{
	return header_decode(w, frelay_decode);
}

/* PPPoE over ATM keeps nothing of Ethernet but the type. */
static enum ignored type_decode(struct walk *w)
{
	const uint8_t *type = cursor_take(&w->c, 2);

	if (!type)
		return IGNORED_TRUNCATED;
	w->type = get_be16(type);
	return walk_on(w, ethertype_decode);
}

enum ignored juniper_type_decode(struct walk *w)
{
	return header_decode(w, type_decode);
}

/* -- cards with cookies ------------------------------------------------------------------------- */

/* The first octet of a cookie that is the same for all link types; each has one more of its own. */
#define COOKIE_SERVICES 0x47
#define COOKIE_LINK_SERVICES 0x54
#define COOKIE_SERVICES_SIZE 8
#define COOKIE_LINK_SERVICES_MORE 2
#define COOKIE_PROTOCOL 5 /* where a services card's has the protocol, in these bits: */
#define COOKIE_PROTOCOL_MASK 0x70

/* Takes the cookie, which has `size` octets where it is the card's own. NULL: it is cut. */
static const uint8_t *take_cookie(struct walk *w, size_t size)
{
	const uint8_t *first = cursor_peek(&w->c, 1);

	if (!first)
		return NULL;
	if (*first == COOKIE_SERVICES)
		size = COOKIE_SERVICES_SIZE;
	else if (*first == COOKIE_LINK_SERVICES)
		size += COOKIE_LINK_SERVICES_MORE;
	return cursor_take(&w->c, size);
}

/* What a services card sends on has lost its PPP header. */
static enum ignored services_decode(struct walk *w, uint8_t protocol)
{
	switch (protocol) {
	case 0x00:
		return guess_decode(w);
	case 0x10:
		return walk_ip(w, 6);
	case 0x20:
		return walk_on(w, mpls_decode);
	case 0x30:
		return IGNORED_ISIS;
	default:
		return IGNORED_JUNIPER;
	}
}

#define MLPPP_COOKIE 2
#define PPP_FRAMING 0xff03
#define PPP_OSI 0x0023

/* Frames of a bundle's member links are PPP without a cookie. */
static enum ignored mlppp_decode(struct walk *w)
{
	const uint8_t *first = cursor_peek(&w->c, 2);
	const uint8_t *cookie;

	if (!first)
		return IGNORED_TRUNCATED;
	if (get_be16(first) == PPP_FRAMING || get_be16(first) == PPP_OSI)
		return walk_on(w, ppp_decode);
	cookie = take_cookie(w, MLPPP_COOKIE);
	if (!cookie)
		return IGNORED_TRUNCATED;
	if (*cookie == COOKIE_SERVICES)
		return services_decode(w, cookie[COOKIE_PROTOCOL] & COOKIE_PROTOCOL_MASK);
	return walk_on(w, ppp_decode);
}

enum ignored juniper_mlppp_decode(struct walk *w)
{
	return header_decode(w, mlppp_decode);
}

#define ATM1_COOKIE 4
#define ATM1_OAM 0x80 /* an operation and maintenance cell */
#define ATM2_COOKIE 8
#define ATM2_CELL 7 /* where the type of a cell is, in these bits: */
#define ATM2_CELL_MASK 0x70
#define ATM2_GAPS 3
#define ATM2_GAPS_MASK 0x3f

static enum ignored atm1_decode(struct walk *w)
{
	const uint8_t *cookie = take_cookie(w, ATM1_COOKIE);

	if (!cookie)
		return IGNORED_TRUNCATED;
	return cookie[0] == ATM1_OAM ? IGNORED_JUNIPER : walk_on(w, atm_decode);
}

enum ignored juniper_atm1_decode(struct walk *w)
{
	return header_decode(w, atm1_decode);
}

/* Packets that leave may be bridged without LLC, which the cookie's count of gaps shows. */
static enum ignored atm2_frame(struct walk *w, bool out)
{
	const uint8_t *cookie = take_cookie(w, ATM2_COOKIE);
	const uint8_t *llc = cursor_peek(&w->c, 3);

	if (!cookie)
		return IGNORED_TRUNCATED;
	if (cookie[ATM2_CELL] & ATM2_CELL_MASK)
		return IGNORED_JUNIPER;
	if (!out || !(cookie[ATM2_GAPS] & ATM2_GAPS_MASK))
		return walk_on(w, atm_decode);
	if (!llc)
		return IGNORED_TRUNCATED;
	if (memcmp(llc, "\xaa\xaa\x03", 3) == 0 || memcmp(llc, "\xfe\xfe\x03", 3) == 0)
		return walk_on(w, atm_decode);
	return walk_on(w, ethernet_decode);
}

static enum ignored atm2_in_decode(struct walk *w)
{
	return atm2_frame(w, false);
}

static enum ignored atm2_out_decode(struct walk *w)
{
	return atm2_frame(w, true);
}

enum ignored juniper_atm2_decode(struct walk *w)
{
	const uint8_t *header = cursor_peek(&w->c, HEADER);
	bool in = header && (header[3] & FLAG_IN);

	return header_decode(w, in ? atm2_in_decode : atm2_out_decode);
}

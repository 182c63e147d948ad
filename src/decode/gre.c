/*
 * GRE (RFC 2784, RFC 2890, and RFC 1701 before them), PPTP's version of it (RFC 2637), EoIP, which
 * looks like that, and the mirrored frames that ERSPAN sends in it (draft-foschiano-erspan).
 */
#include "decode/tunnel.h"

#define HAS_CHECKSUM 0x8000
#define HAS_ROUTING 0x4000 /* RFC 1701 alone */
#define HAS_KEY 0x2000
#define HAS_SEQUENCE 0x1000
#define HAS_ACKNOWLEDGMENT 0x0080 /* of PPTP */
#define VERSION_MASK 0x0007

#define TYPE_WCCP 0x883e
#define TYPE_PPP 0x880b
#define TYPE_METADATA 0x8909
#define TYPE_EOIP 0x6400
#define TYPE_WLAN 0x8200
#define TYPE_WLAN_MASK 0xfe0f /* the ones between tell tunnels apart */
#define TYPE_ERSPAN 0x88be    /* types I and II */
#define TYPE_ERSPAN_3 0x22eb  /* type III */

#define ROUTES_MAX 16
#define VSID_MIN 0x1000 /* RFC 7637 section 3.2 reserves those below */

/* -- ERSPAN ----------------------------------------------------------------------------------- */

#define ERSPAN_TRUNCATED 0x0400 /* in the second two octets, like the next */
#define ERSPAN_TAG_SHIFT 11     /* how the frame was tagged: two bits */
#define ERSPAN_VLAN_MASK 0x0fff
#define ERSPAN_3_SUBHEADER 0x0001 /* in the last two octets, like the next */
#define ERSPAN_3_TYPE_SHIFT 10
#define ERSPAN_3_TYPE_MASK 0x1f

enum { TAG_NONE, TAG_ISL, TAG_8021Q, TAG_IN_FRAME };
enum { FRAME_ETHERNET = 0, FRAME_IP = 2 };

static enum ignored mirrored_frame(struct walk *w)
{
	w->is_mirrored = true;
	w->info->mirrored_offset = walk_offset(w);
	return tunnel_ethernet(w);
}

/* A tag that was taken off is in the header; one that is still in the frame counts before it. */
static enum ignored erspan2_decode(struct walk *w)
{
	const uint8_t *erspan = cursor_take(&w->c, 8);
	unsigned tag;

	if (!erspan)
		return IGNORED_TRUNCATED;
	if (erspan[0] >> 4 != 1)
		return IGNORED_MALFORMED;
	w->frame_was_cut = get_be16(erspan + 2) & ERSPAN_TRUNCATED;
	mirrored_frame(w);
	tag = get_be16(erspan + 2) >> ERSPAN_TAG_SHIFT & 3;
	if (tag == TAG_ISL || tag == TAG_8021Q)
		w->info->head.vlan = get_be16(erspan) & ERSPAN_VLAN_MASK;
	return IGNORED_NOT;
}

static enum ignored erspan3_decode(struct walk *w)
{
	const uint8_t *erspan = cursor_take(&w->c, 12);
	uint16_t last;

	if (!erspan)
		return IGNORED_TRUNCATED;
	last = get_be16(erspan + 10);
	if (erspan[0] >> 4 != 2)
		return IGNORED_MALFORMED;
	if (last & ERSPAN_3_SUBHEADER && !cursor_take(&w->c, 8))
		return IGNORED_TRUNCATED;
	w->frame_was_cut = get_be16(erspan + 2) & ERSPAN_TRUNCATED;
	mirrored_frame(w);
	switch (last >> ERSPAN_3_TYPE_SHIFT & ERSPAN_3_TYPE_MASK) {
	case FRAME_ETHERNET:
		return IGNORED_NOT;
	case FRAME_IP:
		return walk_ip(w, 0);
	default:
		return IGNORED_NON_IP;
	}
}

/* Type I is GRE's shortest header and then the frame. */
static enum ignored erspan_decode(struct walk *w, uint16_t type, uint16_t flags)
{
	if (type == TYPE_ERSPAN_3)
		return walk_on(w, erspan3_decode);
	return flags & HAS_SEQUENCE ? walk_on(w, erspan2_decode) : mirrored_frame(w);
}

/* -- GRE -------------------------------------------------------------------------------------- */

/* The list of source routes ends with one of no length. */
static enum ignored skip_routes(struct walk *w)
{
	for (unsigned n = 0; n < ROUTES_MAX; n++) {
		const uint8_t *route = cursor_take(&w->c, 4);

		if (!route || !cursor_take(&w->c, route[3]))
			return IGNORED_TRUNCATED;
		if (route[3] == 0)
			return IGNORED_NOT;
	}
	return IGNORED_HEADER_LIMIT;
}

/* The words that the flags announce. `key` is set where there is one. */
static enum ignored skip_optional(struct walk *w, uint16_t flags, uint32_t *key)
{
	const uint8_t *p;

	if (flags & (HAS_CHECKSUM | HAS_ROUTING) && !cursor_take(&w->c, 4))
		return IGNORED_TRUNCATED;
	if (flags & HAS_KEY) {
		p = cursor_take(&w->c, 4);
		if (!p)
			return IGNORED_TRUNCATED;
		*key = get_be32(p);
	}
	if (flags & HAS_SEQUENCE && !cursor_take(&w->c, 4))
		return IGNORED_TRUNCATED;
	return flags & HAS_ROUTING ? skip_routes(w) : IGNORED_NOT;
}

/*
 * NVGRE (RFC 7637) is Ethernet in GRE with a key and nothing else; so is many an ordinary tunnel,
 * but with a key that is a small number.
 */
static void find_segment(struct walk *w, uint16_t type, uint16_t flags, uint32_t key)
{
	if (type == ETHERTYPE_TRANSPARENT_ETHERNET && key >> 8 >= VSID_MIN &&
	    (flags & (HAS_CHECKSUM | HAS_ROUTING | HAS_KEY | HAS_SEQUENCE)) == HAS_KEY)
		tunnel_segment(w, SEGMENT_NVGRE, key >> 8);
}

/* Version 2 of WCCP puts four octets before the packet, and says so nowhere. */
static enum ignored wccp_decode(struct walk *w)
{
	const uint8_t *first = cursor_peek(&w->c, 1);

	if (!first || (*first >> 4 != 4 && !cursor_take(&w->c, 4)))
		return IGNORED_TRUNCATED;
	return walk_ip(w, 4);
}

/* Cisco's metadata here has the type of what follows before it, not behind it as in Ethernet. */
static enum ignored metadata_inside(struct walk *w)
{
	const uint8_t *h = cursor_take(&w->c, 4);

	if (!h || !cursor_take(&w->c, h[3] * (size_t)4))
		return IGNORED_TRUNCATED;
	return tunnel_ethertype(w, get_be16(h));
}

/* Protocols that have a number here which means nothing, or something else, in a frame. */
static enum ignored payload_decode(struct walk *w, uint16_t type)
{
	switch (type) {
	case TYPE_WCCP:
		return walk_on(w, wccp_decode);
	case TYPE_PPP:
		return tunnel_ppp(w);
	case TYPE_METADATA:
		return metadata_inside(w);
	default:
		/* Frames of 802.11, which Aruba's access points exchange with their controller. */
		return (type & TYPE_WLAN_MASK) == TYPE_WLAN ? tunnel_wlan(w)
							    : tunnel_ethertype(w, type);
	}
}

static enum ignored version0_decode(struct walk *w, uint16_t flags, uint16_t type)
{
	uint32_t key = 0;
	bool is_erspan = type == TYPE_ERSPAN || type == TYPE_ERSPAN_3;
	enum ignored ignored;

	if (!(w->options->decap & 1u << (is_erspan ? DECAP_ERSPAN : DECAP_GRE)))
		return NO_TUNNEL;
	ignored = skip_optional(w, flags, &key);
	if (ignored)
		return ignored;
	if (is_erspan)
		return erspan_decode(w, type, flags);
	find_segment(w, type, flags, key);
	return payload_decode(w, type);
}

/* MikroTik's EoIP: behind a type of its own the frame's length, and the tunnel's number. */
static enum ignored eoip_decode(struct walk *w)
{
	const uint8_t *key = cursor_take(&w->c, 4);

	if (!key)
		return IGNORED_TRUNCATED;
	if (get_be16(key) == 0) /* keeps the tunnel alive */
		return NO_TUNNEL;
	walk_limit(w, get_be16(key));
	return tunnel_ethernet(w);
}

/* Without a sequence number it acknowledges and carries nothing. */
static enum ignored pptp_decode(struct walk *w, uint16_t flags)
{
	const uint8_t *key;

	if ((flags & (HAS_KEY | HAS_SEQUENCE)) != (HAS_KEY | HAS_SEQUENCE))
		return NO_TUNNEL;
	key = cursor_take(&w->c, 4);
	if (!key || !cursor_take(&w->c, flags & HAS_ACKNOWLEDGMENT ? 8 : 4))
		return IGNORED_TRUNCATED;
	walk_limit(w, get_be16(key));
	return tunnel_ppp(w);
}

static enum ignored version1_decode(struct walk *w, uint16_t flags, uint16_t type)
{
	if (!(w->options->decap & 1u << DECAP_GRE))
		return NO_TUNNEL;
	if (type == TYPE_PPP)
		return pptp_decode(w, flags);
	return type == TYPE_EOIP && flags == (HAS_KEY | 1) ? eoip_decode(w) : NO_TUNNEL;
}

enum ignored gre_decode(struct walk *w)
{
	const uint8_t *gre = cursor_take(&w->c, 4);
	uint16_t flags;

	if (!gre)
		return IGNORED_TRUNCATED;
	flags = get_be16(gre);
	switch (flags & VERSION_MASK) {
	case 0:
		return version0_decode(w, flags, get_be16(gre + 2));
	case 1:
		return version1_decode(w, flags, get_be16(gre + 2));
	default:
		return NO_TUNNEL;
	}
}

/*
 * L2TP: version 2 (RFC 2661), whose inside is PPP, and version 3 (RFC 3931), whose data say neither
 * what is inside nor where it begins: the two ends agreed on that before.
 */
#include "decode/tunnel.h"

#define IS_CONTROL 0x8000
#define HAS_LENGTH 0x4000
#define HAS_SEQUENCE 0x0800
#define HAS_OFFSET 0x0200
#define VERSION_MASK 0x000f

#define PADDING_MAX 46 /* of Ethernet's shortest frame, when nothing but padding is in it */
#define SKIP_MAX 12    /* a cookie of up to eight octets, and a sublayer of four */
#define SKIP_STEP 4

/* -- version 3 -------------------------------------------------------------------------------- */

/* Whatever begins with this layer `skip` octets on ends where IP says that it does. */
static bool fits(const struct walk *w, size_t skip, layer_fn *layer, uint64_t padding_max)
{
	struct pktinfo info = *w->info;
	struct walk trial = *w;
	uint64_t end;

	trial.info = &info;
	trial.next = layer;
	info.notes = 0;
	if (!cursor_take(&trial.c, skip) || walk_to_ip(&trial) || ip_decode(&trial))
		return false;
	end = info.ip_offset + info.octets;
	return !info.notes && end <= w->wire_end && w->wire_end - end <= padding_max;
}

static enum ignored ip_inside(struct walk *w)
{
	return walk_ip(w, 0);
}

/* Cookie and sublayer are found by what makes an IP packet of exactly the octets that there are. */
static enum ignored session_decode(struct walk *w)
{
	const uint8_t *id = cursor_take(&w->c, 4);

	if (!id)
		return IGNORED_TRUNCATED;
	for (size_t skip = 0; skip <= SKIP_MAX; skip += SKIP_STEP) {
		bool is_frame = fits(w, skip, tunnel_ethernet, PADDING_MAX);

		if (!is_frame && !fits(w, skip, ip_inside, 0))
			continue;
		cursor_take(&w->c, skip);
		return walk_on(w, is_frame ? tunnel_ethernet : ip_inside);
	}
	return IGNORED_NON_IP;
}

/* Session 0 is for control messages. */
enum ignored l2tp_ip_decode(struct walk *w)
{
	const uint8_t *id = cursor_peek(&w->c, 4);

	if (id && get_be32(id) == 0)
		return NO_TUNNEL;
	return session_decode(w);
}

/* -- version 2 -------------------------------------------------------------------------------- */

/* Behind the flags. The length is that of the whole message. */
static enum ignored version2_decode(struct walk *w, uint16_t flags)
{
	const uint8_t *p;

	if (flags & HAS_LENGTH) {
		p = cursor_take(&w->c, 2);
		if (!p)
			return IGNORED_TRUNCATED;
		if (get_be16(p) < 4)
			return IGNORED_MALFORMED;
		walk_limit(w, get_be16(p) - 4);
	}
	if (!cursor_take(&w->c, flags & HAS_SEQUENCE ? 8 : 4))
		return IGNORED_TRUNCATED;
	if (flags & HAS_OFFSET) {
		p = cursor_take(&w->c, 2);
		if (!p || !cursor_take(&w->c, get_be16(p)))
			return IGNORED_TRUNCATED;
	}
	return tunnel_ppp(w);
}

enum ignored l2tp_udp_decode(struct walk *w)
{
	const uint8_t *p = cursor_take(&w->c, 2);
	uint16_t flags;

	if (!p)
		return IGNORED_TRUNCATED;
	flags = get_be16(p);
	if (flags & IS_CONTROL)
		return NO_TUNNEL;
	switch (flags & VERSION_MASK) {
	case 2:
		return version2_decode(w, flags);
	case 3:
		return cursor_take(&w->c, 2) ? session_decode(w) : IGNORED_TRUNCATED;
	default:
		return NO_TUNNEL;
	}
}

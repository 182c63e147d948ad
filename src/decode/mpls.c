/*
 * MPLS label stacks (RFC 3032). Nothing in a stack says what is below it; a version number of IP
 * in the first four bits is how everyone tells (RFC 4928). A pseudowire begins with 0 there if it
 * keeps to that and has a control word, and an associated channel with 1 (RFC 4385); a pseudowire
 * without a control word begins with the octets of a MAC address, whatever these are.
 */
#include "decode/layers.h"

#include <string.h>

#define STACK_LIMIT 16
#define LABELS_KEPT 3
#define ENTRY 4
#define BOTTOM_OF_STACK 1 /* in an entry's third octet */
#define IPV4_NULL 0       /* labels that say what is below them (RFC 3032 section 2.1) */
#define IPV6_NULL 2
#define CONTROL_WORD 4
#define CHANNEL_IPV4 0x0021 /* types of an associated channel (RFC 4385 section 6) */
#define CHANNEL_IPV6 0x0057
#define IPV4_FIRST_MIN 0x45 /* below it the header is shorter than any: IP, but malformed */

/* RFC 791: the 16-bit words of a whole header add up to 0xffff, as ones' complement. */
static bool checksum_is_right(const struct cursor *c)
{
	const uint8_t *ip = cursor_peek(c, IPV4_HEADER);
	size_t header = ip ? (ip[0] & 0x0fu) * (size_t)4 : 0;
	uint32_t sum = 0;

	if (header < IPV4_HEADER || !cursor_peek(c, header))
		return false;
	for (size_t i = 0; i < header; i += 2)
		sum += get_be16(ip + i);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

static enum ignored pseudowire(struct walk *w)
{
	return w->options->decap & 1u << DECAP_MPLS_PW ? walk_frame(w) : IGNORED_MPLS;
}

/*
 * A right checksum is no accident. A wrong one may be what a network card was to fill in, or the
 * mirror cut the frame and said nothing: what is odd as a first octet is no frame's, whose
 * destination would be a group of an organization that there isn't.
 */
static enum ignored nibble_4(struct walk *w)
{
	const uint8_t *ip = cursor_peek(&w->c, IPV4_HEADER);
	enum likeness likeness;

	if (!ip || checksum_is_right(&w->c))
		return walk_ip(w, 4);
	likeness = ethernet_likeness(w->c, walk_wire_left(w));
	if (likeness == LIKE_ITS_TYPE)
		return pseudowire(w);
	if (ipv4_fits(&w->c, walk_wire_left(w)))
		return walk_ip(w, 4);
	if (likeness == LIKE_A_FRAME)
		return pseudowire(w);
	return ip[0] & GROUP_ADDRESS || ip[0] < IPV4_FIRST_MIN ? walk_ip(w, 4) : IGNORED_MPLS;
}

/* There is no checksum; that the length is that of the rest of the packet is nearly as good. */
static enum ignored nibble_6(struct walk *w)
{
	const uint8_t *ip = cursor_peek(&w->c, IPV6_HEADER);
	enum likeness likeness;
	uint64_t octets;

	if (!ip)
		return walk_ip(w, 6);
	octets = IPV6_HEADER + (uint64_t)get_be16(ip + 4);
	if (octets == walk_wire_left(w))
		return walk_ip(w, 6);
	likeness = ethernet_likeness(w->c, walk_wire_left(w));
	if (likeness == LIKE_ITS_TYPE || (likeness == LIKE_A_FRAME && octets > walk_wire_left(w)))
		return pseudowire(w);
	return walk_ip(w, 6);
}

/* The octets after `skip` of them look like a frame that well: the walk goes on there. */
static bool begins_frame(struct walk *w, size_t skip, enum likeness least)
{
	struct cursor c = w->c;
	uint64_t left = walk_wire_left(w);

	if (!cursor_take(&c, skip) || left < skip || ethernet_likeness(c, left - skip) < least)
		return false;
	w->c = c;
	return true;
}

/* With a control word or without; an address that begins with 0 is nothing rare. */
static enum ignored nibble_0(struct walk *w)
{
	if (begins_frame(w, CONTROL_WORD, LIKE_ITS_TYPE) || begins_frame(w, 0, LIKE_ITS_TYPE) ||
	    begins_frame(w, CONTROL_WORD, LIKE_A_FRAME) || begins_frame(w, 0, LIKE_A_FRAME))
		return pseudowire(w);
	return IGNORED_MPLS;
}

/* The G-ACh and that of a pseudowire: OAM, some of which has IP (RFC 5085, RFC 5586). */
static enum ignored nibble_1(struct walk *w)
{
	const uint8_t *h = cursor_peek(&w->c, CONTROL_WORD);

	if (begins_frame(w, 0, LIKE_ITS_TYPE))
		return pseudowire(w);
	if (!h)
		return IGNORED_TRUNCATED;
	if (h[0] != 0x10 || h[1] != 0)
		return begins_frame(w, 0, LIKE_A_FRAME) ? pseudowire(w) : IGNORED_MPLS;
	cursor_take(&w->c, CONTROL_WORD);
	switch (get_be16(h + 2)) {
	case CHANNEL_IPV4:
		return walk_ip(w, 4);
	case CHANNEL_IPV6:
		return walk_ip(w, 6);
	default:
		return IGNORED_MPLS_OAM;
	}
}

static enum ignored below_stack(struct walk *w, uint32_t label)
{
	const uint8_t *first = cursor_peek(&w->c, 1);
	bool cut = w->c.left < CONTROL_WORD + ETHERNET_HEADER && w->c.left < walk_wire_left(w);
	enum ignored ignored;

	if (!first)
		return IGNORED_TRUNCATED;
	if (label == IPV4_NULL && *first >> 4 == 4)
		return walk_ip(w, 4);
	if (label == IPV6_NULL && *first >> 4 == 6)
		return walk_ip(w, 6);
	switch (*first >> 4) {
	case 0:
		ignored = nibble_0(w);
		break;
	case 1:
		return nibble_1(w);
	case 4:
		return nibble_4(w);
	case 6:
		return nibble_6(w);
	default:
		ignored = begins_frame(w, 0, LIKE_A_FRAME) ? pseudowire(w) : IGNORED_MPLS;
	}
	/* It may have been a pseudowire with IP. */
	return ignored == IGNORED_MPLS && cut ? IGNORED_TRUNCATED : ignored;
}

enum ignored mpls_decode(struct walk *w)
{
	const uint8_t *entry;

	if (w->labels_are_outer)
		tunnel_forget_labels(w);
	do {
		entry = cursor_take(&w->c, ENTRY);
		if (!entry)
			return IGNORED_TRUNCATED;
		if (w->labels == STACK_LIMIT)
			return IGNORED_HEADER_LIMIT;
		if (w->labels < LABELS_KEPT)
			memcpy(w->info->detail.mpls[w->labels], entry,
			    sizeof(w->info->detail.mpls[0]));
		w->labels++;
	} while (!(entry[2] & BOTTOM_OF_STACK));
	return below_stack(w, get_be32(entry) >> 12);
}

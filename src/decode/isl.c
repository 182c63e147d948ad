/*
 * Cisco's Inter-Switch Link: 26 octets before a frame that keeps its check sequence, and another
 * one behind it. The header looks like that of an 802.3 frame with SNAP.
 */
#include "decode/layers.h"

#include <string.h>

#define GROUP_SIZE 5     /* the destination's octets that are always the same */
#define TYPE_ETHERNET 0  /* in the upper half of the destination's last octet */
#define REST 12          /* of the header, which the length counts with what follows it */
#define CHECK_SEQUENCE 4 /* which the length counts, too */

bool isl_begins(const uint8_t *ether, const struct cursor *behind)
{
	const uint8_t *llc = cursor_peek(behind, 3);

	return llc && memcmp(llc, "\xaa\xaa\x03", 3) == 0 &&
	    (memcmp(ether, "\x01\x00\x0c\x00\x00", GROUP_SIZE) == 0 ||
		memcmp(ether, "\x03\x00\x0c\x00\x00", GROUP_SIZE) == 0) &&
	    ether[GROUP_SIZE] >> 4 == TYPE_ETHERNET;
}

enum ignored isl_decode(struct walk *w)
{
	uint64_t end = walk_offset(w) + (uint64_t)w->type;

	if (!cursor_take(&w->c, REST))
		return IGNORED_TRUNCATED;
	if (w->type < REST + ETHERNET_HEADER + CHECK_SEQUENCE)
		return IGNORED_MALFORMED;
	walk_shorten(w, end - CHECK_SEQUENCE);
	w->frames = 0; /* the addresses are those of the frame, not of the link */
	return walk_on(w, ethernet_decode);
}

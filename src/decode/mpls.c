/*
 * MPLS label stacks (RFC 3032). Nothing in a stack says what is below it; a version number of IP
 * in the first four bits is how everyone tells (RFC 4928). A pseudowire begins with 0 there, if
 * it keeps to that.
 */
#include "decode/layers.h"

#include <string.h>

#define STACK_LIMIT 16
#define LABELS_KEPT 3
#define ENTRY 4
#define BOTTOM_OF_STACK 1 /* in an entry's third octet */

enum ignored mpls_decode(struct walk *w)
{
	const uint8_t *entry;
	unsigned n = 0;

	do {
		entry = cursor_take(&w->c, ENTRY);
		if (!entry)
			return IGNORED_TRUNCATED;
		if (n == STACK_LIMIT)
			return IGNORED_HEADER_LIMIT;
		if (n < LABELS_KEPT)
			memcpy(w->info->detail.mpls[n], entry, sizeof(w->info->detail.mpls[n]));
		n++;
	} while (!(entry[2] & BOTTOM_OF_STACK));
	entry = cursor_peek(&w->c, 1);
	if (!entry)
		return IGNORED_TRUNCATED;
	if (*entry >> 4 != 4 && *entry >> 4 != 6)
		return IGNORED_MPLS;
	return walk_ip(w, *entry >> 4);
}

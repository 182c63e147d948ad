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

enum ignored mpls_decode(struct cursor *c, struct pktinfo *info, uint8_t *ip_version)
{
	const uint8_t *entry;
	unsigned n = 0;

	do {
		entry = cursor_take(c, ENTRY);
		if (!entry)
			return IGNORED_TRUNCATED;
		if (n == STACK_LIMIT)
			return IGNORED_HEADER_LIMIT;
		if (n < LABELS_KEPT)
			memcpy(info->detail.mpls[n], entry, sizeof(info->detail.mpls[n]));
		n++;
	} while (!(entry[2] & BOTTOM_OF_STACK));
	entry = cursor_peek(c, 1);
	if (!entry)
		return IGNORED_TRUNCATED;
	*ip_version = *entry >> 4;
	return *ip_version == 4 || *ip_version == 6 ? IGNORED_NOT : IGNORED_MPLS;
}

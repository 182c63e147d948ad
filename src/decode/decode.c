#include "decode/decode.h"

#include <stddef.h>
#include <string.h>

#include "decode/layers.h"

enum ignored walk_to_ip(struct walk *w)
{
	while (w->next) {
		enum ignored ignored;

		if (w->headers++ == WALK_LIMIT)
			return IGNORED_HEADER_LIMIT;
		ignored = w->next(w);
		if (ignored)
			return ignored;
	}
	return IGNORED_NOT;
}

/* The address and count of octets are always found; the rest of them may not be there. */
static void clear(struct pktinfo *info)
{
	memset(&info->egress, 0,
	    offsetof(struct pktinfo, fragment) - offsetof(struct pktinfo, egress));
}

enum ignored decode_packet(
    const struct packet *packet, const struct decode_options *options, struct pktinfo *info)
{
	struct walk w = {
	    .c = {.at = packet->data, .left = packet->caplen},
	    .packet = packet,
	    .options = options,
	    .info = info,
	    .next = link_layer(packet->linktype),
	    .wire_end = packet->len,
	};
	enum ignored ignored;

	if (!w.next)
		return IGNORED_LINK_TYPE;
	clear(info);
	if (options->details)
		detail_begin(&info->detail);
	info->ingress = packet->ingress;
	ignored = walk_to_ip(&w);
	if (!ignored)
		ignored = ip_decode(&w);
	if (options->details && !ignored)
		detail_finish(packet, info);
	return ignored;
}

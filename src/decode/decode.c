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

/* Addresses and the count of octets are found with IP; the rest of them may not be there. */
static void clear(struct pktinfo *info)
{
	memset(&info->ip_offset, 0,
	    offsetof(struct pktinfo, fragment) - offsetof(struct pktinfo, ip_offset));
}

static enum ignored decode_outermost(struct walk *w)
{
	enum ignored ignored = walk_to_ip(w);

	return ignored ? ignored : ip_decode(w);
}

/*
 * And what few runs ask for. The others find out before the walk, once, and go another way: each of the
 * two has the walk and IP as a part of it, which saves calls for every packet.
 */
__attribute__((noinline, flatten)) static enum ignored decode_more(struct walk *w)
{
	bool details = w->options->details;
	enum ignored ignored;

	if (details)
		detail_begin(&w->info->detail);
	ignored = decode_outermost(w);
	if (!ignored && w->options->decap & DECAPS_ABOVE_IP)
		ignored = tunnels_decode(w);
	if (!ignored && details)
		detail_finish(w->packet, w->info);
	return ignored;
}

__attribute__((flatten)) enum ignored decode_packet(
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

	clear(info);
	if (!w.next)
		return IGNORED_LINK_TYPE;
	info->ingress = packet->ingress;
	if (options->details || options->decap & DECAPS_ABOVE_IP)
		return decode_more(&w);
	return decode_outermost(&w);
}

#include "decode/decode.h"

#include <pcap/dlt.h>
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

/* All but what is found with IP in any case. */
static void clear(struct pktinfo *info)
{
	memset(&info->head, 0, sizeof(info->head));
	pktinfo_clear(info);
}

static enum ignored decode_outermost(struct walk *w)
{
	enum ignored ignored = walk_to_ip(w);

	return ignored ? ignored : ip_decode(w);
}

/* And what few runs ask for. */
static enum ignored decode_more(struct walk *w)
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

/* Its parts are no calls, of which each packet would pay some; it is one, for what few packets need. */
__attribute__((flatten, noinline)) enum ignored decode_unusual(
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
	info->head.ingress = packet->ingress;
	return decode_more(&w);
}

enum ignored decode_packet(
    const struct packet *packet, const struct decode_options *options, struct pktinfo *info)
{
	if (decode_takes_usual(options) && decode_usual(packet, 1, info))
		return IGNORED_NOT;
	return decode_unusual(packet, options, info);
}

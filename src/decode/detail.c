/*
 * What only some record layouts ask for, and the port map: kept out of the way of the others.
 */
#include <string.h>

#include "decode/layers.h"

#define FLAGS (DETAIL_RESERVED | DETAIL_DO_NOT_FRAGMENT | DETAIL_MORE_FRAGMENTS)
#define FLOW_LABEL 0xfffff

void detail_begin(struct detail *d)
{
	memset(d, 0, sizeof(*d));
}

static void ipv4_header(struct cursor c, struct detail *d)
{
	const uint8_t *ip = cursor_take(&c, IPV4_HEADER);

	if (!ip)
		return;
	d->ttl_min = d->ttl_max = ip[8];
	d->fragment_flags = ip[6] & FLAGS;
}

static void ipv6_header(struct cursor c, struct detail *d)
{
	const uint8_t *ip = cursor_take(&c, IPV6_HEADER);

	if (!ip)
		return;
	d->ttl_min = d->ttl_max = ip[7];
	d->flow_label = get_be32(ip) & FLOW_LABEL;
}

void detail_finish(const struct packet *packet, struct pktinfo *info)
{
	struct cursor c = {.at = packet->data, .left = packet->caplen};
	struct detail *d = &info->detail;

	if (!cursor_take(&c, info->ip_offset))
		return;
	if (pktinfo_version(info) == 4)
		ipv4_header(c, d);
	else
		ipv6_header(c, d);
	d->octets_min = info->octets < UINT32_MAX ? (uint32_t)info->octets : UINT32_MAX;
	d->octets_max = d->octets_min;
	d->point = info->head.ingress;
}

/*
 * What only some record layouts ask for, and the port map: kept out of the way of the others.
 */
#include <pcap/dlt.h>
#include <string.h>

#include "decode/layers.h"

#define MAC_SIZE 6
#define ETHERNET_MACS 12
#define COOKED1_ADDRESS 6 /* behind its length, of two octets */
#define COOKED2_ADDRESS 12
#define FLAGS 0xe0 /* of an IPv4 header: reserved, do not fragment, more fragments */
#define FLOW_LABEL 0xfffff

static void ethernet_macs(struct cursor c, struct detail *d)
{
	const uint8_t *macs = cursor_take(&c, ETHERNET_MACS);

	if (!macs)
		return;
	memcpy(d->dst_mac, macs, MAC_SIZE);
	memcpy(d->src_mac, macs + MAC_SIZE, MAC_SIZE);
}

/* Cooked captures keep the sender's address alone, of whatever kind. */
static void cooked_mac(struct cursor c, size_t at, struct detail *d)
{
	const uint8_t *address = cursor_take(&c, at + MAC_SIZE);

	if (address && address[at - 1] == MAC_SIZE)
		memcpy(d->src_mac, address + at, MAC_SIZE);
}

void detail_begin(const struct packet *packet, struct detail *d)
{
	struct cursor c = {.at = packet->data, .left = packet->caplen};

	memset(d, 0, sizeof(*d));
	switch (packet->linktype) {
	case DLT_EN10MB:
		ethernet_macs(c, d);
		break;
	case DLT_LINUX_SLL:
		cooked_mac(c, COOKED1_ADDRESS, d);
		break;
	case DLT_LINUX_SLL2:
		cooked_mac(c, COOKED2_ADDRESS, d);
		break;
	default:
		break;
	}
}

static void ipv4_header(struct cursor c, struct detail *d)
{
	const uint8_t *ip = cursor_take(&c, 20);

	if (!ip)
		return;
	d->ttl_min = d->ttl_max = ip[8];
	d->fragment_flags = ip[6] & FLAGS;
}

static void ipv6_header(struct cursor c, struct detail *d)
{
	const uint8_t *ip = cursor_take(&c, 40);

	if (!ip)
		return;
	d->ttl_min = d->ttl_max = ip[7];
	d->flow_label = get_be32(ip) & FLOW_LABEL;
}

void detail_finish(const struct packet *packet, uint32_t ip_offset, struct pktinfo *info)
{
	struct cursor c = {.at = packet->data, .left = packet->caplen};
	struct detail *d = &info->detail;

	if (!cursor_take(&c, ip_offset))
		return;
	if (info->ip_version == 4)
		ipv4_header(c, d);
	else
		ipv6_header(c, d);
	d->octets_min = info->octets < UINT32_MAX ? (uint32_t)info->octets : UINT32_MAX;
	d->octets_max = d->octets_min;
	d->point = info->ingress;
}

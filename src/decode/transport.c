#include "decode/layers.h"

#include <netinet/in.h>

#define PORTS_SIZE 4
#define TCP_SEQUENCE_END 8
#define TCP_WINDOW_END 16
#define TCP_FLAGS_END 14 /* data offset, reserved bits and flags are octets 12 and 13 */
#define ICMP_TYPE_CODE_SIZE 2

static void ports_decode(const uint8_t *ports, struct pktinfo *info)
{
	info->src_port = get_be16(ports);
	info->dst_port = get_be16(ports + 2);
}

static void tcp_details(const struct cursor *c, struct detail *d)
{
	const uint8_t *tcp = cursor_peek(c, TCP_SEQUENCE_END);

	if (tcp)
		d->tcp_sequence = get_be32(tcp + 4);
	tcp = cursor_peek(c, TCP_WINDOW_END);
	if (tcp)
		d->tcp_window = get_be16(tcp + 14);
}

static void tcp_decode(struct walk *w)
{
	const uint8_t *tcp = cursor_peek(&w->c, TCP_FLAGS_END);

	if (tcp)
		w->info->tcp_flags = get_be16(tcp + 12) & 0x0fff;
	if (w->options->details)
		tcp_details(&w->c, &w->info->detail);
}

void transport_decode(struct walk *w)
{
	struct pktinfo *info = w->info;
	const uint8_t *p;

	switch (info->protocol) {
	case IPPROTO_TCP:
		tcp_decode(w);
		/* fall through */
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		p = cursor_peek(&w->c, PORTS_SIZE);
		if (p)
			ports_decode(p, info);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		/* Type and code, in this order, are the two halves of the exported port. */
		p = cursor_peek(&w->c, ICMP_TYPE_CODE_SIZE);
		if (p)
			info->dst_port = get_be16(p);
		break;
	default:
		break;
	}
}

/* The least that a header of this protocol has; 0: what it has is not known here. */
static uint32_t header_min(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return 20;
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return 12;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_ICMP:
		return 8;
	case IPPROTO_ICMPV6:
		return 4;
	default:
		return 0;
	}
}

/*
 * RFC 1858: filters that look for ports and flags do not find them, and the receiver does. A later
 * fragment then brings or replaces them.
 */
void transport_first_fragment(struct pktinfo *info, uint32_t octets)
{
	if (octets < header_min(info->protocol))
		info->notes |= 1u << NOTE_FRAGMENT_TINY;
}

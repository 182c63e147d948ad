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

#include "decode/layers.h"

#include <netinet/in.h>

#define PORTS_SIZE 4
#define TCP_SEQUENCE_END 8
#define TCP_WINDOW_END 16
#define TCP_FLAGS_END 14 /* data offset, reserved bits and flags are octets 12 and 13 */
#define UDP_LENGTH_END 6
#define ICMP_TYPE_CODE_SIZE 2

static void put_ports(struct pktinfo *info, const uint8_t *ports)
{
	info->head.src_port = get_be16(ports);
	info->head.dst_port = get_be16(ports + 2);
}

static void ports_decode(struct walk *w)
{
	const uint8_t *ports = cursor_peek(&w->c, PORTS_SIZE);

	if (ports)
		put_ports(w->info, ports);
}

/* Type and code, in this order, are the two halves of the exported port. */
static void icmp_decode(struct walk *w)
{
	const uint8_t *icmp = cursor_peek(&w->c, ICMP_TYPE_CODE_SIZE);

	if (icmp)
		w->info->head.dst_port = get_be16(icmp);
}

/*
 * Where IP's length was corrected, or left out, or is a fragment's, the end of the packet says
 * nothing of the transport header's lengths.
 */
static bool end_is_known(const struct pktinfo *info)
{
	uint32_t corrected = 1u << NOTE_LENGTH_LIES | 1u << NOTE_LENGTH_ZERO;

	return !info->is_fragment && !(info->notes & corrected);
}

/* -- TCP -------------------------------------------------------------------------------------- */

static void tcp_details(const struct cursor *c, struct detail *d)
{
	const uint8_t *tcp = cursor_peek(c, TCP_SEQUENCE_END);

	if (tcp)
		d->tcp_sequence = get_be32(tcp + 4);
	tcp = cursor_peek(c, TCP_WINDOW_END);
	if (tcp)
		d->tcp_window = get_be16(tcp + 14);
}

/* A header that is not within what was captured: it is odd if it is not within the packet either. */
static void tcp_odd_header(struct walk *w, size_t header)
{
	if (header < TCP_HEADER || (header > walk_octets_left(w) && end_is_known(w->info)))
		w->info->notes |= 1u << NOTE_TCP_HEADER_LENGTH;
}

static void tcp_cut(struct walk *w)
{
	const uint8_t *tcp = cursor_peek(&w->c, TCP_FLAGS_END);

	ports_decode(w);
	if (!tcp)
		return;
	w->info->tcp_flags = tcp_flags(tcp);
	tcp_odd_header(w, tcp_header_length(tcp));
}

static void tcp_decode(struct walk *w)
{
	const uint8_t *tcp = cursor_peek(&w->c, TCP_HEADER);

	if (!tcp) {
		tcp_cut(w);
	} else {
		put_ports(w->info, tcp);
		w->info->tcp_flags = tcp_flags(tcp);
		if (tcp_header_is_odd(tcp, w->c.left))
			tcp_odd_header(w, tcp_header_length(tcp));
	}
	if (w->options->details)
		tcp_details(&w->c, &w->info->detail);
}

/* -- UDP -------------------------------------------------------------------------------------- */

/* In a jumbogram the length is 0 (RFC 2675 section 4). */
static void udp_odd_length(struct walk *w, uint32_t length)
{
	bool jumbogram = length == 0 && walk_octets_left(w) > UINT16_MAX;

	if (end_is_known(w->info) && !jumbogram)
		w->info->notes |= 1u << NOTE_UDP_LENGTH;
}

static void udp_decode(struct walk *w)
{
	const uint8_t *udp = cursor_peek(&w->c, UDP_LENGTH_END);

	if (!udp) {
		ports_decode(w);
		return;
	}
	put_ports(w->info, udp);
	if (get_be16(udp + 4) != walk_octets_left(w))
		udp_odd_length(w, get_be16(udp + 4));
}

/* -- all -------------------------------------------------------------------------------------- */

static void others_decode(struct walk *w)
{
	switch (w->info->head.protocol) {
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		ports_decode(w);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		icmp_decode(w);
		break;
	default:
		break;
	}
}

/* Nearly every packet is one of the first two. */
void transport_decode(struct walk *w)
{
	if (w->info->head.protocol == IPPROTO_TCP)
		tcp_decode(w);
	else if (w->info->head.protocol == IPPROTO_UDP)
		udp_decode(w);
	else
		others_decode(w);
}

/* The least that a header of this protocol has; 0: what it has is not known here. */
static uint32_t header_min(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return TCP_HEADER;
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
	if (octets < header_min(info->head.protocol))
		info->notes |= 1u << NOTE_FRAGMENT_TINY;
}

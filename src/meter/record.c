#include "meter/record.h"

#include <netinet/in.h>
#include <string.h>

void unmetered_add(struct unmetered *u, const struct unmetered *more)
{
	if (more->packets == 0)
		return;
	/* By date, not by order: a capture's clock may go back. */
	if (u->packets == 0 || more->first_ns < u->first_ns)
		u->first_ns = more->first_ns;
	if (more->last_ns > u->last_ns)
		u->last_ns = more->last_ns;
	u->packets += more->packets;
	u->octets += more->octets;
}

/* In the members that count the same of a flow. */
struct unmetered record_unmetered(const struct record *tick)
{
	return (struct unmetered){.packets = tick->packets,
	    .octets = tick->octets,
	    .first_ns = tick->start_ns,
	    .last_ns = tick->end_ns};
}

void record_put_unmetered(struct record *tick, const struct unmetered *u)
{
	tick->packets = u->packets;
	tick->octets = u->octets;
	tick->start_ns = u->first_ns;
	tick->end_ns = u->last_ns;
}

static const struct detail no_detail;

static int is_icmp(uint8_t protocol)
{
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

void record_fill(struct record *r, const struct flow *f, const struct detail *detail,
    enum end_reason reason, const struct clock_time *now)
{
	const struct key_head *k = &f->head;

	/* One by one: where most are named compilers clear the whole first, slowly. */
	r->clock_ns = now->clock_ns;
	r->wall_ns = now->wall_ns;
	r->packets = flow_packets(f);
	r->octets = f->octets;
	r->start_ns = f->start_ns;
	r->end_ns = f->end_ns;
	r->ingress = k->ingress;
	r->egress = f->egress;
	r->segment = kind_typed_segment(k->kind, f->segment_type);
	r->src_port = k->src_port;
	r->dst_port = k->dst_port;
	r->vlan = k->vlan;
	r->tcp_flags = flow_tcp_flags(f);
	r->inner_vlan = f->inner_vlan;
	r->icmp_type = is_icmp(k->protocol) ? (uint8_t)(k->dst_port >> 8) : 0;
	r->icmp_code = is_icmp(k->protocol) ? (uint8_t)k->dst_port : 0;
	r->ip_version = kind_version(k->kind);
	r->protocol = k->protocol;
	r->tos = f->tos;
	r->end_reason = (uint8_t)reason;
	r->selector = kind_selector(k->kind);
	r->direction = 0;
	r->kind = RECORD_FLOW; /* the slot may have held a tick */
	memcpy(r->src, k->src, 4);
	memcpy(r->dst, k->dst, 4);
	memcpy(r->src + 4, f->tail.src, 12);
	memcpy(r->dst + 4, f->tail.dst, 12);
	r->detail = detail ? *detail : no_detail;
}

#include "meter/record.h"

#include <netinet/in.h>

static int is_icmp(uint8_t protocol)
{
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

void record_fill(
    struct record *r, const struct flow *f, enum end_reason reason, const struct clock_time *now)
{
	*r = (struct record){
	    .key = f->key,
	    .clock_ns = now->clock_ns,
	    .wall_ns = now->wall_ns,
	    .packets = f->packets,
	    .octets = f->octets,
	    .start_ns = f->start_ns,
	    .end_ns = f->end_ns,
	    .tcp_flags = f->tcp_flags,
	    .inner_vlan = f->inner_vlan,
	    .icmp_type_code = is_icmp(f->key.protocol) ? f->key.dst_port : 0,
	    .tos = f->tos,
	    .end_reason = (uint8_t)reason,
	    .kind = RECORD_FLOW,
	};
}

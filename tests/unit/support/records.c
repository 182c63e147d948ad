/*
 * Records for encoders, as tests want them.
 */
#include <string.h>

#include "support/collector.h"
#include "util/units.h"

struct record record_at(uint64_t now_ns)
{
	return (struct record){.src = {192, 0, 2, 1},
	    .dst = {198, 51, 100, 2},
	    .clock_ns = now_ns,
	    .wall_ns = now_ns,
	    .packets = 3,
	    .octets = 1234,
	    .start_ns = now_ns - NS_PER_S,
	    .end_ns = now_ns,
	    .ingress = 7,
	    .src_port = 1234,
	    .dst_port = 80,
	    .vlan = 5,
	    .tcp_flags = 0x11b,
	    .inner_vlan = 6,
	    .ip_version = 4,
	    .protocol = 6,
	    .tos = 0xb9,
	    .end_reason = END_IDLE,
	    .kind = RECORD_FLOW};
}

struct record record_of_class(unsigned class, uint64_t now_ns)
{
	struct record r = record_at(now_ns);

	if (class == CLASS_IPV6 || class == CLASS_ICMPV6)
		r.ip_version = 6;
	if (class == CLASS_ICMP || class == CLASS_ICMPV6) {
		r.protocol = class == CLASS_ICMP ? 1 : 58;
		r.src_port = 0;
		r.dst_port = 0x0800;
		r.icmp_type = 8;
	}
	return r;
}

struct record record_with_all(unsigned class, uint64_t now_ns)
{
	struct record r = record_of_class(class, now_ns);
	unsigned length = r.ip_version == 4 ? 4 : 16;

	for (unsigned i = 0; i < length; i++) {
		r.src[i] = (uint8_t)(0x20 + i);
		r.dst[i] = (uint8_t)(0x30 + i);
	}
	r.packets = 0x0102030405060708;
	r.octets = 0x1112131415161718;
	r.start_ns = now_ns - 3 * NS_PER_S - 123456789;
	r.end_ns = now_ns - 987654321;
	r.ingress = 0x21222324;
	r.segment = SEGMENT_NVGRE << SEGMENT_TYPE_SHIFT | 0xabcdef;
	r.egress = 0x31323334;
	r.src_port = 0x4142;
	r.dst_port = 0x5152;
	r.vlan = 0x0162;
	r.inner_vlan = 0x0263;
	r.tcp_flags = 0x0d64;
	r.icmp_type = 0x65;
	r.icmp_code = 0x66;
	r.tos = 0x67;
	r.end_reason = END_ACTIVE;
	r.direction = 1;
	r.selector = 5;
	r.detail = (struct detail){.src_mac = {0x71, 0x72, 0x73, 0x74, 0x75, 0x76},
	    .dst_mac = {0x81, 0x82, 0x83, 0x84, 0x85, 0x86},
	    .mpls = {{0x91, 0x92, 0x93}, {0xa1, 0xa2, 0xa3}, {0xb1, 0xb2, 0xb3}},
	    .ttl_min = 0xc1,
	    .ttl_max = 0xc2,
	    .fragment_flags = 0x60,
	    .tcp_window = 0xc3c4,
	    .tcp_sequence = 0xd1d2d3d4,
	    .flow_label = 0x000e1e2e,
	    .octets_min = 0x7172,
	    .octets_max = 0x7374,
	    .point = 0xf1f2f3f4};
	return r;
}

void push_at(struct encoder *e, uint64_t now_ns)
{
	struct record r = record_at(now_ns);

	encoder_record(e, &r);
}

void tick_at(struct encoder *e, uint64_t now_ns)
{
	encoder_tick(e, now_ns, now_ns);
}

/*
 * What nearly all packets are: Ethernet with at most one tag, IPv4 without options or IPv6 without
 * extension headers, not a fragment, TCP or UDP, and all lengths as they should be.
 *
 * The walk (layers.h) takes them, too, but step by step, and remembers each: that takes twice the time.
 * Nothing is decided here: what is odd, rare or cut short is left to the walk, and of all others the walk
 * says the same, which a unit test and a fuzzer hold both to.
 */
#include "decode/layers.h"

#include <netinet/in.h>

#define ETHERTYPE_VLAN 0x8100
#define IPV4_WITHOUT_OPTIONS 0x45

/* Where ports and flags come from; false: this is not the usual header. */
static inline bool take_transport(
    const struct cursor *c, uint8_t protocol, uint64_t octets, struct pktinfo *info)
{
	const uint8_t *header = cursor_peek(c, UDP_HEADER);

	if (!header)
		return false;
	if (protocol == IPPROTO_TCP) {
		if (!cursor_peek(c, TCP_HEADER) || tcp_header_is_odd(header, c->left))
			return false;
		info->tcp_flags = tcp_flags(header);
	} else if (protocol != IPPROTO_UDP || get_be16(header + 4) != octets) {
		return false;
	}
	info->protocol = protocol;
	info->src_port = get_be16(header);
	info->dst_port = get_be16(header + 2);
	return true;
}

static inline bool take_ipv4(struct cursor *c, uint64_t wire, struct pktinfo *info)
{
	const uint8_t *ip = cursor_take(c, IPV4_HEADER);
	uint32_t total;

	if (!ip || ip[0] != IPV4_WITHOUT_OPTIONS || ipv4_is_fragment(ip))
		return false;
	total = get_be16(ip + 2);
	if (total < IPV4_HEADER || total > wire)
		return false;
	cursor_limit(c, total - IPV4_HEADER);
	info->octets = total;
	info->ip_version = 4;
	info->tos = ip[1];
	put_ipv4_address(info->src, ip + 12);
	put_ipv4_address(info->dst, ip + 16);
	return take_transport(c, ip[9], total - IPV4_HEADER, info);
}

static inline bool take_ipv6(struct cursor *c, uint64_t wire, struct pktinfo *info)
{
	const uint8_t *ip = cursor_take(c, IPV6_HEADER);
	uint32_t payload;

	if (!ip || ip[0] >> 4 != 6)
		return false;
	payload = get_be16(ip + 4);
	if (payload == 0 || IPV6_HEADER + payload > wire)
		return false;
	cursor_limit(c, payload);
	info->octets = IPV6_HEADER + payload;
	info->ip_version = 6;
	info->tos = ipv6_traffic_class(ip);
	memcpy(info->src, ip + 8, sizeof(info->src));
	memcpy(info->dst, ip + 24, sizeof(info->dst));
	return take_transport(c, ip[6], payload, info);
}

bool usual_decode(const struct packet *packet, struct pktinfo *info)
{
	struct cursor c = {.at = packet->data, .left = packet->caplen};
	const uint8_t *header = cursor_take(&c, ETHERNET_HEADER);
	uint16_t type;
	uint64_t wire;

	if (!header)
		return false;
	type = get_be16(header + ETHERNET_HEADER - 2);
	if (type == ETHERTYPE_VLAN) {
		header = cursor_take(&c, VLAN_TAG);
		if (!header)
			return false;
		info->vlan = get_be16(header) & VLAN_ID_MASK;
		type = get_be16(header + 2);
	}
	info->ip_offset = (uint32_t)(c.at - packet->data);
	info->ingress = packet->ingress;
	wire = packet->len - info->ip_offset;
	if (type == ETHERTYPE_IPV4)
		return take_ipv4(&c, wire, info);
	return type == ETHERTYPE_IPV6 && take_ipv6(&c, wire, info);
}

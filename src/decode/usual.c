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
#include <pcap/dlt.h>

#define ETHERTYPE_VLAN 0x8100
#define IPV4_WITHOUT_OPTIONS 0x45
#define TCP_LENGTH_AND_FLAGS 12u /* where they are in the header */

/* A frame that is shorter is left to the walk: one look at its length is enough for all that is read of IPv4. */
#define LEAST (ETHERNET_HEADER + IPV4_HEADER + TCP_HEADER)

/*
 * The transport header at `header`, of which, with its payload, there are `left` octets, at least UDP_HEADER; the
 * packet says that they are `octets`. False: this is not the usual header.
 *
 * TCP and UDP follow each other as they like. To ask for both without a branch takes less time than what a
 * processor does in vain after a wrong guess. `tcp` is all ones or 0.
 */
static inline bool take_transport(
    const uint8_t *header, size_t left, uint8_t protocol, uint32_t octets, struct pktinfo *info)
{
	uint32_t tcp = -(uint32_t)((protocol == IPPROTO_TCP) & (left >= TCP_HEADER));
	uint32_t ports = get_be32(header);
	uint32_t word = get_be16(header + (tcp & TCP_LENGTH_AND_FLAGS));
	uint32_t length = word >> 12 << 2;
	uint32_t tcp_is_odd = (length < TCP_HEADER) | (length > left);
	uint32_t udp_is_odd = (protocol ^ IPPROTO_UDP) | (get_be16(header + 4) ^ octets);

	info->tcp_flags = (uint16_t)(word & TCP_FLAGS & tcp);
	info->head.protocol = protocol;
	info->head.src_port = (uint16_t)(ports >> 16);
	info->head.dst_port = (uint16_t)ports;
	return !((tcp & tcp_is_odd) | (~tcp & udp_is_odd));
}

/*
 * How much there is of a packet that says to have so many octets: `left` were captured, and behind what it
 * says is padding. 0: they were not all on the wire.
 */
static inline size_t limit(size_t left, uint32_t octets, const struct packet *packet)
{
	if (octets <= left)
		return octets;
	return octets <= left + (packet->len - packet->caplen) ? left : 0;
}

/* Of `left` octets, of which there are IPV4_HEADER and TCP_HEADER. */
static inline bool take_ipv4(
    const uint8_t *ip, size_t left, const struct packet *packet, struct pktinfo *info)
{
	uint32_t total = get_be16(ip + 2);

	left = limit(left, total, packet);
	if (ip[0] != IPV4_WITHOUT_OPTIONS || ipv4_is_fragment(ip) ||
	    left < IPV4_HEADER + UDP_HEADER)
		return false;
	info->octets = total;
	info->head.kind = 4;
	put_tos(info, ip[1]);
	put_ipv4_addresses(info, ip + 12);
	return take_transport(
	    ip + IPV4_HEADER, left - IPV4_HEADER, ip[9], total - IPV4_HEADER, info);
}

static inline bool take_ipv6(
    const uint8_t *ip, size_t left, const struct packet *packet, struct pktinfo *info)
{
	uint32_t total = IPV6_HEADER + get_be16(ip + 4);

	left = limit(left, total, packet);
	if (ip[0] >> 4 != 6 || left < IPV6_HEADER + UDP_HEADER)
		return false;
	info->octets = total;
	info->head.kind = 6;
	put_tos(info, ipv6_traffic_class(ip));
	put_ipv6_addresses(info, ip + 8);
	return take_transport(
	    ip + IPV6_HEADER, left - IPV6_HEADER, ip[6], total - IPV6_HEADER, info);
}

static inline bool take(const struct packet *packet, struct pktinfo *info)
{
	const uint8_t *frame = packet->data;
	uint32_t offset = ETHERNET_HEADER;
	uint16_t type, vlan = 0;

	if (packet->caplen < LEAST || packet->linktype != DLT_EN10MB)
		return false;
	type = get_be16(frame + ETHERNET_HEADER - 2);
	if (type == ETHERTYPE_VLAN) {
		if (packet->caplen < LEAST + VLAN_TAG)
			return false;
		vlan = get_be16(frame + ETHERNET_HEADER) & VLAN_ID_MASK;
		type = get_be16(frame + ETHERNET_HEADER + 2);
		offset += VLAN_TAG;
	}
	pktinfo_clear(info);
	info->ip_offset = offset;
	info->head.vlan = vlan;
	info->head.ingress = packet->ingress;
	if (type == ETHERTYPE_IPV4)
		return take_ipv4(frame + offset, packet->caplen - offset, packet, info);
	return type == ETHERTYPE_IPV6 &&
	    take_ipv6(frame + offset, packet->caplen - offset, packet, info);
}

unsigned decode_usual(const struct packet packets[], unsigned n, struct pktinfo infos[])
{
	unsigned i = 0;

	while (i < n && take(&packets[i], &infos[i]))
		i++;
	return i;
}

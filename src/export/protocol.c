#include "export/protocol.h"

#include <netinet/in.h>
#include <stdio.h>

#include "util/spell.h"

const char *protocol_name(uint8_t protocol, char number[PROTOCOL_NUMBER_SIZE])
{
	static const char *const names[256] = {
	    [IPPROTO_ICMP] = "ICMP",
	    [IPPROTO_IGMP] = "IGMP",
	    [IPPROTO_IPIP] = "IPIP",
	    [IPPROTO_TCP] = "TCP",
	    [IPPROTO_UDP] = "UDP",
	    [IPPROTO_DCCP] = "DCCP",
	    [IPPROTO_IPV6] = "IPv6",
	    [IPPROTO_GRE] = "GRE",
	    [IPPROTO_ESP] = "ESP",
	    [IPPROTO_AH] = "AH",
	    [IPPROTO_ICMPV6] = "ICMPv6",
	    [89] = "OSPF",
	    [IPPROTO_PIM] = "PIM",
	    [112] = "VRRP",
	    [IPPROTO_SCTP] = "SCTP",
	    [IPPROTO_UDPLITE] = "UDPLite",
	};

	if (names[protocol])
		return names[protocol];
	snprintf(number, PROTOCOL_NUMBER_SIZE, "%u", protocol);
	return number;
}

bool protocol_has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE ||
	    protocol == IPPROTO_SCTP || protocol == IPPROTO_DCCP;
}

char *spell_endpoint(
    char *out, const uint8_t address[16], uint16_t port, uint8_t ip_version, uint8_t protocol)
{
	bool ports = protocol_has_ports(protocol);
	bool brackets = ports && ip_version == 6;

	if (brackets)
		*out++ = '[';
	out = ip_version == 4 ? spell_ipv4(out, address) : spell_ipv6(out, address);
	if (brackets)
		*out++ = ']';
	if (!ports)
		return out;
	*out++ = ':';
	return spell_decimal(out, port);
}

#include "export/element.h"

#include <netinet/in.h>
#include <string.h>

#include "meter/record.h"
#include "util/units.h"

#define IN(member) offsetof(struct record, member), sizeof(((struct record *)0)->member)
#define IN4(member) offsetof(struct record, member), 4

/* clang-format off */
const struct element element_table[] = {
	/* id  name                         kind                  where               v9 ipfix classes */
	{  8, "sourceIPv4Address",          ELEMENT_ADDRESS,      IN4(src),        4,  4, IN_IPV4},
	{ 12, "destinationIPv4Address",     ELEMENT_ADDRESS,      IN4(dst),        4,  4, IN_IPV4},
	{ 27, "sourceIPv6Address",          ELEMENT_ADDRESS,      IN(src),        16, 16, IN_IPV6},
	{ 28, "destinationIPv6Address",     ELEMENT_ADDRESS,      IN(dst),        16, 16, IN_IPV6},
	{  7, "sourceTransportPort",        ELEMENT_NUMBER,       IN(src_port),    2,  2, IN_ALL},
	{ 11, "destinationTransportPort",   ELEMENT_NUMBER,       IN(dst_port),    2,  2, IN_ALL},
	/* Templates of their own, because nfdump reads a port from 32 wherever it stands. */
	{ 32, "icmpTypeCodeIPv4",           ELEMENT_NUMBER,       IN(icmp_type_code),  2,  2, 1u << CLASS_ICMP},
	{139, "icmpTypeCodeIPv6",           ELEMENT_NUMBER,       IN(icmp_type_code),  2,  2, 1u << CLASS_ICMPV6},
	{  4, "protocolIdentifier",         ELEMENT_NUMBER,       IN(protocol),    1,  1, IN_ALL},
	{  5, "ipClassOfService",           ELEMENT_NUMBER,       IN(tos),             1,  1, IN_ALL},
	{ 58, "vlanId",                     ELEMENT_NUMBER,       IN(vlan),        2,  2, IN_ALL},
	{245, "dot1qCustomerVlanId",        ELEMENT_NUMBER,       IN(inner_vlan),      0,  2, IN_ALL},
	/* RFC 3954 has one octet of flags, RFC 9565 twelve bits. */
	{  6, "tcpControlBits",             ELEMENT_BITS,         IN(tcp_flags),       1,  2, IN_ALL},
	{  2, "packetDeltaCount",           ELEMENT_NUMBER,       IN(packets),         8,  8, IN_ALL},
	{  1, "octetDeltaCount",            ELEMENT_NUMBER,       IN(octets),          8,  8, IN_ALL},
	{ 22, "flowStartSysUpTime",         ELEMENT_UPTIME,       IN(start_ns),        4,  0, IN_ALL},
	{ 21, "flowEndSysUpTime",           ELEMENT_UPTIME,       IN(end_ns),          4,  0, IN_ALL},
	{152, "flowStartMilliseconds",      ELEMENT_MILLISECONDS, IN(start_ns),        0,  8, IN_ALL},
	{153, "flowEndMilliseconds",        ELEMENT_MILLISECONDS, IN(end_ns),          0,  8, IN_ALL},
	{136, "flowEndReason",              ELEMENT_NUMBER,       IN(end_reason),      0,  1, IN_ALL},
	{ 10, "ingressInterface",           ELEMENT_NUMBER,       IN(ingress),     4,  4, IN_ALL},
	{ 14, "egressInterface",            ELEMENT_NUMBER,       IN(egress),          4,  4, IN_ALL},
};
/* clang-format on */

const size_t element_count = sizeof(element_table) / sizeof(*element_table);

const struct element *element_find(uint16_t id)
{
	for (size_t i = 0; i < element_count; i++)
		if (element_table[i].id == id)
			return &element_table[i];
	return NULL;
}

enum flow_class flow_class_of(const struct record *r)
{
	if (r->ip_version == 4)
		return r->protocol == IPPROTO_ICMP ? CLASS_ICMP : CLASS_IPV4;
	return r->protocol == IPPROTO_ICMPV6 ? CLASS_ICMPV6 : CLASS_IPV6;
}

static uint64_t load(const void *p, uint8_t size)
{
	uint16_t v16;
	uint32_t v32;
	uint64_t v64;

	switch (size) {
	case 1:
		return *(const uint8_t *)p;
	case 2:
		memcpy(&v16, p, sizeof(v16));
		return v16;
	case 4:
		memcpy(&v32, p, sizeof(v32));
		return v32;
	default:
		memcpy(&v64, p, sizeof(v64));
		return v64;
	}
}

uint64_t element_number(const struct element *e, const struct record *r)
{
	uint64_t value = load((const uint8_t *)r + e->offset, e->record_size);

	if (e->kind == ELEMENT_MILLISECONDS || e->kind == ELEMENT_UPTIME)
		value /= NS_PER_MS;
	return value;
}

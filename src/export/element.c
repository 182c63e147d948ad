#include "export/element.h"

#include <netinet/in.h>
#include <string.h>

#include "util/units.h"

#define SIZED(type, member) offsetof(type, member), sizeof(((type *)0)->member)
#define IN(member) FROM_RECORD, SIZED(struct record, member)
#define IN4(member) FROM_RECORD, offsetof(struct record, member), 4
#define OUR(member) FROM_CONSTANTS, SIZED(struct export_constants, member)

/* In which layouts. */
#define M (OF_MINIMAL | OF_DEFAULT | OF_FULL)
#define D (OF_DEFAULT | OF_FULL)
#define F OF_FULL
#define S (OF_SEGMENTS | OF_FULL)
#define KEY KEY_ALWAYS

/*
 * vlanId and dot1qVlanId say the same to collectors of different age, as do icmpTypeCode and
 * icmpType with icmpCode. NetFlow v9's names for its numbers, where they differ, are in the manual.
 */
/* clang-format off */
const struct element element_table[] = {
	/* id  name                          kind                  where          v9 ipfix classes layouts */
	{  8, "sourceIPv4Address",           ELEMENT_ADDRESS,      IN4(src),       4,  4, IN_IPV4, M, KEY},
	{ 12, "destinationIPv4Address",      ELEMENT_ADDRESS,      IN4(dst),       4,  4, IN_IPV4, M, KEY},
	{ 27, "sourceIPv6Address",           ELEMENT_ADDRESS,      IN(src),       16, 16, IN_IPV6, M, KEY},
	{ 28, "destinationIPv6Address",      ELEMENT_ADDRESS,      IN(dst),       16, 16, IN_IPV6, M, KEY},
	{  7, "sourceTransportPort",         ELEMENT_NUMBER,       IN(src_port),   2,  2, IN_ALL,  M, KEY_PORTS},
	{ 11, "destinationTransportPort",    ELEMENT_NUMBER,       IN(dst_port),   2,  2, IN_ALL,  M, KEY_PORTS},
	/* Templates of their own, because nfdump reads a port from 32 wherever it stands. */
	{ 32, "icmpTypeCodeIPv4",            ELEMENT_NUMBER,       IN(dst_port),   2,  2, IN_ICMP,   D, KEY_PORTS},
	{139, "icmpTypeCodeIPv6",            ELEMENT_NUMBER,       IN(dst_port),   2,  2, IN_ICMPV6, D, KEY_PORTS},
	{176, "icmpTypeIPv4",                ELEMENT_NUMBER,       IN(icmp_type),  0,  1, IN_ICMP,   F, KEY_PORTS},
	{177, "icmpCodeIPv4",                ELEMENT_NUMBER,       IN(icmp_code),  0,  1, IN_ICMP,   F, KEY_PORTS},
	{178, "icmpTypeIPv6",                ELEMENT_NUMBER,       IN(icmp_type),  0,  1, IN_ICMPV6, F, KEY_PORTS},
	{179, "icmpCodeIPv6",                ELEMENT_NUMBER,       IN(icmp_code),  0,  1, IN_ICMPV6, F, KEY_PORTS},
	{  4, "protocolIdentifier",          ELEMENT_NUMBER,       IN(protocol),   1,  1, IN_ALL,  M, KEY},
	{ 60, "ipVersion",                   ELEMENT_NUMBER,       IN(ip_version), 1,  1, IN_ALL,  F, KEY},
	{  5, "ipClassOfService",            ELEMENT_NUMBER,       IN(tos),        1,  1, IN_ALL,  D, KEY_DSCP},
	{ 58, "vlanId",                      ELEMENT_NUMBER,       IN(vlan),       2,  2, IN_ALL,  D, KEY_VLAN},
	{243, "dot1qVlanId",                 ELEMENT_NUMBER,       IN(vlan),       0,  2, IN_ALL,  F, KEY_VLAN},
	{245, "dot1qCustomerVlanId",         ELEMENT_NUMBER,       IN(inner_vlan), 0,  2, IN_ALL,  D, KEY_INNER_VLAN},
	{351, "layer2SegmentId",             ELEMENT_SEGMENT,      IN(segment),    0,  8, IN_ALL,  S, KEY},
	/* RFC 3954 has one octet of flags, RFC 9565 twelve bits. */
	{  6, "tcpControlBits",              ELEMENT_BITS,         IN(tcp_flags),  1,  2, IN_ALL,  D, 0},
	{  2, "packetDeltaCount",            ELEMENT_NUMBER,       IN(packets),    8,  8, IN_ALL,  M, 0},
	{  1, "octetDeltaCount",             ELEMENT_NUMBER,       IN(octets),     8,  8, IN_ALL,  M, 0},
	{ 22, "flowStartSysUpTime",          ELEMENT_UPTIME,       IN(start_ns),   4,  0, IN_ALL,  M, 0},
	{ 21, "flowEndSysUpTime",            ELEMENT_UPTIME,       IN(end_ns),     4,  0, IN_ALL,  M, 0},
	{150, "flowStartSeconds",            ELEMENT_SECONDS,      IN(start_ns),   0,  4, IN_ALL,  0, 0},
	{151, "flowEndSeconds",              ELEMENT_SECONDS,      IN(end_ns),     0,  4, IN_ALL,  0, 0},
	{152, "flowStartMilliseconds",       ELEMENT_MILLISECONDS, IN(start_ns),   0,  8, IN_ALL,  M, 0},
	{153, "flowEndMilliseconds",         ELEMENT_MILLISECONDS, IN(end_ns),     0,  8, IN_ALL,  M, 0},
	{154, "flowStartMicroseconds",       ELEMENT_MICROSECONDS, IN(start_ns),   0,  8, IN_ALL,  0, 0},
	{155, "flowEndMicroseconds",         ELEMENT_MICROSECONDS, IN(end_ns),     0,  8, IN_ALL,  0, 0},
	{156, "flowStartNanoseconds",        ELEMENT_NANOSECONDS,  IN(start_ns),   0,  8, IN_ALL,  0, 0},
	{157, "flowEndNanoseconds",          ELEMENT_NANOSECONDS,  IN(end_ns),     0,  8, IN_ALL,  0, 0},
	{136, "flowEndReason",               ELEMENT_NUMBER,       IN(end_reason), 0,  1, IN_ALL,  D, 0},
	{ 10, "ingressInterface",            ELEMENT_NUMBER,       IN(ingress),    4,  4, IN_ALL,  D, KEY_INGRESS},
	{ 14, "egressInterface",             ELEMENT_NUMBER,       IN(egress),     4,  4, IN_ALL,  D, 0},
	{ 61, "flowDirection",               ELEMENT_NUMBER,       IN(direction),  1,  1, IN_ALL,  F, 0},
	{ 56, "sourceMacAddress",            ELEMENT_MAC,          IN(detail.src_mac),    6, 6, IN_ALL, F, KEY_MACS},
	{ 80, "destinationMacAddress",       ELEMENT_MAC,          IN(detail.dst_mac),    6, 6, IN_ALL, F, KEY_MACS},
	{ 70, "mplsTopLabelStackSection",    ELEMENT_OCTETS,       IN(detail.mpls[0]),    3, 3, IN_ALL, F, 0},
	{ 71, "mplsLabelStackSection2",      ELEMENT_OCTETS,       IN(detail.mpls[1]),    3, 3, IN_ALL, F, 0},
	{ 72, "mplsLabelStackSection3",      ELEMENT_OCTETS,       IN(detail.mpls[2]),    3, 3, IN_ALL, F, 0},
	{ 52, "minimumTTL",                  ELEMENT_NUMBER,       IN(detail.ttl_min),    1, 1, IN_ALL, F, 0},
	{ 53, "maximumTTL",                  ELEMENT_NUMBER,       IN(detail.ttl_max),    1, 1, IN_ALL, F, 0},
	{ 25, "minimumIpTotalLength",        ELEMENT_NUMBER,       IN(detail.octets_min), 2, 8, IN_ALL, F, 0},
	{ 26, "maximumIpTotalLength",        ELEMENT_NUMBER,       IN(detail.octets_max), 2, 8, IN_ALL, F, 0},
	{197, "fragmentFlags",               ELEMENT_NUMBER,       IN(detail.fragment_flags), 0, 1, IN_ALL, F, 0},
	{ 31, "flowLabelIPv6",               ELEMENT_NUMBER,       IN(detail.flow_label), 3, 4, IN_IPV6, F, 0},
	{186, "tcpWindowSize",               ELEMENT_NUMBER,       IN(detail.tcp_window), 0, 2, IN_ALL, F, 0},
	{184, "tcpSequenceNumber",           ELEMENT_NUMBER,       IN(detail.tcp_sequence), 0, 4, IN_ALL, F, 0},
	{302, "selectorId",                  ELEMENT_SELECTOR,     IN(selector),   0,  8, IN_ALL,  F, KEY},
	{ 48, "samplerId",                   ELEMENT_SELECTOR,     IN(selector),   1,  0, IN_ALL,  F, KEY},
	{138, "observationPointId",          ELEMENT_NUMBER,       IN(detail.point), 0, 8, IN_ALL, F, 0},
	{149, "observationDomainId",         ELEMENT_NUMBER,       OUR(domain),    0,  4, IN_ALL,  F, 0},
	{130, "exporterIPv4Address",         ELEMENT_ADDRESS,      OUR(exporter_ipv4), 0,  4, IN_ALL, F, 0},
	{131, "exporterIPv6Address",         ELEMENT_ADDRESS,      OUR(exporter_ipv6), 0, 16, IN_ALL, F, 0},
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

const struct element *element_by_name(const char *name, size_t length)
{
	for (size_t i = 0; i < element_count; i++)
		if (strlen(element_table[i].name) == length &&
		    strncmp(element_table[i].name, name, length) == 0)
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

const uint8_t *element_octets(
    const struct element *e, const struct record *r, const struct export_constants *constants)
{
	const void *from = r;

	if (e->source == FROM_CONSTANTS)
		from = constants;
	return (const uint8_t *)from + e->offset;
}

uint64_t element_number(
    const struct element *e, const struct record *r, const struct export_constants *constants)
{
	uint64_t value = load(element_octets(e, r, constants), e->record_size);

	switch (e->kind) {
	case ELEMENT_SELECTOR:
		return value + 1;
	case ELEMENT_SEGMENT:
		return value >> SEGMENT_TYPE_SHIFT << 56 | (value & SEGMENT_ID_MASK);
	case ELEMENT_SECONDS:
		return value / NS_PER_S;
	case ELEMENT_MILLISECONDS:
	case ELEMENT_UPTIME:
		return value / NS_PER_MS;
	case ELEMENT_MICROSECONDS:
		return value / 1000;
	default:
		return value;
	}
}

bool element_is_word(const struct element *e)
{
	return e->kind == ELEMENT_ADDRESS || e->kind == ELEMENT_MAC || e->kind == ELEMENT_OCTETS ||
	    e->kind == ELEMENT_SEGMENT;
}

size_t element_longest(const struct element *e)
{
	static const uint8_t decimal[] = {[1] = 3, [2] = 5, [4] = 10, [8] = 20};

	switch (e->kind) {
	case ELEMENT_ADDRESS:
		return e->record_size == 4 ? INET_ADDRSTRLEN - 1 : INET6_ADDRSTRLEN - 1;
	case ELEMENT_MAC:
		return 3 * (size_t)e->record_size - 1;
	case ELEMENT_OCTETS:
		return 2 + 2 * (size_t)e->record_size;
	case ELEMENT_SEGMENT:
		return 2 + 16;
	default:
		return decimal[e->record_size];
	}
}

bool element_is_detail(const struct element *e)
{
	return e->source == FROM_RECORD && e->offset >= offsetof(struct record, detail);
}

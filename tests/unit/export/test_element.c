#include "suites.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/element.h"
#include "support/collector.h"
#include "util/units.h"

#define T0 (1767225600ull * NS_PER_S)

/*
 * IANA's registry of IPFIX Information Elements, and for NetFlow v9 RFC 3954 and Cisco's list up to
 * 127: what the element table says must agree. Octets: in v9 (0: has none), in IPFIX.
 */
static const struct registered {
	uint16_t id;
	const char *name;
	uint8_t v9, ipfix;
	char family; /* 4, 6: of that version only; m, n: of its ICMP only; 0: any */
} registry[] = {
    {1, "octetDeltaCount", 8, 8, 0},
    {2, "packetDeltaCount", 8, 8, 0},
    {4, "protocolIdentifier", 1, 1, 0},
    {5, "ipClassOfService", 1, 1, 0},
    {6, "tcpControlBits", 1, 2, 0},
    {7, "sourceTransportPort", 2, 2, 0},
    {8, "sourceIPv4Address", 4, 4, '4'},
    {10, "ingressInterface", 4, 4, 0},
    {11, "destinationTransportPort", 2, 2, 0},
    {12, "destinationIPv4Address", 4, 4, '4'},
    {14, "egressInterface", 4, 4, 0},
    {21, "flowEndSysUpTime", 4, 0, 0},
    {22, "flowStartSysUpTime", 4, 0, 0},
    {25, "minimumIpTotalLength", 2, 8, 0},
    {26, "maximumIpTotalLength", 2, 8, 0},
    {27, "sourceIPv6Address", 16, 16, '6'},
    {28, "destinationIPv6Address", 16, 16, '6'},
    {31, "flowLabelIPv6", 3, 4, '6'},
    {32, "icmpTypeCodeIPv4", 2, 2, 'm'},
    {48, "samplerId", 1, 0, 0},
    {52, "minimumTTL", 1, 1, 0},
    {53, "maximumTTL", 1, 1, 0},
    {56, "sourceMacAddress", 6, 6, 0},
    {58, "vlanId", 2, 2, 0},
    {60, "ipVersion", 1, 1, 0},
    {61, "flowDirection", 1, 1, 0},
    {70, "mplsTopLabelStackSection", 3, 3, 0},
    {71, "mplsLabelStackSection2", 3, 3, 0},
    {72, "mplsLabelStackSection3", 3, 3, 0},
    {80, "destinationMacAddress", 6, 6, 0},
    {130, "exporterIPv4Address", 0, 4, 0},
    {131, "exporterIPv6Address", 0, 16, 0},
    {136, "flowEndReason", 0, 1, 0},
    {138, "observationPointId", 0, 8, 0},
    /* Beyond Cisco's list, but collectors of v9 know it as ICMPv6's 32. */
    {139, "icmpTypeCodeIPv6", 2, 2, 'n'},
    {149, "observationDomainId", 0, 4, 0},
    {150, "flowStartSeconds", 0, 4, 0},
    {151, "flowEndSeconds", 0, 4, 0},
    {152, "flowStartMilliseconds", 0, 8, 0},
    {153, "flowEndMilliseconds", 0, 8, 0},
    {154, "flowStartMicroseconds", 0, 8, 0},
    {155, "flowEndMicroseconds", 0, 8, 0},
    {156, "flowStartNanoseconds", 0, 8, 0},
    {157, "flowEndNanoseconds", 0, 8, 0},
    {176, "icmpTypeIPv4", 0, 1, 'm'},
    {177, "icmpCodeIPv4", 0, 1, 'm'},
    {178, "icmpTypeIPv6", 0, 1, 'n'},
    {179, "icmpCodeIPv6", 0, 1, 'n'},
    {184, "tcpSequenceNumber", 0, 4, 0},
    {186, "tcpWindowSize", 0, 2, 0},
    {197, "fragmentFlags", 0, 1, 0},
    {243, "dot1qVlanId", 0, 2, 0},
    {245, "dot1qCustomerVlanId", 0, 2, 0},
    {302, "selectorId", 0, 8, 0},
    {351, "layer2SegmentId", 0, 8, 0},
};

#define REGISTRY_SIZE (sizeof(registry) / sizeof(*registry))

static bool belongs_to(const struct registered *r, unsigned class)
{
	bool is_v6 = class == CLASS_IPV6 || class == CLASS_ICMPV6;

	switch (r->family) {
	case '4':
		return !is_v6;
	case '6':
		return is_v6;
	case 'm':
		return class == CLASS_ICMP;
	case 'n':
		return class == CLASS_ICMPV6;
	default:
		return true;
	}
}

static const struct registered *registered(uint16_t id)
{
	for (size_t i = 0; i < REGISTRY_SIZE; i++)
		if (registry[i].id == id)
			return &registry[i];
	ck_abort_msg("element %u is not in the registry", id);
	return NULL;
}

START_TEST(each_element_is_as_registered)
{
	ck_assert_uint_eq(element_count, REGISTRY_SIZE);
	for (size_t i = 0; i < REGISTRY_SIZE; i++) {
		const struct registered *r = &registry[i];
		const struct element *e = element_find(r->id);

		ck_assert_msg(e != NULL, "no element %u", r->id);
		ck_assert_str_eq(e->name, r->name);
		ck_assert_ptr_eq(element_by_name(r->name, strlen(r->name)), e);
		ck_assert_msg(e->v9_size == r->v9 && e->ipfix_size == r->ipfix,
		    "%s: %u octets in v9, %u in IPFIX", r->name, e->v9_size, e->ipfix_size);
		for (unsigned class = 0; class < CLASS_COUNT; class ++)
			ck_assert_msg((e->classes >> class & 1) == belongs_to(r, class),
			    "%s in class %u", r->name, class);
	}
}
END_TEST

START_TEST(names_are_found_whole_or_not_at_all)
{
	ck_assert_ptr_null(element_by_name("vlanId", 5));
	ck_assert_ptr_null(element_by_name("vlanIdx", 7));
	ck_assert_ptr_null(element_by_name("VlanId", 6));
	ck_assert_ptr_null(element_by_name("", 0));
	ck_assert_ptr_eq(element_by_name("vlanId,ipVersion", 6), element_find(58));
}
END_TEST

/* -- values ------------------------------------------------------------------------------------- */

static const uint8_t exporter_ipv4[4] = {203, 0, 113, 9};

/* The octets of an element that is no number, or NULL. */
static const uint8_t *octets_of(uint16_t id, const struct record *r)
{
	static const uint8_t zeros[16];

	switch (id) {
	case 8:
	case 27:
		return r->src;
	case 12:
	case 28:
		return r->dst;
	case 56:
		return r->detail.src_mac;
	case 80:
		return r->detail.dst_mac;
	case 70:
	case 71:
	case 72:
		return r->detail.mpls[id - 70];
	case 130:
		return exporter_ipv4;
	case 131:
		return zeros;
	default:
		return NULL;
	}
}

/* What the record's details say of it. */
static uint64_t detail_of(uint16_t id, const struct record *r)
{
	switch (id) {
	case 52:
		return r->detail.ttl_min;
	case 53:
		return r->detail.ttl_max;
	case 25:
		return r->detail.octets_min;
	case 26:
		return r->detail.octets_max;
	case 197:
		return r->detail.fragment_flags;
	case 31:
		return r->detail.flow_label;
	case 186:
		return r->detail.tcp_window;
	case 184:
		return r->detail.tcp_sequence;
	case 138:
		return r->detail.point;
	default:
		ck_abort_msg("what is element %u?", id);
		return 0;
	}
}

static uint64_t time_of(uint16_t id, const struct record *r)
{
	static const uint64_t units[] = {NS_PER_S, NS_PER_MS, 1000, 1};

	return (id % 2 ? r->end_ns : r->start_ns) / units[(id - 150) / 2];
}

/* The value as a number; of times, units since 1970. */
static uint64_t number_of(uint16_t id, const struct record *r)
{
	if (id >= 150 && id <= 157)
		return time_of(id, r);
	switch (id) {
	case 1:
		return r->octets;
	case 2:
		return r->packets;
	case 4:
		return r->protocol;
	case 5:
		return r->tos;
	case 6:
		return r->tcp_flags;
	case 7:
		return r->src_port;
	case 11:
	case 32:
	case 139:
		return r->dst_port;
	case 10:
		return r->ingress;
	case 14:
		return r->egress;
	case 176:
	case 178:
		return r->icmp_type;
	case 177:
	case 179:
		return r->icmp_code;
	case 58:
	case 243:
		return r->vlan;
	case 245:
		return r->inner_vlan;
	case 60:
		return r->ip_version;
	case 61:
		return r->direction;
	case 136:
		return r->end_reason;
	case 48:
	case 302:
		return r->selector + 1u;
	case 149:
		return 0xd0d1d2d3;
	case 351:
		return (uint64_t)(r->segment >> 24) << 56 | (r->segment & 0xffffff);
	default:
		return detail_of(id, r);
	}
}

/* All elements of the format, as a list: more than `full` has. */
static struct records_choice all_elements(enum format format)
{
	struct records_choice records = {.kind = RECORDS_LIST};

	for (size_t i = 0; i < REGISTRY_SIZE; i++)
		if (format == FORMAT_V9 ? registry[i].v9 : registry[i].ipfix)
			records.list[records.count++] = element_find(registry[i].id);
	return records;
}

static struct encoder *encoder_of_all(struct collector *c, enum format format)
{
	struct encoder_options o = collector_options(c, format);
	struct sockaddr_in exporter = {.sin_family = AF_INET};
	struct encoder *e;

	memcpy(&exporter.sin_addr, exporter_ipv4, 4);
	o.records = all_elements(format);
	o.domain = 0xd0d1d2d3;
	e = encoder_create(&o);
	encoder_begin_session(e, (struct sockaddr *)&exporter);
	return e;
}

/* A number on the wire; NTP time is read by cutting. */
static uint64_t seen_number(const struct collector *c, const struct seen_record *s, uint16_t id)
{
	uint64_t value = seen_value(s, id), since_1970 = (value >> 32) - 2208988800u;

	if (id == 21 || id == 22)
		return seen_time_ms(c, s, id);
	if (id == 154 || id == 155)
		return since_1970 * 1000000 + (((value & UINT32_MAX) * 1000000) >> 32);
	if (id == 156 || id == 157)
		return since_1970 * NS_PER_S + (((value & UINT32_MAX) * NS_PER_S) >> 32);
	return value;
}

static void check_on_the_wire(
    const struct collector *c, const struct seen_record *s, uint16_t id, const struct record *r)
{
	const uint8_t *expected = octets_of(id, r);
	unsigned size = 0;
	const uint8_t *octets = seen_octets(s, id, &size);
	uint64_t number;

	ck_assert_uint_eq(
	    size, c->format == FORMAT_V9 ? registered(id)->v9 : registered(id)->ipfix);
	if (expected) {
		ck_assert_msg(memcmp(octets, expected, size) == 0, "octets of %u", id);
		return;
	}
	number = id == 21 ? r->end_ns / NS_PER_MS : 0;
	if (id == 22)
		number = r->start_ns / NS_PER_MS;
	else if (id != 21)
		number = number_of(id, r);
	if (id == 6 && c->format == FORMAT_V9)
		number &= 0xff;
	ck_assert_msg(seen_number(c, s, id) == number, "%s is %#" PRIx64 ", not %#" PRIx64,
	    registered(id)->name, seen_number(c, s, id), number);
}

START_TEST(each_value_on_the_wire_is_the_record_s)
{
	static const enum format formats[] = {FORMAT_V9, FORMAT_IPFIX};

	for (unsigned f = 0; f < 2; f++)
		for (unsigned class = 0; class < CLASS_COUNT; class ++) {
			struct collector c;
			struct encoder *e = encoder_of_all(&c, formats[f]);
			struct record r = record_with_all(class, T0);
			unsigned n = 0;

			encoder_record(e, &r);
			encoder_finish(e);
			ck_assert_uint_eq(c.flow_count, 1);
			for (size_t i = 0; i < REGISTRY_SIZE; i++) {
				const struct registered *g = &registry[i];
				bool has = (formats[f] == FORMAT_V9 ? g->v9 : g->ipfix) &&
				    belongs_to(g, class);

				ck_assert_msg(seen_has(&c.flows[0], g->id) == has, "%s", g->name);
				n += has;
				if (has)
					check_on_the_wire(&c, &c.flows[0], g->id, &r);
			}
			ck_assert_uint_eq(c.flows[0].template->count, n);
			encoder_destroy(e);
			collector_fini(&c);
		}
}
END_TEST

/* What the format would print. */
static void text_of(uint16_t id, const struct record *r, char out[64])
{
	const uint8_t *o = octets_of(id, r);

	switch (id) {
	case 8:
	case 12:
	case 130:
		inet_ntop(AF_INET, o, out, 64);
		break;
	case 27:
	case 28:
	case 131:
		inet_ntop(AF_INET6, o, out, 64);
		break;
	case 56:
	case 80:
		snprintf(
		    out, 64, "%02x:%02x:%02x:%02x:%02x:%02x", o[0], o[1], o[2], o[3], o[4], o[5]);
		break;
	case 70:
	case 71:
	case 72:
		snprintf(out, 64, "0x%02x%02x%02x", o[0], o[1], o[2]);
		break;
	case 351:
		snprintf(out, 64, "0x%016" PRIx64, number_of(id, r));
		break;
	default:
		snprintf(out, 64, "%" PRIu64, number_of(id, r));
	}
}

/* The one line behind the heading, if there is one. */
static const char *last_line(const struct collector *c, char *text, size_t size)
{
	size_t used = 0;
	char *line;

	for (size_t i = 0; i < c->message_count; i++) {
		ck_assert_uint_lt(used + c->messages[i].size, size);
		memcpy(text + used, c->messages[i].data, c->messages[i].size);
		used += c->messages[i].size;
	}
	text[used] = '\0';
	ck_assert_int_eq(text[used - 1], '\n');
	text[used - 1] = '\0';
	line = strrchr(text, '\n');
	return line ? line + 1 : text;
}

START_TEST(json_shows_each_value)
{
	for (unsigned class = 0; class < CLASS_COUNT; class ++) {
		struct collector c;
		struct encoder *e = encoder_of_all(&c, FORMAT_JSON);
		struct record r = record_with_all(class, T0);
		char text[8192], value[64], member[128];
		const char *line;

		encoder_record(e, &r);
		encoder_finish(e);
		line = last_line(&c, text, sizeof(text));
		for (size_t i = 0; i < REGISTRY_SIZE; i++) {
			const struct registered *g = &registry[i];
			const char *quote = octets_of(g->id, &r) || g->id == 351 ? "\"" : "";

			if (!g->ipfix)
				continue;
			text_of(g->id, &r, value);
			snprintf(
			    member, sizeof(member), "\"%s\":%s%s%s", g->name, quote, value, quote);
			ck_assert_msg((strstr(line, member) != NULL) == belongs_to(g, class),
			    "%s: %s", member, line);
			snprintf(member, sizeof(member), "\"%s\":", g->name);
			ck_assert((strstr(line, member) != NULL) == belongs_to(g, class));
		}
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

/* The name that CSV has for the column, and whether it is there already. */
static const char *column_of(uint16_t id)
{
	if (id == 8 || id == 27)
		return id == 8 ? "sourceAddress" : NULL;
	if (id == 12 || id == 28)
		return id == 12 ? "destinationAddress" : NULL;
	return registered(id)->name;
}

START_TEST(csv_shows_each_value_in_its_column)
{
	for (unsigned class = 0; class < CLASS_COUNT; class ++) {
		struct collector c;
		struct encoder *e = encoder_of_all(&c, FORMAT_CSV);
		struct record r = record_with_all(class, T0);
		char text[8192], value[64], heading[4096] = "", line[4096] = "";
		bool v6 = r.ip_version == 6;

		encoder_record(e, &r);
		encoder_finish(e);
		for (size_t i = 0; i < REGISTRY_SIZE; i++) {
			uint16_t id = registry[i].id;

			if (!registry[i].ipfix || !column_of(id))
				continue;
			text_of(id, &r, value);
			if (v6 && (id == 8 || id == 12))
				text_of(id == 8 ? 27 : 28, &r, value);
			else if (!belongs_to(&registry[i], class))
				value[0] = '\0';
			strcat(strcat(heading, heading[0] ? "," : ""), column_of(id));
			strcat(strcat(line, line[0] ? "," : ""), value);
		}
		strcat(line, "\r");
		ck_assert_str_eq(last_line(&c, text, sizeof(text)), line);
		ck_assert(strncmp(text, heading, strlen(heading)) == 0);
		ck_assert_int_eq(text[strlen(heading)], '\r');
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

Suite *element_suite(void)
{
	const TTest *const tests[] = {
	    each_element_is_as_registered,
	    names_are_found_whole_or_not_at_all,
	    each_value_on_the_wire_is_the_record_s,
	    json_shows_each_value,
	    csv_shows_each_value_in_its_column,
	};

	return SUITE_OF("element", tests);
}

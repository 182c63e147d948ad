#include "suites.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "support/collector.h"
#include "support/lines.h"
#include "util/rng.h"

#define DOMAIN 4000000000u

#define JSON_REST                                                                                 \
	"\"sourceTransportPort\":1234,\"destinationTransportPort\":80,\"protocolIdentifier\":6,"  \
	"\"ipClassOfService\":185,\"vlanId\":5,\"dot1qCustomerVlanId\":6,\"tcpControlBits\":283," \
	"\"packetDeltaCount\":3,\"octetDeltaCount\":1234,"                                        \
	"\"flowStartMilliseconds\":1767225600123,\"flowEndMilliseconds\":1767225601234,"          \
	"\"flowEndReason\":1,\"ingressInterface\":7,\"egressInterface\":8}\n"

START_TEST(json_is_one_object_a_line_with_ipfix_names)
{
	struct record r[] = {lines_tcp4(), lines_tcp4()};
	static const char line[] = "{\"sourceIPv4Address\":\"192.0.2.1\","
				   "\"destinationIPv4Address\":\"198.51.100.2\"," JSON_REST;
	const char *all = lines_written(FORMAT_JSON, r, 2);

	ck_assert_uint_eq(strlen(all), 2 * strlen(line));
	ck_assert(strncmp(all, line, strlen(line)) == 0);
	ck_assert_str_eq(all + strlen(line), line);
}
END_TEST

START_TEST(json_of_ipv6_has_its_own_addresses)
{
	struct record r = lines_tcp6();

	ck_assert_str_eq(lines_written(FORMAT_JSON, &r, 1),
	    "{\"sourceIPv6Address\":\"2001:db8::1\",\"destinationIPv6Address\":\"2001:db8::"
	    "2\"," JSON_REST);
}
END_TEST

START_TEST(json_of_icmp_has_type_and_code)
{
	struct record r = lines_icmp(4);
	const char *text = lines_written(FORMAT_JSON, &r, 1);

	ck_assert_ptr_nonnull(strstr(text, "\"icmpTypeCodeIPv4\":769,"));
	ck_assert_ptr_nonnull(strstr(text, "\"destinationTransportPort\":769,"));
	ck_assert_ptr_null(strstr(text, "icmpTypeCodeIPv6"));
	r = lines_icmp(6);
	ck_assert_ptr_nonnull(
	    strstr(lines_written(FORMAT_JSON, &r, 1), "\"icmpTypeCodeIPv6\":769,"));
	ck_assert_ptr_null(strstr(text, "icmpTypeCodeIPv4"));
}
END_TEST

START_TEST(json_of_the_largest_numbers_is_exact)
{
	struct record r = lines_tcp4();
	const char *text;

	r.octets = UINT64_MAX;
	r.packets = 1ull << 53;
	text = lines_written(FORMAT_JSON, &r, 1);
	ck_assert_ptr_nonnull(strstr(text, "\"octetDeltaCount\":18446744073709551615,"));
	ck_assert_ptr_nonnull(strstr(text, "\"packetDeltaCount\":9007199254740992,"));
}
END_TEST

#define CSV_HEAD                                                                         \
	"sourceAddress,destinationAddress,sourceTransportPort,destinationTransportPort," \
	"protocolIdentifier,ipClassOfService,vlanId,dot1qCustomerVlanId,tcpControlBits," \
	"packetDeltaCount,octetDeltaCount,flowStartMilliseconds,flowEndMilliseconds,"    \
	"flowEndReason,ingressInterface,egressInterface\r\n"

START_TEST(csv_has_one_heading_and_fixed_columns)
{
	struct record r[] = {lines_tcp4(), lines_tcp6(), lines_icmp(4)};

	ck_assert_str_eq(lines_written(FORMAT_CSV, r, 3),
	    CSV_HEAD "192.0.2.1,198.51.100.2,1234,80,6,185,5,6,283,3,1234,1767225600123,"
		     "1767225601234,1,7,8\r\n"
		     "2001:db8::1,2001:db8::2,1234,80,6,185,5,6,283,3,1234,1767225600123,"
		     "1767225601234,1,7,8\r\n"
		     "192.0.2.1,198.51.100.2,0,769,1,185,5,6,0,3,1234,1767225600123,1767225601234,"
		     "1,7,8\r\n");
}
END_TEST

START_TEST(csv_without_a_record_has_its_heading)
{
	ck_assert_str_eq(lines_written(FORMAT_CSV, NULL, 0), CSV_HEAD);
}
END_TEST

/* A line of commas would be a record of nothing. */
START_TEST(record_without_a_chosen_element_is_not_expressible)
{
	static const enum format formats[] = {FORMAT_JSON, FORMAT_CSV};

	for (unsigned f = 0; f < 2; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, formats[f]);
		struct record r[] = {lines_icmp(6), lines_tcp4(), lines_icmp(4)};
		struct encoder *e;
		char why[128];

		records_parse("icmpTypeCodeIPv4,icmpTypeIPv4", &o.records, why, sizeof(why));
		e = encoder_create(&o);
		ck_assert(!encoder_record(e, &r[0]));
		ck_assert(!encoder_record(e, &r[1]));
		ck_assert(encoder_record(e, &r[2]));
		encoder_finish(e);
		ck_assert_uint_eq(encoder_not_expressible(e)->no_elements, 2);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

/* CSV's columns of addresses are for both versions, whichever is named. */
START_TEST(csv_of_one_version_s_address_shows_both)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, FORMAT_CSV);
	struct record r[] = {lines_tcp4(), lines_tcp6()};
	static const char lines[] =
	    "vlanId,destinationAddress\r\n5,198.51.100.2\r\n5,2001:db8::2\r\n";
	struct encoder *e;
	char why[128];

	records_parse(
	    "vlanId,destinationIPv6Address,destinationIPv4Address", &o.records, why, sizeof(why));
	e = encoder_create(&o);
	encoder_record(e, &r[0]);
	encoder_record(e, &r[1]);
	encoder_finish(e);
	ck_assert_uint_eq(c.message_count, 2);
	ck_assert_uint_eq(c.messages[0].size + c.messages[1].size, strlen(lines));
	ck_assert_mem_eq(c.messages[1].data, lines + c.messages[0].size, c.messages[1].size);
	encoder_destroy(e);
	collector_fini(&c);
}
END_TEST

/* What printf() and inet_ntop() make of a value. */
static void expect_value(const struct element *e, const struct record *r, char *out, size_t size)
{
	static const struct export_constants constants = {.domain = DOMAIN};
	const uint8_t *octets = element_octets(e, r, &constants);
	unsigned long long number = element_number(e, r, &constants);

	switch (e->kind) {
	case ELEMENT_ADDRESS:
		inet_ntop(e->record_size == 4 ? AF_INET : AF_INET6, octets, out, (socklen_t)size);
		break;
	case ELEMENT_MAC:
		snprintf(out, size, "%02x:%02x:%02x:%02x:%02x:%02x", octets[0], octets[1],
		    octets[2], octets[3], octets[4], octets[5]);
		break;
	case ELEMENT_OCTETS:
		snprintf(out, size, "0x%02x%02x%02x", octets[0], octets[1], octets[2]);
		break;
	case ELEMENT_SEGMENT:
		snprintf(out, size, "0x%016llx", number);
		break;
	default:
		snprintf(out, size, "%llu", number);
		break;
	}
}

static struct record record_of_octets(unsigned class, unsigned seed)
{
	struct record r = record_of_class(class, LINES_T0);
	uint64_t times[] = {r.clock_ns, r.wall_ns};
	uint8_t version = r.ip_version, protocol = r.protocol;
	struct rng rng = {.state = seed};

	for (size_t i = 0; i < sizeof(r); i++)
		((uint8_t *)&r)[i] = seed ? (uint8_t)rng_next(&rng) : 0xff;
	r.clock_ns = times[0];
	r.wall_ns = times[1];
	r.ip_version = version;
	r.protocol = protocol;
	r.selector = 0;
	r.kind = RECORD_FLOW;
	return r;
}

/* Of JSON with this element alone. */
static void check_value(const struct element *e, const struct record *r)
{
	const char *quote = element_is_word(e) ? "\"" : "";
	struct collector c;
	struct encoder_options o = collector_options(&c, FORMAT_JSON);
	struct encoder *encoder;
	char value[128], line[256];

	o.records = (struct records_choice){.kind = RECORDS_LIST, .list = {e}, .count = 1};
	o.domain = DOMAIN;
	encoder = encoder_create(&o);
	encoder_record(encoder, r);
	encoder_finish(encoder);
	expect_value(e, r, value, sizeof(value));
	ck_assert_uint_le(strlen(value), element_longest(e));
	snprintf(line, sizeof(line), "{\"%s\":%s%s%s}\n", e->name, quote, value, quote);
	ck_assert_uint_eq(c.message_count, 1);
	ck_assert_uint_eq(c.messages[0].size, strlen(line));
	ck_assert_mem_eq(c.messages[0].data, line, strlen(line));
	encoder_destroy(encoder);
	collector_fini(&c);
}

START_TEST(each_element_is_spelled_as_its_kind)
{
	unsigned checked = 0;

	for (size_t i = 0; i < element_count; i++)
		for (unsigned seed = 0; seed < 4 * CLASS_COUNT; seed++) {
			const struct element *e = &element_table[i];
			struct record r = record_of_octets(seed % CLASS_COUNT, seed / CLASS_COUNT);

			if (!e->ipfix_size || !(e->classes >> flow_class_of(&r) & 1))
				continue;
			check_value(e, &r);
			checked++;
		}
	ck_assert_uint_gt(checked, 100);
}
END_TEST

/* All elements, each as long as it can be, are a line that a message holds. */
START_TEST(longest_values_are_foreseen)
{
	static const enum format formats[] = {FORMAT_JSON, FORMAT_CSV};

	for (unsigned n = 0; n < 2 * CLASS_COUNT; n++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, formats[n / CLASS_COUNT]);
		struct record r = record_of_octets(n % CLASS_COUNT, 0);
		struct encoder *e;

		o.records = (struct records_choice){.kind = RECORDS_LIST};
		for (size_t i = 0; i < element_count; i++)
			if (element_table[i].ipfix_size)
				o.records.list[o.records.count++] = &element_table[i];
		e = encoder_create(&o);
		ck_assert(encoder_record(e, &r));
		encoder_finish(e);
		for (size_t i = 0; i < c.message_count; i++)
			ck_assert_uint_eq(c.messages[i].data[c.messages[i].size - 1], '\n');
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

Suite *columns_suite(void)
{
	const TTest *const tests[] = {
	    json_is_one_object_a_line_with_ipfix_names,
	    json_of_ipv6_has_its_own_addresses,
	    json_of_icmp_has_type_and_code,
	    json_of_the_largest_numbers_is_exact,
	    csv_has_one_heading_and_fixed_columns,
	    csv_without_a_record_has_its_heading,
	    record_without_a_chosen_element_is_not_expressible,
	    csv_of_one_version_s_address_shows_both,
	    each_element_is_spelled_as_its_kind,
	    longest_values_are_foreseen,
	};

	return SUITE_OF("columns", tests);
}

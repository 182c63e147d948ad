#include "suites.h"

#include <stdlib.h>
#include <string.h>

#include "export/board.h"
#include "support/collector.h"
#include "util/units.h"

#define T0 (1767225600ull * NS_PER_S) /* 2026-01-01 00:00:00 UTC */

static char text[100000];

/* What the format writes of these records. */
static const char *written(enum format format, const struct record *records, size_t n)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, format);
	struct encoder *e = encoder_create(&o);
	size_t used = 0;

	for (size_t i = 0; i < n; i++)
		encoder_record(e, &records[i]);
	encoder_finish(e);
	for (size_t i = 0; i < c.message_count; i++) {
		memcpy(text + used, c.messages[i].data, c.messages[i].size);
		used += c.messages[i].size;
	}
	text[used] = '\0';
	encoder_destroy(e);
	collector_fini(&c);
	return text;
}

static struct record tcp4(void)
{
	struct record r = record_at(T0 + 1234567890);

	r.start_ns = T0 + 123999999;
	r.egress = 8;
	return r;
}

static struct record tcp6(void)
{
	struct record r = tcp4();

	memcpy(r.src, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	memcpy(r.dst, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2", 16);
	r.ip_version = 6;
	return r;
}

static struct record icmp(uint8_t version)
{
	struct record r = version == 4 ? tcp4() : tcp6();

	r.protocol = version == 4 ? 1 : 58;
	r.src_port = 0;
	r.dst_port = 0x0301;
	r.icmp_type = 3;
	r.icmp_code = 1;
	r.tcp_flags = 0;
	return r;
}

#define JSON_REST                                                                                 \
	"\"sourceTransportPort\":1234,\"destinationTransportPort\":80,\"protocolIdentifier\":6,"  \
	"\"ipClassOfService\":185,\"vlanId\":5,\"dot1qCustomerVlanId\":6,\"tcpControlBits\":283," \
	"\"packetDeltaCount\":3,\"octetDeltaCount\":1234,"                                        \
	"\"flowStartMilliseconds\":1767225600123,\"flowEndMilliseconds\":1767225601234,"          \
	"\"flowEndReason\":1,\"ingressInterface\":7,\"egressInterface\":8}\n"

START_TEST(json_is_one_object_a_line_with_ipfix_names)
{
	struct record r[] = {tcp4(), tcp4()};
	static const char line[] = "{\"sourceIPv4Address\":\"192.0.2.1\","
				   "\"destinationIPv4Address\":\"198.51.100.2\"," JSON_REST;
	const char *all = written(FORMAT_JSON, r, 2);

	ck_assert_uint_eq(strlen(all), 2 * strlen(line));
	ck_assert(strncmp(all, line, strlen(line)) == 0);
	ck_assert_str_eq(all + strlen(line), line);
}
END_TEST

START_TEST(json_of_ipv6_has_its_own_addresses)
{
	struct record r = tcp6();

	ck_assert_str_eq(written(FORMAT_JSON, &r, 1),
	    "{\"sourceIPv6Address\":\"2001:db8::1\",\"destinationIPv6Address\":\"2001:db8::"
	    "2\"," JSON_REST);
}
END_TEST

START_TEST(json_of_icmp_has_type_and_code)
{
	struct record r = icmp(4);

	ck_assert_ptr_nonnull(strstr(written(FORMAT_JSON, &r, 1), "\"icmpTypeCodeIPv4\":769,"));
	ck_assert_ptr_nonnull(strstr(text, "\"destinationTransportPort\":769,"));
	ck_assert_ptr_null(strstr(text, "icmpTypeCodeIPv6"));
	r = icmp(6);
	ck_assert_ptr_nonnull(strstr(written(FORMAT_JSON, &r, 1), "\"icmpTypeCodeIPv6\":769,"));
	ck_assert_ptr_null(strstr(text, "icmpTypeCodeIPv4"));
}
END_TEST

START_TEST(json_of_the_largest_numbers_is_exact)
{
	struct record r = tcp4();

	r.octets = UINT64_MAX;
	r.packets = 1ull << 53;
	written(FORMAT_JSON, &r, 1);
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
	struct record r[] = {tcp4(), tcp6(), icmp(4)};

	ck_assert_str_eq(written(FORMAT_CSV, r, 3),
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
	ck_assert_str_eq(written(FORMAT_CSV, NULL, 0), CSV_HEAD);
}
END_TEST

START_TEST(json_and_text_without_a_record_are_empty)
{
	ck_assert_str_eq(written(FORMAT_JSON, NULL, 0), "");
	ck_assert_str_eq(written(FORMAT_TEXT, NULL, 0), "");
}
END_TEST

/* Headings are for the top of a file: no refresh brings them again. */
/* Other interfaces, or a pipe that nobody read for a while, are no reason for another one. */
START_TEST(headings_are_not_repeated)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, FORMAT_CSV);
	struct encoder *e;
	struct record r = tcp4();
	size_t headings = 0;

	o.board = board_create();
	e = encoder_create(&o);
	for (unsigned i = 0; i < 4; i++) {
		r.clock_ns += 10 * NS_PER_S;
		r.wall_ns += 10 * NS_PER_S;
		encoder_record(e, &r);
		if (i == 1)
			board_put(o.board, calloc(1, sizeof(struct interface_info)), 1);
		if (i == 2)
			encoder_doubt(e);
	}
	encoder_finish(e);
	for (size_t i = 0; i < c.message_count; i++)
		headings += !memcmp(c.messages[i].data, "sourceAddress", 13);
	ck_assert_uint_eq(headings, 1);
	encoder_destroy(e);
	board_destroy(o.board);
	collector_fini(&c);
}
END_TEST

START_TEST(headings_come_once)
{
	struct record r[3];

	for (unsigned i = 0; i < 3; i++) {
		r[i] = tcp4();
		r[i].clock_ns += i * 3600 * NS_PER_S;
		r[i].wall_ns = r[i].clock_ns;
	}
	written(FORMAT_CSV, r, 3);
	ck_assert_ptr_null(strstr(text + 10, "sourceAddress"));
	written(FORMAT_TEXT, r, 3);
	ck_assert_ptr_null(strstr(text + 10, "Start"));
}
END_TEST

/* The words of a line, without what aligns them. */
static void check_text_line(const struct record *r, const char *expected)
{
	char line[1024] = "";
	char *word;

	word = strtok(strchr(written(FORMAT_TEXT, r, 1), '\n'), " \n");
	for (; word; word = strtok(NULL, " \n")) {
		strcat(line, line[0] ? " " : "");
		strcat(line, word);
	}
	ck_assert_str_eq(line, expected);
}

START_TEST(text_shows_a_tcp_flow)
{
	struct record r = tcp4();

	check_text_line(&r,
	    "2026-01-01 00:00:00.123 1.111 TCP 192.0.2.1:1234 -> 198.51.100.2:80 "
	    "...AP.SF 3 1234");
}
END_TEST

START_TEST(text_shows_ipv6_ports_behind_brackets)
{
	struct record r = tcp6();

	check_text_line(&r,
	    "2026-01-01 00:00:00.123 1.111 TCP [2001:db8::1]:1234 -> "
	    "[2001:db8::2]:80 ...AP.SF 3 1234");
}
END_TEST

START_TEST(text_shows_icmp_type_and_code)
{
	struct record r = icmp(4);

	check_text_line(
	    &r, "2026-01-01 00:00:00.123 1.111 ICMP 192.0.2.1 -> 198.51.100.2 3/1 3 1234");
	r = icmp(6);
	check_text_line(
	    &r, "2026-01-01 00:00:00.123 1.111 ICMPv6 2001:db8::1 -> 2001:db8::2 3/1 3 1234");
}
END_TEST

START_TEST(text_shows_unnamed_protocols_by_number)
{
	struct record r = tcp4();

	r.protocol = 200;
	check_text_line(&r, "2026-01-01 00:00:00.123 1.111 200 192.0.2.1 -> 198.51.100.2 3 1234");
}
END_TEST

START_TEST(text_shows_each_flag_by_its_letter)
{
	static const char letters[] = "CEUAPRSF";

	for (unsigned bit = 0; bit < 8; bit++) {
		struct record r = tcp4();
		char flags[] = " ........ ";

		r.tcp_flags = (uint16_t)(0x80 >> bit);
		flags[1 + bit] = letters[bit];
		ck_assert_ptr_nonnull(strstr(written(FORMAT_TEXT, &r, 1), flags));
	}
}
END_TEST

START_TEST(text_lines_are_aligned)
{
	struct record r[] = {tcp4(), icmp(4), tcp4()};
	const char *line = written(FORMAT_TEXT, r, 3);
	size_t length = strcspn(line, "\n");

	r[2].octets = 99999999999;
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_uint_eq(strcspn(line, "\n"), length);
		line += length + 1;
	}
	ck_assert_str_eq(line, "");
}
END_TEST

/* A line of commas would be a record of nothing. */
START_TEST(record_without_a_chosen_element_is_not_expressible)
{
	static const enum format formats[] = {FORMAT_JSON, FORMAT_CSV};

	for (unsigned f = 0; f < 2; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, formats[f]);
		struct record r[] = {icmp(6), tcp4(), icmp(4)};
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
	struct record r[] = {tcp4(), tcp6()};
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

/* Many lines leave as several messages, each of whole lines. */
START_TEST(messages_end_with_a_line)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, FORMAT_JSON);
	struct encoder *e = encoder_create(&o);
	struct record r = tcp4();
	uint32_t records = 0;

	for (unsigned i = 0; i < 1000; i++)
		encoder_record(e, &r);
	encoder_finish(e);
	ck_assert_uint_gt(c.message_count, 1);
	for (size_t i = 0; i < c.message_count; i++) {
		ck_assert_uint_eq(c.messages[i].data[0], '{');
		ck_assert_uint_eq(c.messages[i].data[c.messages[i].size - 1], '\n');
		ck_assert_uint_le(c.messages[i].size, 65536);
		ck_assert_uint_eq(c.messages[i].records, c.messages[i].wire_records);
		records += c.messages[i].records;
	}
	ck_assert_uint_eq(records, 1000);
	encoder_destroy(e);
	collector_fini(&c);
}
END_TEST

START_TEST(lines_wait_a_second_at_most)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, FORMAT_JSON);
	struct encoder *e = encoder_create(&o);
	struct record r = record_at(T0);

	encoder_record(e, &r);
	encoder_tick(e, T0 + NS_PER_S - 1, T0 + NS_PER_S - 1);
	ck_assert_uint_eq(c.message_count, 0);
	encoder_tick(e, T0 + NS_PER_S, T0 + NS_PER_S);
	ck_assert_uint_eq(c.message_count, 1);
	encoder_destroy(e);
	collector_fini(&c);
}
END_TEST

Suite *text_suite(void)
{
	const TTest *const tests[] = {
	    json_is_one_object_a_line_with_ipfix_names,
	    json_of_ipv6_has_its_own_addresses,
	    json_of_icmp_has_type_and_code,
	    json_of_the_largest_numbers_is_exact,
	    csv_has_one_heading_and_fixed_columns,
	    csv_without_a_record_has_its_heading,
	    json_and_text_without_a_record_are_empty,
	    headings_are_not_repeated,
	    headings_come_once,
	    text_shows_a_tcp_flow,
	    text_shows_ipv6_ports_behind_brackets,
	    text_shows_icmp_type_and_code,
	    text_shows_unnamed_protocols_by_number,
	    text_shows_each_flag_by_its_letter,
	    text_lines_are_aligned,
	    record_without_a_chosen_element_is_not_expressible,
	    csv_of_one_version_s_address_shows_both,
	    messages_end_with_a_line,
	    lines_wait_a_second_at_most,
	};

	return SUITE_OF("text", tests);
}

#include "suites.h"

#include <stdlib.h>
#include <string.h>

#include "export/board.h"
#include "support/collector.h"
#include "support/lines.h"

START_TEST(json_and_text_without_a_record_are_empty)
{
	ck_assert_str_eq(lines_written(FORMAT_JSON, NULL, 0), "");
	ck_assert_str_eq(lines_written(FORMAT_TEXT, NULL, 0), "");
}
END_TEST

/* Headings are for the top of a file: no refresh brings them again. */
/* Other interfaces, or a pipe that nobody read for a while, are no reason for another one. */
START_TEST(headings_are_not_repeated)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, FORMAT_CSV);
	struct encoder *e;
	struct record r = lines_tcp4();
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
		r[i] = lines_tcp4();
		r[i].clock_ns += i * 3600 * NS_PER_S;
		r[i].wall_ns = r[i].clock_ns;
	}
	ck_assert_ptr_null(strstr(lines_written(FORMAT_CSV, r, 3) + 10, "sourceAddress"));
	ck_assert_ptr_null(strstr(lines_written(FORMAT_TEXT, r, 3) + 10, "Start"));
}
END_TEST

/* The words of a line, without what aligns them. */
static void check_text_line(const struct record *r, const char *expected)
{
	char line[1024] = "";
	char *word;

	word = strtok(strchr(lines_written(FORMAT_TEXT, r, 1), '\n'), " \n");
	for (; word; word = strtok(NULL, " \n")) {
		strcat(line, line[0] ? " " : "");
		strcat(line, word);
	}
	ck_assert_str_eq(line, expected);
}

START_TEST(text_shows_a_tcp_flow)
{
	struct record r = lines_tcp4();

	check_text_line(&r,
	    "2026-01-01 00:00:00.123 1.111 TCP 192.0.2.1:1234 -> 198.51.100.2:80 "
	    "...AP.SF 3 1234");
}
END_TEST

START_TEST(text_shows_ipv6_ports_behind_brackets)
{
	struct record r = lines_tcp6();

	check_text_line(&r,
	    "2026-01-01 00:00:00.123 1.111 TCP [2001:db8::1]:1234 -> "
	    "[2001:db8::2]:80 ...AP.SF 3 1234");
}
END_TEST

START_TEST(text_shows_icmp_type_and_code)
{
	struct record r = lines_icmp(4);

	check_text_line(
	    &r, "2026-01-01 00:00:00.123 1.111 ICMP 192.0.2.1 -> 198.51.100.2 3/1 3 1234");
	r = lines_icmp(6);
	check_text_line(
	    &r, "2026-01-01 00:00:00.123 1.111 ICMPv6 2001:db8::1 -> 2001:db8::2 3/1 3 1234");
}
END_TEST

START_TEST(text_shows_unnamed_protocols_by_number)
{
	struct record r = lines_tcp4();

	r.protocol = 200;
	check_text_line(&r, "2026-01-01 00:00:00.123 1.111 200 192.0.2.1 -> 198.51.100.2 3 1234");
}
END_TEST

/* From a time before the last line's, too, and over midnight. */
START_TEST(text_shows_the_day_of_each_line)
{
	static const char *const days[] = {"2026-01-01 23:59:59.999", "2026-01-02 00:00:00.000",
	    "1970-01-01 00:00:00.000", "2026-01-02 09:08:07.006", "2554-07-21 23:34:33.709"};
	static const uint64_t starts[] = {LINES_T0 + 86399999999999, LINES_T0 + 86400000000000, 0,
	    LINES_T0 + 119287006000000, UINT64_MAX};
	struct record r[5];
	const char *line;

	for (unsigned i = 0; i < 5; i++) {
		r[i] = lines_tcp4();
		r[i].start_ns = starts[i];
		r[i].end_ns = starts[i];
	}
	line = lines_written(FORMAT_TEXT, r, 5);
	for (unsigned i = 0; i < 5; i++) {
		line = strchr(line, '\n') + 1;
		ck_assert(strncmp(line, days[i], strlen(days[i])) == 0);
	}
}
END_TEST

/* What is wider than its column moves the others; what is narrower does not. */
START_TEST(text_of_the_largest_values_is_whole)
{
	struct record r = lines_tcp6();
	static const char wanted[] =
	    "1970-01-01 00:00:00.000 18446744073.709 TCP     "
	    "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535 -> "
	    "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535 CEUAPRSF 18446744073709551615 "
	    "18446744073709551614\n";

	memset(r.src, 0xff, 16);
	memset(r.dst, 0xff, 16);
	r.src_port = UINT16_MAX;
	r.dst_port = UINT16_MAX;
	r.tcp_flags = 0xff;
	r.start_ns = 0;
	r.end_ns = UINT64_MAX;
	r.packets = UINT64_MAX;
	r.octets = UINT64_MAX - 1;
	ck_assert_str_eq(strchr(lines_written(FORMAT_TEXT, &r, 1), '\n') + 1, wanted);
}
END_TEST

START_TEST(text_shows_each_flag_by_its_letter)
{
	static const char letters[] = "CEUAPRSF";

	for (unsigned bit = 0; bit < 8; bit++) {
		struct record r = lines_tcp4();
		char flags[] = " ........ ";

		r.tcp_flags = (uint16_t)(0x80 >> bit);
		flags[1 + bit] = letters[bit];
		ck_assert_ptr_nonnull(strstr(lines_written(FORMAT_TEXT, &r, 1), flags));
	}
}
END_TEST

START_TEST(text_lines_are_aligned)
{
	struct record r[] = {lines_tcp4(), lines_icmp(4), lines_tcp4()};
	const char *line = lines_written(FORMAT_TEXT, r, 3);
	size_t length = strcspn(line, "\n");

	r[2].octets = 99999999999;
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_uint_eq(strcspn(line, "\n"), length);
		line += length + 1;
	}
	ck_assert_str_eq(line, "");
}
END_TEST

/* Many lines leave as several messages, each of whole lines. */
START_TEST(messages_end_with_a_line)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, FORMAT_JSON);
	struct encoder *e = encoder_create(&o);
	struct record r = lines_tcp4();
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
	struct record r = record_at(LINES_T0);

	encoder_record(e, &r);
	encoder_tick(e, LINES_T0 + NS_PER_S - 1, LINES_T0 + NS_PER_S - 1);
	ck_assert_uint_eq(c.message_count, 0);
	encoder_tick(e, LINES_T0 + NS_PER_S, LINES_T0 + NS_PER_S);
	ck_assert_uint_eq(c.message_count, 1);
	encoder_destroy(e);
	collector_fini(&c);
}
END_TEST

Suite *text_suite(void)
{
	const TTest *const tests[] = {
	    json_and_text_without_a_record_are_empty,
	    headings_are_not_repeated,
	    headings_come_once,
	    text_shows_a_tcp_flow,
	    text_shows_ipv6_ports_behind_brackets,
	    text_shows_icmp_type_and_code,
	    text_shows_unnamed_protocols_by_number,
	    text_shows_the_day_of_each_line,
	    text_of_the_largest_values_is_whole,
	    text_shows_each_flag_by_its_letter,
	    text_lines_are_aligned,
	    messages_end_with_a_line,
	    lines_wait_a_second_at_most,
	};

	return SUITE_OF("text", tests);
}

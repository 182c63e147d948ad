#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/report.h"
#include "support/json_valid.h"
#include "support/overview.h"
#include "util/units.h"

static char *printed;

static const char *print(
    void (*report)(FILE *, const struct overview *, bool), const struct overview *o, bool json)
{
	size_t size;
	FILE *out;

	free(printed);
	out = open_memstream(&printed, &size);
	report(out, o, json);
	fclose(out);
	return printed;
}

static void has(const char *text, const char *wanted)
{
	ck_assert_msg(strstr(text, wanted) != NULL, "'%s' is not in:\n%s", wanted, text);
}

static const char *short_of(double value)
{
	static char text[REPORT_SHORT_SIZE];

	return report_short(value, text);
}

START_TEST(short_numbers_at_each_boundary)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = {{0, "0"}, {0.4, "0"}, {0.6, "1"}, {999, "999"}, {1000, "1000"}, {9999, "9999"},
	    {9999.4, "9999"}, {9999.5, "10.0k"}, {10000, "10.0k"}, {12345, "12.3k"},
	    {99949, "99.9k"}, {99950, "100k"}, {123456, "123k"}, {999499, "999k"},
	    {999500, "1.00M"}, {1e6, "1.00M"}, {1234567, "1.23M"}, {9994999, "9.99M"},
	    {9995001, "10.0M"}, {99.949e6, "99.9M"}, {99.951e6, "100M"}, {999.499e6, "999M"},
	    {999.5e6, "1.00G"}, {1e9, "1.00G"}, {1e12, "1.00T"}, {999.5e12, "1.00P"},
	    {1e15, "1.00P"}, {1e18, "1.00E"}, {18446744073709551615., "18.4E"},
	    {8 * 18446744073709551615., "148E"}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		ck_assert_str_eq(short_of(rows[i].value), rows[i].text);
}
END_TEST

START_TEST(short_numbers_have_five_characters_at_most)
{
	static const char units[] = "kMGTPE";
	char digits[REPORT_SHORT_SIZE];
	static const double steps[] = {1, 9.4949, 9.4951, 9.9949, 9.9951, 9.9999, 1.2345, 5.5555};

	for (double power = 1; power < 1e20; power *= 10)
		for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
			double value = power * steps[i], back;
			const char *text = short_of(value), *unit;

			ck_assert_msg(strlen(text) <= 5, "%f: %s", value, text);
			/* And are right to half of their last digit. */
			unit = text + strspn(text, "0123456789.");
			snprintf(digits, sizeof(digits), "%.*s", (int)(unit - text), text);
			back = strtod(digits, NULL);
			for (const char *u = units; *unit && u <= strchr(units, *unit); u++)
				back *= 1000;
			ck_assert_msg(back >= value * 0.994 - 0.51 && back <= value * 1.006 + 0.51,
			    "%f: %s", value, short_of(value));
		}
}
END_TEST

START_TEST(status_as_text)
{
	struct overview o;

	overview_example(&o, 1000);
	print(report_status, &o, false);
	has(printed, "spanflow 1.2.3  up 2d 3:04:05  2 workers\n");
	has(printed, "packets         1000  received     500/s   4000bit/s\n");
	has(printed, "                 900  metered\n");
	has(printed, "                  40  not sampled\n");
	has(printed, "                  60  ignored\n");
	has(printed, "                   8  dropped        4/s  by kernel and interfaces\n");
	has(printed, "flows             10  active        15/s new  most 20 of 1000000\n");
	has(printed, "records           20  ended         10/s\n");
	has(printed, "                   5  ended early: table full\n");
	has(printed, "                   3  dropped: ring full\n");
	has(printed, "collectors      sent sent/s queue drops  errs\n");
	has(printed, "ok                12      6     2     3     4 udp://c:1 (ipfix)\n");
	has(printed, "failed             0      0     0     0     0 udp://d:2 (9, group g)\n");
}
END_TEST

/* Where the numbers of a report end. */
static void check_columns(const char *text)
{
	size_t column = 0;

	for (const char *line = strchr(text, '\n') + 1; *line; line = strchr(line, '\n') + 1) {
		const char *number = line + 9;
		size_t end;

		if (strncmp(line, "collectors", 10) == 0 || strncmp(line, "no address", 10) == 0)
			number++;
		number += strspn(number, " ");
		end = (size_t)(number - line) + strcspn(number, " ");
		if (column == 0)
			column = end;
		ck_assert_msg(end == column, "%zu, not %zu:\n%s", end, column, text);
	}
}

START_TEST(numbers_stand_below_each_other_however_large)
{
	static const uint64_t sizes[] = {
	    1000, 1000000000000, 100000000000000, 1000000000000000, UINT64_MAX / 1000 * 1000};
	struct overview o;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		overview_example(&o, sizes[i]);
		check_columns(print(report_status, &o, false));
	}
}
END_TEST

/* A terminal has room for a collector of IPv4; a longer one stands in a row of its own. */
START_TEST(collectors_fit_a_usual_terminal)
{
	struct overview o;

	overview_example(&o, 1000);
	o.now.collectors[0].url = "udp://192.168.100.100:4739";
	o.now.collectors[1].url = "udp://flow-collector-01.dc1.example.net:2055";
	print(report_collectors, &o, false);
	ck_assert_str_eq(printed,
	    "collectors      sent sent/s queue drops  errs\n"
	    "ok                12      6     2     3     4 udp://192.168.100.100:4739 (ipfix)\n"
	    "failed             0      0     0     0     0\n"
	    "            udp://flow-collector-01.dc1.example.net:2055 (9, group g)\n");
}
END_TEST

START_TEST(status_before_anything_came)
{
	struct overview o = {.version = "1", .workers = 1};

	has(print(report_status, &o, false), "up 0:00:00  1 worker\n");
	ck_assert(json_valid(print(report_status, &o, true)));
	ck_assert_str_eq(print(report_collectors, &o, true), "[]\n");
}
END_TEST

START_TEST(json_has_all_on_one_line)
{
	void (*const reports[])(FILE *, const struct overview *, bool) = {
	    report_status, report_stats, report_collectors};
	struct overview o;

	overview_example(&o, UINT64_MAX / 1000 * 1000);
	for (size_t i = 0; i < 3; i++) {
		const char *text = print(reports[i], &o, true);

		ck_assert_msg(json_valid(text), "%s", text);
		ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
	}
	overview_example(&o, 1000);
	print(report_status, &o, true);
	has(printed, "\"version\":\"1.2.3\"");
	has(printed,
	    "\"received\":1000,\"metered\":900,\"notSampled\":40,\"ignored\":60,\"dropped\":8");
	has(printed, "\"rates\":{\"packets\":500.000,\"octets\":500.000,\"dropped\":4.000,");
	print(report_collectors, &o, true);
	has(printed,
	    "{\"url\":\"udp://c:1\",\"format\":\"ipfix\",\"state\":\"ok\",\"sent\":12,"
	    "\"sentRate\":6.000,\"queued\":2,\"dropped\":3,\"errors\":4,\"messages\":7,\"bytes\":"
	    "700}");
	has(printed, "\"url\":\"udp://d:2\",\"group\":\"g\"");
}
END_TEST

START_TEST(stats_are_the_ledger)
{
	struct overview o;
	char *wanted;
	size_t size;
	FILE *out = open_memstream(&wanted, &size);

	overview_example(&o, 1000);
	ledger_print_json(out, &o.now.ledger);
	fclose(out);
	ck_assert_str_eq(print(report_stats, &o, true), wanted);
	free(wanted);
	has(print(report_stats, &o, false), "records sent");
}
END_TEST

static const char *print_interfaces(const struct report_interface *list, size_t n, bool json)
{
	size_t size;
	FILE *out;

	free(printed);
	out = open_memstream(&printed, &size);
	report_interfaces(out, list, n, json);
	fclose(out);
	return printed;
}

START_TEST(interfaces_have_their_counters)
{
	const struct report_interface list[] = {
	    {.name = "eth1",
		.description = "span",
		.state = "ok",
		.index = 2,
		.mtu = 1500,
		.speed_mbit = 10000,
		.mac = {2, 0, 0, 0, 0, 1},
		.is_there = true,
		.counts = {"eth1", 12345678901234, 23456, 7},
		.received_rate = 81234.5},
	    {.name = "eth2",
		.description = "",
		.state = "ok",
		.is_there = true,
		.counts = {"eth2", 0, 0, 0}},
	};

	print_interfaces(list, 2, false);
	ck_assert_str_eq(printed,
	    "interface state       pkts pkt/s drops index mac                 mtu bit/s\n"
	    "eth1      ok         12.3T 81.2k 23.5k     2 02:00:00:00:00:01  1500 10.0G\n"
	    "          span\n"
	    "eth2      ok             0     0     0     - -                     -     -\n");
	print_interfaces(list, 2, true);
	ck_assert(json_valid(printed));
	has(printed,
	    "\"speedMegabits\":10000,\"received\":12345678901234,\"receivedRate\":81234.500,"
	    "\"droppedKernel\":23456,\"droppedInterface\":7}");
}
END_TEST

START_TEST(interfaces_that_are_not_there_have_no_rate)
{
	struct report_interface row = {.name = "enp59s0f0np0.77",
	    .description = "",
	    .state = "gone",
	    .index = 12345,
	    .mtu = 1500,
	    .speed_mbit = 10000,
	    .mac = {2, 0, 0, 0, 0, 1},
	    .counts = {"enp59s0f0np0.77", 9999, 0, 0}};

	print_interfaces(&row, 1, false);
	has(printed,
	    "\nenp59s0f0np0.77 gone        9999     -     0 12345 -                     -     -\n");
	row.is_there = true;
	print_interfaces(&row, 1, false);
	has(printed,
	    "\nenp59s0f0np0.77 gone        9999     0     0 12345 02:00:00:00:00:01  1500 10.0G\n");
	ck_assert_uint_eq(strlen(strchr(printed, '\n') + 1), 81);
	row.is_there = false;
	print_interfaces(&row, 1, true);
	has(printed, "\"mac\":\"02:00:00:00:00:01\",\"mtu\":1500,\"speedMegabits\":10000");
}
END_TEST

START_TEST(status_names_who_lost_most_of_several)
{
	struct ledger_interface list[] = {
	    {"eth1", 1, 4, 0}, {"e\x1b[2J", 1, 0, 5}, {"eth3", 1, 3, 1}};
	struct overview o;

	overview_example(&o, 1000);
	o.now.ledger.interfaces = list;
	o.now.ledger.interface_count = 3;
	has(print(report_status, &o, false),
	    "                   8  dropped        4/s  most at e\\x1b[2J\n");
	o.now.ledger.interface_count = 1;
	has(print(report_status, &o, false), "/s  by kernel and interfaces\n");
	o.now.ledger.interface_count = 3;
	for (size_t i = 0; i < 3; i++)
		list[i].dropped_kernel = list[i].dropped_interface = 0;
	has(print(report_status, &o, false), "/s  by kernel and interfaces\n");
}
END_TEST

/* Whoever may set a description is not always the one whose terminal it is. */
START_TEST(interfaces_bring_no_orders_to_a_terminal)
{
	struct report_interface row = {.name = "e\x1b[2Jth",
	    .description = "a\x1b]0;b\x07 \xc2\x9b"
			   "2J \xc3\xbc\xff",
	    .state = "ok"};

	print_interfaces(&row, 1, false);
	has(printed, "\ne\\x1b[2Jth ");
	has(printed, " a\\x1b]0;b\\x07 \\xc2\\x9b2J \xc3\xbc\\xff\n");
}
END_TEST

START_TEST(collectors_bring_none_either)
{
	struct overview o;

	overview_example(&o, 1000);
	o.now.collectors[0].url = "file:/tmp/\x1b[2J";
	o.now.collectors[0].format = "json";
	o.now.collectors[0].group = "g\x07";
	print(report_collectors, &o, false);
	has(printed, "file:/tmp/\\x1b[2J (json, group g\\x07)\n");
	print(report_stats, &o, false);
	has(printed, "file:/tmp/\\x1b[2J (json, group g\\x07)\n");
}
END_TEST

Suite *report_suite(void)
{
	const TTest *const tests[] = {short_numbers_at_each_boundary,
	    short_numbers_have_five_characters_at_most, status_as_text,
	    numbers_stand_below_each_other_however_large, status_before_anything_came,
	    collectors_fit_a_usual_terminal, interfaces_that_are_not_there_have_no_rate,
	    json_has_all_on_one_line, stats_are_the_ledger, interfaces_have_their_counters,
	    status_names_who_lost_most_of_several, interfaces_bring_no_orders_to_a_terminal,
	    collectors_bring_none_either};

	return SUITE_OF("report", tests);
}

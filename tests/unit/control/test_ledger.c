#include "suites.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/ledger.h"

/* What SPEC section 6 shows, with these names and this order. */
#define EMPTY                                                                                     \
	"{\"packets\":{\"received\":0,\"metered\":0,\"not_sampled\":0,"                           \
	"\"ignored\":{\"non_ip\":0,\"malformed\":0,\"truncated\":0},"                             \
	"\"dropped_kernel\":0,\"dropped_interface\":0},"                                          \
	"\"octets\":{\"metered\":0},\"notes\":{},"                                                \
	"\"flows\":{\"created\":0,\"active\":0,\"peak\":0},"                                      \
	"\"records\":{\"total\":0,\"packets\":0,\"octets\":0,\"ended\":{\"idle\":0,\"active\":0," \
	"\"end_of_flow\":0,\"forced\":0,\"no_resources\":0},\"handed\":0,\"ring_dropped\":0},"    \
	"\"collectors\":["

static char *printed;

static const char *print_json(const struct ledger *l)
{
	size_t size;
	FILE *out;

	free(printed);
	out = open_memstream(&printed, &size);
	ledger_print_json(out, l);
	fclose(out);
	return printed;
}

static const char *print_text(const struct ledger *l)
{
	size_t size;
	FILE *out;

	free(printed);
	out = open_memstream(&printed, &size);
	ledger_print_text(out, l);
	fclose(out);
	return printed;
}

START_TEST(empty_ledger_has_the_members_of_the_specification)
{
	struct ledger l = {.handed = 0};

	ck_assert_str_eq(print_json(&l), EMPTY "]}\n");
}
END_TEST

START_TEST(collector_has_the_members_of_the_specification)
{
	struct ledger_collector c = {.url = "udp://127.0.0.1:9995", .format = "ipfix"};
	struct ledger l = {.collectors = &c, .collector_count = 1};

	ck_assert_str_eq(print_json(&l),
	    EMPTY "{\"url\":\"udp://127.0.0.1:9995\",\"format\":\"ipfix\",\"records\":0,\"sent\":0,"
		  "\"queued\":0,\"not_expressible\":{},\"dropped\":{},\"wire_records\":0,"
		  "\"messages\":0,\"bytes\":0,\"errors\":{}}]}\n");
}
END_TEST

START_TEST(member_of_a_group_says_which)
{
	struct ledger_collector c = {.url = "udp://h:1", .group = "site", .format = "9"};
	struct ledger l = {.collectors = &c, .collector_count = 1};

	ck_assert_ptr_nonnull(
	    strstr(print_json(&l), "{\"url\":\"udp://h:1\",\"group\":\"site\",\"format\":\"9\","));
	ck_assert_ptr_nonnull(strstr(print_text(&l), "udp://h:1 (9, group site)\n"));
}
END_TEST

/* Every counter has a number of its own, so that no two can be mixed up. */
static struct ledger filled(struct ledger_collector *c)
{
	struct ledger l = {.packets = {.received = 1,
			       .metered = 2,
			       .metered_octets = 3,
			       .not_sampled = 4,
			       .dropped_kernel = 5,
			       .dropped_interface = 6},
	    .flows =
		{.created = 7, .active = 8, .peak = 9, .ended_packets = 10, .ended_octets = 11},
	    .handed = 12,
	    .ring_dropped = 13,
	    .collectors = c,
	    .collector_count = 2};

	for (unsigned i = 1; i < IGNORED_COUNT; i++)
		l.packets.ignored[i] = 100 + i;
	for (unsigned i = 0; i < NOTE_COUNT; i++)
		l.packets.notes[i] = 200 + i;
	for (unsigned i = 1; i < END_REASON_COUNT; i++)
		l.flows.ended[i] = 300 + i;
	c[0] = (struct ledger_collector){.url = "stdout", .format = "json", .records = 20};
	c[1] = (struct ledger_collector){.url = "udp://h:1",
	    .format = "5",
	    .records = 21,
	    .not_expressible = {.ipv6 = 22, .too_large = 31},
	    .sender = {.sent = 23, .queued = 24, .wire_records = 25, .messages = 26, .bytes = 27}};
	c[1].sender.dropped[FAILURE_QUEUE_FULL] = 28;
	c[1].sender.dropped[FAILURE_ECONNREFUSED] = 29;
	c[1].sender.errors[FAILURE_ECONNREFUSED] = 30;
	return l;
}

static const char *const reasons[] = {
#define X(constant, name) [IGNORED_##constant] = #name,
    IGNORED_REASONS(X)
#undef X
};

static const char *const note_names[] = {
#define X(constant, name) [NOTE_##constant] = #name,
    NOTES(X)
#undef X
};

/* JSON members of these names, counting from `first`. */
static void list_counters(
    char *out, size_t size, const char *const *names, unsigned count, unsigned first)
{
	size_t used = 0;

	for (unsigned i = 0; i < count; i++)
		used += (size_t)snprintf(
		    out + used, size - used, "%s\"%s\":%u", i ? "," : "", names[i], first + i);
	ck_assert_uint_lt(used, size);
}

/* What follows `part`, with which `text` must begin. */
static const char *skip(const char *text, const char *part)
{
	ck_assert_msg(strncmp(text, part, strlen(part)) == 0, "expected %s at %s", part, text);
	return text + strlen(part);
}

START_TEST(filled_ledger_shows_every_counter_under_its_name)
{
	struct ledger_collector c[2];
	struct ledger l = filled(c);
	char ignored[2048], notes[2048];

	list_counters(ignored, sizeof(ignored), reasons + 1, IGNORED_COUNT - 1, 101);
	list_counters(notes, sizeof(notes), note_names, NOTE_COUNT, 200);
	ck_assert_pstr_eq(
	    skip(skip(skip(skip(print_json(&l),
			       "{\"packets\":{\"received\":1,\"metered\":2,\"not_sampled\":4,"
			       "\"ignored\":{"),
			  ignored),
		     "},\"dropped_kernel\":5,\"dropped_interface\":6},"
		     "\"octets\":{\"metered\":3},\"notes\":{"),
		notes),
	    "},\"flows\":{\"created\":7,\"active\":8,\"peak\":9},"
	    "\"records\":{\"total\":1515,\"packets\":10,\"octets\":11,\"ended\":{\"idle\":301,"
	    "\"active\":302,\"end_of_flow\":303,\"forced\":304,\"no_resources\":305},\"handed\":12,"
	    "\"ring_dropped\":13},\"collectors\":["
	    "{\"url\":\"stdout\",\"format\":\"json\",\"records\":20,\"sent\":0,\"queued\":0,"
	    "\"not_expressible\":{},\"dropped\":{},\"wire_records\":0,\"messages\":0,\"bytes\":0,"
	    "\"errors\":{}},"
	    "{\"url\":\"udp://h:1\",\"format\":\"5\",\"records\":21,\"sent\":23,\"queued\":24,"
	    "\"not_expressible\":{\"ipv6\":22,\"too_large\":31},\"dropped\":{\"ECONNREFUSED\":29,"
	    "\"queue_full\":28},"
	    "\"wire_records\":25,\"messages\":26,\"bytes\":27,\"errors\":{\"ECONNREFUSED\":30}}]}"
	    "\n");
}
END_TEST

START_TEST(each_interface_has_counters_under_its_name)
{
	struct ledger_interface i[] = {{"a\"0", 1, 2, 3}, {"b\x1b", 4, 5, 0}};
	struct ledger l = {.interfaces = i, .interface_count = 2};
	const char *text;

	ck_assert_ptr_nonnull(strstr(print_json(&l),
	    "\"interfaces\":["
	    "{\"name\":\"a\\\"0\",\"received\":1,\"dropped_kernel\":2,\"dropped_interface\":3},"
	    "{\"name\":\"b\\u001b\",\"received\":4,\"dropped_kernel\":5,\"dropped_interface\":0}]"
	    ","));
	text = print_text(&l);
	ck_assert_ptr_nonnull(strstr(text,
	    "\ninterface a\"0\n"
	    "  received                              1\n"
	    "  dropped by the kernel                 2\n"
	    "  dropped by the interface              3\n"
	    "interface b\\x1b\n"
	    "  received                              4\n"
	    "  dropped by the kernel                 5\n"
	    "flow records\n"));
	/* Alone it has what stands above. */
	l.interface_count = 1;
	ck_assert_ptr_null(strstr(print_text(&l), "interface a"));
	ck_assert_ptr_nonnull(strstr(print_json(&l), "\"interfaces\":[{\"name\":\"a\\\"0\","));
}
END_TEST

/* Each worker has a part of every interface; names are whose the ledger is. */
START_TEST(interfaces_of_workers_are_added)
{
	struct ledger_interface i[] = {{"a", 0, 0, 0}, {"b", 1, 1, 1}};
	const struct ledger_interface part[] = {
	    {NULL, 10, 20, 30}, {NULL, 100, 200, 300}, {NULL, 7, 7, 7}};
	struct ledger l = {.interfaces = i, .interface_count = 2};

	ledger_add_interfaces(&l, part, 3);
	ledger_add_interfaces(&l, part, 1);
	ck_assert_str_eq(i[0].name, "a");
	ck_assert_uint_eq(i[0].received, 20);
	ck_assert_uint_eq(i[0].dropped_kernel, 40);
	ck_assert_uint_eq(i[0].dropped_interface, 60);
	ck_assert_uint_eq(i[1].received, 101);
	ck_assert_uint_eq(i[1].dropped_kernel, 201);
	ck_assert_uint_eq(i[1].dropped_interface, 301);
}
END_TEST

START_TEST(largest_counters_are_exact)
{
	struct ledger l = {.packets = {.received = UINT64_MAX}};

	ck_assert_ptr_nonnull(strstr(print_json(&l), "\"received\":18446744073709551615,"));
}
END_TEST

/* A file's name may hold what JSON needs escaped; names above ASCII stay as they are. */
START_TEST(names_are_escaped)
{
	struct ledger_collector c = {.url = "file:/a\"b\\c\n\x01\xc3\xa4", .format = "csv"};
	struct ledger l = {.collectors = &c, .collector_count = 1};

	ck_assert_ptr_nonnull(
	    strstr(print_json(&l), "\"url\":\"file:/a\\\"b\\\\c\\u000a\\u0001\xc3\xa4\","));
}
END_TEST

START_TEST(json_is_one_line)
{
	struct ledger_collector c[2];
	struct ledger l = filled(c);
	const char *json = print_json(&l);

	ck_assert_ptr_eq(strchr(json, '\n'), json + strlen(json) - 1);
}
END_TEST

/* Whether the text has this number as a word. */
static bool shows(const char *text, unsigned number)
{
	char word[16];
	size_t n = (size_t)snprintf(word, sizeof(word), "%u", number);

	for (const char *at = text; (at = strstr(at, word)); at++)
		if ((at == text || !isalnum((unsigned char)at[-1])) &&
		    !isalnum((unsigned char)at[n]))
			return true;
	return false;
}

START_TEST(text_shows_every_counter_that_is_not_zero)
{
	static const unsigned numbers[] = {
	    1, 2, 3, 4, 5, 6, 8, 9, 13, 22, 23, 24, 26, 27, 28, 29, 30, 31, 1515};
	struct ledger_collector c[2];
	struct ledger l = filled(c);
	const char *text = print_text(&l);

	for (unsigned i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		ck_assert_msg(shows(text, numbers[i]), "%u is not in:\n%s", numbers[i], text);
	for (unsigned i = 1; i < IGNORED_COUNT; i++)
		ck_assert_msg(shows(text, 100 + i), "ignored %u", i);
	for (unsigned i = 0; i < NOTE_COUNT; i++)
		ck_assert_msg(shows(text, 200 + i), "note %u", i);
	for (unsigned i = 1; i < END_REASON_COUNT; i++)
		ck_assert_msg(shows(text, 300 + i), "ended %u", i);
	ck_assert_ptr_nonnull(strstr(text, "udp://h:1"));
}
END_TEST

Suite *ledger_suite(void)
{
	const TTest *const tests[] = {
	    empty_ledger_has_the_members_of_the_specification,
	    collector_has_the_members_of_the_specification,
	    member_of_a_group_says_which,
	    filled_ledger_shows_every_counter_under_its_name,
	    each_interface_has_counters_under_its_name,
	    interfaces_of_workers_are_added,
	    largest_counters_are_exact,
	    names_are_escaped,
	    json_is_one_line,
	    text_shows_every_counter_that_is_not_zero,
	};

	return SUITE_OF("ledger", tests);
}

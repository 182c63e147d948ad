#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/options.h"
#include "support/commandline.h"
#include "support/said.h"
#include "util/units.h"

static struct config *config;

static int parse_file(const char *text, const char *options)
{
	char line[1024];

	snprintf(line, sizeof(line), "-f %s %s", commandline_file(text, strlen(text)), options);
	return commandline_parse(line, &config);
}

static const struct config *accepted(const char *text, const char *options)
{
	ck_assert_msg(parse_file(text, options) == 0, "%s%s", commandline_said, text);
	ck_assert_str_eq(commandline_said, "");
	return config;
}

/* Wrong on this line of the file: one message, which holds this text. */
static void check_refused(const char *text, unsigned line, const char *wanted)
{
	char place[128];

	ck_assert_msg(parse_file(text, "-r x") < 0, "accepted: %s", text);
	ck_assert_msg(said_one_message(commandline_said), "%s: %s", text, commandline_said);
	snprintf(place, sizeof(place), "spanflow: %s:%u: ", commandline_file("", 0), line);
	ck_assert_msg(strncmp(commandline_said, place, strlen(place)) == 0, "line %u: %s: %s", line,
	    text, commandline_said);
	ck_assert_msg(strstr(commandline_said, wanted) != NULL, "%s: %s", text, commandline_said);
	commandline_forget();
}

/* -- what it holds ------------------------------------------------------------------------------ */

START_TEST(settings_are_those_of_the_options)
{
	const struct config *c = accepted("read = {a, \"b c\"}\nread += -\nformat=9 max-flows = 7\n"
					  "timeout = {\"idle=1s\", \"end=0\"}\nquiet = yes\n"
					  "stats = json\nfilter = 'tcp and port 80'\nseed = 0\n",
	    "");

	ck_assert_uint_eq(c->file_count, 3);
	ck_assert_str_eq(c->files[1].name, "b c");
	ck_assert_str_eq(c->files[2].name, "-");
	ck_assert_int_eq(c->format, FORMAT_V9);
	ck_assert_uint_eq(c->max_flows, 7);
	ck_assert_uint_eq(c->timeouts.idle_ns, NS_PER_S);
	ck_assert_uint_eq(c->timeouts.active_ns, 1800 * NS_PER_S);
	ck_assert_uint_eq(c->timeouts.end_ns, 0);
	ck_assert(c->quiet && c->seed_given);
	ck_assert_int_eq(c->stats, STATS_JSON);
	ck_assert_str_eq(c->filter, "tcp and port 80");
	commandline_forget();
}
END_TEST

START_TEST(collectors_and_outputs_are_sections)
{
	const struct config *c = accepted("read = x\n"
					  "collector one { rate = 0 host = \"192.0.2.1:9995\"\n"
					  "format = 9 domain = 7 }\n"
					  "output \"a b\" { file = \"/tmp/x,y\" style = json\n"
					  "records = \"protocolIdentifier,octetDeltaCount\" }\n"
					  "collector two { host = \"udp://[::1]\" }\n",
	    "");

	ck_assert_uint_eq(c->collector_count, 3);
	ck_assert_str_eq(c->collectors[0].url, "udp://192.0.2.1:9995");
	ck_assert_uint_eq(c->collectors[0].sending.rate, 0);
	ck_assert_uint_eq(c->collectors[0].encoding.domain, 7);
	ck_assert_int_eq(c->collectors[0].encoding.format, FORMAT_V9);
	ck_assert_str_eq(c->collectors[1].path, "/tmp/x,y");
	ck_assert_int_eq(c->collectors[1].encoding.format, FORMAT_JSON);
	ck_assert_uint_eq(c->collectors[1].encoding.records.count, 2);
	ck_assert_str_eq(c->collectors[2].url, "udp://[::1]:4739");
	ck_assert_uint_eq(c->collectors[2].sending.rate, 2000);
	commandline_forget();
}
END_TEST

START_TEST(environment_is_known)
{
	setenv("SPANFLOW_UNIT", "a*b", 1);
	unsetenv("SPANFLOW_NONE");
	ck_assert_str_eq(
	    accepted("read = \"${SPANFLOW_UNIT}.${SPANFLOW_NONE:-c}\"", "")->files[0].name,
	    "a*b.c");
	commandline_forget();
	ck_assert_str_eq(
	    accepted("read = \"\\${SPANFLOW_UNIT}\"", "")->files[0].name, "${SPANFLOW_UNIT}");
	commandline_forget();
	ck_assert_str_eq(
	    accepted("read = '${SPANFLOW_UNIT}'", "")->files[0].name, "${SPANFLOW_UNIT}");
	commandline_forget();
}
END_TEST

START_TEST(comments_may_stand_anywhere)
{
	const struct config *c = accepted("# x\nread = { # y\n a, /* b, */ c // d\n}\n"
					  "collector x # y\n{ host /**/ = \"h\" # z\n}\n#",
	    "");

	ck_assert_uint_eq(c->file_count, 2);
	ck_assert_str_eq(c->files[1].name, "c");
	commandline_forget();
}
END_TEST

START_TEST(an_empty_file_sets_nothing)
{
	ck_assert_uint_eq(accepted("", "-r x")->max_flows, 1048576);
	commandline_forget();
	accepted("\n\n# nothing\n", "-r x");
	commandline_forget();
	accepted("interface = {}", "-r x");
	commandline_forget();
}
END_TEST

/* -- precedence --------------------------------------------------------------------------------- */

START_TEST(command_line_wins_wherever_the_file_is_named)
{
	static const char text[] = "read = {a, b} max-flows = 7 quiet = on stats = json\n"
				   "timeout = {\"idle=7s\", \"active=7m\"} filter = udp\n";
	char line[256];
	const struct config *c = accepted(text, "-m 9 -r c -t idle=9s --quiet=off --stats=off tcp");

	ck_assert_uint_eq(c->max_flows, 9);
	ck_assert_uint_eq(c->file_count, 1);
	ck_assert_uint_eq(c->timeouts.idle_ns, 9 * NS_PER_S);
	ck_assert_uint_eq(c->timeouts.active_ns, 420 * NS_PER_S);
	ck_assert(!c->quiet);
	ck_assert_int_eq(c->stats, STATS_NONE);
	ck_assert_str_eq(c->filter, "tcp");
	commandline_forget();
	snprintf(line, sizeof(line), "-m 9 -f %s", commandline_file(text, strlen(text)));
	ck_assert_int_eq(commandline_parse(line, &config), 0);
	ck_assert_uint_eq(config->max_flows, 9);
	ck_assert_uint_eq(config->file_count, 2);
	commandline_forget();
}
END_TEST

START_TEST(inputs_and_destinations_are_replaced_together)
{
	static const char text[] = "interface = {eth0, eth1}\n"
				   "collector a { host = h format = 5 }\n"
				   "collector b { host = i }\noutput c { style = csv }\n";

	ck_assert_uint_eq(accepted(text, "")->interface_count, 2);
	ck_assert_uint_eq(config->collector_count, 3);
	commandline_forget();
	ck_assert_uint_eq(accepted(text, "-r x")->interface_count, 0);
	commandline_forget();
	ck_assert_uint_eq(accepted(text, "-n j:1")->collector_count, 2);
	ck_assert_str_eq(config->collectors[0].url, "stdout");
	ck_assert_str_eq(config->collectors[1].url, "udp://j:1");
	ck_assert_int_eq(config->collectors[1].encoding.format, FORMAT_IPFIX);
	commandline_forget();
	ck_assert_uint_eq(accepted(text, "-o json")->collector_count, 3);
	ck_assert_int_eq(config->collectors[2].encoding.format, FORMAT_JSON);
	commandline_forget();
}
END_TEST

START_TEST(the_file_must_be_right_where_it_is_replaced)
{
	check_refused("\nread = \"\"", 2, "read: ''");
	check_refused("max-flows = 0\n", 1, "max-flows: '0' is not allowed: a number from 1");
}
END_TEST

START_TEST(there_is_one_file)
{
	char line[256];

	snprintf(line, sizeof(line), "-f %s -f x", commandline_file("", 0));
	ck_assert_int_lt(commandline_parse(line, &config), 0);
	ck_assert_ptr_nonnull(strstr(commandline_said, "--config: given twice"));
	commandline_forget();
}
END_TEST

/* -- errors ------------------------------------------------------------------------------------- */

START_TEST(unknown_names_are_refused)
{
	check_refused("\n# x\nformt = 9", 3, "'formt' is not known here: did you mean 'format'?");
	check_refused("colour = red", 1, "'colour' is not a setting");
	check_refused("filter = tcp port 80", 1, "quotes");
	check_refused("collector a {\n\thots = h\n}", 2, "did you mean 'host'?");
	check_refused("collector a {\n\tcolour = 1\n}", 2, "'collector': host, format, records,");
	check_refused("output a { style = csv\n\tcolour = 1 }", 2, "'output': style, file");
	check_refused("rate = 1", 1, "'rate'");
	check_refused("help = on", 1, "'help' is not a setting");
	check_refused("config = x", 1, "'config'");
	check_refused("include(\"x\")", 1, "'include'");
	check_refused("collector|a|rate = 1", 1, "");
}
END_TEST

START_TEST(wrong_values_are_refused_with_their_line)
{
	check_refused("format = 8", 1, "format: '8' is not allowed: 1, 5, 7, 9, ipfix or 10");
	check_refused("\nquiet = perhaps", 2, "quiet: 'perhaps' is not allowed: on or off");
	check_refused("timeout = {\"idle=1s\",\n\"idle\"}", 2, "timeout: 'idle' is not allowed");
	check_refused("/* a\n\n*/ filter = \"tcp and\"", 3, "filter: 'tcp and'");
	check_refused("collector a {\nhost = \"h:0\" }", 2, "'h:0': wrong port");
	check_refused("collector a {\nhost = h\nrate = fast }", 3, "rate: 'fast' is not allowed");
	check_refused("collector a {\nrate = fast\nhost = h }", 2, "rate: 'fast' is not allowed");
	check_refused("collector a {\nhost = h\nformat = \"\" }", 3, "format: ''");
	check_refused(
	    "output a { style = xml }", 1, "style: 'xml' is not allowed: text, csv or json\n");
	check_refused("output a { style = csv\nfile = \"\" }", 2, "file: ''");
	check_refused("collector a {\nhost = h\nrecords = colour }", 3, "records: ");
}
END_TEST

START_TEST(names_are_used_once)
{
	check_refused("collector a { host = h }\n# x\ncollector a { host = i }", 3,
	    "duplicate title 'a': each collector");
	check_refused("output a { style = csv }\noutput a { style = csv }", 2, "duplicate title");
	check_refused("format = 9\nformat = 9", 2, "format: given again: line 1 has it");
	check_refused("read = x\nread = {y}", 2, "read: given again");
	check_refused("timeout = {\"idle=5s\",\n\"idle=6s\"}", 2,
	    "timeout: 'idle=6s': given again: line 1 has 'idle=5s'");
	check_refused("timeout = {\"end=1s\", \"idle=5s\"}\ntimeout += \"end=2s\"", 2,
	    "timeout: 'end=2s': given again: line 1 has 'end=1s'");
	check_refused("collector a {\nhost = h\nhost = h }", 3, "host: given again: line 2");
	check_refused(
	    "collector a {\nhost = h rate = 1\nrate = 1 }", 3, "rate: given again: line 2");
}
END_TEST

START_TEST(sections_are_complete)
{
	check_refused("collector a { }", 1, "collector 'a': host is missing");
	check_refused("collector a {\nrate = 1\n}", 3, "host is missing: write host = VALUE");
	check_refused("output a { file = x }", 1, "style is missing");
	check_refused("collector { host = h }", 1, "missing title");
	check_refused("collector a host = h", 1, "missing opening brace");
	check_refused("collector = h", 1, "missing title");
}
END_TEST

START_TEST(broken_syntax_is_refused)
{
	check_refused("read", 1, "premature end of file");
	check_refused("read\n= {x", 2, "brace that is opened here");
	check_refused("collector a {\nhost = h\n", 1, "brace that is opened here");
	check_refused("\ncollector a {\nread = {x}", 2, "brace that is opened here");
	check_refused("read = x }", 1, "unexpected closing brace");
	check_refused("read x", 1, "missing equal sign");
	check_refused("read = {,}", 1, "unexpected token ','");
	check_refused("format += 9", 1, "only lists take +=");
	check_refused("format = {9}", 1, "unexpected token '{'");
	check_refused("read = (x)", 1, "unexpected token '('");
	check_refused("\nread = \"x", 2, "string");
	check_refused("\nfilter = ip[0]*2", 2, "'*'");
	check_refused("= 1", 1, "unexpected token");
}
END_TEST

static void check_unreadable(const char *path, const char *wanted)
{
	char line[256];

	snprintf(line, sizeof(line), "-r x --config=%s", path);
	ck_assert_int_lt(commandline_parse(line, &config), 0);
	ck_assert_msg(said_one_message(commandline_said), "%s", commandline_said);
	ck_assert_msg(strstr(commandline_said, wanted) != NULL, "%s", commandline_said);
	commandline_forget();
}

START_TEST(files_that_cannot_be_read_are_refused)
{
	check_unreadable("/nonexistent/spanflow.conf", "No such file");
	check_unreadable("/tmp", "Is a directory");
	check_unreadable("/dev/zero", "too large");
	check_refused("\n\177ELF", 2, "a control character");
	check_unreadable("", "--config: ''");
}
END_TEST

/* -- anything at all ---------------------------------------------------------------------------- */

static const char whole[] = "# x\ninterface = {eth1, \"7:eth2\"} /* c */\ninterface += 'eth3'\n"
			    "filter = \"not port ${A:-53} \\\"\\\\\"\ntimeout = {\"idle=1s\",}\n"
			    "collector \"a\" { host = \"h:1\" rate = 0 // y\n}\n"
			    "output b { style = csv file = '/tmp/\\'x' }\nquiet = on\n";

/* Accepted, or one message; and the next file is read as if nothing had been. */
static void check_survives(const char *text, size_t size)
{
	char line[256];
	int rc;

	snprintf(line, sizeof(line), "-r x -f %s", commandline_file(text, size));
	rc = commandline_parse(line, &config);
	ck_assert_msg(rc == 0 ? !*commandline_said : said_one_message(commandline_said), "%.*s: %s",
	    (int)size, text, commandline_said);
	commandline_forget();
}

START_TEST(every_beginning_of_a_file_is_taken_or_refused)
{
	for (size_t size = 0; size < sizeof(whole); size++)
		check_survives(whole, size);
	accepted("max-flows = 7", "-r x");
	commandline_forget();
}
END_TEST

START_TEST(every_change_of_a_file_is_taken_or_refused)
{
	static const char others[] = "\"'{}#\\/*=,$\n+ (a";
	char copy[sizeof(whole)];

	for (size_t i = 0; i < sizeof(whole) - 1; i++)
		for (size_t j = 0; j < sizeof(others); j++) {
			memcpy(copy, whole, sizeof(copy));
			copy[i] = others[j];
			check_survives(copy, sizeof(copy) - 1);
		}
}
END_TEST

Suite *file_suite(void)
{
	const TTest *const tests[] = {
	    settings_are_those_of_the_options,
	    collectors_and_outputs_are_sections,
	    environment_is_known,
	    comments_may_stand_anywhere,
	    an_empty_file_sets_nothing,
	    command_line_wins_wherever_the_file_is_named,
	    inputs_and_destinations_are_replaced_together,
	    the_file_must_be_right_where_it_is_replaced,
	    there_is_one_file,
	    unknown_names_are_refused,
	    wrong_values_are_refused_with_their_line,
	    names_are_used_once,
	    sections_are_complete,
	    broken_syntax_is_refused,
	    files_that_cannot_be_read_are_refused,
	    every_beginning_of_a_file_is_taken_or_refused,
	    every_change_of_a_file_is_taken_or_refused,
	};

	return SUITE_OF("file", tests);
}

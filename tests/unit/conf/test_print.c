#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/options.h"
#include "support/commandline.h"

static void print_help(const struct config *c)
{
	(void)c;
	config_print_help();
}

START_TEST(help_shows_every_option_on_one_screen)
{
	char *text = commandline_printed(print_help, NULL);
	size_t lines = 0;

	ck_assert_ptr_nonnull(strstr(text, "spanflow(8)"));
	for (size_t i = 0; i < option_count; i++) {
		char name[64];

		snprintf(name, sizeof(name), "--%s", option_table[i].name);
		ck_assert_msg(strstr(text, name) != NULL, "%s", name);
	}
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++)
		ck_assert_msg(strlen(line) <= 80, "%s", line);
	/* The last row is the prompt's. */
	ck_assert_uint_le(lines, 23);
	free(text);
}
END_TEST

/* "-q=off" is refused, so that "-q, --quiet[=off]" would promise too much. */
START_TEST(help_shows_no_value_beside_a_letter_that_takes_none)
{
	char *text = commandline_printed(print_help, NULL);

	ck_assert_ptr_nonnull(strstr(text, "\n-q, --quiet  "));
	ck_assert_ptr_nonnull(strstr(text, "\n    --stats[=json]  "));
	free(text);
}
END_TEST

/* -- settings ----------------------------------------------------------------------------------- */

/* What is printed for a command line; checked to be the same when it is read back. */
static char *printed(const char *line)
{
	char from_file[128];
	struct config *c;
	char *text, *again;

	ck_assert_msg(commandline_parse(line, &c) == 0, "%s: %s", line, commandline_said);
	text = commandline_printed(config_print, c);
	commandline_forget();
	snprintf(from_file, sizeof(from_file), "-f %s", commandline_file(text, strlen(text)));
	ck_assert_msg(commandline_parse(from_file, &c) == 0, "%s%s", commandline_said, text);
	again = commandline_printed(config_print, c);
	commandline_forget();
	ck_assert_str_eq(text, again);
	free(again);
	return text;
}

static void check_printed(const char *line, const char *wanted)
{
	char *text = printed(line);

	ck_assert_msg(strstr(text, wanted) != NULL, "%s: not in: %s", wanted, text);
	free(text);
}

/* A value for each option that a configuration may have, other than its default. */
static const struct {
	const char *option;
	const char *value;
} values[] = {
    {"interface", "7:eth0"},
    {"read", "/tmp/a b.pcap"},
    {"collector", "[::1]:99,format=5,rate=7"},
    {"group", "g=balance,hold-down=3s"},
    {"format", "9"},
    {"records", "minimal"},
    {"output", "csv:/tmp/x,y"},
    {"sample", "random:10"},
    {"class", "100 udp port 53"},
    {"hash-key", "7"},
    {"key", "-ports,+mac"},
    {"scale", "on"},
    {"port-map", "vlan=5,ingress=1:ge-1,egress=2"},
    {"local", "10.0.0.0/8"},
    {"time", "now"},
    {"timeout", "idle=7s"},
    {"workers", "3"},
    {"max-flows", "77"},
    {"count", "8"},
    {"duration", "9m"},
    {"direction", "in"},
    {"ingress", "12"},
    {"dedup", "on"},
    {"dedup-window", "same=3ms"},
    {"fragments", "off"},
    {"lengths", "header"},
    {"decap", "none,vxlan"},
    {"buffer", "65M"},
    {"capture", "xdp"},
    {"control", "/tmp/c,mode=0660"},
    {"metrics", "127.0.0.1:9470"},
    {"overload", "sample"},
    {"seed", "5"},
    {"filter", "udp"},
    {"stats", "json"},
    {"user", "nobody"},
    {"chroot", "/var/empty"},
    {"seal", "yes"},
    {"offloads", "off"},
    {"wait", "on"},
    {"quiet", "on"},
    {"log-level", "info"},
    {"log-format", "json"},
};

static const char *value_for(const char *option)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		if (strcmp(values[i].option, option) == 0)
			return values[i].value;
	return NULL;
}

/* What is refused on a command line that has files. */
static bool is_live_only(const struct option_spec *o)
{
	return strcmp(o->name, "control") == 0 || strcmp(o->name, "metrics") == 0;
}

/* What an option needs beside it; NULL: nothing. Where --seal is off unless it is asked for, --chroot asks for it. */
static const char *companion_of(const struct option_spec *o)
{
	if (strcmp(o->name, "group") == 0)
		return "--collector=h,group=g";
	return strcmp(o->name, "chroot") == 0 ? "--seal=on" : NULL;
}

/* A row that is added to the table without a value here fails. */
START_TEST(every_option_is_printed_and_read_back)
{
	for (size_t i = 0; i < option_count; i++) {
		const struct option_spec *o = &option_table[i];
		const char *value = value_for(o->name);
		char word[128], line[256];
		char *argv[] = {line, word, line + 16, line + 32, NULL};
		const char *companion = companion_of(o);
		int argc = strcmp(o->name, "interface") == 0 ? 2 : companion ? 4 : 3;
		struct config *c = calloc(1, sizeof(*c));
		char *text, *again;

		if (o->kind == OPTION_ACTION) {
			free(c);
			continue;
		}
		ck_assert_msg(value != NULL, "--%s has no value in this test", o->name);
		snprintf(word, sizeof(word), "--%s=%s", o->name, value);
		strcpy(line, "spanflow");
		strcpy(line + 16, is_live_only(o) ? "-ix" : "-rx");
		strcpy(line + 32, companion ? companion : "");
		config_init(c);
		ck_assert_int_eq(config_parse(c, argc, argv), 0);
		text = commandline_printed(config_print, c);
		ck_assert_msg(strstr(text, o->name) != NULL, "%s: %s", o->name, text);
		config_fini(c);
		free(c);

		snprintf(line, sizeof(line), "-f %s", commandline_file(text, strlen(text)));
		ck_assert_msg(commandline_parse(line, &c) == 0, "%s", commandline_said);
		again = commandline_printed(config_print, c);
		commandline_forget();
		ck_assert_str_eq(text, again);
		free(text);
		text = printed(is_live_only(o) ? "-i x" : "-r x");
		ck_assert_msg(strcmp(text, again) != 0, "%s is not printed", word);
		free(text);
		free(again);
	}
}
END_TEST

START_TEST(every_key_is_printed)
{
	char *text = printed("-r x -n h -o json");

	for (size_t i = 0; i < option_count; i++) {
		const struct section_spec *section = section_of(&option_table[i]);

		for (size_t j = 0; section && j < section->keys->count; j++)
			ck_assert_msg(strstr(text, section->keys->rows[j].name) != NULL,
			    "%s is not in: %s", section->keys->rows[j].name, text);
	}
	free(text);
}
END_TEST

START_TEST(defaults_are_printed)
{
	check_printed("-r x", "read = {x}\n");
	check_printed("-r x", "# interface is not set\n");
	check_printed("-r x", "max-flows = 1048576\n");
	check_printed("-r x", "timeout = {\"idle=15s\", \"active=30m\", \"end=1s\"}\n");
	check_printed("-r x", "output 1 {\n\tstyle = text\n\t# file is not set\n");
	check_printed("-r x", "stats = off\nquiet = off\n");
}
END_TEST

START_TEST(effective_values_are_printed)
{
	check_printed("-r x -n h", "{\n\thost = \"udp://h:4739\"\n\t# format is not set\n");
	check_printed("-r x -n h -v 9", "host = \"udp://h:2055\"\n");
	check_printed("-r x -n h,format=9", "host = \"udp://h:2055\"\n\tformat = 9\n");
	check_printed("-r x -n h", "rate = 2000\n\tmax-payload = 1400\n");
	check_printed("-r x -n h,rate=1,rate=2 -n [::1]:5", "\trate = 2\n");
	check_printed("-r x -n h,rate=1 -n [::1]:5", "collector 2 {\n\thost = \"udp://[::1]:5\"\n");
	check_printed("-r x -n h,format=5,engine-id=7 -n i --records=minimal",
	    "records is not set\n\tengine-type = 0\n\tengine-id = 7\n");
	check_printed("-r x -n h,records=protocolIdentifier,octetDeltaCount,rate=7",
	    "records = \"protocolIdentifier,octetDeltaCount\"\n");
	check_printed(
	    "-r x -o csv -n h -o json:/a", "output 2 {\n\tstyle = json\n\tfile = \"/a\"\n");
	check_printed("-r x -m 5 -m 7", "max-flows = 7\n");
	check_printed(
	    "-r x -q --stats tcp port 80", "filter = \"tcp port 80\"\nstats = on\nquiet = on");
}
END_TEST

START_TEST(values_are_quoted_so_that_they_are_read_back)
{
	check_printed("-r a\"b", "read = {\"a\\\"b\"}\n");
	check_printed("-r a\\b", "read = {\"a\\\\b\"}\n");
	check_printed("-r ${HOME}", "read = {\"\\${HOME}\"}\n");
	check_printed("-r 'a#//*", "read = {\"'a#//*\"}\n");
	check_printed("-r -", "read = {-}\n");
}
END_TEST

Suite *print_suite(void)
{
	const TTest *const tests[] = {
	    help_shows_every_option_on_one_screen,
	    help_shows_no_value_beside_a_letter_that_takes_none,
	    every_option_is_printed_and_read_back,
	    every_key_is_printed,
	    defaults_are_printed,
	    effective_values_are_printed,
	    values_are_quoted_so_that_they_are_read_back,
	};

	return SUITE_OF("print", tests);
}

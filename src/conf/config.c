#include "conf/config.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/options.h"
#include "util/log.h"
#include "util/units.h"

#define OPTIONS_MAX 64

void config_init(struct config *c)
{
	*c = (struct config){
	    .format = FORMAT_IPFIX,
	    .sampling = {.rules = {{SAMPLING_NONE, 1}}, .count = 1},
	    .timeouts = {15 * NS_PER_S, 30 * 60 * NS_PER_S, NS_PER_S},
	    .max_flows = 1048576,
	    .file_ingress = 1,
	    .buffer_bytes = 64u << 20,
	};
}

void config_fini(struct config *c)
{
	for (size_t i = 0; i < c->collector_count; i++) {
		free(c->collectors[i].text);
		free(c->collectors[i].url);
	}
	free(c->filter);
}

static bool is_optional(const struct option_spec *o)
{
	return o->argument && o->argument[0] == '[' && o->argument[1] == '=';
}

/* getopt's tables out of ours. A long option's value there is its row's number plus 256. */
static void build_getopt(struct option *long_options, char *letters)
{
	*letters++ = ':'; /* a missing value is reported as ':' */
	for (size_t i = 0; i < option_count; i++) {
		const struct option_spec *o = &option_table[i];
		int has_arg = no_argument;

		if (o->argument)
			has_arg = is_optional(o) ? optional_argument : required_argument;
		long_options[i] = (struct option){o->name, has_arg, NULL, (int)i + 256};
		if (o->letter) {
			*letters++ = o->letter;
			if (has_arg == required_argument)
				*letters++ = ':';
		}
	}
	long_options[option_count] = (struct option){0};
	*letters = '\0';
}

static const struct option_spec *row_of(int value)
{
	if (value >= 256)
		return &option_table[value - 256];
	for (size_t i = 0; i < option_count; i++)
		if (option_table[i].letter == value)
			return &option_table[i];
	return NULL;
}

static int wrong_option(int result, char **argv)
{
	const struct option_spec *o = row_of(optopt);

	if (result == ':' && o)
		log_error("--%s: a value is missing: %s", o->name, o->allowed);
	else if (optopt && optopt < 256)
		log_error("-%c: unknown option: see spanflow -h", optopt);
	else if (optopt)
		log_error("%s: takes no value: see spanflow -h", argv[optind - 1]);
	else
		log_error("%s: unknown option: see spanflow -h", argv[optind - 1]);
	return -EINVAL;
}

static int apply(struct config *c, const struct option_spec *o, const char *value)
{
	int rc = o->set(c, value);

	if (rc == 0)
		return 0;
	if (rc != SAID_ALREADY)
		log_error("--%s: '%s' is not allowed: %s", o->name, value, o->allowed);
	return -EINVAL;
}

/* The words after the options, with blanks between them. */
static int join_filter(struct config *c, char **words, int count)
{
	size_t size = 1;

	if (count == 0)
		return 0;
	for (int i = 0; i < count; i++)
		size += strlen(words[i]) + 1;
	c->filter = calloc(1, size);
	if (!c->filter)
		return -ENOMEM;
	for (int i = 0; i < count; i++) {
		if (i)
			strcat(c->filter, " ");
		strcat(c->filter, words[i]);
	}
	return source_check_filter(c->filter);
}

static int check_inputs(const struct config *c)
{
	if (c->interface_count && c->file_count) {
		log_error("--interface and --read: one or the other: capture and files do not mix");
		return -EINVAL;
	}
	if (!c->interface_count && !c->file_count) {
		log_error(
		    "no input: name an interface (-i) or a capture file (-r): see spanflow -h");
		return -EINVAL;
	}
	return 0;
}

int config_parse(struct config *c, int argc, char **argv)
{
	struct option long_options[OPTIONS_MAX];
	char letters[2 * OPTIONS_MAX];
	int result, rc;

	build_getopt(long_options, letters);
	opterr = 0;
	optind = 0;
	while ((result = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
		if (result == '?' || result == ':')
			return wrong_option(result, argv);
		rc = apply(c, row_of(result), optarg);
		if (rc)
			return rc;
	}
	if (c->show_help || c->show_version)
		return 0;
	rc = check_inputs(c);
	if (rc == 0)
		rc = collectors_finish(c);
	if (rc == 0)
		rc = join_filter(c, argv + optind, argc - optind);
	return rc;
}

void config_print_help(void)
{
	printf("usage: spanflow [options] [BPF filter]\n");
	for (size_t i = 0; i < option_count; i++) {
		const struct option_spec *o = &option_table[i];
		char names[64];

		snprintf(names, sizeof(names), "%c%c%c --%s%s%s", o->letter ? '-' : ' ',
		    o->letter ? o->letter : ' ', o->letter ? ',' : ' ', o->name,
		    o->argument && !is_optional(o) ? " " : "", o->argument ? o->argument : "");
		printf("%-33s %s\n", names, o->help);
	}
	printf("The manual is spanflow(8).\n");
}

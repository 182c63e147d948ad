/*
 * The command line. What it says becomes settings; what it asks to be shown is shown at once.
 */
#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "conf/options.h"
#include "util/log.h"

#define OPTIONS_MAX 64

/* getopt's tables out of ours. A long option's value there is its row's number plus 256. */
static void build_getopt(struct option *long_options, char *letters)
{
	/* One row is for the end, whose two places among the letters the colon and the 0 have. */
	assert(option_count < OPTIONS_MAX);
	*letters++ = ':'; /* a missing value is reported as ':' */
	for (size_t i = 0; i < option_count; i++) {
		const struct option_spec *o = &option_table[i];
		int has_arg = no_argument;

		if (o->argument)
			has_arg =
			    option_value_is_optional(o) ? optional_argument : required_argument;
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

/* `before`: the option in front of it, or NULL. "-q=off" has '=' as its second letter. */
static int wrong_option(int result, char **argv, const struct option_spec *before)
{
	const struct option_spec *o = row_of(optopt);

	if (result == ':' && o)
		log_error("--%s: a value is missing: %s", o->name, o->allowed);
	else if (optopt == '=' && before && before->letter && option_value_is_optional(before))
		log_error("-%c: takes no value: write --%s=VALUE: %s", before->letter, before->name,
		    before->allowed);
	else if (optopt == '=' && before && before->letter && !before->argument)
		log_error("-%c: takes no value: see spanflow -h", before->letter);
	else if (optopt && optopt < 256)
		log_error("-%c: unknown option: see spanflow -h", optopt);
	else if (optopt)
		log_error("%s: takes no value: see spanflow -h", argv[optind - 1]);
	else
		log_error("%s: unknown option: see spanflow -h", argv[optind - 1]);
	return -EINVAL;
}

/* An action happens at once; a setting is kept until all that were said are known. */
static int take_option(
    struct config *c, struct settings *given, const struct option_spec *o, const char *value)
{
	struct setting s = {.row = o, .value = (char *)value, .rank = SETTING_LINE};
	const struct section_spec *section = section_of(o);

	if (o->kind == OPTION_ACTION)
		return settings_apply(&(struct settings){&s, 1}, c);
	if (!value)
		s.value = (char *)"on";
	if (section)
		return section->split(given, &s, value);
	return settings_add(given, &s);
}

static bool takes(const struct option_spec *o, const char *value)
{
	struct config *c = malloc(sizeof(*c));
	bool takes_it;

	if (!c)
		return false;
	config_init(c);
	takes_it = o->set(c, value) == 0;
	config_fini(c);
	free(c);
	return takes_it;
}

/*
 * "--stats json": getopt takes a value that may be left out only behind '='; this one would be a filter. No expression
 * begins with a bare name, and hardly one with a number: "9469 = tcp[0:2]" has to be in one argument, or turned round.
 */
static int check_detached(const struct option_spec *o, const char *word)
{
	if (!word || optarg || !option_value_is_optional(o) || *word == '-' || !takes(o, word))
		return 0;
	log_error("--%s: '%s' behind a blank would be a filter: write --%s=%s", o->name, word,
	    o->name, word);
	return -EINVAL;
}

/* The words after the options, with blanks between them. */
static int take_filter(struct settings *given, char **words, int count)
{
	struct setting s = {.row = option_find("filter"), .rank = SETTING_LINE};
	size_t size = 1;
	int rc;

	if (count == 0)
		return 0;
	for (int i = 0; i < count; i++)
		size += strlen(words[i]) + 1;
	s.value = calloc(1, size);
	if (!s.value)
		return -ENOMEM;
	for (int i = 0; i < count; i++) {
		if (i)
			strcat(s.value, " ");
		strcat(s.value, words[i]);
	}
	rc = settings_add(given, &s);
	free(s.value);
	return rc;
}

int arguments_read(struct config *c, struct settings *given, int argc, char **argv)
{
	struct option long_options[OPTIONS_MAX];
	char letters[2 * OPTIONS_MAX];
	const struct option_spec *o = NULL;
	int result, rc;

	build_getopt(long_options, letters);
	opterr = 0;
	optind = 0;
	while ((result = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
		if (result == '?' || result == ':')
			return wrong_option(result, argv, o);
		o = row_of(result);
		rc = check_detached(o, argv[optind]);
		if (rc == 0)
			rc = take_option(c, given, o, optarg);
		if (rc)
			return rc;
	}
	return take_filter(given, argv + optind, argc - optind);
}

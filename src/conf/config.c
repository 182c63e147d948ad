#include "conf/config.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/file.h"
#include "conf/options.h"
#include "meter/overload.h"
#include "util/log.h"

#define OPTIONS_MAX 64

void config_init(struct config *c)
{
	*c = (struct config){.sampling = {.count = 1}, .file_ingress = 1};
}

void config_fini(struct config *c)
{
	for (size_t i = 0; i < c->collector_count; i++) {
		free(c->collectors[i].text);
		free(c->collectors[i].url);
	}
	port_map_fini(&c->ports);
	for (size_t i = 0; i < c->group_count; i++)
		free(c->groups[i].name);
	free(c->filter);
	free(c->control.path);
	settings_fini(&c->settings);
}

/* -- the command line --------------------------------------------------------------------------- */

/* getopt's tables out of ours. A long option's value there is its row's number plus 256. */
static void build_getopt(struct option *long_options, char *letters)
{
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

static int read_arguments(struct config *c, struct settings *given, int argc, char **argv)
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
		rc = take_option(c, given, row_of(result), optarg);
		if (rc)
			return rc;
	}
	return take_filter(given, argv + optind, argc - optind);
}

/* -- all together ------------------------------------------------------------------------------- */

/* Files whose times are shifted are read twice. */
static int check_files_twice(const struct config *c)
{
	for (size_t i = 0; i < c->file_count; i++) {
		const char *name = c->files[i].name;
		struct stat st;

		if (strcmp(name, "-") != 0 && (stat(name, &st) < 0 || S_ISREG(st.st_mode)))
			continue;
		log_error("--time: 'now' is not allowed with '%s': the latest time must be found "
			  "first, and only a regular file can be read twice",
		    name);
		return -EINVAL;
	}
	return 0;
}

/* What several cannot do. */
static int check_workers(const struct config *c)
{
	if (c->max_flows < c->workers) {
		log_error(
		    "--max-flows: %u: with %u --workers at least as many: each holds its share",
		    c->max_flows, c->workers);
		return -EINVAL;
	}
	if (c->interface_count && c->packet_limit) {
		log_error("--count: with --interface and several --workers none can tell when so "
			  "many have come: use --duration");
		return -EINVAL;
	}
	if (c->interface_count && !key_has(KEY_PORTS, c->key_changes)) {
		log_error("--key: '-ports' is not allowed with --interface and several --workers: "
			  "the kernel shares packets out by ports");
		return -EINVAL;
	}
	return 0;
}

/* Its packets would count as often. */
static int check_interfaces(const struct config *c)
{
	for (size_t i = 0; i < c->interface_count; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(c->interfaces[i].name, c->interfaces[j].name) == 0) {
				log_error(
				    "--interface: '%s' is given twice", c->interfaces[i].name);
				return -EINVAL;
			}
	return 0;
}

/*
 * Nobody is answered while files are read. Whoever asks for it here is told; a file that is a service's may be used
 * for a capture as well.
 */
static int check_listening(const struct config *c)
{
	for (size_t i = 0; i < c->settings.count; i++) {
		const struct setting *s = &c->settings.rows[i];
		bool listens = (s->row->set == control_parse && c->control.path) ||
		    (s->row->set == metrics_parse && c->metrics.size);

		if (s->rank != SETTING_LINE || !listens)
			continue;
		log_error("--%s: not with --read: nobody is answered while files are read: use it "
			  "with --interface",
		    s->row->name);
		return -EINVAL;
	}
	return 0;
}

static int check_inputs(const struct config *c)
{
	if (check_interfaces(c) < 0)
		return -EINVAL;
	if (c->interface_count && c->file_count) {
		log_error("--interface and --read: one or the other: capture and files do not mix");
		return -EINVAL;
	}
	if (!c->interface_count && !c->file_count) {
		log_error(
		    "no input: name an interface (-i) or a capture file (-r): see spanflow -h");
		return -EINVAL;
	}
	if (c->interface_count && c->time_now) {
		log_error("--time: 'now' is not allowed with --interface: live it is now anyway");
		return -EINVAL;
	}
	if (c->workers > 1 && check_workers(c) < 0)
		return -EINVAL;
	if (c->file_count && check_listening(c) < 0)
		return -EINVAL;
	return c->time_now ? check_files_twice(c) : 0;
}

/* What the file says must be right also where the command line replaces it. */
static int check_file(const struct settings *said)
{
	struct config *c = malloc(sizeof(*c));
	int rc;

	if (!c)
		return -ENOMEM;
	config_init(c);
	rc = settings_apply(said, c);
	config_fini(c);
	free(c);
	return rc;
}

/* Records must go somewhere. */
static int add_output(struct settings *s)
{
	struct setting output = {.row = option_find("output"), .value = (char *)"text"};

	for (size_t i = 0; i < s->count; i++)
		if (s->rows[i].row->kind == OPTION_SECTION)
			return 0;
	return settings_add(s, &output);
}

/* NULL, and "-" as well, is what this standard descriptor is. */
static bool look_at(const char *path, int standard, struct stat *st)
{
	if (!path || strcmp(path, "-") == 0)
		return fstat(standard, st) == 0;
	return stat(path, st) == 0;
}

static bool is_same_inode(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Its file is made anew before the capture has been read. */
static int check_not_read(const struct config *c, const char *path)
{
	struct stat output, capture;

	if (stat(path, &output) < 0 || !S_ISREG(output.st_mode))
		return 0;
	for (size_t i = 0; i < c->file_count; i++)
		if (look_at(c->files[i].name, STDIN_FILENO, &capture) &&
		    is_same_inode(&output, &capture)) {
			log_error(
			    "--output: '%s': this is a capture to read: choose another file", path);
			return -EINVAL;
		}
	return 0;
}

/* The name in its directory, at which this looks. NULL: there is none, or it is too long. */
static const char *name_in(const char *path, struct stat *directory)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) + 1 : 0;
	char text[PATH_MAX] = ".";

	if (length >= sizeof(text))
		return NULL;
	memcpy(text, path, length);
	return stat(text, directory) == 0 ? path + length : NULL;
}

/* Of files that are not there yet. */
static bool will_be_same_file(const char *a, const char *b)
{
	struct stat in_a, in_b;
	const char *name_a = name_in(a, &in_a), *name_b = name_in(b, &in_b);

	return name_a && name_b && strcmp(name_a, name_b) == 0 && is_same_inode(&in_a, &in_b);
}

/* Devices take what they get, whoever gives it. */
static bool is_same_place(const struct config_collector *a, const struct config_collector *b)
{
	struct stat one, other;
	bool has_one, has_other;

	if (a->host || b->host)
		return false;
	if (!a->path && !b->path)
		return true;
	has_one = look_at(a->path, STDOUT_FILENO, &one);
	has_other = look_at(b->path, STDOUT_FILENO, &other);
	if (has_one && has_other && S_ISREG(one.st_mode))
		return is_same_inode(&one, &other);
	if (!a->path || !b->path)
		return false;
	if (!has_one && !has_other && will_be_same_file(a->path, b->path))
		return true;
	return strcmp(a->path, b->path) == 0 && strncmp(a->path, "/dev/", 5) != 0;
}

/* Each would write over the other's records, or among them. */
static int check_outputs(const struct config *c)
{
	for (size_t i = 0; i < c->collector_count; i++) {
		const struct config_collector *n = &c->collectors[i];

		for (size_t j = 0; j < i; j++)
			if (is_same_place(n, &c->collectors[j])) {
				log_error("--output: '%s' is given twice: a file for each",
				    n->path ? n->path : "standard output");
				return -EINVAL;
			}
		if (n->path && check_not_read(c, n->path) < 0)
			return -EINVAL;
	}
	return 0;
}

/* A rule for each level takes the place of those of classes. */
static int finish_overload(struct config *c)
{
	if (!c->overload_samples || !config_is_live(c))
		return 0;
	if (c->sampling.count > 1 || c->sampling.rules[0].method != SAMPLING_NONE) {
		log_error("--overload: 'sample' is not allowed with --sample or --class: the rate "
			  "is its own");
		return -EINVAL;
	}
	overload_plan(&c->sampling);
	return 0;
}

static int check_root(const struct config *c)
{
	if (!c->user.root || c->seal)
		return 0;
	log_error("--chroot: it is a part of giving up rights: not with --seal=off");
	return -EINVAL;
}

int config_finish(struct config *c)
{
	int rc = check_inputs(c);

	if (rc == 0)
		rc = check_outputs(c);
	if (rc == 0)
		rc = check_root(c);
	if (rc == 0)
		rc = finish_overload(c);
	return rc ? rc : collectors_finish(c);
}

static int settle(struct config *c, struct settings *given)
{
	struct settings file = {0};
	int rc = settings_add_defaults(&c->settings);

	if (rc == 0 && c->file)
		rc = file_read(c->file, &file);
	if (rc == 0)
		rc = check_file(&file);
	if (rc == 0)
		rc = settings_override(&c->settings, &file);
	if (rc == 0)
		rc = settings_override(&c->settings, given);
	if (rc == 0)
		rc = add_output(&c->settings);
	settings_fini(&file);
	if (rc == 0)
		rc = settings_apply(&c->settings, c);
	return rc ? rc : config_finish(c);
}

int config_parse(struct config *c, int argc, char **argv)
{
	struct settings given = {0};
	int rc = read_arguments(c, &given, argc, argv);

	if (rc == 0 && !c->show_help && !c->show_version)
		rc = settle(c, &given);
	settings_fini(&given);
	if (rc == -ENOMEM)
		log_error("start: %s", strerror(ENOMEM));
	return rc;
}

void config_set_log(const struct config *c)
{
	log_set_level(c->quiet ? LOG_LEVEL_ERROR : c->log_level);
	log_set_format(c->log_format);
}

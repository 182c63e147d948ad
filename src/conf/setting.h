/*
 * Settings before they take effect: what the defaults, the configuration file and the command
 * line say, in order, with the place where each was said. The list that a run was made from stays
 * with its configuration, so that it can be printed.
 */
#ifndef SPANFLOW_CONF_SETTING_H
#define SPANFLOW_CONF_SETTING_H

#include <stdbool.h>
#include <stddef.h>

struct config;
struct option_spec;

/* Who said it; a later one wins over an earlier one. */
enum setting_rank { SETTING_DEFAULT, SETTING_FILE, SETTING_LINE };

struct setting {
	const struct option_spec *row;
	char *key;   /* of a collector or output, after the row itself; NULL: the row itself */
	char *value; /* "on" for an option that stands alone */
	char *name;  /* title of the section in the file; NULL: none */
	enum setting_rank rank;
	const char *file; /* where it stands; borrowed; NULL: the command line */
	unsigned line;
};

struct settings {
	struct setting *rows; /* and their key, value and name; owned */
	size_t count;
};

void settings_fini(struct settings *s);

/* Appends a copy, with copies of key, value and name. 0 or -ENOMEM. */
int settings_add(struct settings *s, const struct setting *new);

/* Appends the defaults of all options. 0 or -ENOMEM. */
int settings_add_defaults(struct settings *s);

/*
 * Moves all of `from` behind those of `s`, and takes out of `s` what they replace: of an option
 * that has one value the earlier value, of a list all that a lower rank said, and with collectors
 * their groups. 0 or -ENOMEM.
 */
int settings_override(struct settings *s, struct settings *from);

/* Whether two values NAME=VALUE are of one name, so that one of them counts. */
bool settings_have_one_name(const char *a, const char *b);

/*
 * Gives the values to `c`, in order. 0, or -EINVAL after saying which one is wrong, where it
 * stands, and what is allowed.
 */
int settings_apply(const struct settings *s, struct config *c);

#endif

/*
 * One row an option: it serves the command line, the configuration file, their errors, the help and
 * what -T prints.
 */
#ifndef SPANFLOW_CONF_OPTIONS_H
#define SPANFLOW_CONF_OPTIONS_H

#include <string.h>

#include "conf/config.h"

enum option_kind {
	OPTION_VALUE,   /* one value: a later one replaces it */
	OPTION_NAMED,   /* NAME=VALUE, a list: a later one of the same NAME replaces it */
	OPTION_LIST,    /* may be repeated; the command line's list replaces the file's */
	OPTION_INPUT,   /* such a list, and all lists of this kind are replaced together */
	OPTION_SECTION, /* such a list, of values that have keys: in the file a section each */
	OPTION_ACTION,  /* of the command line alone */
};

struct option_spec {
	const char *name;
	char letter;          /* 0: none */
	const char *argument; /* its name in the help; NULL: takes none; "[=x]": may be left out */
	const char *help;     /* NULL: the help shows its name alone */
	const char *allowed;  /* ends the message about a wrong value */
	/* 0, or -EINVAL or -ERANGE: the value is not allowed. `value` stays valid as long as `c`; it is
	 * "on" for an option that stands alone. Messages that it writes need not name the option. */
	int (*set)(struct config *c, const char *value);
	const char *fallback; /* the default, for set(); of a list: words; NULL: not set */
	enum option_kind kind;
	enum reload_part reload; /* what changes with it */
};

extern const struct option_spec option_table[];
extern const size_t option_count;

static inline bool option_value_is_optional(const struct option_spec *o)
{
	return o->argument && o->argument[0] == '[' && o->argument[1] == '=';
}

/* In no name of an interface or host: what an installed file has in their place stands out by it. */
static inline bool has_blank(const char *name)
{
	return name[strcspn(name, " \t\r\n")] != '\0';
}

/* The row of that name or NULL. */
const struct option_spec *option_find(const char *name);

/* What a collector or an output is told apart from where it is. */
struct key_spec {
	const char *name;
	const char *allowed;
	int (*set)(struct config_collector *, const char *);
	const char *fallback; /* NULL: not set; the option of the same name may count */
};

struct key_table {
	const struct key_spec *rows;
	size_t count;
};

/* collector_keys.c: those of collectors, and of outputs. */
extern const struct key_table collector_keys;
extern const struct key_table output_keys;

/* How an option of kind OPTION_SECTION looks in the file and on the command line. */
struct section_spec {
	const char *address; /* the file's name for what stands first on the command line */
	const char *allowed; /* ends the message about a wrong address in the file */
	const struct key_table *keys;
	/* Makes settings of the command line's form, the address first; the rest of *base is kept. */
	int (*split)(struct settings *s, const struct setting *base, const char *text);
};

/* collector.c. NULL for options of other kinds. */
const struct section_spec *section_of(const struct option_spec *o);
const struct key_spec *key_find(const struct option_spec *o, const char *name);
/* The names of the keys, with commas, for a message. */
void section_list_keys(const struct section_spec *section, char *out, size_t size);

/*
 * arguments.c: adds what the command line says to `given`; actions take effect at once. 0, or -ENOMEM, or -EINVAL
 * after saying what is wrong.
 */
int arguments_read(struct config *c, struct settings *given, int argc, char **argv);
/* together.c: whether the settings may be together. 0, or -EINVAL after saying why not. */
int together_check(const struct config *c);

/* Adds a collector at "[SCHEME://]HOST[:PORT]", with the defaults of its keys. 0, or SAID_ALREADY. */
int collector_add(struct config *c, const char *address);
/* Adds an output of lines: "text", "csv" or "json". 0, -EINVAL or SAID_ALREADY. */
int output_add(struct config *c, const char *style);
/* Puts what depends on other options: formats, ports, URLs. 0, or -EINVAL after saying why. */
int collectors_finish(struct config *c);
/* group.c: takes "NAME=POLICY[,hold-down=TIME]"; 0 or -EINVAL, or SAID_ALREADY. */
int group_parse(struct config *c, const char *value);
/* control.c: takes "PATH[,mode=OCTAL][,owner=USER][,group=GROUP]"; 0, -EINVAL or SAID_ALREADY. */
int control_parse(struct config *c, const char *value);
/* metrics.c: takes "[ADDRESS]:PORT", "PORT", "on" or "off"; 0 or -EINVAL. */
int metrics_parse(struct config *c, const char *value);
/* sampling.c: "[METHOD:]N", and "RULE EXPRESSION"; 0 or -EINVAL, or SAID_ALREADY. */
int sampling_set_rule(struct config *c, const char *value);
int sampling_add_class(struct config *c, const char *value);
int sampling_set_scale(struct config *c, const char *value);
int sampling_set_hash_key(struct config *c, const char *value);
int sampling_set_overload(struct config *c, const char *value);
/* flow_key.c: takes "default" or words with commas between them; 0 or -EINVAL, or SAID_ALREADY. */
int flow_key_parse(struct config *c, const char *value);
/* Looks whether collectors and groups name each other, and none gets records twice. 0, or -EINVAL after saying why not. */
int groups_finish(const struct config *c);
/* An export format by the name that options use. 0 or -EINVAL. */
int format_parse(const char *text, enum format *format);

/* Returned by a set() that has said itself what is wrong. */
#define SAID_ALREADY (-2000)

#endif

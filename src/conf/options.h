/*
 * One row an option: it serves the command line, its errors and the help.
 */
#ifndef SPANFLOW_CONF_OPTIONS_H
#define SPANFLOW_CONF_OPTIONS_H

#include "conf/config.h"

struct option_spec {
	const char *name;
	char letter;          /* 0: none */
	const char *argument; /* its name in the help; NULL: takes none; "[=x]": may be left out */
	const char *help;
	const char *allowed; /* ends the message about a wrong value */
	/* 0, or -EINVAL or -ERANGE: the value is not allowed. `value` is NULL where there is none. */
	int (*set)(struct config *c, const char *value);
};

extern const struct option_spec option_table[];
extern const size_t option_count;

/* collector.c: takes "[SCHEME://]HOST[:PORT][,key=value...]"; 0, or -EINVAL after saying why. */
int collector_parse(struct config *c, const char *value);
/* Takes "FORMAT[:FILE]"; 0 or -EINVAL. */
int output_parse(struct config *c, const char *value);
/* Puts what depends on other options: formats, ports, URLs. 0, or -EINVAL after saying why. */
int collectors_finish(struct config *c);
/* An export format by the name that options use. 0 or -EINVAL. */
int format_parse(const char *text, enum format *format);

/* Returned by a set() that has said itself what is wrong. */
#define SAID_ALREADY (-2000)

#endif

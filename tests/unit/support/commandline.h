/*
 * Command lines and configuration files for tests of what is read from them.
 */
#ifndef SPANFLOW_TESTS_COMMANDLINE_H
#define SPANFLOW_TESTS_COMMANDLINE_H

#include <stddef.h>

#include "conf/config.h"

/*
 * Reads a command line whose words stand between blanks. What config_parse() returned; the
 * configuration is *c until commandline_forget(). What was said on standard error: commandline_said.
 */
int commandline_parse(const char *line, struct config **c);
void commandline_forget(void);
extern const char *commandline_said;

/* Writes a file and returns its name, which the next call alters; the file goes with the test. */
const char *commandline_file(const char *text, size_t size);

/* What is printed on standard output by `print`; the caller frees it. */
char *commandline_printed(void (*print)(const struct config *), const struct config *c);

#endif

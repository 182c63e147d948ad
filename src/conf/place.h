/*
 * Where lines of records go, whatever it is called: through links, and before the file is there. Both look at the
 * file system.
 */
#ifndef SPANFLOW_CONF_PLACE_H
#define SPANFLOW_CONF_PLACE_H

#include <stdbool.h>

/* Whether two outputs would write into one file. NULL is standard output. Devices take what they get, whoever gives it. */
bool place_is_same(const char *a, const char *b);
/* Whether an output is a regular file that is also read; a capture "-" is standard input. */
bool place_is_capture(const char *output, const char *capture);

#endif

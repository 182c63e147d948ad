/*
 * UTF-8, for formats that allow nothing else.
 */
#ifndef SPANFLOW_UTIL_UTF8_H
#define SPANFLOW_UTIL_UTF8_H

#include <stddef.h>

/*
 * How many octets the character at `s` has; 0: it is none (RFC 3629 section 4). What ends the
 * string ends the character, too.
 */
size_t utf8_length(const unsigned char *s);

#endif

/*
 * UTF-8, for what allows nothing else.
 */
#ifndef SPANFLOW_UTIL_UTF8_H
#define SPANFLOW_UTIL_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* A string's size, where the 0 behind it ends it: that ends a character, too. */
#define UTF8_STRING SIZE_MAX

/*
 * How many octets the character has that the `size` octets at `s`, at least one, begin with; 0: they begin with
 * none (RFC 3629 section 4).
 */
size_t utf8_length(const uint8_t *s, size_t size);

#endif

/*
 * Numbers as people write them: 15s, 30m, 500ms, 64M. And the few time constants that all share.
 */
#ifndef SPANFLOW_UTIL_UNITS_H
#define SPANFLOW_UTIL_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull

/* A whole decimal number. 0, or -EINVAL for anything else, -ERANGE outside [min, max]. */
int parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *value);
/* A number with a unit ms, s, m or h, in ns. A bare 0 needs none. -EINVAL, -ERANGE (over a year). */
int parse_time_ns(const char *text, uint64_t *value_ns);
/* A number of bytes with an optional k, M or G (powers of 1024). -EINVAL, -ERANGE. */
int parse_size(const char *text, uint64_t *bytes);
/* on, yes or true; off, no or false. 0 or -EINVAL. */
int parse_switch(const char *text, bool *value);

#endif

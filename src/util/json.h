/*
 * JSON on a stream, a member at a time (RFC 8259).
 */
#ifndef SPANFLOW_UTIL_JSON_H
#define SPANFLOW_UTIL_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Zeros but for `out` before the first member. */
struct json {
	FILE *out;
	bool comma; /* something stands before the next member */
};

/* An object or a list begins; `key` NULL: it is an element of a list, or the whole text. */
void json_open(struct json *j, const char *key);
void json_close(struct json *j);
void json_open_list(struct json *j, const char *key);
void json_close_list(struct json *j);

void json_number(struct json *j, const char *key, uint64_t value);
/* With three digits behind the point. */
void json_decimal(struct json *j, const char *key, double value);
/* Whatever octets `value` has; those that are no UTF-8 become U+FFFD. NULL: null. */
void json_string(struct json *j, const char *key, const char *value);

#endif

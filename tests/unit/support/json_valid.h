/*
 * Whether a text is JSON, for what tests have printed.
 */
#ifndef SPANFLOW_TESTS_JSON_VALID_H
#define SPANFLOW_TESTS_JSON_VALID_H

#include <stdbool.h>

/* One value (RFC 8259) in UTF-8, and white space around it; no other characters than those are UTF-8. */
bool json_valid(const char *text);

#endif

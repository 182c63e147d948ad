/*
 * What the code under test says on standard error, as text.
 */
#ifndef SPANFLOW_TESTS_SAID_H
#define SPANFLOW_TESTS_SAID_H

#include <stdbool.h>

/* From here on messages are kept instead of shown. */
void said_begin(void);
/* Ends that. The text is valid until the next said_begin(). */
const char *said_end(void);
/* Whether it is one line of the form that SPEC section 1 demands. */
bool said_one_message(const char *said);

#endif

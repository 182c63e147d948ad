/*
 * Messages to the person who runs the program, on standard error, one line each:
 *
 *	spanflow: SUBJECT: what is wrong[: what to do]
 *
 * Any thread may call them; nothing on the packet or record path does.
 */
#ifndef SPANFLOW_UTIL_LOG_H
#define SPANFLOW_UTIL_LOG_H

#include <stdbool.h>

/* Quiet leaves errors and drops warnings. Set once, before any thread starts. */
void log_set_quiet(bool quiet);

/*
 * Puts a subject before all messages, such as the line of the file that is being read; NULL ends
 * that. It is borrowed. Only while there is one thread.
 */
void log_set_subject(const char *subject);

/* Something failed: part of the work was not done. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Something to know: the work goes on. */
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

/*
 * Messages to the person who runs the program, on standard error, one line each:
 *
 *	spanflow: SUBJECT: what is wrong[: what to do]
 *
 * Any thread may call them; nothing on the packet or record path does. A line leaves in one write
 * and never stops the program (util/outlet.h): one that cannot be written is lost and counted, and
 * the next one that can be is preceded by how many were.
 */
#ifndef SPANFLOW_UTIL_LOG_H
#define SPANFLOW_UTIL_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level {
	LOG_LEVEL_ERROR,   /* part of the work was not done */
	LOG_LEVEL_WARNING, /* something to know: the work goes on */
	LOG_LEVEL_INFO,    /* what is as it should be */
};

/*
 * As text a line is as above. In the journal's format its priority (sd-daemon(3)) stands in the
 * place of "spanflow: ", which the journal puts there itself. As JSON it is an object with the
 * members time (RFC 3339, UTC, milliseconds), level, subject and message; the subject ends before
 * the first ": " of the text.
 */
enum log_format {
	LOG_FORMAT_AUTO, /* the journal's if standard error is the journal, else text */
	LOG_FORMAT_TEXT,
	LOG_FORMAT_JSON,
	LOG_FORMAT_JOURNAL,
};

/* Looks what standard error is. Before any thread starts, and before what opens or forbids files. */
void log_open(void);

/* Both may be set while threads write; the next line is as they say. At first: warnings, auto. */
void log_set_level(enum log_level level);
void log_set_format(enum log_format format);
/* Their names. 0 or -EINVAL. */
int log_parse_level(const char *name, enum log_level *level);
int log_parse_format(const char *name, enum log_format *format);

/*
 * Whether messages that repeat are held back (util/repeat.h). At first not: what is wrong with a
 * start is told whole, and so is each of a thousand files. For a program that runs on and on.
 */
void log_hold_repeats(bool holds);
/*
 * Says what was held back in windows that are over at `now_ns` (steady), and how many lines were
 * lost. Each message does so first; call it now and then for when none comes, and with UINT64_MAX at
 * the end.
 */
void log_catch_up(uint64_t now_ns);

/*
 * What is no message, such as the ledger, as it is. It waits for who reads it, see outlet_write_text(). False: not all
 * of it could be written.
 */
bool log_write(const char *text, size_t size);

/*
 * Puts a subject before all messages of the calling thread, such as the line of the file that is
 * being read; NULL ends that. It is borrowed.
 */
void log_set_subject(const char *subject);

/* Whether the calling thread's messages are dropped, where somebody else says the same. */
void log_be_silent(bool silent);

/* What was said, in lines that end; what has no room is left out. */
#define LOG_COPY_SIZE 4096
struct log_copy {
	char text[LOG_COPY_SIZE];
	size_t used;
	size_t error; /* where the first error is; at the text's end as long as there is none */
};

/*
 * From now on `copy` also gets the calling thread's errors and warnings, for whoever has asked for what it does, whatever
 * the level is; NULL: no more.
 */
void log_copy_to(struct log_copy *copy);

/* Whether any thread has had an error to say. */
bool log_has_erred(void);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

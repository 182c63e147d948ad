/*
 * A line of text that is put together in one place of bounded size, to leave in one write.
 *
 * Whatever octets go in, what stands in the line is printable UTF-8: a control character or an
 * octet that is no UTF-8 is shown as \n or \x1b. A line break in a file's name would begin a line
 * that looks like another message, an escape sequence would reach the terminal, and the journal
 * takes a line with such octets for a blob that it does not show.
 */
#ifndef SPANFLOW_UTIL_LINE_H
#define SPANFLOW_UTIL_LINE_H

#include <stdbool.h>
#include <stddef.h>

/* What a pipe takes whole or not at all (PIPE_BUF of Linux, pipe(7)). */
#define LINE_SIZE 4096
/* Octets that are kept for line_end(). */
#define LINE_END_SIZE 8

struct line {
	size_t used;  /* 0: empty */
	bool is_full; /* something did not fit: nothing more is taken but the end */
	char text[LINE_SIZE];
};

/* Adds words of our own as they are. */
void line_put(struct line *l, const char *words);
/* Adds `size` octets from anywhere, made printable; what does not fit is cut between characters. */
void line_put_text(struct line *l, const char *text, size_t size);
/* The same as it stands within the quotes of a JSON string (RFC 8259 section 7). */
void line_put_json(struct line *l, const char *text, size_t size);
/* Adds what ends the line, at most LINE_END_SIZE octets. */
void line_end(struct line *l, const char *end);

#endif

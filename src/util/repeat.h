/*
 * Which messages are held back because they repeat.
 *
 * A kind of message is the place in the program that says it, which its format string tells, with
 * its subject: what one collector suffers must not hide what happens to another. In a window of 60 s
 * that its first message begins, 10 of a kind are said. What is told again on purpose (an error of a
 * collector each minute, a look-up each 10 s) never gets there, while a link that flaps ten times a
 * second leaves 10 lines a minute and not 600, and no kind more than the 10,000 in 30 s at which the
 * journal begins to lose messages of all kinds.
 *
 * The table holds 64 kinds, twice the number of collectors; while it is full all others count as one
 * kind, so that the lines of a minute are bounded whatever is said. Time is an argument. Not for
 * several threads at once.
 */
#ifndef SPANFLOW_UTIL_REPEAT_H
#define SPANFLOW_UTIL_REPEAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPEAT_WINDOW_S 60
#define REPEAT_MESSAGES 10
#define REPEAT_KINDS 64
/* So much of a message is kept. A subject that is longer counts by its beginning. */
#define REPEAT_TEXT_SIZE 256

struct repeat_message {
	const char *format;
	const char *text;
	size_t subject; /* octets of the text that are its subject */
	int level;
};

struct repeat_kind {
	const char *format; /* of its first message; NULL: no kind */
	size_t subject;
	int level;
	bool is_mixed; /* several kinds: the text is the last one's */
	unsigned said;
	uint64_t held_back;
	uint64_t end_ns;
	char text[REPEAT_TEXT_SIZE]; /* of its last message */
};

/* Zeroed memory is ready. */
struct repeats {
	struct repeat_kind kinds[REPEAT_KINDS + 1]; /* the last one: of those that found no place */
};

/* Counts a message at `now_ns`; true: it is to be said. Call repeats_next() first. */
bool repeats_take(struct repeats *r, const struct repeat_message *m, uint64_t now_ns);
/* Ends the windows that are over at `now_ns`. False: nothing was held back in any; else `held` is
 * one in which something was, and the next call goes on. */
bool repeats_next(struct repeats *r, uint64_t now_ns, struct repeat_kind *held);

#endif

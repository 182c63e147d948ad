/*
 * SPINE: one stream of records out of several rings, told by one clock that does not go back.
 *
 * Shards are not equally far: what a ring brings later than another has told is told with the time that it is by
 * then. A ring whose clock was set back (RECORD_RESTART) is left alone until all others have come as far or ended;
 * then the clock begins anew. One that brings nothing holds up no other. Of what could not be metered each tick tells
 * the sum over all rings, and RECORD_LAST comes once: when it came from each of them.
 *
 * Belongs to one thread, the rings' consumer. Nothing is allocated, nothing can fail.
 */
#ifndef SPANFLOW_MERGE_H
#define SPANFLOW_MERGE_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "conf/config.h"
#include "meter/record.h"
#include "util/ring.h"

struct merge_input {
	struct ring *ring;
	bool restarted; /* RECORD_RESTART came; what follows waits for the others' */
	bool ended;     /* RECORD_LAST came */
	struct unmetered unmetered;
};

struct merge {
	struct merge_input inputs[CONFIG_WORKERS_MAX];
	unsigned count;
	uint64_t clock_ns; /* told so far; 0: none */
	bool ended;        /* all inputs have */

	/* The turn. */
	unsigned share;     /* so many of a ring at most */
	unsigned at;        /* the input that is being taken from */
	unsigned taken;     /* from it */
	bool has_taken;     /* from any */
	struct ring *lent;  /* whose slot has been given out, or NULL */
	struct record told; /* what is given out where it is not as it came */
};

/* The rings, of struct record, must outlive it. `a_turn`: how many records all together bring in a turn. */
void merge_init(struct merge *m, struct ring *const *rings, unsigned count, unsigned a_turn);

/* The next flow, tick or end, lent until the next call here; NULL: nothing more in this turn. */
const struct record *merge_next(struct merge *m);
/* Begins the next turn, with the first ring. Whether this one got on, if only to where a clock was set back. */
bool merge_end_turn(struct merge *m);
/* Whether RECORD_LAST has been given out. */
bool merge_has_ended(const struct merge *m);

/*
 * Between turns: says to the rings that the consumer is going to sleep, and adds to `fds` what it is woken by. False:
 * one of them has records after all. merge_wake_up() takes the word back, in either case.
 */
bool merge_sleep(struct merge *m, struct pollfd *fds, nfds_t *n);
void merge_wake_up(struct merge *m);

#endif

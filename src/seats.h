/*
 * SPINE: where a worker's sources are, one a live interface; and how the main thread gives it others
 * while it runs.
 *
 * The worker looks at each turn whether something was left for it (seats_have_mail()), which is one load;
 * a source crosses by one atomic pointer.
 */
#ifndef SPANFLOW_SEATS_H
#define SPANFLOW_SEATS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "capture/source.h"
#include "control/ledger.h"

struct seat {
	_Atomic(struct source *) fresh;
	atomic_bool drop;
	atomic_bool is_empty;    /* neither a source nor a fresh one */
	_Atomic uint64_t missed; /* by the interface; the main thread knows */
	uint64_t former;         /* dropped by sources that are closed; the worker's */
};

struct seats {
	struct source **sources;         /* NULL: none there; the worker's alone */
	struct ledger_interface *counts; /* of each seat, by all of its sources; the worker's */
	struct seat *all;
	unsigned count;
	int lost_fd; /* eventfd, added 1 to when a source has come to its end */
	atomic_bool has_mail;
};

/* `live` has `count` sources, which are taken over, or NULLs. Of files there is one, NULL. 0 or -ENOMEM. */
int seats_init(struct seats *s, struct source *const *live, unsigned count, int lost_fd);
void seats_fini(struct seats *s);

/* -- for the main thread ---------------------------------------------------------------------- */

/* This source is read from the next turn on; it is taken over. Only while seats_lack() says so. */
void seats_give(struct seats *s, unsigned i, struct source *source);
/* The source is closed at the next turn; lost_fd tells. */
void seats_drop(struct seats *s, unsigned i);
/* Whether there is no source: none was given, or it came to its end and is closed. */
bool seats_lack(const struct seats *s, unsigned i);

/* How many packets the interface has had no room for so far. Of several workers the first one is told. */
void seats_tell_missed(struct seats *s, unsigned i, uint64_t missed);

/* -- for the worker --------------------------------------------------------------------------- */

/* True once after seats_give() or seats_drop(). */
static inline bool seats_have_mail(struct seats *s)
{
	return atomic_load_explicit(&s->has_mail, memory_order_relaxed) &&
	    atomic_exchange(&s->has_mail, false);
}

/* What was left at seat i: whether its source is to be closed, and another one to be read then, or NULL. */
struct source *seats_take(struct seats *s, unsigned i, bool *drop);
/* Closes the source, if there is one, after asking it what it has dropped. */
void seats_forget(struct seats *s, unsigned i);
/*
 * Asks each open source what it has dropped, for the seats' counts. Of what was dropped at all of them, by closed ones
 * too, it returns the sums in two members of a worker's part of the ledger.
 */
void seats_ask_drops(struct seats *s, struct ledger_packets *sums);

#endif

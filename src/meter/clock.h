/*
 * The clock that deadlines are judged by. It never asks what time it is: it is told.
 *
 * Offline it is the largest packet time so far, and restarts where a capture steps back by more
 * than CLOCK_STEP_NS or a file begins before it. Live it is the monotonic clock, so that a step of
 * the wall clock moves no deadline; packet times are mapped onto it.
 */
#ifndef SPANFLOW_METER_CLOCK_H
#define SPANFLOW_METER_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "util/units.h"

#define CLOCK_STEP_NS (60 * NS_PER_S)

struct clock {
	uint64_t now_ns;    /* the clock; never goes back but by a restart */
	uint64_t newest_ns; /* the largest packet time since the start or restart */
	bool live;
	bool file_begins; /* offline: the next packet with a time is its file's first */
	/* Live only; the last two as of the last clock_tick_live(): */
	uint64_t steady_to_clock_ns;
	uint64_t limit_ns;  /* no packet read now is later than this */
	int64_t to_wall_ns; /* what to add to the clock to get the date */
};

/* What a packet's time says. */
struct stamp {
	uint64_t ts_ns; /* the packet's time, or the clock where it has none */
	uint64_t clock_ns;
	bool late; /* a packet with a later time came before */
	bool no_time;
};

void clock_restart(struct clock *c, uint64_t ts_ns);

/*
 * Live: it is `steady_ns` on a clock without steps and `wall_ns` by date. Offered before each
 * read; packets read afterwards are stamped no later. The first call sets the clock.
 */
void clock_tick_live(struct clock *c, uint64_t steady_ns, uint64_t wall_ns);
/* Live: nothing older than the last tick is left to read; the clock moves up to it. */
void clock_catch_up(struct clock *c);

/* Live: what the clock is when the one without steps is this. */
static inline uint64_t clock_of_steady(const struct clock *c, uint64_t steady_ns)
{
	return steady_ns + c->steady_to_clock_ns;
}

/* The date at the clock's moment. */
static inline uint64_t clock_wall_ns(const struct clock *c)
{
	return c->now_ns + (uint64_t)c->to_wall_ns;
}

/* -- for every packet ------------------------------------------------------------------------- */

/* Whether a packet of this time restarts the clock: then clock_restart() comes before its stamp. */
static inline bool clock_steps_back(const struct clock *c, uint64_t ts_ns)
{
	if (c->live || ts_ns == 0 || ts_ns >= c->now_ns)
		return false;
	return c->file_begins || c->now_ns - ts_ns > CLOCK_STEP_NS;
}

/* A packet's date on the steady clock, as far as the clocks agree: between the clock and the limit. */
static inline uint64_t clock_steady_of(const struct clock *c, uint64_t ts_ns)
{
	uint64_t at = ts_ns - (uint64_t)c->to_wall_ns;

	if ((int64_t)(at - c->limit_ns) > 0)
		return c->limit_ns;
	return (int64_t)(at - c->now_ns) < 0 ? c->now_ns : at;
}

/*
 * Moves the clock to take in a packet of time `ts_ns` (0: the capture does not say). The stamp stays in
 * registers: handed over in memory, it would be read in other pieces than it was written in.
 */
static inline struct stamp clock_stamp(struct clock *c, uint64_t ts_ns)
{
	struct stamp s = {.ts_ns = ts_ns, .no_time = ts_ns == 0};

	if (s.no_time) {
		s.ts_ns = c->live ? clock_wall_ns(c) : c->now_ns;
	} else {
		uint64_t at = c->live ? clock_steady_of(c, ts_ns) : ts_ns;

		c->file_begins = false;
		if (at > c->now_ns)
			c->now_ns = at;
	}
	s.clock_ns = c->now_ns;
	s.late = s.ts_ns < c->newest_ns;
	if (!s.late)
		c->newest_ns = s.ts_ns;
	return s;
}

#endif

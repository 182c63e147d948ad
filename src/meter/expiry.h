/*
 * When a flow ends (SPEC: idle, active, end of flow), and how flows that are due are found.
 *
 * Deadlines are exact: a packet at or past its flow's deadline starts a new record even if the
 * sweep has not been there yet. The sweep only decides how soon a silent flow leaves.
 *
 * It walks a dense array with one 32-bit number a flow: the earliest time, in units of 67 ms, at
 * which the flow can be due. A packet does not touch that number although it moves the idle
 * deadline; a flow that turns out to be alive when its time comes gets a later one. So each flow
 * is looked at about once an idle timeout, and a packet pays nothing.
 */
#ifndef SPANFLOW_METER_EXPIRY_H
#define SPANFLOW_METER_EXPIRY_H

#include <stdbool.h>
#include <stdint.h>

#include "meter/flow.h"

struct timeouts {
	uint64_t idle_ns;
	uint64_t active_ns;
	uint64_t end_ns;
};

/* The earliest deadline of a flow as things stand. */
static inline uint64_t expiry_deadline(const struct flow *f, const struct timeouts *t)
{
	uint64_t idle = f->last_clock_ns + t->idle_ns;

	return idle < f->fixed_deadline ? idle : f->fixed_deadline;
}

/* When the flow is over if no more packets come; one that goes on does so behind the active timeout, too. */
static inline uint64_t expiry_over(const struct flow *f, const struct timeouts *t)
{
	uint64_t idle = f->last_clock_ns + t->idle_ns;

	return idle < f->end_deadline ? idle : f->end_deadline;
}

/*
 * The reason of the earliest deadline that has passed at `clock_ns` (of equal ones the lowest
 * number), or 0 when none has.
 */
int expiry_reason(const struct flow *f, const struct timeouts *t, uint64_t clock_ns);

/* The flow carried its first FIN or RST at its last packet: the linger begins. */
void expiry_begin_linger(struct flow *f, const struct timeouts *t);

struct expiry {
	uint32_t *check_at; /* one a slot of the table; EXPIRY_NEVER where there is no flow */
	uint64_t base_ns;   /* where their time begins, see expiry_covers() */
	uint32_t cursor;    /* the slot that the sweep looks at next */
	uint64_t swept_ns;  /* the clock up to which the sweep's pace has been used up */
	uint64_t full_ns;   /* the clock of the last expiry_full_sweep_due() that was true */
};

#define EXPIRY_NEVER UINT32_MAX
#define EXPIRY_UNIT_BITS 26 /* of nanoseconds */
/* The sweep visits each slot at least this often. */
#define EXPIRY_PERIOD_NS 500000000ull

/* Of a time before the base it is 0; far behind it, the last one: then flows are looked at early, never late. */
static inline uint32_t expiry_unit(const struct expiry *e, uint64_t ns)
{
	uint64_t unit = ns > e->base_ns ? (ns - e->base_ns) >> EXPIRY_UNIT_BITS : 0;

	return unit < EXPIRY_NEVER ? (uint32_t)unit : EXPIRY_NEVER - 1;
}

/*
 * Whether units tell times of this clock apart, for the next four years at least. If not, the owner sets the
 * base to the clock, and all slots anew.
 */
static inline bool expiry_covers(const struct expiry *e, uint64_t clock_ns)
{
	return clock_ns >= e->base_ns && expiry_unit(e, clock_ns) < EXPIRY_NEVER / 2;
}

/* Slot `i` holds a flow that is not due before `deadline_ns`. */
static inline void expiry_set(struct expiry *e, uint32_t i, uint64_t deadline_ns)
{
	e->check_at[i] = expiry_unit(e, deadline_ns);
}

static inline void expiry_clear(struct expiry *e, uint32_t i)
{
	e->check_at[i] = EXPIRY_NEVER;
}

/*
 * The table is full: true when it is worth while to look at every slot for a flow that is due
 * before one leaves early. At most once in EXPIRY_FULL_NS a slot, so that its cost stays below a
 * hundredth of the time that passes.
 */
#define EXPIRY_FULL_NS 100ull
bool expiry_full_sweep_due(struct expiry *e, uint32_t slots, uint64_t clock_ns);

/* Whether the sweep has something to do: what it looks at by the way would be waited for each time. */
#define EXPIRY_STEP_NS (EXPIRY_PERIOD_NS / 32)
static inline bool expiry_is_time(const struct expiry *e, uint64_t clock_ns)
{
	return clock_ns - e->swept_ns >= EXPIRY_STEP_NS;
}

/* How many of `slots` slots the sweep may look at, now that it is `clock_ns`. */
uint32_t expiry_allowance(struct expiry *e, uint32_t slots, uint64_t clock_ns);
/* What the sweep did not use of its allowance is there at the next call. */
void expiry_give_back(struct expiry *e, uint32_t slots, uint32_t allowance);
/* Of so many of its numbers, one at least, which is the smallest; of equal ones the first. */
uint32_t expiry_first(const uint32_t check_at[], uint32_t count);
/*
 * Goes on through the slots, `*allowance` of them at most, until `most` are found whose time has come: these are
 * put into `due`. How many; if fewer than `most` the allowance is used up.
 */
unsigned expiry_gather(struct expiry *e, uint32_t slots, uint64_t clock_ns, uint32_t *allowance,
    uint32_t due[], unsigned most);

#endif

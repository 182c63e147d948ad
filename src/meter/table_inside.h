/*
 * The inside of a flow table, for the files that it consists of: table.c, and table_walks.c for what looks at
 * all flows.
 */
#ifndef SPANFLOW_METER_TABLE_INSIDE_H
#define SPANFLOW_METER_TABLE_INSIDE_H

#include "meter/index.h"
#include "meter/table.h"

#define VICTIMS 16 /* are chosen at a time */

/* A flow that leaves if it is still as it was seen. */
struct victim {
	uint32_t slot;
	uint64_t last_clock_ns;
};

struct table {
	struct table_options options;
	struct table_stats stats;
	struct expiry expiry;

	struct key_seed key_seed;
	struct key_plan key_plan;
	struct index index;
	struct flow *flows;
	struct detail *details; /* one a flow, or NULL: nobody asked for them */
	uint32_t used_slots;    /* slots above have never held a flow */
	uint32_t free_slot;     /* head of the list of those that are free again, or NO_FLOW */
	struct victim victims[VICTIMS];
	unsigned victims_left;
	uint32_t victims_from; /* where the search for flows to give up goes on */
};

/* The flow in this slot ends: it is reported, and the slot is free. */
void table_end_flow(struct table *t, uint32_t i, int reason, uint64_t clock_ns);
/* The sweep's time begins here, as it must where expiry_covers() says no. */
void table_begin_time(struct table *t, uint64_t clock_ns);

/* What only fetches has no effect in the eyes of a compiler, and may be left out where it is a call. */
#define PREFETCHES static inline __attribute__((always_inline)) void

PREFETCHES prefetch_flow(const struct table *t, uint32_t i)
{
	__builtin_prefetch(&t->flows[i], 1);
	__builtin_prefetch(&t->flows[i].tail, 1);
}

PREFETCHES prefetch_bucket(const struct table *t, uint32_t i)
{
	__builtin_prefetch(index_home(&t->index, t->flows[i].hash), 1);
}

#endif

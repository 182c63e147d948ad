/*
 * The inside of a flow table, for the files that it consists of: table.c, for the life of a flow; table_account.c for
 * what packets change; table_ahead.c for its memory; table_walks.c for what looks at all flows.
 */
#ifndef SPANFLOW_METER_TABLE_INSIDE_H
#define SPANFLOW_METER_TABLE_INSIDE_H

#include "meter/index.h"
#include "meter/table.h"

#define GONE 32          /* so many ends later a flow leaves the index, too */
#define TOGETHER 256     /* so many flows at most are chosen to end, and then do */
#define AHEAD_LOOK 8192u /* new slots, after which it is time to look ahead */

/*
 * A flow that has ended and is still in the index, where no key finds it: its own kind is 0, or the slot is
 * another flow's already, which the index then has twice.
 */
struct gone {
	uint64_t hash;
	uint32_t slot;
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
	uint32_t ahead_slots;   /* the memory of those above has not been asked for */
	uint32_t *free_slots;   /* those that are free again, */
	uint32_t free_count;    /* of which the last one is taken first */
	struct gone gone[GONE]; /* the number n of them at n % GONE */
	uint64_t gone_begin;    /* those before have left the index */
	uint64_t gone_end;
	uint32_t evict_from; /* the first of the slots of which one gives up its flow next */
};

/* The slot of a new flow, with a record that begins with this packet, whose key has this hash. */
uint32_t table_create_flow(struct table *t, uint64_t hash, const struct pktinfo *info);
/* The flow goes on in a record that begins with this packet. */
void table_renew_record(struct table *t, uint32_t i, uint64_t hash, const struct pktinfo *info);
/* The first FIN or RST brings the deadline forward; without a linger it is now. */
void table_begin_linger(struct table *t, uint32_t i, uint64_t clock_ns);
/* The flow in this slot ends: it is reported, and the slot is free. */
void table_end_flow(struct table *t, uint32_t i, int reason, uint64_t clock_ns);
/* Those that have ended leave the index now. */
void table_forget_gone(struct table *t);
/* Puts flows that end now, TOGETHER at most, in the order in which they are to. */
void table_order(const struct table *t, uint32_t slots[], unsigned n);
/* Asks for memory that new slots will need, if it is time to. */
void table_look_ahead(struct table *t);
/* The sweep's time begins here, as it must where expiry_covers() says no. */
void table_begin_time(struct table *t, uint64_t clock_ns);

#endif

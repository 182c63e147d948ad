/*
 * The flow table: the Metering Process's memory of what is under way (RFC 7011 section 2).
 *
 * Belongs to one thread. Everything is reserved by table_create(): no packet allocates, and memory
 * is touched as flows come. A packet is never refused: when all slots are taken an old flow leaves
 * early (END_NO_RESOURCES). The work for one packet is bounded, whatever addresses a sender picks.
 */
#ifndef SPANFLOW_METER_TABLE_H
#define SPANFLOW_METER_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/pktinfo.h"
#include "meter/expiry.h"
#include "meter/flow.h"

/* As many packets go through the table in one turn. */
#define TABLE_BATCH 64

/*
 * What the table calls with each flow that ends; `f` and its detail (NULL where none are kept) are
 * its own, and gone afterwards.
 */
typedef void flow_end_fn(void *ctx, const struct flow *f, const struct detail *detail,
    enum end_reason reason, uint64_t clock_ns);

struct table_options {
	uint32_t max_flows;
	struct timeouts timeouts;
	uint64_t seed;        /* of the hash */
	bool details;         /* flows have details, and pktinfos bring them */
	unsigned key_changes; /* set of 1 << enum key_part; with MAC addresses there are details */
	flow_end_fn *end;
	void *end_ctx;
	/* NULL, or what is told of memory that the table will touch for the first time if it grows further. */
	void (*ahead)(void *ctx, void *memory, size_t octets);
	void *ahead_ctx;
};

struct table_stats {
	uint64_t created;
	uint64_t active;
	uint64_t peak;
	uint64_t ended[END_REASON_COUNT];
	uint64_t ended_packets; /* in the flows that ended, and */
	uint64_t ended_octets;
};

struct table;

/* NULL when the address space cannot be had. */
struct table *table_create(const struct table_options *options);
void table_destroy(struct table *t);

/* Accounts up to TABLE_BATCH packets to their flows, in order. */
void table_account(struct table *t, const struct pktinfo *batch, unsigned n);
/*
 * Ends flows whose deadline has passed, as many as the sweep's pace allows at `clock_ns` and no
 * more than `room`; the others are met at the next call.
 */
void table_sweep(struct table *t, uint64_t clock_ns, size_t room);
/* Ends every flow: for the deadline that it has passed at `clock_ns`, else for END_FORCED. */
void table_end_all(struct table *t, uint64_t clock_ns);

/*
 * Two walks through the flows that are there, a part at a time, with packets accounted in between.
 * Each looks at `count` slots from *slot on, which begins as 0 and moves on; false: none is left.
 * Flows that begin while a walk is under way may be met by it or not.
 */
typedef void flow_visit_fn(void *ctx, const struct flow *f, const struct detail *detail);
bool table_visit(
    const struct table *t, uint32_t *slot, uint32_t count, flow_visit_fn *visit, void *ctx);
/* Ends the flows as table_end_all() does, `room` of them at most. */
bool table_end_some(
    struct table *t, uint32_t *slot, uint32_t count, size_t room, uint64_t clock_ns);

/* Other timeouts, from now on, also for the flows that are there; this looks at each of them. */
void table_set_timeouts(struct table *t, const struct timeouts *timeouts);

const struct table_stats *table_stats(const struct table *t);

#endif

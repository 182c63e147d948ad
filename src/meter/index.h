/*
 * From a flow key to the number of its flow: the table's hash index.
 *
 * Buckets of one cache line: eight 16-bit tags, compared at once, and eight flow numbers. A key has one
 * bucket; what that has no room for is in another one that it names, which one in fifty has, so that nearly
 * every look-up, also of a key that is not there, reads one line.
 *
 * The index grows with the flows, by a bucket for every three (linear hashing): that of so many flows as
 * there are stays in the processor's caches, whatever the most may be, and no moment is longer than others
 * for it. A new bucket takes from one other those flows of which the next bit of their place is set. It
 * stands in the bucket, so that no flow is looked at. The index never gets smaller.
 */
#ifndef SPANFLOW_METER_INDEX_H
#define SPANFLOW_METER_INDEX_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "meter/key.h"
#include "util/match16.h"

#define BUCKET_SLOTS MATCH16_LANES
#define NO_FLOW UINT32_MAX

/* Of those that go on from each other only the last one has free slots. */
struct bucket {
	uint16_t tag[BUCKET_SLOTS]; /* 0: the slot is free */
	uint32_t flow[BUCKET_SLOTS];
	uint8_t later[BUCKET_SLOTS]; /* of the flow's place the bits that splits will look at */
	uint32_t next;               /* number of the bucket that goes on; 0: none does */
	uint32_t unused;
};

static_assert(sizeof(struct bucket) == 64, "a bucket is one cache line");

struct index {
	struct bucket *buckets; /* zeroed memory, the owner's */
	uint32_t count;         /* buckets that keys have */
	uint32_t mask;          /* all bits of their numbers */
	uint32_t most;          /* so many they may become; behind these are those that go on */
	uint32_t flows_in;
	uint8_t first_bits; /* of the numbers that there were in the beginning */
	uint8_t split_bit;  /* the one of `later` that the present splits look at */
	uint32_t spares;    /* buckets behind `most` that have been in use, and */
	uint32_t spares_most;
	uint32_t free_spare; /* the first of those that are free again; 0: none */

	const struct flow *flows;     /* the table's; their keys are read here */
	const struct key_plan *plan;  /* NULL: the usual key */
	const struct detail *details; /* the flows', for keys with MAC addresses */
};

/* How many buckets the memory of an index for so many flows has. */
uint64_t index_buckets_for(uint32_t max_flows);
/* How many buckets keys have once there are so many flows: those are in use from the memory's beginning on. */
uint32_t index_count_for(const struct index *x, uint32_t flows);
/* An empty one in this memory, which is all zeros; the other fields are set already. */
void index_init(struct index *x, struct bucket *buckets, uint32_t max_flows);

/* The flow with the packet's key, or NO_FLOW. */
uint32_t index_find(const struct index *x, const struct pktinfo *info, uint64_t hash);
/* The same where there is a plan: apart from the other, which it would make slower. */
uint32_t index_find_by_plan(const struct index *x, const struct pktinfo *info, uint64_t hash);
/*
 * Enters flow `i`, whose key's hash this is. False: there is no room, which index_in_the_way() can make
 * by leaving; it has never been seen to happen.
 */
bool index_add(struct index *x, uint32_t i, uint64_t hash);
uint32_t index_in_the_way(const struct index *x, uint64_t hash);
/*
 * Takes flow `i` out, which was entered with this hash. It may have been entered a second time since then,
 * with another one: that stays.
 */
void index_remove(struct index *x, uint32_t i, uint64_t hash);

/* The place is the upper half of the hash, of which the lowest bits that there are buckets for count. */
static inline struct bucket *index_home(const struct index *x, uint64_t hash)
{
	uint32_t at = (uint32_t)(hash >> 32) & x->mask;

	/* That one has not been split off yet. */
	if (at >= x->count)
		at &= x->mask >> 1;
	return &x->buckets[at];
}

static inline uint16_t index_tag(uint64_t hash)
{
	return (uint16_t)(hash | 1);
}

/* Of a key's home: the flow that has this hash most probably, the first with its tag; or 0. */
static inline uint32_t index_guess(const struct bucket *home, uint64_t hash)
{
	unsigned found = match16(home->tag, index_tag(hash));

	return found ? home->flow[__builtin_ctz(found)] : 0;
}

#endif

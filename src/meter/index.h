/*
 * From a flow key to the number of its flow: the table's hash index.
 *
 * Buckets of one cache line: eight 16-bit tags, compared at once, and eight flow numbers. A key
 * has a home bucket and another one; a flow sits in its home unless that was full when it came.
 * The home counts those that had to go elsewhere, so that nearly every look-up, also of a key
 * that is not there, reads one line. Where both are full a flow of theirs moves to its own other
 * bucket; the small stash behind that has never been seen to fill.
 */
#ifndef SPANFLOW_METER_INDEX_H
#define SPANFLOW_METER_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "meter/key.h"
#include "util/match16.h"

#define BUCKET_SLOTS MATCH16_LANES
#define STASH_SLOTS 32
#define NO_FLOW UINT32_MAX

struct bucket {
	uint16_t tag[BUCKET_SLOTS]; /* 0: the slot is free */
	uint32_t flow[BUCKET_SLOTS];
	uint32_t spilled; /* flows whose home this is and that are elsewhere */
	uint32_t unused[3];
};

static_assert(sizeof(struct bucket) == 64, "a bucket is one cache line");

struct index {
	struct bucket *buckets; /* zeroed memory, the owner's */
	uint64_t bucket_count;
	const struct flow *flows;     /* the table's; their keys and hashes are read here */
	const struct key_plan *plan;  /* NULL: the usual key */
	const struct detail *details; /* the flows', for keys with MAC addresses */
	uint32_t stash[STASH_SLOTS];
	unsigned stashed;
};

/* How many buckets an index for so many flows has. */
uint64_t index_buckets_for(uint32_t max_flows);

/* The flow with this key, or NO_FLOW. */
uint32_t index_find(const struct index *x, const struct flow_key *key, uint64_t hash);
/* The same where there is a plan: apart from the other, which it would make slower. */
uint32_t index_find_by_plan(const struct index *x, const struct flow_key *key, uint64_t hash);
/*
 * Enters flow `i`, whose key's hash this is. False: there is no room, which stash[0] can make by
 * leaving.
 */
bool index_add(struct index *x, uint32_t i, uint64_t hash);
/* Takes flow `i` out, whose hash still stands in it. */
void index_remove(struct index *x, uint32_t i);

/* Home, other bucket and tag come from the top of each half of the hash, and from its end. */

static inline struct bucket *index_home(const struct index *x, uint64_t hash)
{
	return &x->buckets[(hash & UINT32_MAX) * x->bucket_count >> 32];
}

static inline uint16_t index_tag(uint64_t hash)
{
	return (uint16_t)(hash | 1);
}

/* The flow that has this hash most probably: the first with its tag, or NO_FLOW. */
static inline uint32_t index_guess(const struct index *x, uint64_t hash)
{
	const struct bucket *b = index_home(x, hash);
	unsigned found = match16(b->tag, index_tag(hash));

	return found ? b->flow[__builtin_ctz(found)] : NO_FLOW;
}

#endif

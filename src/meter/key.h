/*
 * Which fields of a packet make its flow (RFC 7011 section 2, Flow Key).
 */
#ifndef SPANFLOW_METER_KEY_H
#define SPANFLOW_METER_KEY_H

#include <stdbool.h>
#include <string.h>

#include "decode/pktinfo.h"
#include "meter/flow.h"
#include "util/fold.h"
#include "util/hash.h"

/* What the table hashes keys with: a word of it for each of theirs. */
struct key_seed {
	uint64_t word[FOLD_KEYS(sizeof(struct key_head) + sizeof(struct key_tail))];
};

void key_seed_init(struct key_seed *s, uint64_t seed);

/*
 * All of the key, whatever IP's version: a branch that takes either way costs more than what it leaves out. Each
 * product goes into the next, which spreads what differs in one word only, as a sum would not.
 */
static inline uint64_t key_fold(const struct pktinfo *info, const struct key_seed *seed)
{
	const uint8_t *at = (const uint8_t *)&info->head;
	const uint64_t *word = seed->word;
	uint64_t hash = fold_pair(fold_load64(at), fold_load64(at + 8), word);

	hash = fold_pair(hash ^ fold_load64(at + 16), fold_load64(at + 24), word + 2);
	return fold_pair(hash ^ fold_load64(at + 32), fold_load64(at + 40), word + 4);
}

/* The same for whoever chooses flows by it: another hash than the table's. */
static inline uint64_t key_hash(const struct pktinfo *info, uint64_t seed)
{
	const uint8_t *at = (const uint8_t *)&info->head;

	if (pktinfo_version(info) == 4)
		return hash_bytes(at, sizeof(info->head), seed);
	return hash_bytes(at, sizeof(info->head) + sizeof(info->tail), seed);
}

/* 0 if these halves of a key are the same. */
static inline uint64_t key_difference(const void *one, const void *other)
{
	const uint8_t *a = one, *b = other;

	return (fold_load64(a) ^ fold_load64(b)) | (fold_load64(a + 8) ^ fold_load64(b + 8)) |
	    (fold_load64(a + 16) ^ fold_load64(b + 16));
}

static inline bool key_is_ipv6(const struct pktinfo *info)
{
	return pktinfo_version(info) == 6;
}

/*
 * Whether the packet is of this flow. IPv4 has no tail: that of the packet is compared with itself, and the
 * flow's second line stays where it is.
 */
static inline bool key_is_of(const struct pktinfo *info, const struct flow *f)
{
	const struct key_tail *tail = key_is_ipv6(info) ? &f->tail : &info->tail;

	return !(key_difference(&info->head, &f->head) | key_difference(&info->tail, tail));
}

/*
 * A key other than the usual one. The head keeps what the packet has, so that the record can show
 * it, and a mask says what of it counts.
 */
struct key_plan {
	struct key_head mask;
	bool has_ecn;
	bool has_macs; /* they are in the detail */
	bool has_inner_vlan;
};

/* `changes` is a set of 1 << enum key_part. */
void key_plan_init(struct key_plan *p, unsigned changes);
/* The packet's key by the plan: what it says of the DSCP's place. */
void key_plan_apply(const struct key_plan *p, struct pktinfo *info);
uint64_t key_plan_hash(const struct key_plan *p, const struct pktinfo *info, uint64_t seed);
/* Whether the packet is of the flow whose detail this is (NULL: none is kept). */
bool key_plan_is_of(const struct key_plan *p, const struct pktinfo *info, const struct flow *f,
    const struct detail *detail);

#endif

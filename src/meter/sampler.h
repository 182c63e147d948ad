/*
 * Packet sampling (RFC 5475): which packets of a capture source are metered.
 *
 * A sampler belongs to one source and rule. It sees each packet of its population once, in order,
 * before decoding. Rules that look inside the packet are meter/selection.h's: their samplers take
 * every packet.
 */
#ifndef SPANFLOW_METER_SAMPLER_H
#define SPANFLOW_METER_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>

#include "util/rng.h"

enum sampling_method {
	SAMPLING_NONE,
	SAMPLING_DETERMINISTIC, /* systematic count-based: packets N, 2N, 3N ... */
	SAMPLING_RANDOM,        /* random n-out-of-N with n = 1: one of each N */
	SAMPLING_HASH,          /* RFC 5475 section 6.2: by a digest of what no hop changes */
	SAMPLING_FLOW           /* RFC 7014: one flow in N, by a hash of its key, whole */
};

/* Whether the rule cannot choose before the packet has been decoded. */
static inline bool sampling_looks_inside(enum sampling_method method)
{
	return method == SAMPLING_HASH || method == SAMPLING_FLOW;
}

struct sampling_rule {
	enum sampling_method method;
	uint32_t interval; /* N; 1 takes every packet */
};

/* Rule 0 is --sample's; the others belong to the classes, in their order. */
#define SELECTORS_MAX 32 /* of which a flow's key has five bits */

/* How a run samples. A rule's selectorId (RFC 5477) is its number plus 1. */
struct sampling_plan {
	struct sampling_rule rules[SELECTORS_MAX];
	unsigned count;       /* rules in use; 1: there are no classes */
	uint32_t hash_key;    /* hashInitialiserValue of hash-based selection */
	bool scale;           /* the encoder multiplies by N, and announces 1 */
	unsigned key_changes; /* SAMPLING_FLOW: set of 1 << enum key_part (meter/flow.h) */
};

/* The part of the IP payload that hash-based selection looks at (IE 327 and 328). */
#define HASH_PAYLOAD_OFFSET 0
#define HASH_PAYLOAD_SIZE 8

/* The largest hash value that selects a packet; the smallest is 0. */
static inline uint32_t sampling_hash_last(uint32_t interval)
{
	return (uint32_t)((1ull << 32) / interval - 1);
}

/* N as collectors are told: where every packet counts, or counters are scaled, it is 1. */
static inline uint32_t sampling_announced(
    const struct sampling_plan *plan, const struct sampling_rule *rule)
{
	return plan->scale || rule->method == SAMPLING_NONE ? 1 : rule->interval;
}

struct sampler {
	struct sampling_rule rule;
	struct rng rng;
	uint32_t left;   /* packets of the present window that are still to come */
	uint32_t chosen; /* the one is taken when `left` is at this */
};

void sampler_init(struct sampler *s, const struct sampling_rule *rule, uint64_t seed);

/* Starts a window of N packets and chooses the one that it takes. */
void sampler_open_window(struct sampler *s);

/* Counts a packet; true when it is to be metered. */
static inline bool sampler_take(struct sampler *s)
{
	if (s->rule.interval == 1)
		return true;
	if (s->left == 0)
		sampler_open_window(s);
	return --s->left == s->chosen;
}

#endif

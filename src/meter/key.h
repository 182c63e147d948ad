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

#define DSCP_MASK 0xfc

/* Ports, VLAN, protocol and ToS are next to each other in both, and in this order. */
#define KEY_AT_ONCE 8
_Static_assert(
    offsetof(struct key_head, ingress) - offsetof(struct key_head, src_port) == KEY_AT_ONCE,
    "one word of the key");
_Static_assert(
    offsetof(struct pktinfo, inner_vlan) - offsetof(struct pktinfo, src_port) == KEY_AT_ONCE &&
	offsetof(struct pktinfo, vlan) - offsetof(struct pktinfo, src_port) ==
	    offsetof(struct key_head, vlan) - offsetof(struct key_head, src_port) &&
	offsetof(struct pktinfo, protocol) - offsetof(struct pktinfo, src_port) ==
	    offsetof(struct key_head, protocol) - offsetof(struct key_head, src_port),
    "and of what a packet says");

static inline void key_fill(struct flow_key *k, const struct pktinfo *info)
{
	memcpy(k->head.src, info->src, 4);
	memcpy(k->head.dst, info->dst, 4);
	memcpy(&k->head.src_port, &info->src_port, KEY_AT_ONCE);
	k->head.dscp &= DSCP_MASK;
	k->head.ingress = info->ingress;
	k->head.kind = flow_kind(info->ip_version, info->selector, info->segment);
	memcpy(k->tail.src, info->src + 4, 12);
	memcpy(k->tail.dst, info->dst + 4, 12);
}

/* What the table hashes keys with: a word of it for each of theirs. */
struct key_seed {
	uint64_t word[FOLD_KEYS(offsetof(struct flow_key, extra))];
	uint64_t spread[2];
};

void key_seed_init(struct key_seed *s, uint64_t seed);

/* All of the key, whatever IP's version: a branch that takes either way costs more than what it leaves out. */
static inline uint64_t key_fold(const struct flow_key *k, const struct key_seed *seed)
{
	const uint8_t *at = (const uint8_t *)k;
	const uint64_t *word = seed->word;
	uint64_t hash = fold_pair(fold_load64(at), fold_load64(at + 8), word);

	hash += fold_pair(fold_load64(at + 16), fold_load64(at + 24), word + 2);
	hash += fold_pair(fold_load64(at + 32), fold_load64(at + 40), word + 4);
	return fold_spread(hash, seed->spread);
}

static inline uint64_t key_hash(const struct flow_key *k, uint64_t seed)
{
	if (kind_version(k->head.kind) == 4)
		return hash_bytes(&k->head, sizeof(k->head), seed);
	return hash_bytes(k, offsetof(struct flow_key, extra), seed);
}

_Static_assert(sizeof(struct key_head) == 24 && sizeof(struct key_tail) == 24, "three words each");

/* 0 if these halves of a key are the same. */
static inline uint64_t key_difference(const void *one, const void *other)
{
	const uint8_t *a = one, *b = other;

	return (fold_load64(a) ^ fold_load64(b)) | (fold_load64(a + 8) ^ fold_load64(b + 8)) |
	    (fold_load64(a + 16) ^ fold_load64(b + 16));
}

static inline bool key_is_ipv6(const struct flow_key *k)
{
	return kind_version(k->head.kind) == 6;
}

/*
 * Whether the flow has this key. IPv4 has no tail: that of the key is compared with itself, and the flow's
 * second line stays where it is.
 */
static inline bool key_is_of(const struct flow_key *k, const struct flow *f)
{
	const struct key_tail *tail = key_is_ipv6(k) ? &f->tail : &k->tail;

	return !(key_difference(&k->head, &f->head) | key_difference(&k->tail, tail));
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
/* Completes what key_fill() began. */
void key_plan_fill(const struct key_plan *p, struct flow_key *k, const struct pktinfo *info);
uint64_t key_plan_hash(const struct key_plan *p, const struct flow_key *k, uint64_t seed);
/* Whether the flow, whose detail this is (NULL: none is kept), has this key. */
bool key_plan_is_of(const struct key_plan *p, const struct flow_key *k, const struct flow *f,
    const struct detail *detail);

#endif

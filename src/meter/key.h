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

static inline uint64_t key_fold(const struct flow_key *k, const struct key_seed *seed)
{
	const uint8_t *octets = (const uint8_t *)k;
	uint64_t hash;

	if (kind_version(k->head.kind) == 4)
		hash = fold_octets(octets, sizeof(k->head), seed->word);
	else
		hash = fold_octets(octets, offsetof(struct flow_key, extra), seed->word);
	return fold_spread(hash, seed->spread);
}

static inline uint64_t key_hash(const struct flow_key *k, uint64_t seed)
{
	if (kind_version(k->head.kind) == 4)
		return hash_bytes(&k->head, sizeof(k->head), seed);
	return hash_bytes(k, offsetof(struct flow_key, extra), seed);
}

/* Whether the flow has this key. The head tells the IP version, and IPv4 has no tail. */
static inline bool key_is_of(const struct flow_key *k, const struct flow *f)
{
	return memcmp(&k->head, &f->head, sizeof(f->head)) == 0 &&
	    (kind_version(k->head.kind) == 4 || memcmp(&k->tail, &f->tail, sizeof(f->tail)) == 0);
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

/*
 * Which fields of a packet make its flow (RFC 7011 section 2, Flow Key).
 */
#ifndef SPANFLOW_METER_KEY_H
#define SPANFLOW_METER_KEY_H

#include <string.h>

#include "decode/pktinfo.h"
#include "meter/flow.h"
#include "util/hash.h"

#define DSCP_MASK 0xfc

static inline void key_fill(struct flow_key *k, const struct pktinfo *info)
{
	memcpy(k->src, info->src, sizeof(k->src));
	memcpy(k->dst, info->dst, sizeof(k->dst));
	k->ingress = info->ingress;
	k->src_port = info->src_port;
	k->dst_port = info->dst_port;
	k->vlan = info->vlan;
	k->protocol = info->protocol;
	k->dscp = info->tos & DSCP_MASK;
	k->ip_version = info->ip_version;
	memset(k->zero, 0, sizeof(k->zero));
}

static inline uint64_t key_hash(const struct flow_key *k, uint64_t seed)
{
	return hash_bytes(k, sizeof(*k), seed);
}

static inline int key_equal(const struct flow_key *a, const struct flow_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

#endif

/*
 * Which packets are metered (RFC 5475): the samplers of all sources and rules.
 *
 * A packet's rule is known first. Rules that count are asked before decoding, and see each packet
 * of their source and class once, in order; the others are asked afterwards, because they look at
 * what was decoded.
 */
#ifndef SPANFLOW_METER_SELECTION_H
#define SPANFLOW_METER_SELECTION_H

#include <stddef.h>

#include "decode/pktinfo.h"
#include "meter/key.h"
#include "meter/sampler.h"

struct selection {
	const struct sampling_plan *plan;
	struct sampler *samplers; /* plan->count of each source */
	uint64_t seed;
	struct key_plan key_plan;
};

/* 0 or -ENOMEM. The plan must outlive it. */
int selection_init(
    struct selection *s, const struct sampling_plan *plan, size_t sources, uint64_t seed);
void selection_fini(struct selection *s);

/* The source's samplers, one a rule: they take every packet where the rule is one of these: */
static inline struct sampler *selection_samplers(const struct selection *s, unsigned source)
{
	return &s->samplers[source * s->plan->count];
}

/* SAMPLING_HASH: whether the packet with this digest is metered. */
bool selection_takes_digest(const struct selection *s, unsigned selector, uint32_t digest);
/* SAMPLING_FLOW: whether the packet's flow is. Its interfaces and selector are in place. */
bool selection_takes_flow(const struct selection *s, const struct pktinfo *info);

#endif

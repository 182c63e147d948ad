/*
 * A small random number generator for sampling: SplitMix64, seeded, fast, not for secrets.
 */
#ifndef SPANFLOW_UTIL_RNG_H
#define SPANFLOW_UTIL_RNG_H

#include <stdint.h>

struct rng {
	uint64_t state;
};

static inline uint64_t rng_next(struct rng *r)
{
	uint64_t z = (r->state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* Uniform in [0, bound), bound > 0: the few values that would favour low results are drawn again. */
static inline uint32_t rng_below(struct rng *r, uint32_t bound)
{
	uint32_t unfair = -bound % bound;
	uint64_t product;

	do {
		product = (rng_next(r) >> 32) * (uint64_t)bound;
	} while ((uint32_t)product < unfair);
	return (uint32_t)(product >> 32);
}

#endif

/*
 * Sampling by choice where more comes than can be metered: the packets that are missed otherwise are missed
 * by the kernel, in bursts, and nobody can tell what they were. Of a random choice the rate is known.
 *
 * Level 0 meters every packet, level k one in 2^k at random. A rule of the sampling plan stands for
 * each level, so that every record tells its rate. Judged once an interval by what was dropped and
 * by how much of it the worker had nothing to do. Belongs to the worker; time is an argument.
 */
#ifndef SPANFLOW_METER_OVERLOAD_H
#define SPANFLOW_METER_OVERLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "meter/sampler.h"

#define OVERLOAD_LEVELS 11 /* up to one in 1024 */
/* As long as it is judged what has been. */
#define OVERLOAD_INTERVAL_NS 250000000ull
/* It goes down by one level after so long a time of calm. */
#define OVERLOAD_CALM_NS 2000000000ull

struct overload {
	unsigned level;
	uint64_t judged_ns;
	uint64_t idle_ns; /* as told at the last judgement, like the drops */
	uint64_t drops;
	uint64_t calm_ns; /* since then it has been calm; 0: it is not */
};

/* The rules of all levels. */
void overload_plan(struct sampling_plan *plan);

/*
 * `idle_ns` and `drops` are totals: how long the worker slept, and how many packets were dropped before it got
 * them. Whether the level is another one now.
 */
bool overload_judge(struct overload *o, uint64_t now_ns, uint64_t idle_ns, uint64_t drops);

#endif

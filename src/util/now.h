/*
 * What time it is, for the few who may ask. The stages are told.
 */
#ifndef SPANFLOW_UTIL_NOW_H
#define SPANFLOW_UTIL_NOW_H

#include <stdint.h>
#include <time.h>

#include "util/units.h"

static inline uint64_t now_by(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* On a clock that no one sets; since some moment. */
static inline uint64_t steady_now(void)
{
	return now_by(CLOCK_MONOTONIC);
}

/* The date, since 1970. */
static inline uint64_t date_now(void)
{
	return now_by(CLOCK_REALTIME);
}

#endif

/*
 * A pcapng interface's clock: what a time stamp counts, and from when.
 */
#ifndef SPANFLOW_CAPTURE_TIMEBASE_H
#define SPANFLOW_CAPTURE_TIMEBASE_H

#include <stdint.h>

#include "util/units.h"

struct timebase {
	uint64_t multiplier;
	uint64_t divisor; /* 0: all times are less than 1 ns */
	uint8_t shift;    /* to the right, behind the multiplication */
	int64_t offset_s;
};

#define TIMEBASE_END_S (1ull << 32)
#define TIMEBASE_DEFAULT 6 /* the if_tsresol of an interface that has none: µs */

/*
 * `resolution` as the option if_tsresol has it: a negative power of 10, or of 2 with the highest bit
 * set; `offset_s` as if_tsoffset: seconds that all times lack.
 */
struct timebase timebase_of(uint8_t resolution, int64_t offset_s);

/*
 * In ns since 1970, cut to whole ones. Times before that are 0, as if there was none, and so are those whose
 * seconds take more than the 32 bits that messages have for them, which end in 2106.
 */
uint64_t timebase_ns(const struct timebase *t, uint64_t ticks);
/* The same of ns that are told as such. */
static inline uint64_t timebase_none_after_2106(uint64_t ns)
{
	return ns < TIMEBASE_END_S * NS_PER_S ? ns : 0;
}

#endif

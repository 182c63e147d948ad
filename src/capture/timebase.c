#include "capture/timebase.h"

#include "util/units.h"

#define BINARY 0x80
#define NS_DIGITS 9
#define DIGITS_MAX 19 /* the highest power of 10 in 64 bits */

static uint64_t power_of_10(unsigned exponent)
{
	uint64_t power = 1;

	while (exponent--)
		power *= 10;
	return power;
}

struct timebase timebase_of(uint8_t resolution, int64_t offset_s)
{
	unsigned exponent = resolution & ~BINARY & 0xff;
	struct timebase t = {.multiplier = 1, .divisor = 1, .offset_s = offset_s};

	if (resolution & BINARY) {
		t.multiplier = NS_PER_S;
		t.shift = (uint8_t)exponent;
	} else if (exponent <= NS_DIGITS) {
		t.multiplier = power_of_10(NS_DIGITS - exponent);
	} else {
		exponent -= NS_DIGITS;
		t.divisor = exponent <= DIGITS_MAX ? power_of_10(exponent) : 0;
	}
	return t;
}

uint64_t timebase_ns(const struct timebase *t, uint64_t ticks)
{
	/* 64 and 30 bits, at most, and as many of the offset: nothing overflows. */
	__int128 ns = (__int128)ticks * t->multiplier >> t->shift;

	if (t->divisor != 1)
		ns = t->divisor ? ticks / t->divisor : 0;
	ns += (__int128)t->offset_s * (__int128)NS_PER_S;
	return ns < 0 || ns >= (__int128)(TIMEBASE_END_S * NS_PER_S) ? 0 : (uint64_t)ns;
}

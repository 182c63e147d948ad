#include "suites.h"

#include "util/match16.h"
#include "util/rng.h"

static unsigned plain_match(const uint16_t lanes[MATCH16_LANES], uint16_t value)
{
	unsigned found = 0;

	for (unsigned i = 0; i < MATCH16_LANES; i++)
		if (lanes[i] == value)
			found |= 1u << i;
	return found;
}

/* What is promised: no match is missed, and what is too much stands behind a true match. */
static void check_promise(const uint16_t lanes[MATCH16_LANES], uint16_t value)
{
	unsigned plain = plain_match(lanes, value);
	unsigned found = match16_portable(lanes, value);

	/* Not with ck_assert: that tells the runner of each of a million comparisons. */
	if ((found & plain) != plain || found >= 1u << MATCH16_LANES)
		ck_abort_msg("value %#x: %#x instead of %#x", value, found, plain);
	if ((found & -found) != (plain & -plain))
		ck_abort_msg("value %#x: %#x starts before %#x", value, found, plain);
	found = match16(lanes, value);
	if ((found & plain) != plain || (found & -found) != (plain & -plain))
		ck_abort_msg(
		    "value %#x: %#x instead of %#x by this machine's", value, found, plain);
}

START_TEST(every_value_is_found_in_every_lane)
{
	for (unsigned v = 0; v <= UINT16_MAX; v++)
		for (unsigned lane = 0; lane < MATCH16_LANES; lane++) {
			uint16_t lanes[MATCH16_LANES];

			for (unsigned i = 0; i < MATCH16_LANES; i++)
				lanes[i] = (uint16_t)(v ^ 0x5a5a);
			lanes[lane] = (uint16_t)v;
			if (match16(lanes, (uint16_t)v) != 1u << lane ||
			    match16_portable(lanes, (uint16_t)v) != 1u << lane)
				ck_abort_msg("value %#x in lane %u", v, lane);
		}
}
END_TEST

/* Neighbours of the value are where borrows between the lanes could deceive. */
START_TEST(near_misses_keep_the_promise)
{
	for (unsigned v = 0; v <= UINT16_MAX; v++) {
		const uint16_t near[MATCH16_LANES] = {(uint16_t)v, (uint16_t)(v + 1),
		    (uint16_t)(v - 1), (uint16_t)(v ^ 1), (uint16_t)(v ^ 0x8000), (uint16_t)~v, 0,
		    (uint16_t)v};
		uint16_t lanes[MATCH16_LANES];

		for (unsigned turn = 0; turn < MATCH16_LANES; turn++) {
			for (unsigned i = 0; i < MATCH16_LANES; i++)
				lanes[i] = near[(i + turn) % MATCH16_LANES];
			check_promise(lanes, (uint16_t)v);
		}
	}
}
END_TEST

START_TEST(nothing_is_found_where_nothing_matches)
{
	struct rng r = {.state = 1};
	uint16_t lanes[MATCH16_LANES];

	for (unsigned n = 0; n < 200000; n++) {
		uint16_t value = (uint16_t)rng_next(&r);

		for (unsigned i = 0; i < MATCH16_LANES; i++)
			lanes[i] = (uint16_t)(value ^ (1u + rng_below(&r, UINT16_MAX)));
		if (match16(lanes, value) != 0 || match16_portable(lanes, value) != 0)
			ck_abort_msg("value %#x", value);
	}
}
END_TEST

START_TEST(few_different_values_keep_the_promise)
{
	struct rng r = {.state = 2};
	uint16_t lanes[MATCH16_LANES];

	for (unsigned n = 0; n < 200000; n++) {
		for (unsigned i = 0; i < MATCH16_LANES; i++)
			lanes[i] = (uint16_t)rng_below(&r, 3);
		check_promise(lanes, (uint16_t)rng_below(&r, 3));
	}
}
END_TEST

Suite *match16_suite(void)
{
	const TTest *const tests[] = {
	    every_value_is_found_in_every_lane,
	    near_misses_keep_the_promise,
	    nothing_is_found_where_nothing_matches,
	    few_different_values_keep_the_promise,
	};

	return SUITE_OF("match16", tests);
}

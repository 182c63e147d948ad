#include "suites.h"

#include "util/rng.h"
#include "util/scan32.h"

static unsigned plain(const uint32_t lanes[SCAN32_LANES], uint32_t most)
{
	unsigned found = 0;

	for (unsigned i = 0; i < SCAN32_LANES; i++)
		if (lanes[i] <= most)
			found += 1u << i;
	return found;
}

static void check(const uint32_t lanes[SCAN32_LANES], uint32_t most)
{
	unsigned wanted = plain(lanes, most);

	/* Not with ck_assert: that tells the runner of each of a million comparisons. */
	if (scan32(lanes, most) != wanted || scan32_portable(lanes, most) != wanted)
		ck_abort_msg("at most %u: not %x", most, wanted);
}

/* Where signed and unsigned orders differ, and next to the limit, in every lane. */
START_TEST(edges_are_found_in_every_lane)
{
	static const uint32_t edges[] = {0, 1, 77, INT32_MAX - 1, INT32_MAX, 1u << 31,
	    (1u << 31) + 1, UINT32_MAX - 1, UINT32_MAX};
	const unsigned n = sizeof(edges) / sizeof(*edges);

	for (unsigned value = 0; value < n; value++)
		for (unsigned other = 0; other < n; other++)
			for (unsigned most = 0; most < n; most++)
				for (unsigned lane = 0; lane < SCAN32_LANES; lane++) {
					uint32_t lanes[SCAN32_LANES];

					for (unsigned i = 0; i < SCAN32_LANES; i++)
						lanes[i] = i == lane ? edges[value] : edges[other];
					check(lanes, edges[most]);
				}
}
END_TEST

START_TEST(random_numbers_agree)
{
	struct rng r = {.state = 7};

	for (unsigned n = 0; n < 100000; n++) {
		uint32_t lanes[SCAN32_LANES];

		for (unsigned i = 0; i < SCAN32_LANES; i++)
			lanes[i] = (uint32_t)rng_next(&r);
		check(lanes, (uint32_t)rng_next(&r) >> n % 8);
	}
}
END_TEST

Suite *scan32_suite(void)
{
	const TTest *const tests[] = {
	    edges_are_found_in_every_lane,
	    random_numbers_agree,
	};

	return SUITE_OF("scan32", tests);
}

#include "suites.h"

#include "util/rng.h"

/* The values that the generator's author published for seed 0. */
START_TEST(seed_zero_gives_the_published_sequence)
{
	struct rng r = {.state = 0};

	ck_assert_uint_eq(rng_next(&r), 0xe220a8397b1dcdafu);
	ck_assert_uint_eq(rng_next(&r), 0x6e789e6aa1b965f4u);
	ck_assert_uint_eq(rng_next(&r), 0x06c45d188009454fu);
}
END_TEST

START_TEST(same_seed_gives_same_numbers_and_another_others)
{
	struct rng a = {.state = 42}, b = {.state = 42}, c = {.state = 43};
	unsigned same = 0;

	for (unsigned i = 0; i < 1000; i++) {
		uint32_t x = rng_below(&a, 1u << 31);

		ck_assert_uint_eq(x, rng_below(&b, 1u << 31));
		same += x == rng_below(&c, 1u << 31);
	}
	ck_assert_uint_lt(same, 3);
}
END_TEST

START_TEST(below_stays_below_for_every_kind_of_bound)
{
	static const uint32_t bounds[] = {
	    1, 2, 3, 7, 100, 65535, 65536, 1u << 31, (1u << 31) + 1, UINT32_MAX - 1, UINT32_MAX};
	struct rng r = {.state = 1};

	for (unsigned b = 0; b < sizeof(bounds) / sizeof(*bounds); b++)
		for (unsigned i = 0; i < 10000; i++)
			ck_assert_uint_lt(rng_below(&r, bounds[b]), bounds[b]);
}
END_TEST

START_TEST(below_a_small_bound_takes_each_value_alike)
{
	struct rng r = {.state = 2};
	unsigned seen[7] = {0};

	for (unsigned i = 0; i < 70000; i++)
		seen[rng_below(&r, 7)]++;
	for (unsigned v = 0; v < 7; v++)
		ck_assert_msg(seen[v] > 9500 && seen[v] < 10500, "%u: %u", v, seen[v]);
}
END_TEST

/*
 * With 3 * 2^30 results out of 2^32 numbers every third result would come twice as often as the
 * others, were it not that some numbers are drawn again.
 */
START_TEST(below_a_large_bound_favours_no_value)
{
	struct rng r = {.state = 3};
	unsigned seen[3] = {0};

	for (unsigned i = 0; i < 60000; i++)
		seen[rng_below(&r, 3u << 30) % 3]++;
	for (unsigned v = 0; v < 3; v++)
		ck_assert_msg(seen[v] > 19000 && seen[v] < 21000, "%u: %u", v, seen[v]);
}
END_TEST

Suite *rng_suite(void)
{
	const TTest *const tests[] = {
	    seed_zero_gives_the_published_sequence,
	    same_seed_gives_same_numbers_and_another_others,
	    below_stays_below_for_every_kind_of_bound,
	    below_a_small_bound_takes_each_value_alike,
	    below_a_large_bound_favours_no_value,
	};

	return SUITE_OF("rng", tests);
}

#include "suites.h"

#include <stdlib.h>

#include "meter/sampler.h"

static struct sampler sampler_of(enum sampling_method method, uint32_t interval, uint64_t seed)
{
	struct sampling_rule rule = {method, interval};
	struct sampler s;

	sampler_init(&s, &rule, seed);
	return s;
}

START_TEST(without_sampling_every_packet_is_taken)
{
	struct sampler none = sampler_of(SAMPLING_NONE, 1, 1);
	struct sampler one = sampler_of(SAMPLING_DETERMINISTIC, 1, 1);
	struct sampler random = sampler_of(SAMPLING_RANDOM, 1, 1);

	for (unsigned i = 0; i < 100; i++) {
		ck_assert(sampler_take(&none));
		ck_assert(sampler_take(&one));
		ck_assert(sampler_take(&random));
	}
}
END_TEST

START_TEST(no_method_takes_all_whatever_the_interval)
{
	struct sampler s = sampler_of(SAMPLING_NONE, 7, 1);

	for (unsigned i = 0; i < 100; i++)
		ck_assert(sampler_take(&s));
}
END_TEST

START_TEST(deterministic_takes_packets_n_2n_3n)
{
	for (uint32_t n = 2; n < 20; n++) {
		struct sampler s = sampler_of(SAMPLING_DETERMINISTIC, n, 1);

		for (uint32_t packet = 1; packet <= 10 * n; packet++)
			ck_assert_int_eq(sampler_take(&s), packet % n == 0);
	}
}
END_TEST

START_TEST(random_takes_one_of_each_n)
{
	struct sampler s = sampler_of(SAMPLING_RANDOM, 10, 5);

	for (unsigned window = 0; window < 10000; window++) {
		unsigned taken = 0;

		for (unsigned i = 0; i < 10; i++)
			taken += sampler_take(&s);
		ck_assert_uint_eq(taken, 1);
	}
}
END_TEST

START_TEST(random_takes_each_place_alike)
{
	struct sampler s = sampler_of(SAMPLING_RANDOM, 10, 6);
	unsigned taken[10] = {0};

	for (unsigned i = 0; i < 200000; i++)
		taken[i % 10] += sampler_take(&s);
	for (unsigned place = 0; place < 10; place++)
		ck_assert_msg(
		    taken[place] > 1800 && taken[place] < 2200, "%u: %u", place, taken[place]);
}
END_TEST

/* Neither is the choice in one window tied to that in the next. */
START_TEST(random_choices_are_independent)
{
	struct sampler s = sampler_of(SAMPLING_RANDOM, 2, 7);
	unsigned pairs[4] = {0};

	for (unsigned i = 0; i < 40000; i++) {
		bool first = sampler_take(&s);
		bool third;

		sampler_take(&s);
		third = sampler_take(&s);
		sampler_take(&s);
		pairs[first * 2 + third]++;
	}
	for (unsigned i = 0; i < 4; i++)
		ck_assert_msg(pairs[i] > 9500 && pairs[i] < 10500, "%u: %u", i, pairs[i]);
}
END_TEST

START_TEST(same_seed_takes_the_same_packets)
{
	struct sampler a = sampler_of(SAMPLING_RANDOM, 100, 8);
	struct sampler b = sampler_of(SAMPLING_RANDOM, 100, 8);
	struct sampler c = sampler_of(SAMPLING_RANDOM, 100, 9);
	unsigned differ = 0;

	for (unsigned i = 0; i < 10000; i++) {
		bool taken = sampler_take(&a);

		ck_assert_int_eq(taken, sampler_take(&b));
		differ += taken != sampler_take(&c);
	}
	ck_assert_uint_gt(differ, 100);
}
END_TEST

START_TEST(largest_interval_takes_nothing_for_long)
{
	struct sampler s = sampler_of(SAMPLING_DETERMINISTIC, UINT32_MAX, 1);

	for (unsigned i = 0; i < 1000; i++)
		ck_assert(!sampler_take(&s));
}
END_TEST

Suite *sampler_suite(void)
{
	const TTest *const tests[] = {
	    without_sampling_every_packet_is_taken,
	    no_method_takes_all_whatever_the_interval,
	    deterministic_takes_packets_n_2n_3n,
	    random_takes_one_of_each_n,
	    random_takes_each_place_alike,
	    random_choices_are_independent,
	    same_seed_takes_the_same_packets,
	    largest_interval_takes_nothing_for_long,
	};

	return SUITE_OF("sampler", tests);
}

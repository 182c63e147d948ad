#include "suites.h"

#include "meter/selection.h"

static struct sampling_plan plan_of(enum sampling_method method, uint32_t interval)
{
	return (struct sampling_plan){.rules = {{method, interval}}, .count = 1};
}

START_TEST(rules_that_look_inside_take_all_beforehand)
{
	static const enum sampling_method methods[] = {SAMPLING_HASH, SAMPLING_FLOW};

	for (unsigned m = 0; m < 2; m++) {
		struct sampling_plan plan = plan_of(methods[m], 100);
		struct selection s;

		ck_assert_int_eq(selection_init(&s, &plan, 1, 1), 0);
		for (unsigned i = 0; i < 1000; i++)
			ck_assert(sampler_take(selection_samplers(&s, 0)));
		selection_fini(&s);
	}
}
END_TEST

/* A packet of one source or rule is none of another's. */
START_TEST(sources_and_rules_count_on_their_own)
{
	struct sampling_plan plan = {
	    .rules = {{SAMPLING_DETERMINISTIC, 3}, {SAMPLING_NONE, 1}, {SAMPLING_DETERMINISTIC, 2}},
	    .count = 3};
	struct selection s;

	ck_assert_int_eq(selection_init(&s, &plan, 2, 1), 0);
	for (unsigned i = 1; i <= 12; i++)
		for (unsigned source = 0; source < 2; source++) {
			struct sampler *rules = selection_samplers(&s, source);

			ck_assert_int_eq(sampler_take(&rules[0]), i % 3 == 0);
			ck_assert(sampler_take(&rules[1]));
			ck_assert_int_eq(sampler_take(&rules[2]), i % 2 == 0);
		}
	/* One more of source 0 puts it ahead of source 1. */
	sampler_take(&selection_samplers(&s, 0)[2]);
	ck_assert(sampler_take(&selection_samplers(&s, 0)[2]));
	ck_assert(!sampler_take(&selection_samplers(&s, 1)[2]));
	selection_fini(&s);
}
END_TEST

START_TEST(random_choices_of_sources_and_rules_differ)
{
	struct sampling_plan plan = {
	    .rules = {{SAMPLING_RANDOM, 100}, {SAMPLING_RANDOM, 100}}, .count = 2};
	unsigned both[4] = {0};
	struct selection s;

	ck_assert_int_eq(selection_init(&s, &plan, 2, 5), 0);
	for (unsigned i = 0; i < 100000; i++) {
		bool first = sampler_take(&s.samplers[0]);

		for (unsigned k = 1; k < 4; k++)
			both[k] += sampler_take(&s.samplers[k]) && first;
	}
	for (unsigned k = 1; k < 4; k++)
		ck_assert_msg(both[k] < 40, "%u in common with %u", both[k], k);
	selection_fini(&s);
}
END_TEST

START_TEST(digests_up_to_the_announced_one_are_taken)
{
	static const uint32_t intervals[] = {2, 3, 10, 1000, 65536, UINT32_MAX};

	for (unsigned i = 0; i < sizeof(intervals) / sizeof(*intervals); i++) {
		struct sampling_plan plan = plan_of(SAMPLING_HASH, intervals[i]);
		uint32_t last = sampling_hash_last(intervals[i]);
		struct selection s;

		ck_assert_uint_eq(last, (uint32_t)((1ull << 32) / intervals[i]) - 1);
		ck_assert_int_eq(selection_init(&s, &plan, 1, 1), 0);
		ck_assert(selection_takes_digest(&s, 0, 0));
		ck_assert(selection_takes_digest(&s, 0, last));
		ck_assert(!selection_takes_digest(&s, 0, last + 1));
		ck_assert(!selection_takes_digest(&s, 0, UINT32_MAX));
		selection_fini(&s);
	}
}
END_TEST

static unsigned flows_taken(uint32_t interval, uint64_t seed, bool *taken, unsigned flows)
{
	struct sampling_plan plan = plan_of(SAMPLING_FLOW, interval);
	struct selection s;
	unsigned n = 0;

	ck_assert_int_eq(selection_init(&s, &plan, 1, seed), 0);
	for (unsigned i = 0; i < flows; i++) {
		struct pktinfo info = {.head = {.src = {(uint8_t)(i >> 8), (uint8_t)i}, .kind = 4}};

		taken[i] = selection_takes_flow(&s, &info);
		n += taken[i];
		/* Whatever is no part of the key changes nothing. */
		info.octets = i;
		info.ts_ns = i;
		info.tos = 3;
		ck_assert_int_eq(selection_takes_flow(&s, &info), taken[i]);
	}
	selection_fini(&s);
	return n;
}

START_TEST(one_flow_in_n_is_taken_whole)
{
	static bool first[60000], second[60000];
	unsigned n = flows_taken(10, 1, first, 60000), both = 0;

	ck_assert_msg(n > 5700 && n < 6300, "%u of 60000", n);
	n = flows_taken(10, 2, second, 60000);
	ck_assert_msg(n > 5700 && n < 6300, "%u of 60000", n);
	for (unsigned i = 0; i < 60000; i++)
		both += first[i] && second[i];
	ck_assert_msg(both > 450 && both < 750, "%u with both seeds", both);
}
END_TEST

Suite *selection_suite(void)
{
	const TTest *const tests[] = {
	    rules_that_look_inside_take_all_beforehand,
	    sources_and_rules_count_on_their_own,
	    random_choices_of_sources_and_rules_differ,
	    digests_up_to_the_announced_one_are_taken,
	    one_flow_in_n_is_taken_whole,
	};

	return SUITE_OF("selection", tests);
}

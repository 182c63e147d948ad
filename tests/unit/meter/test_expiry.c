#include "suites.h"

#include <stdlib.h>

#include "meter/expiry.h"
#include "util/rng.h"
#include "util/units.h"

#define T0 (1000000 * NS_PER_S)
#define SLOTS 1000

static const struct timeouts usual = {15 * NS_PER_S, 1800 * NS_PER_S, NS_PER_S};

static struct flow flow_at(uint64_t first_ns, uint64_t last_ns, const struct timeouts *t)
{
	return (struct flow){.first_clock_ns = first_ns,
	    .last_clock_ns = last_ns,
	    .fixed_deadline = first_ns + t->active_ns,
	    .end_deadline = NEVER,
	    .packets_and_flags = 1};
}

START_TEST(idle_flow_ends_at_its_deadline_to_the_nanosecond)
{
	struct flow f = flow_at(T0, T0 + 5, &usual);
	uint64_t deadline = T0 + 5 + 15 * NS_PER_S;

	ck_assert_uint_eq(expiry_deadline(&f, &usual), deadline);
	ck_assert_int_eq(expiry_reason(&f, &usual, deadline - 1), 0);
	ck_assert_int_eq(expiry_reason(&f, &usual, deadline), END_IDLE);
}
END_TEST

START_TEST(long_flow_ends_at_its_deadline_to_the_nanosecond)
{
	uint64_t deadline = T0 + 1800 * NS_PER_S;
	struct flow f = flow_at(T0, deadline - NS_PER_S, &usual);

	ck_assert_uint_eq(expiry_deadline(&f, &usual), deadline);
	ck_assert_int_eq(expiry_reason(&f, &usual, deadline - 1), 0);
	ck_assert_int_eq(expiry_reason(&f, &usual, deadline), END_ACTIVE);
}
END_TEST

START_TEST(linger_counts_from_the_packet_that_began_it)
{
	struct flow f = flow_at(T0, T0 + 7, &usual);
	uint64_t deadline = T0 + 7 + NS_PER_S;

	expiry_begin_linger(&f, &usual);
	ck_assert_uint_eq(f.end_deadline, deadline);
	f.last_clock_ns = T0 + 100;
	ck_assert_uint_eq(expiry_deadline(&f, &usual), deadline);
	ck_assert_int_eq(expiry_reason(&f, &usual, deadline - 1), 0);
	ck_assert_int_eq(expiry_reason(&f, &usual, deadline), END_OF_FLOW);
}
END_TEST

START_TEST(linger_does_not_put_off_the_active_deadline)
{
	uint64_t deadline = T0 + 1800 * NS_PER_S;
	struct flow f = flow_at(T0, deadline - 5, &usual);

	expiry_begin_linger(&f, &usual);
	ck_assert_uint_eq(expiry_deadline(&f, &usual), deadline);
	ck_assert_int_eq(expiry_reason(&f, &usual, deadline), END_ACTIVE);
	ck_assert_int_eq(expiry_reason(&f, &usual, deadline + 5 * NS_PER_S), END_ACTIVE);
}
END_TEST

START_TEST(earliest_of_several_passed_deadlines_names_the_reason)
{
	struct flow f = flow_at(T0, T0 + 1790 * NS_PER_S, &usual);
	uint64_t late = T0 + 10000 * NS_PER_S;

	ck_assert_int_eq(expiry_reason(&f, &usual, late), END_ACTIVE);
	expiry_begin_linger(&f, &usual);
	ck_assert_int_eq(expiry_reason(&f, &usual, late), END_OF_FLOW);
	f.last_clock_ns = T0;
	ck_assert_int_eq(expiry_reason(&f, &usual, late), END_IDLE);
}
END_TEST

START_TEST(of_equal_deadlines_the_lowest_number_counts)
{
	struct timeouts same = {10, 10, 10};
	struct flow f = flow_at(T0, T0, &same);

	ck_assert_int_eq(expiry_reason(&f, &same, T0 + 10), END_IDLE);
	expiry_begin_linger(&f, &same);
	ck_assert_int_eq(expiry_reason(&f, &same, T0 + 10), END_IDLE);
	same.idle_ns = 20;
	ck_assert_int_eq(expiry_reason(&f, &same, T0 + 10), END_ACTIVE);
}
END_TEST

START_TEST(without_a_linger_the_end_is_now)
{
	struct timeouts t = {15 * NS_PER_S, 1800 * NS_PER_S, 0};
	struct flow f = flow_at(T0, T0 + 9, &t);

	expiry_begin_linger(&f, &t);
	ck_assert_int_eq(expiry_reason(&f, &t, T0 + 9), END_OF_FLOW);
}
END_TEST

/* -- the sweep ---------------------------------------------------------------------------------- */

static struct expiry sweep_of(uint32_t slots)
{
	struct expiry e = {.check_at = calloc(slots, sizeof(uint32_t))};

	for (uint32_t i = 0; i < slots; i++)
		expiry_clear(&e, i);
	return e;
}

START_TEST(sweep_visits_every_slot_once_in_a_period)
{
	struct expiry e = sweep_of(SLOTS);
	uint64_t visits = 0;

	expiry_allowance(&e, SLOTS, T0);
	for (uint64_t t = 1; t <= 1000; t++)
		visits += expiry_allowance(&e, SLOTS, T0 + t * EXPIRY_PERIOD_NS / 1000);
	ck_assert_uint_eq(visits, SLOTS);
	free(e.check_at);
}
END_TEST

/* Steps too short for one slot must add up instead of being lost. */
START_TEST(short_steps_of_the_clock_add_up)
{
	struct expiry e = sweep_of(SLOTS);
	uint64_t visits = 0;

	expiry_allowance(&e, SLOTS, T0);
	for (uint64_t t = T0; t < T0 + EXPIRY_PERIOD_NS; t += 777)
		visits += expiry_allowance(&e, SLOTS, t);
	ck_assert_uint_ge(visits, SLOTS - 1);
	ck_assert_uint_le(visits, SLOTS);
	free(e.check_at);
}
END_TEST

/* A slot takes 500,000 ns here: what such a step has beyond one slot must not be lost. */
START_TEST(remainders_of_steps_add_up)
{
	struct expiry e = sweep_of(SLOTS);
	uint64_t visits = 0;

	expiry_allowance(&e, SLOTS, T0);
	for (uint64_t step = 1; step <= 500; step++)
		visits += expiry_allowance(&e, SLOTS, T0 + step * 900000);
	ck_assert_uint_eq(visits, 500 * 900000 / 500000);
	free(e.check_at);
}
END_TEST

START_TEST(long_step_of_the_clock_allows_one_round)
{
	struct expiry e = sweep_of(SLOTS);

	ck_assert_uint_eq(expiry_allowance(&e, SLOTS, T0), SLOTS);
	ck_assert_uint_eq(expiry_allowance(&e, SLOTS, T0), 0);
	ck_assert_uint_eq(expiry_allowance(&e, SLOTS, T0 + 3600 * NS_PER_S), SLOTS);
	free(e.check_at);
}
END_TEST

START_TEST(allowance_that_was_given_back_is_there_again)
{
	struct expiry e = sweep_of(SLOTS);

	ck_assert_uint_eq(expiry_allowance(&e, SLOTS, T0), SLOTS);
	expiry_give_back(&e, SLOTS, 300);
	ck_assert_uint_eq(expiry_allowance(&e, SLOTS, T0), 300);
	expiry_give_back(&e, SLOTS, 0);
	ck_assert_uint_eq(expiry_allowance(&e, SLOTS, T0), 0);
	expiry_give_back(&e, 0, 0);
	free(e.check_at);
}
END_TEST

START_TEST(sweep_goes_on_after_a_clock_restart)
{
	struct expiry e = sweep_of(SLOTS);

	expiry_allowance(&e, SLOTS, T0);
	ck_assert_uint_eq(expiry_allowance(&e, SLOTS, T0 / 2), 0);
	ck_assert_uint_eq(expiry_allowance(&e, SLOTS, T0 / 2 + EXPIRY_PERIOD_NS), SLOTS);
	free(e.check_at);
}
END_TEST

#define NONE UINT32_MAX

static uint32_t next_due(struct expiry *e, uint32_t slots, uint64_t clock_ns, uint32_t *allowance)
{
	uint32_t due;

	return expiry_gather(e, slots, clock_ns, allowance, &due, 1) ? due : NONE;
}

START_TEST(empty_table_needs_no_sweep)
{
	struct expiry e = sweep_of(1);
	uint32_t allowance = expiry_allowance(&e, 0, T0);

	ck_assert_uint_eq(allowance, 0);
	ck_assert_uint_eq(next_due(&e, 0, T0, &allowance), NONE);
	free(e.check_at);
}
END_TEST

START_TEST(sweep_finds_what_is_due_and_nothing_else)
{
	struct expiry e = sweep_of(10);
	uint32_t allowance = 10;

	expiry_set(&e, 3, T0);
	expiry_set(&e, 7, T0 - 5 * NS_PER_S);
	expiry_set(&e, 8, T0 + 5 * NS_PER_S);
	ck_assert_uint_eq(next_due(&e, 10, T0, &allowance), 3);
	ck_assert_uint_eq(next_due(&e, 10, T0, &allowance), 7);
	ck_assert_uint_eq(next_due(&e, 10, T0, &allowance), NONE);
	ck_assert_uint_eq(allowance, 0);
	free(e.check_at);
}
END_TEST

/* Never too late: the array's unit is coarse, and must be rounded towards looking early. */
START_TEST(flow_is_found_at_its_deadline_wherever_that_lies)
{
	struct expiry e = sweep_of(1);

	for (uint64_t t = T0; t < T0 + 10 * NS_PER_S; t += 123456789) {
		uint32_t allowance = 1;

		expiry_set(&e, 0, t);
		ck_assert_uint_eq(next_due(&e, 1, t, &allowance), 0);
		allowance = 1;
		ck_assert_uint_eq(next_due(&e, 1, t - 2 * NS_PER_S, &allowance), NONE);
	}
	free(e.check_at);
}
END_TEST

/* 2^32 units of 2^26 ns are nine years: what is later must still be found. */
START_TEST(dates_beyond_the_units_are_found)
{
	uint64_t late = UINT64_MAX - 3600 * NS_PER_S;
	struct expiry e = sweep_of(1);
	uint32_t allowance = 1;

	expiry_set(&e, 0, late);
	ck_assert_uint_eq(next_due(&e, 1, late, &allowance), 0);
	expiry_clear(&e, 0);
	allowance = 1;
	ck_assert_uint_eq(next_due(&e, 1, late, &allowance), NONE);
	free(e.check_at);
}
END_TEST

/* What is before the base is due; the units are fine enough to leave others alone. */
START_TEST(units_count_from_the_base)
{
	struct expiry e = sweep_of(2);
	uint32_t allowance = 2;

	ck_assert(!expiry_covers(&e, 1800000000 * NS_PER_S));
	e.base_ns = 1800000000 * NS_PER_S;
	ck_assert(!expiry_covers(&e, e.base_ns - 1));
	ck_assert(expiry_covers(&e, e.base_ns));
	ck_assert(expiry_covers(&e, e.base_ns + 4 * 365 * 86400 * NS_PER_S));
	ck_assert(!expiry_covers(&e, e.base_ns + 5 * 365 * 86400 * NS_PER_S));
	expiry_set(&e, 0, e.base_ns + 200 * NS_PER_MS);
	expiry_set(&e, 1, e.base_ns - 1);
	ck_assert_uint_eq(next_due(&e, 2, e.base_ns + 100 * NS_PER_MS, &allowance), 1);
	ck_assert_uint_eq(next_due(&e, 2, e.base_ns + 100 * NS_PER_MS, &allowance), NONE);
	free(e.check_at);
}
END_TEST

START_TEST(sweep_wraps_when_slots_end)
{
	struct expiry e = sweep_of(4);
	uint32_t allowance = 6;

	expiry_set(&e, 1, T0);
	ck_assert_uint_eq(next_due(&e, 4, T0, &allowance), 1);
	ck_assert_uint_eq(next_due(&e, 4, T0, &allowance), 1);
	ck_assert_uint_eq(allowance, 0);
	free(e.check_at);
}
END_TEST

/* One slot after the other, as the sweep is described. */
static unsigned gather_plainly(
    struct expiry *e, uint32_t slots, uint32_t *allowance, uint32_t due[], unsigned most)
{
	unsigned n = 0;

	for (; *allowance && n < most; --*allowance) {
		e->cursor %= slots;
		if (e->check_at[e->cursor] <= expiry_unit(e, T0))
			due[n++] = e->cursor;
		e->cursor++;
	}
	return n;
}

/* Many slots are looked at together, but not beyond the last one, the allowance and the room. */
START_TEST(slots_are_gathered_as_if_one_by_one)
{
	struct expiry e = sweep_of(SLOTS), plain;
	struct rng r = {.state = 3};

	for (unsigned round = 0; round < 2000; round++) {
		uint32_t slots = 1 + (uint32_t)rng_next(&r) % 100;
		uint32_t allowance = (uint32_t)rng_next(&r) % (slots + 1), left = allowance;
		unsigned most = (unsigned)rng_next(&r) % 40, n;
		uint32_t due[40], wanted[40];

		for (uint32_t i = 0; i < SLOTS; i++)
			e.check_at[i] = rng_next(&r) % 8 ? EXPIRY_NEVER : 0;
		e.cursor = (uint32_t)rng_next(&r) % (slots + 1);
		plain = e;
		n = expiry_gather(&e, slots, T0, &allowance, due, most);
		ck_assert_uint_eq(n, gather_plainly(&plain, slots, &left, wanted, most));
		ck_assert_mem_eq(due, wanted, n * sizeof(*due));
		ck_assert_uint_eq(allowance, left);
		ck_assert_uint_eq(e.cursor % slots, plain.cursor % slots);
	}
	free(e.check_at);
}
END_TEST

START_TEST(first_is_the_smallest_number_and_of_equal_ones_the_first)
{
	uint32_t numbers[] = {9, EXPIRY_NEVER, 7, 8, 7, 0};

	ck_assert_uint_eq(expiry_first(numbers, 1), 0);
	ck_assert_uint_eq(expiry_first(numbers, 2), 0);
	ck_assert_uint_eq(expiry_first(numbers, 5), 2);
	ck_assert_uint_eq(expiry_first(numbers, 6), 5);
	ck_assert_uint_eq(expiry_first(numbers + 1, 1), 0);
}
END_TEST

/* What a full table gives up first: a linger counts, the active timeout does not. */
START_TEST(flow_is_over_when_idle_or_lingered)
{
	struct timeouts t = {15 * NS_PER_S, 10 * NS_PER_S, NS_PER_S};
	struct flow f = flow_at(T0, T0 + 5, &t);

	ck_assert_uint_eq(expiry_over(&f, &t), T0 + 5 + 15 * NS_PER_S);
	expiry_begin_linger(&f, &t);
	ck_assert_uint_eq(expiry_over(&f, &t), T0 + 5 + NS_PER_S);
}
END_TEST

START_TEST(full_sweep_is_rare_in_proportion_to_its_cost)
{
	struct expiry e = sweep_of(SLOTS);

	ck_assert(expiry_full_sweep_due(&e, SLOTS, T0));
	ck_assert(!expiry_full_sweep_due(&e, SLOTS, T0 + SLOTS * EXPIRY_FULL_NS - 1));
	ck_assert(expiry_full_sweep_due(&e, SLOTS, T0 + SLOTS * EXPIRY_FULL_NS));
	ck_assert(expiry_full_sweep_due(&e, SLOTS, T0 / 2));
	free(e.check_at);
}
END_TEST

Suite *expiry_suite(void)
{
	const TTest *const tests[] = {
	    idle_flow_ends_at_its_deadline_to_the_nanosecond,
	    long_flow_ends_at_its_deadline_to_the_nanosecond,
	    linger_counts_from_the_packet_that_began_it,
	    linger_does_not_put_off_the_active_deadline,
	    earliest_of_several_passed_deadlines_names_the_reason,
	    of_equal_deadlines_the_lowest_number_counts,
	    without_a_linger_the_end_is_now,
	    sweep_visits_every_slot_once_in_a_period,
	    short_steps_of_the_clock_add_up,
	    remainders_of_steps_add_up,
	    long_step_of_the_clock_allows_one_round,
	    allowance_that_was_given_back_is_there_again,
	    sweep_goes_on_after_a_clock_restart,
	    empty_table_needs_no_sweep,
	    sweep_finds_what_is_due_and_nothing_else,
	    flow_is_found_at_its_deadline_wherever_that_lies,
	    dates_beyond_the_units_are_found,
	    units_count_from_the_base,
	    sweep_wraps_when_slots_end,
	    slots_are_gathered_as_if_one_by_one,
	    first_is_the_smallest_number_and_of_equal_ones_the_first,
	    flow_is_over_when_idle_or_lingered,
	    full_sweep_is_rare_in_proportion_to_its_cost,
	};

	return SUITE_OF("expiry", tests);
}

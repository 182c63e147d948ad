#include "meter/overload.h"

#include <check.h>

#include "suites.h"

#define STEP OVERLOAD_INTERVAL_NS

static struct overload o;
static uint64_t now, idle, drops;

static void setup(void)
{
	o = (struct overload){0};
	now = 1;
	idle = drops = 0;
	overload_judge(&o, now, idle, drops);
}

/* An interval of which so many hundredths were idle, and in which so many packets were dropped. */
static unsigned pass(unsigned percent, uint64_t dropped)
{
	now += STEP;
	idle += STEP * percent / 100;
	drops += dropped;
	overload_judge(&o, now, idle, drops);
	return o.level;
}

START_TEST(rules_are_those_of_the_levels)
{
	struct sampling_plan plan = {.count = 1};

	overload_plan(&plan);
	ck_assert_uint_eq(plan.count, OVERLOAD_LEVELS);
	ck_assert_uint_le(plan.count, SELECTORS_MAX);
	ck_assert_int_eq(plan.rules[0].method, SAMPLING_NONE);
	for (unsigned k = 1; k < plan.count; k++) {
		ck_assert_int_eq(plan.rules[k].method, SAMPLING_RANDOM);
		ck_assert_uint_eq(plan.rules[k].interval, 1u << k);
	}
}
END_TEST

START_TEST(idle_enough_stays)
{
	for (unsigned i = 0; i < 100; i++)
		ck_assert_uint_eq(pass(3, 0), 0);
}
END_TEST

START_TEST(no_idleness_raises_by_one)
{
	ck_assert_uint_eq(pass(1, 0), 1);
	ck_assert_uint_eq(pass(1, 0), 2);
	ck_assert_uint_eq(pass(3, 0), 2);
}
END_TEST

START_TEST(drops_raise_by_two_however_idle)
{
	ck_assert_uint_eq(pass(90, 1), 2);
	ck_assert_uint_eq(pass(90, 1), 4);
}
END_TEST

START_TEST(the_highest_level_is_the_last)
{
	for (unsigned i = 0; i < 2 * OVERLOAD_LEVELS; i++)
		pass(0, 1);
	ck_assert_uint_eq(o.level, OVERLOAD_LEVELS - 1);
}
END_TEST

START_TEST(calm_lowers_step_by_step)
{
	unsigned intervals = (unsigned)(OVERLOAD_CALM_NS / STEP);

	pass(0, 0);
	pass(0, 0);
	for (unsigned i = 0; i < intervals; i++)
		ck_assert_uint_eq(pass(61, 0), 2);
	ck_assert_uint_eq(pass(61, 0), 1);
	for (unsigned i = 1; i < intervals; i++)
		ck_assert_uint_eq(pass(61, 0), 1);
	ck_assert_uint_eq(pass(61, 0), 0);
	ck_assert_uint_eq(pass(61, 0), 0);
}
END_TEST

START_TEST(calm_that_was_broken_begins_anew)
{
	unsigned intervals = (unsigned)(OVERLOAD_CALM_NS / STEP);

	pass(0, 0);
	for (unsigned i = 0; i < intervals; i++)
		pass(61, 0);
	ck_assert_uint_eq(pass(30, 0), 1);
	for (unsigned i = 0; i < intervals; i++)
		ck_assert_uint_eq(pass(61, 0), 1);
	ck_assert_uint_eq(pass(61, 0), 0);
}
END_TEST

START_TEST(it_is_judged_once_an_interval)
{
	now += STEP - 1;
	ck_assert(!overload_judge(&o, now, idle, 5));
	ck_assert_uint_eq(o.level, 0);
	ck_assert(overload_judge(&o, now + 1, idle, 5));
	ck_assert_uint_eq(o.level, 2);
}
END_TEST

/* What was dropped before capture began is no sign of overload. */
START_TEST(the_first_judgement_only_begins)
{
	o = (struct overload){0};
	ck_assert(!overload_judge(&o, 77, 0, 1000));
	ck_assert_uint_eq(o.level, 0);
}
END_TEST

Suite *overload_suite(void)
{
	Suite *s = suite_create("overload");
	TCase *t = tcase_create("levels");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, rules_are_those_of_the_levels);
	tcase_add_test(t, idle_enough_stays);
	tcase_add_test(t, no_idleness_raises_by_one);
	tcase_add_test(t, drops_raise_by_two_however_idle);
	tcase_add_test(t, the_highest_level_is_the_last);
	tcase_add_test(t, calm_lowers_step_by_step);
	tcase_add_test(t, calm_that_was_broken_begins_anew);
	tcase_add_test(t, it_is_judged_once_an_interval);
	tcase_add_test(t, the_first_judgement_only_begins);
	suite_add_tcase(s, t);
	return s;
}

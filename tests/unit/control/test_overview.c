#include "suites.h"

#include "control/overview.h"
#include "util/units.h"

START_TEST(rates_are_those_between_two_moments)
{
	struct overview o = {.now = {.at_ns = 12 * NS_PER_S}};

	ck_assert(overview_rate(&o, 100, 0) == 0);
	o.before.at_ns = 10 * NS_PER_S;
	ck_assert(overview_rate(&o, 100, 0) == 50);
	ck_assert(overview_rate(&o, 5, 5) == 0);
	ck_assert(overview_rate(&o, 5, 6) == 0);
	o.before.at_ns = o.now.at_ns;
	ck_assert(overview_rate(&o, 100, 0) == 0);
}
END_TEST

Suite *overview_suite(void)
{
	const TTest *const tests[] = {rates_are_those_between_two_moments};

	return SUITE_OF("overview", tests);
}

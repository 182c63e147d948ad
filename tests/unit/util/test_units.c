#include "suites.h"

#include <errno.h>

#include "util/units.h"

START_TEST(number_within_its_limits_is_taken)
{
	uint64_t n;

	ck_assert_int_eq(parse_number("7", 0, 10, &n), 0);
	ck_assert_uint_eq(n, 7);
	ck_assert_int_eq(parse_number("0", 0, 10, &n), 0);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(parse_number("10", 0, 10, &n), 0);
	ck_assert_int_eq(parse_number("010", 0, 10, &n), 0);
	ck_assert_uint_eq(n, 10);
	ck_assert_int_eq(parse_number("18446744073709551615", 0, UINT64_MAX, &n), 0);
	ck_assert_uint_eq(n, UINT64_MAX);
}
END_TEST

START_TEST(number_outside_its_limits_is_a_range_error)
{
	uint64_t n;

	ck_assert_int_eq(parse_number("11", 0, 10, &n), -ERANGE);
	ck_assert_int_eq(parse_number("1", 2, 10, &n), -ERANGE);
	ck_assert_int_eq(parse_number("18446744073709551616", 0, UINT64_MAX, &n), -ERANGE);
	ck_assert_int_eq(parse_number("99999999999999999999999", 0, UINT64_MAX, &n), -ERANGE);
}
END_TEST

START_TEST(what_is_no_number_is_refused)
{
	static const char *const texts[] = {
	    "", " ", "-1", "+1", " 1", "1 ", "0x10", "1.5", "ten", "1e3", "1,", "\xc2\xb2"};
	uint64_t n;

	for (unsigned i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		ck_assert_msg(parse_number(texts[i], 0, 100, &n) == -EINVAL, "'%s'", texts[i]);
}
END_TEST

START_TEST(each_unit_of_time_has_its_factor)
{
	uint64_t ns;

	ck_assert_int_eq(parse_time_ns("500ms", &ns), 0);
	ck_assert_uint_eq(ns, 500000000);
	ck_assert_int_eq(parse_time_ns("15s", &ns), 0);
	ck_assert_uint_eq(ns, 15000000000);
	ck_assert_int_eq(parse_time_ns("30m", &ns), 0);
	ck_assert_uint_eq(ns, 1800000000000);
	ck_assert_int_eq(parse_time_ns("24h", &ns), 0);
	ck_assert_uint_eq(ns, 86400000000000);
}
END_TEST

START_TEST(only_zero_time_needs_no_unit)
{
	uint64_t ns = 1;

	ck_assert_int_eq(parse_time_ns("0", &ns), 0);
	ck_assert_uint_eq(ns, 0);
	ck_assert_int_eq(parse_time_ns("0s", &ns), 0);
	ck_assert_int_eq(parse_time_ns("15", &ns), -EINVAL);
}
END_TEST

START_TEST(what_is_no_time_is_refused)
{
	static const char *const texts[] = {"", "s", "15 s", "15S", "15sec", "15s ", "-1s", "1.5s",
	    "15d", "15us", "15mss", "1h30m"};
	uint64_t ns;

	for (unsigned i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		ck_assert_msg(parse_time_ns(texts[i], &ns) == -EINVAL, "'%s'", texts[i]);
}
END_TEST

START_TEST(time_over_a_year_is_a_range_error_and_does_not_wrap)
{
	uint64_t ns;

	ck_assert_int_eq(parse_time_ns("8784h", &ns), 0);
	ck_assert_int_eq(parse_time_ns("8785h", &ns), -ERANGE);
	/* times 3.6e12 this is a little above 2^64 */
	ck_assert_int_eq(parse_time_ns("5124096h", &ns), -ERANGE);
	ck_assert_int_eq(parse_time_ns("18446744073709551616s", &ns), -ERANGE);
}
END_TEST

START_TEST(each_unit_of_size_has_its_factor)
{
	uint64_t n;

	ck_assert_int_eq(parse_size("100", &n), 0);
	ck_assert_uint_eq(n, 100);
	ck_assert_int_eq(parse_size("64k", &n), 0);
	ck_assert_uint_eq(n, 65536);
	ck_assert_int_eq(parse_size("64K", &n), 0);
	ck_assert_uint_eq(n, 65536);
	ck_assert_int_eq(parse_size("64M", &n), 0);
	ck_assert_uint_eq(n, 67108864);
	ck_assert_int_eq(parse_size("3G", &n), 0);
	ck_assert_uint_eq(n, 3221225472);
}
END_TEST

START_TEST(wrong_sizes_are_refused)
{
	uint64_t n;

	ck_assert_int_eq(parse_size("", &n), -EINVAL);
	ck_assert_int_eq(parse_size("k", &n), -EINVAL);
	ck_assert_int_eq(parse_size("1m", &n), -EINVAL);
	ck_assert_int_eq(parse_size("1MB", &n), -EINVAL);
	ck_assert_int_eq(parse_size("-1M", &n), -EINVAL);
	ck_assert_int_eq(parse_size("17179869184G", &n), -ERANGE);
}
END_TEST

START_TEST(switches_have_words)
{
	bool on = false;

	ck_assert(parse_switch("on", &on) == 0 && on);
	ck_assert(parse_switch("off", &on) == 0 && !on);
	ck_assert(parse_switch("yes", &on) == 0 && on);
	ck_assert(parse_switch("no", &on) == 0 && !on);
	ck_assert(parse_switch("true", &on) == 0 && on);
	ck_assert(parse_switch("false", &on) == 0 && !on);
	ck_assert_int_eq(parse_switch("", &on), -EINVAL);
	ck_assert_int_eq(parse_switch("1", &on), -EINVAL);
	ck_assert_int_eq(parse_switch("o", &on), -EINVAL);
}
END_TEST

Suite *units_suite(void)
{
	const TTest *const tests[] = {
	    switches_have_words,
	    number_within_its_limits_is_taken,
	    number_outside_its_limits_is_a_range_error,
	    what_is_no_number_is_refused,
	    each_unit_of_time_has_its_factor,
	    only_zero_time_needs_no_unit,
	    what_is_no_time_is_refused,
	    time_over_a_year_is_a_range_error_and_does_not_wrap,
	    each_unit_of_size_has_its_factor,
	    wrong_sizes_are_refused,
	};

	return SUITE_OF("units", tests);
}

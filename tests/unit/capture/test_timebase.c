#include "suites.h"

#include "capture/timebase.h"
#include "util/units.h"

#define LATEST_S UINT32_MAX
#define BINARY 0x80

static uint64_t ns_of(unsigned resolution, int64_t offset_s, uint64_t ticks)
{
	struct timebase t = timebase_of((uint8_t)resolution, offset_s);

	return timebase_ns(&t, ticks);
}

START_TEST(powers_of_10_are_cut_to_ns)
{
	ck_assert_uint_eq(ns_of(0, 0, 1700000000), 1700000000 * NS_PER_S);
	ck_assert_uint_eq(ns_of(3, 0, 1700000000123), 1700000000123 * NS_PER_MS);
	ck_assert_uint_eq(ns_of(6, 0, 1700000000123456), 1700000000123456000);
	ck_assert_uint_eq(ns_of(9, 0, 1700000000123456789), 1700000000123456789);
	ck_assert_uint_eq(ns_of(10, 0, 17000000001234567899u), 1700000000123456789);
	ck_assert_uint_eq(ns_of(12, 0, 1999), 1);
	ck_assert_uint_eq(ns_of(19, 0, UINT64_MAX), 1844674407);
	ck_assert_uint_eq(ns_of(20, 0, UINT64_MAX), 184467440);
	ck_assert_uint_eq(ns_of(28, 0, UINT64_MAX), 1);
	for (unsigned exponent = 29; exponent < 128; exponent++)
		ck_assert_uint_eq(ns_of(exponent, 0, UINT64_MAX), 0);
}
END_TEST

START_TEST(powers_of_2_are_cut_to_ns)
{
	ck_assert_uint_eq(ns_of(BINARY | 0, 0, 1700000000), 1700000000 * NS_PER_S);
	ck_assert_uint_eq(ns_of(BINARY | 1, 0, 3), 1500000000);
	ck_assert_uint_eq(ns_of(BINARY | 10, 0, 1023), 999023437);
	ck_assert_uint_eq(ns_of(BINARY | 32, 0, 1700000000ull << 32 | 1u << 31),
	    1700000000 * NS_PER_S + 500000000);
	ck_assert_uint_eq(ns_of(BINARY | 63, 0, UINT64_MAX), 1999999999);
	ck_assert_uint_eq(ns_of(BINARY | 64, 0, UINT64_MAX), 999999999);
	ck_assert_uint_eq(ns_of(BINARY | 93, 0, UINT64_MAX), 1);
	for (unsigned exponent = 94; exponent < 128; exponent++)
		ck_assert_uint_eq(ns_of(BINARY | exponent, 0, UINT64_MAX), 0);
}
END_TEST

START_TEST(offset_is_added_in_seconds)
{
	ck_assert_uint_eq(ns_of(6, 1700000000, 123456), 1700000000123456000);
	ck_assert_uint_eq(ns_of(9, -1, 1700000000 * NS_PER_S + 1), 1699999999 * NS_PER_S + 1);
	ck_assert_uint_eq(ns_of(12, 5, 1999), 5 * NS_PER_S + 1);
	ck_assert_uint_eq(ns_of(127, 5, UINT64_MAX), 5 * NS_PER_S);
}
END_TEST

START_TEST(times_out_of_reach_are_none)
{
	ck_assert_uint_eq(ns_of(0, 0, UINT64_MAX), 0);
	ck_assert_uint_eq(ns_of(0, INT64_MAX, UINT64_MAX), 0);
	ck_assert_uint_eq(ns_of(BINARY, INT64_MAX, UINT64_MAX), 0);
	ck_assert_uint_eq(ns_of(0, 0, LATEST_S + 1ull), 0);
	ck_assert_uint_eq(ns_of(0, 0, LATEST_S), LATEST_S * NS_PER_S);
	ck_assert_uint_eq(ns_of(6, LATEST_S, 999999), (LATEST_S + 1ull) * NS_PER_S - 1000);
	ck_assert_uint_eq(ns_of(6, LATEST_S, 1000000), 0);
	ck_assert_uint_eq(ns_of(6, -1, 999999), 0);
	ck_assert_uint_eq(ns_of(6, INT64_MIN, UINT64_MAX), 0);
}
END_TEST

Suite *timebase_suite(void)
{
	const TTest *const tests[] = {
	    powers_of_10_are_cut_to_ns,
	    powers_of_2_are_cut_to_ns,
	    offset_is_added_in_seconds,
	    times_out_of_reach_are_none,
	};

	return SUITE_OF("timebase", tests);
}

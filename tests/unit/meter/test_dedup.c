#include "suites.h"

#include "meter/dedup.h"
#include "util/rng.h"
#include "util/units.h"

#define T0 (1700000000 * NS_PER_S)
#define COPY (50 * NS_PER_MS)
#define SAME (2 * NS_PER_MS)
#define DIGEST 0x123456789abcdef0ull

static struct dedup *d;

static void begin(uint64_t copy_ns, uint64_t same_ns)
{
	struct dedup_windows windows = {copy_ns, same_ns};

	d = dedup_create(&windows);
	ck_assert_ptr_nonnull(d);
}

static void end(void)
{
	dedup_destroy(d);
}

static bool is_duplicate(uint16_t place, uint64_t after_ns)
{
	return dedup_see(d, DIGEST, place, T0 + after_ns) == DEDUP_DUPLICATE;
}

START_TEST(windows_are_exact)
{
	for (unsigned other = 0; other < 2; other++) {
		uint64_t window = other ? COPY : SAME;

		begin(COPY, SAME);
		ck_assert(!is_duplicate(7, 0));
		ck_assert(is_duplicate((uint16_t)(7 + other), 0));
		ck_assert(is_duplicate((uint16_t)(7 + other), window - 1));
		ck_assert(!is_duplicate((uint16_t)(7 + other), window));
		end();
	}
}
END_TEST

/* The window is that of the packet that was metered: copies of copies do not prolong it. */
START_TEST(copies_do_not_prolong_the_window)
{
	begin(COPY, SAME);
	ck_assert(!is_duplicate(1, 0));
	for (uint64_t ms = 1; ms < 50; ms++)
		ck_assert(is_duplicate((uint16_t)(2 + ms), ms * NS_PER_MS));
	ck_assert(!is_duplicate(99, COPY));
	ck_assert(is_duplicate(1, COPY + 1));
	end();
}
END_TEST

/* Sent again and metered, it is what the next ones are compared with. */
START_TEST(latest_metered_packet_counts)
{
	begin(COPY, SAME);
	ck_assert(!is_duplicate(1, 0));
	ck_assert(is_duplicate(2, 100000));
	ck_assert(!is_duplicate(1, 40 * NS_PER_MS));
	ck_assert(is_duplicate(2, 40 * NS_PER_MS + 100000));
	ck_assert(is_duplicate(2, 89 * NS_PER_MS));
	ck_assert(!is_duplicate(2, 90 * NS_PER_MS));
	end();
}
END_TEST

START_TEST(window_0_drops_nothing)
{
	begin(0, SAME);
	ck_assert(!is_duplicate(1, 0));
	ck_assert(!is_duplicate(2, 0));
	ck_assert(is_duplicate(2, 0));
	end();
	begin(COPY, 0);
	ck_assert(!is_duplicate(1, 0));
	ck_assert(!is_duplicate(1, 0));
	ck_assert(is_duplicate(2, 0));
	end();
}
END_TEST

START_TEST(all_bits_of_the_digest_count)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		begin(COPY, SAME);
		ck_assert(!is_duplicate(1, 0));
		ck_assert_int_eq(dedup_see(d, DIGEST ^ 1ull << bit, 1, T0), DEDUP_FIRST);
		ck_assert(is_duplicate(1, 0));
		end();
	}
}
END_TEST

START_TEST(flood_forgets_the_oldest_and_tells)
{
	struct rng r = {.state = 1};
	unsigned forgot = 0;

	begin(COPY, SAME);
	ck_assert(!is_duplicate(1, 0));
	for (unsigned i = 0; i < 3 * DEDUP_BUCKETS * DEDUP_WAYS; i++)
		forgot += dedup_see(d, rng_next(&r), 1, T0 + 1) == DEDUP_FIRST_FORGETS;
	ck_assert_uint_gt(forgot, 2 * DEDUP_BUCKETS * DEDUP_WAYS - DEDUP_BUCKETS / 2);
	ck_assert(!is_duplicate(1, 2));
	/* What is past every window is no loss. */
	for (unsigned i = 0; i < 1000; i++)
		ck_assert_int_eq(dedup_see(d, rng_next(&r), 1, T0 + COPY + 1), DEDUP_FIRST);
	end();
}
END_TEST

/* With a new key, as after a restart of the clock, what is in the memory is only in the way. */
START_TEST(clock_that_starts_again_finds_room)
{
	struct rng r = {.state = 1};

	begin(COPY, SAME);
	for (unsigned i = 0; i < 2 * DEDUP_BUCKETS * DEDUP_WAYS; i++)
		dedup_see(d, rng_next(&r), 1, T0);
	for (unsigned way = 0; way < DEDUP_WAYS; way++)
		ck_assert_int_eq(
		    dedup_see(d, DIGEST ^ (uint64_t)way << 60, 1, T0 - NS_PER_S), DEDUP_FIRST);
	for (unsigned way = 0; way < DEDUP_WAYS; way++)
		ck_assert_int_eq(
		    dedup_see(d, DIGEST ^ (uint64_t)way << 60, 1, T0 - NS_PER_S), DEDUP_DUPLICATE);
	end();
}
END_TEST

Suite *dedup_suite(void)
{
	const TTest *const tests[] = {
	    windows_are_exact,
	    copies_do_not_prolong_the_window,
	    latest_metered_packet_counts,
	    window_0_drops_nothing,
	    all_bits_of_the_digest_count,
	    flood_forgets_the_oldest_and_tells,
	    clock_that_starts_again_finds_room,
	};

	return SUITE_OF("dedup", tests);
}

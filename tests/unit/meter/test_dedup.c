#include "suites.h"

#include <sys/mman.h>
#include <unistd.h>

#include "meter/dedup.h"
#include "util/rng.h"
#include "util/units.h"

#define T0 (1700000000 * NS_PER_S)
#define COPY (50 * NS_PER_MS)
#define SAME (2 * NS_PER_MS)
#define DIGEST 0x123456789abcdef0ull

/* As long as all are awaited at most so many need no more than the first buckets. */
#define CHANCE (DEDUP_WAYS + DEDUP_SPARES)

static struct dedup *d;

static void begin(uint64_t copy_ns, uint64_t same_ns)
{
	struct dedup_windows windows = {copy_ns, same_ns};

	d = dedup_create(&windows, false);
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

static enum dedup_result see(uint64_t digest, uint16_t place, uint64_t after_ns)
{
	return dedup_see(d, digest, place, T0 + after_ns);
}

static bool all_are_in_use(void)
{
	return d->bucket_mask == DEDUP_BUCKETS - 1;
}

/* The i-th of those that fill bucket after bucket, and then each once more. */
static uint64_t in_turn(uint64_t i)
{
	return (i * 0x9e3779b97f4a7c15u & ~(uint64_t)(DEDUP_BUCKETS - 1)) | i % DEDUP_BUCKETS;
}

/* The i-th of those that share one of the first buckets, but only every eighth one of all. */
static uint64_t in_one_of_the_first(uint64_t i)
{
	return DIGEST ^ i * DEDUP_BUCKETS_FIRST;
}

/* How many of those from `from` up to `to`, seen at that place and time, have this result. */
static unsigned count_of(
    enum dedup_result result, uint64_t from, uint64_t to, uint16_t place, uint64_t after_ns)
{
	unsigned count = 0;

	for (uint64_t i = from; i < to; i++)
		count += see(in_turn(i), place, after_ns) == result;
	return count;
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

static void all_bits_count_after(uint64_t digest, unsigned others, uint64_t after_ns)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t then_ns = after_ns + bit * NS_PER_S;

		ck_assert_int_eq(see(digest, 1, then_ns), DEDUP_FIRST);
		for (unsigned i = 1; i <= others; i++)
			see(in_one_of_the_first(i * 0x1001), 1, then_ns);
		ck_assert_int_eq(see(digest ^ 1ull << bit, 1, then_ns), DEDUP_FIRST);
		ck_assert_int_eq(see(digest, 1, then_ns), DEDUP_DUPLICATE);
	}
}

START_TEST(all_bits_count_of_spares_and_with_all_in_use)
{
	begin(COPY, SAME);
	all_bits_count_after(DIGEST, DEDUP_WAYS, 0);
	ck_assert(!all_are_in_use());
	end();
	begin(COPY, SAME);
	count_of(DEDUP_FIRST, 0, DEDUP_BUCKETS, 1, 0);
	ck_assert(all_are_in_use());
	all_bits_count_after(DIGEST, 0, NS_PER_S);
	end();
}
END_TEST

/* More of a bucket than it holds, now and then: none is forgotten, and no more memory is used for it. */
START_TEST(spares_do_for_chance)
{
	begin(COPY, SAME);
	for (uint64_t i = 0; i < 10000; i++) {
		uint64_t now_ns = i * COPY / CHANCE;

		ck_assert_int_eq(see(in_one_of_the_first(i), 1, now_ns), DEDUP_FIRST);
		for (uint64_t before = 1; before < CHANCE && before <= i; before++)
			ck_assert_int_eq(
			    see(in_one_of_the_first(i - before), 2, now_ns), DEDUP_DUPLICATE);
	}
	ck_assert(!all_are_in_use());
	end();
}
END_TEST

START_TEST(windows_of_spares_are_exact)
{
	begin(COPY, SAME);
	for (uint64_t i = 0; i < CHANCE; i++)
		ck_assert_int_eq(see(in_one_of_the_first(i), 1, 0), DEDUP_FIRST);
	for (uint64_t i = 0; i < CHANCE; i++) {
		ck_assert_int_eq(see(in_one_of_the_first(i), 1, SAME - 1), DEDUP_DUPLICATE);
		ck_assert_int_eq(see(in_one_of_the_first(i), 2, SAME), DEDUP_DUPLICATE);
	}
	for (uint64_t i = 0; i < CHANCE; i++)
		ck_assert_int_eq(see(in_one_of_the_first(i), 2, COPY - 1), DEDUP_DUPLICATE);
	for (uint64_t i = 0; i < CHANCE; i++)
		ck_assert_int_eq(see(in_one_of_the_first(i), 2, COPY), DEDUP_FIRST);
	ck_assert(!all_are_in_use());
	end();
}
END_TEST

/* The one that was sent again and metered counts, whatever lies among the spares of before. */
START_TEST(latest_metered_packet_counts_among_spares)
{
	begin(COPY, SAME);
	for (uint64_t i = 0; i <= DEDUP_WAYS; i++)
		see(in_one_of_the_first(i), 1, 0);
	ck_assert_int_eq(see(in_one_of_the_first(0), 1, SAME), DEDUP_FIRST);
	for (uint64_t i = 5; i < 5 + DEDUP_SPARES / 2; i++)
		see(in_one_of_the_first(i), 1, SAME);
	ck_assert_int_eq(see(in_one_of_the_first(0), 1, SAME + 1), DEDUP_DUPLICATE);
	ck_assert_int_eq(see(in_one_of_the_first(0), 2, COPY), DEDUP_DUPLICATE);
	end();
}
END_TEST

/* One of four of a bucket of all, which has room for them and not for one of them twice. */
START_TEST(spare_that_is_metered_again_takes_one_place)
{
	const uint64_t four = DIGEST;

	begin(COPY, SAME);
	for (uint64_t i = 0; i < 4; i++)
		see(four ^ i << 60, 1, i);
	for (uint64_t i = 1; i < DEDUP_WAYS; i++)
		see(in_one_of_the_first(i), 1, SAME);
	ck_assert_int_eq(see(four ^ 1ull << 60, 1, 2 * SAME), DEDUP_FIRST);
	for (uint64_t i = 4; !all_are_in_use(); i++)
		ck_assert_int_eq(see(in_one_of_the_first(i), 1, 2 * SAME), DEDUP_FIRST);
	for (uint64_t i = 0; i < 4; i++)
		ck_assert_int_eq(see(four ^ i << 60, 2, 2 * SAME), DEDUP_DUPLICATE);
	end();
}
END_TEST

/* Of the bucket beside only its number is another. */
START_TEST(spares_are_of_their_bucket)
{
	begin(COPY, SAME);
	for (uint64_t i = 0; i <= DEDUP_WAYS; i++)
		see(in_one_of_the_first(i), 1, 0);
	for (uint64_t i = 1; i <= DEDUP_WAYS; i++)
		ck_assert_int_eq(see(in_one_of_the_first(i) ^ 1, 1, 0), DEDUP_FIRST);
	ck_assert_int_eq(see(in_one_of_the_first(0) ^ 1, 1, 0), DEDUP_FIRST);
	end();
}
END_TEST

START_TEST(one_more_brings_all_into_use_and_forgets_none)
{
	begin(COPY, SAME);
	for (uint64_t i = 0; i < CHANCE; i++)
		see(in_one_of_the_first(i), 1, i);
	ck_assert(!all_are_in_use());
	ck_assert_int_eq(see(in_one_of_the_first(CHANCE), 1, CHANCE), DEDUP_FIRST);
	ck_assert(all_are_in_use());
	for (uint64_t i = 0; i <= CHANCE; i++) {
		ck_assert_int_eq(see(in_one_of_the_first(i), 1, SAME - 1), DEDUP_DUPLICATE);
		ck_assert_int_eq(see(in_one_of_the_first(i), 2, COPY - 1), DEDUP_DUPLICATE);
	}
	ck_assert_int_eq(see(in_one_of_the_first(0), 2, COPY), DEDUP_FIRST);
	ck_assert_int_eq(see(in_one_of_the_first(1), 2, COPY), DEDUP_DUPLICATE);
	end();
}
END_TEST

/*
 * Three and then five of one bucket of the first, of which the last one of all brings all into use: those
 * five are one more than their bucket has room for, and the oldest is forgotten for another bucket's packet.
 */
START_TEST(oldest_is_forgotten_when_all_come_into_use)
{
	const uint64_t three = DIGEST ^ DEDUP_BUCKETS_FIRST;

	begin(COPY, SAME);
	for (uint64_t i = 0; i < CHANCE; i++)
		ck_assert_int_eq(see((i < 3 ? three : DIGEST) ^ i << 60, 1, i), DEDUP_FIRST);
	ck_assert_int_eq(see(three ^ 3ull << 60, 1, CHANCE), DEDUP_FIRST_FORGETS);
	ck_assert_int_eq(see(DIGEST ^ 3ull << 60, 2, CHANCE), DEDUP_FIRST_FORGETS);
	ck_assert_int_eq(see(three ^ 4ull << 60, 2, CHANCE), DEDUP_FIRST_FORGETS);
	for (uint64_t i = 1; i < 4; i++)
		ck_assert_int_eq(see(three ^ i << 60, 2, CHANCE), DEDUP_DUPLICATE);
	for (uint64_t i = 5; i < CHANCE; i++)
		ck_assert_int_eq(see(DIGEST ^ i << 60, 2, CHANCE), DEDUP_DUPLICATE);
	end();
}
END_TEST

START_TEST(all_the_memory_holds_what_it_has_room_for)
{
	const uint64_t first = DEDUP_BUCKETS_FIRST * DEDUP_WAYS + DEDUP_SPARES;
	const uint64_t all = DEDUP_BUCKETS * DEDUP_WAYS;

	begin(COPY, SAME);
	ck_assert_uint_eq(count_of(DEDUP_FIRST, 0, first, 1, 0), first);
	ck_assert(!all_are_in_use());
	ck_assert_uint_eq(count_of(DEDUP_FIRST, first, all, 1, 0), all - first);
	ck_assert(all_are_in_use());
	ck_assert_uint_eq(count_of(DEDUP_DUPLICATE, 0, all, 1, SAME - 1), all);
	ck_assert_uint_eq(count_of(DEDUP_DUPLICATE, 0, all, 2, COPY - 1), all);
	ck_assert_uint_eq(count_of(DEDUP_FIRST_FORGETS, all, all + 1000, 1, COPY - 1), 1000);
	end();
}
END_TEST

/* 30,000 a second for two minutes share a bucket by chance again and again. */
START_TEST(few_packets_do_with_the_first_buckets)
{
	struct rng r = {.state = 1};
	unsigned others = 0;

	begin(COPY, SAME);
	for (uint64_t i = 0; i < 120 * 30000; i++)
		others += see(rng_next(&r), 1, i * (NS_PER_S / 30000)) != DEDUP_FIRST;
	ck_assert_uint_eq(others, 0);
	ck_assert_uint_ne(d->spares[0].clock_ns, 0);
	ck_assert(!all_are_in_use());
	end();
}
END_TEST

/* Octets of it that the kernel has given; the system's pages may be large. */
static size_t memory_in_use(void)
{
	static unsigned char pages[DEDUP_BUCKETS * sizeof(struct dedup_bucket) / 4096];
	size_t page = (size_t)sysconf(_SC_PAGESIZE), octets = DEDUP_BUCKETS * sizeof(*d->buckets);
	size_t count = 0;

	ck_assert_int_eq(mincore(d->buckets, octets, pages), 0);
	for (size_t i = 0; i < octets / page; i++)
		count += pages[i] & 1;
	return count * page;
}

/* A huge page at most comes with the first packet. */
START_TEST(memory_comes_with_its_use_or_at_once)
{
	const struct dedup_windows windows = {COPY, SAME};
	const size_t all = DEDUP_BUCKETS * sizeof(*d->buckets);

	begin(COPY, SAME);
	ck_assert_uint_eq(memory_in_use(), 0);
	see(DIGEST, 1, 0);
	ck_assert_uint_le(memory_in_use(), 2u << 20);
	for (uint64_t i = 0; i <= CHANCE; i++)
		see(in_one_of_the_first(i), 1, i);
	ck_assert(all_are_in_use());
	ck_assert_uint_eq(memory_in_use(), all);
	end();
	d = dedup_create(&windows, true);
	ck_assert_uint_eq(memory_in_use(), all);
	end();
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

START_TEST(clock_that_starts_again_finds_spares)
{
	begin(COPY, SAME);
	for (uint64_t i = 0; i < CHANCE; i++)
		ck_assert_int_eq(see(in_one_of_the_first(i), 1, NS_PER_S), DEDUP_FIRST);
	for (uint64_t i = 0; i < CHANCE; i++)
		ck_assert_int_eq(see(in_one_of_the_first(100 + i), 1, 0), DEDUP_FIRST);
	for (uint64_t i = 0; i < CHANCE; i++)
		ck_assert_int_eq(see(in_one_of_the_first(100 + i), 2, 0), DEDUP_DUPLICATE);
	ck_assert(!all_are_in_use());
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
	    all_bits_count_of_spares_and_with_all_in_use,
	    spares_do_for_chance,
	    windows_of_spares_are_exact,
	    latest_metered_packet_counts_among_spares,
	    spare_that_is_metered_again_takes_one_place,
	    spares_are_of_their_bucket,
	    one_more_brings_all_into_use_and_forgets_none,
	    oldest_is_forgotten_when_all_come_into_use,
	    all_the_memory_holds_what_it_has_room_for,
	    few_packets_do_with_the_first_buckets,
	    memory_comes_with_its_use_or_at_once,
	    flood_forgets_the_oldest_and_tells,
	    clock_that_starts_again_finds_room,
	    clock_that_starts_again_finds_spares,
	};

	return SUITE_OF("dedup", tests);
}

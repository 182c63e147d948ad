#include "suites.h"

#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "util/ring.h"

#define WAKE_SLOTS 2048 /* as ring.c has it: so many are worth a wake-up */

static bool push(struct ring *r, uint64_t value)
{
	uint64_t *slot = ring_push_begin(r);

	if (!slot)
		return false;
	*slot = value;
	ring_push_end(r);
	return true;
}

static void pop_expect(struct ring *r, uint64_t value)
{
	const uint64_t *slot = ring_pop_begin(r);

	ck_assert_ptr_nonnull(slot);
	ck_assert_uint_eq(*slot, value);
	ring_pop_end(r);
}

static bool is_readable(const struct ring *r)
{
	struct pollfd p = {.fd = ring_data_fd(r), .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

static double seconds_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

START_TEST(new_ring_is_empty)
{
	struct ring *r = ring_create(8, sizeof(uint64_t));

	ck_assert_ptr_null(ring_pop_begin(r));
	ring_destroy(r);
	ring_destroy(NULL);
}
END_TEST

START_TEST(ring_holds_as_many_slots_as_asked_for)
{
	static const size_t sizes[] = {1, 2, 5, 8, 100, 8192};

	for (unsigned s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
		struct ring *r = ring_create(sizes[s], sizeof(uint64_t));
		size_t n = 0;

		while (push(r, n))
			n++;
		ck_assert_uint_ge(n, sizes[s]);
		ck_assert_uint_lt(n, 2 * sizes[s] + 1);
		for (size_t i = 0; i < n; i++)
			pop_expect(r, i);
		ck_assert_ptr_null(ring_pop_begin(r));
		ring_destroy(r);
	}
}
END_TEST

START_TEST(slots_are_unseen_until_published)
{
	struct ring *r = ring_create(8, sizeof(uint64_t));

	push(r, 1);
	push(r, 2);
	ck_assert_ptr_null(ring_pop_begin(r));
	ring_publish(r, false);
	pop_expect(r, 1);
	push(r, 3);
	pop_expect(r, 2);
	ck_assert_ptr_null(ring_pop_begin(r));
	ring_publish(r, true);
	pop_expect(r, 3);
	ring_destroy(r);
}
END_TEST

START_TEST(begun_slot_that_did_not_end_is_not_published)
{
	struct ring *r = ring_create(8, sizeof(uint64_t));

	ck_assert_ptr_nonnull(ring_push_begin(r));
	ring_publish(r, true);
	ck_assert_ptr_null(ring_pop_begin(r));
	ring_destroy(r);
}
END_TEST

START_TEST(full_ring_publishes_and_takes_no_more)
{
	struct ring *r = ring_create(4, sizeof(uint64_t));

	for (uint64_t i = 0; i < 4; i++)
		ck_assert(push(r, i));
	ck_assert(!push(r, 4));
	pop_expect(r, 0);
	ck_assert(push(r, 4));
	ck_assert(!push(r, 5));
	for (uint64_t i = 1; i <= 4; i++)
		pop_expect(r, i);
	ring_destroy(r);
}
END_TEST

START_TEST(room_is_what_can_be_pushed)
{
	struct ring *r = ring_create(8, sizeof(uint64_t));

	for (size_t n = 8; n > 0; n--) {
		ck_assert_uint_eq(ring_room(r), n);
		push(r, n);
	}
	ck_assert_uint_eq(ring_room(r), 0);
	ring_publish(r, true);
	pop_expect(r, 8);
	ck_assert_uint_eq(ring_room(r), 1);
	ring_destroy(r);
}
END_TEST

START_TEST(slot_stays_the_same_until_released)
{
	struct ring *r = ring_create(4, sizeof(uint64_t));
	const void *slot;

	push(r, 1);
	push(r, 2);
	ring_publish(r, true);
	slot = ring_pop_begin(r);
	ck_assert_ptr_eq(ring_pop_begin(r), slot);
	pop_expect(r, 1);
	pop_expect(r, 2);
	ring_destroy(r);
}
END_TEST

/* Slots of an odd size, written and read whole, many times around. */
START_TEST(slots_of_odd_sizes_keep_their_octets)
{
	for (size_t size = 1; size < 130; size += 6) {
		struct ring *r = ring_create(4, size);

		for (unsigned n = 0; n < 50; n++) {
			uint8_t expected[130];

			memset(expected, (int)n, size);
			memset(ring_push_begin(r), (int)n, size);
			ring_push_end(r);
			ring_publish(r, false);
			ck_assert_mem_eq(ring_pop_begin(r), expected, size);
			ring_pop_end(r);
		}
		ring_destroy(r);
	}
}
END_TEST

START_TEST(consumer_does_not_sleep_over_data)
{
	struct ring *r = ring_create(8, sizeof(uint64_t));

	ck_assert(ring_sleep_begin(r));
	ring_sleep_end(r);
	push(r, 1);
	ring_publish(r, false);
	ck_assert(!ring_sleep_begin(r));
	ring_sleep_end(r);
	pop_expect(r, 1);
	ck_assert(ring_sleep_begin(r));
	ring_sleep_end(r);
	ring_destroy(r);
}
END_TEST

START_TEST(publishing_now_wakes_a_sleeper_and_none_else)
{
	struct ring *r = ring_create(8, sizeof(uint64_t));

	push(r, 1);
	ring_publish(r, true);
	ck_assert(!is_readable(r));
	pop_expect(r, 1);
	ck_assert(ring_sleep_begin(r));
	push(r, 2);
	ring_publish(r, false);
	ck_assert(!is_readable(r));
	ring_publish(r, true);
	ck_assert(is_readable(r));
	ring_sleep_end(r);
	ck_assert(!is_readable(r));
	pop_expect(r, 2);
	ring_destroy(r);
}
END_TEST

START_TEST(work_for_a_while_wakes_a_sleeper)
{
	struct ring *r = ring_create(8192, sizeof(uint64_t));

	ck_assert(ring_sleep_begin(r));
	for (uint64_t i = 0; i < WAKE_SLOTS - 1; i++) {
		push(r, i);
		ring_publish(r, false);
	}
	ck_assert(!is_readable(r));
	push(r, WAKE_SLOTS);
	ring_publish(r, false);
	ck_assert(is_readable(r));
	ring_destroy(r);
}
END_TEST

START_TEST(full_ring_wakes_a_sleeper)
{
	struct ring *r = ring_create(4, sizeof(uint64_t));

	ck_assert(ring_sleep_begin(r));
	for (uint64_t i = 0; i < 4; i++)
		push(r, i);
	ck_assert(!is_readable(r));
	ck_assert(!push(r, 4));
	ck_assert(is_readable(r));
	ring_destroy(r);
}
END_TEST

START_TEST(waiting_for_space_ends_at_once_where_there_is_some)
{
	struct ring *r = ring_create(4, sizeof(uint64_t));
	double before = seconds_now();

	push(r, 1);
	ring_wait_space(r, 30000);
	ck_assert_double_lt(seconds_now() - before, 10);
	ring_destroy(r);
}
END_TEST

START_TEST(waiting_for_space_ends_after_its_time)
{
	struct ring *r = ring_create(4, sizeof(uint64_t));
	double before = seconds_now();

	while (push(r, 1))
		;
	ring_wait_space(r, 30);
	ck_assert_double_ge(seconds_now() - before, 0.029);
	ck_assert(!push(r, 1));
	ring_destroy(r);
}
END_TEST

/* -- two threads -------------------------------------------------------------------------------- */

#define WAIT_MS 20000
#define LOST_WAKE_UP_S 10 /* a wait that took so long was ended by its time limit */

struct traffic {
	struct ring *ring;
	uint64_t records;
	uint64_t batch;        /* publish after so many */
	uint64_t producer_nap; /* sleep after so many, 0: never; likewise: */
	uint64_t consumer_nap;
	double longest_wait_for_space;
	double longest_wait_for_data;
	uint64_t out_of_order;
};

static void nap(uint64_t every, uint64_t i)
{
	struct timespec pause = {.tv_nsec = 50000};

	if (every && i % every == 0)
		nanosleep(&pause, NULL);
}

static void keep_longest(double *longest, double since)
{
	double took = seconds_now() - since;

	if (took > *longest)
		*longest = took;
}

static void *produce(void *arg)
{
	struct traffic *t = arg;

	for (uint64_t i = 0; i < t->records; i++) {
		while (!push(t->ring, i)) {
			double since = seconds_now();

			ring_wait_space(t->ring, WAIT_MS);
			keep_longest(&t->longest_wait_for_space, since);
		}
		if (i % t->batch == 0)
			ring_publish(t->ring, t->producer_nap != 0);
		nap(t->producer_nap, i);
	}
	ring_publish(t->ring, true);
	return NULL;
}

static const uint64_t *pop_waiting(struct traffic *t)
{
	struct pollfd p = {.fd = ring_data_fd(t->ring), .events = POLLIN};
	const uint64_t *slot;

	while (!(slot = ring_pop_begin(t->ring))) {
		double since = seconds_now();

		if (ring_sleep_begin(t->ring))
			poll(&p, 1, WAIT_MS);
		ring_sleep_end(t->ring);
		keep_longest(&t->longest_wait_for_data, since);
	}
	return slot;
}

static void consume(struct traffic *t)
{
	for (uint64_t i = 0; i < t->records; i++) {
		t->out_of_order += *pop_waiting(t) != i;
		ring_pop_end(t->ring);
		nap(t->consumer_nap, i);
	}
}

static void run_traffic(struct traffic *t, size_t slots)
{
	pthread_t producer;

	t->ring = ring_create(slots, sizeof(uint64_t));
	ck_assert_int_eq(pthread_create(&producer, NULL, produce, t), 0);
	consume(t);
	pthread_join(producer, NULL);
	ck_assert_uint_eq(t->out_of_order, 0);
	ck_assert_ptr_null(ring_pop_begin(t->ring));
	ck_assert_double_lt(t->longest_wait_for_space, LOST_WAKE_UP_S);
	ck_assert_double_lt(t->longest_wait_for_data, LOST_WAKE_UP_S);
	ring_destroy(t->ring);
}

START_TEST(two_threads_lose_and_reorder_nothing)
{
	struct traffic t = {.records = 400000, .batch = 64};

	run_traffic(&t, 1024);
}
END_TEST

START_TEST(ring_larger_than_a_wake_up_loses_nothing)
{
	struct traffic t = {.records = 400000, .batch = 32};

	run_traffic(&t, 8192);
}
END_TEST

START_TEST(tiny_ring_loses_nothing_and_no_wake_up)
{
	struct traffic t = {.records = 20000, .batch = 3};

	run_traffic(&t, 2);
}
END_TEST

START_TEST(slow_consumer_wakes_the_producer)
{
	struct traffic t = {.records = 100000, .batch = 16, .consumer_nap = 100};

	run_traffic(&t, 64);
}
END_TEST

START_TEST(slow_producer_wakes_the_consumer)
{
	struct traffic t = {.records = 100000, .batch = 50, .producer_nap = 100};

	run_traffic(&t, 4096);
}
END_TEST

Suite *ring_suite(void)
{
	const TTest *const tests[] = {
	    new_ring_is_empty,
	    ring_holds_as_many_slots_as_asked_for,
	    slots_are_unseen_until_published,
	    begun_slot_that_did_not_end_is_not_published,
	    full_ring_publishes_and_takes_no_more,
	    room_is_what_can_be_pushed,
	    slot_stays_the_same_until_released,
	    slots_of_odd_sizes_keep_their_octets,
	    consumer_does_not_sleep_over_data,
	    publishing_now_wakes_a_sleeper_and_none_else,
	    work_for_a_while_wakes_a_sleeper,
	    full_ring_wakes_a_sleeper,
	    waiting_for_space_ends_at_once_where_there_is_some,
	    waiting_for_space_ends_after_its_time,
	    two_threads_lose_and_reorder_nothing,
	    ring_larger_than_a_wake_up_loses_nothing,
	    tiny_ring_loses_nothing_and_no_wake_up,
	    slow_consumer_wakes_the_producer,
	    slow_producer_wakes_the_consumer,
	};

	return SUITE_OF("ring", tests);
}

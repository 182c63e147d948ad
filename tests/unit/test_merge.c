#include "suites.h"

#include "merge.h"
#include "util/units.h"

#define T0 (1000000 * NS_PER_S)
#define TO_DATE (5000 * NS_PER_S) /* between the clock and the date */
#define A_TURN 12

static struct ring *rings[CONFIG_WORKERS_MAX];
static unsigned ring_count;
static struct merge merge;

static void open_rings(unsigned count)
{
	ring_count = count;
	for (unsigned i = 0; i < count; i++)
		rings[i] = ring_create(64, sizeof(struct record));
	merge_init(&merge, rings, count, A_TURN);
}

static void close_rings(void)
{
	for (unsigned i = 0; i < ring_count; i++)
		ring_destroy(rings[i]);
}

static void push(unsigned ring, const struct record *r)
{
	struct record *slot = ring_push_begin(rings[ring]);

	ck_assert_ptr_nonnull(slot);
	*slot = *r;
	ring_push_end(rings[ring]);
	ring_publish(rings[ring], true);
}

static void push_kind(unsigned ring, enum record_kind kind, uint64_t seconds)
{
	uint64_t clock_ns = T0 + seconds * NS_PER_S;

	push(ring,
	    &(struct record){
		.kind = (uint8_t)kind, .clock_ns = clock_ns, .wall_ns = clock_ns + TO_DATE});
}

/* A flow that is told from others by its port. */
static void push_flow(unsigned ring, uint16_t port, uint64_t seconds)
{
	uint64_t clock_ns = T0 + seconds * NS_PER_S;

	push(ring,
	    &(struct record){.kind = RECORD_FLOW,
		.src_port = port,
		.clock_ns = clock_ns,
		.wall_ns = clock_ns + TO_DATE});
}

/* A tick (or end) at T0 of a ring whose worker could not meter so many packets, of 100 octets each. */
static void push_unmetered(
    unsigned ring, enum record_kind kind, uint64_t packets, uint64_t first_s, uint64_t last_s)
{
	push(ring,
	    &(struct record){.kind = (uint8_t)kind,
		.clock_ns = T0,
		.wall_ns = T0 + TO_DATE,
		.packets = packets,
		.octets = 100 * packets,
		.start_ns = first_s * NS_PER_S,
		.end_ns = last_s * NS_PER_S});
}

static struct record next_of(enum record_kind kind, uint64_t seconds)
{
	const struct record *r = merge_next(&merge);

	ck_assert_ptr_nonnull(r);
	ck_assert_int_eq(r->kind, kind);
	ck_assert_uint_eq(r->clock_ns, T0 + seconds * NS_PER_S);
	ck_assert_uint_eq(r->wall_ns, r->clock_ns + TO_DATE);
	return *r;
}

static void expect_flow(uint16_t port, uint64_t seconds)
{
	ck_assert_uint_eq(next_of(RECORD_FLOW, seconds).src_port, port);
}

static void expect_unmetered(
    enum record_kind kind, uint64_t packets, uint64_t first_s, uint64_t last_s)
{
	struct record tick = next_of(kind, 0);

	ck_assert_uint_eq(tick.packets, packets);
	ck_assert_uint_eq(tick.octets, 100 * packets);
	ck_assert_uint_eq(tick.start_ns, first_s * NS_PER_S);
	ck_assert_uint_eq(tick.end_ns, last_s * NS_PER_S);
}

/* The turn has nothing more, and got on or not. */
static void expect_end_of_turn(bool got_on)
{
	ck_assert_ptr_null(merge_next(&merge));
	ck_assert_int_eq(merge_end_turn(&merge), got_on);
}

START_TEST(empty_rings_bring_nothing)
{
	open_rings(3);
	expect_end_of_turn(false);
	ck_assert(!merge_has_ended(&merge));
	close_rings();
	open_rings(0);
	expect_end_of_turn(false);
	close_rings();
}
END_TEST

START_TEST(each_ring_keeps_its_order)
{
	open_rings(3);
	push_flow(2, 21, 0);
	push_flow(0, 1, 0);
	push_flow(2, 22, 0);
	push_flow(0, 2, 0);
	expect_flow(1, 0);
	expect_flow(2, 0);
	expect_flow(21, 0);
	expect_flow(22, 0);
	expect_end_of_turn(true);
	expect_end_of_turn(false);
	close_rings();
}
END_TEST

/* What comes later than another ring's is told as late as that; its date moves as far, all else stays. */
START_TEST(clock_does_not_go_back)
{
	open_rings(2);
	push_flow(0, 1, 10);
	push_flow(1, 2, 7);
	push_flow(1, 3, 10);
	push_flow(1, 4, 11);
	expect_flow(1, 10);
	expect_flow(2, 10);
	expect_flow(3, 10);
	expect_flow(4, 11);
	expect_end_of_turn(true);
	push_flow(0, 5, 10);
	push_kind(1, RECORD_TICK, 9);
	push_kind(1, RECORD_TICK, 12);
	push_flow(0, 6, 8);
	expect_flow(5, 11);
	expect_flow(6, 11);
	next_of(RECORD_TICK, 11);
	next_of(RECORD_TICK, 12);
	expect_end_of_turn(true);
	close_rings();
}
END_TEST

/* None that has much to tell keeps others waiting for longer than its share of a turn. */
START_TEST(each_ring_has_its_share_of_a_turn)
{
	const uint16_t share = A_TURN / 3;

	open_rings(3);
	for (uint16_t i = 0; i < share + 2; i++)
		push_flow(0, i, 0);
	push_flow(1, 100, 0);
	for (uint16_t i = 0; i < share; i++)
		push_flow(2, 200 + i, 0);
	for (uint16_t i = 0; i < share; i++)
		expect_flow(i, 0);
	expect_flow(100, 0);
	for (uint16_t i = 0; i < share; i++)
		expect_flow(200 + i, 0);
	expect_end_of_turn(true);
	expect_flow(share, 0);
	expect_flow(share + 1, 0);
	expect_end_of_turn(true);
	close_rings();
}
END_TEST

/* A turn that is broken off (a collector has no room) is followed by one that begins with the first ring. */
START_TEST(turn_that_is_broken_off_loses_nothing)
{
	const uint16_t share = A_TURN / 2;

	open_rings(2);
	for (uint16_t i = 0; i < 2 + share + 1; i++)
		push_flow(0, i, 0);
	push_flow(1, 100, 0);
	expect_flow(0, 0);
	expect_flow(1, 0);
	ck_assert(merge_end_turn(&merge));
	ck_assert(!merge_end_turn(&merge));
	for (uint16_t i = 2; i < 2 + share; i++)
		expect_flow(i, 0);
	expect_flow(100, 0);
	ck_assert(merge_end_turn(&merge));
	expect_flow(2 + share, 0);
	expect_end_of_turn(true);
	close_rings();
}
END_TEST

/* Until the next call the producer does not get the slot back; then it does. */
START_TEST(slot_is_lent_until_the_next_call)
{
	open_rings(1);
	push_flow(0, 1, 0);
	push_flow(0, 2, 0);
	ck_assert_uint_eq(ring_room(rings[0]), 62);
	merge_next(&merge);
	ck_assert_uint_eq(ring_room(rings[0]), 62);
	merge_next(&merge);
	ck_assert_uint_eq(ring_room(rings[0]), 63);
	merge_end_turn(&merge);
	ck_assert_uint_eq(ring_room(rings[0]), 64);
	merge_end_turn(&merge);
	ck_assert_uint_eq(ring_room(rings[0]), 64);
	close_rings();
}
END_TEST

START_TEST(idle_ring_holds_up_no_other)
{
	open_rings(3);
	for (uint16_t i = 0; i < 3 * A_TURN; i++) {
		push_flow(1, i, i);
		push_kind(1, RECORD_TICK, i);
		expect_flow(i, i);
		next_of(RECORD_TICK, i);
		expect_end_of_turn(true);
	}
	push_flow(0, 1000, 1);
	expect_flow(1000, 3 * A_TURN - 1);
	close_rings();
}
END_TEST

/* One that has not told of any yet does not count. Dates are no sums: the first and the last of all. */
START_TEST(ticks_tell_of_all_rings)
{
	open_rings(3);
	push_unmetered(0, RECORD_TICK, 0, 0, 0);
	expect_unmetered(RECORD_TICK, 0, 0, 0);
	push_unmetered(1, RECORD_TICK, 3, 20, 30);
	expect_unmetered(RECORD_TICK, 3, 20, 30);
	expect_end_of_turn(true);
	push_unmetered(0, RECORD_TICK, 4, 10, 25);
	expect_unmetered(RECORD_TICK, 7, 10, 30);
	push_unmetered(2, RECORD_TICK, 5, 15, 40);
	expect_unmetered(RECORD_TICK, 12, 10, 40);
	expect_end_of_turn(true);
	/* A ring tells of all that it had so far. */
	push_unmetered(0, RECORD_TICK, 6, 10, 50);
	push_unmetered(0, RECORD_TICK, 6, 10, 50);
	expect_unmetered(RECORD_TICK, 14, 10, 50);
	expect_unmetered(RECORD_TICK, 14, 10, 50);
	expect_end_of_turn(true);
	close_rings();
}
END_TEST

/* What a ring that has ended told of still counts, and the end says it, too. */
START_TEST(last_comes_once_when_all_rings_have_ended)
{
	open_rings(3);
	push_unmetered(2, RECORD_LAST, 2, 10, 20);
	expect_unmetered(RECORD_TICK, 2, 10, 20);
	expect_end_of_turn(true);
	push_unmetered(0, RECORD_LAST, 3, 15, 25);
	expect_unmetered(RECORD_TICK, 5, 10, 25);
	push_flow(1, 1, 0);
	expect_flow(1, 0);
	ck_assert(!merge_has_ended(&merge));
	expect_end_of_turn(true);
	expect_end_of_turn(false);
	push_unmetered(1, RECORD_LAST, 0, 0, 0);
	expect_unmetered(RECORD_LAST, 5, 10, 25);
	ck_assert(merge_has_ended(&merge));
	expect_end_of_turn(true);
	expect_end_of_turn(false);
	ck_assert(merge_has_ended(&merge));
	close_rings();
}
END_TEST

/* Where one's clock was set back, what it brings of the time after waits for what others have of before. */
START_TEST(ring_that_restarted_waits_for_the_others)
{
	open_rings(3);
	push_flow(0, 1, 1000);
	push_kind(0, RECORD_RESTART, 1000);
	push_flow(0, 2, 1);
	push_flow(1, 11, 1001);
	expect_flow(1, 1000);
	expect_flow(11, 1001);
	expect_end_of_turn(true);
	push_flow(1, 12, 1002);
	push_kind(1, RECORD_RESTART, 1002);
	push_flow(1, 13, 2);
	expect_flow(12, 1002);
	expect_end_of_turn(true);
	expect_end_of_turn(false);
	push_flow(2, 21, 900);
	push_kind(2, RECORD_RESTART, 900);
	push_flow(2, 22, 3);
	expect_flow(21, 1002);
	expect_end_of_turn(true);
	/* The clock has begun anew. */
	expect_flow(2, 1);
	expect_flow(13, 2);
	expect_flow(22, 3);
	expect_end_of_turn(true);
	push_flow(0, 3, 2);
	expect_flow(3, 3);
	close_rings();
}
END_TEST

/* A restart alone is nothing to tell of, but the next turn has something: the caller is not to sleep. */
START_TEST(restart_of_all_gets_on)
{
	open_rings(2);
	push_kind(0, RECORD_RESTART, 1000);
	push_kind(1, RECORD_RESTART, 1000);
	push_flow(1, 1, 0);
	expect_end_of_turn(true);
	expect_flow(1, 0);
	expect_end_of_turn(true);
	/* Again, and one after the other. */
	push_kind(1, RECORD_RESTART, 1000);
	expect_end_of_turn(true);
	expect_end_of_turn(false);
	push_kind(0, RECORD_RESTART, 1000);
	expect_end_of_turn(true);
	expect_end_of_turn(false);
	close_rings();
}
END_TEST

START_TEST(ring_that_has_ended_holds_up_no_restart)
{
	open_rings(2);
	push_kind(0, RECORD_LAST, 1000);
	push_kind(1, RECORD_RESTART, 1000);
	push_flow(1, 1, 5);
	next_of(RECORD_TICK, 1000);
	expect_end_of_turn(true);
	expect_flow(1, 5);
	push_kind(1, RECORD_LAST, 6);
	next_of(RECORD_LAST, 6);
	expect_end_of_turn(true);
	expect_end_of_turn(false);
	close_rings();
}
END_TEST

/* The reverse: it ends while another one waits. */
START_TEST(end_lets_a_restart_go_on)
{
	open_rings(2);
	push_kind(0, RECORD_RESTART, 1000);
	push_flow(0, 1, 5);
	push_kind(1, RECORD_LAST, 1001);
	next_of(RECORD_TICK, 1001);
	expect_end_of_turn(true);
	expect_flow(1, 5);
	close_rings();
}
END_TEST

/* -- sleep -------------------------------------------------------------------------------------- */

static bool is_woken(const struct pollfd *fds, nfds_t n)
{
	struct pollfd now[CONFIG_WORKERS_MAX];

	for (nfds_t i = 0; i < n; i++)
		now[i] = fds[i];
	return poll(now, n, 0) > 0;
}

START_TEST(any_ring_wakes_a_sleeper)
{
	struct pollfd fds[1 + CONFIG_WORKERS_MAX];

	open_rings(3);
	for (unsigned i = 0; i < 3; i++) {
		nfds_t n = 1; /* behind the caller's own */

		ck_assert(merge_sleep(&merge, fds, &n));
		ck_assert_uint_eq(n, 4);
		ck_assert(!is_woken(fds + 1, 3));
		push_flow(i, 1, 0);
		ck_assert(is_woken(fds + 1, 3));
		merge_wake_up(&merge);
		ck_assert(!is_woken(fds + 1, 3));
		expect_flow(1, 0);
		expect_end_of_turn(true);
	}
	close_rings();
}
END_TEST

START_TEST(nobody_sleeps_over_records)
{
	struct pollfd fds[CONFIG_WORKERS_MAX];

	open_rings(3);
	for (unsigned i = 0; i < 3; i++) {
		nfds_t n = 0;

		push_flow(i, 1, 0);
		ck_assert(!merge_sleep(&merge, fds, &n));
		merge_wake_up(&merge);
		expect_flow(1, 0);
		expect_end_of_turn(true);
	}
	close_rings();
}
END_TEST

/* Else what waits in a ring that has restarted would keep its reader awake, and busy with nothing. */
START_TEST(sleep_is_not_disturbed_by_rings_that_wait_or_ended)
{
	struct pollfd fds[CONFIG_WORKERS_MAX];
	nfds_t n = 0;

	open_rings(3);
	push_kind(0, RECORD_RESTART, 1000);
	push_flow(0, 1, 0);
	push_kind(1, RECORD_LAST, 1000);
	next_of(RECORD_TICK, 1000);
	expect_end_of_turn(true);
	ck_assert(merge_sleep(&merge, fds, &n));
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(fds[0].fd, ring_data_fd(rings[2]));
	ck_assert_int_eq(fds[0].events, POLLIN);
	push_flow(0, 2, 0);
	ck_assert(!is_woken(fds, n));
	push_kind(2, RECORD_RESTART, 1000);
	ck_assert(is_woken(fds, n));
	merge_wake_up(&merge);
	expect_end_of_turn(true);
	expect_flow(1, 0);
	expect_flow(2, 0);
	close_rings();
}
END_TEST

Suite *merge_suite(void)
{
	const TTest *const tests[] = {
	    empty_rings_bring_nothing,
	    each_ring_keeps_its_order,
	    clock_does_not_go_back,
	    each_ring_has_its_share_of_a_turn,
	    turn_that_is_broken_off_loses_nothing,
	    slot_is_lent_until_the_next_call,
	    idle_ring_holds_up_no_other,
	    ticks_tell_of_all_rings,
	    last_comes_once_when_all_rings_have_ended,
	    ring_that_restarted_waits_for_the_others,
	    restart_of_all_gets_on,
	    ring_that_has_ended_holds_up_no_restart,
	    end_lets_a_restart_go_on,
	    any_ring_wakes_a_sleeper,
	    nobody_sleeps_over_records,
	    sleep_is_not_disturbed_by_rings_that_wait_or_ended,
	};

	return SUITE_OF("merge", tests);
}

#include "suites.h"

#include "meter/clock.h"

#define T0 (1000000 * NS_PER_S)

/* -- files -------------------------------------------------------------------------------------- */

START_TEST(clock_is_the_largest_time_so_far)
{
	struct clock c = {0};

	ck_assert_uint_eq(clock_stamp(&c, T0).clock_ns, T0);
	ck_assert_uint_eq(clock_stamp(&c, T0 + 5).clock_ns, T0 + 5);
	ck_assert_uint_eq(clock_stamp(&c, T0 + 2).clock_ns, T0 + 5);
	ck_assert_uint_eq(clock_stamp(&c, T0 + 6).clock_ns, T0 + 6);
}
END_TEST

START_TEST(packet_keeps_its_own_time)
{
	struct clock c = {0};
	struct stamp s;

	clock_stamp(&c, T0 + 5);
	s = clock_stamp(&c, T0 + 2);
	ck_assert_uint_eq(s.ts_ns, T0 + 2);
	ck_assert(s.late);
	ck_assert(!s.no_time);
	s = clock_stamp(&c, T0 + 5);
	ck_assert(!s.late);
	ck_assert(!clock_stamp(&c, T0 + 9).late);
}
END_TEST

START_TEST(packet_without_time_takes_the_clock)
{
	struct clock c = {0};
	struct stamp s = clock_stamp(&c, 0);

	ck_assert(s.no_time);
	ck_assert_uint_eq(s.ts_ns, 0);
	ck_assert_uint_eq(s.clock_ns, 0);
	clock_stamp(&c, T0);
	clock_stamp(&c, T0 - 3);
	s = clock_stamp(&c, 0);
	ck_assert(s.no_time);
	ck_assert_uint_eq(s.ts_ns, T0);
	ck_assert_uint_eq(s.clock_ns, T0);
	ck_assert(!s.late);
}
END_TEST

START_TEST(step_back_of_sixty_seconds_is_none)
{
	struct clock c = {0};

	clock_stamp(&c, T0);
	ck_assert(!clock_steps_back(&c, T0));
	ck_assert(!clock_steps_back(&c, T0 + 1));
	ck_assert(!clock_steps_back(&c, T0 - 60 * NS_PER_S));
	ck_assert(clock_steps_back(&c, T0 - 60 * NS_PER_S - 1));
	ck_assert(clock_steps_back(&c, 1));
}
END_TEST

START_TEST(packet_without_time_is_no_step_back)
{
	struct clock c = {0};

	clock_stamp(&c, T0);
	c.file_begins = true;
	ck_assert(!clock_steps_back(&c, 0));
}
END_TEST

START_TEST(file_that_starts_before_the_clock_steps_back)
{
	struct clock c = {0};

	clock_stamp(&c, T0);
	c.file_begins = true;
	ck_assert(!clock_steps_back(&c, T0));
	ck_assert(clock_steps_back(&c, T0 - 1));
}
END_TEST

/* Packets without a time do not say when the file starts. */
START_TEST(files_start_is_judged_at_its_first_time)
{
	struct clock c = {0};

	clock_stamp(&c, T0);
	c.file_begins = true;
	clock_stamp(&c, 0);
	ck_assert(clock_steps_back(&c, T0 - 1));
	clock_stamp(&c, T0 + 1);
	ck_assert(!clock_steps_back(&c, T0));
}
END_TEST

START_TEST(restarted_clock_knows_nothing_of_before)
{
	struct clock c = {0};
	struct stamp s;

	clock_stamp(&c, T0);
	clock_restart(&c, T0 - 100 * NS_PER_S);
	s = clock_stamp(&c, T0 - 100 * NS_PER_S);
	ck_assert_uint_eq(s.clock_ns, T0 - 100 * NS_PER_S);
	ck_assert(!s.late);
	ck_assert(!clock_steps_back(&c, T0 - 101 * NS_PER_S));
}
END_TEST

START_TEST(date_of_a_file_is_its_clock)
{
	struct clock c = {0};

	clock_stamp(&c, T0);
	ck_assert_uint_eq(clock_wall_ns(&c), T0);
}
END_TEST

/* -- live --------------------------------------------------------------------------------------- */

#define UP (777 * NS_PER_S) /* what the steady clock shows when the capture begins */

static struct clock live_clock(void)
{
	struct clock c = {0};

	clock_tick_live(&c, UP, T0);
	return c;
}

START_TEST(live_clock_starts_at_the_date)
{
	struct clock c = live_clock();

	ck_assert(c.live);
	ck_assert_uint_eq(c.now_ns, T0);
	ck_assert_uint_eq(clock_wall_ns(&c), T0);
}
END_TEST

START_TEST(live_clock_follows_packets_up_to_the_tick)
{
	struct clock c = live_clock();

	clock_tick_live(&c, UP + 10, T0 + 10);
	ck_assert_uint_eq(clock_stamp(&c, T0 + 4).clock_ns, T0 + 4);
	ck_assert_uint_eq(clock_stamp(&c, T0 + 3).clock_ns, T0 + 4);
	ck_assert_uint_eq(clock_stamp(&c, T0 + 50).clock_ns, T0 + 10);
	ck_assert_uint_eq(clock_stamp(&c, T0 + 50).ts_ns, T0 + 50);
}
END_TEST

START_TEST(live_clock_catches_up_when_nothing_comes)
{
	struct clock c = live_clock();

	clock_tick_live(&c, UP + 10, T0 + 10);
	ck_assert_uint_eq(c.now_ns, T0);
	clock_catch_up(&c);
	ck_assert_uint_eq(c.now_ns, T0 + 10);
	clock_tick_live(&c, UP + 10, T0 + 10);
	clock_catch_up(&c);
	ck_assert_uint_eq(c.now_ns, T0 + 10);
}
END_TEST

/* The date is set an hour on or back: deadlines do not move, starts and ends do. */
static void check_wall_step(int64_t step_ns)
{
	struct clock c = live_clock();
	uint64_t wall = T0 + NS_PER_S + (uint64_t)step_ns;
	struct stamp s;

	clock_tick_live(&c, UP + NS_PER_S, wall);
	s = clock_stamp(&c, wall - 100);
	ck_assert_uint_eq(s.clock_ns, T0 + NS_PER_S - 100);
	ck_assert_uint_eq(s.ts_ns, wall - 100);
	clock_catch_up(&c);
	ck_assert_uint_eq(c.now_ns, T0 + NS_PER_S);
	ck_assert_uint_eq(clock_wall_ns(&c), wall);
}

START_TEST(step_of_the_date_moves_no_deadline)
{
	check_wall_step(3600 * (int64_t)NS_PER_S);
	check_wall_step(-3600 * (int64_t)NS_PER_S);
	check_wall_step(0);
}
END_TEST

/* Packets captured before the step have dates of before; the clock must not run back for them. */
START_TEST(packets_of_before_a_step_do_not_move_the_clock_out_of_its_limits)
{
	struct clock c = live_clock();

	clock_tick_live(&c, UP + NS_PER_S, T0 - 3600 * NS_PER_S);
	ck_assert_uint_eq(clock_stamp(&c, T0 + 5).clock_ns, T0 + NS_PER_S);
	clock_tick_live(&c, UP + 2 * NS_PER_S, T0 + 3600 * NS_PER_S);
	ck_assert_uint_eq(clock_stamp(&c, T0 + 9).clock_ns, T0 + NS_PER_S);
}
END_TEST

START_TEST(live_clock_never_restarts)
{
	struct clock c = live_clock();

	c.file_begins = true;
	ck_assert(!clock_steps_back(&c, 1));
	ck_assert(!clock_steps_back(&c, T0 - 7200 * NS_PER_S));
}
END_TEST

START_TEST(live_packet_without_time_takes_the_date)
{
	struct clock c = live_clock();
	struct stamp s;

	clock_tick_live(&c, UP + 10, T0 + 10 + 3600 * NS_PER_S);
	clock_catch_up(&c);
	s = clock_stamp(&c, 0);
	ck_assert(s.no_time);
	ck_assert_uint_eq(s.ts_ns, T0 + 10 + 3600 * NS_PER_S);
	ck_assert_uint_eq(s.clock_ns, T0 + 10);
}
END_TEST

Suite *clock_suite(void)
{
	const TTest *const tests[] = {
	    clock_is_the_largest_time_so_far,
	    packet_keeps_its_own_time,
	    packet_without_time_takes_the_clock,
	    step_back_of_sixty_seconds_is_none,
	    packet_without_time_is_no_step_back,
	    file_that_starts_before_the_clock_steps_back,
	    files_start_is_judged_at_its_first_time,
	    restarted_clock_knows_nothing_of_before,
	    date_of_a_file_is_its_clock,
	    live_clock_starts_at_the_date,
	    live_clock_follows_packets_up_to_the_tick,
	    live_clock_catches_up_when_nothing_comes,
	    step_of_the_date_moves_no_deadline,
	    packets_of_before_a_step_do_not_move_the_clock_out_of_its_limits,
	    live_clock_never_restarts,
	    live_packet_without_time_takes_the_date,
	};

	return SUITE_OF("clock", tests);
}

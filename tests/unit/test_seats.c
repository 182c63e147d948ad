#include "suites.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "seats.h"

/* A source that does nothing but to be closed. */
struct dummy {
	struct source base;
	unsigned closed;
	uint64_t dropped;
};

static uint64_t dummy_drops(struct source *s)
{
	return ((struct dummy *)s)->dropped;
}

static void dummy_close(struct source *s)
{
	((struct dummy *)s)->closed++;
}

static const struct source_ops dummy_ops = {.drops = dummy_drops, .close = dummy_close};

static struct dummy first = {{.ops = &dummy_ops}, 0, 10}, second = {{.ops = &dummy_ops}, 0, 20};
static struct seats seats;
static int lost_fd;

/* A source at seat 0 and none at seat 1. */
static void begin(void)
{
	struct source *live[] = {&first.base, NULL};

	lost_fd = eventfd(0, EFD_NONBLOCK);
	ck_assert_int_eq(seats_init(&seats, live, 2, lost_fd), 0);
}

static void end(void)
{
	seats_fini(&seats);
	close(lost_fd);
}

static void check_drops(unsigned seat, uint64_t by_kernel, uint64_t by_interface)
{
	ck_assert_uint_eq(seats.counts[seat].dropped_kernel, by_kernel);
	ck_assert_uint_eq(seats.counts[seat].dropped_interface, by_interface);
}

static bool is_lost_told(void)
{
	uint64_t n;

	return read(lost_fd, &n, sizeof(n)) == sizeof(n);
}

START_TEST(nothing_was_left_at_first)
{
	begin();
	ck_assert(!seats_have_mail(&seats));
	ck_assert(!seats_lack(&seats, 0));
	ck_assert(seats_lack(&seats, 1));
	ck_assert(!is_lost_told());
	ck_assert_uint_eq(first.closed, 0);
	end();
	ck_assert_uint_eq(first.closed, 1);
}
END_TEST

START_TEST(a_source_crosses)
{
	bool drop;

	begin();
	seats_give(&seats, 1, &second.base);
	ck_assert(!seats_lack(&seats, 1));
	ck_assert(seats_have_mail(&seats));
	ck_assert(!seats_have_mail(&seats));
	ck_assert_ptr_null(seats_take(&seats, 0, &drop));
	ck_assert(!drop);
	ck_assert_ptr_eq(seats_take(&seats, 1, &drop), &second.base);
	ck_assert(!drop);
	ck_assert_ptr_null(seats_take(&seats, 1, &drop));
	end();
	ck_assert_uint_eq(second.closed, 0);
}
END_TEST

START_TEST(what_nobody_took_is_closed_at_the_end)
{
	begin();
	seats_give(&seats, 1, &second.base);
	end();
	ck_assert_uint_eq(second.closed, 1);
}
END_TEST

START_TEST(a_source_that_is_forgotten_leaves_its_drops)
{
	bool drop;

	begin();
	seats_drop(&seats, 0);
	ck_assert(seats_have_mail(&seats));
	seats_take(&seats, 0, &drop);
	ck_assert(drop);
	ck_assert(!seats_lack(&seats, 0));
	seats_forget(&seats, 0);
	check_drops(0, 10, 0);
	ck_assert_uint_eq(first.closed, 1);
	ck_assert(seats_lack(&seats, 0));
	ck_assert(is_lost_told());
	seats_forget(&seats, 0);
	check_drops(0, 10, 0);
	ck_assert(!is_lost_told());
	end();
}
END_TEST

START_TEST(each_seat_has_its_own_drops_and_all_make_the_sum)
{
	struct ledger_packets sums = {.dropped_kernel = 5, .dropped_interface = 5};

	begin();
	seats.sources[1] = &second.base;
	seats_tell_missed(&seats, 1, 7);
	seats_ask_drops(&seats, &sums);
	check_drops(0, 10, 0);
	check_drops(1, 20, 7);
	ck_assert_uint_eq(sums.dropped_kernel, 30);
	ck_assert_uint_eq(sums.dropped_interface, 7);
	end();
}
END_TEST

/* An interface may miss packets after its source has been closed. */
START_TEST(what_interfaces_miss_counts_without_a_source)
{
	struct ledger_packets sums;

	begin();
	seats_tell_missed(&seats, 0, 3);
	seats_forget(&seats, 0);
	check_drops(0, 10, 3);
	seats_tell_missed(&seats, 0, 4);
	seats_ask_drops(&seats, &sums);
	check_drops(0, 10, 4);
	ck_assert_uint_eq(sums.dropped_interface, 4);
	end();
}
END_TEST

/* The next source of a seat begins with none, and is asked again and again. */
START_TEST(drops_of_former_sources_stay)
{
	struct dummy third = {{.ops = &dummy_ops}, 0, 0};
	struct ledger_packets sums;

	begin();
	seats_forget(&seats, 0);
	seats_ask_drops(&seats, &sums);
	ck_assert_uint_eq(sums.dropped_kernel, 10);
	seats.sources[0] = &third.base;
	for (uint64_t dropped = 0; dropped < 3; dropped++) {
		third.dropped = dropped;
		seats_ask_drops(&seats, &sums);
		check_drops(0, 10 + dropped, 0);
		check_drops(1, 0, 0);
		ck_assert_uint_eq(sums.dropped_kernel, 10 + dropped);
	}
	seats_forget(&seats, 0);
	seats_ask_drops(&seats, &sums);
	check_drops(0, 12, 0);
	ck_assert_uint_eq(sums.dropped_kernel, 12);
	end();
}
END_TEST

Suite *seats_suite(void)
{
	const TTest *const tests[] = {
	    nothing_was_left_at_first,
	    a_source_crosses,
	    what_nobody_took_is_closed_at_the_end,
	    a_source_that_is_forgotten_leaves_its_drops,
	    each_seat_has_its_own_drops_and_all_make_the_sum,
	    what_interfaces_miss_counts_without_a_source,
	    drops_of_former_sources_stay,
	};

	return SUITE_OF("seats", tests);
}

#include "suites.h"

#include <stdlib.h>

#include "support/collector.h"
#include "util/rng.h"
#include "util/units.h"

#define Y1999 (915148800ull * NS_PER_S)
#define Y2026 (1767225600ull * NS_PER_S)
#define DAY (86400 * NS_PER_S)
#define PUSHED_MAX 100000

/* All formats with a SysUptime side by side: they see the same records and ticks. */
static const enum format formats[] = {FORMAT_V5, FORMAT_V9, FORMAT_V1, FORMAT_V7};
#define FORMATS (sizeof(formats) / sizeof(*formats))

static struct collector collectors[FORMATS];
static struct encoder *encoders[FORMATS];
static struct record pushed[PUSHED_MAX];
static size_t pushed_count;

static void begin(void)
{
	for (unsigned i = 0; i < FORMATS; i++) {
		struct encoder_options o = collector_options(&collectors[i], formats[i]);

		encoders[i] = encoder_create(&o);
	}
	pushed_count = 0;
}

static void push(const struct record *r)
{
	ck_assert_uint_lt(pushed_count, PUSHED_MAX);
	pushed[pushed_count++] = *r;
	for (unsigned i = 0; i < FORMATS; i++)
		encoder_record(encoders[i], r);
}

/* A record of the time between two dates that leaves the table when clock and date are these. */
static void push_flow(uint64_t start_ns, uint64_t end_ns, uint64_t clock_ns, uint64_t wall_ns)
{
	struct record r = record_at(wall_ns);

	r.start_ns = start_ns;
	r.end_ns = end_ns;
	r.clock_ns = clock_ns;
	push(&r);
}

static void tick(uint64_t clock_ns, uint64_t wall_ns)
{
	for (unsigned i = 0; i < FORMATS; i++)
		encoder_tick(encoders[i], clock_ns, wall_ns);
}

/* The records came in order; each tells its times to the millisecond. */
static void check_record(const struct collector *c, size_t i)
{
	const struct seen_record *seen = &c->flows[i];
	uint64_t first = seen_time_ms(c, seen, 22), last = seen_time_ms(c, seen, 21);

	ck_assert_msg(
	    first == pushed[i].start_ns / NS_PER_MS && last == pushed[i].end_ns / NS_PER_MS,
	    "%s, record %zu: %llu to %llu instead of %llu to %llu (header %u, uptime %u)",
	    format_name(c->format), i, (unsigned long long)first, (unsigned long long)last,
	    (unsigned long long)(pushed[i].start_ns / NS_PER_MS),
	    (unsigned long long)(pushed[i].end_ns / NS_PER_MS), c->messages[seen->message].seconds,
	    c->messages[seen->message].uptime);
}

static void finish(void)
{
	for (unsigned i = 0; i < FORMATS; i++) {
		const struct collector *c = &collectors[i];

		encoder_finish(encoders[i]);
		ck_assert_uint_eq(c->flow_count, pushed_count);
		for (size_t n = 0; n < pushed_count; n++)
			check_record(c, n);
	}
}

static void fini(void)
{
	for (unsigned i = 0; i < FORMATS; i++) {
		encoder_destroy(encoders[i]);
		collector_fini(&collectors[i]);
	}
}

/* How often the origin moved from one message to the next. */
static unsigned origins(const struct collector *c)
{
	unsigned n = 0;
	uint64_t last = UINT64_MAX;

	for (size_t i = 0; i < c->message_count; i++) {
		uint64_t origin = c->messages[i].seconds * 1000ull - c->messages[i].uptime;

		n += c->messages[i].flows && origin != last;
		if (c->messages[i].flows)
			last = origin;
	}
	return n;
}

START_TEST(capture_of_1999_tells_its_times)
{
	struct rng r = {.state = 1};

	begin();
	for (uint64_t t = 0; t < 2000; t++) {
		uint64_t now = Y1999 + t * 700 * NS_PER_MS + rng_below(&r, 1000000);
		uint64_t end = now - rng_next(&r) % (20 * NS_PER_S);

		push_flow(end - rng_next(&r) % (1800 * NS_PER_S), end, now, now);
	}
	finish();
	ck_assert_uint_eq(origins(&collectors[0]), 1);
	ck_assert_uint_eq(origins(&collectors[1]), 1);
	fini();
}
END_TEST

START_TEST(header_time_is_the_clock_rounded_up)
{
	uint64_t now = Y2026 + 1;

	begin();
	push_flow(now - 5 * NS_PER_S, now - 4 * NS_PER_S, now, now);
	for (unsigned i = 0; i < FORMATS; i++)
		encoder_flush(encoders[i]);
	for (unsigned i = 0; i < FORMATS; i++) {
		const struct collector *c = &collectors[i];

		ck_assert_uint_eq(c->messages[c->message_count - 1].seconds, Y2026 / NS_PER_S + 1);
	}
	finish();
	fini();
}
END_TEST

START_TEST(whole_second_is_not_rounded_up)
{
	begin();
	push_flow(Y2026 - 5 * NS_PER_S, Y2026, Y2026, Y2026);
	finish();
	ck_assert_uint_eq(collectors[0].messages[0].seconds, Y2026 / NS_PER_S);
	fini();
}
END_TEST

START_TEST(header_time_is_the_latest_end_if_that_is_later)
{
	begin();
	push_flow(Y2026, Y2026 + 1500 * NS_PER_MS, Y2026, Y2026);
	push_flow(Y2026, Y2026 + 100 * NS_PER_MS, Y2026, Y2026);
	finish();
	ck_assert_uint_eq(collectors[0].messages[0].seconds, Y2026 / NS_PER_S + 2);
	fini();
}
END_TEST

START_TEST(record_that_begins_before_the_origin_gets_another)
{
	begin();
	for (uint64_t t = 0; t < 10; t++)
		push_flow(Y2026, Y2026 + t, Y2026 + t, Y2026 + t);
	push_flow(Y2026 - 23 * 3600 * NS_PER_S, Y2026, Y2026 + 10, Y2026 + 10);
	push_flow(Y2026, Y2026 + 10, Y2026 + 10, Y2026 + 10);
	finish();
	ck_assert_uint_eq(origins(&collectors[0]), 2);
	fini();
}
END_TEST

/* The capture's clock jumps by 60 days; what was held then leaves with it. */
START_TEST(gap_of_sixty_days_keeps_the_times)
{
	uint64_t later = Y2026 + 60 * DAY;

	begin();
	for (uint64_t i = 0; i < 100; i++)
		push_flow(Y2026 + i, Y2026 + i * NS_PER_MS, Y2026 + NS_PER_S, Y2026 + NS_PER_S);
	for (uint64_t i = 0; i < 100; i++)
		push_flow(Y2026 + i, Y2026 + i * NS_PER_MS, later, later);
	for (uint64_t i = 0; i < 100; i++)
		push_flow(later + i, later + i * NS_PER_MS, later + NS_PER_S, later + NS_PER_S);
	finish();
	fini();
}
END_TEST

/* A message with old records leaves with their time; templates that follow have the clock's. */
START_TEST(templates_after_an_old_record_carry_the_clock)
{
	uint64_t later = Y2026 + 60 * DAY;
	const struct seen_message *last;

	begin();
	push_flow(Y2026, Y2026 + NS_PER_S, later, later);
	tick(later + 61 * NS_PER_S, later + 61 * NS_PER_S);
	last = &collectors[1].messages[collectors[1].message_count - 1];
	ck_assert_uint_eq(last->templates, 4);
	ck_assert_uint_eq(last->seconds, later / NS_PER_S + 61);
	finish();
	fini();
}
END_TEST

/*
 * What waits may leave at the clock's time up to the last ms that the origin reaches. A record as old as the origin that
 * comes a moment later has to carry its own time, and is in no message with that.
 */
START_TEST(old_record_does_not_take_the_clock_from_what_waits)
{
	uint64_t origin = Y2026 - 3600 * NS_PER_S;
	uint64_t now = origin + UINT32_MAX / 1000 * NS_PER_S - 1500 * NS_PER_MS;
	uint64_t later = now + 600 * NS_PER_MS;

	begin();
	push_flow(Y2026, Y2026, Y2026, Y2026);
	tick(Y2026 + 2 * NS_PER_S, Y2026 + 2 * NS_PER_S);
	push_flow(now - 9 * NS_PER_S, now - 5 * NS_PER_S, now, now);
	push_flow(origin, origin + NS_PER_S, later, later);
	finish();
	for (unsigned i = 0; i < FORMATS; i++) {
		const struct collector *c = &collectors[i];
		const struct seen_message *m = &c->messages[c->flows[1].message];

		ck_assert_uint_ne(c->flows[1].message, c->flows[2].message);
		ck_assert_uint_eq(m->seconds, later / NS_PER_S + 1);
		ck_assert_uint_eq(c->messages[c->flows[2].message].seconds, origin / NS_PER_S + 1);
	}
	fini();
}
END_TEST

START_TEST(gaps_of_any_length_keep_the_times)
{
	struct rng r = {.state = 2};
	uint64_t now = Y1999;

	begin();
	for (unsigned i = 0; i < 3000; i++) {
		uint64_t before = now;

		if (rng_below(&r, 20) == 0)
			now += rng_next(&r) % (120 * DAY);
		else
			now += rng_next(&r) % NS_PER_S;
		/* seen before the gap or after it */
		push_flow(before - rng_next(&r) % DAY, before, now, now);
		if (rng_below(&r, 2))
			push_flow(now, now, now, now);
		if (rng_below(&r, 10) == 0)
			tick(now, now);
	}
	finish();
	fini();
}
END_TEST

/* 2^32 ms are 49.7 days, twice that 99.4. */
START_TEST(uptime_past_its_32_bits_gets_another_origin)
{
	begin();
	for (uint64_t h = 0; h < 110 * 24; h++) {
		uint64_t now = Y2026 + h * 3600 * NS_PER_S + h * 1234567;

		tick(now, now);
		push_flow(now - 1800 * NS_PER_S, now - 3 * NS_PER_MS, now, now);
	}
	finish();
	for (unsigned i = 0; i < FORMATS; i++) {
		ck_assert_uint_ge(origins(&collectors[i]), 3);
		ck_assert_uint_le(origins(&collectors[i]), 4);
	}
	fini();
}
END_TEST

#define WRAP ((uint64_t)UINT32_MAX * NS_PER_MS)
#define HOUR (3600 * NS_PER_S)

/* Past 2^32 ms and twice that: records every hour, and every minute where the origin has to move. */
START_TEST(probe_that_is_up_for_a_hundred_days_tells_its_times)
{
	struct rng r = {.state = 6};
	uint64_t up = 0;

	begin();
	while (up < 2 * WRAP + 6 * HOUR) {
		bool is_near = up % WRAP > WRAP - 26 * HOUR || (up > WRAP && up % WRAP < 2 * HOUR);
		uint64_t now = Y2026 + up + rng_next(&r) % (59 * NS_PER_S);
		uint64_t end = now - rng_next(&r) % (600 * NS_PER_S);

		push_flow(end - rng_next(&r) % DAY, end, now, now);
		if (rng_below(&r, 5) == 0)
			tick(now + 500 * NS_PER_MS, now + 500 * NS_PER_MS);
		up += is_near ? 60 * NS_PER_S : HOUR;
	}
	finish();
	ck_assert_uint_ge(origins(&collectors[0]), 3);
	fini();
}
END_TEST

/* Close to the end of the 32 bits every offset of the record's second is tried. */
START_TEST(uptime_is_right_at_its_very_end)
{
	uint64_t end = Y2026 + (UINT32_MAX / 1000) * NS_PER_S;

	for (uint64_t offset = 0; offset < 8 * NS_PER_S; offset += 250 * NS_PER_MS) {
		uint64_t now = end - 3603 * NS_PER_S + offset;

		begin();
		push_flow(Y2026, Y2026, Y2026, Y2026);
		push_flow(now - 1, now, now, now);
		tick(now + 900 * NS_PER_MS, now + 900 * NS_PER_MS);
		tick(now + 5 * NS_PER_S, now + 5 * NS_PER_S);
		finish();
		fini();
	}
}
END_TEST

/*
 * The date is slewed or set a little while a record waits: the message leaves up to a second
 * later by date than was foreseen when the record was admitted.
 */
START_TEST(small_step_of_the_date_while_a_record_waits_keeps_its_time)
{
	uint64_t end = Y2026 + (UINT32_MAX / 1000) * NS_PER_S;

	for (uint64_t offset = 0; offset < 8 * NS_PER_S; offset += 250 * NS_PER_MS) {
		uint64_t now = end - 3603 * NS_PER_S + offset;

		begin();
		push_flow(Y2026, Y2026, Y2026, Y2026);
		push_flow(now - 1, now, now, now);
		tick(now + 900 * NS_PER_MS, now + 1890 * NS_PER_MS);
		finish();
		fini();
	}
}
END_TEST

START_TEST(clock_restarts_keep_the_times)
{
	struct rng r = {.state = 3};
	uint64_t now = Y2026;

	begin();
	for (unsigned i = 0; i < 2000; i++) {
		if (rng_below(&r, 50) == 0)
			now = Y1999 + rng_next(&r) % (10000 * DAY);
		else
			now += rng_next(&r) % (300 * NS_PER_MS);
		push_flow(now - rng_next(&r) % DAY, now, now, now);
	}
	finish();
	fini();
}
END_TEST

/* Live: the clock goes on evenly, the date does not. */
START_TEST(steps_of_the_date_keep_the_times)
{
	struct rng r = {.state = 4};
	uint64_t clock = Y2026, wall = Y2026;

	begin();
	for (unsigned i = 0; i < 3000; i++) {
		uint64_t step = rng_next(&r) % (400 * NS_PER_MS);

		clock += step;
		wall += step;
		if (rng_below(&r, 30) == 0)
			wall += rng_next(&r) % (4 * DAY) - 2 * DAY;
		if (rng_below(&r, 3) == 0)
			tick(clock, wall);
		push_flow(wall - rng_next(&r) % (1800 * NS_PER_S), wall, clock, wall);
	}
	finish();
	fini();
}
END_TEST

START_TEST(step_of_the_date_by_years_keeps_the_times)
{
	begin();
	push_flow(Y1999, Y1999 + 5, Y1999, Y1999);
	push_flow(Y1999, Y1999 + 6, Y1999 + NS_PER_S, Y2026);
	push_flow(Y2026, Y2026 + 6, Y1999 + 2 * NS_PER_S, Y2026);
	push_flow(Y1999, Y1999 + 7, Y1999 + 3 * NS_PER_S, Y1999);
	finish();
	fini();
}
END_TEST

/* The date was set while the flow lasted: 49.7 days do not hold it, its end is told all the same. */
START_TEST(record_longer_than_the_uptime_holds_tells_its_end)
{
	begin();
	push_flow(Y1999, Y2026, Y2026, Y2026);
	for (unsigned i = 0; i < FORMATS; i++) {
		struct collector *c = &collectors[i];

		encoder_finish(encoders[i]);
		ck_assert_uint_eq(c->flow_count, 1);
		ck_assert_uint_eq(seen_time_ms(c, &c->flows[0], 21), Y2026 / NS_PER_MS);
	}
	fini();
}
END_TEST

START_TEST(packets_without_any_time_are_told_at_0)
{
	begin();
	push_flow(0, 0, 0, 0);
	finish();
	ck_assert_uint_eq(collectors[0].messages[0].seconds, 0);
	fini();
}
END_TEST

Suite *uptime_suite(void)
{
	const TTest *const tests[] = {
	    capture_of_1999_tells_its_times,
	    header_time_is_the_clock_rounded_up,
	    whole_second_is_not_rounded_up,
	    header_time_is_the_latest_end_if_that_is_later,
	    record_that_begins_before_the_origin_gets_another,
	    gap_of_sixty_days_keeps_the_times,
	    templates_after_an_old_record_carry_the_clock,
	    old_record_does_not_take_the_clock_from_what_waits,
	    gaps_of_any_length_keep_the_times,
	    uptime_past_its_32_bits_gets_another_origin,
	    probe_that_is_up_for_a_hundred_days_tells_its_times,
	    uptime_is_right_at_its_very_end,
	    small_step_of_the_date_while_a_record_waits_keeps_its_time,
	    clock_restarts_keep_the_times,
	    steps_of_the_date_keep_the_times,
	    step_of_the_date_by_years_keeps_the_times,
	    record_longer_than_the_uptime_holds_tells_its_end,
	    packets_without_any_time_are_told_at_0,
	};

	return SUITE_OF("uptime", tests);
}

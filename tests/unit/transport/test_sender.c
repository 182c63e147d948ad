#include "suites.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "support/said.h"
#include "transport/sender.h"
#include "util/rng.h"
#include "util/units.h"

#define MS NS_PER_MS
#define T0 (1000 * NS_PER_S)
#define FD 77
#define MAX_MESSAGE 64
/* A v5 record may take 1,024 pieces; a message of 512 octets holds ten. */
#define V5_MESSAGES 103
#define BURST_MAX \
	4 /* what may go at one moment after a stall: two late ones, and two that are due */

/* Answers with a script, then with what always comes; keeps what it took. */
struct fake {
	struct transport base;
	const int *script;
	size_t script_left;
	int always;
	int error;     /* told once between messages */
	unsigned most; /* it takes so many at a time */
	uint64_t calls;
	uint64_t offered;
	uint64_t taken;
	uint32_t order_errors;
	bool closed;
};

static struct fake fake;
static struct sender *sender;
static uint64_t pushed, pushed_messages;

static int answer(void)
{
	if (!fake.script_left)
		return fake.always;
	fake.script_left--;
	return *fake.script++;
}

static int fake_send(struct transport *t, const struct message *m)
{
	int rc = answer();
	uint64_t number;

	ck_assert_ptr_eq(t, &fake.base);
	ck_assert_uint_eq(m->size, 8 + m->records % 8);
	fake.offered++;
	if (rc)
		return rc;
	memcpy(&number, m->data, sizeof(number));
	fake.order_errors += number < fake.taken;
	fake.taken = number + 1;
	return 0;
}

static int next_answer(void)
{
	return fake.script_left ? *fake.script : fake.always;
}

/* As sendmmsg() does it: what stops a later one is told when that one is the first. */
static int fake_send_many(struct transport *t, const struct message *m, unsigned count)
{
	unsigned n = 0;

	ck_assert_uint_gt(count, 1);
	ck_assert_uint_le(count, SEND_MANY_MAX);
	fake.calls++;
	do {
		int rc = fake_send(t, m + n);

		if (rc)
			return rc;
		n++;
	} while (n < count && n < fake.most && !next_answer());
	return (int)n;
}

static int fake_fd(const struct transport *t)
{
	(void)t;
	return FD;
}

static void fake_close(struct transport *t)
{
	(void)t;
	fake.closed = true;
}

static int fake_error(struct transport *t)
{
	int error = fake.error;

	(void)t;
	fake.error = 0;
	return error;
}

static const struct transport_ops fake_ops = {
    .send = fake_send, .fd = fake_fd, .close = fake_close, .error = fake_error};

static const struct transport_ops batch_ops = {.send = fake_send,
    .send_many = fake_send_many,
    .fd = fake_fd,
    .close = fake_close,
    .error = fake_error};

static void open_sender(uint32_t rate, bool is_stream)
{
	struct sender_options o = {
	    .max_message = MAX_MESSAGE, .rate = rate, .queue = 256, .burst = V5_MESSAGES};

	fake = (struct fake){.base = {.ops = &fake_ops, .name = "fake", .is_stream = is_stream}};
	sender = sender_create(&o, &fake.base);
	pushed = pushed_messages = 0;
}

static void open_batch_sender(uint32_t rate)
{
	open_sender(rate, false);
	fake.base.ops = &batch_ops;
	fake.most = UINT_MAX;
}

static void say(const int *script, size_t n)
{
	fake.script = script;
	fake.script_left = n;
}

static bool needs_templates;

static void push(uint32_t records)
{
	uint8_t data[MAX_MESSAGE] = {0};
	struct message m = {.data = data,
	    .size = 8 + records % 8,
	    .records = records,
	    .wire_records = records + 1,
	    .packets = records * 10ull,
	    .octets = records * 100ull,
	    .needs_templates = needs_templates};

	memcpy(data, &pushed_messages, sizeof(pushed_messages));
	pushed_messages++;
	pushed += records;
	sender_push(sender, &m);
	memset(data, 0xff, sizeof(data)); /* it must have been copied */
}

static uint64_t dropped(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < FAILURE_COUNT; i++)
		sum += sender_stats(sender)->dropped[i];
	return sum;
}

/* SPEC section 6, per collector. */
static void check_sums(void)
{
	const struct sender_stats *s = sender_stats(sender);

	ck_assert_uint_eq(s->sent + s->queued + dropped(), pushed);
	ck_assert_uint_eq(fake.order_errors, 0);
}

/* Runs until nothing is left to do without time or transport. */
static uint64_t run(uint64_t now_ns)
{
	uint64_t next;

	said_begin();
	next = sender_run(sender, now_ns);
	said_end();
	check_sums();
	return next;
}

static void close_sender(void)
{
	check_sums();
	sender_destroy(sender);
	ck_assert(fake.closed);
}

START_TEST(unpaced_sender_sends_all_at_once)
{
	open_sender(0, false);
	for (uint32_t i = 0; i < 100; i++)
		push(i);
	ck_assert_uint_eq(run(T0), UINT64_MAX);
	ck_assert_uint_eq(sender_stats(sender)->sent, pushed);
	ck_assert_uint_eq(sender_stats(sender)->wire_records, pushed + 100);
	ck_assert_uint_eq(sender_stats(sender)->messages, 100);
	ck_assert_uint_eq(sender_stats(sender)->queued, 0);
	ck_assert(!sender_is_busy(sender));
	close_sender();
}
END_TEST

START_TEST(bytes_are_those_of_the_messages)
{
	open_sender(0, false);
	push(1);
	push(2);
	run(T0);
	ck_assert_uint_eq(sender_stats(sender)->bytes, 9 + 10);
	close_sender();
}
END_TEST

START_TEST(pushed_message_is_queued)
{
	open_sender(0, false);
	push(5);
	ck_assert_uint_eq(sender_stats(sender)->queued, 5);
	ck_assert(sender_is_busy(sender));
	push(0);
	run(T0);
	ck_assert(!sender_is_busy(sender));
	push(0);
	ck_assert(sender_is_busy(sender));
	close_sender();
}
END_TEST

START_TEST(path_that_failed_is_remembered_for_a_moment)
{
	static const struct {
		int error;
		enum failure why;
	} rows[] = {{ECONNREFUSED, FAILURE_ECONNREFUSED}, {ENETUNREACH, FAILURE_ENETUNREACH},
	    {EHOSTUNREACH, FAILURE_EHOSTUNREACH}};
	enum failure why;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		open_sender(0, false);
		push(1);
		say((const int[]){-rows[i].error}, 1);
		run(T0);
		ck_assert(sender_is_cut_off(sender, &why));
		ck_assert_int_eq(why, rows[i].why);
		run(T0 + 29 * NS_PER_S);
		ck_assert(sender_is_cut_off(sender, &why));
		run(T0 + 30 * NS_PER_S);
		ck_assert(!sender_is_cut_off(sender, &why));
		close_sender();
	}
}
END_TEST

static const char *said_at(uint64_t seconds)
{
	said_begin();
	sender_run(sender, T0 + seconds * NS_PER_S);
	return said_end();
}

/* A failure tells of a message before it: what went just now may yet have been refused. */
START_TEST(collector_that_works_again_is_told_of_once)
{
	open_sender(0, false);
	push(1);
	ck_assert_str_eq(said_at(0), "");
	ck_assert_str_eq(said_at(60), "");
	push(1);
	say((const int[]){-EHOSTUNREACH}, 1);
	ck_assert(said_one_message(said_at(60)));
	ck_assert_str_eq(said_at(100), ""); /* nothing went there */
	push(1);
	said_at(100);
	fake.error = -EHOSTUNREACH;
	said_begin();
	sender_check(sender, T0 + 103 * NS_PER_S);
	said_end();
	ck_assert_str_eq(said_at(150), "");
	push(1);
	ck_assert_str_eq(said_at(150), "");
	ck_assert_str_eq(said_at(179), "");
	ck_assert_str_eq(said_at(180), "spanflow: fake: messages go there again\n");
	push(1);
	ck_assert_str_eq(said_at(300), "");
	close_sender();
}
END_TEST

/* Its group tells who gets the records, and nobody was told of what was held back. */
START_TEST(who_was_not_told_of_a_failure_is_not_told_of_its_end)
{
	open_sender(0, false);
	for (unsigned i = 0; i < 2; i++) {
		push(1);
		say((const int[]){-ENETUNREACH}, 1);
		ck_assert_int_eq(said_one_message(said_at(i * 40)), i == 0);
		push(1);
		said_at(i * 40);
		ck_assert_int_eq(said_one_message(said_at(i * 40 + 30)), i == 0);
	}
	sender_hold(sender, true);
	fake.error = -ENETUNREACH;
	said_begin();
	sender_check(sender, T0 + 100 * NS_PER_S);
	ck_assert(said_one_message(said_end()));
	sender_begin_session(sender);
	push(1);
	ck_assert_str_eq(said_at(100), "");
	ck_assert_str_eq(said_at(200), "");
	close_sender();
}
END_TEST

/* A message that does not fit says nothing of the path. */
START_TEST(message_of_another_kind_is_no_recovery)
{
	open_sender(0, false);
	push(1);
	say((const int[]){-EMSGSIZE}, 1);
	ck_assert(said_one_message(said_at(0)));
	push(1);
	said_at(1);
	ck_assert_str_eq(said_at(60), "");
	close_sender();
}
END_TEST

/* The network takes other messages. */
START_TEST(message_that_failed_cuts_nobody_off)
{
	enum failure why;

	open_sender(0, false);
	push(1);
	say((const int[]){-EMSGSIZE}, 1);
	run(T0);
	ck_assert(!sender_is_cut_off(sender, &why));
	close_sender();
}
END_TEST

START_TEST(message_waits_for_room_on_a_full_disk)
{
	open_sender(0, true);
	fake.base.waits = true;
	push(1);
	push(2);
	say((const int[]){0, -ENOSPC, -EDQUOT}, 3);
	ck_assert_uint_eq(run(T0), T0 + NS_PER_S);
	ck_assert_uint_eq(run(T0 + NS_PER_S), T0 + 2 * NS_PER_S);
	ck_assert_uint_eq(sender_stats(sender)->sent, 1);
	ck_assert(!sender_is_dead(sender));
	run(T0 + 2 * NS_PER_S);
	ck_assert_uint_eq(sender_stats(sender)->sent, 3);
	push(4);
	say((const int[]){-ENOSPC}, 1);
	run(T0 + 3 * NS_PER_S);
	sender_give_up(sender, FAILURE_SHUTDOWN);
	ck_assert_uint_eq(sender_stats(sender)->dropped[FAILURE_ENOSPC], 4);
	close_sender();
}
END_TEST

START_TEST(message_waits_for_a_transport_that_says_again)
{
	static const int script[] = {0, -EAGAIN};

	open_sender(0, false);
	say(script, 2);
	push(1);
	push(2);
	push(3);
	ck_assert_int_eq(sender_wait_fd(sender), -1);
	ck_assert_uint_eq(run(T0), UINT64_MAX);
	ck_assert_int_eq(sender_wait_fd(sender), FD);
	ck_assert_uint_eq(sender_stats(sender)->sent, 1);
	ck_assert_uint_eq(sender_stats(sender)->queued, 5);
	run(T0 + 1);
	ck_assert_int_eq(sender_wait_fd(sender), -1);
	ck_assert_uint_eq(sender_stats(sender)->sent, 6);
	ck_assert_uint_eq(dropped(), 0);
	ck_assert_uint_eq(fake.taken, 3);
	close_sender();
}
END_TEST

START_TEST(refused_message_is_tried_once_more)
{
	static const int script[] = {-ECONNREFUSED, 0};

	open_sender(0, false);
	say(script, 2);
	push(3);
	run(T0);
	ck_assert_uint_eq(sender_stats(sender)->sent, 3);
	ck_assert_uint_eq(sender_stats(sender)->errors[FAILURE_ECONNREFUSED], 1);
	ck_assert_uint_eq(fake.offered, 2);
	ck_assert(sender_take_refusal(sender));
	ck_assert(!sender_take_refusal(sender));
	close_sender();
}
END_TEST

START_TEST(message_refused_twice_is_dropped_by_name)
{
	open_sender(0, false);
	fake.always = -ECONNREFUSED;
	push(3);
	push(4);
	run(T0);
	ck_assert_uint_eq(sender_stats(sender)->dropped[FAILURE_ECONNREFUSED], 7);
	ck_assert_uint_eq(sender_stats(sender)->errors[FAILURE_ECONNREFUSED], 4);
	ck_assert_uint_eq(sender_stats(sender)->messages, 0);
	ck_assert_uint_eq(fake.offered, 4);
	ck_assert(!sender_is_dead(sender));
	ck_assert(sender_take_refusal(sender));
	fake.always = 0;
	push(5);
	run(T0);
	ck_assert_uint_eq(sender_stats(sender)->sent, 5);
	ck_assert(!sender_take_refusal(sender));
	close_sender();
}
END_TEST

START_TEST(refused_message_may_have_to_wait)
{
	static const int script[] = {-ECONNREFUSED, -EAGAIN};

	open_sender(0, false);
	say(script, 2);
	push(3);
	run(T0);
	ck_assert_uint_eq(sender_stats(sender)->queued, 3);
	ck_assert_int_eq(sender_wait_fd(sender), FD);
	run(T0);
	ck_assert_uint_eq(sender_stats(sender)->sent, 3);
	close_sender();
}
END_TEST

START_TEST(each_error_is_counted_by_its_name)
{
	static const struct {
		int error;
		enum failure failure;
	} rows[] = {{EHOSTUNREACH, FAILURE_EHOSTUNREACH}, {ENETUNREACH, FAILURE_ENETUNREACH},
	    {EMSGSIZE, FAILURE_EMSGSIZE}, {EPERM, FAILURE_EPERM}, {ENOBUFS, FAILURE_ENOBUFS},
	    {EDESTADDRREQ, FAILURE_NO_SESSION}, {ENOTCONN, FAILURE_OTHER}};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		open_sender(0, false);
		fake.always = -rows[i].error;
		push(3);
		run(T0);
		ck_assert_uint_eq(sender_stats(sender)->dropped[rows[i].failure], 3);
		ck_assert_uint_eq(sender_stats(sender)->errors[rows[i].failure], 1);
		ck_assert(!sender_is_dead(sender));
		/* The message may have had the templates in it. */
		ck_assert(sender_take_refusal(sender));
		close_sender();
	}
}
END_TEST

START_TEST(no_session_begins_with_data)
{
	open_sender(0, false);
	needs_templates = true;
	push(3);
	run(T0);
	ck_assert_uint_eq(sender_stats(sender)->dropped[FAILURE_NO_SESSION], 3);
	ck_assert(sender_take_refusal(sender));
	needs_templates = false;
	push(0);
	needs_templates = true;
	push(2);
	needs_templates = false;
	run(T0);
	ck_assert_uint_eq(sender_stats(sender)->sent, 2);
	ck_assert(!sender_take_refusal(sender));
	close_sender();
}
END_TEST

START_TEST(failures_have_names)
{
	ck_assert_str_eq(failure_name(failure_of(ECONNREFUSED)), "ECONNREFUSED");
	ck_assert_str_eq(failure_name(failure_of(EPIPE)), "EPIPE");
	ck_assert_str_eq(failure_name(FAILURE_NO_SESSION), "no_session");
	ck_assert_str_eq(failure_name(FAILURE_QUEUE_FULL), "queue_full");
	ck_assert_str_eq(failure_name(FAILURE_SHUTDOWN), "shutdown");
	for (unsigned i = 0; i < FAILURE_COUNT; i++)
		ck_assert_ptr_nonnull(failure_name((enum failure)i));
	ck_assert_str_eq(failure_advice(EHOSTUNREACH), ": is it up?");
	ck_assert_str_eq(failure_advice(ENETUNREACH), ": no route leads there");
	ck_assert_str_eq(
	    failure_advice(EACCES), ": is it a broadcast address, or does a route prohibit it?");
	ck_assert_str_eq(failure_advice(EINVAL), ": does a route lead nowhere (blackhole)?");
	ck_assert_str_eq(failure_advice(ENOBUFS), "");
}
END_TEST

START_TEST(broken_stream_is_dead_and_drops_by_name)
{
	static const int script[] = {0, -EPIPE};

	open_sender(0, true);
	say(script, 2);
	for (uint32_t i = 1; i <= 4; i++)
		push(i);
	run(T0);
	ck_assert(sender_is_dead(sender));
	ck_assert_uint_eq(sender_stats(sender)->sent, 1);
	ck_assert_uint_eq(sender_stats(sender)->dropped[FAILURE_EPIPE], 2 + 3 + 4);
	ck_assert_uint_eq(fake.offered, 2);
	push(5);
	ck_assert(!sender_is_busy(sender));
	ck_assert_uint_eq(sender_stats(sender)->dropped[FAILURE_EPIPE], 2 + 3 + 4 + 5);
	run(T0);
	ck_assert_uint_eq(fake.offered, 2);
	close_sender();
}
END_TEST

START_TEST(failure_is_reported_once_a_minute)
{
	open_sender(0, false);
	fake.always = -EHOSTUNREACH;
	for (unsigned s = 0; s <= 60; s += 20) {
		const char *said;

		push(1);
		push(1);
		said_begin();
		sender_run(sender, T0 + s * NS_PER_S);
		said = said_end();
		if (s == 0 || s == 60)
			ck_assert(said_one_message(said));
		else
			ck_assert_str_eq(said, "");
	}
	close_sender();
}
END_TEST

/* A refusal at the start must not hide that nothing fits afterwards. */
START_TEST(each_kind_of_failure_is_reported)
{
	static const int errors[] = {-EHOSTUNREACH, -EMSGSIZE, -EHOSTUNREACH, -EMSGSIZE};

	open_sender(0, false);
	for (unsigned i = 0; i < 4; i++) {
		const char *said;

		fake.always = errors[i];
		push(1);
		said_begin();
		sender_run(sender, T0 + i * NS_PER_S);
		said = said_end();
		ck_assert_int_eq(said_one_message(said), i < 2);
		if (i < 2)
			ck_assert_ptr_nonnull(strstr(said, strerror(-errors[i])));
	}
	close_sender();
}
END_TEST

/* -- pacing ------------------------------------------------------------------------------------- */

START_TEST(paced_messages_leave_evenly)
{
	open_sender(1000, false);
	for (unsigned i = 0; i < 100; i++)
		push(1);
	run(T0); /* its first moment may take up what is allowed to be late */
	for (uint64_t t = 1; t <= 90; t++) {
		uint64_t before = fake.offered;

		ck_assert_uint_eq(run(T0 + t * MS - 1), T0 + t * MS);
		ck_assert_uint_eq(fake.offered, before);
		run(T0 + t * MS);
		ck_assert_uint_eq(fake.offered, before + 1);
	}
	close_sender();
}
END_TEST

START_TEST(pace_is_kept_over_a_long_time)
{
	uint64_t now = T0, end = T0 + 10 * NS_PER_S;
	struct rng r = {.state = 1};

	open_sender(2000, false);
	while (now < end) {
		uint64_t next;

		while (sender_has_room(sender))
			push(1);
		next = run(now);
		now = next + rng_below(&r, 300000); /* a little late each time */
	}
	ck_assert_uint_ge(fake.offered, 19990);
	ck_assert_uint_le(fake.offered, 20005);
	close_sender();
}
END_TEST

/* A collector that stalls for 45 ms, or a sleep that took long, is followed by no burst. */
START_TEST(late_sender_does_not_burst)
{
	open_sender(1000, false);
	for (unsigned i = 0; i < 200; i++)
		push(1);
	run(T0);
	run(T0 + 100 * MS);
	ck_assert_uint_le(fake.offered, 2 * BURST_MAX);
	close_sender();
}
END_TEST

START_TEST(blocked_transport_is_followed_by_no_burst)
{
	open_sender(1000, false);
	for (unsigned i = 0; i < 200; i++)
		push(1);
	run(T0);
	fake.always = -EAGAIN;
	run(T0 + 50 * MS);
	fake.always = 0;
	fake.offered = 0;
	run(T0 + 100 * MS);
	ck_assert_uint_le(fake.offered, BURST_MAX);
	close_sender();
}
END_TEST

/* The steady clock counts from the machine's start, which may have been a moment ago. */
START_TEST(pacing_holds_on_a_clock_that_starts_at_zero)
{
	open_sender(10, false);
	for (unsigned i = 0; i < 20; i++)
		push(1);
	for (uint64_t now = 0; now <= 2 * NS_PER_S; now += 50 * MS)
		run(now);
	ck_assert_uint_ge(fake.offered, 19);
	close_sender();
}
END_TEST

START_TEST(idle_sender_may_send_at_once)
{
	open_sender(1000, false);
	push(1);
	ck_assert_uint_eq(run(T0), UINT64_MAX);
	push(1);
	run(T0 + 5 * MS);
	ck_assert_uint_eq(fake.offered, 2);
	close_sender();
}
END_TEST

START_TEST(unpaced_from_now_on_sends_the_rest)
{
	open_sender(1, false);
	for (unsigned i = 0; i < 100; i++)
		push(1);
	run(T0);
	ck_assert_uint_le(fake.offered, BURST_MAX);
	sender_unpace(sender);
	ck_assert_uint_eq(run(T0), UINT64_MAX);
	ck_assert_uint_eq(fake.offered, 100);
	close_sender();
}
END_TEST

/* -- the queue ---------------------------------------------------------------------------------- */

START_TEST(full_queue_drops_by_name)
{
	uint64_t queued = 0;

	open_sender(0, false);
	fake.always = -EAGAIN;
	while (sender_stats(sender)->dropped[FAILURE_QUEUE_FULL] == 0) {
		ck_assert_uint_lt(pushed_messages, 100000);
		push(2);
		check_sums();
	}
	queued = sender_stats(sender)->queued;
	ck_assert(!sender_has_room(sender));
	ck_assert_uint_eq(dropped(), 2);
	fake.always = 0;
	run(T0);
	ck_assert_uint_eq(sender_stats(sender)->sent, queued);
	ck_assert(sender_has_room(sender));
	close_sender();
}
END_TEST

START_TEST(room_is_for_several_messages)
{
	for (unsigned before = 0; before < V5_MESSAGES; before++) {
		open_sender(0, false);
		for (unsigned i = 0; i < before; i++)
			push(1);
		while (sender_has_room(sender))
			for (unsigned i = 0; i < V5_MESSAGES; i++)
				push(1);
		ck_assert_uint_eq(dropped(), 0);
		close_sender();
	}
}
END_TEST

START_TEST(drop_all_empties_the_queue_by_name)
{
	open_sender(0, false);
	for (uint32_t i = 0; i < 10; i++)
		push(i);
	sender_give_up(sender, FAILURE_SHUTDOWN);
	ck_assert_uint_eq(sender_stats(sender)->dropped[FAILURE_SHUTDOWN], 45);
	ck_assert_uint_eq(sender_stats(sender)->queued, 0);
	ck_assert(!sender_is_busy(sender));
	run(T0);
	ck_assert_uint_eq(fake.offered, 0);
	close_sender();
}
END_TEST

/* A line may be out in part: what came behind it would be glued to it. */
START_TEST(stream_that_was_given_up_takes_nothing_more)
{
	for (unsigned stream = 0; stream < 2; stream++) {
		open_sender(0, stream);
		fake.always = -EAGAIN;
		push(3);
		run(T0);
		sender_give_up(sender, FAILURE_SHUTDOWN);
		ck_assert_int_eq(sender_is_dead(sender), stream);
		fake.always = 0;
		push(4);
		run(T0);
		ck_assert_uint_eq(sender_stats(sender)->sent, stream ? 0 : 4);
		ck_assert_uint_eq(
		    sender_stats(sender)->dropped[FAILURE_SHUTDOWN], stream ? 3 + 4 : 3);
		close_sender();
	}
}
END_TEST

START_TEST(stream_without_a_queue_is_not_given_up)
{
	open_sender(0, true);
	push(3);
	run(T0);
	sender_give_up(sender, FAILURE_SHUTDOWN);
	ck_assert(!sender_is_dead(sender));
	close_sender();
}
END_TEST

/* -- failures that the owner is told of --------------------------------------------------------- */

START_TEST(held_message_stays_until_it_is_taken_back)
{
	struct message m;
	struct not_sent taken;
	enum failure why;

	open_sender(0, false);
	fake.always = -EHOSTUNREACH;
	sender_hold(sender, true);
	push(3);
	push(4);
	run(T0);
	run(T0);
	ck_assert_uint_eq(fake.offered, 1);
	ck_assert_uint_eq(sender_stats(sender)->queued, 7);
	ck_assert(sender_take_failure(sender, &why));
	ck_assert_int_eq(why, FAILURE_EHOSTUNREACH);
	ck_assert(!sender_take_failure(sender, &why));
	ck_assert(sender_first(sender, &m));
	ck_assert_uint_eq(m.records, 3);
	sender_take_back(sender, &taken);
	ck_assert_uint_eq(taken.records, 7);
	ck_assert_uint_gt(taken.messages, 0);
	ck_assert_uint_gt(taken.message_octets, 0);
	pushed -= 7;
	ck_assert(!sender_first(sender, &m));
	ck_assert(!sender_is_busy(sender));
	ck_assert_uint_eq(dropped(), 0);
	close_sender();
}
END_TEST

/* Of what only this message suffers from others would suffer as well. */
START_TEST(message_that_fails_for_itself_is_not_held)
{
	static const int errors[] = {-ENOBUFS, -EMSGSIZE};
	enum failure why;

	for (unsigned i = 0; i < 2; i++) {
		open_sender(0, false);
		fake.always = errors[i];
		sender_hold(sender, true);
		push(3);
		run(T0);
		ck_assert_uint_eq(fake.offered, 1);
		ck_assert_uint_eq(dropped(), 3);
		ck_assert(!sender_take_failure(sender, &why));
		close_sender();
	}
}
END_TEST

START_TEST(held_message_is_not_tried_twice)
{
	static const int script[] = {-ECONNREFUSED, 0};

	open_sender(0, false);
	say(script, 2);
	sender_hold(sender, true);
	push(3);
	run(T0);
	ck_assert_uint_eq(fake.offered, 1);
	ck_assert_uint_eq(sender_stats(sender)->queued, 3);
	close_sender();
}
END_TEST

START_TEST(error_of_an_earlier_message_is_no_reason_to_drop_this_one)
{
	static const int script[] = {-EHOSTUNREACH, 0};

	open_sender(0, false);
	fake.base.earlier = true;
	say(script, 2);
	push(3);
	run(T0);
	ck_assert_uint_eq(sender_stats(sender)->sent, 3);
	ck_assert_uint_eq(sender_stats(sender)->errors[FAILURE_EHOSTUNREACH], 1);
	close_sender();
}
END_TEST

START_TEST(error_between_messages_is_counted_and_told)
{
	enum failure why;

	open_sender(0, false);
	said_begin();
	sender_check(sender, T0);
	ck_assert_str_eq(said_end(), "");
	fake.error = -ECONNREFUSED;
	said_begin();
	sender_check(sender, T0);
	ck_assert(said_one_message(said_end()));
	ck_assert_uint_eq(sender_stats(sender)->errors[FAILURE_ECONNREFUSED], 1);
	ck_assert(sender_take_refusal(sender));
	ck_assert(sender_take_failure(sender, &why));
	close_sender();
}
END_TEST

START_TEST(report_says_what_to_do_about_a_size)
{
	open_sender(0, false);
	fake.always = -EMSGSIZE;
	push(1);
	said_begin();
	sender_run(sender, T0);
	ck_assert_ptr_nonnull(strstr(said_end(), "lower max-payload"));
	close_sender();
}
END_TEST

START_TEST(session_that_begins_anew_needs_templates)
{
	open_sender(0, false);
	push(0);
	run(T0);
	sender_begin_session(sender);
	needs_templates = true;
	push(2);
	needs_templates = false;
	run(T0);
	ck_assert_uint_eq(sender_stats(sender)->dropped[FAILURE_NO_SESSION], 2);
	close_sender();
}
END_TEST

START_TEST(what_was_not_sent_is_known_with_its_dates)
{
	static const int script[] = {0, -ENOBUFS, 0, -EMSGSIZE};
	const struct not_sent *n;
	struct not_sent lost = {.records = 1, .packets = 7, .octets = 70};

	open_sender(0, false);
	n = sender_not_sent(sender);
	say(script, 4);
	sender_date(sender, 100);
	push(1);
	run(T0);
	ck_assert_uint_eq(n->messages, 0);
	ck_assert_uint_eq(n->first_ns, 0);
	sender_date(sender, 200);
	push(2);
	push(3);
	run(T0);
	sender_date(sender, 300);
	push(4);
	run(T0);
	ck_assert_uint_eq(n->records, 2 + 4);
	ck_assert_uint_eq(n->packets, 20 + 40);
	ck_assert_uint_eq(n->octets, 200 + 400);
	ck_assert_uint_eq(n->messages, 2);
	ck_assert_uint_eq(n->message_octets, 10 + 12);
	ck_assert_uint_eq(n->first_ns, 200);
	ck_assert_uint_eq(n->last_ns, 300);
	sender_date(sender, 400);
	sender_drop(sender, &lost, FAILURE_QUEUE_FULL);
	pushed++;
	ck_assert_uint_eq(n->records, 7);
	ck_assert_uint_eq(n->packets, 67);
	ck_assert_uint_eq(n->messages, 2);
	ck_assert_uint_eq(n->first_ns, 200);
	ck_assert_uint_eq(n->last_ns, 400);
	close_sender();
}
END_TEST

/* A capture's clock may go back: the first is not the one that was dropped first. */
START_TEST(dates_of_what_was_not_sent_are_those_of_all)
{
	static const uint64_t dates[] = {500, 300, 400, 600, 100};
	const struct not_sent *n;
	struct not_sent lost = {.records = 1};

	open_sender(0, false);
	n = sender_not_sent(sender);
	for (unsigned i = 0; i < sizeof(dates) / sizeof(*dates); i++) {
		sender_date(sender, dates[i]);
		sender_drop(sender, &lost, FAILURE_QUEUE_FULL);
		pushed++;
		ck_assert_uint_eq(n->first_ns, i == 0 ? 500 : i < 4 ? 300 : 100);
		ck_assert_uint_eq(n->last_ns, i < 3 ? 500 : 600);
	}
	close_sender();
}
END_TEST

/* Announcements that find no place leave the places of data free, and are sent again. */
START_TEST(announcements_do_not_take_the_places_of_data)
{
	uint8_t data[MAX_MESSAGE] = {0};
	struct message announcement = {.data = data, .size = 8};

	open_sender(0, false);
	fake.always = -EAGAIN;
	for (unsigned i = 0; i < 255; i++)
		push(1);
	ck_assert(sender_has_room(sender));
	for (unsigned i = 0; i < 1000; i++)
		sender_push(sender, &announcement);
	ck_assert(sender_take_refusal(sender));
	for (unsigned i = 0; i < V5_MESSAGES; i++)
		push(1);
	ck_assert_uint_eq(dropped(), 0);
	close_sender();
}
END_TEST

START_TEST(sums_hold_whatever_happens)
{
	static const int answers[] = {0, 0, 0, -EAGAIN, -ECONNREFUSED, -ENOBUFS, -EMSGSIZE};
	struct rng r = {.state = 9};

	for (uint32_t rate = 0; rate < 3; rate++) {
		uint64_t now = T0;

		open_sender(rate * 100, false);
		for (unsigned i = 0; i < 20000; i++) {
			fake.always = answers[rng_below(&r, 7)];
			now += rng_next(&r) % (5 * MS);
			if (rng_below(&r, 3))
				push(rng_below(&r, 30));
			else
				run(now);
			if (rng_below(&r, 2000) == 0)
				sender_give_up(sender, FAILURE_SHUTDOWN);
		}
		close_sender();
	}
}
END_TEST

/* -- several at once ---------------------------------------------------------------------------- */

/* The first one begins the session, on which the others rely. */
START_TEST(what_is_unpaced_goes_in_batches)
{
	open_batch_sender(0);
	push(1);
	needs_templates = true;
	for (unsigned i = 0; i < SEND_MANY_MAX + 2; i++)
		push(1);
	needs_templates = false;
	run(T0);
	ck_assert_uint_eq(fake.taken, SEND_MANY_MAX + 3);
	ck_assert_uint_eq(fake.calls, 2);
	close_sender();
}
END_TEST

START_TEST(what_is_paced_goes_one_by_one)
{
	open_batch_sender(1000);
	for (unsigned i = 0; i < 100; i++)
		push(1);
	for (unsigned t = 0; t < 50; t++)
		run(T0 + t * MS);
	ck_assert_uint_eq(fake.calls, 0);
	ck_assert_uint_ge(fake.taken, 50);
	ck_assert_uint_le(fake.taken, 50 + BURST_MAX);
	sender_unpace(sender);
	run(T0 + 50 * MS);
	ck_assert_uint_gt(fake.calls, 0);
	ck_assert_uint_eq(fake.taken, 100);
	close_sender();
}
END_TEST

START_TEST(batch_that_is_cut_short_goes_on_where_it_was)
{
	static const int script[] = {0, 0, 0, -EAGAIN};

	open_batch_sender(0);
	for (uint32_t i = 0; i < 8; i++)
		push(i);
	say(script, 4);
	ck_assert_uint_eq(run(T0), UINT64_MAX);
	ck_assert_int_eq(sender_wait_fd(sender), FD);
	ck_assert_uint_eq(sender_stats(sender)->sent, 0 + 1 + 2);
	ck_assert_uint_eq(sender_stats(sender)->queued, 3 + 4 + 5 + 6 + 7);
	fake.most = 2;
	run(T0 + 1);
	ck_assert_uint_eq(fake.taken, 8);
	ck_assert_uint_eq(sender_stats(sender)->messages, 8);
	close_sender();
}
END_TEST

/* What the owner of a group keeps is in the messages that did not go, from the first of them on. */
START_TEST(held_batch_leaves_what_did_not_go)
{
	static const int script[] = {0, 0, 0, -EHOSTUNREACH};
	struct message first;

	open_batch_sender(0);
	sender_hold(sender, true);
	for (uint32_t i = 0; i < 8; i++)
		push(i);
	say(script, 4);
	run(T0);
	ck_assert(sender_first(sender, &first));
	ck_assert_uint_eq(first.records, 3);
	ck_assert_uint_eq(sender_left(sender), 0 + 1 + 2);
	ck_assert_uint_eq(sender_stats(sender)->errors[FAILURE_EHOSTUNREACH], 1);
	close_sender();
}
END_TEST

/* What the transport answers to each message that it is offered, one after the other. */
#define ANSWERS 4000
static int answers_to_come[ANSWERS];

static struct sender_stats stats_after(bool batches, uint64_t seed)
{
	struct rng r = {.state = seed};
	struct sender_stats stats;

	open_batch_sender(0);
	if (!batches)
		fake.base.ops = &fake_ops;
	say(answers_to_come, ANSWERS);
	for (unsigned i = 0; i < 3000; i++) {
		for (unsigned n = rng_below(&r, 12); n; n--)
			push(rng_below(&r, 30));
		needs_templates = rng_below(&r, 10) > 0;
		fake.most = 1 + rng_below(&r, 9);
		if (rng_below(&r, 300) == 0)
			sender_begin_session(sender);
		run(T0);
	}
	needs_templates = false;
	ck_assert_uint_eq(fake.script_left, 0);
	stats = *sender_stats(sender);
	close_sender();
	return stats;
}

START_TEST(batches_change_nothing_that_is_counted)
{
	static const int bad[] = {-EAGAIN, -ECONNREFUSED, -ENOBUFS, -EMSGSIZE, -EHOSTUNREACH};

	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct rng r = {.state = seed};
		struct sender_stats one_by_one, in_batches;

		for (unsigned i = 0; i < ANSWERS; i++)
			answers_to_come[i] = rng_below(&r, 4) ? 0 : bad[rng_below(&r, 5)];
		one_by_one = stats_after(false, seed);
		in_batches = stats_after(true, seed);
		ck_assert_uint_gt(one_by_one.sent, 0);
		ck_assert_int_eq(memcmp(&one_by_one, &in_batches, sizeof(one_by_one)), 0);
	}
}
END_TEST

START_TEST(destroying_nothing_is_fine)
{
	sender_destroy(NULL);
}
END_TEST

Suite *sender_suite(void)
{
	const TTest *const tests[] = {
	    unpaced_sender_sends_all_at_once,
	    bytes_are_those_of_the_messages,
	    pushed_message_is_queued,
	    path_that_failed_is_remembered_for_a_moment,
	    collector_that_works_again_is_told_of_once,
	    who_was_not_told_of_a_failure_is_not_told_of_its_end,
	    message_of_another_kind_is_no_recovery,
	    message_that_failed_cuts_nobody_off,
	    message_waits_for_room_on_a_full_disk,
	    message_waits_for_a_transport_that_says_again,
	    refused_message_is_tried_once_more,
	    message_refused_twice_is_dropped_by_name,
	    refused_message_may_have_to_wait,
	    each_error_is_counted_by_its_name,
	    no_session_begins_with_data,
	    failures_have_names,
	    broken_stream_is_dead_and_drops_by_name,
	    failure_is_reported_once_a_minute,
	    each_kind_of_failure_is_reported,
	    paced_messages_leave_evenly,
	    pace_is_kept_over_a_long_time,
	    late_sender_does_not_burst,
	    blocked_transport_is_followed_by_no_burst,
	    pacing_holds_on_a_clock_that_starts_at_zero,
	    idle_sender_may_send_at_once,
	    unpaced_from_now_on_sends_the_rest,
	    full_queue_drops_by_name,
	    room_is_for_several_messages,
	    drop_all_empties_the_queue_by_name,
	    stream_that_was_given_up_takes_nothing_more,
	    stream_without_a_queue_is_not_given_up,
	    held_message_stays_until_it_is_taken_back,
	    message_that_fails_for_itself_is_not_held,
	    held_message_is_not_tried_twice,
	    error_of_an_earlier_message_is_no_reason_to_drop_this_one,
	    error_between_messages_is_counted_and_told,
	    report_says_what_to_do_about_a_size,
	    session_that_begins_anew_needs_templates,
	    what_was_not_sent_is_known_with_its_dates,
	    dates_of_what_was_not_sent_are_those_of_all,
	    announcements_do_not_take_the_places_of_data,
	    sums_hold_whatever_happens,
	    what_is_unpaced_goes_in_batches,
	    what_is_paced_goes_one_by_one,
	    batch_that_is_cut_short_goes_on_where_it_was,
	    held_batch_leaves_what_did_not_go,
	    batches_change_nothing_that_is_counted,
	    destroying_nothing_is_fine,
	};

	return SUITE_OF("sender", tests);
}

#include "suites.h"

#include <event2/event.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "errand.h"
#include "worker_inside.h"

static struct program program;
static struct worker worker;
static struct event_base *base;
static struct errands *errands;
static struct errand first, second;
static unsigned done_count;
static bool all_carried_out;

static void count_done(struct errand *e, bool carried_out)
{
	(void)e;
	done_count++;
	all_carried_out = carried_out;
}

static void send_second(struct errand *e, bool carried_out)
{
	count_done(e, carried_out);
	errand_send(errands, &second);
	/* So fast may a worker be, which has it until it says that it is done. */
	second.orders[0].carried_out = true;
}

static void begin(void)
{
	memset(&worker, 0, sizeof(worker));
	memset(&program, 0, sizeof(program));
	first = second = (struct errand){.done = count_done};
	first.orders[0].kind = second.orders[0].kind = ORDER_RELOAD;
	done_count = 0;
	program.order_fd = worker.options.order_fd = eventfd(0, EFD_NONBLOCK);
	worker.wake_fd = eventfd(0, EFD_NONBLOCK);
	program.workers[0] = &worker;
	program.worker_count = 1;
	base = event_base_new();
	errands = errands_create(base, &program);
	ck_assert_ptr_nonnull(errands);
}

static void finish(void)
{
	errands_destroy(errands);
	event_base_free(base);
	close(program.order_fd);
	close(worker.wake_fd);
}

/* What the worker's thread does with an order. */
static void carry_out(struct errand *e)
{
	uint64_t one = 1;

	ck_assert_ptr_eq(atomic_load(&worker.order), &e->orders[0]);
	e->orders[0].carried_out = true;
	atomic_store(&worker.order, NULL);
	ck_assert_int_eq(write(program.order_fd, &one, sizeof(one)), sizeof(one));
}

START_TEST(one_follows_the_other)
{
	begin();
	errand_send(errands, &first);
	errand_send(errands, &second);
	carry_out(&first);
	event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(done_count, 1);
	carry_out(&second);
	event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(done_count, 2);
	ck_assert(all_carried_out);
	finish();
}
END_TEST

/* A worker that gets it twice is taken for one that has ended, or does it again. */
START_TEST(what_is_sent_at_the_end_of_another_is_given_once)
{
	begin();
	first.done = send_second;
	errand_send(errands, &first);
	carry_out(&first);
	event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert(second.orders[0].carried_out);
	ck_assert_uint_eq(done_count, 1);
	carry_out(&second);
	event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(done_count, 2);
	ck_assert(all_carried_out);
	finish();
}
END_TEST

Suite *errand_suite(void)
{
	const TTest *const tests[] = {
	    one_follows_the_other,
	    what_is_sent_at_the_end_of_another_is_given_once,
	};

	return SUITE_OF("errand", tests);
}

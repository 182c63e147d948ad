#include "suites.h"

#include <event2/event.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/server.h"
#include "job.h"
#include "support/collector.h"
#include "util/units.h"
#include "worker_inside.h"

#define CLIENTS 3
#define MAX_FLOWS 2000

static struct program program;
static struct worker workers[2];
static struct overview overview;
static struct event_base *base;
static struct control_server *server;
static struct jobs jobs;
static char directory[] = "/tmp/spanflow-job-XXXXXX";
static char path[64];
static int clients[CLIENTS];

static void handle(void *ctx, struct request *r)
{
	size_t count;
	char *const *words = request_words(r, &count);

	(void)ctx;
	if (strcmp(words[0], "flows") == 0)
		job_list(&jobs, r, words + 1, count - 1);
	else if (strcmp(words[0], "screen") == 0)
		job_screen(&jobs, r, words + 1, count - 1);
	else
		job_flush(&jobs, r);
}

static void begin(void)
{
	struct control_options options = {
	    .mode = 0600, .uid = (uid_t)-1, .gid = (gid_t)-1, .handle = handle};

	signal(SIGPIPE, SIG_IGN); /* as the program does */
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/socket", directory);
	program.config.max_flows = MAX_FLOWS;
	program.settings = &program.config;
	program.order_fd = eventfd(0, EFD_NONBLOCK);
	program.worker_count = 2;
	for (unsigned i = 0; i < 2; i++) {
		workers[i].wake_fd = eventfd(0, EFD_NONBLOCK);
		program.workers[i] = &workers[i];
	}
	base = event_base_new();
	jobs = (struct jobs){
	    .program = &program, .overview = &overview, .errands = errands_create(base, &program)};
	options.base = base;
	options.path = path;
	server = control_create(&options);
	ck_assert_ptr_nonnull(server);
}

static void finish(void)
{
	for (unsigned i = 0; i < CLIENTS; i++)
		if (clients[i])
			close(clients[i]);
	control_destroy(server);
	errands_destroy(jobs.errands);
	event_base_free(base);
	close(program.order_fd);
	for (unsigned i = 0; i < 2; i++)
		close(workers[i].wake_fd);
	rmdir(directory);
	ck_assert_uint_eq(jobs.listed, 0);
}

/* As long as there is something to do at once. */
static void run(void)
{
	for (unsigned i = 0; i < 10; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

static void ask(unsigned client, const char *line)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};

	memcpy(to.sun_path, path, sizeof(path));
	clients[client] = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(clients[client], (struct sockaddr *)&to, sizeof(to)), 0);
	ck_assert_int_eq(send(clients[client], line, strlen(line), 0), (int)strlen(line));
	run();
}

static void leave(unsigned client)
{
	close(clients[client]);
	clients[client] = 0;
	run();
}

/* What the client has got; "": nothing yet. Until the next call. */
static const char *heard(unsigned client)
{
	static char text[65536];
	ssize_t n;
	size_t size = 0;

	do {
		run();
		n = recv(clients[client], text + size, sizeof(text) - 1 - size, MSG_DONTWAIT);
		size += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	text[size] = '\0';
	return text;
}

static struct order *order_of(unsigned worker)
{
	struct order *order = atomic_load(&workers[worker].order);

	ck_assert_ptr_nonnull(order);
	return order;
}

/* What a worker's thread does with an order: each has so many flows, the later ones larger. */
static void carry_out(unsigned flows)
{
	uint64_t one = 1;

	for (unsigned w = 0; w < 2; w++) {
		struct order *order = order_of(w);

		for (unsigned i = 0; i < flows && order->kind == ORDER_LIST; i++) {
			struct record r = record_at(1000 * NS_PER_S);

			r.octets = 1000 * (w + 1) + i;
			r.packets = 1;
			listing_offer(order->listing, &r);
		}
		order->carried_out = true;
		atomic_store(&workers[w].order, NULL);
		ck_assert_int_eq(write(program.order_fd, &one, sizeof(one)), sizeof(one));
	}
}

START_TEST(flush_is_answered_when_all_workers_have_done_it)
{
	begin();
	ask(0, "text flush\n");
	ck_assert_int_eq(order_of(0)->kind, ORDER_FLUSH);
	ck_assert_int_eq(order_of(1)->kind, ORDER_FLUSH);
	ck_assert_str_eq(heard(0), "");
	carry_out(0);
	ck_assert_str_eq(heard(0), "ok\n");
	finish();
}
END_TEST

/* Of all workers together; and the sum is of all that they hold. */
START_TEST(the_largest_come_first)
{
	const char *text, *at;

	begin();
	ask(0, "json flows top 3\n");
	carry_out(2);
	text = heard(0);
	ck_assert_ptr_nonnull(at = strstr(text, "\"octetDeltaCount\":2001,"));
	ck_assert_ptr_nonnull(at = strstr(at, "\"octetDeltaCount\":2000,"));
	ck_assert_ptr_nonnull(at = strstr(at, "\"octetDeltaCount\":1001,"));
	ck_assert_ptr_null(strstr(text, "\"octetDeltaCount\":1000,"));
	ask(1, "text flows top 3\n");
	carry_out(2);
	ck_assert_ptr_nonnull(strstr(heard(1), "flows: 4, packets: 4, octets: 6002\n"));
	finish();
}
END_TEST

START_TEST(what_is_wrong_gives_no_order)
{
	static const struct {
		const char *line, *answer;
	} rows[] = {
	    {"text flows top 0\n",
		"error: flows: top N by octets, packets or duration: N from 1 to 100000\n"},
	    {"text flows top by size\n",
		"error: flows: top N by octets, packets or duration: N from 1 to 100000\n"},
	    {"text screen 24\n", "error: top: ROWS and COLUMNS are missing\n"},
	    {"text screen 24 80 by size\n", "error: top: by octets, packets or duration\n"},
	};

	begin();
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		ask(0, rows[i].line);
		ck_assert_str_eq(heard(0), rows[i].answer);
		ck_assert_ptr_null(atomic_load(&workers[0].order));
		leave(0);
	}
	finish();
}
END_TEST

/* What the workers have cannot be taken from them. */
START_TEST(who_asked_may_be_gone_meanwhile)
{
	begin();
	overview.now.ledger.flows.active = 4;
	ask(0, "json flows\n");
	leave(0);
	ask(1, "json flows\n");
	control_destroy(server);
	server = NULL;
	ck_assert_uint_eq(jobs.listed, 8);
	carry_out(2);
	run();
	carry_out(2);
	run();
	finish();
}
END_TEST

/* Two full tables may be held for clients who do not read them. */
START_TEST(flows_that_nobody_reads_are_bounded)
{
	begin();
	overview.now.ledger.flows.active = MAX_FLOWS;
	ask(0, "json flows\n");
	ask(1, "json flows\n");
	ck_assert_uint_eq(jobs.listed, 2 * MAX_FLOWS);
	ask(2, "json flows\n");
	ck_assert_ptr_nonnull(strstr(heard(2), "error: busy: "));
	leave(2);
	/* The first one's are fewer than they might have been, and there is room again. */
	carry_out(MAX_FLOWS / 4);
	run();
	ck_assert_uint_eq(jobs.listed, MAX_FLOWS / 2 + MAX_FLOWS);
	ask(2, "json flows top 100\n");
	ck_assert_str_eq(heard(2), "");
	carry_out(0);
	run();
	carry_out(0);
	ck_assert_str_eq(heard(2), "ok\n");
	finish();
}
END_TEST

START_TEST(at_the_end_what_was_not_done_is_told)
{
	begin();
	ask(0, "text flush\n");
	errands_end(jobs.errands);
	ck_assert_str_eq(heard(0), "error: the program ends\n");
	finish();
}
END_TEST

Suite *job_suite(void)
{
	const TTest *const tests[] = {
	    flush_is_answered_when_all_workers_have_done_it,
	    the_largest_come_first,
	    what_is_wrong_gives_no_order,
	    who_asked_may_be_gone_meanwhile,
	    flows_that_nobody_reads_are_bounded,
	    at_the_end_what_was_not_done_is_told,
	};

	return SUITE_OF("job", tests);
}

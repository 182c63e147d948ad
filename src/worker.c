/*
 * SPINE: packets from the sources through intake, and on to the shards of the flow table.
 *
 *	intake_read: source, stamp, sample, decode -> batch
 *	end_turn: lanes_hand_over -> shard_take: table_account -> table_sweep -> end_flow: ring
 */
#include "worker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "meter/clock.h"
#include "meter/record.h"
#include "util/log.h"
#include "util/now.h"
#include "util/snapshot.h"
#include "worker_inside.h"

/* Without records the exporter is told the time this often. */
#define TICK_NS (250 * NS_PER_MS)
/* Live: how long the loop sleeps when no packet comes; deadlines are met by it. */
#define LIVE_POLL_MS 50
/* After a stop, what the kernel has captured already is read for so long at most; and packets of before it longer. */
#define DRAIN_MS 300
#define DRAIN_BEHIND_MS 1500
/* Until there was nothing so many times. */
#define DRAIN_LOOKS 5

/* What others read of a worker while it works. */
struct published {
	struct ledger part;
	uint64_t at_ns; /* steady clock */
	/* Given out as far as there are some. */
	struct ledger_interface interfaces[CONFIG_INPUTS_MAX];
};

static size_t published_size(const struct worker *w)
{
	return offsetof(struct published, interfaces) +
	    w->options.live_count * sizeof(struct ledger_interface);
}

/* -- turns ------------------------------------------------------------------------------------ */

/* The ledger's sums are those of the interfaces, as of the same moment. */
static void ask_drops(struct worker *w)
{
	seats_ask_drops(&w->seats, &w->intake.packets);
}

static uint64_t drops_of(const struct worker *w)
{
	return w->intake.packets.dropped_kernel + w->intake.packets.dropped_interface;
}

/* What was dropped before it could be captured was not metered either. */
static void count_drops(struct worker *w)
{
	uint64_t drops = drops_of(w), now;

	if (drops <= w->drops_told)
		return;
	now = clock_wall_ns(&w->intake.clock);
	unmetered_add(
	    &w->intake.unmetered, &(struct unmetered){drops - w->drops_told, 0, now, now});
	w->drops_told = drops;
}

/* Several workers judge each for itself. */
static void tell_load(const struct worker *w, bool has_risen)
{
	char whose[32] = "";

	if (w->config->workers > 1)
		snprintf(whose, sizeof(whose), " of worker %u", w->options.number + 1);
	if (has_risen)
		log_warning("overload%s: more packets than can be metered: one in %u at random "
			    "until it is over",
		    whose, 1u << w->overload.level);
	else if (w->overload.level == 0)
		log_warning("overload%s: over: every packet is metered", whose);
}

/* From now on fewer packets are metered, or more, and each record tells of how many it is. */
static void judge_load(struct worker *w)
{
	unsigned before = w->overload.level;

	if (!overload_judge(&w->overload, w->intake.clock.now_ns, w->idle_ns, drops_of(w)))
		return;
	w->intake.rule = w->overload.level;
	tell_load(w, w->overload.level > before);
}

void worker_publish(struct worker *w)
{
	struct published out;

	ask_drops(w);
	out.part = (struct ledger){.packets = w->intake.packets};
	out.at_ns = steady_now();
	memcpy(out.interfaces, w->seats.counts, w->seats.count * sizeof(out.interfaces[0]));
	lanes_ledger(w->lanes, &out.part);
	snapshot_give(w->ledger, &out);
	atomic_fetch_add_explicit(&w->beats, 1, memory_order_relaxed);
}

/* So that messages leave and templates are sent again also when no flow ends. */
static bool is_time(struct worker *w)
{
	uint64_t now = w->intake.clock.now_ns;

	if (now >= w->ticked_ns && now - w->ticked_ns < TICK_NS)
		return false;
	w->ticked_ns = now;
	return true;
}

void worker_end_turn(struct worker *w, enum turn_kind kind, bool flush)
{
	struct intake *in = &w->intake;
	struct turn_head head = {.kind = kind, .flush = flush};

	intake_settle(in);
	head.tick = kind != TURN_PACKETS || is_time(w);
	if (head.tick) {
		ask_drops(w);
		count_drops(w);
		if (w->config->overload_samples && config_is_live(w->config))
			judge_load(w);
		head.unmetered = in->unmetered;
	}
	head.now = (struct clock_time){in->clock.now_ns, clock_wall_ns(&in->clock)};
	lanes_hand_over(w->lanes, in->batched, &head);
	intake_begin_batch(in);
	if (head.tick && w->ledger)
		worker_publish(w);
	if (kind != TURN_LAST)
		in->batch = lanes_room(w->lanes);
}

/* Between two packets. All flows of the time before a restart end. */
static void take_batch(void *ctx, bool restarts)
{
	if (restarts)
		worker_end_turn(ctx, TURN_RESTART, true);
	else
		worker_end_turn(ctx, TURN_PACKETS, false);
}

/* -- sources ---------------------------------------------------------------------------------- */

bool worker_is_stopped(const struct worker *w)
{
	return w->intake.limit_reached || atomic_load_explicit(&w->stop, memory_order_relaxed);
}

int worker_read_batch(struct worker *w, unsigned i)
{
	uint64_t before = w->intake.packets.received;
	int n = intake_read(&w->intake, i, w->seats.sources[i]);

	w->seats.counts[i].received += w->intake.packets.received - before;
	worker_end_turn(w, TURN_PACKETS, false);
	return n;
}

/* -- live ------------------------------------------------------------------------------------- */

/* Settings may have changed since the main thread opened it. What takes no other filter has none to take. */
static bool takes_filter(const struct worker *w, struct source *fresh)
{
	int rc = w->config == w->options.config ? 0 : source_set_filter(fresh, w->config->filter);

	return rc == 0 || rc == -ENOTSUP;
}

/* What the main thread has left: other sources. */
static void take_mail(struct worker *w)
{
	for (unsigned i = 0; i < w->options.live_count; i++) {
		bool drop;
		struct source *fresh = seats_take(&w->seats, i, &drop);

		if (drop)
			seats_forget(&w->seats, i);
		if (!fresh)
			continue;
		w->seats.sources[i] = fresh;
		if (!takes_filter(w, fresh) || intake_open(&w->intake, i, fresh) < 0) {
			w->failed = true;
			seats_forget(&w->seats, i);
		}
	}
}

/* An interface that has gone is told of by whoever watches for its return. */
static bool is_away(int rc)
{
	return rc == -ENODEV || rc == -ENETDOWN;
}

/* A batch from each live source. How many packets they gave. */
static int read_live_once(struct worker *w)
{
	int total = 0;

	if (seats_have_mail(&w->seats))
		take_mail(w);
	clock_tick_live(&w->intake.clock, steady_now(), date_now());
	for (unsigned i = 0; i < w->options.live_count && !w->intake.limit_reached; i++) {
		int n;

		if (!w->seats.sources[i])
			continue;
		n = worker_read_batch(w, i);
		if (n < 0 && n != -EINTR) {
			w->failed |= !is_away(n);
			seats_forget(&w->seats, i);
		}
		total += n > 0 ? n : 0;
	}
	if (total == 0) {
		clock_catch_up(&w->intake.clock);
		worker_end_turn(w, TURN_PACKETS, true);
	}
	worker_serve(w);
	return total;
}

/* Sleeps until a source has packets, the worker is to stop, or a moment has passed. */
static void wait_live(struct worker *w, struct pollfd *fds)
{
	nfds_t n = 0;
	uint64_t wakes, begin_ns;

	fds[n++] = (struct pollfd){.fd = w->wake_fd, .events = POLLIN};
	for (unsigned i = 0; i < w->options.live_count; i++)
		if (w->seats.sources[i])
			fds[n++] =
			    (struct pollfd){.fd = source_fd(w->seats.sources[i]), .events = POLLIN};
	begin_ns = steady_now();
	poll(fds, n, worker_has_order(w) ? 1 : LIVE_POLL_MS);
	w->idle_ns += steady_now() - begin_ns;
	if (fds[0].revents && read(w->wake_fd, &wakes, sizeof(wakes)) < 0)
		log_error("worker: %s", strerror(errno));
}

/*
 * What was captured before the stop is still in the kernel: in a block that is not full or, after a pause of this
 * program, in many.
 */
static void drain_live(struct worker *w)
{
	const struct clock *clock = &w->intake.clock;
	uint64_t begin = steady_now(), stop_ns = clock_of_steady(clock, begin), passed = 0;
	/* Together longer than a block that is not full waits, whoever captures. */
	struct timespec pause = {.tv_nsec = 25 * (long)NS_PER_MS};
	unsigned quiet = 0;

	while (quiet < DRAIN_LOOKS && !w->intake.limit_reached &&
	    passed < (clock->now_ns < stop_ns ? DRAIN_BEHIND_MS : DRAIN_MS) * NS_PER_MS) {
		if (read_live_once(w) == 0) {
			quiet++;
			nanosleep(&pause, NULL);
		}
		passed = steady_now() - begin;
	}
	if (clock->now_ns < stop_ns && !w->intake.limit_reached)
		log_warning(
		    "end: packets that waited in the capture ring are not metered: there was no "
		    "time for all of them");
}

static void read_live(struct worker *w)
{
	struct pollfd *fds = calloc(w->options.live_count + 1, sizeof(*fds));

	if (!fds) {
		log_error("worker: %s", strerror(ENOMEM));
		w->failed = true;
	}
	while (fds && !worker_is_stopped(w))
		if (read_live_once(w) == 0)
			wait_live(w, fds);
	free(fds);
	drain_live(w);
	for (unsigned i = 0; i < w->options.live_count; i++)
		seats_forget(&w->seats, i);
}

/* -- life ------------------------------------------------------------------------------------- */

void *worker_run(void *worker)
{
	struct worker *w = worker;
	uint64_t one = 1;
	int rc;

	/* As `top -H` and perf show it. */
	pthread_setname_np(pthread_self(), "sf-worker");
	rc = lanes_start(w->lanes);
	if (rc < 0) {
		/* The exporter waits for an end that would never come. */
		log_error("--workers: no thread for a shard: %s: choose fewer", strerror(-rc));
		_exit(EXIT_FAILURE);
	}
	w->intake.batch = lanes_room(w->lanes);
	if (config_is_live(w->config))
		read_live(w);
	else
		worker_read_files(w);
	worker_end_turn(w, TURN_LAST, true);
	worker_refuse_orders(w);
	if (write(w->options.done_fd, &one, sizeof(one)) < 0)
		log_error("worker: %s", strerror(errno));
	return NULL;
}

static struct lanes *create_lanes(const struct worker *w)
{
	const struct config *c = w->config;
	struct lanes_options options = {.config = c,
	    .records = w->options.rings,
	    .count = w->options.ring_count,
	    .max_flows = c->max_flows / c->workers,
	    .seed = w->options.table_seed};

	return lanes_create(&options);
}

static int seat_sources(struct worker *w)
{
	const struct worker_options *o = &w->options;
	int rc = seats_init(&w->seats, o->live, (unsigned)o->live_count, o->lost_fd);

	for (unsigned i = 0; rc == 0 && i < o->live_count; i++)
		if (o->live[i])
			rc = intake_open(&w->intake, i, o->live[i]);
	/* Then they are still the caller's. */
	for (unsigned i = 0; rc && i < w->seats.count; i++)
		w->seats.sources[i] = NULL;
	return rc;
}

struct worker *worker_create(const struct worker_options *options)
{
	size_t n = options->live_count ? options->live_count : 1;
	struct worker *w = calloc(1, sizeof(*w));
	struct intake_options intake = {
	    .config = options->config,
	    .own_exports = options->own_exports,
	    .sources = n,
	    .seed = options->sampling_seed,
	    .take_batch = take_batch,
	    .take_batch_ctx = w,
	};

	if (!w)
		return NULL;
	w->options = *options;
	w->config = options->config;
	w->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (w->wake_fd < 0)
		log_error("start: %s", strerror(errno));
	w->lanes = create_lanes(w);
	if (options->live_count)
		w->ledger = snapshot_create(published_size(w));
	if (w->wake_fd < 0 || !w->lanes || (options->live_count && !w->ledger) ||
	    intake_init(&w->intake, &intake) < 0 || seat_sources(w) < 0) {
		worker_destroy(w);
		return NULL;
	}
	return w;
}

void worker_destroy(struct worker *w)
{
	if (!w)
		return;
	if (w->wake_fd >= 0)
		close(w->wake_fd);
	lanes_destroy(w->lanes);
	intake_fini(&w->intake);
	snapshot_destroy(w->ledger);
	seats_fini(&w->seats);
	free(w);
}

void worker_wake(struct worker *w)
{
	uint64_t one = 1;

	if (write(w->wake_fd, &one, sizeof(one)) < 0)
		return; /* it is readable already */
}

void worker_stop(struct worker *w)
{
	atomic_store(&w->stop, true);
	worker_wake(w);
}

uint64_t worker_ledger_now(const struct worker *w, struct ledger *l)
{
	struct published now;

	snapshot_read(w->ledger, &now);
	ledger_add(l, &now.part);
	ledger_add_interfaces(l, now.interfaces, w->seats.count);
	return now.at_ns;
}

struct seats *worker_seats(struct worker *w)
{
	return &w->seats;
}

bool worker_failed(const struct worker *w)
{
	return w->failed || w->intake.incomplete;
}

void worker_ledger(struct worker *w, struct ledger *l)
{
	ask_drops(w); /* the interfaces may have told more since */
	ledger_add_packets(l, &w->intake.packets);
	ledger_add_interfaces(l, w->seats.counts, w->seats.count);
	lanes_ledger(w->lanes, l);
}

unsigned worker_beats(const struct worker *w)
{
	return atomic_load_explicit(&w->beats, memory_order_relaxed);
}

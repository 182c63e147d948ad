/*
 * SPINE: packets from the sources through intake and table; records into the ring.
 *
 *	intake_read: source, stamp, sample, decode -> batch
 *	run_batch: table_account -> table_sweep -> end_flow: ring
 */
#include "worker.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "intake.h"
#include "meter/clock.h"
#include "meter/record.h"
#include "meter/table.h"
#include "util/log.h"

/* Without records the exporter is told the time this often. */
#define TICK_NS (250 * NS_PER_MS)
/* Live: how long the loop sleeps when no packet comes; deadlines are met by it. */
#define LIVE_POLL_MS 50
/* How long the ring may be full before the worker looks whether it is to stop. */
#define RING_WAIT_MS 100
/* After a stop, what the kernel has captured already is read for so long at most. */
#define DRAIN_MS 200

struct worker {
	struct worker_options options;
	const struct config *config;
	struct source **sources; /* live ones; a file is the only one while it is read */
	struct intake intake;
	struct table *table;

	uint64_t ticked_ns;
	bool capturing; /* live, and packets are missed if the worker waits */
	bool failed;
	int stop_fd;
	atomic_bool stop;

	uint64_t drops_told; /* packets that the kernel and interfaces dropped */
	uint64_t handed;
	uint64_t ring_dropped;
};

/* -- records ---------------------------------------------------------------------------------- */

/*
 * A free slot of the ring. While it captures live the worker must not wait for one, and gets NULL;
 * offline, and at the end, it waits.
 */
static struct record *ring_slot(struct worker *w)
{
	struct record *slot;

	while (!(slot = ring_push_begin(w->options.ring))) {
		if (w->capturing)
			return NULL;
		ring_wait_space(w->options.ring, RING_WAIT_MS);
	}
	return slot;
}

/* The table's end callback: a record into the ring. */
static void end_flow(void *ctx, const struct flow *f, const struct detail *detail,
    enum end_reason reason, uint64_t clock_ns)
{
	struct worker *w = ctx;
	struct clock_time now = {clock_ns, clock_ns + (uint64_t)w->intake.clock.to_wall_ns};
	struct record *slot = ring_slot(w);

	if (!slot) {
		w->ring_dropped++;
		return;
	}
	record_fill(slot, f, detail, reason, &now);
	if (w->config->ports.local_count)
		slot->direction =
		    port_map_direction(&w->config->ports, slot->ip_version, slot->src, slot->dst);
	ring_push_end(w->options.ring);
	w->handed++;
}

/* What was dropped before it could be captured was not metered either. */
static void count_drops(struct worker *w)
{
	const struct ledger_packets *p = &w->intake.packets;
	uint64_t drops = p->dropped_kernel + p->dropped_interface;

	for (unsigned i = 0; i < w->options.live_count; i++) {
		struct source_drops d;

		if (!w->sources[i])
			continue;
		source_drops(w->sources[i], &d);
		drops += d.kernel + d.interface;
	}
	if (drops <= w->drops_told)
		return;
	unmetered_add(
	    &w->intake.unmetered, drops - w->drops_told, 0, clock_wall_ns(&w->intake.clock));
	w->drops_told = drops;
}

static void push_time(struct worker *w, enum record_kind kind)
{
	const struct unmetered *u = &w->intake.unmetered;
	struct record *slot = ring_slot(w);

	if (!slot)
		return;
	count_drops(w);
	*slot = (struct record){.kind = (uint8_t)kind,
	    .clock_ns = w->intake.clock.now_ns,
	    .wall_ns = clock_wall_ns(&w->intake.clock),
	    .packets = u->packets,
	    .octets = u->octets,
	    .start_ns = u->first_ns,
	    .end_ns = u->last_ns};
	ring_push_end(w->options.ring);
}

/* So that messages leave and templates are sent again also when no flow ends. True: it was time. */
static bool tick(struct worker *w)
{
	uint64_t now = w->intake.clock.now_ns;

	if (now >= w->ticked_ns && now - w->ticked_ns < TICK_NS)
		return false;
	w->ticked_ns = now;
	push_time(w, RECORD_TICK);
	return true;
}

/* -- batches ---------------------------------------------------------------------------------- */

static void run_batch(struct worker *w)
{
	struct intake *in = &w->intake;

	intake_settle(in);
	if (in->batched)
		table_account(w->table, in->batch, in->batched);
	in->batched = 0;
	/* Live a silent flow that is due waits for room in the ring: that loses nothing. */
	table_sweep(w->table, w->intake.clock.now_ns,
	    w->capturing ? ring_room(w->options.ring) / 2 : SIZE_MAX);
	ring_publish(w->options.ring, tick(w));
}

/* All flows of the time before end. */
static void before_restart(void *ctx)
{
	struct worker *w = ctx;

	run_batch(w);
	table_end_all(w->table, w->intake.clock.now_ns);
}

/* -- sources ---------------------------------------------------------------------------------- */

static bool is_stopped(const struct worker *w)
{
	return w->intake.limit_reached || atomic_load_explicit(&w->stop, memory_order_relaxed);
}

/* A batch from the source. Its number of packets, 0 or less as source_read() has it. */
static int read_batch(struct worker *w, unsigned i)
{
	int n = intake_read(&w->intake, i, w->sources[i]);

	run_batch(w);
	return n;
}

/* A pipe has nothing more for now: what came so far is not held back. */
static void before_wait(void *ctx)
{
	struct worker *w = ctx;

	run_batch(w);
	ring_publish(w->options.ring, true);
}

static void close_file(struct worker *w)
{
	source_close(w->sources[0]);
	w->sources[0] = NULL;
}

static void read_file(struct worker *w, const struct config_input *file)
{
	struct source_file_options options = {
	    .path = file->name,
	    .ingress = w->config->file_ingress,
	    .ingress_by_interface = !w->config->file_ingress_given,
	    .filter = w->config->filter,
	    .on_wait = before_wait,
	    .on_wait_ctx = w,
	    .stop = &w->stop,
	};
	int rc = source_file_open(&options, &w->sources[0]);

	if (rc == 0)
		rc = intake_open(&w->intake, 0, w->sources[0]);
	if (rc) {
		w->failed |= rc != -EINTR;
		close_file(w);
		return;
	}
	w->intake.clock.file_begins = true;
	do
		rc = read_batch(w, 0);
	while (rc > 0 && !is_stopped(w));
	w->failed |= rc < 0 && rc != -ENODATA && rc != -EINTR;
	close_file(w);
}

static uint64_t now_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* --time=now: the latest packet of all files is one of this moment. */
static void shift_times(struct worker *w)
{
	uint64_t latest = 0;

	for (size_t i = 0; i < w->config->file_count; i++) {
		struct source_file_options options = {
		    .path = w->config->files[i].name, .filter = w->config->filter};

		source_file_latest(&options, &w->stop, &latest);
	}
	if (latest)
		intake_shift_times(&w->intake, now_ns(CLOCK_REALTIME) - latest);
}

static void read_files(struct worker *w)
{
	if (w->config->time_now)
		shift_times(w);
	for (size_t i = 0; i < w->config->file_count && !is_stopped(w); i++)
		read_file(w, &w->config->files[i]);
}

static void forget_source(struct worker *w, unsigned i)
{
	struct source_drops drops;

	source_drops(w->sources[i], &drops);
	w->intake.packets.dropped_kernel += drops.kernel;
	w->intake.packets.dropped_interface += drops.interface;
	source_close(w->sources[i]);
	w->sources[i] = NULL;
}

/* A batch from each live source. How many packets they gave; -ENODEV: none is left. */
static int read_live_once(struct worker *w)
{
	unsigned left = 0;
	int total = 0;

	clock_tick_live(&w->intake.clock, now_ns(CLOCK_MONOTONIC), now_ns(CLOCK_REALTIME));
	for (unsigned i = 0; i < w->options.live_count && !w->intake.limit_reached; i++) {
		int n;

		if (!w->sources[i])
			continue;
		n = read_batch(w, i);
		if (n < 0 && n != -EINTR) {
			w->failed = true;
			forget_source(w, i);
			continue;
		}
		left++;
		total += n > 0 ? n : 0;
	}
	if (total == 0) {
		clock_catch_up(&w->intake.clock);
		run_batch(w);
		ring_publish(w->options.ring, true);
	}
	return left || w->intake.limit_reached ? total : -ENODEV;
}

/* Sleeps until a source has packets, the worker is to stop, or a moment has passed. */
static void wait_live(const struct worker *w, struct pollfd *fds)
{
	nfds_t n = 0;

	fds[n++] = (struct pollfd){.fd = w->stop_fd, .events = POLLIN};
	for (unsigned i = 0; i < w->options.live_count; i++)
		if (w->sources[i])
			fds[n++] =
			    (struct pollfd){.fd = source_fd(w->sources[i]), .events = POLLIN};
	poll(fds, n, LIVE_POLL_MS);
}

/* What was captured before the stop is still in the kernel, in a block that is not full. */
static void drain_live(struct worker *w)
{
	uint64_t until = now_ns(CLOCK_MONOTONIC) + DRAIN_MS * NS_PER_MS;
	struct timespec pause = {.tv_nsec = 20 * (long)NS_PER_MS};
	unsigned quiet = 0;

	while (quiet < 2 && !w->intake.limit_reached && now_ns(CLOCK_MONOTONIC) < until) {
		int n = read_live_once(w);

		if (n < 0)
			return;
		if (n == 0) {
			quiet++;
			nanosleep(&pause, NULL);
		}
	}
}

static void read_live(struct worker *w)
{
	struct pollfd *fds = calloc(w->options.live_count + 1, sizeof(*fds));
	int n = 1;

	while (fds && n >= 0 && !is_stopped(w)) {
		n = read_live_once(w);
		if (n == 0)
			wait_live(w, fds);
	}
	free(fds);
	if (n >= 0)
		drain_live(w);
	for (unsigned i = 0; i < w->options.live_count; i++)
		if (w->sources[i])
			forget_source(w, i);
}

/* -- life ------------------------------------------------------------------------------------- */

void *worker_run(void *worker)
{
	struct worker *w = worker;
	uint64_t one = 1;

	w->capturing = config_is_live(w->config);
	if (w->capturing)
		read_live(w);
	else
		read_files(w);
	w->capturing = false;
	run_batch(w);
	table_end_all(w->table, w->intake.clock.now_ns);
	push_time(w, RECORD_LAST);
	ring_publish(w->options.ring, true);
	if (write(w->options.done_fd, &one, sizeof(one)) < 0)
		log_error("worker: %s", strerror(errno));
	return NULL;
}

static struct table *create_table(struct worker *w)
{
	const struct config *c = w->config;
	struct table_options options = {
	    .max_flows = c->max_flows,
	    .timeouts = c->timeouts,
	    .seed = w->options.table_seed,
	    .details = c->decode.details,
	    .key_changes = c->key_changes,
	    .end = end_flow,
	    .end_ctx = w,
	};
	struct table *t = table_create(&options);

	if (!t)
		log_error("--max-flows: no address space for %u flows: choose fewer", c->max_flows);
	return t;
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
	    .on_restart = before_restart,
	    .on_restart_ctx = w,
	};

	if (!w)
		return NULL;
	w->options = *options;
	w->config = options->config;
	w->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (w->stop_fd < 0)
		log_error("start: %s", strerror(errno));
	w->sources = calloc(n, sizeof(*w->sources));
	w->table = create_table(w);
	if (w->stop_fd < 0 || !w->sources || !w->table || intake_init(&w->intake, &intake) < 0) {
		worker_destroy(w);
		return NULL;
	}
	for (size_t i = 0; i < options->live_count; i++) {
		w->sources[i] = options->live[i];
		if (intake_open(&w->intake, (unsigned)i, w->sources[i]) < 0) {
			worker_destroy(w);
			return NULL;
		}
	}
	return w;
}

void worker_destroy(struct worker *w)
{
	if (!w)
		return;
	if (w->stop_fd >= 0)
		close(w->stop_fd);
	table_destroy(w->table);
	intake_fini(&w->intake);
	free(w->sources);
	free(w);
}

void worker_stop(struct worker *w)
{
	uint64_t one = 1;

	atomic_store(&w->stop, true);
	if (write(w->stop_fd, &one, sizeof(one)) < 0)
		return; /* it is readable already */
}

bool worker_failed(const struct worker *w)
{
	return w->failed || w->intake.incomplete;
}

void worker_ledger(const struct worker *w, struct ledger *l)
{
	l->packets = w->intake.packets;
	l->flows = *table_stats(w->table);
	l->handed = w->handed;
	l->ring_dropped = w->ring_dropped;
}

/*
 * SPINE: packets from the sources through sampler, decoder and table; records into the ring.
 *
 *	source_read -> take_packet: stamp, sample, decode -> batch
 *	run_batch: table_account -> table_sweep -> end_flow: ring
 */
#include "worker.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "decode/decode.h"
#include "meter/clock.h"
#include "meter/record.h"
#include "meter/sampler.h"
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
	struct sampler *samplers;
	struct table *table;
	struct clock clock;

	struct pktinfo batch[TABLE_BATCH];
	unsigned batched;
	unsigned reading; /* number of the source that is being read */

	uint64_t ticked_ns;
	uint64_t first_clock_ns;
	bool capturing; /* live, and packets are missed if the worker waits */
	bool limit_reached;
	bool failed;
	int stop_fd;
	atomic_bool stop;

	struct ledger_packets packets;
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
	struct clock_time now = {clock_ns, clock_ns + (uint64_t)w->clock.to_wall_ns};
	struct record *slot = ring_slot(w);

	if (!slot) {
		w->ring_dropped++;
		return;
	}
	record_fill(slot, f, detail, reason, &now);
	ring_push_end(w->options.ring);
	w->handed++;
}

static void push_time(struct worker *w, enum record_kind kind)
{
	struct record *slot = ring_slot(w);

	if (!slot)
		return;
	*slot = (struct record){.kind = (uint8_t)kind,
	    .clock_ns = w->clock.now_ns,
	    .wall_ns = clock_wall_ns(&w->clock)};
	ring_push_end(w->options.ring);
}

/* So that messages leave and templates are sent again also when no flow ends. True: it was time. */
static bool tick(struct worker *w)
{
	uint64_t now = w->clock.now_ns;

	if (now >= w->ticked_ns && now - w->ticked_ns < TICK_NS)
		return false;
	w->ticked_ns = now;
	push_time(w, RECORD_TICK);
	return true;
}

/* -- packets ---------------------------------------------------------------------------------- */

static void run_batch(struct worker *w)
{
	if (w->batched)
		table_account(w->table, w->batch, w->batched);
	w->batched = 0;
	/* Live a silent flow that is due waits for room in the ring: that loses nothing. */
	table_sweep(
	    w->table, w->clock.now_ns, w->capturing ? ring_room(w->options.ring) / 2 : SIZE_MAX);
	ring_publish(w->options.ring, tick(w));
}

static bool is_own_export(const struct worker *w, const struct pktinfo *info)
{
	const struct own_exports *own = w->options.own_exports;
	unsigned n = atomic_load_explicit(&own->count, memory_order_acquire);

	if (info->protocol != IPPROTO_UDP)
		return false;
	for (unsigned i = 0; i < n; i++) {
		const struct own_export *o = &own->entries[i];

		if (info->dst_port == o->dst_port && info->src_port == o->src_port &&
		    info->ip_version == o->ip_version && memcmp(info->dst, o->dst, 16) == 0 &&
		    memcmp(info->src, o->src, 16) == 0)
			return true;
	}
	return false;
}

/* All flows of the time before end; the clock starts again at this packet. */
static void restart_clock(struct worker *w, uint64_t ts_ns)
{
	run_batch(w);
	table_end_all(w->table, w->clock.now_ns);
	clock_restart(&w->clock, ts_ns);
	w->packets.notes[NOTE_CLOCK_RESTARTS]++;
}

static struct stamp stamp_packet(struct worker *w, uint64_t ts_ns)
{
	struct stamp stamp;

	if (clock_steps_back(&w->clock, ts_ns))
		restart_clock(w, ts_ns);
	stamp = clock_stamp(&w->clock, ts_ns);
	w->packets.notes[NOTE_NO_TIME] += stamp.no_time;
	return stamp;
}

/* Offline --duration is packet time; the packet that is past it is not taken. */
static bool past_duration(struct worker *w, uint64_t ts_ns)
{
	uint64_t duration = w->config->duration_ns;

	if (!duration || config_is_live(w->config) || w->packets.received == 0)
		return false;
	return ts_ns > w->first_clock_ns && ts_ns - w->first_clock_ns >= duration;
}

/* Adds the packet to the batch, or to the counter that says why not. */
static void meter_packet(struct worker *w, const struct packet *packet, const struct stamp *stamp)
{
	struct pktinfo *info = &w->batch[w->batched];
	enum ignored ignored = decode_packet(packet, &w->config->decode, info);

	if (!ignored && is_own_export(w, info))
		ignored = IGNORED_OWN_EXPORT;
	if (ignored) {
		w->packets.ignored[ignored]++;
		return;
	}
	info->ts_ns = stamp->ts_ns;
	info->clock_ns = stamp->clock_ns;
	info->late = stamp->late;
	w->packets.notes[NOTE_LENGTH_LIES] += info->notes >> NOTE_LENGTH_LIES & 1;
	w->packets.notes[NOTE_HEADER_LIMIT] += info->notes >> NOTE_HEADER_LIMIT & 1;
	w->packets.metered++;
	w->packets.metered_octets += info->octets;
	w->batched++;
}

/* What a source calls with each packet. The stamp comes first: skipped packets move the clock. */
static bool take_packet(void *ctx, const struct packet *packet)
{
	struct worker *w = ctx;
	struct stamp stamp;

	if (w->limit_reached || past_duration(w, packet->ts_ns)) {
		w->limit_reached = true;
		return false;
	}
	stamp = stamp_packet(w, packet->ts_ns);
	if (w->packets.received++ == 0)
		w->first_clock_ns = stamp.clock_ns;
	if (w->packets.received == w->config->packet_limit)
		w->limit_reached = true;
	if (sampler_take(&w->samplers[w->reading]))
		meter_packet(w, packet, &stamp);
	else
		w->packets.not_sampled++;
	return !w->limit_reached;
}

/* -- sources ---------------------------------------------------------------------------------- */

static bool is_stopped(const struct worker *w)
{
	return w->limit_reached || atomic_load_explicit(&w->stop, memory_order_relaxed);
}

/* A batch from the source. Its number of packets, 0 or less as source_read() has it. */
static int read_batch(struct worker *w, unsigned i)
{
	int n;

	w->reading = i;
	n = source_read(w->sources[i], TABLE_BATCH, take_packet, w);
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

static void read_file(struct worker *w, const struct config_input *file)
{
	struct source_file_options options = {
	    .path = file->name,
	    .ingress = w->config->file_ingress,
	    .filter = w->config->filter,
	    .on_wait = before_wait,
	    .on_wait_ctx = w,
	};
	int rc = source_file_open(&options, &w->sources[0]);

	if (rc == 0 && !decode_supports(w->sources[0]->linktype)) {
		log_error("%s: link type %d is not decoded: those that are: %s",
		    w->sources[0]->name, w->sources[0]->linktype, decode_supported);
		rc = -ENOTSUP;
		source_close(w->sources[0]);
		w->sources[0] = NULL;
	}
	if (rc) {
		w->failed |= rc != -EINTR;
		return;
	}
	w->clock.file_begins = true;
	do
		rc = read_batch(w, 0);
	while (rc > 0 && !is_stopped(w));
	w->failed |= rc < 0 && rc != -ENODATA && rc != -EINTR;
	source_close(w->sources[0]);
	w->sources[0] = NULL;
}

static void read_files(struct worker *w)
{
	for (size_t i = 0; i < w->config->file_count && !is_stopped(w); i++)
		read_file(w, &w->config->files[i]);
}

static uint64_t now_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static void forget_source(struct worker *w, unsigned i)
{
	struct source_drops drops;

	source_drops(w->sources[i], &drops);
	w->packets.dropped_kernel += drops.kernel;
	w->packets.dropped_interface += drops.interface;
	source_close(w->sources[i]);
	w->sources[i] = NULL;
}

/* A batch from each live source. How many packets they gave; -ENODEV: none is left. */
static int read_live_once(struct worker *w)
{
	unsigned left = 0;
	int total = 0;

	clock_tick_live(&w->clock, now_ns(CLOCK_MONOTONIC), now_ns(CLOCK_REALTIME));
	for (unsigned i = 0; i < w->options.live_count && !w->limit_reached; i++) {
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
		clock_catch_up(&w->clock);
		run_batch(w);
		ring_publish(w->options.ring, true);
	}
	return left || w->limit_reached ? total : -ENODEV;
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

	while (quiet < 2 && !w->limit_reached && now_ns(CLOCK_MONOTONIC) < until) {
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
	table_end_all(w->table, w->clock.now_ns);
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

	if (!w)
		return NULL;
	w->options = *options;
	w->config = options->config;
	w->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (w->stop_fd < 0)
		log_error("start: %s", strerror(errno));
	w->sources = calloc(n, sizeof(*w->sources));
	w->samplers = calloc(n, sizeof(*w->samplers));
	w->table = create_table(w);
	if (w->stop_fd < 0 || !w->sources || !w->samplers || !w->table) {
		worker_destroy(w);
		return NULL;
	}
	for (size_t i = 0; i < options->live_count; i++)
		w->sources[i] = options->live[i];
	for (size_t i = 0; i < n; i++)
		sampler_init(
		    &w->samplers[i], &w->config->sampling.rules[0], options->sampling_seed + i);
	return w;
}

void worker_destroy(struct worker *w)
{
	if (!w)
		return;
	if (w->stop_fd >= 0)
		close(w->stop_fd);
	table_destroy(w->table);
	free(w->samplers);
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
	return w->failed;
}

void worker_ledger(const struct worker *w, struct ledger *l)
{
	l->packets = w->packets;
	l->flows = *table_stats(w->table);
	l->handed = w->handed;
	l->ring_dropped = w->ring_dropped;
}

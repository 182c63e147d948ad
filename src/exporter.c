/*
 * SPINE: records from the rings (merge.h) to the collectors, in groups (group.h), and messages out.
 *
 *	take_records: merge_next -> group_offer -> collector_offer -> encoder -> sender
 *	run_groups: group_run -> collector_run -> sender -> transport
 */
#include "exporter.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "collector.h"
#include "group.h"
#include "merge.h"
#include "meter/record.h"
#include "transport/file.h"
#include "transport/udp.h"
#include "util/log.h"
#include "util/now.h"
#include "util/snapshot.h"
#include "util/units.h"

/* Of all rings together: behind so many the collectors send, before their queues are full. */
#define RECORDS_A_TURN 512
/* After a stop pacing ends at the first time, and what is not sent at the second is dropped. */
#define HURRY_UNPACED_NS (2 * NS_PER_S)
#define HURRY_DROP_NS (2600 * NS_PER_MS)
/* What waits for room on a disk is dropped so long after another exporter has taken over. */
#define ROOM_DROP_NS (60 * NS_PER_S)
/* How long to sleep at most, so that a hurry is noticed. */
#define SLEEP_MAX_NS (100 * NS_PER_MS)
/* What the collectors got is given out this often. */
#define PUBLISH_NS (200 * NS_PER_MS)

/* The later ones leave less time. */
enum haste { HASTE_NONE, HASTE_REPLACED, HASTE_STOP };

/* A collector as the loop needs it. */
struct output {
	const struct config_collector *config;
	struct transport *transport; /* the collector's */
	struct collector *collector;
};

/* What others read of the exporter while it works. */
struct published {
	struct ledger_collector collectors[CONFIG_COLLECTORS_MAX];
	size_t count;
};

struct exporter {
	struct exporter_options options;
	struct merge merge; /* of its rings */
	struct output outputs[CONFIG_COLLECTORS_MAX];
	size_t count;
	struct group groups[CONFIG_GROUPS_MAX + 1]; /* the first is of those that have none */
	size_t group_count;
	bool failed;
	bool unpaced;
	bool dead_told;
	_Atomic enum haste asked;
	enum haste haste; /* as last seen */
	uint64_t haste_since_ns;
	struct snapshot *published;
	atomic_uint beats; /* how often it was given out */
	uint64_t published_ns;
};

/* -- records ---------------------------------------------------------------------------------- */

/* Offline nothing may be lost: the ring waits until every collector has room. */
static bool may_take(const struct exporter *x)
{
	if (config_is_live(x->options.config))
		return true;
	for (size_t i = 0; i < x->group_count; i++)
		if (!group_has_room(&x->groups[i]))
			return false;
	return true;
}

static void offer(struct exporter *x, const struct record *r)
{
	for (size_t i = 0; i < x->group_count; i++)
		group_offer(&x->groups[i], r);
}

static bool take_records(struct exporter *x)
{
	const struct record *r;

	while (may_take(x) && (r = merge_next(&x->merge)))
		offer(x, r);
	return merge_end_turn(&x->merge);
}

/* A person who watches lines does not wait for company to come. */
static void flush_streams(struct exporter *x)
{
	for (size_t i = 0; i < x->count; i++)
		if (format_is_stream(x->outputs[i].config->encoding.format))
			collector_flush(x->outputs[i].collector);
}

/* -- messages --------------------------------------------------------------------------------- */

static void renew_sessions(struct exporter *x)
{
	for (size_t i = 0; i < x->group_count; i++)
		group_renew(&x->groups[i], steady_now());
}

/* When the first of the collectors wants to be run again. */
static uint64_t run_groups(struct exporter *x)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < x->group_count; i++) {
		uint64_t when = group_run(&x->groups[i], steady_now());

		if (when < next)
			next = when;
	}
	return next;
}

static bool all_sent(const struct exporter *x)
{
	for (size_t i = 0; i < x->count; i++)
		if (collector_is_busy(x->outputs[i].collector))
			return false;
	return true;
}

/* When every output is a stream and each has broken there is no use in going on; at its end it goes on no longer. */
static void tell_if_dead(struct exporter *x)
{
	uint64_t one = 1;

	if (atomic_load_explicit(&x->asked, memory_order_relaxed) != HASTE_NONE)
		return;
	for (size_t i = 0; i < x->count; i++)
		if (!collector_is_dead(x->outputs[i].collector))
			return;
	if (!x->dead_told && write(x->options.dead_fd, &one, sizeof(one)) == sizeof(one))
		x->dead_told = true;
}

/* Whoever moves a file while its disk is full is about to make room. */
static uint64_t time_for(const struct exporter *x, const struct collector *c)
{
	bool may_wait = x->haste == HASTE_REPLACED && collector_lacks_room(c);

	return may_wait ? ROOM_DROP_NS : HURRY_DROP_NS;
}

static void hurry_up(struct exporter *x)
{
	enum haste asked = atomic_load_explicit(&x->asked, memory_order_relaxed);
	uint64_t waited;

	if (asked == HASTE_NONE)
		return;
	if (asked != x->haste) {
		x->haste = asked;
		x->haste_since_ns = steady_now();
	}
	waited = steady_now() - x->haste_since_ns;
	if (waited >= HURRY_UNPACED_NS && !x->unpaced) {
		x->unpaced = true;
		for (size_t i = 0; i < x->count; i++)
			collector_unpace(x->outputs[i].collector);
	}
	for (size_t i = 0; i < x->count; i++)
		if (waited >= time_for(x, x->outputs[i].collector))
			collector_give_up(x->outputs[i].collector, FAILURE_SHUTDOWN);
}

/* What to wait for besides the ring: `waiters` are the collectors in the same order. */
static nfds_t add_collectors(
    const struct exporter *x, struct pollfd *fds, struct collector **waiters)
{
	nfds_t n = 0;

	for (size_t i = 0; i < x->count; i++) {
		waiters[n] = x->outputs[i].collector;
		fds[n].fd = collector_wait_fd(waiters[n], &fds[n].events);
		fds[n].revents = 0;
		n += fds[n].fd >= 0;
	}
	return n;
}

/* Sleeps until records come, a transport is ready or has an error, or the next message is due. */
static void wait_for_work(struct exporter *x, uint64_t next_ns)
{
	struct pollfd fds[CONFIG_COLLECTORS_MAX + CONFIG_WORKERS_MAX];
	struct collector *waiters[CONFIG_COLLECTORS_MAX];
	uint64_t now = steady_now();
	uint64_t sleep_ns = next_ns > now ? next_ns - now : 0;
	nfds_t others = add_collectors(x, fds, waiters), n = others;
	bool may_sleep = !may_take(x) || merge_sleep(&x->merge, fds, &n);
	struct timespec timeout;

	if (sleep_ns > SLEEP_MAX_NS)
		sleep_ns = SLEEP_MAX_NS;
	timeout = (struct timespec){.tv_nsec = (long)sleep_ns};
	if (may_sleep && ppoll(fds, n, &timeout, NULL) > 0)
		for (nfds_t i = 0; i < others; i++)
			collector_woken(waiters[i], fds[i].revents, steady_now());
	merge_wake_up(&x->merge);
}

static __attribute__((noinline)) void publish(struct exporter *x)
{
	struct published out = {.count = x->count};

	for (size_t i = 0; i < x->count; i++)
		collector_ledger(x->outputs[i].collector, &out.collectors[i]);
	snapshot_give(x->published, &out);
	atomic_fetch_add_explicit(&x->beats, 1, memory_order_relaxed);
}

/* Apart: what is published has kilobytes, and is cleared first. */
static void publish_if_due(struct exporter *x, uint64_t now_ns)
{
	if (now_ns - x->published_ns < PUBLISH_NS)
		return;
	x->published_ns = now_ns;
	publish(x);
}

void *exporter_run(void *exporter)
{
	struct exporter *x = exporter;
	uint64_t one = 1;

	while (!merge_has_ended(&x->merge) || !all_sent(x)) {
		bool worked;
		uint64_t next;

		renew_sessions(x);
		worked = take_records(x);
		if (!worked)
			flush_streams(x);
		next = run_groups(x);
		tell_if_dead(x);
		hurry_up(x);
		publish_if_due(x, steady_now());
		if (!worked)
			wait_for_work(x, next);
	}
	if (write(x->options.done_fd, &one, sizeof(one)) < 0)
		log_error("exporter: %s", strerror(errno));
	return NULL;
}

/* -- life ------------------------------------------------------------------------------------- */

/* A file that cannot be opened is said here; its records are then dropped. What was captured before stays. */
static struct transport *open_transport(const struct config_collector *c, bool is_live)
{
	const char *name = c->path ? c->path : "standard output";
	struct transport *t;

	if (c->host)
		return udp_create(c->name, c->host, c->port, &c->udp);
	t = file_create(name, c->path, is_live);
	if (t && t->is_broken)
		log_error("%s: %s", name, strerror(t->is_broken));
	return t;
}

static int open_output(struct exporter *x, struct output *o, const struct config_collector *conf)
{
	o->config = conf;
	o->transport = open_transport(conf, config_is_live(x->options.config));
	if (o->transport) {
		x->failed |= o->transport->is_broken;
		o->collector =
		    collector_create(conf, o->transport, config_is_live(x->options.config));
	}
	if (o->collector)
		return 0;
	log_error("%s: %s", conf->url, strerror(ENOMEM));
	return -ENOMEM;
}

/* The group that the collector names; the first one for those that name none. */
static struct group *find_group(struct exporter *x, const struct config_collector *conf)
{
	const struct config *c = x->options.config;

	for (size_t i = 0; conf->group && i < c->group_count; i++)
		if (strcmp(conf->group, c->groups[i].name) == 0)
			return &x->groups[i + 1];
	return &x->groups[0];
}

static void init_group(struct group *g, const struct config *c, const struct config_group *conf)
{
	group_init(g, conf);
	g->without_ports = !key_has(KEY_PORTS, c->key_changes);
}

static void init_groups(struct exporter *x)
{
	const struct config *c = x->options.config;

	group_init(&x->groups[0], NULL);
	for (size_t i = 0; i < c->group_count; i++)
		init_group(&x->groups[i + 1], c, &c->groups[i]);
	x->group_count = c->group_count + 1;
}

struct exporter *exporter_create(const struct exporter_options *options)
{
	struct exporter *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->options = *options;
	x->published = snapshot_create(sizeof(struct published));
	if (!x->published) {
		exporter_destroy(x);
		return NULL;
	}
	merge_init(&x->merge, options->rings, options->ring_count, RECORDS_A_TURN);
	init_groups(x);
	for (size_t i = 0; i < options->config->collector_count; i++) {
		const struct config_collector *conf = &options->config->collectors[i];

		if (open_output(x, &x->outputs[i], conf) < 0) {
			exporter_destroy(x);
			return NULL;
		}
		x->count++;
		group_add(find_group(x, conf), x->outputs[i].collector, conf->url);
	}
	/*
	 * Its collectors are known as soon as it is the present one, whether or not its thread has come to run. The
	 * first turn, which takes their addresses over, tells again.
	 */
	publish(x);
	return x;
}

void exporter_destroy(struct exporter *x)
{
	if (!x)
		return;
	for (size_t i = 0; i < x->count; i++)
		collector_destroy(x->outputs[i].collector);
	snapshot_destroy(x->published);
	free(x);
}

struct transport *exporter_transport(struct exporter *x, size_t i)
{
	return x->outputs[i].transport;
}

void exporter_hurry(struct exporter *x)
{
	atomic_store(&x->asked, HASTE_STOP);
}

void exporter_retire(struct exporter *x)
{
	enum haste none = HASTE_NONE;

	atomic_compare_exchange_strong(&x->asked, &none, HASTE_REPLACED);
}

bool exporter_failed(const struct exporter *x)
{
	for (size_t i = 0; i < x->count; i++)
		if (collector_has_failed(x->outputs[i].collector))
			return true;
	return x->failed;
}

unsigned exporter_broken(const struct exporter *x)
{
	unsigned n = 0;

	for (size_t i = 0; i < x->count; i++)
		n += x->outputs[i].transport->is_broken != 0;
	return n;
}

void exporter_ledger(const struct exporter *x, struct ledger *l)
{
	for (size_t i = 0; i < x->count; i++)
		collector_ledger(x->outputs[i].collector, &l->collectors[i]);
	l->collector_count = x->count;
}

size_t exporter_ledger_now(const struct exporter *x, struct ledger_collector *collectors)
{
	struct published now;

	snapshot_read(x->published, &now);
	memcpy(collectors, now.collectors, now.count * sizeof(*collectors));
	return now.count;
}

unsigned exporter_beats(const struct exporter *x)
{
	return atomic_load_explicit(&x->beats, memory_order_relaxed);
}

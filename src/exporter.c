/*
 * SPINE: records from the ring through each collector's encoder into its sender.
 *
 *	take_records: ring -> encoder_record -> (a message is complete) -> sender_push
 *	run_senders: sender_run -> transport
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

#include "export/encoder.h"
#include "meter/record.h"
#include "transport/sender.h"
#include "util/log.h"
#include "util/units.h"

#define RECORDS_A_TURN 256
/* After a stop pacing ends at the first time, and what is not sent at the second is dropped. */
#define HURRY_UNPACED_NS (2 * NS_PER_S)
#define HURRY_DROP_NS (2600 * NS_PER_MS)
/* How long to sleep at most, so that a hurry is noticed. */
#define SLEEP_MAX_NS (100 * NS_PER_MS)

struct collector {
	const struct config_collector *config;
	struct transport *transport; /* the sender's */
	struct encoder *encoder;
	struct sender *sender;
	uint64_t records;
};

struct exporter {
	struct exporter_options options;
	struct collector collectors[CONFIG_COLLECTORS_MAX];
	size_t count;
	bool failed;
	bool ended; /* RECORD_LAST came */
	bool unpaced;
	bool dead_told;
	atomic_bool hurry;
	uint64_t hurry_since_ns;
};

static uint64_t steady_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* -- records ---------------------------------------------------------------------------------- */

/* The encoder's callback. */
static void queue_message(void *ctx, const struct message *m)
{
	struct collector *c = ctx;

	sender_push(c->sender, m);
}

static void offer(struct collector *c, const struct record *r)
{
	switch (r->kind) {
	case RECORD_FLOW:
		c->records++;
		encoder_record(c->encoder, r);
		break;
	case RECORD_TICK:
		encoder_tick(c->encoder, r->clock_ns, r->wall_ns);
		break;
	default:
		/* A capture without a packet has no time: nothing is to be said about it. */
		if (r->clock_ns)
			encoder_tick(c->encoder, r->clock_ns, r->wall_ns);
		encoder_finish(c->encoder);
		break;
	}
}

/* Offline nothing may be lost: the ring waits until every collector has room. */
static bool may_take(const struct exporter *x)
{
	if (config_is_live(x->options.config))
		return true;
	for (size_t i = 0; i < x->count; i++)
		if (!sender_has_room(x->collectors[i].sender))
			return false;
	return true;
}

static bool take_records(struct exporter *x)
{
	const struct record *r;
	unsigned n = 0;

	while (n < RECORDS_A_TURN && may_take(x) && (r = ring_pop_begin(x->options.ring))) {
		for (size_t i = 0; i < x->count; i++)
			offer(&x->collectors[i], r);
		x->ended |= r->kind == RECORD_LAST;
		ring_pop_end(x->options.ring);
		n++;
	}
	return n > 0;
}

/* A person who watches lines does not wait for company to come. */
static void flush_streams(struct exporter *x)
{
	for (size_t i = 0; i < x->count; i++)
		if (format_is_stream(x->collectors[i].config->encoding.format))
			encoder_flush(x->collectors[i].encoder);
}

/* -- messages --------------------------------------------------------------------------------- */

/* When the first of the senders wants to be called again. */
static uint64_t run_senders(struct exporter *x)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < x->count; i++) {
		struct collector *c = &x->collectors[i];
		uint64_t when = sender_run(c->sender, steady_now());

		if (sender_take_refusal(c->sender))
			encoder_refresh(c->encoder);
		if (when < next)
			next = when;
	}
	return next;
}

static bool all_sent(const struct exporter *x)
{
	for (size_t i = 0; i < x->count; i++)
		if (sender_is_busy(x->collectors[i].sender))
			return false;
	return true;
}

/* When every output is a stream and each has broken there is no use in going on. */
static void tell_if_dead(struct exporter *x)
{
	uint64_t one = 1;

	for (size_t i = 0; i < x->count; i++)
		if (!sender_is_dead(x->collectors[i].sender))
			return;
	if (!x->dead_told && write(x->options.dead_fd, &one, sizeof(one)) == sizeof(one))
		x->dead_told = true;
}

static void hurry_up(struct exporter *x)
{
	uint64_t waited;

	if (!atomic_load_explicit(&x->hurry, memory_order_relaxed))
		return;
	if (!x->hurry_since_ns)
		x->hurry_since_ns = steady_now();
	waited = steady_now() - x->hurry_since_ns;
	if (waited >= HURRY_UNPACED_NS && !x->unpaced) {
		x->unpaced = true;
		for (size_t i = 0; i < x->count; i++)
			sender_unpace(x->collectors[i].sender);
	}
	if (waited >= HURRY_DROP_NS)
		for (size_t i = 0; i < x->count; i++)
			sender_give_up(x->collectors[i].sender, FAILURE_SHUTDOWN);
}

/* Sleeps until records come, a transport is ready again, or it is time for the next message. */
static void wait_for_work(struct exporter *x, uint64_t next_ns)
{
	struct pollfd fds[CONFIG_COLLECTORS_MAX + 1];
	uint64_t now = steady_now();
	uint64_t sleep_ns = next_ns > now ? next_ns - now : 0;
	bool may_sleep = !may_take(x) || ring_sleep_begin(x->options.ring);
	struct timespec timeout;
	nfds_t n = 0;

	if (sleep_ns > SLEEP_MAX_NS)
		sleep_ns = SLEEP_MAX_NS;
	timeout = (struct timespec){.tv_nsec = (long)sleep_ns};
	if (may_take(x))
		fds[n++] = (struct pollfd){.fd = ring_data_fd(x->options.ring), .events = POLLIN};
	for (size_t i = 0; i < x->count; i++) {
		int fd = sender_wait_fd(x->collectors[i].sender);

		if (fd >= 0)
			fds[n++] = (struct pollfd){.fd = fd, .events = POLLOUT};
	}
	if (may_sleep)
		ppoll(fds, n, &timeout, NULL);
	ring_sleep_end(x->options.ring);
}

void *exporter_run(void *exporter)
{
	struct exporter *x = exporter;

	while (!x->ended || !all_sent(x)) {
		bool worked = take_records(x);
		uint64_t next;

		if (!worked)
			flush_streams(x);
		next = run_senders(x);
		tell_if_dead(x);
		hurry_up(x);
		if (!worked)
			wait_for_work(x, next);
	}
	return NULL;
}

/* -- life ------------------------------------------------------------------------------------- */

/* A file that cannot be opened is said here; its records are then dropped under that error. */
static struct transport *open_transport(const struct config_collector *c)
{
	const char *name = c->path ? c->path : "standard output";
	struct transport *t;

	if (c->host)
		return udp_create(c->url, c->host, c->port);
	t = file_create(name, c->path);
	if (t && t->is_broken)
		log_error("%s: %s", name, strerror(t->is_broken));
	return t;
}

static int open_collector(
    struct exporter *x, struct collector *c, const struct config_collector *conf)
{
	bool stream = format_is_stream(conf->encoding.format);
	struct encoder_options encoding = conf->encoding;
	struct sender_options sending = conf->sending;

	encoding.out = queue_message;
	encoding.out_ctx = c;
	sending.max_message = stream ? STREAM_MESSAGE_MAX : encoding.max_payload;
	if (stream || config_is_live(x->options.config))
		sending.rate = 0;
	c->config = conf;
	c->transport = open_transport(conf);
	if (c->transport)
		c->sender = sender_create(&sending, c->transport);
	c->encoder = encoder_create(&encoding);
	x->failed |= c->transport && c->transport->is_broken;
	if (c->sender && c->encoder)
		return 0;
	log_error("%s: %s", conf->url, strerror(ENOMEM));
	return -ENOMEM;
}

struct exporter *exporter_create(const struct exporter_options *options)
{
	struct exporter *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->options = *options;
	for (size_t i = 0; i < options->config->collector_count; i++) {
		x->count++;
		if (open_collector(x, &x->collectors[i], &options->config->collectors[i]) < 0) {
			exporter_destroy(x);
			return NULL;
		}
	}
	return x;
}

void exporter_destroy(struct exporter *x)
{
	if (!x)
		return;
	for (size_t i = 0; i < x->count; i++) {
		encoder_destroy(x->collectors[i].encoder);
		sender_destroy(x->collectors[i].sender);
	}
	free(x);
}

struct transport *exporter_udp(struct exporter *x, size_t i)
{
	return x->collectors[i].config->host ? x->collectors[i].transport : NULL;
}

void exporter_hurry(struct exporter *x)
{
	atomic_store(&x->hurry, true);
}

bool exporter_failed(const struct exporter *x)
{
	for (size_t i = 0; i < x->count; i++)
		if (sender_is_dead(x->collectors[i].sender))
			return true;
	return x->failed;
}

unsigned exporter_broken(const struct exporter *x)
{
	unsigned n = 0;

	for (size_t i = 0; i < x->count; i++)
		n += x->collectors[i].transport->is_broken != 0;
	return n;
}

void exporter_ledger(const struct exporter *x, struct ledger *l)
{
	for (size_t i = 0; i < x->count; i++) {
		const struct collector *c = &x->collectors[i];

		l->collectors[i] = (struct ledger_collector){
		    .url = c->config->url,
		    .format = format_name(c->config->encoding.format),
		    .records = c->records,
		    .not_expressible = *encoder_not_expressible(c->encoder),
		    .sender = *sender_stats(c->sender),
		};
	}
	l->collector_count = x->count;
}

#include "shard.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#include "util/ahead.h"
#include "util/log.h"

/* How long the ring may be full before the shard looks again. */
#define RING_WAIT_MS 100
/* How long its thread may sleep before it looks into the queue again. */
#define QUEUE_WAIT_MS 1000
/* So many of the table's slots an order is carried out for at once: some 0.1 ms. */
#define SERVE_SLOTS 4096

struct shard {
	struct shard_options options;
	struct table *table;
	struct ahead *ahead; /* brings the table's memory in */
	struct ring *turns;  /* NULL: the caller's thread takes them */
	pthread_t thread;
	bool capturing; /* live, and packets are missed if it waits */
	struct clock_time now;
	uint64_t handed;
	uint64_t ring_dropped;
};

/* -- records ---------------------------------------------------------------------------------- */

/*
 * A free slot of the ring. While it captures live the shard must not wait for one, and gets NULL;
 * offline, and at the end, it waits.
 */
static struct record *ring_slot(struct shard *s)
{
	struct record *slot;

	while (!(slot = ring_push_begin(s->options.records))) {
		if (s->capturing)
			return NULL;
		ring_wait_space(s->options.records, RING_WAIT_MS);
	}
	return slot;
}

/* The table's end callback: a record into the ring. */
static void end_flow(void *ctx, const struct flow *f, const struct detail *detail,
    enum end_reason reason, uint64_t clock_ns)
{
	struct shard *s = ctx;
	const struct port_map *ports = &s->options.config->ports;
	struct clock_time now = {clock_ns, clock_ns + (s->now.wall_ns - s->now.clock_ns)};
	struct record *slot = ring_slot(s);

	if (!slot) {
		s->ring_dropped++;
		return;
	}
	record_fill(slot, f, detail, reason, &now);
	if (ports->local_count)
		slot->direction = port_map_direction(ports, slot->ip_version, slot->src, slot->dst);
	ring_push_end(s->options.records);
	s->handed++;
}

/* The table will touch this memory. */
static void ask_ahead(void *ctx, void *memory, size_t octets)
{
	struct shard *s = ctx;

	ahead_ask(s->ahead, memory, octets);
}

/* What is no record: so late is it now, and so much was not metered. */
static void push_time(struct shard *s, enum record_kind kind, const struct turn_head *head)
{
	struct record *slot = ring_slot(s);

	if (!slot)
		return;
	*slot = (struct record){
	    .kind = (uint8_t)kind, .clock_ns = head->now.clock_ns, .wall_ns = head->now.wall_ns};
	record_put_unmetered(slot, &head->unmetered);
	ring_push_end(s->options.records);
}

/* -- turns ------------------------------------------------------------------------------------ */

static void end_all(struct shard *s, enum record_kind kind, const struct turn *turn)
{
	table_end_all(s->table, turn->head.now.clock_ns);
	push_time(s, kind, &turn->head);
}

void shard_take(struct shard *s, const struct turn *turn)
{
	bool flush = turn->head.flush || turn->head.tick || turn->head.kind != TURN_PACKETS;

	s->now = turn->head.now;
	if (turn->count)
		table_account(s->table, turn->packets, turn->count);
	/* Live a silent flow that is due waits for room in the ring: that loses nothing. */
	table_sweep(s->table, turn->head.now.clock_ns,
	    s->capturing ? ring_room(s->options.records) / 2 : SIZE_MAX);
	s->capturing &= turn->head.kind != TURN_LAST;
	if (turn->head.kind == TURN_LAST)
		end_all(s, RECORD_LAST, turn);
	else if (turn->head.kind == TURN_RESTART)
		end_all(s, RECORD_RESTART, turn);
	else if (turn->head.tick)
		push_time(s, RECORD_TICK, &turn->head);
	ring_publish(s->options.records, flush);
}

/* -- orders ----------------------------------------------------------------------------------- */

static void list_flow(void *ctx, const struct flow *f, const struct detail *detail)
{
	static const struct clock_time no_time;
	struct record r;

	record_fill(&r, f, detail, 0, &no_time);
	listing_offer(ctx, &r);
}

bool shard_serve(struct shard *s, struct order *order)
{
	bool more;

	if (order->kind == ORDER_LIST)
		return table_visit(s->table, &order->slot, SERVE_SLOTS, list_flow, order->listing);
	more = table_end_some(s->table, &order->slot, SERVE_SLOTS,
	    ring_room(s->options.records) / 2, s->now.clock_ns);
	ring_publish(s->options.records, true);
	return more;
}

void shard_change_ring(
    struct shard *s, struct ring *next, bool ends_flows, const struct turn_head *head)
{
	bool capturing = s->capturing;

	s->capturing = false;
	s->now = head->now;
	if (ends_flows)
		table_end_all(s->table, head->now.clock_ns);
	push_time(s, RECORD_LAST, head);
	ring_publish(s->options.records, true);
	s->options.records = next;
	s->capturing = capturing;
}

void shard_reload(struct shard *s, const struct config *config)
{
	s->options.config = config;
	table_set_timeouts(s->table, &config->timeouts);
}

/* -- the shard's thread ------------------------------------------------------------------------ */

static void wait_for_turn(struct shard *s)
{
	struct pollfd fd = {.fd = ring_data_fd(s->turns), .events = POLLIN};

	if (ring_sleep_begin(s->turns))
		poll(&fd, 1, QUEUE_WAIT_MS);
	ring_sleep_end(s->turns);
}

static void *run(void *shard)
{
	struct shard *s = shard;
	bool is_last = false;

	while (!is_last) {
		const struct turn *turn = ring_pop_begin(s->turns);

		if (!turn) {
			wait_for_turn(s);
			continue;
		}
		is_last = turn->head.kind == TURN_LAST;
		shard_take(s, turn);
		ring_pop_end(s->turns);
	}
	return NULL;
}

int shard_start(struct shard *s, struct ring *turns)
{
	int rc;

	s->turns = turns;
	rc = pthread_create(&s->thread, NULL, run, s);
	if (rc == 0)
		pthread_setname_np(s->thread, "sf-shard");
	return -rc;
}

void shard_join(struct shard *s)
{
	pthread_join(s->thread, NULL);
}

/* -- life ------------------------------------------------------------------------------------- */

struct shard *shard_create(const struct shard_options *options)
{
	const struct config *c = options->config;
	struct shard *s = calloc(1, sizeof(*s));
	struct table_options table = {
	    .max_flows = options->max_flows,
	    .timeouts = c->timeouts,
	    .seed = options->seed,
	    .details = c->decode.details,
	    .key_changes = c->key_changes,
	    .end = end_flow,
	    .end_ctx = s,
	    .ahead_ctx = s,
	};

	if (!s)
		return NULL;
	s->options = *options;
	s->capturing = config_is_live(c);
	s->ahead = ahead_create();
	table.ahead = s->ahead ? ask_ahead : NULL;
	s->table = table_create(&table);
	if (s->table)
		return s;
	ahead_destroy(s->ahead);
	log_error("--max-flows: no address space for %u flows: choose fewer", options->max_flows);
	free(s);
	return NULL;
}

void shard_destroy(struct shard *s)
{
	if (s) {
		ahead_destroy(s->ahead);
		table_destroy(s->table);
	}
	free(s);
}

const struct table_stats *shard_stats(const struct shard *s)
{
	return table_stats(s->table);
}

uint64_t shard_handed(const struct shard *s)
{
	return s->handed;
}

uint64_t shard_ring_dropped(const struct shard *s)
{
	return s->ring_dropped;
}

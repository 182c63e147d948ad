#include "lanes.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "util/fold.h"
#include "util/log.h"
#include "util/rng.h"

/* Some 300 KB: enough to be ahead, and it stays in the cache of the core that it goes to. */
#define QUEUE_SLOTS 32
#define QUEUE_WAIT_MS 100

/* Words of the key for the first two words of a flow's key, and for the end of its addresses. */
#define HEAD_KEYS FOLD_KEYS(FOLD_OCTETS)
#define TAIL_KEYS FOLD_KEYS(sizeof(struct key_tail))

struct lane {
	struct shard *shard;
	struct ring *queue; /* NULL: the shard has no thread */
	struct turn *turn;  /* the queue's slot that is being filled */
};

struct lanes {
	struct lanes_options options;
	bool with_ports;
	size_t packet_size; /* so much of a packet's description the table reads */
	uint64_t key[HEAD_KEYS + TAIL_KEYS + 2];
	struct turn *room; /* of the packets that come next */
	struct lane lanes[];
};

/* -- one lane --------------------------------------------------------------------------------- */

/* The queue's next slot; waits for the shard where it is full. */
static void open_turn(struct lane *lane)
{
	while (!(lane->turn = ring_push_begin(lane->queue)))
		ring_wait_space(lane->queue, QUEUE_WAIT_MS);
	lane->turn->count = 0;
}

static void send_turn(struct lane *lane, const struct turn_head *head)
{
	lane->turn->head = *head;
	ring_push_end(lane->queue);
	ring_publish(lane->queue, head->flush || head->kind != TURN_PACKETS);
	if (head->kind != TURN_LAST)
		open_turn(lane);
}

/* -- several ---------------------------------------------------------------------------------- */

/*
 * The lane of a packet's flow. It follows from the addresses and, where they are in the key, the ports: from no
 * other part of the key.
 */
static unsigned lane_of(const struct lanes *l, const struct pktinfo *info)
{
	uint64_t ports =
	    l->with_ports ? (uint64_t)info->head.src_port << 16 | info->head.dst_port : 0;
	uint64_t hash = fold_pair(fold_load64(info->head.src), ports, l->key) +
	    fold_octets((const uint8_t *)&info->tail, sizeof(info->tail), l->key + HEAD_KEYS);

	hash = fold_spread(hash, l->key + HEAD_KEYS + TAIL_KEYS);
	return (unsigned)((hash & UINT32_MAX) * l->options.count >> 32);
}

/* What was not metered is told by one of them. */
static void send_to_all(struct lanes *l, const struct turn_head *head)
{
	struct turn_head others = *head;

	others.unmetered = (struct unmetered){0};
	for (unsigned i = 0; i < l->options.count; i++)
		send_turn(&l->lanes[i], i == 0 ? head : &others);
}

/* The clock is that of its last packet: those behind may have yet to come. */
static void send_full(struct lane *lane, const struct turn_head *head)
{
	uint64_t clock_ns = lane->turn->packets[TABLE_BATCH - 1].clock_ns;
	struct turn_head full = {.kind = TURN_PACKETS,
	    .now = {clock_ns, clock_ns + (head->now.wall_ns - head->now.clock_ns)}};

	send_turn(lane, &full);
}

static void distribute(struct lanes *l, unsigned count, const struct turn_head *head)
{
	for (unsigned i = 0; i < count; i++) {
		const struct pktinfo *info = &l->room->packets[i];
		struct lane *lane = &l->lanes[lane_of(l, info)];

		memcpy(&lane->turn->packets[lane->turn->count++], info, l->packet_size);
		if (lane->turn->count == TABLE_BATCH)
			send_full(lane, head);
	}
	if (head->tick || head->flush || head->kind != TURN_PACKETS)
		send_to_all(l, head);
}

/* One alone has none: handing its packets to another processor takes longer than metering them here. */
static bool has_threads(const struct lanes *l)
{
	return l->options.count > 1;
}

/* -- what the worker calls -------------------------------------------------------------------- */

int lanes_start(struct lanes *l)
{
	if (!has_threads(l))
		return 0;
	for (unsigned i = 0; i < l->options.count; i++) {
		int rc;

		open_turn(&l->lanes[i]);
		rc = shard_start(l->lanes[i].shard, l->lanes[i].queue);
		if (rc)
			return rc;
	}
	return 0;
}

struct pktinfo *lanes_room(const struct lanes *l)
{
	return l->room->packets;
}

static void take_alone(struct lanes *l, unsigned count, const struct turn_head *head)
{
	l->room->head = *head;
	l->room->count = count;
	shard_take(l->lanes[0].shard, l->room);
}

void lanes_hand_over(struct lanes *l, unsigned count, const struct turn_head *head)
{
	if (!has_threads(l))
		take_alone(l, count, head);
	else
		distribute(l, count, head);
	if (has_threads(l) && head->kind == TURN_LAST)
		for (unsigned i = 0; i < l->options.count; i++)
			shard_join(l->lanes[i].shard);
}

/* -- life ------------------------------------------------------------------------------------- */

static int create_lane(struct lanes *l, unsigned i, struct rng *seeds)
{
	struct shard_options options = {.config = l->options.config,
	    .records = l->options.records[i],
	    .max_flows = l->options.max_flows,
	    .seed = rng_next(seeds)};
	struct lane *lane = &l->lanes[i];

	lane->shard = shard_create(&options);
	if (!lane->shard)
		return -ENOMEM;
	if (!has_threads(l))
		return 0;
	lane->queue = ring_create(QUEUE_SLOTS, sizeof(struct turn));
	if (lane->queue)
		return 0;
	log_error("start: no memory for a shard's queue");
	return -ENOMEM;
}

struct lanes *lanes_create(const struct lanes_options *options)
{
	struct lanes *l = calloc(1, sizeof(*l) + options->count * sizeof(struct lane));
	struct rng seeds = {.state = options->seed};

	if (!l)
		return NULL;
	l->options = *options;
	l->with_ports = key_has(KEY_PORTS, options->config->key_changes);
	l->packet_size = options->config->decode.details ? sizeof(struct pktinfo)
							 : offsetof(struct pktinfo, detail);
	for (size_t i = 0; i < sizeof(l->key) / sizeof(*l->key); i++)
		l->key[i] = rng_next(&seeds);
	l->room = malloc(sizeof(*l->room));
	if (!l->room) {
		lanes_destroy(l);
		return NULL;
	}
	for (unsigned i = 0; i < options->count; i++)
		if (create_lane(l, i, &seeds) < 0) {
			lanes_destroy(l);
			return NULL;
		}
	return l;
}

void lanes_destroy(struct lanes *l)
{
	if (!l)
		return;
	for (unsigned i = 0; i < l->options.count; i++) {
		shard_destroy(l->lanes[i].shard);
		ring_destroy(l->lanes[i].queue);
	}
	free(l->room);
	free(l);
}

bool lanes_serve(struct lanes *l, struct order *order)
{
	return shard_serve(l->lanes[0].shard, order);
}

void lanes_change_ring(
    struct lanes *l, struct ring *next, bool ends_flows, const struct turn_head *head)
{
	shard_change_ring(l->lanes[0].shard, next, ends_flows, head);
}

void lanes_reload(struct lanes *l, const struct config *config)
{
	l->options.config = config;
	shard_reload(l->lanes[0].shard, config);
}

void lanes_ledger(const struct lanes *l, struct ledger *ledger)
{
	for (unsigned i = 0; i < l->options.count; i++) {
		const struct shard *s = l->lanes[i].shard;

		ledger_add_flows(ledger, shard_stats(s));
		ledger->handed += shard_handed(s);
		ledger->ring_dropped += shard_ring_dropped(s);
	}
}

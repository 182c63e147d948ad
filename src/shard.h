/*
 * SPINE: a shard of the flow table, and the ring that its records leave by.
 *
 * Fed turn by turn, by the thread that reads packets or, with a thread and a queue of its own, from
 * there. All packets of a flow are in one shard.
 */
#ifndef SPANFLOW_SHARD_H
#define SPANFLOW_SHARD_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/config.h"
#include "decode/pktinfo.h"
#include "meter/record.h"
#include "meter/table.h"
#include "order.h"
#include "util/ring.h"

enum turn_kind {
	TURN_PACKETS,
	TURN_RESTART, /* behind its packets the clock starts again: all flows end */
	TURN_LAST     /* behind its packets nothing follows: all flows end */
};

struct turn_head {
	enum turn_kind kind;
	bool tick;             /* the exporter is told the time, and what was not metered */
	bool flush;            /* it is woken: nothing may come for a while */
	struct clock_time now; /* the clock behind the packets */
	struct unmetered unmetered;
};

/* What happens to a shard at once. */
struct turn {
	struct turn_head head;
	unsigned count;
	struct pktinfo packets[TABLE_BATCH];
};

struct shard_options {
	const struct config *config;
	struct ring *records;
	uint32_t max_flows;
	uint64_t seed;
};

struct shard;

/* NULL after saying what lacks. */
struct shard *shard_create(const struct shard_options *options);
void shard_destroy(struct shard *s);

/*
 * Accounts the turn's packets and ends what is due. Live it never waits: records that find the ring
 * full are counted as dropped, until the last turn.
 */
void shard_take(struct shard *s, const struct turn *turn);

/* A thread that takes turns until the last one; the caller fills the queue's slots of struct turn. */
int shard_start(struct shard *s, struct ring *turns);
void shard_join(struct shard *s);

/*
 * Between turns, by the thread that takes them: carries out the next part of an order. False: nothing of it
 * is left.
 */
bool shard_serve(struct shard *s, struct order *order);

/*
 * Between turns: records leave by another ring from now on, and the one so far ends. With `ends_flows` those
 * that are there leave by it before. Waits for room.
 */
void shard_change_ring(
    struct shard *s, struct ring *next, bool ends_flows, const struct turn_head *head);
/* Between turns: other settings, of which the timeouts may be others. */
void shard_reload(struct shard *s, const struct config *config);

/* Of a shard that is not at work, or by the thread that takes its turns. */
const struct table_stats *shard_stats(const struct shard *s);
/* Records that the ring took, and that found it full. */
uint64_t shard_handed(const struct shard *s);
uint64_t shard_ring_dropped(const struct shard *s);

#endif

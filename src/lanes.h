/*
 * SPINE: from the thread that reads packets to the shards of the flow table.
 *
 * One shard in that same thread; or, where nothing is lost by waiting, several with a thread and a queue
 * each, so that reading and metering share the work. The packets of a pair of addresses (and ports, where they
 * are in the Flow Key) go to one shard, in order.
 */
#ifndef SPANFLOW_LANES_H
#define SPANFLOW_LANES_H

#include "control/ledger.h"
#include "shard.h"

struct lanes;

struct lanes_options {
	const struct config *config;
	struct ring **records; /* one a shard */
	unsigned count;        /* of the shards: several have threads */
	uint32_t max_flows;    /* of each shard */
	uint64_t seed;
};

/* NULL after saying what lacks. */
struct lanes *lanes_create(const struct lanes_options *options);
/* After the last turn, or before lanes_start(). */
void lanes_destroy(struct lanes *l);

/* By the thread that hands over: starts the shards' threads. 0 or -errno. */
int lanes_start(struct lanes *l);
/* Room for the next TABLE_BATCH packets, until they are handed over. */
struct pktinfo *lanes_room(const struct lanes *l);
/* Hands over the first `count` packets of the room. With TURN_LAST it waits for the shards' end. */
void lanes_hand_over(struct lanes *l, unsigned count, const struct turn_head *head);

/* Where no shard has a thread: carries out a part of an order. False: nothing of it is left. */
bool lanes_serve(struct lanes *l, struct order *order);

/* Where no shard has a thread: as shard_change_ring() and shard_reload() have it. */
void lanes_change_ring(
    struct lanes *l, struct ring *next, bool ends_flows, const struct turn_head *head);
void lanes_reload(struct lanes *l, const struct config *config);

/* After the last turn, or where no shard has a thread: adds the shards' part to the ledger. */
void lanes_ledger(const struct lanes *l, struct ledger *ledger);

#endif

/*
 * The packet loop: a thread that reads sources, and fills rings with records by the shards that it feeds.
 */
#ifndef SPANFLOW_WORKER_H
#define SPANFLOW_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/source.h"
#include "conf/config.h"
#include "control/ledger.h"
#include "order.h"
#include "own_export.h"
#include "seats.h"
#include "util/ring.h"

struct worker;

struct worker_options {
	const struct config *config;
	unsigned number;      /* among the workers, from 0 */
	struct source **live; /* open live sources, taken over, or NULL: none yet; NULL of files */
	size_t live_count;
	struct ring **rings; /* of struct record, one a shard */
	unsigned ring_count; /* 1 live */
	const struct own_exports *own_exports;
	uint64_t table_seed;
	uint64_t sampling_seed;
	int done_fd;  /* eventfd, added 1 to when the worker has ended */
	int order_fd; /* eventfd, added 1 to when an order is done with */
	int lost_fd;  /* live: eventfd, added 1 to when a source has come to its end */
};

/* Takes the sources over; NULL after saying what lacks: then they are still the caller's. */
struct worker *worker_create(const struct worker_options *options);
/* Before its thread is started, or once that is joined. Closes the sources that it still has. */
void worker_destroy(struct worker *w);

/* The thread's function; its argument is the worker. */
void *worker_run(void *worker);
/* Ends capture; what is held is exported. From any thread. */
void worker_stop(struct worker *w);
/*
 * Live, from the main thread: gives the worker an order, which it must have no other of. It is the worker's
 * until worker_order_done(), which is to be asked when order_fd says so.
 */
void worker_order(struct worker *w, struct order *order);
bool worker_order_done(const struct worker *w);
/*
 * Live, from the main thread: adds the worker's part, that of its interfaces included, to the ledger, as it was a
 * moment ago. Returns when that was, on the steady clock; 0: never yet.
 */
uint64_t worker_ledger_now(const struct worker *w, struct ledger *l);
/* Live, for the main thread: where it gives the worker other sources. */
struct seats *worker_seats(struct worker *w);

/* From any thread: a number that changes each quarter of a second while a live worker works. */
unsigned worker_beats(const struct worker *w);

/* After the thread has ended: whether an input failed; adds the worker's part to the ledger. */
bool worker_failed(const struct worker *w);
void worker_ledger(struct worker *w, struct ledger *l);

#endif

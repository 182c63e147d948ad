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
#include "own_export.h"
#include "util/ring.h"

struct worker;

struct worker_options {
	const struct config *config;
	struct source **live; /* open live sources, taken over; NULL when reading files */
	size_t live_count;
	struct ring **rings; /* of struct record, one a shard */
	unsigned ring_count; /* 1 live */
	const struct own_exports *own_exports;
	uint64_t table_seed;
	uint64_t sampling_seed;
	int done_fd; /* eventfd, added 1 to when the worker has ended */
};

/* NULL after saying what lacks; takes the sources over in any case. */
struct worker *worker_create(const struct worker_options *options);
void worker_destroy(struct worker *w);

/* The thread's function; its argument is the worker. */
void *worker_run(void *worker);
/* Ends capture; what is held is exported. From any thread. */
void worker_stop(struct worker *w);
/* After the thread has ended: whether an input failed; adds the worker's part to the ledger. */
bool worker_failed(const struct worker *w);
void worker_ledger(const struct worker *w, struct ledger *l);

#endif

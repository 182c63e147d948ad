/*
 * SPINE: the inside of a worker, for the files that it consists of: worker.c, with what is live, orders.c and
 * files.c.
 */
#ifndef SPANFLOW_WORKER_INSIDE_H
#define SPANFLOW_WORKER_INSIDE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "intake.h"
#include "lanes.h"
#include "meter/overload.h"
#include "worker.h"

struct snapshot; /* util/snapshot.h */

struct worker {
	struct worker_options options;
	const struct config *config;
	struct seats seats; /* of live sources; a file is the only one while it is read */
	struct intake intake;
	struct lanes *lanes;

	uint64_t ticked_ns;
	bool failed;
	int wake_fd; /* the main thread has something to say */
	atomic_bool stop;

	_Atomic(struct order *) order; /* the worker's as long as it stands here */
	uint64_t served_ns;
	struct snapshot *ledger; /* live: as it was at the last tick */
	atomic_uint beats;       /* how often it was given out */

	uint64_t idle_ns; /* spent waiting for packets */
	struct overload overload;
	uint64_t drops_told; /* packets that the kernel and interfaces dropped */
};

/* Hands the batch over. `flush`: nothing may come for a while. */
void worker_end_turn(struct worker *w, enum turn_kind kind, bool flush);
/* A batch from the source. Its number of packets, 0 or less as source_read() has it. */
int worker_read_batch(struct worker *w, unsigned i);
bool worker_is_stopped(const struct worker *w);
/* For whoever asks while the worker is at work: packets and flows of one moment. */
void worker_publish(struct worker *w);
/* Ends its sleep. From any thread. */
void worker_wake(struct worker *w);

/* orders.c: a part of the order, if there is one and the last part was long enough ago. */
void worker_serve(struct worker *w);
bool worker_has_order(const struct worker *w);
/* At the end, when no flow is held any more. One that is there has not been carried out. */
void worker_refuse_orders(struct worker *w);

/* files.c: reads all files. */
void worker_read_files(struct worker *w);

#endif

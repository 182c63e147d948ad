/*
 * SPINE: orders to all workers, one after the other. Belongs to the main thread.
 */
#ifndef SPANFLOW_ERRAND_H
#define SPANFLOW_ERRAND_H

#include <stdbool.h>

#include "order.h"
#include "program.h"

struct event_base;
struct errands;

/* What all workers are to do; the first part of what the sender has to keep until it is done. */
struct errand {
	struct order orders[CONFIG_WORKERS_MAX]; /* one a worker */
	/* The workers are done with it; whether all have carried it out. It is the sender's again. */
	void (*done)(struct errand *e, bool carried_out);
	struct errand *next;
};

/* NULL: no memory. */
struct errands *errands_create(struct event_base *base, const struct program *p);
void errands_destroy(struct errands *e);
/* After the workers have ended: what they did not come to is not done any more. */
void errands_end(struct errands *e);
/* Live. Errands are done in the order of their sending. */
void errand_send(struct errands *e, struct errand *errand);

#endif

/*
 * SPINE: the live sources of all workers. With several each has a socket of its own at every interface,
 * and a part of its packets.
 */
#ifndef SPANFLOW_LIVE_H
#define SPANFLOW_LIVE_H

#include "capture/source.h"
#include "conf/config.h"

struct live {
	struct source_share shares[CONFIG_INPUTS_MAX]; /* one an interface */
	struct source **of[CONFIG_WORKERS_MAX];        /* a worker's, one an interface */
};

/* Opens those of one more worker. 0, or -errno after saying why; live_close() is due in any case. */
int live_open(struct live *l, const struct config *c, unsigned worker);
/* Frees what live_open() made; the sources too that no worker has taken over. */
void live_close(struct live *l, const struct config *c, unsigned worker, bool taken);

#endif

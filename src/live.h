/*
 * SPINE: the live sources of all workers. With several each has a socket of its own at every interface,
 * and a part of its packets.
 */
#ifndef SPANFLOW_LIVE_H
#define SPANFLOW_LIVE_H

#include "capture/links.h"
#include "capture/source.h"
#include "conf/config.h"

struct live {
	struct source_share shares[CONFIG_INPUTS_MAX]; /* one an interface */
	struct source **of[CONFIG_WORKERS_MAX];        /* a worker's, one an interface */
	bool awaited[CONFIG_INPUTS_MAX];               /* not to be opened at the start */
	uint32_t index[CONFIG_INPUTS_MAX];             /* of what was opened the last time */
	char names[CONFIG_INPUTS_MAX][LINK_NAME_SIZE]; /* of what was opened anew */
	const char *filter; /* of what is opened, which a reload alters; NULL: everything */
	int guard; /* where what is opened anew is asked for (guarded.h); -1: it is opened here */
	bool told[CONFIG_INPUTS_MAX]; /* that it cannot be had from there */
};

/* How a worker opens interface i, by that name; `again`: it was open before. */
struct source_live_options live_options(
    struct live *l, const struct config *c, unsigned i, const char *name, bool again);
/*
 * Opens those of one more worker, but for interfaces that are awaited. 0, or -errno after saying why;
 * live_close() is due in any case.
 */
int live_open(struct live *l, const struct config *c, unsigned worker);
/* Says how the interfaces are captured that were opened, after that of the last worker. */
void live_tell_ways(const struct live *l, const struct config *c);
/*
 * Opens interface i anew for all workers, by the name that it has now. The sources that were open there
 * must be closed. 0, `out` having one for each worker; or -errno after saying why.
 */
int live_reopen(struct live *l, const struct config *c, unsigned i, const char *name,
    struct source *out[CONFIG_WORKERS_MAX]);
/* Frees what live_open() made; the sources too that no worker has taken over. */
void live_close(struct live *l, const struct config *c, unsigned worker, bool taken);

#endif

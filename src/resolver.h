/*
 * Finds the collectors' addresses: once before capture, and live, for those that had none, again
 * and again in a thread of its own, because a look-up may take long.
 */
#ifndef SPANFLOW_RESOLVER_H
#define SPANFLOW_RESOLVER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "exporter.h"
#include "worker.h"

struct resolver {
	const struct config *config;
	struct exporter *exporter;
	struct own_exports *own_exports; /* live: where new sessions are made known */
	bool resolved[CONFIG_COLLECTORS_MAX];
	bool reported;
	atomic_bool busy;
};

void resolver_init(struct resolver *r, const struct config *config, struct exporter *exporter,
    struct own_exports *own_exports);
/*
 * Looks up the names that have no address yet. How many have none then; the first call says which
 * and why.
 */
unsigned resolver_try(struct resolver *r);
/* Goes on trying in a thread until every collector has an address. */
void resolver_start(struct resolver *r);
/* Whether that thread runs: then the exporter must stay, since no look-up can be interrupted. */
bool resolver_is_busy(const struct resolver *r);

#endif

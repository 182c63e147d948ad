/*
 * Finds the collectors' addresses: once before anything runs, and from then on, in a thread of its
 * own because a look-up may take long, those of names again: at the collector's interval, soon
 * after errors, and live until there is one.
 */
#ifndef SPANFLOW_RESOLVER_H
#define SPANFLOW_RESOLVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "exporter.h"
#include "own_export.h"

/* What is known of a collector's name. */
struct lookup {
	bool resolved; /* it has an address, and a socket */
	bool doubtful; /* errors came since the last look-up */
	bool reported;
	bool
	    is_inherited; /* its address is a former exporter's, and has not been looked up since */
	bool has_address; /* these two under the resolver's lock */
	struct sockaddr_storage address;
	atomic_int missing; /* it never had one, for this errno of the last look-up; or 0 */
	uint64_t at_ns;     /* the last one, by a steady clock */
	uint64_t reported_ns;
};

struct resolver {
	const struct config *config;
	struct exporter *exporter;
	struct own_exports *own_exports; /* live: where new sessions are made known */
	bool is_on_trial;                /* its sessions: own_exports' */
	struct lookup lookups[CONFIG_COLLECTORS_MAX];
	pthread_mutex_t lock; /* for whoever inherits addresses while the thread runs */
	pthread_t thread;
	bool running;
	bool is_asked_to_stop;
	int stop_fd; /* eventfd that ends the thread */
};

/* Errors, and a name without an address, make it look again so long after the last time. */
#define RESOLVER_RETRY_NS 10000000000ull

void resolver_init(struct resolver *r, const struct config *config, struct exporter *exporter,
    struct own_exports *own_exports);
/*
 * Looks up every name, or opens what is an address anyway and needs no look-up, and says which has no
 * address and why. How many have none.
 */
unsigned resolver_try(struct resolver *r, bool only_addresses);
/*
 * Before the start: names that the former one has addresses for have them, too, and are looked up in the thread. So
 * nothing is lost while a look-up lasts, or fails.
 */
void resolver_inherit(struct resolver *r, struct resolver *former);
/* Starts the thread, where there are names that it may have something to do for. */
void resolver_start(struct resolver *r);
/*
 * Ends it. False: it is within a look-up, which cannot be interrupted; then what it works on (the
 * exporter, the configuration) must stay until this is asked again and true, or the process ends. It waits
 * a moment the first time, and not at all after that.
 */
bool resolver_stop(struct resolver *r);

/* From any thread: the states of those that have no address become what is missing. They are in the order of the
 * configuration. */
void resolver_tell(const struct resolver *r, struct ledger_collector *collectors, size_t count);

/*
 * Whether a look-up is due at `now_ns`. `interval_ns` 0: only while there is no address, or after
 * errors. One that is inherited is looked up in any case. For the thread and tests.
 */
bool lookup_is_due(const struct lookup *l, uint64_t interval_ns, uint64_t now_ns);

#endif

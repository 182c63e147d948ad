/*
 * What was lost, as messages: a person should not have to ask for the ledger to learn of it.
 *
 * Of each kind of loss the first is told at once, what follows at most once a minute with the sum
 * since, and each with what can be done. Why a datagram failed the sender has told already
 * (transport/sender.c); here are the records that this cost.
 *
 * For one thread. Time is an argument.
 */
#ifndef SPANFLOW_CONTROL_LOSSES_H
#define SPANFLOW_CONTROL_LOSSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/ledger.h"

/* How often losses_report() is to be called live. */
#define LOSSES_INTERVAL_S 10

/* A counter of the ledger, and how much of it has been told. */
struct loss {
	uint64_t told;
	uint64_t again_ns; /* not before */
};

/* A reason to ignore packets that is told when it takes more than one packet in a hundred. */
struct loss_share {
	uint64_t ignored;
	uint64_t looked_at;
	uint64_t again_ns;
};

/* A collector is known by what stands in the ledger of it: after a reload it may stand elsewhere. */
struct loss_collector {
	struct ledger_collector who; /* its names alone; url and group are owned */
	struct loss losses[FAILURE_COUNT];
};

enum { LOSS_KINDS = 4, LOSS_SHARES = 6, LOSS_DROPS = 2 };

/* Of a captured interface, which keeps its place in the ledger. */
struct loss_interface {
	struct loss drops[LOSS_DROPS];
};

/* Zeroed memory is one that has not told anything, and is good for losses_report_total(). */
struct losses {
	struct loss kinds[LOSS_KINDS];
	struct loss_share shares[LOSS_SHARES];
	struct loss_interface *interfaces; /* owned */
	size_t interface_count;
	struct loss_collector *collectors; /* owned */
	size_t collector_count;
	size_t collector_max;
};

/* For ledgers of so many interfaces, and of at most so many collectors. 0 or -ENOMEM. */
int losses_init(struct losses *l, size_t interface_count, size_t collector_max);
void losses_fini(struct losses *l);

/*
 * Tells what the ledger has more than when it was told last. A counter that is smaller than it was
 * has begun anew. `now_ns` is of a steady clock.
 */
void losses_report(struct losses *l, const struct ledger *now, uint64_t now_ns);
/* Tells the sums at the end; of what was told before, that these are "in all". */
void losses_report_total(const struct losses *l, const struct ledger *now);

#endif

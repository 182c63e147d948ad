/*
 * All that a running program shows of itself: what reports, metrics and log lines are made from. Filled by
 * the spine.
 */
#ifndef SPANFLOW_CONTROL_OVERVIEW_H
#define SPANFLOW_CONTROL_OVERVIEW_H

#include <stddef.h>
#include <stdint.h>

#include "control/ledger.h"
#include "meter/sampler.h"

#define OVERVIEW_COLLECTORS_MAX 64
#define OVERVIEW_INTERFACES_MAX 1024

/* The ledger at one moment. */
struct overview_ledger {
	struct ledger ledger; /* its interfaces and collectors are those below */
	struct ledger_interface interfaces[OVERVIEW_INTERFACES_MAX];
	struct ledger_collector collectors[OVERVIEW_COLLECTORS_MAX];
	uint64_t at_ns; /* steady clock; 0: never */
};

struct overview {
	const char *version;
	uint64_t started_wall_ns; /* date */
	uint64_t up_ns;
	unsigned workers;
	uint32_t max_flows;
	struct sampling_plan sampling;
	uint64_t cpu_ns;         /* of all threads */
	uint64_t resident_bytes; /* 0: not known */
	/* For metrics, of the ledger's interfaces: one of the states in ledger.h each; lent. NULL: not known. */
	const char *const *interface_states;
	struct overview_ledger now;
	struct overview_ledger before; /* some seconds ago, for rates */
	struct overview_ledger later;  /* between these two, to be `before` in its turn */
};

/* What a counter went up by in a second, between the two ledgers; 0 as long as there is one alone. */
double overview_rate(const struct overview *o, uint64_t now, uint64_t before);

#endif

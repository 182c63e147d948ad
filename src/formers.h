/*
 * SPINE: exporters that a reload has replaced: they go on until what they got is sent, and what their collectors
 * got stays in the ledger. Belongs to the main thread.
 */
#ifndef SPANFLOW_FORMERS_H
#define SPANFLOW_FORMERS_H

#include <stdbool.h>

#include "control/ledger.h"
#include "exporting.h"

/* Collectors in the ledger at most: those of the present, and as many former ones. */
#define FORMERS_LEDGER_MAX (2 * CONFIG_COLLECTORS_MAX)

struct former {
	struct exporting *exporting;
	struct config *config; /* owned; NULL: somebody else has it */
	bool has_ended;        /* its exporter has */
	struct former *next;
};

struct formers {
	struct former *list;
	struct ledger_collector told
	    [CONFIG_COLLECTORS_MAX]; /* of those that are gone; owned strings; the last: others */
	size_t told_count;
};

/* `config` goes with it, if it is not NULL. 0 or -ENOMEM. */
int formers_add(struct formers *f, struct exporting *exporting, struct config *config);
/* The program is about to end: they may wait no longer than the present one. */
void formers_hurry(const struct formers *f);
/*
 * Looks which have come to their end, and lets go of them. Whether one did; *failed becomes true where an output of
 * one failed, and where a collector did not take its records in time for the program's end (`stopping`): what a
 * reload has cost was told then.
 */
bool formers_reap(struct formers *f, bool stopping, bool *failed);
/* Whether some are still sending. */
bool formers_are_busy(const struct formers *f);
void formers_fini(struct formers *f);

/*
 * Adds what they got to the collectors of the present in `list`, which has room for FORMERS_LEDGER_MAX; those that
 * there are no more come behind. How many there are then.
 */
size_t formers_ledger(const struct formers *f, struct ledger_collector *list, size_t count);

#endif

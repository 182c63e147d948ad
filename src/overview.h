/*
 * SPINE: what a running program shows of itself, from what its threads give out.
 */
#ifndef SPANFLOW_OVERVIEW_H
#define SPANFLOW_OVERVIEW_H

#include "control/overview.h"
#include "program.h"

/* Once: what does not change. */
void overview_init(struct overview *o, const struct program *p);
/* The ledger of this moment, however often; one of some time before it is for rates. */
void overview_refresh(struct overview *o, const struct program *p);

/*
 * The ledger gets the captured interfaces, of which nothing has been counted yet; `room` is for as many as there
 * may be.
 */
void overview_put_interfaces(
    struct ledger *l, struct ledger_interface *room, const struct program *p);

/* What its ledgers point to is about to go. */
void overview_forget(struct overview *o);

#endif

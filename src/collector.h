/*
 * One collector (or output): its encoder, its sender, and the records that have not been sent.
 *
 * Belongs to the exporter's thread. Where records may have to go elsewhere (the collector's name
 * may get another address, or it shares records with others) they are kept until they are sent:
 * in order, those that are encoded and behind them those that wait to be encoded anew.
 *
 * records = sent + queued + not_expressible + dropped; those of the message that is still open count
 * as queued.
 */
#ifndef SPANFLOW_COLLECTOR_H
#define SPANFLOW_COLLECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/config.h"
#include "control/ledger.h"
#include "transport/transport.h"

struct collector;

/* Takes the transport over, also when it fails (NULL: no memory). `conf` must outlive it. */
struct collector *collector_create(
    const struct config_collector *conf, struct transport *t, bool is_live);
void collector_destroy(struct collector *c);

/* -- records in -------------------------------------------------------------------------------- */

/* Whether it takes a record without dropping it: where nothing may be lost ask first. */
bool collector_has_room(const struct collector *c);
/* A flow record at the time that it brings; without room it is dropped as queue_full. */
void collector_offer(struct collector *c, const struct record *r);
/* A tick: the time, and what was not metered so far. */
void collector_tick(struct collector *c, const struct record *tick);
/* No more will be offered but what is moved: what is there leaves as it is. */
void collector_finish(struct collector *c);
/* Whatever is encoded leaves now. */
void collector_flush(struct collector *c);

/* -- messages out ------------------------------------------------------------------------------ */

/*
 * Begins a new session where its name has got a new address: what is not sent goes there, templates
 * first. True: it did.
 */
bool collector_renew(struct collector *c);
/* Sends what is due at `now_ns`. When to call again, UINT64_MAX: when records or an error come. */
uint64_t collector_run(struct collector *c, uint64_t now_ns);
/* The descriptor and poll() events to wait for, -1: none; and what to do when they came. */
int collector_wait_fd(const struct collector *c, short *events);
void collector_woken(struct collector *c, short events, uint64_t now_ns);
/* Whether messages or records wait. */
bool collector_is_busy(const struct collector *c);
void collector_unpace(struct collector *c);
/* Drops all that is queued, under this name. */
void collector_give_up(struct collector *c, enum failure why);
/* Whether what is queued waits for room on a disk. */
bool collector_lacks_room(const struct collector *c);
/* Whether its stream broke. */
bool collector_is_dead(const struct collector *c);
/* It is by an error, rather than given up at an end. */
bool collector_has_failed(const struct collector *c);

/* -- for those who share records (group.h) ----------------------------------------------------- */

/* Records have another place to go to: a message that fails keeps them. */
void collector_hold(struct collector *c, bool holds);
/* Aside it gets nothing but announcements: its records wait to be moved. */
void collector_set_aside(struct collector *c, bool aside);
/* Sends templates, to see whether it can be reached. */
void collector_announce(struct collector *c);
/* Whether it could not be reached, since the last call; `why` says how. */
bool collector_take_failure(struct collector *c, enum failure *why);
/*
 * All that is not sent waits to be encoded anew. The exception is a record of which a part has been
 * sent: it is dropped under `why`.
 */
void collector_take_back(struct collector *c, enum failure why);
/* The oldest record that waits to be encoded anew, or NULL. */
const struct record *collector_waiting(const struct collector *c);
/* That record becomes another collector's, which must have room, at this time. */
void collector_move(struct collector *c, struct collector *to, uint64_t clock_ns, uint64_t wall_ns);

void collector_ledger(const struct collector *c, struct ledger_collector *l);

#endif

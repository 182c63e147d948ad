/*
 * The record loop: a thread that takes records from the ring, encodes them for each collector and
 * sends the messages.
 */
#ifndef SPANFLOW_EXPORTER_H
#define SPANFLOW_EXPORTER_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/config.h"
#include "control/ledger.h"
#include "transport/transport.h"
#include "util/ring.h"

struct exporter;

struct exporter_options {
	const struct config *config;
	struct ring **rings; /* of struct record, one a shard */
	unsigned ring_count;
	int dead_fd; /* eventfd, written when every output has broken: nobody reads any more */
	int done_fd; /* eventfd, added 1 to when the thread is about to end */
};

/*
 * One collector for each of the configuration's. Opens files and makes sockets, looks nothing
 * up. A file that cannot be opened stops no other collector. NULL after saying what lacks.
 */
struct exporter *exporter_create(const struct exporter_options *options);
/* Before its thread is started, or once that is joined; and once nobody has a transport of it in use. */
void exporter_destroy(struct exporter *x);

/*
 * The transport of collector `i`, lent: by UDP, unless it is_stream. From any thread; what that may do with it
 * transport/udp.h and transport/file.h say. Of UDP, the resolver's part is the main thread's until the resolver's
 * thread is started.
 */
struct transport *exporter_transport(struct exporter *x, size_t i);

/* How many outputs could not be opened, which has been said. */
unsigned exporter_broken(const struct exporter *x);

/* The thread's function; its argument is the exporter. Ends after the last RECORD_LAST and the last send. */
void *exporter_run(void *exporter);
/*
 * From any thread: no time is left. After some seconds what has not been sent goes unpaced, then not at all. This
 * cannot be taken back.
 */
void exporter_hurry(struct exporter *x);
/* The same for one that has been replaced, but what waits for room on a disk may do so for a minute. */
void exporter_retire(struct exporter *x);

/* From any thread: the collectors' part of the ledger as it was a moment ago. How many there are. */
size_t exporter_ledger_now(const struct exporter *x, struct ledger_collector *collectors);

/* From any thread: a number that changes some times a second while the exporter works. */
unsigned exporter_beats(const struct exporter *x);

/* After the thread has ended: whether an output broke, and the collectors' part of the ledger. */
bool exporter_failed(const struct exporter *x);
void exporter_ledger(const struct exporter *x, struct ledger *l);

#endif

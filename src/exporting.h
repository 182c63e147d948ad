/*
 * SPINE: what makes messages of records: an exporter with its thread, the rings that feed it, and the resolver of its
 * collectors' names. There is one at a time that gets records; after a reload the one before goes on until all that it
 * got is sent.
 */
#ifndef SPANFLOW_EXPORTING_H
#define SPANFLOW_EXPORTING_H

#include <pthread.h>
#include <stdbool.h>

#include "conf/config.h"
#include "export/board.h"
#include "exporter.h"
#include "interfaces.h"
#include "own_export.h"
#include "resolver.h"
#include "util/ring.h"

struct exporting {
	const struct config *config;
	const char *subject;              /* of messages: what it is made for */
	struct interface_list interfaces; /* when it began */
	struct board *board;              /* those that there are later */
	/* One a worker, or a shard of the one that reads files. */
	struct ring *rings[CONFIG_WORKERS_MAX];
	struct exporter *exporter;
	struct resolver resolver;
	pthread_t thread;
	bool is_started;
	int done_fd; /* readable once the exporter has ended */
};

/*
 * Opens all but addresses. What the collectors need of the stages before is put into the configuration, which must
 * outlive it. `dead_fd` is written when every output has broken. `continues`: standard output goes on where the
 * exporter before has left it. `watch` knows the captured interfaces, NULL: the machine does. NULL after saying why not.
 */
struct exporting *exporting_create(struct config *config, struct own_exports *own_exports,
    const struct live_watch *watch, int dead_fd, bool continues);
/* Its collectors are told of the interfaces as they are now. */
void exporting_tell_interfaces(struct exporting *x, const struct live_watch *watch);
/* Starts the threads. 0 or -errno. */
int exporting_start(struct exporting *x);
/* Once the exporter has ended: joins it. Whether an output failed. */
bool exporting_join(struct exporting *x);
/* False: a look-up cannot be interrupted; what it works on must stay. */
bool exporting_destroy(struct exporting *x);

#endif

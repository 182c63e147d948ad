/*
 * What the main thread asks of a worker while it meters: to list its flows, or to end them now, which is
 * done in slices between the worker's turns so that packets do not wait for it; or to go on with other
 * settings, which is done between two packets.
 */
#ifndef SPANFLOW_ORDER_H
#define SPANFLOW_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/config.h"
#include "control/listing.h"
#include "util/ring.h"

enum order_kind { ORDER_LIST, ORDER_FLUSH, ORDER_RELOAD };

/* Other settings. All that is pointed to stays as long as the worker, or until the next order of this kind. */
struct order_reload {
	const struct config *config;
	unsigned parts;    /* set of 1 << enum reload_part: which of them differ */
	struct ring *ring; /* that records leave by from now on, or NULL: the same one */
};

struct order {
	enum order_kind kind;
	struct listing *listing;    /* ORDER_LIST: what takes them */
	struct order_reload reload; /* ORDER_RELOAD */

	/* The worker's: */
	uint32_t slot;    /* of the table, that comes next */
	bool carried_out; /* else the worker ended before, or could not, and has said why */
};

#endif

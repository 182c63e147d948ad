/*
 * What the main thread asks of a worker while it meters: to list its flows, or to end them now. It is
 * carried out in slices between the worker's turns, so that packets do not wait for it.
 */
#ifndef SPANFLOW_ORDER_H
#define SPANFLOW_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "control/listing.h"

enum order_kind { ORDER_LIST, ORDER_FLUSH };

struct order {
	enum order_kind kind;
	struct listing *listing; /* ORDER_LIST: what takes them */

	/* The worker's: */
	uint32_t slot;    /* of the table, that comes next */
	bool carried_out; /* else the worker ended before */
};

#endif

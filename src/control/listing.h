/*
 * The flows that a person asked to see: the largest ones, or all.
 *
 * All memory is reserved at the beginning and touched as flows come. Filled by one thread, read by
 * another one afterwards.
 */
#ifndef SPANFLOW_CONTROL_LISTING_H
#define SPANFLOW_CONTROL_LISTING_H

#include <stddef.h>
#include <stdint.h>

#include "control/flow_filter.h"
#include "meter/record.h"

enum listing_order { LISTING_AS_HELD, LISTING_OCTETS, LISTING_PACKETS, LISTING_DURATION };

struct listing_request {
	struct flow_filter filter;
	enum listing_order order;
	size_t limit; /* so many flows at most */
};

/* Of all flows that the filter lets through, those beyond the limit included. */
struct listing_sum {
	uint64_t flows;
	uint64_t packets;
	uint64_t octets;
};

struct listing;

/* NULL: no memory. */
struct listing *listing_create(const struct listing_request *request);
void listing_destroy(struct listing *l);

/* A flow as it stands. Of more than the limit the largest stay. */
void listing_offer(struct listing *l, const struct record *r);
/* What another one has is added to this one's. */
void listing_merge(struct listing *l, const struct listing *other);
/* Forgets all. */
void listing_clear(struct listing *l);
/* After the last one: sorts them, the largest first. */
void listing_sort(struct listing *l);

size_t listing_count(const struct listing *l);
/* From 0 to listing_count() - 1: in order after listing_sort(). */
const struct record *listing_at(const struct listing *l, size_t i);
const struct listing_sum *listing_sum(const struct listing *l);

#endif

/*
 * A bounded queue of records that are kept until it is known that they were sent.
 *
 * Its memory is reserved when it is made and touched as it is used.
 */
#ifndef SPANFLOW_KEPT_H
#define SPANFLOW_KEPT_H

#include <stdbool.h>
#include <stddef.h>

#include "meter/record.h"

struct kept {
	struct record *records;
	size_t capacity;
	size_t first;
	size_t count;
};

/* 0 or -ENOMEM. */
int kept_init(struct kept *k, size_t capacity);
void kept_fini(struct kept *k);

/* The oldest record; there must be one. It stays until it is popped. */
static inline const struct record *kept_first(const struct kept *k)
{
	return &k->records[k->first];
}

/* A copy of the record becomes the newest; there must be room (count < capacity). */
void kept_push(struct kept *k, const struct record *r);
/* Takes the newest record back. */
void kept_unpush(struct kept *k);
/* The n oldest records leave; there must be as many. */
void kept_pop(struct kept *k, size_t n);
/* All that `from` has goes behind what `k` has, where there must be room. */
void kept_append(struct kept *k, struct kept *from);

#endif

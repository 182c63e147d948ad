#include "kept.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

int kept_init(struct kept *k, size_t capacity)
{
	*k = (struct kept){.capacity = capacity};
	k->records = malloc(capacity * sizeof(*k->records));
	return k->records ? 0 : -ENOMEM;
}

void kept_fini(struct kept *k)
{
	free(k->records);
	*k = (struct kept){0};
}

void kept_push(struct kept *k, const struct record *r)
{
	size_t at = k->first + k->count;

	assert(k->count < k->capacity);
	k->records[at < k->capacity ? at : at - k->capacity] = *r;
	k->count++;
}

void kept_unpush(struct kept *k)
{
	assert(k->count);
	k->count--;
}

/* What has run empty begins anew, so that the same memory is used again. */
void kept_pop(struct kept *k, size_t n)
{
	assert(n <= k->count);
	k->first += n;
	if (k->first >= k->capacity)
		k->first -= k->capacity;
	k->count -= n;
	if (!k->count)
		k->first = 0;
}

void kept_append(struct kept *k, struct kept *from)
{
	while (from->count) {
		kept_push(k, kept_first(from));
		kept_pop(from, 1);
	}
}

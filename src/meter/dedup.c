#include "meter/dedup.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LINE 64
#define PLACE_BITS 16
#define PLACE_MASK ((1u << PLACE_BITS) - 1)

_Static_assert(DEDUP_BUCKETS > PLACE_MASK, "the bucket must tell the bits that the place replaces");

_Static_assert(sizeof(struct dedup_bucket) == LINE, "a bucket is a cache line");

struct dedup *dedup_create(const struct dedup_windows *windows)
{
	struct dedup *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->windows = *windows;
	d->longest_ns = windows->copy_ns > windows->same_ns ? windows->copy_ns : windows->same_ns;
	d->buckets = aligned_alloc(2u << 20, DEDUP_BUCKETS * sizeof(*d->buckets));
	if (!d->buckets) {
		free(d);
		return NULL;
	}
	madvise(d->buckets, DEDUP_BUCKETS * sizeof(*d->buckets), MADV_HUGEPAGE);
	memset(d->buckets, 0, DEDUP_BUCKETS * sizeof(*d->buckets));
	return d;
}

void dedup_destroy(struct dedup *d)
{
	if (d)
		free(d->buckets);
	free(d);
}

/*
 * The newest comes first: those before `way` move on by one, over what was there. Not by memmove(), which
 * compilers call for so little, and which takes longer than all the rest.
 */
static inline void put_first(
    struct dedup_bucket *b, unsigned way, uint64_t packet, uint64_t clock_ns)
{
#pragma GCC unroll 4
	for (; way > 0; way--) {
		b->packet[way] = b->packet[way - 1];
		b->clock_ns[way] = b->clock_ns[way - 1];
	}
	b->packet[0] = packet;
	b->clock_ns[0] = clock_ns;
}

static enum dedup_result see_again(
    const struct dedup *d, struct dedup_bucket *b, unsigned way, uint64_t packet, uint64_t clock_ns)
{
	uint64_t window_ns = b->packet[way] == packet ? d->windows.same_ns : d->windows.copy_ns;

	if (clock_ns - b->clock_ns[way] < window_ns)
		return DEDUP_DUPLICATE;
	put_first(b, way, packet, clock_ns);
	return DEDUP_FIRST;
}

enum dedup_result dedup_see(struct dedup *d, uint64_t digest, uint16_t place, uint64_t clock_ns)
{
	struct dedup_bucket *b = dedup_bucket(d, digest);
	uint64_t packet = (digest & ~(uint64_t)PLACE_MASK) | place;
	uint64_t oldest_ns = b->clock_ns[DEDUP_WAYS - 1];
	bool forgets;

#pragma GCC unroll 4
	for (unsigned way = 0; way < DEDUP_WAYS; way++)
		if ((b->packet[way] ^ packet) <= PLACE_MASK)
			return see_again(d, b, way, packet, clock_ns);
	forgets = b->packet[DEDUP_WAYS - 1] && clock_ns - oldest_ns < d->longest_ns;
	put_first(b, DEDUP_WAYS - 1, packet, clock_ns);
	return forgets ? DEDUP_FIRST_FORGETS : DEDUP_FIRST;
}

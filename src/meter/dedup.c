#include "meter/dedup.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LINE 64
#define PLACE_BITS 16
#define PLACE_MASK ((1u << PLACE_BITS) - 1)

_Static_assert(DEDUP_BUCKETS > PLACE_MASK, "the bucket must tell the bits that the place replaces");

/* One that is free has the clock 0 and is older than all. */
struct bucket {
	uint64_t packet[DEDUP_WAYS]; /* the digest, its lowest bits replaced by the place */
	uint64_t clock_ns[DEDUP_WAYS];
};

_Static_assert(sizeof(struct bucket) == LINE, "a bucket is a cache line");

struct dedup {
	struct dedup_windows windows;
	uint64_t longest_ns;
	struct bucket *buckets;
};

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

/* The way with this digest, or the oldest. What is later than the clock is of one that started again. */
static unsigned find_way(const struct bucket *b, uint64_t packet, uint64_t clock_ns)
{
	unsigned oldest = 0;

	for (unsigned way = 0; way < DEDUP_WAYS; way++)
		if ((b->packet[way] ^ packet) >> PLACE_BITS == 0)
			return way;
	for (unsigned way = 1; way < DEDUP_WAYS; way++)
		if (clock_ns - b->clock_ns[way] > clock_ns - b->clock_ns[oldest])
			oldest = way;
	return oldest;
}

enum dedup_result dedup_see(struct dedup *d, uint64_t digest, uint16_t place, uint64_t clock_ns)
{
	struct bucket *b = &d->buckets[digest % DEDUP_BUCKETS];
	uint64_t packet = (digest & ~(uint64_t)PLACE_MASK) | place;
	unsigned way = find_way(b, packet, clock_ns);
	uint64_t known = b->packet[way], age_ns = clock_ns - b->clock_ns[way];
	bool is_same = (known ^ packet) >> PLACE_BITS == 0;

	if (is_same && age_ns < (known == packet ? d->windows.same_ns : d->windows.copy_ns))
		return DEDUP_DUPLICATE;
	b->packet[way] = packet;
	b->clock_ns[way] = clock_ns;
	return !is_same && known && age_ns < d->longest_ns ? DEDUP_FIRST_FORGETS : DEDUP_FIRST;
}

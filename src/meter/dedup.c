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

/* The way with this digest, or the last one, which is the oldest. */
static unsigned find_way(const struct dedup_bucket *b, uint64_t packet)
{
	unsigned way = 0;

	while (way < DEDUP_WAYS - 1 && (b->packet[way] ^ packet) >> PLACE_BITS != 0)
		way++;
	return way;
}

/* The newest comes first: those before `way` move on by one, over what was there. */
static void put_first(struct dedup_bucket *b, unsigned way, uint64_t packet, uint64_t clock_ns)
{
	for (; way > 0; way--) {
		b->packet[way] = b->packet[way - 1];
		b->clock_ns[way] = b->clock_ns[way - 1];
	}
	b->packet[0] = packet;
	b->clock_ns[0] = clock_ns;
}

enum dedup_result dedup_see(struct dedup *d, uint64_t digest, uint16_t place, uint64_t clock_ns)
{
	struct dedup_bucket *b = dedup_bucket(d, digest);
	uint64_t packet = (digest & ~(uint64_t)PLACE_MASK) | place;
	unsigned way = find_way(b, packet);
	uint64_t known = b->packet[way], age_ns = clock_ns - b->clock_ns[way];
	bool is_same = (known ^ packet) >> PLACE_BITS == 0;

	if (is_same && age_ns < (known == packet ? d->windows.same_ns : d->windows.copy_ns))
		return DEDUP_DUPLICATE;
	put_first(b, way, packet, clock_ns);
	return !is_same && known && age_ns < d->longest_ns ? DEDUP_FIRST_FORGETS : DEDUP_FIRST;
}

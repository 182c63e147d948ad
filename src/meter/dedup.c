#include "meter/dedup.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LINE 64
#define BYTES (DEDUP_BUCKETS * sizeof(struct dedup_bucket))
#define HUGE_PAGE (2u << 20)
#define PLACE_MASK ((1u << DEDUP_PLACE_BITS) - 1)

_Static_assert(
    DEDUP_BUCKETS_FIRST > PLACE_MASK, "the bucket must tell the bits that the place replaces");

_Static_assert(sizeof(struct dedup_bucket) == LINE, "a bucket is a cache line");

/*
 * Address space for all, in which a huge page begins with the first bucket; the kernel gives pages as
 * they are touched.
 */
static bool reserve(struct dedup *d)
{
	uint8_t *p = mmap(NULL, BYTES + HUGE_PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return false;
	d->reserved = p;
	d->buckets = (void *)(p + (-(uintptr_t)p & (HUGE_PAGE - 1)));
	return true;
}

static void ask_for_huge_pages(const struct dedup *d, size_t bytes)
{
	madvise(d->buckets, bytes, MADV_HUGEPAGE);
}

struct dedup *dedup_create(const struct dedup_windows *windows, bool at_once)
{
	struct dedup *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->windows = *windows;
	d->longest_ns = windows->copy_ns > windows->same_ns ? windows->copy_ns : windows->same_ns;
	d->bucket_mask = DEDUP_BUCKETS_FIRST - 1;
	if (!reserve(d)) {
		free(d);
		return NULL;
	}
	ask_for_huge_pages(d, at_once ? BYTES : HUGE_PAGE);
	if (at_once)
		memset(d->buckets, 0, BYTES);
	return d;
}

void dedup_destroy(struct dedup *d)
{
	if (d)
		munmap(d->reserved, BYTES + HUGE_PAGE);
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

/* Of two packets of one digest. */
static inline bool is_within_window(
    const struct dedup *d, uint64_t first, uint64_t first_ns, uint64_t packet, uint64_t clock_ns)
{
	return clock_ns - first_ns < (first == packet ? d->windows.same_ns : d->windows.copy_ns);
}

/* Whether copies of one that was seen may still come. What is free is not one, even at a clock near 0. */
static inline bool is_awaited(
    const struct dedup *d, uint64_t first, uint64_t first_ns, uint64_t clock_ns)
{
	return first && clock_ns - first_ns < d->longest_ns;
}

/* -- more than a bucket holds ----------------------------------------------------------------- */

/* What is metered anew has its place in the bucket: with another one it would take that of a packet. */
static void drop_spare(struct dedup *d, struct dedup_spare *s)
{
	struct dedup_spare *last = &d->spares[DEDUP_SPARES - 1];

	memmove(s, s + 1, (size_t)(last - s) * sizeof(*s));
	*last = (struct dedup_spare){0};
}

/* Of one digest there may be several; those behind the newest are not awaited any more. */
static bool copies_spare(struct dedup *d, uint32_t bucket, uint64_t packet, uint64_t clock_ns)
{
	for (struct dedup_spare *s = d->spares; s < d->spares + DEDUP_SPARES; s++) {
		if (s->bucket != bucket || (s->packet ^ packet) > PLACE_MASK)
			continue;
		if (is_within_window(d, s->packet, s->clock_ns, packet, clock_ns))
			return true;
		drop_spare(d, s);
		return false;
	}
	return false;
}

/* Into the bucket of all that is its own, which was one of those of which `bucket` tells the lower bits. */
static bool put_into_own(
    struct dedup *d, uint32_t bucket, uint64_t packet, uint64_t first_ns, uint64_t clock_ns)
{
	struct dedup_bucket *b = dedup_bucket(d, (packet & ~(uint64_t)PLACE_MASK) | bucket);
	bool forgets =
	    is_awaited(d, b->packet[DEDUP_WAYS - 1], b->clock_ns[DEDUP_WAYS - 1], clock_ns);

	put_first(b, DEDUP_WAYS - 1, packet, first_ns);
	return forgets;
}

/* The oldest goes first: spares are older than all that their bucket holds. */
static bool split(struct dedup *d, uint32_t bucket, uint64_t clock_ns)
{
	const struct dedup_bucket old = d->buckets[bucket];
	bool forgets = false;

	memset(&d->buckets[bucket], 0, sizeof(old));
	for (const struct dedup_spare *s = d->spares + DEDUP_SPARES; s-- > d->spares;)
		if (s->bucket == bucket)
			forgets |= put_into_own(d, bucket, s->packet, s->clock_ns, clock_ns);
	for (unsigned way = DEDUP_WAYS; way-- > 0;)
		forgets |= put_into_own(d, bucket, old.packet[way], old.clock_ns[way], clock_ns);
	return forgets;
}

/* Whether one is forgotten for it: only where all the memory, too, has no room in one bucket. */
static bool use_all(struct dedup *d, uint64_t clock_ns)
{
	bool forgets = false;

	ask_for_huge_pages(d, BYTES);
	d->bucket_mask = DEDUP_BUCKETS - 1;
	for (uint32_t bucket = 0; bucket < DEDUP_BUCKETS_FIRST; bucket++)
		forgets |= split(d, bucket, clock_ns);
	return forgets;
}

static void keep_spare(struct dedup *d, const struct dedup_bucket *b)
{
	memmove(d->spares + 1, d->spares, (DEDUP_SPARES - 1) * sizeof(d->spares[0]));
	d->spares[0] = (struct dedup_spare){.packet = b->packet[DEDUP_WAYS - 1],
	    .clock_ns = b->clock_ns[DEDUP_WAYS - 1],
	    .bucket = (uint32_t)(b - d->buckets)};
}

/* A packet that is none of its bucket's, all of which are still awaited. */
static __attribute__((noinline)) enum dedup_result see_in_full_bucket(
    struct dedup *d, struct dedup_bucket *b, uint64_t packet, uint64_t clock_ns)
{
	const struct dedup_spare *last = &d->spares[DEDUP_SPARES - 1];
	uint32_t bucket = (uint32_t)(b - d->buckets);
	bool forgets = false;

	if (d->bucket_mask != DEDUP_BUCKETS - 1) {
		if (copies_spare(d, bucket, packet, clock_ns))
			return DEDUP_DUPLICATE;
		if (!is_awaited(d, last->packet, last->clock_ns, clock_ns)) {
			keep_spare(d, b);
			put_first(b, DEDUP_WAYS - 1, packet, clock_ns);
			return DEDUP_FIRST;
		}
		forgets = use_all(d, clock_ns);
	}
	forgets |= put_into_own(d, bucket, packet, clock_ns, clock_ns);
	return forgets ? DEDUP_FIRST_FORGETS : DEDUP_FIRST;
}

/* --------------------------------------------------------------------------------------------- */

static enum dedup_result see_again(
    const struct dedup *d, struct dedup_bucket *b, unsigned way, uint64_t packet, uint64_t clock_ns)
{
	if (is_within_window(d, b->packet[way], b->clock_ns[way], packet, clock_ns))
		return DEDUP_DUPLICATE;
	put_first(b, way, packet, clock_ns);
	return DEDUP_FIRST;
}

enum dedup_result dedup_see(struct dedup *d, uint64_t digest, uint16_t place, uint64_t clock_ns)
{
	struct dedup_bucket *b = dedup_bucket(d, digest);
	uint64_t packet = (digest & ~(uint64_t)PLACE_MASK) | place;

#pragma GCC unroll 4
	for (unsigned way = 0; way < DEDUP_WAYS; way++)
		if ((b->packet[way] ^ packet) <= PLACE_MASK)
			return see_again(d, b, way, packet, clock_ns);
	if (is_awaited(d, b->packet[DEDUP_WAYS - 1], b->clock_ns[DEDUP_WAYS - 1], clock_ns))
		return see_in_full_bucket(d, b, packet, clock_ns);
	put_first(b, DEDUP_WAYS - 1, packet, clock_ns);
	return DEDUP_FIRST;
}

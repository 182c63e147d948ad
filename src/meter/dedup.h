/*
 * Copies of one packet, as a mirror gives that sees it at several places or in both directions.
 *
 * The first copy is metered. Another packet of the same digest is a duplicate of it if it was seen
 * at another place less than `copy_ns` of the clock later, or at the same place less than `same_ns`
 * later. Both windows count from the packet that was metered, whatever came in between: a packet
 * that is not a duplicate is metered, and is what the next ones are compared with. So nothing is
 * dropped for a packet that is older than the window, and copies do not prolong it.
 *
 * The memory has a fixed size. A packet is compared with the DEDUP_WAYS of one bucket, which is one
 * cache line; where it is full the oldest gives way. The digest's lowest bits choose the bucket, the
 * others are compared: all 64 count. Belongs to the worker.
 */
#ifndef SPANFLOW_METER_DEDUP_H
#define SPANFLOW_METER_DEDUP_H

#include <stdint.h>

#define DEDUP_WAYS 4
#define DEDUP_BUCKETS (1u << 17) /* 524,288 packets, 8 MB */

struct dedup_windows {
	uint64_t copy_ns; /* 0: none of these is a duplicate */
	uint64_t same_ns;
};

enum dedup_result {
	DEDUP_FIRST,
	DEDUP_FIRST_FORGETS, /* and one had to be forgotten that was still within a window */
	DEDUP_DUPLICATE
};

/* One that is free has the clock 0 and is older than all. */
struct dedup_bucket {
	uint64_t packet[DEDUP_WAYS]; /* the digest, its lowest bits replaced by the place */
	uint64_t clock_ns[DEDUP_WAYS];
};

struct dedup {
	struct dedup_windows windows;
	uint64_t longest_ns;
	struct dedup_bucket *buckets;
};

/* Where a packet of this digest is looked for, so that the caller may fetch it beforehand. */
static inline struct dedup_bucket *dedup_bucket(const struct dedup *d, uint64_t digest)
{
	return &d->buckets[digest % DEDUP_BUCKETS];
}

/* NULL: no memory. */
struct dedup *dedup_create(const struct dedup_windows *windows);
void dedup_destroy(struct dedup *d);

/*
 * What the next packet is. As long as the digests' key is the same the clock never goes back; a
 * new key makes forget all that was seen.
 */
enum dedup_result dedup_see(struct dedup *d, uint64_t digest, uint16_t place, uint64_t clock_ns);

#endif

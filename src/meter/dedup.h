/*
 * Copies of one packet, as a mirror gives that sees it at several places or in both directions.
 *
 * The first copy is metered. Another packet of the same digest is a duplicate of it if it was seen
 * at another place less than `copy_ns` of the clock later, or at the same place less than `same_ns`
 * later. Both windows count from the packet that was metered, whatever came in between: a packet
 * that is not a duplicate is metered, and is what the next ones are compared with. So nothing is
 * dropped for a packet that is older than the window, and copies do not prolong it.
 *
 * A packet is compared with the DEDUP_WAYS of one bucket, which is one cache line; where it is full
 * the oldest gives way. The digest's lowest bits choose the bucket, the others are compared: all 64
 * count.
 *
 * Only a part of the memory is in use as long as that is enough, because a part stays in the
 * processor's own cache. What has to give way in it although its window is not over is kept as a
 * spare; that happens by chance, with any number of packets.
 * Where there are more of those at a time than there are spares all the memory is used, from then on:
 * each bucket is split into several, and the spares go with the others of their bucket. So nothing is
 * forgotten that would not be if all had been in use from the beginning. Belongs to the worker.
 */
#ifndef SPANFLOW_METER_DEDUP_H
#define SPANFLOW_METER_DEDUP_H

#include <stdbool.h>
#include <stdint.h>

#define DEDUP_WAYS 4
#define DEDUP_BUCKETS_FIRST (1u << 14) /* 65,536 packets, 1 MB */
#define DEDUP_BUCKETS (1u << 17)       /* 524,288 packets, 8 MB */
/* What seldom gives way in time comes one by one: four in one window are many packets. */
#define DEDUP_SPARES 4
/* Of a digest the bits that each bucket's number tells: so many has a place. */
#define DEDUP_PLACE_BITS 14

struct dedup_windows {
	uint64_t copy_ns; /* 0: none of these is a duplicate */
	uint64_t same_ns;
};

enum dedup_result {
	DEDUP_FIRST,
	DEDUP_FIRST_FORGETS, /* and one had to be forgotten that was still within a window */
	DEDUP_DUPLICATE
};

/* The newest comes first. One that is free has the clock 0 and is older than all. */
struct dedup_bucket {
	uint64_t packet[DEDUP_WAYS]; /* the digest, its lowest bits replaced by the place */
	uint64_t clock_ns[DEDUP_WAYS];
};

/* What gave way last. `clock_ns` 0: nothing. */
struct dedup_spare {
	uint64_t packet;
	uint64_t clock_ns;
	uint32_t bucket;
};

struct dedup {
	struct dedup_windows windows;
	uint64_t longest_ns;
	uint32_t bucket_mask; /* of those in use */
	struct dedup_bucket *buckets;
	void *reserved;                          /* what they are in */
	struct dedup_spare spares[DEDUP_SPARES]; /* the newest comes first */
};

/*
 * Where a packet of this digest is looked for, so that the caller may fetch it beforehand. Another bucket
 * may be the one when the packet is seen.
 */
static inline struct dedup_bucket *dedup_bucket(const struct dedup *d, uint64_t digest)
{
	return &d->buckets[digest & d->bucket_mask];
}

/*
 * `at_once`: all the memory comes now, because the moment that all comes into use is not to last
 * longer for it. NULL: no memory.
 */
struct dedup *dedup_create(const struct dedup_windows *windows, bool at_once);
void dedup_destroy(struct dedup *d);

/*
 * What the next packet is; its place has DEDUP_PLACE_BITS. As long as the digests' key is the same the
 * clock never goes back; a new key makes forget all that was seen.
 */
enum dedup_result dedup_see(struct dedup *d, uint64_t digest, uint16_t place, uint64_t clock_ns);

#endif

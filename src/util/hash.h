/*
 * The keyed hash of the flow table: xxHash's XXH3 with a seed, 64 bits.
 *
 * Inlined, because the length is known where it is called: 48 bytes take four multiplications.
 * A sender who does not know the seed cannot pick keys that meet in one bucket.
 */
#ifndef SPANFLOW_UTIL_HASH_H
#define SPANFLOW_UTIL_HASH_H

#include <stddef.h>
#include <stdint.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static inline uint64_t hash_bytes(const void *data, size_t size, uint64_t seed)
{
	return XXH3_64bits_withSeed(data, size, seed);
}

#endif

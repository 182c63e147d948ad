/*
 * A keyed hash of some octets for whom even XXH3 is too slow: one multiplication for sixteen octets,
 * with no state that one waits for the other by.
 *
 * Each pair of words is multiplied after a pair of key words of its own was added bit by bit, and the
 * 128 bits of the product are folded into 64; the sum of those is the hash. (XXH3 does the same with
 * up to 240 octets, but makes its key words from the seed anew each time.) Two inputs that were not
 * chosen with the key in hand agree once in about 2^63 keys. Not the same on machines of different
 * byte order: for memory, not for the wire.
 *
 * The sum tells octets apart; some of its bits alone do so badly, because what differs in one word only
 * (the addresses of a scan) makes an arithmetic progression. Who takes places in a table from them
 * spreads them first.
 */
#ifndef SPANFLOW_UTIL_FOLD_H
#define SPANFLOW_UTIL_FOLD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What is multiplied once takes two key words; `n` octets take FOLD_KEYS(n). */
#define FOLD_OCTETS 16
#define FOLD_KEYS(n) (((n) + FOLD_OCTETS - 1) / FOLD_OCTETS * 2)

static inline uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t fold_pair(uint64_t a, uint64_t b, const uint64_t *key)
{
	return fold(a ^ key[0], b ^ key[1]);
}

static inline uint64_t fold_load64(const uint8_t *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static inline uint64_t fold_load32(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

/* All bits of the hash in each of its bits; takes two key words of its own. */
static inline uint64_t fold_spread(uint64_t hash, const uint64_t *key)
{
	return fold_pair(hash, 0, key);
}

/* Fewer octets than are multiplied at once: two words that overlap, or three octets that may be one. */
static inline uint64_t fold_short(const uint8_t *at, size_t n, const uint64_t *key)
{
	uint64_t v = 0;

	if (n >= 8)
		return fold_pair(fold_load64(at), fold_load64(at + n - 8), key);
	if (n >= 4)
		v = fold_load32(at) | fold_load32(at + n - 4) << 32;
	else if (n > 0)
		v = (uint64_t)at[0] | (uint64_t)at[n / 2] << 8 | (uint64_t)at[n - 1] << 16;
	return fold_pair(v, n, key);
}

/* The key has FOLD_KEYS(n) words, at least two. The last two words may overlap those before. */
static inline uint64_t fold_octets(const uint8_t *at, size_t n, const uint64_t *key)
{
	const uint8_t *last;
	uint64_t hash = n;

	if (n < FOLD_OCTETS)
		return hash + fold_short(at, n, key);
	last = at + n - FOLD_OCTETS;
	for (; at < last; at += FOLD_OCTETS, key += 2)
		hash += fold_pair(fold_load64(at), fold_load64(at + 8), key);
	return hash + fold_pair(fold_load64(last), fold_load64(last + 8), key);
}

#endif

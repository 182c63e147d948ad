/*
 * Whether one of eight 32-bit numbers is at most a given one, all at once: by SSE2 or NEON where every
 * processor of the kind has them, elsewhere in portable C.
 */
#ifndef SPANFLOW_UTIL_SCAN32_H
#define SPANFLOW_UTIL_SCAN32_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#endif

#define SCAN32_LANES 8

static inline bool scan32_portable(const uint32_t lanes[SCAN32_LANES], uint32_t most)
{
	bool found = false;

	for (unsigned i = 0; i < SCAN32_LANES; i++)
		found |= lanes[i] <= most;
	return found;
}

#if defined(__SSE2__)

/* SSE2 compares signed numbers: with the sign bit turned the order is that of unsigned ones. */
static inline bool scan32(const uint32_t lanes[SCAN32_LANES], uint32_t most)
{
	__m128i sign = _mm_set1_epi32(INT32_MIN);
	__m128i limit = _mm_xor_si128(_mm_set1_epi32((int)most), sign);
	__m128i low = _mm_xor_si128(_mm_loadu_si128((const __m128i *)lanes), sign);
	__m128i high = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(lanes + 4)), sign);
	__m128i above = _mm_and_si128(_mm_cmpgt_epi32(low, limit), _mm_cmpgt_epi32(high, limit));

	return _mm_movemask_epi8(above) != 0xffff;
}

#elif defined(__ARM_NEON) && defined(__aarch64__)

static inline bool scan32(const uint32_t lanes[SCAN32_LANES], uint32_t most)
{
	uint32x4_t least = vminq_u32(vld1q_u32(lanes), vld1q_u32(lanes + 4));

	return vminvq_u32(least) <= most;
}

#else

static inline bool scan32(const uint32_t lanes[SCAN32_LANES], uint32_t most)
{
	return scan32_portable(lanes, most);
}

#endif

#endif

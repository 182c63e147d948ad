/*
 * Which of sixteen 32-bit numbers are at most a given one, all at once: by SSE2 or NEON where every
 * processor of the kind has them, elsewhere in portable C. The answer is a set of bits, one a number.
 */
#ifndef SPANFLOW_UTIL_SCAN32_H
#define SPANFLOW_UTIL_SCAN32_H

#include <stdint.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#endif

#define SCAN32_LANES 16

static inline unsigned scan32_portable(const uint32_t lanes[SCAN32_LANES], uint32_t most)
{
	unsigned found = 0;

	for (unsigned i = 0; i < SCAN32_LANES; i++)
		found |= (unsigned)(lanes[i] <= most) << i;
	return found;
}

#if defined(__SSE2__)

/* SSE2 compares signed numbers: with the sign bit turned the order is that of unsigned ones. */
static inline __m128i scan32_above(const uint32_t lanes[4], __m128i turned_most)
{
	__m128i turned =
	    _mm_xor_si128(_mm_loadu_si128((const __m128i *)lanes), _mm_set1_epi32(INT32_MIN));

	return _mm_cmpgt_epi32(turned, turned_most);
}

static inline unsigned scan32(const uint32_t lanes[SCAN32_LANES], uint32_t most)
{
	__m128i limit = _mm_set1_epi32((int)(most ^ (uint32_t)INT32_MIN));
	__m128i low = _mm_packs_epi32(scan32_above(lanes, limit), scan32_above(lanes + 4, limit));
	__m128i high =
	    _mm_packs_epi32(scan32_above(lanes + 8, limit), scan32_above(lanes + 12, limit));

	return (unsigned)_mm_movemask_epi8(_mm_packs_epi16(low, high)) ^ 0xffff;
}

#elif defined(__ARM_NEON) && defined(__aarch64__)

static inline unsigned scan32_eight(const uint32_t lanes[8], uint32_t most)
{
	static const uint16_t bits[8] = {1, 2, 4, 8, 16, 32, 64, 128};
	uint32x4_t limit = vdupq_n_u32(most);
	uint16x4_t low = vmovn_u32(vcleq_u32(vld1q_u32(lanes), limit));
	uint16x4_t high = vmovn_u32(vcleq_u32(vld1q_u32(lanes + 4), limit));

	return vaddvq_u16(vandq_u16(vcombine_u16(low, high), vld1q_u16(bits)));
}

static inline unsigned scan32(const uint32_t lanes[SCAN32_LANES], uint32_t most)
{
	return scan32_eight(lanes, most) | scan32_eight(lanes + 8, most) << 8;
}

#else

static inline unsigned scan32(const uint32_t lanes[SCAN32_LANES], uint32_t most)
{
	return scan32_portable(lanes, most);
}

#endif

#endif

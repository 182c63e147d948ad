/*
 * Which of eight 16-bit values equal a given one, all at once: by the vector instructions that every
 * x86-64 (SSE2) and AArch64 (NEON) has, elsewhere in portable C.
 *
 * The answer is a set of bits, one a value. The portable one may contain too many behind a true match
 * but never misses one: who asks compares the rest anyway.
 */
#ifndef SPANFLOW_UTIL_MATCH16_H
#define SPANFLOW_UTIL_MATCH16_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#endif

#define MATCH16_LANES 8
#define MATCH16_ONES 0x0001000100010001ull
#define MATCH16_TOPS 0x8000800080008000ull

/* The top bit of each 16-bit lane that is zero (and at times of one above such a lane). */
static inline uint64_t match16_zero_lanes(uint64_t v)
{
	return (v - MATCH16_ONES) & ~v & MATCH16_TOPS;
}

/* Four lanes' top bits to four adjacent bits, lane 0 lowest. */
static inline unsigned match16_pack(uint64_t tops)
{
	return (unsigned)(((tops >> 15) * 0x0001000200040008ull) >> 48) & 0xf;
}

static inline uint64_t match16_load(const uint16_t *lanes)
{
	uint64_t v;

	memcpy(&v, lanes, sizeof(v));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = v << 48 | (v & 0xffff0000u) << 16 | (v >> 16 & 0xffff0000u) | v >> 48;
#endif
	return v;
}

static inline unsigned match16_portable(const uint16_t lanes[MATCH16_LANES], uint16_t value)
{
	uint64_t all = value * MATCH16_ONES;
	unsigned low = match16_pack(match16_zero_lanes(match16_load(lanes) ^ all));
	unsigned high = match16_pack(match16_zero_lanes(match16_load(lanes + 4) ^ all));

	return low | high << 4;
}

#if defined(__SSE2__)

static inline unsigned match16(const uint16_t lanes[MATCH16_LANES], uint16_t value)
{
	__m128i all = _mm_set1_epi16((short)value);
	__m128i same = _mm_cmpeq_epi16(_mm_loadu_si128((const __m128i *)lanes), all);

	return (unsigned)_mm_movemask_epi8(_mm_packs_epi16(same, _mm_setzero_si128()));
}

#elif defined(__ARM_NEON) && defined(__aarch64__)

static inline unsigned match16(const uint16_t lanes[MATCH16_LANES], uint16_t value)
{
	static const uint16_t bits[MATCH16_LANES] = {1, 2, 4, 8, 16, 32, 64, 128};
	uint16x8_t same = vceqq_u16(vld1q_u16(lanes), vdupq_n_u16(value));

	return vaddvq_u16(vandq_u16(same, vld1q_u16(bits)));
}

#else

static inline unsigned match16(const uint16_t lanes[MATCH16_LANES], uint16_t value)
{
	return match16_portable(lanes, value);
}

#endif

#endif

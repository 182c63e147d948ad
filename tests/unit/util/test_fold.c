#include "suites.h"

#include "util/fold.h"
#include "util/rng.h"

#define SIZE 128

static uint64_t key[FOLD_KEYS(SIZE)];

static void begin(void)
{
	struct rng r = {.state = 1};

	for (size_t i = 0; i < FOLD_KEYS(SIZE); i++)
		key[i] = rng_next(&r);
}

/* Whatever the size, each bit counts, none beyond the end does, and so does the size itself. */
START_TEST(every_octet_counts_and_none_beyond_the_end)
{
	uint8_t octets[SIZE + 1];

	begin();
	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)(i * 7);
	for (size_t n = 0; n <= SIZE; n++) {
		uint64_t was = fold_octets(octets, n, key);

		for (size_t bit = 0; bit < (n + 1) * 8; bit++) {
			octets[bit / 8] ^= (uint8_t)(1u << bit % 8);
			ck_assert_msg((fold_octets(octets, n, key) == was) == (bit >= n * 8),
			    "%zu octets, bit %zu", n, bit);
			octets[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		ck_assert(n == SIZE || fold_octets(octets, n + 1, key) != was);
	}
}
END_TEST

/* Zeros are told apart by their number, and the same words in other places from each other. */
START_TEST(place_of_a_word_counts)
{
	uint8_t octets[64] = {0};
	uint64_t seen[64];

	begin();
	for (size_t i = 0; i < 64; i++) {
		octets[i] = 1;
		seen[i] = fold_octets(octets, sizeof(octets), key);
		octets[i] = 0;
		for (size_t j = 0; j < i; j++)
			ck_assert(seen[i] != seen[j]);
	}
}
END_TEST

START_TEST(every_word_of_the_key_counts)
{
	uint8_t octets[SIZE] = {1, 2, 3};
	uint64_t was;

	begin();
	was = fold_octets(octets, SIZE, key);
	for (size_t i = 0; i < FOLD_KEYS(SIZE); i++) {
		key[i] ^= 1;
		ck_assert(fold_octets(octets, SIZE, key) != was);
		key[i] ^= 1;
	}
}
END_TEST

Suite *fold_suite(void)
{
	const TTest *const tests[] = {
	    every_octet_counts_and_none_beyond_the_end,
	    place_of_a_word_counts,
	    every_word_of_the_key_counts,
	};

	return SUITE_OF("fold", tests);
}

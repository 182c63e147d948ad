#include "suites.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/tandem.h"
#include "util/rng.h"

#define OFFSET 123u
#define WHOLE 20u
#define SIZE (OFFSET + WHOLE * TANDEM_BLOCK + 1000)

static uint8_t *content;
static int fd;
static struct tandem *t;

/* A file without a name, of the content's first octets. */
static void make_file(size_t size)
{
	struct rng r = {.state = 5};
	FILE *file = tmpfile();

	ck_assert_ptr_nonnull(file);
	content = malloc(SIZE);
	for (size_t i = 0; i < SIZE; i++)
		content[i] = (uint8_t)rng_next(&r);
	ck_assert_uint_eq(fwrite(content, 1, size, file), size);
	ck_assert_int_eq(fflush(file), 0);
	fd = dup(fileno(file));
	fclose(file);
}

static void forget_file(void)
{
	close(fd);
	free(content);
}

/* Reads such a file. */
static void begin(size_t size)
{
	make_file(size);
	t = tandem_create(fd, OFFSET);
	ck_assert_ptr_nonnull(t);
}

/* Nothing comes any more, however often it is asked for. */
static void end(void)
{
	ck_assert_ptr_null(tandem_next(t));
	ck_assert_ptr_null(tandem_next(t));
	tandem_destroy(t);
	forget_file();
}

/* Not with ck_assert_mem_eq: that prints all of it. */
static bool is_block(const uint8_t *octets, unsigned n)
{
	return memcmp(octets, content + OFFSET + n * (size_t)TANDEM_BLOCK, TANDEM_BLOCK) == 0;
}

START_TEST(whole_blocks_come_in_order)
{
	uint8_t *before = NULL;

	begin(SIZE);
	for (unsigned n = 0; n < WHOLE; n++) {
		uint8_t *block = tandem_next(t);

		ck_assert_ptr_nonnull(block);
		memset(block - TANDEM_BEFORE, 0xee, TANDEM_BEFORE);
		ck_assert(is_block(block, n));
		if (before)
			ck_assert(is_block(before, n - 1));
		before = block;
	}
	ck_assert_ptr_null(tandem_next(t));
	ck_assert(is_block(before, WHOLE - 1));
	end();
}
END_TEST

/* What is taken slowly is read by the helper, what is taken fast by both. */
START_TEST(slow_takers_get_the_same)
{
	begin(SIZE);
	for (unsigned n = 0; n < WHOLE; n++) {
		if (n % 3 == 0)
			usleep(2000);
		ck_assert(is_block(tandem_next(t), n));
	}
	end();
}
END_TEST

START_TEST(it_may_end_at_any_block)
{
	make_file(SIZE);
	for (unsigned taken = 0; taken < WHOLE; taken++) {
		t = tandem_create(fd, OFFSET);
		for (unsigned n = 0; n < taken; n++)
			ck_assert(is_block(tandem_next(t), n));
		tandem_destroy(t);
	}
	tandem_destroy(NULL);
	forget_file();
}
END_TEST

START_TEST(less_than_a_block_is_left_to_others)
{
	begin(OFFSET + TANDEM_BLOCK - 1);
	end();
}
END_TEST

/* What is cut off while it is read: blocks come as they were, or not. */
START_TEST(shrinking_file_ends_early)
{
	unsigned n = 0;
	uint8_t *block;

	begin(SIZE);
	ck_assert(is_block(tandem_next(t), n++));
	ck_assert_int_eq(ftruncate(fd, OFFSET + 3 * TANDEM_BLOCK + 5), 0);
	while ((block = tandem_next(t)))
		ck_assert(is_block(block, n++));
	ck_assert_uint_ge(n, 3);
	ck_assert_uint_lt(n, WHOLE);
	end();
}
END_TEST

START_TEST(errors_are_left_to_others)
{
	t = tandem_create(-1, 0);
	ck_assert_ptr_null(tandem_next(t));
	tandem_destroy(t);
}
END_TEST

Suite *tandem_suite(void)
{
	const TTest *const tests[] = {
	    whole_blocks_come_in_order,
	    slow_takers_get_the_same,
	    it_may_end_at_any_block,
	    less_than_a_block_is_left_to_others,
	    shrinking_file_ends_early,
	    errors_are_left_to_others,
	};

	return SUITE_OF("tandem", tests);
}

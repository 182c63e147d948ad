#include "suites.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/input.h"
#include "capture/tandem.h"
#include "util/rng.h"

#define SIZE (9u << 20)

static uint8_t *content;
static struct input *in;
static atomic_bool stop;

/* An input of so many of the content's octets. */
static void open_input(size_t size)
{
	struct rng r = {.state = 5};
	FILE *file = tmpfile();

	content = malloc(SIZE);
	for (size_t i = 0; i < SIZE; i++)
		content[i] = (uint8_t)rng_next(&r);
	ck_assert_uint_eq(fwrite(content, 1, size, file), size);
	ck_assert_int_eq(fflush(file), 0);
	rewind(file);
	ck_assert_int_eq(input_open(dup(fileno(file)), &in), 0);
	fclose(file);
	stop = false;
	input_stop_by(in, &stop);
}

static void close_input(void)
{
	input_close(in);
	free(content);
}

static bool is_content(const uint8_t *octets, size_t at, size_t n)
{
	return octets && memcmp(octets, content + at, n) == 0;
}

static void check_end(void)
{
	size_t left = SIZE - (size_t)input_offset(in);

	ck_assert(is_content(input_peek(in, left), SIZE - left, left));
	ck_assert_ptr_null(input_peek(in, left + 1));
	ck_assert_int_eq(input_error(in), -ENODATA);
	ck_assert(is_content(input_peek(in, left), SIZE - left, left));
}

/* Mostly as long as packets, at times longer than any buffer. */
static size_t some_size(struct rng *r)
{
	return rng_below(r, 200) ? rng_below(r, 3000) : rng_below(r, 1u << 20);
}

/* One reader's step, as all of them read: to look at octets and to step over them, or to have them copied. */
static void take_some(struct rng *r)
{
	uint64_t at = input_offset(in);
	size_t n = some_size(r);
	ssize_t got;

	if (n > SIZE - at)
		n = SIZE - (size_t)at;
	switch (rng_below(r, 20)) {
	case 0:
		ck_assert_int_eq(input_skip(in, n), 0);
		break;
	default:
		ck_assert(is_content(input_peek(in, n), (size_t)at, n));
		input_take(in, rng_below(r, 2) ? n : n / 2);
		break;
	}
	if (rng_below(r, 3000) == 0 && input_offset(in) < SIZE) {
		uint8_t copy[5000];

		at = input_offset(in);
		got = input_read(in, copy, sizeof(copy));
		ck_assert_int_gt(got, 0);
		ck_assert(is_content(copy, (size_t)at, (size_t)got));
	}
}

START_TEST(two_threads_read_what_one_does)
{
	for (unsigned seed = 1; seed <= 30; seed++) {
		struct rng r = {.state = seed};
		uint64_t share_at = rng_below(&r, SIZE / 2);

		open_input(SIZE);
		while (input_offset(in) < SIZE - 100) {
			if (input_offset(in) >= share_at) {
				input_share(in);
				share_at = rng_below(&r, 3) ? SIZE : share_at + 1000000;
			}
			take_some(&r);
		}
		check_end();
		close_input();
	}
}
END_TEST

START_TEST(octets_of_several_blocks_are_seen_at_once)
{
	open_input(SIZE);
	ck_assert(is_content(input_peek(in, 1000), 0, 1000));
	input_share(in);
	ck_assert_ptr_nonnull(in->tandem);
	input_take(in, 500);
	ck_assert(is_content(input_peek(in, 300000), 500, 300000));
	ck_assert_ptr_nonnull(in->tandem);
	ck_assert(is_content(input_peek(in, 3 * TANDEM_BLOCK), 500, 3 * TANDEM_BLOCK));
	input_take(in, 3 * TANDEM_BLOCK);
	check_end();
	close_input();
}
END_TEST

START_TEST(stopped_reading_goes_on_where_it_was)
{
	open_input(SIZE);
	ck_assert_ptr_nonnull(input_peek(in, 1000));
	input_share(in);
	ck_assert_int_eq(input_skip(in, 1000000), 0);
	stop = true;
	ck_assert_ptr_null(input_peek(in, input_ready(in) + 1));
	ck_assert_int_eq(input_error(in), -EINTR);
	stop = false;
	ck_assert(is_content(input_peek(in, 700000), 1000000, 700000));
	input_take(in, 700000);
	check_end();
	close_input();
}
END_TEST

START_TEST(what_has_been_read_whole_is_read_by_one)
{
	open_input(100000);
	ck_assert_uint_eq(input_left(in), 100000);
	ck_assert_ptr_nonnull(input_peek(in, 1000));
	ck_assert_uint_eq(input_left(in), 0);
	input_share(in);
	ck_assert_ptr_null(in->tandem);
	ck_assert(is_content(input_peek(in, 100000), 0, 100000));
	close_input();
}
END_TEST

START_TEST(pipes_are_read_by_one)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(write(fds[1], "0123456789", 10), 10);
	close(fds[1]);
	ck_assert_int_eq(input_open(fds[0], &in), 0);
	ck_assert_ptr_nonnull(input_peek(in, 5));
	input_share(in);
	ck_assert_ptr_null(in->tandem);
	ck_assert_mem_eq(input_peek(in, 10), "0123456789", 10);
	ck_assert_ptr_null(input_peek(in, 11));
	input_close(in);
}
END_TEST

Suite *input_suite(void)
{
	const TTest *const tests[] = {
	    two_threads_read_what_one_does,
	    octets_of_several_blocks_are_seen_at_once,
	    stopped_reading_goes_on_where_it_was,
	    what_has_been_read_whole_is_read_by_one,
	    pipes_are_read_by_one,
	};

	return SUITE_OF("input", tests);
}

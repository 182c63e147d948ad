#include "suites.h"

#include <stdbool.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "util/ahead.h"

#define PAGES 64u

static size_t page;

static uint8_t *reserve(void)
{
	uint8_t *memory;

	page = (size_t)sysconf(_SC_PAGESIZE);
	memory = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ck_assert_ptr_ne(memory, MAP_FAILED);
	/* Not by larger pages, which bring their neighbours. */
	madvise(memory, PAGES * page, MADV_NOHUGEPAGE);
	return memory;
}

static unsigned pages_there(uint8_t *memory)
{
	unsigned char there[PAGES];
	unsigned n = 0;

	ck_assert_int_eq(mincore(memory, PAGES * page, there), 0);
	for (unsigned i = 0; i < PAGES; i++)
		n += there[i] & 1;
	return n;
}

/* The thread does it some time. */
static unsigned wait_for_pages(uint8_t *memory, unsigned wanted)
{
	struct timespec pause = {.tv_nsec = 1000000};

	for (unsigned i = 0; i < 5000 && pages_there(memory) < wanted; i++)
		nanosleep(&pause, NULL);
	return pages_there(memory);
}

/* As a kernel before 5.14 answers. */
static bool kernel_can(void)
{
	uint8_t *memory = reserve();
	bool can = madvise(memory, page, 23 /* MADV_POPULATE_WRITE */) == 0;

	munmap(memory, PAGES * page);
	return can;
}

START_TEST(memory_that_was_asked_for_comes)
{
	struct ahead *a = ahead_create();
	uint8_t *memory = reserve();

	ck_assert_uint_eq(pages_there(memory), 0);
	/* Parts of the first page and of the fourth. */
	ahead_ask(a, memory + page - 1, 2 * page + 2);
	if (kernel_can())
		ck_assert_uint_eq(wait_for_pages(memory, 4), 4);
	ahead_ask(a, memory + 10 * page, 1);
	ahead_ask(a, memory + 20 * page, 2 * page);
	if (kernel_can())
		ck_assert_uint_eq(wait_for_pages(memory, 7), 7);
	for (size_t i = 0; i < PAGES * page; i++)
		ck_assert_uint_eq(memory[i], 0);
	ahead_destroy(a);
	munmap(memory, PAGES * page);
}
END_TEST

START_TEST(what_is_in_memory_stays)
{
	struct ahead *a = ahead_create();
	uint8_t *memory = reserve();

	memory[5] = 77;
	ahead_ask(a, memory, 2 * page);
	if (kernel_can())
		ck_assert_uint_eq(wait_for_pages(memory, 2), 2);
	ck_assert_uint_eq(memory[5], 77);
	ahead_destroy(a);
	munmap(memory, PAGES * page);
}
END_TEST

/* Also those that are forgotten do not make anyone wait, and those of nothing are none. */
START_TEST(more_wishes_than_it_keeps)
{
	struct ahead *a = ahead_create();
	uint8_t *memory = reserve();

	ahead_ask(a, memory, 0);
	for (unsigned i = 0; i < 100000; i++)
		ahead_ask(a, memory + i % PAGES * page, page);
	if (kernel_can())
		ck_assert_uint_gt(wait_for_pages(memory, 1), 0);
	ahead_destroy(a);
	munmap(memory, PAGES * page);
}
END_TEST

/* A quarter of a second's work, which nobody wants any more. */
START_TEST(end_waits_for_no_wish_that_has_not_begun)
{
	const size_t octets = (size_t)32 << 20, page_size = (size_t)sysconf(_SC_PAGESIZE);
	struct ahead *a = ahead_create();
	uint8_t *memory = mmap(NULL, 32 * octets, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	unsigned begun = 0;

	ck_assert_ptr_ne(memory, MAP_FAILED);
	for (unsigned i = 0; i < 32; i++)
		ahead_ask(a, memory + i * octets, octets);
	ahead_destroy(a);
	for (unsigned i = 0; i < 32; i++) {
		unsigned char there;

		ck_assert_int_eq(mincore(memory + i * octets, page_size, &there), 0);
		begun += there & 1;
	}
	ck_assert_uint_lt(begun, 32);
	munmap(memory, 32 * octets);
}
END_TEST

START_TEST(nothing_asked_for_needs_no_thread)
{
	ahead_destroy(ahead_create());
	ahead_destroy(NULL);
}
END_TEST

Suite *ahead_suite(void)
{
	const TTest *const tests[] = {
	    memory_that_was_asked_for_comes,
	    what_is_in_memory_stays,
	    more_wishes_than_it_keeps,
	    end_waits_for_no_wish_that_has_not_begun,
	    nothing_asked_for_needs_no_thread,
	};

	return SUITE_OF("ahead", tests);
}

#include "suites.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "util/snapshot.h"

/* Large enough that half of it can be seen if nobody prevents it. */
#define WORDS 512
#define GIVEN 20000
#define READERS 3

struct value {
	uint64_t words[WORDS];
};

static atomic_bool given_all;

static void fill(struct value *v, uint64_t n)
{
	for (unsigned i = 0; i < WORDS; i++)
		v->words[i] = n;
}

START_TEST(zeros_at_first)
{
	struct snapshot *s = snapshot_create(sizeof(struct value));
	static struct value v, zeros;

	fill(&v, 7);
	snapshot_read(s, &v);
	ck_assert_mem_eq(&v, &zeros, sizeof(v));
	snapshot_destroy(s);
	snapshot_destroy(NULL);
}
END_TEST

START_TEST(the_last_value_stays_however_often_it_is_read)
{
	struct snapshot *s = snapshot_create(sizeof(uint64_t));

	for (uint64_t given = 1; given < 5; given++) {
		uint64_t v = 0;

		snapshot_give(s, &given);
		for (unsigned i = 0; i < 3; i++) {
			snapshot_read(s, &v);
			ck_assert_uint_eq(v, given);
		}
	}
	snapshot_destroy(s);
}
END_TEST

static void *read_until_all_are_given(void *snapshot)
{
	static _Thread_local struct value v;
	uint64_t last = 0;

	while (!atomic_load(&given_all)) {
		snapshot_read(snapshot, &v);
		for (unsigned i = 1; i < WORDS; i++)
			ck_assert_uint_eq(v.words[i], v.words[0]);
		ck_assert_uint_ge(v.words[0], last);
		last = v.words[0];
	}
	return NULL;
}

/* Also for a sanitizer of threads to look at. */
START_TEST(readers_see_whole_values_that_do_not_go_back)
{
	struct snapshot *s = snapshot_create(sizeof(struct value));
	pthread_t readers[READERS];
	static struct value v;

	atomic_store(&given_all, false);
	for (unsigned i = 0; i < READERS; i++)
		ck_assert_int_eq(pthread_create(&readers[i], NULL, read_until_all_are_given, s), 0);
	for (uint64_t n = 1; n <= GIVEN; n++) {
		fill(&v, n);
		snapshot_give(s, &v);
	}
	atomic_store(&given_all, true);
	for (unsigned i = 0; i < READERS; i++)
		pthread_join(readers[i], NULL);
	/* Nobody reads any more: the next one is not left out. */
	fill(&v, GIVEN + 1);
	snapshot_give(s, &v);
	snapshot_read(s, &v);
	ck_assert_uint_eq(v.words[0], GIVEN + 1);
	snapshot_destroy(s);
}
END_TEST

Suite *snapshot_suite(void)
{
	const TTest *const tests[] = {zeros_at_first, the_last_value_stays_however_often_it_is_read,
	    readers_see_whole_values_that_do_not_go_back};

	return SUITE_OF("snapshot", tests);
}

#include "suites.h"

#include "kept.h"
#include "util/rng.h"

static struct record numbered(uint64_t n)
{
	return (struct record){.packets = n, .kind = RECORD_FLOW};
}

static void push(struct kept *k, uint64_t n)
{
	struct record r = numbered(n);

	kept_push(k, &r);
}

START_TEST(records_leave_in_the_order_in_which_they_came)
{
	struct kept k;
	struct rng rng = {.state = 4};
	uint64_t next = 0, oldest = 0;

	ck_assert_int_eq(kept_init(&k, 7), 0);
	for (unsigned i = 0; i < 10000; i++) {
		if (k.count < k.capacity && rng_below(&rng, 2)) {
			push(&k, next++);
		} else if (k.count) {
			uint32_t n = 1 + rng_below(&rng, (uint32_t)k.count);

			ck_assert_uint_eq(kept_first(&k)->packets, oldest);
			kept_pop(&k, n);
			oldest += n;
		}
		ck_assert_uint_eq(k.count, next - oldest);
	}
	kept_fini(&k);
}
END_TEST

START_TEST(newest_can_be_taken_back)
{
	struct kept k;

	ck_assert_int_eq(kept_init(&k, 3), 0);
	for (uint64_t i = 0; i < 3; i++)
		push(&k, i);
	kept_unpush(&k);
	push(&k, 9);
	kept_pop(&k, 2);
	ck_assert_uint_eq(kept_first(&k)->packets, 9);
	kept_fini(&k);
}
END_TEST

START_TEST(one_queue_goes_behind_another)
{
	struct kept a, b;

	ck_assert_int_eq(kept_init(&a, 5), 0);
	ck_assert_int_eq(kept_init(&b, 5), 0);
	push(&a, 100);
	push(&a, 0);
	kept_pop(&a, 1);
	for (uint64_t i = 1; i < 5; i++)
		push(&b, i);
	kept_append(&a, &b);
	ck_assert_uint_eq(b.count, 0);
	ck_assert_uint_eq(a.count, 5);
	for (uint64_t i = 0; i < 5; i++) {
		ck_assert_uint_eq(kept_first(&a)->packets, i);
		kept_pop(&a, 1);
	}
	kept_fini(&a);
	kept_fini(&b);
}
END_TEST

Suite *kept_suite(void)
{
	const TTest *const tests[] = {
	    records_leave_in_the_order_in_which_they_came,
	    newest_can_be_taken_back,
	    one_queue_goes_behind_another,
	};

	return SUITE_OF("kept", tests);
}

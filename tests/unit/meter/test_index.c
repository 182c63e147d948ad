#include "suites.h"

#include <stdlib.h>
#include <string.h>

#include "meter/index.h"
#include "util/rng.h"

#define MANY 60000

static struct index x;
static struct flow *flows;
static struct bucket *buckets;
static bool *is_in;

static void make_index(uint32_t max_flows)
{
	buckets = calloc(index_buckets_for(max_flows), sizeof(*buckets));
	flows = calloc(max_flows, sizeof(*flows));
	is_in = calloc(max_flows, sizeof(*is_in));
	x = (struct index){.flows = flows};
	index_init(&x, buckets, max_flows);
}

static void free_index(void)
{
	free(buckets);
	free(flows);
	free(is_in);
}

static uint64_t (*hash_of)(uint32_t i);

static uint64_t hash_well(uint32_t i)
{
	struct rng r = {.state = i};

	return rng_next(&r);
}

/* All have one home and one tag. */
static uint64_t hash_alike(uint32_t i)
{
	(void)i;
	return 0x1234567800000042u;
}

/* As of `hash_well`, but of the homes only every eighth. */
static uint64_t hash_crowded(uint32_t i)
{
	return hash_well(i) & ~(7ull << 32);
}

static struct pktinfo key_of(uint32_t i)
{
	struct pktinfo k = {.head.kind = 4};

	memcpy(k.head.src, &i, sizeof(i));
	return k;
}

static bool add(uint32_t i)
{
	flows[i].head = key_of(i).head;
	flows[i].hash = hash_of(i);
	is_in[i] = index_add(&x, i, flows[i].hash);
	return is_in[i];
}

static void take_out(uint32_t i)
{
	index_remove(&x, i, flows[i].hash);
	is_in[i] = false;
}

static void check(uint32_t i)
{
	struct pktinfo k = key_of(i);

	ck_assert_uint_eq(index_find(&x, &k, hash_of(i)), is_in[i] ? i : NO_FLOW);
}

static void check_all(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		check(i);
}

/* From its least to its most, and still when half of them are gone. */
START_TEST(each_is_found_while_the_index_grows)
{
	uint32_t first;

	make_index(MANY);
	hash_of = hash_well;
	first = x.count;
	for (uint32_t i = 0; i < MANY; i++) {
		ck_assert(add(i));
		check(i / 2);
		check(i);
		if (i % 997 == 0)
			check_all(i + 1);
	}
	check_all(MANY);
	ck_assert_uint_gt(x.count, 200 * first);
	ck_assert_uint_eq(x.count, x.most);
	for (uint32_t i = 0; i < MANY; i += 2)
		take_out(i);
	check_all(MANY);
	free_index();
}
END_TEST

/* Whatever the most may be. */
START_TEST(few_flows_have_a_small_index)
{
	make_index(MANY);
	hash_of = hash_well;
	for (uint32_t i = 0; i < 1000; i++)
		ck_assert(add(i));
	ck_assert_uint_le(x.count, 1000 / 2);
	check_all(2000);
	free_index();
}
END_TEST

/* No home goes on, and all that went on before are free again. */
static void check_that_it_is_empty(void)
{
	uint32_t free_ones = 0;

	for (uint32_t b = 0; b < x.count; b++)
		ck_assert_uint_eq(x.buckets[b].next, 0);
	for (uint32_t b = x.free_spare; b; b = x.buckets[b].next)
		free_ones++;
	ck_assert_uint_gt(free_ones, 0);
	ck_assert_uint_eq(free_ones, x.spares);
}

static void come_and_go(uint64_t (*hash)(uint32_t))
{
	struct rng r = {.state = 7};
	uint32_t n = 4000;

	make_index(n);
	hash_of = hash;
	for (int step = 0; step < 400000; step++) {
		uint32_t i = (uint32_t)(rng_next(&r) % n);
		bool fills = step / 50000 % 2 == 0;

		if (!is_in[i] && (fills || step % 4 == 0))
			add(i);
		else if (is_in[i] && (!fills || step % 4 == 0))
			take_out(i);
		check((uint32_t)(rng_next(&r) % n));
	}
	check_all(n);
	for (uint32_t i = 0; i < n; i++)
		if (is_in[i])
			take_out(i);
	check_all(n);
	ck_assert_uint_eq(x.flows_in, 0);
	check_that_it_is_empty();
	free_index();
}

START_TEST(flows_come_and_go_in_any_order)
{
	come_and_go(hash_well);
}
END_TEST

/* Most are in buckets that go on. */
START_TEST(flows_come_and_go_where_homes_are_crowded)
{
	come_and_go(hash_crowded);
}
END_TEST

static unsigned slots_taken(void)
{
	unsigned n = 0;

	for (uint64_t b = 0; b < index_buckets_for(1000); b++)
		for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++)
			n += buckets[b].tag[slot] != 0;
	return n;
}

/* Who takes a flow's slot is one of the last bucket, which has to have one. */
START_TEST(bucket_that_goes_on_ends_with_its_last_flow)
{
	make_index(1000);
	hash_of = hash_alike;
	for (uint32_t i = 0; i <= BUCKET_SLOTS; i++)
		ck_assert(add(i));
	ck_assert_uint_ne(index_home(&x, hash_alike(0))->next, 0);
	take_out(BUCKET_SLOTS);
	ck_assert_uint_eq(index_home(&x, hash_alike(0))->next, 0);
	take_out(0);
	check_all(BUCKET_SLOTS + 1);
	ck_assert_uint_eq(slots_taken(), x.flows_in);
	free_index();
}
END_TEST

/* Both hashes have one tag and, as long as the index is small, one home. */
START_TEST(who_has_the_memory_of_one_that_ended_stays)
{
	uint64_t before = hash_alike(0), now;
	struct pktinfo k = key_of(0);

	make_index(MANY);
	hash_of = hash_well;
	now = before ^ (uint64_t)x.count << 32;
	flows[0].head = k.head;
	/* Its entry is behind the one that is to stay. */
	ck_assert(index_add(&x, 1, before) && index_add(&x, 0, before));
	index_remove(&x, 1, before);
	ck_assert(index_add(&x, 0, now));
	index_remove(&x, 0, before);
	for (uint32_t i = 1; i < 1000; i++)
		ck_assert(add(i));
	ck_assert_uint_eq(index_find(&x, &k, now), 0);
	free_index();
}
END_TEST

/* However many flows an attacker makes meet: what one packet looks through ends there. */
#define CHAIN_MAX 4

/* More than a bucket and those behind it hold. */
START_TEST(who_is_in_the_way_makes_room_by_leaving)
{
	uint32_t n = 0, way;

	make_index(1000);
	hash_of = hash_alike;
	while (add(n))
		n++;
	ck_assert_uint_eq(n, CHAIN_MAX * BUCKET_SLOTS);
	check_all(n + 1);
	way = index_in_the_way(&x, hash_of(n));
	ck_assert(is_in[way]);
	take_out(way);
	ck_assert(add(n));
	check_all(n + 1);
	for (uint32_t i = 0; i <= n; i++)
		if (is_in[i])
			take_out(i);
	check_all(n + 1);
	free_index();
}
END_TEST

Suite *index_suite(void)
{
	const TTest *const tests[] = {
	    each_is_found_while_the_index_grows,
	    few_flows_have_a_small_index,
	    flows_come_and_go_in_any_order,
	    flows_come_and_go_where_homes_are_crowded,
	    bucket_that_goes_on_ends_with_its_last_flow,
	    who_has_the_memory_of_one_that_ended_stays,
	    who_is_in_the_way_makes_room_by_leaving,
	};

	return SUITE_OF("index", tests);
}

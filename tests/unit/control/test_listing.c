#include "suites.h"

#include <stdlib.h>
#include <string.h>

#include "control/listing.h"
#include "support/collector.h"
#include "util/rng.h"
#include "util/units.h"

#define FLOWS 5000

static struct record flows[FLOWS];

/* With few different weights there are many ties. */
static void make_flows(uint64_t seed, uint64_t weights)
{
	struct rng rng = {.state = seed};

	for (uint32_t i = 0; i < FLOWS; i++) {
		struct record *r = &flows[i];

		*r = record_at(1000 * NS_PER_S);
		memcpy(r->src, &i, sizeof(i));
		r->packets = rng_next(&rng) % weights + 1;
		r->octets = rng_next(&rng) % weights + 1;
		r->end_ns = r->start_ns + rng_next(&rng) % weights;
	}
}

static uint64_t weight_of(enum listing_order order, const struct record *r)
{
	if (order == LISTING_PACKETS)
		return r->packets;
	return order == LISTING_DURATION ? r->end_ns - r->start_ns : r->octets;
}

static enum listing_order by;

static int larger_first(const void *a, const void *b)
{
	uint64_t left = weight_of(by, a), right = weight_of(by, b);

	return left < right ? 1 : left > right ? -1 : 0;
}

static struct listing *create(enum listing_order order, size_t limit)
{
	struct listing_request request = {.order = order, .limit = limit};
	struct listing *l = listing_create(&request);

	ck_assert_ptr_nonnull(l);
	return l;
}

static void check_sum(const struct listing *l)
{
	struct listing_sum sum = {0};

	for (unsigned i = 0; i < FLOWS; i++) {
		sum.packets += flows[i].packets;
		sum.octets += flows[i].octets;
	}
	ck_assert_uint_eq(listing_sum(l)->flows, FLOWS);
	ck_assert_uint_eq(listing_sum(l)->packets, sum.packets);
	ck_assert_uint_eq(listing_sum(l)->octets, sum.octets);
}

static void check_distinct(const struct listing *l)
{
	static bool seen[FLOWS];

	memset(seen, 0, sizeof(seen));
	for (size_t i = 0; i < listing_count(l); i++) {
		uint32_t id;

		memcpy(&id, listing_at(l, i)->src, sizeof(id));
		ck_assert_uint_lt(id, FLOWS);
		ck_assert(!seen[id]);
		seen[id] = true;
		/* It is that flow with all it had. */
		ck_assert_uint_eq(listing_at(l, i)->packets, flows[id].packets);
		ck_assert_uint_eq(listing_at(l, i)->octets, flows[id].octets);
	}
}

/* Against a sort of all; among equals any may be taken. */
static void check_largest(const struct listing *l, enum listing_order order, size_t limit)
{
	static struct record sorted[FLOWS];
	size_t n = limit < FLOWS ? limit : FLOWS;

	by = order;
	memcpy(sorted, flows, sizeof(flows));
	qsort(sorted, FLOWS, sizeof(*sorted), larger_first);
	ck_assert_uint_eq(listing_count(l), n);
	for (size_t i = 0; i < n; i++)
		ck_assert_uint_eq(weight_of(order, listing_at(l, i)), weight_of(order, &sorted[i]));
	check_distinct(l);
	check_sum(l);
}

static const size_t limits[] = {1, 2, 3, 10, 100, FLOWS - 1, FLOWS, FLOWS + 1, 3 * FLOWS};
static const uint64_t weights[] = {1, 2, 10, FLOWS, UINT64_MAX / 2};

START_TEST(the_largest_stay)
{
	for (enum listing_order order = LISTING_OCTETS; order <= LISTING_DURATION; order++)
		for (size_t w = 0; w < sizeof(weights) / sizeof(*weights); w++) {
			make_flows(w + 1, weights[w]);
			for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
				struct listing *l = create(order, limits[i]);

				for (unsigned n = 0; n < FLOWS; n++)
					listing_offer(l, &flows[n]);
				listing_sort(l);
				check_largest(l, order, limits[i]);
				listing_destroy(l);
			}
		}
	listing_destroy(NULL);
}
END_TEST

START_TEST(listings_of_several_are_one)
{
	for (size_t w = 0; w < sizeof(weights) / sizeof(*weights); w++) {
		make_flows(w + 9, weights[w]);
		for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
			struct listing *parts[3];

			for (unsigned p = 0; p < 3; p++)
				parts[p] = create(LISTING_OCTETS, limits[i]);
			/* The last one has a few alone. */
			for (unsigned n = 0; n < FLOWS; n++)
				listing_offer(parts[n < 2 ? 2 : n % 2], &flows[n]);
			listing_merge(parts[0], parts[1]);
			listing_clear(parts[1]);
			ck_assert_uint_eq(listing_count(parts[1]), 0);
			ck_assert_uint_eq(listing_sum(parts[1])->flows, 0);
			listing_merge(parts[0], parts[1]);
			listing_merge(parts[0], parts[2]);
			listing_sort(parts[0]);
			check_largest(parts[0], LISTING_OCTETS, limits[i]);
			for (unsigned p = 0; p < 3; p++)
				listing_destroy(parts[p]);
		}
	}
}
END_TEST

START_TEST(without_an_order_they_stand_as_they_came)
{
	struct listing *l = create(LISTING_AS_HELD, FLOWS - 5);

	make_flows(3, 1000);
	for (unsigned i = 0; i < FLOWS; i++)
		listing_offer(l, &flows[i]);
	listing_sort(l);
	ck_assert_uint_eq(listing_count(l), FLOWS - 5);
	for (unsigned i = 0; i < FLOWS - 5; i++)
		ck_assert_mem_eq(listing_at(l, i), &flows[i], sizeof(flows[i]));
	check_sum(l);
	listing_destroy(l);
}
END_TEST

START_TEST(sorted_and_reversed_flows_make_no_difference)
{
	for (unsigned reversed = 0; reversed < 2; reversed++) {
		struct listing *l = create(LISTING_OCTETS, 50);

		make_flows(1, FLOWS);
		by = LISTING_OCTETS;
		qsort(flows, FLOWS, sizeof(*flows), larger_first);
		for (uint32_t i = 0; i < FLOWS; i++)
			memcpy(flows[i].src, &i, sizeof(i));
		for (unsigned i = 0; i < FLOWS; i++)
			listing_offer(l, &flows[reversed ? FLOWS - 1 - i : i]);
		listing_sort(l);
		check_largest(l, LISTING_OCTETS, 50);
		listing_destroy(l);
	}
}
END_TEST

START_TEST(what_the_filter_stops_is_not_counted_either)
{
	static char proto[] = "proto", udp[] = "udp";
	char *const words[] = {proto, udp};
	struct listing_request request = {.order = LISTING_OCTETS, .limit = 10};
	struct listing *l;
	char why[64];

	ck_assert_int_eq(flow_filter_parse(&request.filter, words, 2, why, sizeof(why)), 0);
	l = listing_create(&request);
	make_flows(1, 100);
	for (unsigned i = 0; i < 30; i++) {
		flows[i].protocol = i % 3 ? 6 : 17;
		listing_offer(l, &flows[i]);
	}
	listing_sort(l);
	ck_assert_uint_eq(listing_count(l), 10);
	ck_assert_uint_eq(listing_sum(l)->flows, 10);
	for (unsigned i = 0; i < 10; i++)
		ck_assert_uint_eq(listing_at(l, i)->protocol, 17);
	listing_destroy(l);
}
END_TEST

/* As many as a table may hold: memory is touched as flows come. */
START_TEST(a_large_limit_costs_nothing_before_there_are_flows)
{
	struct listing *l = create(LISTING_OCTETS, UINT32_MAX);

	ck_assert_uint_eq(listing_count(l), 0);
	listing_sort(l);
	make_flows(1, 10);
	listing_offer(l, &flows[0]);
	listing_sort(l);
	ck_assert_mem_eq(listing_at(l, 0), &flows[0], sizeof(flows[0]));
	listing_destroy(l);
}
END_TEST

Suite *listing_suite(void)
{
	const TTest *const tests[] = {the_largest_stay, listings_of_several_are_one,
	    without_an_order_they_stand_as_they_came, sorted_and_reversed_flows_make_no_difference,
	    what_the_filter_stops_is_not_counted_either,
	    a_large_limit_costs_nothing_before_there_are_flows};

	return SUITE_OF("listing", tests);
}

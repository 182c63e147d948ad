#include "suites.h"

#include <stdlib.h>
#include <string.h>

#include "meter/table.h"
#include "util/rng.h"
#include "util/units.h"

#define T0 (1000000 * NS_PER_S)
#define FLOWS 3000

static const struct timeouts timeouts = {15 * NS_PER_S, 1800 * NS_PER_S, NS_PER_S};

static struct table *table;
static unsigned ended[FLOWS], visited[FLOWS];
static unsigned by_reason[END_REASON_COUNT];
static uint64_t packets_ended;
static size_t end_count;

static uint32_t id_of(const struct flow *f)
{
	uint32_t id;

	memcpy(&id, f->head.src, sizeof(id));
	ck_assert_uint_lt(id, FLOWS);
	return id;
}

static void on_end(void *ctx, const struct flow *f, const struct detail *detail,
    enum end_reason reason, uint64_t clock_ns)
{
	(void)ctx;
	(void)detail;
	(void)clock_ns;
	ended[id_of(f)]++;
	by_reason[reason]++;
	packets_ended += flow_packets(f);
	end_count++;
}

static void on_visit(void *ctx, const struct flow *f, const struct detail *detail)
{
	uint64_t *packets = ctx;

	ck_assert_ptr_null(detail);
	visited[id_of(f)]++;
	*packets += flow_packets(f);
}

static void open_table(uint32_t max_flows)
{
	struct table_options options = {
	    .max_flows = max_flows, .timeouts = timeouts, .seed = 5, .end = on_end};

	table = table_create(&options);
	ck_assert_ptr_nonnull(table);
}

static void packet(uint32_t id, uint64_t clock_ns)
{
	struct pktinfo p = {.ts_ns = clock_ns,
	    .clock_ns = clock_ns,
	    .octets = 100,
	    .head = {.src_port = 1000, .dst_port = 80, .kind = 4, .protocol = 17}};

	memcpy(p.head.src, &id, sizeof(id));
	table_account(table, &p, 1);
}

static void packets(uint32_t from, uint32_t to, uint64_t clock_ns)
{
	for (uint32_t id = from; id < to; id++)
		packet(id, clock_ns);
}

START_TEST(empty_table_has_nothing_to_walk_through)
{
	uint32_t slot = 0;
	uint64_t met = 0;

	open_table(10);
	ck_assert(!table_visit(table, &slot, 100, on_visit, &met));
	ck_assert(!table_end_some(table, &slot, 100, 100, T0));
	ck_assert_uint_eq(slot, 0);
	ck_assert_uint_eq(met + end_count, 0);
	table_destroy(table);
}
END_TEST

START_TEST(each_flow_is_visited_once_in_parts_of_any_size)
{
	static const uint32_t parts[] = {1, 7, 64, FLOWS - 1, FLOWS, UINT32_MAX};

	open_table(FLOWS);
	packets(0, FLOWS, T0);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		uint32_t slot = 0;
		uint64_t met = 0;

		memset(visited, 0, sizeof(visited));
		while (table_visit(table, &slot, parts[i], on_visit, &met))
			;
		for (unsigned id = 0; id < FLOWS; id++)
			ck_assert_uint_eq(visited[id], 1);
		ck_assert_uint_eq(met, FLOWS);
	}
	ck_assert_uint_eq(table_stats(table)->active, FLOWS);
	ck_assert_uint_eq(end_count, 0);
	table_destroy(table);
}
END_TEST

/* Those that stay are met once, whatever begins, goes on and ends meanwhile. */
START_TEST(flows_that_stay_are_visited_once_with_packets_in_between)
{
	uint64_t now = T0, met = 0;
	struct rng rng = {.state = 3};
	uint32_t slot = 0;
	bool more = true;

	open_table(FLOWS);
	packets(0, FLOWS / 3, T0);
	packets(FLOWS / 3, 2 * FLOWS / 3, T0 + 10 * NS_PER_S);
	while (more) {
		/* The first third ends for being idle, the last one begins. */
		now += NS_PER_S / 2;
		table_sweep(table, now, SIZE_MAX);
		for (unsigned n = 0; n < 50; n++)
			packet(FLOWS / 3 + (uint32_t)(rng_next(&rng) % (2 * FLOWS / 3)), now);
		packets(FLOWS / 3, 2 * FLOWS / 3, now);
		more = table_visit(table, &slot, 40, on_visit, &met);
	}
	for (unsigned id = FLOWS / 3; id < 2 * FLOWS / 3; id++)
		ck_assert_uint_eq(visited[id], 1);
	for (unsigned id = 0; id < FLOWS / 3; id++)
		ck_assert_uint_le(visited[id], 1);
	ck_assert_uint_gt(by_reason[END_IDLE], 0);
	table_destroy(table);
}
END_TEST

START_TEST(no_more_flows_end_than_there_is_room_for)
{
	static const size_t rooms[] = {0, 1, 5, 99};

	for (size_t i = 0; i < sizeof(rooms) / sizeof(*rooms); i++) {
		uint32_t slot = 0;

		open_table(FLOWS);
		packets(0, 100, T0);
		end_count = 0;
		ck_assert(table_end_some(table, &slot, UINT32_MAX, rooms[i], T0));
		ck_assert_uint_eq(end_count, rooms[i]);
		/* It goes on where it stopped. */
		ck_assert(!table_end_some(table, &slot, UINT32_MAX, 100, T0));
		ck_assert_uint_eq(end_count, 100);
		table_destroy(table);
	}
}
END_TEST

/* A slot without a flow is looked at, and takes no room. */
START_TEST(slots_are_counted_apart_from_flows)
{
	uint32_t slot = 0;

	open_table(FLOWS);
	packets(0, 200, T0);
	ck_assert(table_end_some(table, &slot, 100, SIZE_MAX, T0));
	ck_assert_uint_eq(end_count, 100);
	slot = 0;
	ck_assert(table_end_some(table, &slot, 100, 1, T0));
	ck_assert_uint_eq(slot, 100);
	ck_assert_uint_eq(end_count, 100);
	ck_assert(!table_end_some(table, &slot, 100, 100, T0));
	ck_assert_uint_eq(end_count, 200);
	table_destroy(table);
}
END_TEST

START_TEST(a_deadline_that_has_passed_is_the_reason)
{
	uint32_t slot = 0;

	open_table(FLOWS);
	packets(0, 10, T0);
	packets(10, 30, T0 + 14 * NS_PER_S);
	ck_assert(!table_end_some(table, &slot, 100, 100, T0 + 15 * NS_PER_S));
	ck_assert_uint_eq(by_reason[END_IDLE], 10);
	ck_assert_uint_eq(by_reason[END_FORCED], 20);
	table_destroy(table);
}
END_TEST

/* All that were there end once, what comes meanwhile is metered, and no packet is lost or counted twice. */
START_TEST(all_flows_end_once_with_packets_in_between)
{
	struct rng rng = {.state = 8};
	uint64_t sent = FLOWS / 2, now = T0;
	const struct table_stats *s;
	uint32_t slot = 0;
	bool more = true;

	open_table(FLOWS);
	packets(0, FLOWS / 2, T0);
	while (more) {
		size_t before = end_count;

		more = table_end_some(table, &slot, 64, 16, now);
		ck_assert_uint_le(end_count - before, 16);
		for (unsigned n = 0; n < 10; n++, sent++)
			packet((uint32_t)(rng_next(&rng) % FLOWS), now);
		now += NS_PER_MS;
	}
	for (unsigned id = 0; id < FLOWS / 2; id++)
		ck_assert_uint_ge(ended[id], 1);
	s = table_stats(table);
	ck_assert_uint_eq(s->created, end_count + s->active);
	table_end_all(table, now);
	ck_assert_uint_eq(packets_ended, sent);
	ck_assert_uint_eq(s->active, 0);
	ck_assert_uint_eq(s->created, end_count);
	/* And the table is as good as new. */
	packets(0, FLOWS, now);
	ck_assert_uint_eq(s->active, FLOWS);
	ck_assert_uint_eq(s->ended[END_NO_RESOURCES], 0);
	table_destroy(table);
}
END_TEST

/* The clock starts again in the middle of a walk: the table is short again, and the walk at its end. */
START_TEST(walk_ends_with_the_table)
{
	uint32_t slot = 0;
	uint64_t met = 0;

	open_table(FLOWS);
	packets(0, 100, T0);
	ck_assert(table_visit(table, &slot, 50, on_visit, &met));
	table_end_all(table, T0);
	packets(0, 10, T0);
	ck_assert(!table_visit(table, &slot, 50, on_visit, &met));
	ck_assert(!table_end_some(table, &slot, 50, 50, T0));
	ck_assert_uint_eq(met, 50);
	table_destroy(table);
}
END_TEST

/* -- the order of ends ------------------------------------------------------------------------- */

#define KINDS 4

static struct {
	uint32_t id;
	unsigned kind;
} order[FLOWS];

static void note_order(void *ctx, const struct flow *f, const struct detail *detail,
    enum end_reason reason, uint64_t clock_ns)
{
	unsigned ipv6 = kind_version(f->head.kind) == 6 ? 2 : 0;

	on_end(ctx, f, detail, reason, clock_ns);
	order[end_count - 1].id = id_of(f);
	order[end_count - 1].kind = ipv6 + (f->head.protocol != 17 ? 1 : 0);
}

static void open_noting_table(void)
{
	struct table_options options = {
	    .max_flows = FLOWS, .timeouts = timeouts, .seed = 5, .end = note_order};

	end_count = 0;
	table = table_create(&options);
	ck_assert_ptr_nonnull(table);
}

/* Of every kind in turn. */
static void begin_flows(uint32_t count)
{
	for (uint32_t id = 0; id < count; id++) {
		struct pktinfo p = {.ts_ns = T0,
		    .clock_ns = T0,
		    .octets = 100,
		    .head = {.kind = id & 2 ? 6 : 4, .protocol = id & 1 ? (id & 2 ? 58 : 1) : 17}};

		memcpy(p.head.src, &id, sizeof(id));
		table_account(table, &p, 1);
	}
}

START_TEST(few_flows_end_in_the_order_of_their_beginnings)
{
	open_noting_table();
	begin_flows(63);
	table_end_all(table, T0);
	ck_assert_uint_eq(end_count, 63);
	for (uint32_t i = 0; i < 63; i++)
		ck_assert_uint_eq(order[i].id, i);
	table_destroy(table);
}
END_TEST

/* How often the kind is another one than that of the flow before. */
static unsigned changes(size_t count)
{
	unsigned n = 0;

	ck_assert_uint_eq(end_count, count);
	for (size_t i = 1; i < count; i++) {
		n += order[i].kind != order[i - 1].kind;
		if (order[i].kind == order[i - 1].kind)
			ck_assert_uint_gt(order[i].id, order[i - 1].id);
	}
	return n;
}

START_TEST(flows_that_are_due_end_by_kind)
{
	open_noting_table();
	begin_flows(2000);
	table_sweep(table, T0 + 20 * NS_PER_S, SIZE_MAX);
	ck_assert_uint_le(changes(2000), KINDS * (2000 / 256 + 1));
	table_destroy(table);
}
END_TEST

START_TEST(flows_that_are_ended_end_by_kind)
{
	uint32_t slot = 0;

	open_noting_table();
	begin_flows(2000);
	while (table_end_some(table, &slot, 1000, SIZE_MAX, T0))
		continue;
	ck_assert_uint_le(changes(2000), KINDS * (2000 / 250 + 1));
	table_destroy(table);
	open_noting_table();
	begin_flows(2000);
	table_end_all(table, T0);
	ck_assert_uint_le(changes(2000), KINDS * (2000 / 256 + 1));
	table_destroy(table);
}
END_TEST

Suite *table_walks_suite(void)
{
	const TTest *const tests[] = {empty_table_has_nothing_to_walk_through,
	    each_flow_is_visited_once_in_parts_of_any_size,
	    flows_that_stay_are_visited_once_with_packets_in_between,
	    no_more_flows_end_than_there_is_room_for, slots_are_counted_apart_from_flows,
	    a_deadline_that_has_passed_is_the_reason, all_flows_end_once_with_packets_in_between,
	    walk_ends_with_the_table, few_flows_end_in_the_order_of_their_beginnings,
	    flows_that_are_due_end_by_kind, flows_that_are_ended_end_by_kind};

	return SUITE_OF("table_walks", tests);
}

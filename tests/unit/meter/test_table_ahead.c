#include "suites.h"

#include <string.h>

#include "meter/table_inside.h"
#include "util/units.h"

#define T0 (1000000 * NS_PER_S)
#define FLOWS_MAX 200000u

#define NOT_BEFORE(a, b) ck_assert((const uint8_t *)(a) >= (const uint8_t *)(b))

static const struct timeouts timeouts = {15 * NS_PER_S, 1800 * NS_PER_S, NS_PER_S};

static struct table *table;
/* Of each array the octets that were asked for, which follow each other from `begin` on. */
static struct asked {
	const uint8_t *begin, *end;
} flows, times, buckets;

static void count_end(void *ctx, const struct flow *f, const struct detail *detail,
    enum end_reason reason, uint64_t clock_ns)
{
	(void)ctx;
	(void)f;
	(void)detail;
	(void)reason;
	(void)clock_ns;
}

static void note(struct asked *asked, const uint8_t *memory, size_t octets)
{
	if (!asked->begin)
		asked->begin = memory;
	else
		ck_assert_ptr_eq(memory, asked->end);
	asked->end = memory + octets;
}

static bool is_in(const uint8_t *memory, const void *begin, size_t octets)
{
	return memory >= (const uint8_t *)begin && memory < (const uint8_t *)begin + octets;
}

static void on_ahead(void *ctx, void *memory, size_t octets)
{
	uint32_t most = table->options.max_flows;

	ck_assert_ptr_eq(ctx, &flows);
	if (is_in(memory, table->flows, most * sizeof(struct flow)))
		note(&flows, memory, octets);
	else if (is_in(memory, table->expiry.check_at, most * sizeof(uint32_t)))
		note(&times, memory, octets);
	else
		note(&buckets, memory, octets);
}

static void open_table(uint32_t max_flows)
{
	struct table_options options = {.max_flows = max_flows,
	    .timeouts = timeouts,
	    .seed = 5,
	    .end = count_end,
	    .ahead = on_ahead,
	    .ahead_ctx = &flows};

	flows = times = buckets = (struct asked){0};
	table = table_create(&options);
	ck_assert_ptr_nonnull(table);
}

static void begin_flow(uint32_t id)
{
	struct pktinfo p = {
	    .ts_ns = T0, .clock_ns = T0, .octets = 100, .head = {.kind = 4, .protocol = 17}};

	memcpy(p.head.src, &id, sizeof(id));
	table_account(table, &p, 1);
}

START_TEST(few_flows_ask_for_nothing)
{
	open_table(FLOWS_MAX);
	for (uint32_t id = 0; id < 8192; id++)
		begin_flow(id);
	ck_assert_ptr_null(flows.begin);
	table_destroy(table);
}
END_TEST

START_TEST(memory_is_asked_for_before_flows_need_it)
{
	open_table(FLOWS_MAX);
	for (uint32_t id = 0; id < FLOWS_MAX - 2 * 16384; id++) {
		const uint8_t *next = (const uint8_t *)&table->flows[id + 1];
		uint32_t soon = table->index.count + id / 8 / 4;

		begin_flow(id);
		if (id < 8192)
			continue;
		NOT_BEFORE(flows.end, next + id / 8 * sizeof(struct flow));
		NOT_BEFORE(times.end, &table->expiry.check_at[id + id / 8]);
		if (soon > table->index.most)
			soon = table->index.most;
		NOT_BEFORE(buckets.end, &table->index.buckets[soon]);
		/* And not much more than what is there. */
		NOT_BEFORE(next + (id / 8 + 2 * 16384) * sizeof(struct flow), flows.end);
	}
	ck_assert_ptr_eq(flows.begin, &table->flows[16384]);
	table_destroy(table);
}
END_TEST

START_TEST(nothing_beyond_the_table_is_asked_for)
{
	static const uint32_t sizes[] = {1, 1000, 16384, 16385, 40000, 65536, 100001};

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		open_table(sizes[i]);
		for (uint32_t id = 0; id < 3 * sizes[i] && id < FLOWS_MAX; id++)
			begin_flow(id);
		if (flows.begin) {
			NOT_BEFORE(&table->flows[sizes[i]], flows.end);
			NOT_BEFORE(&table->expiry.check_at[sizes[i]], times.end);
			NOT_BEFORE(&table->index.buckets[table->index.most], buckets.end);
		}
		table_destroy(table);
	}
}
END_TEST

/* A clock that starts again empties the table, whose memory stays. */
START_TEST(memory_is_asked_for_once)
{
	const uint8_t *end;

	open_table(FLOWS_MAX);
	for (uint32_t id = 0; id < 50000; id++)
		begin_flow(id);
	end = flows.end;
	for (unsigned round = 0; round < 2; round++) {
		table_end_all(table, T0);
		for (uint32_t id = 0; id < 50000; id++)
			begin_flow(id);
	}
	ck_assert_ptr_eq(flows.end, end);
	table_destroy(table);
}
END_TEST

Suite *table_ahead_suite(void)
{
	const TTest *const tests[] = {
	    few_flows_ask_for_nothing,
	    memory_is_asked_for_before_flows_need_it,
	    nothing_beyond_the_table_is_asked_for,
	    memory_is_asked_for_once,
	};

	return SUITE_OF("table_ahead", tests);
}

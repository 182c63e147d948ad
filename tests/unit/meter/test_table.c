#include "suites.h"

#include <stdlib.h>
#include <string.h>

#include "meter/table.h"
#include "util/rng.h"
#include "util/units.h"

#define T0 (1000000 * NS_PER_S)
#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define ACK 0x10
#define ENDED_MAX 700000
#define TOLD_APART (2ull << EXPIRY_UNIT_BITS) /* times that the table's numbers tell apart */

/* One record as the table's callback saw it, and as the model below expects it. */
struct ended {
	uint32_t id; /* of the flow's key */
	uint32_t reason;
	uint64_t start_ns, end_ns;
	uint64_t packets, octets, flags;
	uint64_t tos, inner_vlan;
};

static struct ended *ended;
static size_t ended_count;
static struct table *table;
static struct timeouts timeouts;
static uint32_t max_flows;

/* The key's number is in both addresses and the ports, so that keys of all sizes are compared. */
static uint32_t id_of(const struct flow *f)
{
	uint32_t id;

	memcpy(&id, kind_version(f->head.kind) == 4 ? f->head.src : f->tail.src + 8, sizeof(id));
	return id;
}

static void on_end(void *ctx, const struct flow *f, const struct detail *detail,
    enum end_reason reason, uint64_t clock_ns)
{
	(void)ctx;
	(void)detail;
	(void)clock_ns;
	if (ended_count == ENDED_MAX)
		ck_abort_msg("too many records");
	ended[ended_count++] = (struct ended){.id = id_of(f),
	    .reason = reason,
	    .start_ns = f->start_ns,
	    .end_ns = f->end_ns,
	    .packets = flow_packets(f),
	    .octets = f->octets,
	    .flags = flow_tcp_flags(f),
	    .tos = f->tos,
	    .inner_vlan = f->inner_vlan};
}

static uint64_t counted_ends;

static void count_end(void *ctx, const struct flow *f, const struct detail *detail,
    enum end_reason reason, uint64_t clock_ns)
{
	(void)ctx;
	(void)detail;
	(void)f;
	(void)reason;
	(void)clock_ns;
	counted_ends++;
}

static void open_table(uint32_t flows, const struct timeouts *t)
{
	struct table_options options = {
	    .max_flows = flows, .timeouts = *t, .seed = 99, .end = on_end};

	free(ended);
	ended = calloc(ENDED_MAX, sizeof(*ended));
	ended_count = 0;
	timeouts = *t;
	max_flows = flows;
	table = table_create(&options);
	ck_assert_ptr_nonnull(table);
}

static const struct timeouts usual = {15 * NS_PER_S, 1800 * NS_PER_S, NS_PER_S};

static struct pktinfo packet_of(uint32_t id, uint64_t clock_ns)
{
	struct pktinfo p = {.ts_ns = clock_ns,
	    .clock_ns = clock_ns,
	    .octets = 100,
	    .head = {.ingress = 1,
		.src_port = 1000,
		.dst_port = 80,
		.kind = id % 3 ? 4 : 6,
		.protocol = 6}};

	memcpy(p.head.kind == 4 ? p.head.src : p.tail.src + 8, &id, sizeof(id));
	return p;
}

static void account(const struct pktinfo *p)
{
	table_account(table, p, 1);
}

static void packet(uint32_t id, uint64_t clock_ns, uint16_t flags)
{
	struct pktinfo p = packet_of(id, clock_ns);

	p.tcp_flags = flags;
	account(&p);
}

/* What holds at any time. */
static void check_sums(void)
{
	const struct table_stats *s = table_stats(table);
	uint64_t total = 0, packets = 0, octets = 0;

	for (unsigned i = 0; i < END_REASON_COUNT; i++)
		total += s->ended[i];
	for (size_t i = 0; i < ended_count; i++) {
		packets += ended[i].packets;
		octets += ended[i].octets;
	}
	ck_assert_uint_eq(s->ended[0], 0);
	ck_assert_uint_eq(total, ended_count);
	ck_assert_uint_eq(s->created, total + s->active);
	ck_assert_uint_eq(s->ended_packets, packets);
	ck_assert_uint_eq(s->ended_octets, octets);
	ck_assert_uint_le(s->active, max_flows);
	ck_assert_uint_le(s->active, s->peak);
	ck_assert_uint_le(s->peak, max_flows);
}

static void close_table(uint64_t clock_ns)
{
	table_end_all(table, clock_ns);
	check_sums();
	ck_assert_uint_eq(table_stats(table)->active, 0);
	table_destroy(table);
	table = NULL;
}

/* The record number `i` has this reason and so many packets. */
static void check_ended(size_t i, uint32_t reason, uint64_t packets)
{
	ck_assert_uint_lt(i, ended_count);
	ck_assert_uint_eq(ended[i].reason, reason);
	ck_assert_uint_eq(ended[i].packets, packets);
}

static uint64_t packets_ended(void)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < ended_count; i++)
		sum += ended[i].packets;
	return sum;
}

static uint64_t octets_ended(void)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < ended_count; i++)
		sum += ended[i].octets;
	return sum;
}

/* -- one flow ----------------------------------------------------------------------------------- */

START_TEST(packets_of_one_key_are_one_record)
{
	struct pktinfo p = packet_of(1, T0);

	open_table(10, &usual);
	p.octets = 1500;
	p.tcp_flags = SYN;
	p.tos = 0xb9;
	p.inner_vlan = 33;
	account(&p);
	p = packet_of(1, T0 + 10);
	p.octets = 40;
	p.tcp_flags = ACK;
	p.tos = 0xb8;
	account(&p);
	close_table(T0 + 20);
	ck_assert_uint_eq(ended_count, 1);
	check_ended(0, END_FORCED, 2);
	ck_assert_uint_eq(ended[0].octets, 1540);
	ck_assert_uint_eq(ended[0].flags, SYN | ACK);
	ck_assert_uint_eq(ended[0].start_ns, T0);
	ck_assert_uint_eq(ended[0].end_ns, T0 + 10);
	ck_assert_uint_eq(ended[0].tos, 0xb9);
	ck_assert_uint_eq(ended[0].inner_vlan, 33);
}
END_TEST

/* Late packets widen the record's times; the clock alone moves deadlines. */
START_TEST(late_packets_count_with_their_own_time)
{
	struct pktinfo p;

	open_table(10, &usual);
	packet(1, T0, 0);
	p = packet_of(1, T0 + 10);
	account(&p);
	p.ts_ns = T0 - 5;
	p.late = true;
	account(&p);
	p.ts_ns = T0 + 4;
	account(&p);
	close_table(T0 + 20);
	ck_assert_uint_eq(ended[0].start_ns, T0 - 5);
	ck_assert_uint_eq(ended[0].end_ns, T0 + 10);
	check_ended(0, END_FORCED, 4);
}
END_TEST

START_TEST(late_packet_that_begins_a_record_gives_both_its_times)
{
	struct pktinfo p = packet_of(1, T0);

	open_table(10, &usual);
	p.ts_ns = T0 - 50;
	p.late = true;
	account(&p);
	p.ts_ns = T0 - 20;
	account(&p);
	close_table(T0);
	ck_assert_uint_eq(ended[0].start_ns, T0 - 50);
	ck_assert_uint_eq(ended[0].end_ns, T0 - 20);
}
END_TEST

START_TEST(idle_flow_is_split_to_the_nanosecond)
{
	uint64_t idle = usual.idle_ns;

	open_table(10, &usual);
	packet(1, T0, 0);
	packet(1, T0 + idle - 1, 0);
	ck_assert_uint_eq(ended_count, 0);
	packet(1, T0 + 2 * idle - 1, 0);
	ck_assert_uint_eq(ended_count, 1);
	check_ended(0, END_IDLE, 2);
	close_table(T0 + 2 * idle);
	check_ended(1, END_FORCED, 1);
	ck_assert_uint_eq(ended[1].start_ns, T0 + 2 * idle - 1);
}
END_TEST

START_TEST(long_flow_is_split_to_the_nanosecond)
{
	uint64_t active = usual.active_ns;

	open_table(10, &usual);
	for (uint64_t t = 0; t < active; t += 10 * NS_PER_S)
		packet(1, T0 + t, 0);
	packet(1, T0 + active - 1, 0);
	ck_assert_uint_eq(ended_count, 0);
	packet(1, T0 + active, 0);
	check_ended(0, END_ACTIVE, 181);
	close_table(T0 + active + usual.idle_ns);
	check_ended(1, END_IDLE, 1);
}
END_TEST

/* The record that a split begins has an active deadline of its own. */
START_TEST(split_flow_runs_its_full_time_again)
{
	struct timeouts t = {15 * NS_PER_S, 100, NS_PER_S};

	open_table(10, &t);
	for (uint64_t i = 0; i < 1000; i++)
		packet(1, T0 + i, 0);
	close_table(T0 + 999);
	ck_assert_uint_eq(ended_count, 10);
	for (size_t i = 0; i < 10; i++) {
		check_ended(i, i < 9 ? END_ACTIVE : END_FORCED, 100);
		ck_assert_uint_eq(ended[i].start_ns, T0 + 100 * i);
	}
}
END_TEST

START_TEST(last_ack_joins_in_the_linger)
{
	open_table(10, &usual);
	packet(1, T0, ACK);
	packet(1, T0 + 10, FIN | ACK);
	packet(1, T0 + 10 + NS_PER_S - 1, ACK);
	ck_assert_uint_eq(ended_count, 0);
	packet(1, T0 + 10 + NS_PER_S, ACK);
	check_ended(0, END_OF_FLOW, 3);
	close_table(T0 + 2 * NS_PER_S);
	check_ended(1, END_FORCED, 1);
}
END_TEST

START_TEST(second_fin_does_not_put_off_the_end)
{
	open_table(10, &usual);
	packet(1, T0, RST);
	packet(1, T0 + NS_PER_S / 2, FIN);
	packet(1, T0 + NS_PER_S - 1, RST);
	packet(1, T0 + NS_PER_S, FIN);
	check_ended(0, END_OF_FLOW, 3);
	close_table(T0 + 2 * NS_PER_S);
	check_ended(1, END_OF_FLOW, 1);
}
END_TEST

START_TEST(syn_in_the_linger_begins_a_new_record)
{
	open_table(10, &usual);
	packet(1, T0, FIN | ACK);
	packet(1, T0 + 5, SYN);
	check_ended(0, END_OF_FLOW, 1);
	packet(1, T0 + 6, ACK);
	close_table(T0 + 10);
	ck_assert_uint_eq(ended_count, 2);
	check_ended(1, END_FORCED, 2);
}
END_TEST

START_TEST(syn_with_fin_or_rst_joins_in_the_linger)
{
	open_table(10, &usual);
	packet(1, T0, FIN);
	packet(1, T0 + 5, SYN | FIN);
	packet(1, T0 + 6, SYN | RST);
	close_table(T0 + 10);
	ck_assert_uint_eq(ended_count, 1);
	check_ended(0, END_FORCED, 3);
}
END_TEST

START_TEST(syn_without_a_linger_joins)
{
	open_table(10, &usual);
	packet(1, T0, SYN);
	packet(1, T0 + 5, SYN);
	packet(1, T0 + 6, SYN | ACK);
	close_table(T0 + 10);
	ck_assert_uint_eq(ended_count, 1);
	check_ended(0, END_FORCED, 3);
}
END_TEST

/* The new connection has no linger of its own until it ends, too. */
START_TEST(reused_connection_lingers_from_its_own_fin)
{
	open_table(10, &usual);
	packet(1, T0, FIN);
	packet(1, T0 + 5, SYN);
	packet(1, T0 + 2 * NS_PER_S, FIN);
	packet(1, T0 + 3 * NS_PER_S - 1, ACK);
	close_table(T0 + 3 * NS_PER_S);
	ck_assert_uint_eq(ended_count, 2);
	check_ended(1, END_OF_FLOW, 3);
}
END_TEST

START_TEST(without_linger_the_record_ends_at_the_fin)
{
	struct timeouts t = usual;

	t.end_ns = 0;
	open_table(10, &t);
	packet(1, T0, ACK);
	packet(1, T0 + 5, FIN | ACK);
	check_ended(0, END_OF_FLOW, 2);
	packet(1, T0 + 5, ACK);
	packet(1, T0 + 6, SYN | FIN);
	check_ended(1, END_OF_FLOW, 2);
	ck_assert_uint_eq(table_stats(table)->active, 0);
	close_table(T0 + 6);
}
END_TEST

START_TEST(fin_at_the_deadline_begins_a_record)
{
	open_table(10, &usual);
	packet(1, T0, 0);
	packet(1, T0 + usual.idle_ns, FIN);
	check_ended(0, END_IDLE, 1);
	close_table(T0 + usual.idle_ns + usual.end_ns);
	check_ended(1, END_OF_FLOW, 1);
}
END_TEST

START_TEST(final_clock_judges_every_flow)
{
	struct timeouts t = {100, 1000, 50};

	open_table(10, &t);
	packet(1, T0, 0);
	packet(2, T0, FIN);
	packet(3, T0 + 1, 0);
	close_table(T0 + 100);
	ck_assert_uint_eq(ended_count, 3);
	for (size_t i = 0; i < 3; i++) {
		static const uint32_t reasons[] = {0, END_IDLE, END_OF_FLOW, END_FORCED};

		ck_assert_uint_eq(ended[i].reason, reasons[ended[i].id]);
	}
}
END_TEST

/* -- the sweep ---------------------------------------------------------------------------------- */

START_TEST(sweep_ends_silent_flows_and_no_other)
{
	open_table(1000, &usual);
	for (uint32_t id = 0; id < 500; id++)
		packet(id, T0 + id % 2, 0);
	for (uint64_t t = T0; t <= T0 + 15 * NS_PER_S; t += NS_PER_S)
		table_sweep(table, t, SIZE_MAX);
	table_sweep(table, T0 + 15 * NS_PER_S + 0, SIZE_MAX);
	for (size_t i = 0; i < ended_count; i++)
		ck_assert_uint_eq(ended[i].id % 2, 0);
	ck_assert_uint_eq(ended_count, 250);
	close_table(T0 + 15 * NS_PER_S);
}
END_TEST

/* A second is what SPEC allows; steps are those of a live probe that sees no packet. */
START_TEST(sweep_meets_deadlines_within_a_second)
{
	uint64_t late = T0 + usual.idle_ns + NS_PER_S;

	open_table(100000, &usual);
	for (uint32_t id = 0; id < 50000; id++)
		packet(id, T0, 0);
	for (uint64_t t = T0; t <= late; t += 50 * NS_PER_MS)
		table_sweep(table, t, SIZE_MAX);
	ck_assert_uint_eq(ended_count, 50000);
	close_table(late);
}
END_TEST

START_TEST(sweep_meets_the_linger_within_a_second)
{
	open_table(1000, &usual);
	for (uint32_t id = 0; id < 1000; id++)
		packet(id, T0, id % 2 ? FIN : 0);
	for (uint64_t t = T0; t <= T0 + 2 * NS_PER_S; t += 50 * NS_PER_MS)
		table_sweep(table, t, SIZE_MAX);
	ck_assert_uint_eq(ended_count, 500);
	ck_assert_uint_eq(table_stats(table)->ended[END_OF_FLOW], 500);
	close_table(T0 + 2 * NS_PER_S);
}
END_TEST

START_TEST(sweep_goes_on_after_the_clock_restarted)
{
	open_table(100, &usual);
	packet(1, T0, 0);
	table_sweep(table, T0, SIZE_MAX);
	table_end_all(table, T0);
	packet(2, T0 / 2, 0);
	for (uint64_t t = T0 / 2; t <= T0 / 2 + 16 * NS_PER_S; t += NS_PER_S / 4)
		table_sweep(table, t, SIZE_MAX);
	ck_assert_uint_eq(ended_count, 2);
	check_ended(1, END_IDLE, 1);
	close_table(T0);
}
END_TEST

START_TEST(sweep_ends_no_more_flows_than_there_is_room_for)
{
	uint64_t late = T0 + usual.idle_ns;
	size_t rounds = 0;

	open_table(1000, &usual);
	for (uint32_t id = 0; id < 100; id++)
		packet(id, T0, 0);
	table_sweep(table, late, 0);
	ck_assert_uint_eq(ended_count, 0);
	for (; ended_count < 100; rounds++) {
		size_t before = ended_count;

		ck_assert_uint_lt(rounds, 50);
		table_sweep(table, late, 40);
		ck_assert_uint_le(ended_count, before + 40);
	}
	check_sums();
	close_table(late);
}
END_TEST

/* -- a full table ------------------------------------------------------------------------------- */

START_TEST(full_table_loses_no_packet)
{
	struct rng r = {.state = 1};
	uint64_t octets = 0;

	open_table(1000, &usual);
	for (uint32_t id = 0; id < 100000; id++) {
		struct pktinfo p = packet_of(id, T0 + id);

		p.octets = 40 + rng_below(&r, 1460);
		octets += p.octets;
		account(&p);
		if (id % 10000 == 0)
			check_sums();
	}
	close_table(T0 + 100000);
	ck_assert_uint_eq(packets_ended(), 100000);
	ck_assert_uint_eq(octets_ended(), octets);
}
END_TEST

START_TEST(full_table_keeps_as_many_flows_as_it_may)
{
	static const uint32_t sizes[] = {1, 2, 7, 16, 100, 1000};

	for (unsigned n = 0; n < sizeof(sizes) / sizeof(*sizes); n++) {
		open_table(sizes[n], &usual);
		for (uint32_t id = 0; id < sizes[n]; id++)
			packet(id, T0 + id, 0);
		ck_assert_uint_eq(ended_count, 0);
		ck_assert_uint_eq(table_stats(table)->active, sizes[n]);
		packet(sizes[n], T0 + sizes[n], 0);
		ck_assert_uint_eq(ended_count, 1);
		check_ended(0, END_NO_RESOURCES, 1);
		ck_assert_uint_eq(table_stats(table)->active, sizes[n]);
		ck_assert_uint_eq(table_stats(table)->peak, sizes[n]);
		close_table(T0 + sizes[n]);
	}
}
END_TEST

/* Of up to sixteen flows any may be given up. */
START_TEST(small_full_table_gives_up_the_flow_that_was_silent_longest)
{
	static const uint32_t sizes[] = {1, 2, 7, 16};

	for (unsigned n = 0; n < sizeof(sizes) / sizeof(*sizes); n++) {
		uint64_t t = T0;

		open_table(sizes[n], &usual);
		for (uint32_t id = 0; id < sizes[n]; id++)
			packet(id, t += TOLD_APART, 0);
		for (uint32_t id = sizes[n]; id-- > sizes[n] / 4;) /* now the fourth part is last */
			packet(id, t += TOLD_APART, 0);
		for (uint32_t k = 0; k < sizes[n]; k++) {
			uint32_t id = k < sizes[n] / 4 ? k : sizes[n] - 1 - (k - sizes[n] / 4);

			packet(1000 + id, t += TOLD_APART, 0);
			ck_assert_uint_eq(ended[ended_count - 1].id, id);
		}
		ck_assert_uint_eq(ended_count, sizes[n]);
		close_table(t);
	}
}
END_TEST

START_TEST(full_table_gives_up_what_lingers_before_what_is_silent)
{
	uint64_t t = T0;

	open_table(16, &usual);
	for (uint32_t id = 0; id < 16; id++)
		packet(id, t += TOLD_APART, 0);
	packet(15, t, FIN);
	packet(16, t, 0);
	check_ended(0, END_NO_RESOURCES, 2);
	ck_assert_uint_eq(ended[0].id, 15);
	close_table(t);
}
END_TEST

/* A flood of 2000 packets a second through a table that holds half a second of it; ten flows more go on. */
START_TEST(flows_that_go_on_outlast_a_flood)
{
	enum { GOING_ON = 10, PERIOD = 100, PACKETS = 60000 };
	static const uint64_t active_s[] = {1800, 20};
	uint64_t records = 0;

	for (unsigned n = 0; n < sizeof(active_s) / sizeof(*active_s); n++) {
		struct timeouts t = {15 * NS_PER_S, active_s[n] * NS_PER_S, NS_PER_S};

		open_table(1000, &t);
		for (uint32_t k = 0; k < PACKETS; k++) {
			packet(GOING_ON + k, T0 + k * NS_PER_S / 2000, 0);
			if (k % PERIOD == 0)
				for (uint32_t id = 0; id < GOING_ON; id++)
					packet(id, T0 + k * NS_PER_S / 2000, 0);
		}
		records = 0;
		for (size_t i = 0; i < ended_count; i++) {
			records += ended[i].id < GOING_ON;
			ck_assert(ended[i].id >= GOING_ON || ended[i].reason == END_ACTIVE);
		}
		ck_assert_uint_eq(records, n == 0 ? 0 : GOING_ON);
		close_table(T0 + PACKETS * NS_PER_S / 2000);
	}
}
END_TEST

START_TEST(full_table_names_the_deadline_that_has_passed)
{
	struct timeouts t = {2 * TOLD_APART, 100 * TOLD_APART, 10};
	uint64_t late = T0 + t.idle_ns;

	open_table(2, &t);
	packet(1, T0, 0);
	packet(2, T0 + TOLD_APART, 0);
	packet(3, late, 0);
	check_ended(0, END_IDLE, 1);
	ck_assert_uint_eq(ended[0].id, 1);
	packet(4, late + 1, FIN);
	check_ended(1, END_NO_RESOURCES, 1);
	ck_assert_uint_eq(ended[1].id, 2);
	packet(3, late + 5, 0);
	packet(5, late + 11, 0);
	check_ended(2, END_OF_FLOW, 1);
	close_table(late + 11);
}
END_TEST

/* Flows that are due make room before any leaves early, although the sweep was not there yet. */
START_TEST(due_flows_of_a_full_table_leave_first)
{
	struct timeouts t = {NS_PER_S, 1000 * NS_PER_S, NS_PER_S};

	open_table(1000, &t);
	for (uint32_t id = 0; id < 1000; id++)
		packet(id, T0 + (id % 10 ? 900 * NS_PER_MS : 0), 0);
	for (uint32_t id = 1000; id < 1100; id++)
		packet(id, T0 + NS_PER_S, 0);
	ck_assert_uint_eq(table_stats(table)->ended[END_IDLE], 100);
	ck_assert_uint_eq(table_stats(table)->ended[END_NO_RESOURCES], 0);
	close_table(T0 + NS_PER_S);
}
END_TEST

START_TEST(slots_are_used_again)
{
	struct timeouts t = usual;

	t.end_ns = 0;
	open_table(2, &t);
	for (uint32_t id = 0; id < 1000; id++)
		packet(id, T0 + id, FIN);
	ck_assert_uint_eq(ended_count, 1000);
	ck_assert_uint_eq(table_stats(table)->ended[END_OF_FLOW], 1000);
	ck_assert_uint_eq(table_stats(table)->peak, 1);
	close_table(T0 + 1000);
}
END_TEST

/* Up to max-flows no flow leaves early, however full the buckets get. */
START_TEST(no_flow_leaves_early_below_max_flows)
{
	static const uint32_t sizes[] = {64, 1 << 12, 1 << 16, 100000};

	for (unsigned n = 0; n < sizeof(sizes) / sizeof(*sizes); n++) {
		open_table(sizes[n], &usual);
		for (uint32_t id = 0; id < sizes[n]; id++)
			packet(id, T0, 0);
		for (uint32_t id = 0; id < sizes[n]; id++)
			packet(id, T0 + 1, 0);
		ck_assert_uint_eq(ended_count, 0);
		ck_assert_uint_eq(table_stats(table)->created, sizes[n]);
		close_table(T0 + 1);
		ck_assert_uint_eq(packets_ended(), 2 * sizes[n]);
	}
}
END_TEST

/* Crowded buckets spill; a spilled flow must stay findable when its neighbours end, and come again. */
/* Buckets and their others fill up by chance in a table of the default size. */
START_TEST(no_flow_leaves_early_from_a_large_full_table)
{
	enum { FLOWS = 1 << 20 };
	struct table_options options = {
	    .max_flows = FLOWS, .timeouts = usual, .seed = 7, .end = count_end};
	struct table *t = table_create(&options);

	counted_ends = 0;
	ck_assert_ptr_nonnull(t);
	for (unsigned turn = 0; turn < 2; turn++)
		for (uint32_t id = 0; id < FLOWS; id++) {
			struct pktinfo p = packet_of(id, NS_PER_S);

			table_account(t, &p, 1);
		}
	ck_assert_uint_eq(counted_ends, 0);
	ck_assert_uint_eq(table_stats(t)->active, FLOWS);
	table_end_all(t, NS_PER_S);
	ck_assert_uint_eq(counted_ends, FLOWS);
	ck_assert_uint_eq(table_stats(t)->ended[END_FORCED], FLOWS);
	ck_assert_uint_eq(table_stats(t)->ended_packets, 2 * FLOWS);
	table_destroy(t);
}
END_TEST

START_TEST(flows_are_found_whichever_others_have_ended)
{
	struct timeouts t = usual;
	struct rng r = {.state = 4};
	uint32_t n = 1 << 16, ends = 0, open = 0;

	t.end_ns = 0;
	open_table(n, &t);
	for (uint32_t id = 0; id < n; id++)
		packet(id, T0, 0);
	for (unsigned round = 1; round <= 4; round++) {
		open = 0;
		for (uint32_t id = 0; id < n; id++) {
			bool end = rng_below(&r, 2);

			packet(id, T0 + round, end ? RST : 0);
			ends += end;
			open += !end;
		}
		ck_assert_uint_eq(ended_count, ends);
		ck_assert_uint_eq(table_stats(table)->active, open);
	}
	close_table(T0 + 5);
	ck_assert_uint_eq(packets_ended(), 5 * (uint64_t)n);
}
END_TEST

START_TEST(batch_is_accounted_in_order)
{
	struct pktinfo batch[TABLE_BATCH];
	struct timeouts t = usual;

	t.end_ns = 0;
	open_table(4, &t);
	for (unsigned i = 0; i < TABLE_BATCH; i++) {
		batch[i] = packet_of(i % 2, T0 + i);
		batch[i].tcp_flags = i % 8 == 7 ? FIN : ACK;
	}
	table_account(table, batch, TABLE_BATCH);
	ck_assert_uint_eq(ended_count, 8);
	for (size_t i = 0; i < 8; i++)
		check_ended(i, END_OF_FLOW, 4);
	table_account(table, batch, 0);
	close_table(T0 + TABLE_BATCH);
	ck_assert_uint_eq(packets_ended(), TABLE_BATCH);
}
END_TEST

/* -- against a plain model ---------------------------------------------------------------------- */

#define MODEL_KEYS 300

/* SPEC section 3, word for word: an array of flows, no sweep, no hash. */
struct model_flow {
	bool open;
	uint64_t first, last, fin; /* clock stamps; fin: of the first FIN or RST, or NEVER */
	struct ended record;
};

static struct model_flow model[MODEL_KEYS];
static struct ended *expected;
static size_t expected_count;

static uint32_t model_reason(const struct model_flow *f, uint64_t clock_ns)
{
	uint64_t deadlines[] = {f->last + timeouts.idle_ns, f->first + timeouts.active_ns,
	    f->fin == NEVER ? NEVER : f->fin + timeouts.end_ns};
	unsigned earliest = 0;

	for (unsigned i = 1; i < 3; i++)
		if (deadlines[i] < deadlines[earliest])
			earliest = i;
	return deadlines[earliest] <= clock_ns ? earliest + 1 : 0;
}

static void model_end(struct model_flow *f, uint32_t reason)
{
	f->record.reason = reason;
	expected[expected_count++] = f->record;
	f->open = false;
}

static void model_packet(uint32_t id, const struct pktinfo *p)
{
	struct model_flow *f = &model[id];
	uint32_t reason = f->open ? model_reason(f, p->clock_ns) : 0;

	if (!reason && f->open && f->fin != NEVER && (p->tcp_flags & SYN) &&
	    !(p->tcp_flags & (FIN | RST)))
		reason = END_OF_FLOW;
	if (reason)
		model_end(f, reason);
	if (!f->open)
		*f = (struct model_flow){true, p->clock_ns, 0, NEVER,
		    {.id = id, .start_ns = p->ts_ns, .tos = p->tos, .inner_vlan = p->inner_vlan}};
	f->last = p->clock_ns;
	f->record.packets++;
	f->record.octets += p->octets;
	f->record.flags |= p->tcp_flags;
	if (p->ts_ns < f->record.start_ns)
		f->record.start_ns = p->ts_ns;
	if (p->ts_ns > f->record.end_ns)
		f->record.end_ns = p->ts_ns;
	if ((p->tcp_flags & (FIN | RST)) && f->fin == NEVER)
		f->fin = p->clock_ns;
	if (f->fin != NEVER && timeouts.end_ns == 0)
		model_end(f, model_reason(f, p->clock_ns));
}

static void model_end_all(uint64_t clock_ns)
{
	for (uint32_t id = 0; id < MODEL_KEYS; id++) {
		uint32_t reason = model_reason(&model[id], clock_ns);

		if (model[id].open)
			model_end(&model[id], reason ? reason : END_FORCED);
	}
}

static int compare_ended(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct ended));
}

static uint16_t random_flags(struct rng *r)
{
	static const uint16_t flags[] = {SYN, FIN, RST, SYN | FIN, FIN | ACK, SYN | ACK};

	return rng_below(r, 8) ? ACK : flags[rng_below(r, 6)];
}

/* Mostly steps of up to `step_ns`; at times a gap, at times exactly a timeout. */
static uint64_t random_step(struct rng *r, uint64_t step_ns)
{
	switch (rng_below(r, 200)) {
	case 0:
		return rng_next(r) % (2 * timeouts.idle_ns);
	case 1:
		return timeouts.idle_ns;
	case 2:
		return timeouts.end_ns;
	case 3:
		return timeouts.idle_ns - 1;
	default:
		return rng_next(r) % step_ns;
	}
}

static void random_packet(struct rng *r, uint64_t clock_ns)
{
	uint32_t id = rng_below(r, rng_below(r, 2) ? 10 : MODEL_KEYS);
	struct pktinfo p = packet_of(id, clock_ns);

	p.octets = 40 + rng_below(r, 1460);
	p.tcp_flags = random_flags(r);
	p.tos = (uint8_t)rng_below(r, 4);
	p.inner_vlan = (uint16_t)rng_below(r, 5);
	if (rng_below(r, 10) == 0) {
		p.ts_ns -= rng_below(r, 1000000000);
		p.late = true;
	}
	account(&p);
	model_packet(id, &p);
}

static void run_model(
    const struct timeouts *t, uint64_t step_ns, unsigned operations, uint64_t seed)
{
	struct rng r = {.state = seed};
	uint64_t clock = T0;

	open_table(MODEL_KEYS, t);
	memset(model, 0, sizeof(model));
	expected = calloc(ENDED_MAX, sizeof(*expected));
	expected_count = 0;
	for (unsigned i = 0; i < operations; i++) {
		clock += random_step(&r, step_ns);
		if (rng_below(&r, 4) == 0)
			table_sweep(table, clock, SIZE_MAX);
		else
			random_packet(&r, clock);
	}
	model_end_all(clock);
	close_table(clock);
	ck_assert_uint_eq(ended_count, expected_count);
	qsort(ended, ended_count, sizeof(*ended), compare_ended);
	qsort(expected, expected_count, sizeof(*expected), compare_ended);
	ck_assert_msg(memcmp(ended, expected, ended_count * sizeof(*ended)) == 0,
	    "seed %llu: records differ", (unsigned long long)seed);
	free(expected);
}

START_TEST(table_agrees_with_the_model_at_the_usual_timeouts)
{
	run_model(&usual, 20 * NS_PER_MS, 150000, 1);
	run_model(&usual, NS_PER_S, 150000, 2);
	run_model(&usual, NS_PER_MS, 150000, 3);
}
END_TEST

START_TEST(table_agrees_with_the_model_at_odd_timeouts)
{
	static const struct timeouts odd[] = {{100, 100, 100}, {1, 1, 0},
	    {NS_PER_S, 10 * NS_PER_S, 0}, {10 * NS_PER_S, NS_PER_S, 5},
	    {NS_PER_S, 60 * NS_PER_S, 10 * NS_PER_S}, {1u << 30, 2u << 30, 1u << 30}};

	for (unsigned i = 0; i < sizeof(odd) / sizeof(*odd); i++)
		run_model(&odd[i], odd[i].idle_ns / 20 + 1, 100000, 10 + i);
}
END_TEST

/* Small and full: records end early, and yet every sum holds. */
START_TEST(tiny_tables_keep_their_sums)
{
	static const uint32_t sizes[] = {1, 2, 7, 40};

	for (unsigned n = 0; n < sizeof(sizes) / sizeof(*sizes); n++) {
		struct rng r = {.state = 20 + n};
		uint64_t clock = T0;

		open_table(sizes[n], &usual);
		for (unsigned i = 0; i < 50000; i++) {
			clock += random_step(&r, NS_PER_S / 4);
			packet(rng_below(&r, 50), clock, random_flags(&r));
			if (i % 16 == 0)
				table_sweep(table, clock, SIZE_MAX);
			if (i % 1000 == 0)
				check_sums();
		}
		close_table(clock);
		ck_assert_uint_eq(packets_ended(), 50000);
	}
}
END_TEST

START_TEST(counters_beyond_32_bits_are_kept)
{
	struct pktinfo p = packet_of(1, T0);

	open_table(1, &usual);
	p.octets = 3ull << 32;
	account(&p);
	account(&p);
	close_table(T0);
	ck_assert_uint_eq(ended[0].octets, 6ull << 32);
}
END_TEST

static struct detail ended_detail;
static uint32_t ended_egress;
static unsigned detail_ends;

static void keep_detail(void *ctx, const struct flow *f, const struct detail *detail,
    enum end_reason reason, uint64_t clock_ns)
{
	(void)ctx;
	(void)reason;
	(void)clock_ns;
	ck_assert_ptr_nonnull(detail);
	ended_detail = *detail;
	ended_egress = f->egress;
	detail_ends++;
}

/* A packet of flow 1 all of whose details are this number, more or less. */
static struct pktinfo detailed(uint8_t n, uint64_t clock_ns)
{
	struct pktinfo p = packet_of(1, clock_ns);

	p.egress = n;
	p.detail = (struct detail){.src_mac = {n},
	    .dst_mac = {n},
	    .mpls = {{n}},
	    .ttl_min = n,
	    .ttl_max = n,
	    .fragment_flags = n & 1 ? DETAIL_MORE_FRAGMENTS : DETAIL_DO_NOT_FRAGMENT,
	    .tcp_window = n,
	    .tcp_sequence = n,
	    .flow_label = n,
	    .octets_min = n,
	    .octets_max = n,
	    .point = n};
	return p;
}

START_TEST(flow_keeps_the_first_packets_detail_but_for_extremes_and_flags)
{
	struct table_options options = {
	    .max_flows = 4, .timeouts = usual, .seed = 1, .details = true, .end = keep_detail};
	static const uint8_t numbers[] = {20, 30, 11};
	struct pktinfo p;

	table = table_create(&options);
	ck_assert_ptr_nonnull(table);
	for (unsigned i = 0; i < 3; i++) {
		p = detailed(numbers[i], T0);
		account(&p);
	}
	/* A record of its own: nothing of the one before is left in it. */
	p = detailed(25, T0 + usual.idle_ns);
	account(&p);
	ck_assert_uint_eq(detail_ends, 1);
	ck_assert_uint_eq(ended_detail.src_mac[0], 20);
	ck_assert_uint_eq(ended_detail.dst_mac[0], 20);
	ck_assert_uint_eq(ended_detail.mpls[0][0], 20);
	ck_assert_uint_eq(ended_detail.tcp_window, 20);
	ck_assert_uint_eq(ended_detail.tcp_sequence, 20);
	ck_assert_uint_eq(ended_detail.flow_label, 20);
	ck_assert_uint_eq(ended_detail.point, 20);
	ck_assert_uint_eq(ended_detail.ttl_min, 11);
	ck_assert_uint_eq(ended_detail.ttl_max, 30);
	ck_assert_uint_eq(ended_detail.octets_min, 11);
	ck_assert_uint_eq(ended_detail.octets_max, 30);
	ck_assert_uint_eq(
	    ended_detail.fragment_flags, DETAIL_DO_NOT_FRAGMENT | DETAIL_MORE_FRAGMENTS);
	ck_assert_uint_eq(ended_egress, 20);
	table_end_all(table, T0 + usual.idle_ns);
	ck_assert_uint_eq(detail_ends, 2);
	ck_assert_mem_eq(&ended_detail, &p.detail, sizeof(ended_detail));
	ck_assert_uint_eq(ended_egress, 25);
	table_destroy(table);
}
END_TEST

static void no_detail(void *ctx, const struct flow *f, const struct detail *detail,
    enum end_reason reason, uint64_t clock_ns)
{
	(void)ctx;
	(void)f;
	(void)reason;
	(void)clock_ns;
	ck_assert_ptr_null(detail);
	detail_ends++;
}

START_TEST(without_details_there_are_none)
{
	struct table_options options = {
	    .max_flows = 4, .timeouts = usual, .seed = 1, .end = no_detail};
	struct pktinfo p = detailed(9, T0);

	table = table_create(&options);
	account(&p);
	table_end_all(table, T0);
	ck_assert_uint_eq(detail_ends, 1);
	table_destroy(table);
}
END_TEST

Suite *table_suite(void)
{
	const TTest *const tests[] = {
	    packets_of_one_key_are_one_record,
	    late_packets_count_with_their_own_time,
	    late_packet_that_begins_a_record_gives_both_its_times,
	    idle_flow_is_split_to_the_nanosecond,
	    long_flow_is_split_to_the_nanosecond,
	    split_flow_runs_its_full_time_again,
	    last_ack_joins_in_the_linger,
	    second_fin_does_not_put_off_the_end,
	    syn_in_the_linger_begins_a_new_record,
	    syn_with_fin_or_rst_joins_in_the_linger,
	    syn_without_a_linger_joins,
	    reused_connection_lingers_from_its_own_fin,
	    without_linger_the_record_ends_at_the_fin,
	    fin_at_the_deadline_begins_a_record,
	    final_clock_judges_every_flow,
	    sweep_ends_silent_flows_and_no_other,
	    sweep_meets_deadlines_within_a_second,
	    sweep_meets_the_linger_within_a_second,
	    sweep_goes_on_after_the_clock_restarted,
	    sweep_ends_no_more_flows_than_there_is_room_for,
	    full_table_loses_no_packet,
	    full_table_keeps_as_many_flows_as_it_may,
	    small_full_table_gives_up_the_flow_that_was_silent_longest,
	    full_table_gives_up_what_lingers_before_what_is_silent,
	    flows_that_go_on_outlast_a_flood,
	    full_table_names_the_deadline_that_has_passed,
	    due_flows_of_a_full_table_leave_first,
	    slots_are_used_again,
	    no_flow_leaves_early_below_max_flows,
	    no_flow_leaves_early_from_a_large_full_table,
	    flows_are_found_whichever_others_have_ended,
	    batch_is_accounted_in_order,
	    table_agrees_with_the_model_at_the_usual_timeouts,
	    table_agrees_with_the_model_at_odd_timeouts,
	    tiny_tables_keep_their_sums,
	    counters_beyond_32_bits_are_kept,
	    flow_keeps_the_first_packets_detail_but_for_extremes_and_flags,
	    without_details_there_are_none,
	};

	return SUITE_OF("table", tests);
}

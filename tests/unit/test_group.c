#include "suites.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>

#include "group.h"
#include "support/said.h"
#include "support/sink.h"
#include "util/rng.h"
#include "util/units.h"

#define T0 (1000000 * NS_PER_S)
#define NOW (50 * NS_PER_S)
#define HOLD_DOWN (10 * NS_PER_S)
#define MEMBERS_MAX 5

static struct sink sinks[MEMBERS_MAX];
static struct collector *collectors[MEMBERS_MAX];
static struct group group;
static unsigned members;
static uint64_t handed;

static void open_group(enum group_policy policy, unsigned n, bool is_live)
{
	static char name[] = "g";
	static const char *const urls[] = {
	    "udp://a:1", "udp://b:1", "udp://c:1", "udp://d:1", "udp://e:1"};
	struct config_group config = {.name = name, .policy = policy, .hold_down_ns = HOLD_DOWN};

	group_init(&group, &config);
	members = n;
	handed = 0;
	for (unsigned i = 0; i < n; i++) {
		sink_open(&sinks[i], urls[i], "g", FORMAT_V5);
		collectors[i] = collector_create(&sinks[i].config, &sinks[i].base, is_live);
		group_add(&group, collectors[i], urls[i]);
	}
}

static struct ledger_collector ledger_of(unsigned i)
{
	struct ledger_collector l;

	collector_ledger(collectors[i], &l);
	return l;
}

/* SPEC section 6: each member's sum, and all of them. */
static void check_sums(void)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < members; i++) {
		struct ledger_collector l = ledger_of(i);
		uint64_t n = l.sender.sent + l.sender.queued + l.not_expressible.ipv6;

		for (unsigned f = 0; f < FAILURE_COUNT; f++)
			n += l.sender.dropped[f];
		ck_assert_uint_eq(l.records, n);
		if (group.policy == GROUP_REPLICATE)
			ck_assert_uint_eq(l.records, handed);
		all += l.records;
	}
	if (group.policy != GROUP_REPLICATE)
		ck_assert_uint_eq(all, handed);
}

static void close_group(void)
{
	check_sums();
	for (unsigned i = 0; i < members; i++) {
		collector_destroy(collectors[i]);
		sink_close(&sinks[i]);
	}
}

static uint64_t run(uint64_t now_ns)
{
	uint64_t next;

	said_begin();
	group_renew(&group, now_ns);
	do
		next = group_run(&group, now_ns);
	while (next <= now_ns);
	said_end();
	check_sums();
	return next;
}

static void offer(uint16_t first, uint16_t last)
{
	for (uint16_t port = first; port <= last; port++) {
		struct record r = sink_record(port, T0 + port * NS_PER_MS);

		handed++;
		group_offer(&group, &r);
	}
	check_sums();
}

static void tell(enum record_kind kind)
{
	struct record r = {
	    .kind = (uint8_t)kind, .clock_ns = group.clock_ns, .wall_ns = group.wall_ns};

	group_offer(&group, &r);
}

static size_t received(void)
{
	size_t n = 0;

	for (unsigned i = 0; i < members; i++)
		n += sink_v5_count(&sinks[i]);
	return n;
}

/* -- which member ------------------------------------------------------------------------------ */

static struct record random_record(struct rng *rng)
{
	struct record r = sink_record((uint16_t)rng_next(rng), T0);

	r.dst_port = (uint16_t)rng_next(rng);
	r.protocol = rng_below(rng, 2) ? IPPROTO_TCP : IPPROTO_UDP;
	for (unsigned i = 0; i < 4; i++) {
		r.src[i] = (uint8_t)rng_below(rng, 4);
		r.dst[i] = (uint8_t)rng_below(rng, 4);
	}
	return r;
}

static struct record answer_to(const struct record *r)
{
	struct record a = *r;

	memcpy(a.src, r->dst, 16);
	memcpy(a.dst, r->src, 16);
	a.src_port = r->dst_port;
	a.dst_port = r->src_port;
	return a;
}

START_TEST(both_directions_of_a_conversation_go_to_one_member)
{
	struct rng rng = {.state = 1};

	open_group(GROUP_BALANCE, 3, true);
	for (unsigned i = 0; i < 5000; i++) {
		struct record r = random_record(&rng), a = answer_to(&r);

		if (i % 5 == 0)
			memcpy(r.dst, r.src, 16), a = answer_to(&r);
		ck_assert_ptr_eq(group_choose(&group, &r), group_choose(&group, &a));
	}
	close_group();
}
END_TEST

/* Ports outside the key are those of one packet, and need not be a conversation's. */
START_TEST(ports_outside_the_key_do_not_choose_a_member)
{
	struct rng rng = {.state = 3};

	open_group(GROUP_BALANCE, 3, true);
	group.without_ports = true;
	for (unsigned i = 0; i < 1000; i++) {
		struct record r = random_record(&rng), a = answer_to(&r);

		a.src_port ^= 1;
		a.dst_port = 0;
		ck_assert_ptr_eq(group_choose(&group, &r), group_choose(&group, &a));
	}
	close_group();
}
END_TEST

START_TEST(icmp_answer_goes_where_its_question_goes)
{
	struct rng rng = {.state = 2};

	open_group(GROUP_BALANCE, 3, true);
	for (unsigned i = 0; i < 1000; i++) {
		struct record r = random_record(&rng), a;

		r.protocol = i % 2 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
		r.src_port = 0;
		a = answer_to(&r);
		r.dst_port = 8 * 256;
		a.src_port = 0;
		a.dst_port = 0;
		ck_assert_ptr_eq(group_choose(&group, &r), group_choose(&group, &a));
	}
	close_group();
}
END_TEST

START_TEST(members_get_equal_shares)
{
	unsigned counts[MEMBERS_MAX] = {0};
	struct rng rng = {.state = 3};

	open_group(GROUP_BALANCE, 4, true);
	for (unsigned i = 0; i < 8000; i++) {
		struct record r = random_record(&rng);

		counts[group_choose(&group, &r) - group.members]++;
	}
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_uint_gt(counts[i], 1800);
		ck_assert_uint_lt(counts[i], 2200);
	}
	close_group();
}
END_TEST

START_TEST(only_the_flows_of_a_failed_member_move)
{
	struct rng rng = {.state = 4};
	unsigned moved[MEMBERS_MAX] = {0};

	open_group(GROUP_BALANCE, 4, true);
	for (unsigned i = 0; i < 4000; i++) {
		struct record r = random_record(&rng);
		struct member *before = group_choose(&group, &r), *after;

		group.members[2].health = HEALTH_FAILED;
		after = group_choose(&group, &r);
		group.members[2].health = HEALTH_GOOD;
		ck_assert_ptr_ne(after, &group.members[2]);
		if (before != &group.members[2])
			ck_assert_ptr_eq(after, before);
		else
			moved[after - group.members]++;
	}
	/* And to all of the others. */
	for (unsigned i = 0; i < 4; i++)
		ck_assert(i == 2 || moved[i] > 200);
	close_group();
}
END_TEST

START_TEST(order_of_members_does_not_matter_to_balance)
{
	struct rng rng = {.state = 5};
	struct group other;

	open_group(GROUP_BALANCE, 3, true);
	other = group;
	other.members[0] = group.members[2];
	other.members[2] = group.members[0];
	for (unsigned i = 0; i < 1000; i++) {
		struct record r = random_record(&rng);

		ck_assert_ptr_eq(
		    group_choose(&group, &r)->collector, group_choose(&other, &r)->collector);
	}
	close_group();
}
END_TEST

START_TEST(replicate_gives_each_member_every_record)
{
	open_group(GROUP_REPLICATE, 3, true);
	sinks[1].error = -ECONNREFUSED;
	offer(1, 10);
	run(NOW);
	tell(RECORD_LAST);
	run(NOW);
	ck_assert_uint_eq(sink_v5_count(&sinks[0]), 10);
	ck_assert_uint_eq(sink_v5_count(&sinks[2]), 10);
	ck_assert_uint_eq(ledger_of(1).sender.dropped[FAILURE_ECONNREFUSED], 10);
	close_group();
}
END_TEST

/* -- failure ----------------------------------------------------------------------------------- */

START_TEST(failover_uses_the_first_member_that_can_be_reached)
{
	open_group(GROUP_FAILOVER, 3, true);
	offer(1, 6);
	run(NOW);
	ck_assert_uint_eq(sink_v5_count(&sinks[0]), 4);
	sinks[0].error = -ECONNREFUSED;
	offer(7, 9);
	run(NOW);
	tell(RECORD_LAST);
	run(NOW);
	ck_assert_uint_eq(ledger_of(0).records, 4);
	ck_assert_uint_eq(sink_v5_count(&sinks[1]), 5);
	ck_assert_uint_eq(sink_v5_count(&sinks[2]), 0);
	ck_assert_uint_eq(received(), 9);
	close_group();
}
END_TEST

START_TEST(failure_is_noticed_without_another_message)
{
	open_group(GROUP_FAILOVER, 2, true);
	offer(1, 2);
	run(NOW);
	ck_assert_uint_eq(received(), 0); /* they wait for company */
	sinks[0].pending = -ECONNREFUSED;
	said_begin();
	collector_woken(collectors[0], POLLERR, NOW);
	said_end();
	run(NOW);
	ck_assert_int_eq(group.members[0].health, HEALTH_FAILED);
	ck_assert_uint_eq(ledger_of(0).records, 0);
	ck_assert_uint_eq(ledger_of(1).records, 2);
	ck_assert_uint_eq(sinks[0].offered, 0);
	close_group();
}
END_TEST

static void fail_first(void)
{
	sinks[0].error = -EHOSTUNREACH;
	offer(1, 9);
	run(NOW);
	ck_assert_int_eq(group.members[0].health, HEALTH_FAILED);
	sinks[0].error = 0;
	sinks[0].offered = 0;
}

START_TEST(failed_member_is_left_alone_and_then_probed)
{
	open_group(GROUP_FAILOVER, 2, true);
	fail_first();
	for (uint64_t t = NOW; t < NOW + HOLD_DOWN; t += NS_PER_S) {
		/* Late news of the same failure. */
		sinks[0].pending = -EHOSTUNREACH;
		said_begin();
		collector_woken(collectors[0], POLLERR, t);
		said_end();
		offer(10, 13);
		tell(RECORD_TICK);
		run(t);
	}
	ck_assert_uint_eq(sinks[0].offered, 0);
	run(NOW + HOLD_DOWN);
	ck_assert_int_eq(group.members[0].health, HEALTH_PROBED);
	offer(14, 14);
	run(NOW + HOLD_DOWN + GROUP_PROBE_NS - 1);
	ck_assert_uint_eq(ledger_of(0).records, 0);
	run(NOW + HOLD_DOWN + GROUP_PROBE_NS);
	ck_assert_int_eq(group.members[0].health, HEALTH_GOOD);
	offer(15, 20);
	run(NOW + HOLD_DOWN + GROUP_PROBE_NS);
	ck_assert_uint_eq(ledger_of(0).records, 6);
	close_group();
}
END_TEST

/* What was said, less what collectors say of themselves. */
static bool is_said_at(uint64_t now_ns, const char *wanted)
{
	const char *said;

	said_begin();
	group_run(&group, now_ns);
	said = said_end();
	return wanted ? strstr(said, wanted) != NULL : strstr(said, "group g: ") == NULL;
}

START_TEST(who_gets_the_records_is_told_when_it_changes)
{
	uint64_t back = NOW + HOLD_DOWN + GROUP_PROBE_NS;

	open_group(GROUP_FAILOVER, 3, true);
	offer(1, 4);
	ck_assert(is_said_at(NOW, NULL));
	sinks[0].error = sinks[1].error = -EHOSTUNREACH;
	offer(5, 8);
	ck_assert(is_said_at(NOW, "spanflow: group g: udp://b:1 gets the records\n"));
	ck_assert(is_said_at(NOW, "spanflow: group g: udp://c:1 gets the records\n"));
	/* It fails as soon as it gets records again. */
	run(NOW + HOLD_DOWN);
	ck_assert(is_said_at(back, NULL));
	ck_assert_int_eq(group.members[0].health, HEALTH_GOOD);
	offer(9, 13);
	ck_assert(is_said_at(back + 20 * NS_PER_S, NULL));
	ck_assert_int_ne(group.members[0].health, HEALTH_GOOD);
	sinks[0].error = sinks[1].error = 0;
	run(NOW + 3 * HOLD_DOWN + GROUP_PROBE_NS);
	back = NOW + 8 * HOLD_DOWN;
	run(back);
	run(back + GROUP_PROBE_NS);
	ck_assert_int_eq(group.members[0].health, HEALTH_GOOD);
	ck_assert(is_said_at(back + GROUP_WELL_NS, NULL));
	ck_assert(is_said_at(back + GROUP_PROBE_NS + GROUP_WELL_NS,
	    "spanflow: group g: udp://a:1 gets the records\n"));
	ck_assert(is_said_at(back + 2 * GROUP_WELL_NS, NULL));
	close_group();
}
END_TEST

START_TEST(balance_tells_how_many_get_records)
{
	open_group(GROUP_BALANCE, 3, true);
	sinks[1].error = -ECONNREFUSED;
	offer(1, 40);
	ck_assert(is_said_at(NOW, "spanflow: group g: 2 of 3 members get records\n"));
	sinks[1].error = 0;
	run(NOW + HOLD_DOWN);
	run(NOW + HOLD_DOWN + GROUP_PROBE_NS);
	ck_assert(is_said_at(NOW + HOLD_DOWN + GROUP_PROBE_NS + GROUP_WELL_NS,
	    "spanflow: group g: 3 of 3 members get records\n"));
	close_group();
}
END_TEST

/* The last one that is good is used on, but not praised for it. */
START_TEST(group_that_nobody_is_left_of_says_so)
{
	static const enum group_policy policies[] = {GROUP_FAILOVER, GROUP_BALANCE};
	static const char *const again[] = {"spanflow: group g: udp://b:1 gets the records\n",
	    "spanflow: group g: 1 of 2 members get records\n"};

	for (unsigned i = 0; i < 2; i++) {
		open_group(policies[i], 2, true);
		group.hold_down_ns = 1000 * NS_PER_S;
		sinks[0].error = -ECONNREFUSED;
		offer(1, 40);
		ck_assert(is_said_at(NOW, again[i]));
		sinks[1].error = -EHOSTUNREACH;
		offer(41, 44);
		ck_assert(is_said_at(NOW,
		    "spanflow: group g: no member can be reached: records go to udp://b:1 all the "
		    "same\n"));
		offer(45, 48);
		ck_assert(is_said_at(NOW, NULL));
		sinks[1].error = 0;
		offer(49, 52);
		ck_assert(is_said_at(NOW + GROUP_VAIN_NS, NULL));
		ck_assert(is_said_at(NOW + GROUP_VAIN_NS + GROUP_WELL_NS, again[i]));
		ck_assert(is_said_at(NOW + 3 * GROUP_VAIN_NS, NULL));
		close_group();
	}
}
END_TEST

/* Nor does it say what others, or the end, make of it. */
START_TEST(group_that_ends_or_shares_nothing_says_nothing)
{
	open_group(GROUP_FAILOVER, 2, true);
	offer(1, 3);
	tell(RECORD_LAST);
	sinks[0].error = -ECONNREFUSED;
	ck_assert(is_said_at(NOW, NULL));
	run(NOW);
	close_group();
	open_group(GROUP_REPLICATE, 2, true);
	sinks[0].error = -ECONNREFUSED;
	offer(1, 9);
	ck_assert(is_said_at(NOW, NULL));
	close_group();
}
END_TEST

/* IPFIX: the probe is templates without data. */
START_TEST(probe_is_templates)
{
	open_group(GROUP_FAILOVER, 2, true);
	collector_destroy(collectors[0]);
	sink_close(&sinks[0]);
	sink_open(&sinks[0], "udp://a:1", "g", FORMAT_IPFIX);
	collectors[0] = collector_create(&sinks[0].config, &sinks[0].base, true);
	group.members[0].collector = collectors[0];
	fail_first();
	tell(RECORD_TICK);
	run(NOW + HOLD_DOWN);
	ck_assert_uint_gt(sinks[0].count, 0);
	ck_assert(sink_has_templates(&sinks[0], 0));
	ck_assert_uint_eq(ledger_of(0).sender.sent, 0);
	close_group();
}
END_TEST

START_TEST(error_within_the_probe_is_another_failure)
{
	open_group(GROUP_FAILOVER, 2, true);
	fail_first();
	run(NOW + HOLD_DOWN);
	sinks[0].pending = -ECONNREFUSED;
	said_begin();
	collector_woken(collectors[0], POLLERR, NOW + HOLD_DOWN + 1);
	said_end();
	run(NOW + HOLD_DOWN + 1);
	ck_assert_int_eq(group.members[0].health, HEALTH_FAILED);
	run(NOW + 2 * HOLD_DOWN);
	ck_assert_int_eq(group.members[0].health, HEALTH_FAILED);
	run(NOW + 2 * HOLD_DOWN + 1);
	ck_assert_int_eq(group.members[0].health, HEALTH_PROBED);
	close_group();
}
END_TEST

START_TEST(new_address_is_probed_at_once)
{
	open_group(GROUP_FAILOVER, 2, true);
	fail_first();
	sinks[0].renews = true;
	run(NOW + 1);
	ck_assert_int_eq(group.members[0].health, HEALTH_PROBED);
	run(NOW + 1 + GROUP_PROBE_NS);
	ck_assert_int_eq(group.members[0].health, HEALTH_GOOD);
	close_group();
}
END_TEST

/* What moves at the end is not forgotten in a message that waits for company. */
START_TEST(member_that_got_moved_records_is_busy)
{
	open_group(GROUP_FAILOVER, 2, true);
	offer(1, 3);
	tell(RECORD_LAST);
	sinks[0].error = -ECONNREFUSED;
	said_begin();
	group_run(&group, NOW);
	said_end();
	ck_assert(collector_is_busy(collectors[0]) || collector_is_busy(collectors[1]));
	while (collector_is_busy(collectors[0]) || collector_is_busy(collectors[1]))
		group_run(&group, NOW);
	ck_assert_uint_eq(sink_v5_count(&sinks[1]), 3);
	close_group();
}
END_TEST

START_TEST(without_a_healthy_member_records_are_dropped_by_name)
{
	open_group(GROUP_FAILOVER, 2, true);
	sinks[0].error = -ECONNREFUSED;
	sinks[1].error = -ENETUNREACH;
	offer(1, 40);
	tell(RECORD_LAST);
	run(NOW);
	ck_assert(!collector_is_busy(collectors[0]));
	ck_assert(!collector_is_busy(collectors[1]));
	ck_assert_uint_eq(received(), 0);
	ck_assert_uint_eq(ledger_of(0).records, 0);
	ck_assert_uint_eq(ledger_of(1).sender.dropped[FAILURE_ENETUNREACH], 40);
	close_group();
}
END_TEST

/* The first is gone for long; the second has a short trouble that is no reason to leave it. */
START_TEST(last_good_member_is_used_on)
{
	open_group(GROUP_FAILOVER, 2, true);
	fail_first();
	sinks[0].error = -EHOSTUNREACH;
	sinks[1].error = -ECONNREFUSED;
	offer(10, 18);
	run(NOW + 1);
	ck_assert_int_eq(group.members[1].health, HEALTH_GOOD);
	sinks[1].error = 0;
	offer(20, 28);
	tell(RECORD_LAST);
	run(NOW + 2);
	ck_assert_uint_eq(ledger_of(0).records, 0);
	ck_assert_uint_ge(sink_v5_count(&sinks[1]), 9);
	close_group();
}
END_TEST

/* Once another is good again it is left after all. */
START_TEST(last_good_member_can_be_left_for_one_that_is_back)
{
	open_group(GROUP_FAILOVER, 2, true);
	fail_first();
	sinks[1].error = -ECONNREFUSED;
	run(NOW + HOLD_DOWN);
	run(NOW + HOLD_DOWN + GROUP_PROBE_NS);
	ck_assert_int_eq(group.members[0].health, HEALTH_GOOD);
	offer(20, 28);
	run(NOW + HOLD_DOWN + GROUP_PROBE_NS);
	ck_assert_uint_eq(ledger_of(0).records, 9);
	ck_assert_uint_eq(sink_v5_count(&sinks[0]), 8);
	close_group();
}
END_TEST

START_TEST(errors_of_a_message_do_not_fail_its_member)
{
	static const int errors[] = {-ENOBUFS, -EMSGSIZE};

	for (unsigned i = 0; i < 2; i++) {
		open_group(GROUP_FAILOVER, 2, true);
		sinks[0].error = errors[i];
		offer(1, 9);
		run(NOW);
		ck_assert_int_eq(group.members[0].health, HEALTH_GOOD);
		ck_assert_uint_eq(
		    ledger_of(0).sender.dropped[i ? FAILURE_EMSGSIZE : FAILURE_ENOBUFS], 8);
		ck_assert_uint_eq(ledger_of(1).records, 0);
		close_group();
	}
}
END_TEST

/* -- room -------------------------------------------------------------------------------------- */

START_TEST(moved_records_wait_for_room_and_new_ones_for_them)
{
	uint16_t port = 1;

	open_group(GROUP_FAILOVER, 2, false);
	sinks[0].budget = 0;
	while (group_has_room(&group))
		offer(port, port), port++;
	sinks[0].error = -ECONNREFUSED;
	sinks[1].budget = 0;
	run(NOW);
	ck_assert(!group_has_room(&group));
	/* One takes as many messages as the other, but for those of the last record. */
	ck_assert_uint_ge(ledger_of(1).records, 60);
	sinks[1].budget = UINT_MAX;
	run(NOW);
	ck_assert(group_has_room(&group));
	tell(RECORD_LAST);
	run(NOW);
	ck_assert_uint_eq(received(), handed);
	ck_assert_uint_eq(sink_v5_count(&sinks[1]), handed);
	close_group();
}
END_TEST

/* The failure of a member is no reason to wait for it. */
START_TEST(failed_member_needs_no_room)
{
	open_group(GROUP_BALANCE, 3, false);
	group.members[1].health = HEALTH_FAILED;
	group.members[1].since_ns = NOW;
	ck_assert(group_has_room(&group));
	sinks[0].budget = 0;
	for (uint16_t port = 1; group_has_room(&group); port++) {
		ck_assert_uint_lt(port, 1000);
		offer(port, port);
		run(NOW);
	}
	ck_assert_uint_eq(ledger_of(1).records, 0);
	sinks[0].budget = UINT_MAX;
	run(NOW);
	ck_assert(group_has_room(&group));
	close_group();
}
END_TEST

START_TEST(nothing_is_lost_while_one_member_lives)
{
	static const int errors[] = {0, 0, 0, 0, -ECONNREFUSED, -EHOSTUNREACH};
	struct rng rng = {.state = 8};
	uint64_t now = NOW;

	for (unsigned policy = GROUP_BALANCE; policy <= GROUP_FAILOVER; policy++) {
		open_group((enum group_policy)policy, 4, false);
		for (unsigned i = 0; i < 8000; i++) {
			unsigned m = 1 + rng_below(&rng, 3);

			if (rng_below(&rng, 50) == 0)
				sinks[m].error = errors[rng_below(&rng, 6)];
			if (rng_below(&rng, 20) == 0)
				sinks[rng_below(&rng, 4)].budget =
				    rng_below(&rng, 3) ? UINT_MAX : 0;
			if (rng_below(&rng, 300) == 0)
				sinks[rng_below(&rng, 4)].renews = true;
			if (group_has_room(&group)) {
				struct record r = random_record(&rng);

				handed++;
				group_offer(&group, &r);
			}
			now += rng_below(&rng, 200) * NS_PER_MS;
			run(now);
		}
		for (unsigned m = 0; m < 4; m++)
			sinks[m].budget = UINT_MAX;
		run(now);
		tell(RECORD_LAST);
		run(now);
		run(now);
		ck_assert_uint_eq(received(), handed);
		ck_assert_uint_gt(handed, 4000);
		close_group();
	}
}
END_TEST

Suite *group_suite(void)
{
	const TTest *const tests[] = {
	    both_directions_of_a_conversation_go_to_one_member,
	    ports_outside_the_key_do_not_choose_a_member,
	    icmp_answer_goes_where_its_question_goes,
	    members_get_equal_shares,
	    only_the_flows_of_a_failed_member_move,
	    order_of_members_does_not_matter_to_balance,
	    replicate_gives_each_member_every_record,
	    failover_uses_the_first_member_that_can_be_reached,
	    failure_is_noticed_without_another_message,
	    failed_member_is_left_alone_and_then_probed,
	    who_gets_the_records_is_told_when_it_changes,
	    group_that_nobody_is_left_of_says_so,
	    balance_tells_how_many_get_records,
	    group_that_ends_or_shares_nothing_says_nothing,
	    probe_is_templates,
	    error_within_the_probe_is_another_failure,
	    new_address_is_probed_at_once,
	    member_that_got_moved_records_is_busy,
	    without_a_healthy_member_records_are_dropped_by_name,
	    last_good_member_is_used_on,
	    last_good_member_can_be_left_for_one_that_is_back,
	    errors_of_a_message_do_not_fail_its_member,
	    moved_records_wait_for_room_and_new_ones_for_them,
	    failed_member_needs_no_room,
	    nothing_is_lost_while_one_member_lives,
	};

	return SUITE_OF("group", tests);
}

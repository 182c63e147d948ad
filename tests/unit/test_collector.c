#include "suites.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>

#include "collector.h"
#include "support/said.h"
#include "support/sink.h"
#include "util/bytes.h"
#include "util/units.h"

#define T0 (1000000 * NS_PER_S)
#define NOW (50 * NS_PER_S) /* of the steady clock */

static struct sink sink, other_sink;
static struct collector *collector, *other;
static uint64_t offered;

static void open_sinks(enum format format, enum format other_format)
{
	sink_open(&sink, "udp://a:1", "group", format);
	sink_open(&other_sink, "udp://b:1", "group", other_format);
}

static void create_both(void)
{
	collector = collector_create(&sink.config, &sink.base, true);
	other = collector_create(&other_sink.config, &other_sink.base, true);
	offered = 0;
}

static void open_both(enum format format, enum format other_format)
{
	open_sinks(format, other_format);
	create_both();
}

static uint64_t sum(const struct ledger_collector *l)
{
	uint64_t n = l->sender.sent + l->sender.queued + l->not_expressible.ipv6 +
	    l->not_expressible.too_large;

	for (unsigned i = 0; i < FAILURE_COUNT; i++)
		n += l->sender.dropped[i];
	return n;
}

/* SPEC section 6: the sum of each, and of both. */
static struct ledger_collector check_sums(void)
{
	struct ledger_collector l, l2;

	collector_ledger(collector, &l);
	collector_ledger(other, &l2);
	ck_assert_uint_eq(l.records, sum(&l));
	ck_assert_uint_eq(l2.records, sum(&l2));
	ck_assert_uint_eq(l.records + l2.records, offered);
	return l;
}

static void close_both(void)
{
	check_sums();
	collector_destroy(collector);
	collector_destroy(other);
	sink_close(&sink);
	sink_close(&other_sink);
}

static void offer_record(const struct record *r)
{
	offered++;
	collector_offer(collector, r);
	check_sums();
}

static void offer(uint16_t first, uint16_t last)
{
	for (uint16_t port = first; port <= last; port++) {
		struct record r = sink_record(port, T0 + port * NS_PER_MS);

		offer_record(&r);
	}
}

static uint64_t run(struct collector *c)
{
	uint64_t next;

	said_begin();
	next = collector_run(c, NOW);
	said_end();
	check_sums();
	return next;
}

/* The records that arrived are those from `first` to `last`, each once, in order. */
static void check_ports(const struct sink *s, int first, int last)
{
	ck_assert_uint_eq(sink_v5_count(s), (size_t)(last - first + 1));
	for (int i = 0; i <= last - first; i++)
		ck_assert_int_eq(sink_v5_port(s, (size_t)i), first + i);
}

static void move_all(void)
{
	while (collector_waiting(collector) && collector_has_room(other))
		collector_move(collector, other, T0 + 5 * NS_PER_S, T0 + 5 * NS_PER_S);
}

START_TEST(records_are_queued_until_they_are_sent)
{
	open_both(FORMAT_V5, FORMAT_V5);
	sink.budget = 1;
	offer(1, 10);
	ck_assert_uint_eq(check_sums().sender.queued, 10);
	run(collector);
	ck_assert_uint_eq(check_sums().sender.sent, 4);
	ck_assert_uint_eq(check_sums().sender.queued, 6);
	sink.budget = UINT_MAX;
	collector_finish(collector);
	run(collector);
	ck_assert_uint_eq(check_sums().sender.queued, 0);
	ck_assert(!collector_is_busy(collector));
	check_ports(&sink, 1, 10);
	close_both();
}
END_TEST

START_TEST(new_session_gets_what_was_not_sent)
{
	open_both(FORMAT_V5, FORMAT_V5);
	sink.budget = 1;
	offer(1, 10);
	run(collector);
	sink.renews = true;
	ck_assert(collector_renew(collector));
	ck_assert(!collector_renew(collector));
	sink.budget = UINT_MAX;
	run(collector);
	collector_finish(collector);
	run(collector);
	check_ports(&sink, 1, 10);
	ck_assert_uint_eq(sink.messages[0].session, 0);
	ck_assert_uint_eq(sink.messages[1].session, 1);
	ck_assert_uint_eq(sink_sequence(&sink, 1), 0);
	ck_assert_uint_eq(sink_sequence(&sink, 2), 4);
	ck_assert_uint_eq(check_sums().sender.sent, 10);
	close_both();
}
END_TEST

START_TEST(new_session_begins_with_templates)
{
	size_t first;

	open_both(FORMAT_IPFIX, FORMAT_V5);
	offer(1, 20);
	run(collector);
	ck_assert(sink_has_templates(&sink, 0));
	first = sink.count;
	sink.renews = true;
	ck_assert(collector_renew(collector));
	offer(21, 21);
	collector_finish(collector);
	run(collector);
	ck_assert_uint_gt(sink.count, first);
	ck_assert(sink_has_templates(&sink, first));
	ck_assert_uint_eq(sink_sequence(&sink, first), 0);
	for (size_t i = first; i < sink.count; i++)
		ck_assert_uint_eq(sink.messages[i].session, 1);
	ck_assert_uint_eq(check_sums().sender.sent, 21);
	close_both();
}
END_TEST

START_TEST(record_of_which_a_part_is_out_cannot_move)
{
	struct record large = sink_record(7, T0);

	large.octets = 6ull * UINT32_MAX;
	open_both(FORMAT_V5, FORMAT_V5);
	sink.budget = 1;
	offer_record(&large);
	offer(8, 9);
	run(collector);
	ck_assert_uint_eq(sink_v5_count(&sink), 4);
	sink.renews = true;
	ck_assert(collector_renew(collector));
	sink.budget = UINT_MAX;
	collector_finish(collector);
	run(collector);
	ck_assert_uint_eq(check_sums().sender.dropped[FAILURE_NEW_SESSION], 1);
	ck_assert_uint_eq(check_sums().sender.sent, 2);
	ck_assert_uint_eq(sink_v5_count(&sink), 6);
	ck_assert_int_eq(sink_v5_port(&sink, 4), 8);
	ck_assert_uint_eq(sink_sequence(&sink, 1), 0);
	close_both();
}
END_TEST

START_TEST(whole_record_in_pieces_moves)
{
	struct record large = sink_record(7, T0);

	large.octets = 6ull * UINT32_MAX;
	open_both(FORMAT_V5, FORMAT_V5);
	sink.budget = 0;
	offer(5, 6);
	offer_record(&large);
	run(collector);
	sink.renews = true;
	ck_assert(collector_renew(collector));
	sink.budget = UINT_MAX;
	collector_finish(collector);
	run(collector);
	ck_assert_uint_eq(check_sums().sender.sent, 3);
	ck_assert_uint_eq(sink_v5_count(&sink), 8);
	close_both();
}
END_TEST

START_TEST(failed_message_is_held_and_its_records_move)
{
	enum failure why;

	open_both(FORMAT_V5, FORMAT_V5);
	offer(1, 4);
	collector_hold(collector, true);
	offer(5, 5);
	run(collector);
	sink.error = -ECONNREFUSED;
	offer(6, 14);
	run(collector);
	ck_assert_uint_eq(sink.offered, 2);
	ck_assert(collector_take_failure(collector, &why));
	ck_assert_int_eq(why, FAILURE_ECONNREFUSED);
	ck_assert(!collector_take_failure(collector, &why));
	collector_set_aside(collector, true);
	collector_take_back(collector, why);
	ck_assert_uint_eq(check_sums().sender.queued, 10);
	move_all();
	ck_assert_uint_eq(check_sums().sender.queued, 0);
	ck_assert_uint_eq(check_sums().records, 4);
	collector_finish(other);
	run(other);
	check_ports(&sink, 1, 4);
	check_ports(&other_sink, 5, 14);
	close_both();
}
END_TEST

START_TEST(sequence_has_no_gap_for_what_did_not_leave)
{
	enum failure why;

	open_both(FORMAT_V5, FORMAT_V5);
	collector_hold(collector, true);
	offer(1, 8);
	offer(9, 9);
	run(collector);
	sink.error = -EHOSTUNREACH;
	offer(10, 14);
	run(collector);
	ck_assert(collector_take_failure(collector, &why));
	collector_set_aside(collector, true);
	collector_take_back(collector, why);
	move_all();
	sink.error = 0;
	collector_set_aside(collector, false);
	offer(15, 15);
	collector_finish(collector);
	run(collector);
	ck_assert_uint_eq(sink_sequence(&sink, sink.count - 1), 8);
	ck_assert_int_eq(sink_v5_port(&sink, 8), 15);
	close_both();
}
END_TEST

START_TEST(records_that_move_may_not_fit_the_other_format)
{
	struct record v6 = sink_record(1, T0);
	struct ledger_collector l;
	enum failure why;

	v6.ip_version = 6;
	open_both(FORMAT_IPFIX, FORMAT_V5);
	collector_hold(collector, true);
	sink.error = -ENETUNREACH;
	offer_record(&v6);
	offer(2, 3);
	offer_record(&v6);
	run(collector);
	ck_assert(collector_take_failure(collector, &why));
	collector_set_aside(collector, true);
	collector_take_back(collector, why);
	move_all();
	collector_finish(other);
	run(other);
	collector_ledger(other, &l);
	ck_assert_uint_eq(l.not_expressible.ipv6, 2);
	ck_assert_uint_eq(l.sender.sent, 2);
	check_ports(&other_sink, 2, 3);
	close_both();
}
END_TEST

START_TEST(aside_it_gets_announcements_alone)
{
	open_both(FORMAT_IPFIX, FORMAT_V5);
	collector_tick(collector, &(struct record){.clock_ns = T0, .wall_ns = T0});
	run(collector);
	sink.count = 0;
	collector_set_aside(collector, true);
	collector_tick(collector,
	    &(struct record){.clock_ns = T0 + 100 * NS_PER_S, .wall_ns = T0 + 100 * NS_PER_S});
	collector_finish(collector);
	run(collector);
	ck_assert_uint_eq(sink.count, 0);
	collector_announce(collector);
	run(collector);
	ck_assert_uint_ge(sink.count, 1);
	ck_assert(sink_has_templates(&sink, 0));
	close_both();
}
END_TEST

START_TEST(full_queue_drops_records_by_name)
{
	open_both(FORMAT_V5, FORMAT_V5);
	sink.budget = 0;
	offer(1, 1000);
	run(collector);
	ck_assert(!collector_has_room(collector));
	ck_assert_uint_gt(check_sums().sender.dropped[FAILURE_QUEUE_FULL], 800);
	ck_assert_uint_ge(check_sums().sender.queued, 16 * 4);
	sink.budget = UINT_MAX;
	run(collector);
	ck_assert(collector_has_room(collector));
	close_both();
}
END_TEST

/* 64 bits so many octets before the message's end. */
static uint64_t number_at(const struct sink_message *m, size_t before)
{
	const uint8_t *at = m->data + m->size - before;

	return (uint64_t)get_be32(at) << 32 | get_be32(at + 4);
}

/* Of records that did not come into a message, too, the collector is told what they would have. */
START_TEST(lost_records_are_scaled_like_the_others)
{
	struct sampling_plan *sampling = &sink.config.encoding.sampling;
	struct record r = sink_record(1, T0);
	const struct sink_message *last;
	uint64_t lost;

	open_sinks(FORMAT_IPFIX, FORMAT_V5);
	*sampling = (struct sampling_plan){
	    .rules = {{SAMPLING_DETERMINISTIC, 10}}, .count = 1, .scale = true};
	create_both();
	sink.budget = 0;
	offer(1, 100);
	run(collector);
	lost = check_sums().sender.dropped[FAILURE_QUEUE_FULL];
	ck_assert_uint_gt(lost, 10);
	sink.budget = UINT_MAX;
	run(collector);
	collector_finish(collector);
	run(collector);
	/* The last row of the last words: 166, 167 and 168 behind the scope, and two times. */
	last = &sink.messages[sink.count - 1];
	ck_assert_uint_eq(number_at(last, 40), lost);
	ck_assert_uint_eq(number_at(last, 32), lost * r.packets * 10);
	ck_assert_uint_eq(number_at(last, 24), lost * r.octets * 10);
	close_both();
}
END_TEST

/* Of what its queue had no place for since it was run last, too. */
START_TEST(last_row_has_what_the_last_turn_dropped)
{
	uint64_t lost;

	open_both(FORMAT_IPFIX, FORMAT_V5);
	sink.budget = 0;
	offer(1, 1000);
	run(collector);
	offer(1001, 1234);
	lost = check_sums().sender.dropped[FAILURE_QUEUE_FULL];
	ck_assert_uint_gt(lost, 234);
	collector_finish(collector);
	sink.budget = UINT_MAX;
	run(collector);
	ck_assert_uint_eq(check_sums().sender.dropped[FAILURE_QUEUE_FULL], lost);
	ck_assert_uint_eq(number_at(&sink.messages[sink.count - 1], 40), lost);
	close_both();
}
END_TEST

/* In what waits behind a collector that is slow there is a place for each of its messages. */
START_TEST(announcement_of_many_interfaces_is_queued_whole)
{
	static struct interface_info interfaces[300];

	open_sinks(FORMAT_IPFIX, FORMAT_V5);
	sink.config.encoding.interfaces = interfaces;
	sink.config.encoding.interface_count = 300;
	create_both();
	sink.budget = 0;
	offer(1, 1);
	sink.budget = UINT_MAX;
	run(collector);
	/* Of names there are 4 in a message, of descriptions 2. */
	ck_assert_uint_gt(sink.count, 300 / 4 + 300 / 2);
	ck_assert(sink_has_templates(&sink, 0));
	close_both();
}
END_TEST

START_TEST(error_between_messages_is_a_failure)
{
	enum failure why;
	short events;

	open_both(FORMAT_V5, FORMAT_V5);
	ck_assert_int_eq(collector_wait_fd(collector, &events), 99);
	ck_assert_int_eq(events, 0);
	sink.pending = -ECONNREFUSED;
	said_begin();
	collector_woken(collector, POLLOUT, NOW);
	ck_assert(!collector_take_failure(collector, &why));
	collector_woken(collector, POLLERR, NOW);
	ck_assert(said_one_message(said_end()));
	ck_assert(collector_take_failure(collector, &why));
	ck_assert_uint_eq(check_sums().sender.errors[FAILURE_ECONNREFUSED], 1);
	close_both();
}
END_TEST

/* Each message is tried twice; those of templates are not many more than those of records. */
START_TEST(collector_that_loses_everything_is_not_sent_templates_alone)
{
	open_both(FORMAT_IPFIX, FORMAT_V5);
	for (uint16_t port = 1; port <= 400; port++) {
		offer(port, port);
		run(collector);
		sink.error = -ECONNREFUSED;
	}
	ck_assert_uint_gt(sink.offered, 2 * 400 / 4);
	ck_assert_uint_lt(sink.offered, 2 * 400 * 2);
	close_both();
}
END_TEST

START_TEST(giving_up_drops_what_waits_too)
{
	open_both(FORMAT_V5, FORMAT_V5);
	sink.budget = 0;
	offer(1, 20);
	run(collector);
	collector_set_aside(collector, true);
	collector_take_back(collector, FAILURE_OTHER);
	ck_assert(collector_is_busy(collector));
	collector_give_up(collector, FAILURE_SHUTDOWN);
	ck_assert_uint_eq(check_sums().sender.dropped[FAILURE_SHUTDOWN], 20);
	ck_assert(!collector_is_busy(collector));
	close_both();
}
END_TEST

/* Nor does it know of those in a message that still has room, but for its encoder. */
START_TEST(record_that_waits_for_company_is_queued)
{
	open_both(FORMAT_V5, FORMAT_V5);
	collector_destroy(collector);
	sink.base.is_fixed = true;
	sink.config.group = NULL;
	sink.config.encoding.max_payload = 24 + 3 * 48;
	collector = collector_create(&sink.config, &sink.base, true);
	offer(1, 2);
	ck_assert_uint_eq(check_sums().sender.queued, 2);
	offer(3, 4);
	run(collector);
	ck_assert_uint_eq(check_sums().sender.queued, 1);
	collector_finish(collector);
	run(collector);
	ck_assert_uint_eq(check_sums().sender.queued, 0);
	check_ports(&sink, 1, 4);
	close_both();
}
END_TEST

/* An address without a group does not keep records: what was queued for no socket is dropped. */
START_TEST(first_session_of_an_address_begins_clean)
{
	open_both(FORMAT_V5, FORMAT_V5);
	collector_destroy(collector);
	sink.base.is_fixed = true;
	sink.base.name = "again";
	sink.config.group = NULL;
	collector = collector_create(&sink.config, &sink.base, true);
	for (uint16_t port = 1; port <= 6; port++, offered++) {
		struct record r = sink_record(port, T0);

		collector_offer(collector, &r);
	}
	sink.renews = true;
	ck_assert(collector_renew(collector));
	ck_assert_uint_eq(check_sums().sender.dropped[FAILURE_NO_SESSION], 6);
	for (uint16_t port = 7; port <= 8; port++, offered++) {
		struct record r = sink_record(port, T0);

		collector_offer(collector, &r);
	}
	collector_finish(collector);
	run(collector);
	check_ports(&sink, 7, 8);
	ck_assert_uint_eq(sink_sequence(&sink, 0), 0);
	close_both();
}
END_TEST

Suite *collector_suite(void)
{
	const TTest *const tests[] = {
	    records_are_queued_until_they_are_sent,
	    new_session_gets_what_was_not_sent,
	    new_session_begins_with_templates,
	    record_of_which_a_part_is_out_cannot_move,
	    whole_record_in_pieces_moves,
	    failed_message_is_held_and_its_records_move,
	    sequence_has_no_gap_for_what_did_not_leave,
	    records_that_move_may_not_fit_the_other_format,
	    aside_it_gets_announcements_alone,
	    full_queue_drops_records_by_name,
	    lost_records_are_scaled_like_the_others,
	    last_row_has_what_the_last_turn_dropped,
	    announcement_of_many_interfaces_is_queued_whole,
	    error_between_messages_is_a_failure,
	    collector_that_loses_everything_is_not_sent_templates_alone,
	    giving_up_drops_what_waits_too,
	    first_session_of_an_address_begins_clean,
	    record_that_waits_for_company_is_queued,
	};

	return SUITE_OF("collector", tests);
}

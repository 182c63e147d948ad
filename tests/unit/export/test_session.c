#include "suites.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "support/collector.h"
#include "util/rng.h"
#include "util/units.h"

#define T0 (1767225600ull * NS_PER_S)
#define S NS_PER_S

/* The last two have templates. */
static const enum format formats[] = {FORMAT_V1, FORMAT_V5, FORMAT_V7, FORMAT_V9, FORMAT_IPFIX};
#define FORMATS (sizeof(formats) / sizeof(*formats))

static bool has_templates(enum format format)
{
	return format == FORMAT_V9 || format == FORMAT_IPFIX;
}

/* -- a new session ------------------------------------------------------------------------------ */

START_TEST(session_begins_at_sequence_0_with_templates)
{
	for (unsigned f = 0; f < FORMATS; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, formats[f]);
		struct encoder *e = encoder_create(&o);
		size_t before;

		for (unsigned i = 0; i < 100; i++)
			push_at(e, T0 + i);
		encoder_flush(e);
		push_at(e, T0 + 200); /* in the open message: goes with the old session */
		before = c.message_count;
		encoder_begin_session(e, NULL);
		collector_forget(&c, 0);
		push_at(e, T0 + 300);
		encoder_flush(e);
		ck_assert_uint_eq(c.messages[before].sequence, 0);
		ck_assert_uint_eq(c.messages[before].templates, has_templates(formats[f]) ? 4 : 0);
		ck_assert_uint_eq(c.flow_count, 101);
		ck_assert_uint_eq(last_message(&c)->records, 1);
		ck_assert_uint_eq(last_message(&c)->wire_records, 1);
		ck_assert_uint_eq(last_message(&c)->packets, 3);
		ck_assert_uint_eq(last_message(&c)->octets, 1234);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

/* Last words are for a session that was announced. */
START_TEST(session_without_a_message_has_no_last_words)
{
	for (unsigned f = 0; f < FORMATS; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, formats[f]);
		struct encoder *e = encoder_create(&o);
		size_t before;

		encoder_finish(e);
		ck_assert_uint_eq(c.message_count, 0);
		push_at(e, T0);
		encoder_flush(e);
		before = c.message_count;
		encoder_begin_session(e, NULL);
		encoder_finish(e);
		ck_assert_uint_eq(c.message_count, before);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

/* A new session may go back in time, if that is where the clock has gone: RFC 7011 knows none. */
START_TEST(session_has_an_export_time_of_its_own)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, FORMAT_IPFIX);
	struct encoder *e = encoder_create(&o);

	tick_at(e, T0);
	encoder_begin_session(e, NULL);
	collector_forget(&c, 0);
	c.export_time = 0;
	tick_at(e, T0 / 2);
	ck_assert_uint_eq(last_message(&c)->seconds, T0 / 2 / S);
	encoder_destroy(e);
	collector_fini(&c);
}
END_TEST

static const uint8_t v4[4] = {203, 0, 113, 7};
static const uint8_t v6[16] = {0x20, 1, 0xd, 0xb8, [15] = 9};
static const uint8_t zeros[16];

static void check_exporter(struct collector *c, struct encoder *e, const struct sockaddr *from,
    const uint8_t *expected4, const uint8_t *expected6)
{
	const struct seen_record *r;
	unsigned size;

	encoder_begin_session(e, from);
	collector_forget(c, 0);
	push_at(e, T0);
	encoder_flush(e);
	r = &c->flows[c->flow_count - 1];
	ck_assert_mem_eq(seen_octets(r, 130, &size), expected4, 4);
	ck_assert_mem_eq(seen_octets(r, 131, &size), expected6, 16);
}

START_TEST(records_show_the_session_s_address)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, FORMAT_IPFIX);
	struct sockaddr_in from4 = {.sin_family = AF_INET};
	struct sockaddr_in6 from6 = {.sin6_family = AF_INET6};
	struct encoder *e;

	memcpy(&from4.sin_addr, v4, 4);
	memcpy(&from6.sin6_addr, v6, 16);
	o.records.kind = RECORDS_FULL;
	e = encoder_create(&o);
	check_exporter(&c, e, (struct sockaddr *)&from4, v4, zeros);
	check_exporter(&c, e, (struct sockaddr *)&from6, zeros, v6);
	check_exporter(&c, e, (struct sockaddr *)&from4, v4, zeros);
	check_exporter(&c, e, NULL, zeros, zeros);
	encoder_destroy(e);
	collector_fini(&c);
}
END_TEST

/* -- taking back -------------------------------------------------------------------------------- */

/* The fifth message and what follows it did not leave: its number is the next one's. */
START_TEST(rewind_continues_from_the_message_that_was_not_sent)
{
	for (unsigned f = 0; f < FORMATS; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, formats[f]);
		struct encoder *e = encoder_create(&o);
		uint32_t sequence;
		size_t before;

		for (unsigned i = 0; i < 300; i++)
			push_at(e, T0 + i);
		ck_assert_uint_gt(c.message_count, 5);
		sequence = c.messages[4].sequence;
		before = c.message_count;
		encoder_rewind(e, sequence);
		collector_forget(&c, sequence);
		push_at(e, T0 + 400);
		encoder_flush(e);
		ck_assert_uint_eq(c.messages[before].sequence, sequence);
		ck_assert_uint_eq(c.messages[before].templates, has_templates(formats[f]) ? 4 : 0);
		ck_assert_uint_eq(last_message(&c)->flows, 1);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

/* What is open is of one set, or of several, or full: the next message is whole all the same. */
START_TEST(discarded_message_leaves_no_trace)
{
	for (unsigned f = 0; f < FORMATS; f++)
		for (unsigned records = 0; records < 40; records++) {
			struct collector c;
			struct encoder_options o = collector_options(&c, formats[f]);
			struct encoder *e = encoder_create(&o);
			size_t flows;

			for (unsigned i = 0; i < records; i++) {
				struct record r = record_of_class(i / 3 % CLASS_COUNT, T0);

				encoder_record(e, &r);
			}
			flows = c.flow_count;
			encoder_discard(e);
			for (unsigned class = 0; class < CLASS_COUNT; class ++) {
				struct record r =
				    record_of_class((records + class) % CLASS_COUNT, T0 + 9);

				encoder_record(e, &r);
			}
			encoder_flush(e);
			ck_assert_uint_eq(
			    c.flow_count, flows + (has_templates(formats[f]) ? CLASS_COUNT : 2));
			ck_assert_uint_eq(last_message(&c)->records, c.flow_count - flows);
			ck_assert_uint_eq(last_message(&c)->packets, 3 * last_message(&c)->records);
			ck_assert(!last_message(&c)->continues);
			encoder_destroy(e);
			collector_fini(&c);
		}
}
END_TEST

/* Three records of three octets go unpadded: the set behind them begins anywhere. */
START_TEST(discarded_set_of_tiny_records_leaves_no_trace)
{
	for (unsigned f = 3; f < FORMATS; f++)
		for (unsigned records = 1; records < 12; records++) {
			struct collector c;
			struct encoder_options o = collector_options(&c, formats[f]);
			struct encoder *e;

			o.records = (struct records_choice){.kind = RECORDS_LIST,
			    .list = {element_find(4), element_find(58)},
			    .count = 2};
			e = encoder_create(&o);
			for (unsigned i = 0; i < records; i++) {
				struct record r = record_of_class(i / 3 % CLASS_COUNT, T0);

				encoder_record(e, &r);
			}
			encoder_discard(e);
			push_at(e, T0 + 1);
			encoder_flush(e);
			ck_assert_uint_eq(c.flow_count, 1);
			ck_assert_uint_eq(seen_value(&c.flows[0], 4), 6);
			encoder_destroy(e);
			collector_fini(&c);
		}
}
END_TEST

/* An old record's message carries its time; what follows the discarded one carries the clock's. */
START_TEST(discarded_message_does_not_leave_its_time)
{
	for (unsigned f = 0; f < FORMATS; f++) {
		uint64_t later = T0 + 60 * 86400 * S;
		struct collector c;
		struct encoder_options o = collector_options(&c, formats[f]);
		struct encoder *e = encoder_create(&o);
		struct record old = record_at(T0);

		old.clock_ns = old.wall_ns = later;
		encoder_record(e, &old);
		encoder_discard(e);
		encoder_refresh(e);
		push_at(e, later + S);
		encoder_flush(e);
		for (size_t i = has_templates(formats[f]); i < c.message_count; i++)
			ck_assert_uint_eq(c.messages[i].seconds, later / S + 1);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

START_TEST(nothing_is_left_of_a_wait_that_was_discarded)
{
	for (unsigned f = 0; f < FORMATS; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, formats[f]);
		struct encoder *e = encoder_create(&o);
		size_t before;

		push_at(e, T0);
		encoder_discard(e);
		before = c.message_count;
		tick_at(e, T0 + 5 * S);
		encoder_flush(e);
		ck_assert_uint_eq(c.message_count, before);
		push_at(e, T0 + 5 * S + 1);
		tick_at(e, T0 + 6 * S);
		ck_assert_uint_eq(c.message_count, before);
		tick_at(e, T0 + 6 * S + 1);
		ck_assert_uint_eq(c.message_count, before + 1);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

START_TEST(sessions_of_any_fate_stay_well_formed)
{
	for (unsigned f = 0; f < FORMATS; f++) {
		struct rng r = {.state = 77};
		struct collector c;
		struct encoder_options o = collector_options(&c, formats[f]);
		struct encoder *e = encoder_create(&o);
		uint64_t now = T0;

		for (unsigned i = 0; i < 5000; i++) {
			struct record record =
			    record_of_class(rng_below(&r, CLASS_COUNT), now += S / 50);

			encoder_record(e, &record);
			if (rng_below(&r, 30) == 0)
				encoder_discard(e);
			if (rng_below(&r, 60) == 0 && c.message_count) {
				const struct seen_message *from = &c.messages[c.message_count - 1 -
				    rng_below(&r, 2) % c.message_count];

				encoder_rewind(e, from->sequence);
				collector_forget(&c, from->sequence);
			}
			if (rng_below(&r, 200) == 0) {
				encoder_begin_session(e, NULL);
				collector_forget(&c, 0);
			}
		}
		encoder_finish(e);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

Suite *session_suite(void)
{
	const TTest *const tests[] = {
	    session_begins_at_sequence_0_with_templates,
	    session_without_a_message_has_no_last_words,
	    session_has_an_export_time_of_its_own,
	    records_show_the_session_s_address,
	    rewind_continues_from_the_message_that_was_not_sent,
	    discarded_message_leaves_no_trace,
	    discarded_set_of_tiny_records_leaves_no_trace,
	    discarded_message_does_not_leave_its_time,
	    nothing_is_left_of_a_wait_that_was_discarded,
	    sessions_of_any_fate_stay_well_formed,
	};

	return SUITE_OF("session", tests);
}

#include "suites.h"

#include "support/collector.h"
#include "util/rng.h"
#include "util/units.h"

#define T0 (1767225600ull * NS_PER_S)
#define S NS_PER_S

static const enum format formats[] = {FORMAT_V5, FORMAT_V9, FORMAT_IPFIX};
static const enum format template_formats[] = {FORMAT_V9, FORMAT_IPFIX};

/* -- waiting ------------------------------------------------------------------------------------ */

START_TEST(record_waits_a_second_for_company_and_no_longer)
{
	for (unsigned f = 0; f < 3; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, formats[f]);
		struct encoder *e = encoder_create(&o);

		push_at(e, T0 + 5);
		tick_at(e, T0 + 5 + S - 1);
		ck_assert_uint_eq(data_messages(&c), 0);
		tick_at(e, T0 + 5 + S);
		ck_assert_uint_eq(data_messages(&c), 1);
		ck_assert_uint_eq(last_message(&c)->records, 1);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

START_TEST(message_that_waited_carries_the_moment_when_its_wait_was_over)
{
	for (unsigned f = 0; f < 3; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, formats[f]);
		struct encoder *e = encoder_create(&o);

		push_at(e, T0 + S / 2);
		tick_at(e, T0 + 40 * S);
		ck_assert_uint_eq(data_messages(&c), 1);
		ck_assert_uint_eq(last_message(&c)->seconds, (T0 + 2 * S) / S);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

START_TEST(wait_counts_from_the_first_record)
{
	for (unsigned f = 0; f < 3; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, formats[f]);
		struct encoder *e = encoder_create(&o);

		push_at(e, T0);
		push_at(e, T0 + S - 1);
		ck_assert_uint_eq(data_messages(&c), 0);
		push_at(e, T0 + S);
		ck_assert_uint_eq(data_messages(&c), 1);
		ck_assert_uint_eq(last_message(&c)->records, 2);
		tick_at(e, T0 + 2 * S - 1);
		ck_assert_uint_eq(data_messages(&c), 1);
		tick_at(e, T0 + 2 * S);
		ck_assert_uint_eq(data_messages(&c), 2);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

START_TEST(full_message_does_not_wait)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, FORMAT_V5);
	struct encoder *e = encoder_create(&o);

	o.max_payload = c.max_payload = PAYLOAD_MAX;
	encoder_destroy(e);
	e = encoder_create(&o);
	for (unsigned i = 0; i < 30; i++)
		push_at(e, T0);
	ck_assert_uint_eq(c.message_count, 0);
	push_at(e, T0);
	ck_assert_uint_eq(c.message_count, 1);
	ck_assert_uint_eq(c.messages[0].flows, 30);
	encoder_destroy(e);
	collector_fini(&c);
}
END_TEST

START_TEST(flush_sends_what_is_ready_and_never_an_empty_message)
{
	for (unsigned f = 0; f < 3; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, formats[f]);
		struct encoder *e = encoder_create(&o);

		push_at(e, T0);
		encoder_flush(e);
		ck_assert_uint_eq(data_messages(&c), 1);
		encoder_flush(e);
		encoder_finish(e);
		/* And the session's last words where there are any. */
		ck_assert_uint_eq(c.message_count, formats[f] == FORMAT_V5 ? 1 : 3);
		encoder_destroy(e);
		collector_fini(&c);
	}
	encoder_destroy(NULL);
}
END_TEST

/* -- templates ---------------------------------------------------------------------------------- */

/* Of v9: two of sampling, what was exported. IPFIX: losses and a flow key a template as well. */
static const struct {
	unsigned templates, rows;
} options_rows[] = {{3, 3}, {6, 9}};

START_TEST(templates_and_sampling_come_first_in_a_message_of_their_own)
{
	for (unsigned f = 0; f < 2; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, template_formats[f]);
		struct encoder *e = encoder_create(&o);

		push_at(e, T0);
		encoder_flush(e);
		ck_assert_uint_eq(c.message_count, 2);
		ck_assert_uint_eq(c.messages[0].templates, 4);
		ck_assert_uint_eq(c.messages[0].options_templates, options_rows[f].templates);
		ck_assert_uint_eq(c.messages[0].options_data, options_rows[f].rows);
		ck_assert_uint_eq(c.messages[0].flows, 0);
		ck_assert_uint_eq(c.messages[0].records, 0);
		ck_assert_uint_eq(c.messages[1].flows, 1);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

START_TEST(templates_come_again_every_sixty_seconds_also_when_idle)
{
	for (unsigned f = 0; f < 2; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, template_formats[f]);
		struct encoder *e = encoder_create(&o);

		tick_at(e, T0);
		ck_assert_uint_eq(template_messages(&c), 1);
		tick_at(e, T0 + 60 * S - 1);
		ck_assert_uint_eq(template_messages(&c), 1);
		tick_at(e, T0 + 60 * S);
		ck_assert_uint_eq(template_messages(&c), 2);
		ck_assert_uint_eq(last_message(&c)->options_data, options_rows[f].rows);
		ck_assert_uint_eq(last_message(&c)->seconds, (T0 + 60 * S) / S);
		tick_at(e, T0 + 120 * S - 1);
		ck_assert_uint_eq(template_messages(&c), 2);
		tick_at(e, T0 + 120 * S);
		ck_assert_uint_eq(template_messages(&c), 3);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

START_TEST(templates_come_again_after_a_thousand_messages)
{
	for (unsigned f = 0; f < 2; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, template_formats[f]);
		struct encoder *e = encoder_create(&o);

		for (unsigned i = 0; i < 1000; i++) {
			push_at(e, T0 + i);
			encoder_flush(e);
		}
		ck_assert_uint_eq(template_messages(&c), 1);
		push_at(e, T0 + 1000);
		ck_assert_uint_eq(template_messages(&c), 2);
		for (unsigned i = 0; i < 1000; i++)
			encoder_flush(e);
		ck_assert_uint_eq(template_messages(&c), 2);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

/* What waits keeps its time and goes before the templates that have come due. */
START_TEST(refresh_does_not_mix_with_data)
{
	for (unsigned f = 0; f < 2; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, template_formats[f]);
		struct encoder *e = encoder_create(&o);

		for (uint64_t t = 0; t < 200; t++)
			push_at(e, T0 + t * S * 7 / 10);
		encoder_finish(e);
		for (size_t i = 0; i < c.message_count; i++)
			ck_assert(!c.messages[i].flows || !c.messages[i].templates);
		ck_assert_uint_eq(template_messages(&c), 3);
		ck_assert_uint_eq(c.flow_count, 200);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

START_TEST(collector_that_may_have_forgotten_gets_templates_before_more_data)
{
	for (unsigned f = 0; f < 2; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, template_formats[f]);
		struct encoder *e = encoder_create(&o);

		push_at(e, T0);
		encoder_flush(e);
		encoder_refresh(e);
		push_at(e, T0 + 1);
		encoder_flush(e);
		ck_assert_uint_eq(c.message_count, 4);
		ck_assert_uint_eq(c.messages[2].templates, 4);
		ck_assert_uint_eq(c.messages[3].flows, 1);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

/* A doubt is answered at once, but again only after more messages than the answer took, or 1 s. */
START_TEST(doubts_bring_templates_but_not_much_oftener_than_records)
{
	for (unsigned f = 0; f < 2; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, template_formats[f]);
		struct encoder *e = encoder_create(&o);

		for (unsigned i = 0; i < 2; i++, encoder_flush(e))
			push_at(e, T0);
		for (unsigned i = 0; i < 5; i++, encoder_flush(e)) {
			encoder_doubt(e);
			push_at(e, T0);
		}
		/* The first of them took a message; so each other message of records has one. */
		ck_assert_uint_eq(data_messages(&c), 7);
		ck_assert_uint_eq(template_messages(&c), 1 + 3);
		ck_assert_uint_eq(c.messages[3].templates, 4);
		encoder_doubt(e);
		tick_at(e, T0 + NS_PER_S - 1);
		ck_assert_uint_eq(template_messages(&c), 1 + 3);
		tick_at(e, T0 + NS_PER_S);
		ck_assert_uint_eq(template_messages(&c), 1 + 4);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

/* With the clock back by years a refresh must not wait for it to get there again. */
START_TEST(templates_come_again_after_a_clock_restart)
{
	for (unsigned f = 0; f < 2; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, template_formats[f]);
		struct encoder *e = encoder_create(&o);

		tick_at(e, T0);
		tick_at(e, T0 / 2);
		tick_at(e, T0 / 2 + 60 * S);
		ck_assert_uint_ge(template_messages(&c), 2);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

START_TEST(refresh_keeps_to_its_settings)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, FORMAT_IPFIX);
	struct encoder *e;

	o.refresh_ns = 5 * S;
	o.refresh_messages = 3;
	e = encoder_create(&o);
	tick_at(e, T0);
	tick_at(e, T0 + 5 * S);
	ck_assert_uint_eq(template_messages(&c), 2);
	for (unsigned i = 0; i < 4; i++) {
		push_at(e, T0 + 5 * S + i);
		encoder_flush(e);
	}
	ck_assert_uint_eq(template_messages(&c), 3);
	encoder_destroy(e);
	collector_fini(&c);
}
END_TEST

/* -- sequences and time ------------------------------------------------------------------------- */

START_TEST(sequences_hold_over_everything_that_is_sent)
{
	for (unsigned f = 0; f < 3; f++) {
		struct rng r = {.state = 5};
		struct collector c;
		struct encoder_options o = collector_options(&c, formats[f]);
		struct encoder *e = encoder_create(&o);
		uint64_t now = T0;

		for (unsigned i = 0; i < 5000; i++) {
			struct record record;

			now += rng_next(&r) % (200 * NS_PER_MS);
			if (rng_below(&r, 200) == 0)
				now -= 100 * S;
			record = record_of_class(rng_below(&r, CLASS_COUNT), now);
			if (rng_below(&r, 3) == 0)
				tick_at(e, now);
			else
				encoder_record(e, &record);
		}
		encoder_finish(e);
		ck_assert_uint_gt(c.message_count, 100);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

/* IPFIX: the clock restarts ten years back, the session goes on. */
START_TEST(export_time_never_decreases)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, FORMAT_IPFIX);
	struct encoder *e = encoder_create(&o);

	push_at(e, T0);
	push_at(e, T0 / 2);
	push_at(e, T0 / 2 + 5 * S);
	encoder_finish(e);
	ck_assert_uint_eq(c.flow_count, 3);
	ck_assert_uint_eq(last_message(&c)->seconds, (T0 + 0) / S);
	ck_assert_uint_eq(seen_value(&c.flows[1], 153), T0 / 2 / NS_PER_MS);
	encoder_destroy(e);
	collector_fini(&c);
}
END_TEST

/* What leaves in the last second that its 32 bits have: the next one, to which it is rounded up, is none. */
START_TEST(header_time_ends_in_2106)
{
	uint64_t last = UINT32_MAX * NS_PER_S;

	for (unsigned f = 0; f < 3; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, formats[f]);
		struct encoder *e = encoder_create(&o);

		push_at(e, last - 10 * S);
		push_at(e, last - 1);
		tick_at(e, last + S - 1);
		encoder_finish(e);
		ck_assert_uint_eq(c.flow_count, 2);
		ck_assert_uint_eq(last_message(&c)->seconds, UINT32_MAX);
		for (size_t i = 1; i < c.message_count; i++)
			ck_assert_uint_ge(c.messages[i].seconds, c.messages[i - 1].seconds);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

START_TEST(what_waits_when_the_clock_restarts_keeps_its_time)
{
	for (unsigned f = 0; f < 3; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, formats[f]);
		struct encoder *e = encoder_create(&o);

		push_at(e, T0);
		tick_at(e, T0 / 2);
		ck_assert_uint_eq(data_messages(&c), 1);
		for (size_t i = 0; i < c.message_count; i++)
			if (c.messages[i].flows)
				ck_assert_uint_eq(c.messages[i].seconds, T0 / S);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

/* A tick of a tenth of a second while a record waits, by so much more or less of the date; the messages then. */
static unsigned messages_at_step(enum format format, int64_t step_ns)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, format);
	struct encoder *e = encoder_create(&o);
	unsigned n;

	push_at(e, T0);
	encoder_tick(e, T0 + S / 10, T0 + S / 10 + (uint64_t)step_ns);
	n = data_messages(&c);
	for (size_t i = 0; i < c.message_count; i++)
		if (c.messages[i].flows)
			ck_assert_uint_eq(c.messages[i].seconds, T0 / S);
	encoder_destroy(e);
	collector_fini(&c);
	return n;
}

/* Live: it is set on or back, by little or by an hour. One that is corrected by less is still the same. */
START_TEST(what_waits_when_the_date_is_set_keeps_its_time)
{
	static const int64_t set[] = {51, 60 * 60 * 1000}, corrected[] = {1, 50};

	for (unsigned f = 0; f < 3; f++)
		for (unsigned i = 0; i < 2; i++) {
			int64_t step_ns = set[i] * (int64_t)NS_PER_MS;

			ck_assert_uint_eq(messages_at_step(formats[f], step_ns), 1);
			ck_assert_uint_eq(messages_at_step(formats[f], -step_ns), 1);
			step_ns = corrected[i] * (int64_t)NS_PER_MS;
			ck_assert_uint_eq(messages_at_step(formats[f], step_ns), 0);
			ck_assert_uint_eq(messages_at_step(formats[f], -step_ns), 0);
		}
}
END_TEST

/* Where clock and date differ the header has the date. */
START_TEST(header_time_is_the_date)
{
	for (unsigned f = 0; f < 3; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, formats[f]);
		struct encoder *e = encoder_create(&o);
		struct record r = record_at(T0);

		r.clock_ns = 500 * S;
		encoder_record(e, &r);
		encoder_tick(e, 503 * S, T0 + 3 * S);
		ck_assert_uint_eq(last_message(&c)->seconds, (T0 + S) / S);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

START_TEST(formats_have_the_names_of_the_option)
{
	ck_assert_str_eq(format_name(FORMAT_V5), "5");
	ck_assert_str_eq(format_name(FORMAT_V9), "9");
	ck_assert_str_eq(format_name(FORMAT_IPFIX), "ipfix");
	ck_assert_str_eq(format_name(FORMAT_TEXT), "text");
	ck_assert_str_eq(format_name(FORMAT_CSV), "csv");
	ck_assert_str_eq(format_name(FORMAT_JSON), "json");
}
END_TEST

Suite *message_suite(void)
{
	const TTest *const tests[] = {
	    record_waits_a_second_for_company_and_no_longer,
	    message_that_waited_carries_the_moment_when_its_wait_was_over,
	    wait_counts_from_the_first_record,
	    full_message_does_not_wait,
	    flush_sends_what_is_ready_and_never_an_empty_message,
	    templates_and_sampling_come_first_in_a_message_of_their_own,
	    templates_come_again_every_sixty_seconds_also_when_idle,
	    templates_come_again_after_a_thousand_messages,
	    refresh_does_not_mix_with_data,
	    collector_that_may_have_forgotten_gets_templates_before_more_data,
	    doubts_bring_templates_but_not_much_oftener_than_records,
	    templates_come_again_after_a_clock_restart,
	    refresh_keeps_to_its_settings,
	    sequences_hold_over_everything_that_is_sent,
	    export_time_never_decreases,
	    header_time_ends_in_2106,
	    what_waits_when_the_clock_restarts_keeps_its_time,
	    what_waits_when_the_date_is_set_keeps_its_time,
	    header_time_is_the_date,
	    formats_have_the_names_of_the_option,
	};

	return SUITE_OF("message", tests);
}

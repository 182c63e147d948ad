#include "suites.h"

#include "support/collector.h"
#include "util/units.h"

#define T0 (1767225600ull * NS_PER_S)

static const enum format formats[] = {FORMAT_V1, FORMAT_V5, FORMAT_V7};

/* -- headers and records ------------------------------------------------------------------------ */

START_TEST(record_s_values_arrive_in_each_format)
{
	for (unsigned f = 0; f < 3; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, formats[f]);
		struct encoder *e = encoder_create(&o);
		struct record in = record_with_all(CLASS_IPV4, T0);
		const struct seen_record *r = &c.flows[0];

		in.packets = 0x01020304;
		in.octets = 0x11121314;
		in.ingress = 0x2122;
		in.egress = 0x3132;
		encoder_record(e, &in);
		encoder_finish(e);
		ck_assert_uint_eq(c.flow_count, 1);
		ck_assert_uint_eq(seen_value(r, 8), 0x20212223);
		ck_assert_uint_eq(seen_value(r, 12), 0x30313233);
		ck_assert_uint_eq(seen_value(r, 10), 0x2122);
		ck_assert_uint_eq(seen_value(r, 14), 0x3132);
		ck_assert_uint_eq(seen_value(r, 2), 0x01020304);
		ck_assert_uint_eq(seen_value(r, 1), 0x11121314);
		ck_assert_uint_eq(seen_time_ms(&c, r, 22), in.start_ns / NS_PER_MS);
		ck_assert_uint_eq(seen_time_ms(&c, r, 21), in.end_ns / NS_PER_MS);
		ck_assert_uint_eq(seen_value(r, 7), 0x4142);
		ck_assert_uint_eq(seen_value(r, 11), 0x5152);
		ck_assert_uint_eq(seen_value(r, 6), 0x64);
		ck_assert_uint_eq(seen_value(r, 4), 6);
		ck_assert_uint_eq(seen_value(r, 5), 0x67);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

/* Cisco's limits, where max-payload leaves room for more; 26 records of 52 octets fit into 1400. */
START_TEST(message_holds_as_many_records_as_the_format_has)
{
	static const unsigned most[] = {24, 30, 27}, usual[] = {24, 28, 26};

	for (unsigned f = 0; f < 3; f++)
		for (unsigned large = 0; large < 2; large++) {
			struct collector c;
			struct encoder_options o = collector_options(&c, formats[f]);
			unsigned expected = large ? most[f] : usual[f];
			struct encoder *e;

			if (large)
				o.max_payload = c.max_payload = 9000;
			e = encoder_create(&o);
			for (unsigned i = 0; i < 3 * expected + 1; i++)
				push_at(e, T0);
			encoder_finish(e);
			ck_assert_uint_eq(c.message_count, 4);
			for (unsigned i = 0; i < 3; i++)
				ck_assert_uint_eq(c.messages[i].flows, expected);
			ck_assert_uint_eq(c.messages[3].flows, 1);
			if (formats[f] != FORMAT_V1)
				ck_assert_uint_eq(c.messages[3].sequence, 3 * expected);
			encoder_destroy(e);
			collector_fini(&c);
		}
}
END_TEST

START_TEST(v5_header_has_the_engine)
{
	for (unsigned f = 0; f < 3; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, formats[f]);
		struct encoder *e;

		o.engine_type = 0xab;
		o.engine_id = 0xcd;
		e = encoder_create(&o);
		push_at(e, T0);
		encoder_finish(e);
		ck_assert_uint_eq(c.messages[0].engine, formats[f] == FORMAT_V5 ? 0xabcd : 0);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

/* -- sampling ----------------------------------------------------------------------------------- */

/* 01 deterministic, 10 all that is random; the rate alone for collectors that mask nothing. */
static const struct {
	struct sampling_rule rule;
	uint16_t with_mode, alone;
} rates[] = {{{SAMPLING_NONE, 1}, 0x0001, 1}, {{SAMPLING_DETERMINISTIC, 1}, 0x0001, 1},
    {{SAMPLING_RANDOM, 1}, 0x0001, 1}, {{SAMPLING_DETERMINISTIC, 100}, 0x4064, 100},
    {{SAMPLING_RANDOM, 1000}, 0x83e8, 1000}, {{SAMPLING_HASH, 10}, 0x800a, 10},
    {{SAMPLING_FLOW, 16383}, 0xbfff, 16383}};

#define RATES (sizeof(rates) / sizeof(*rates))

START_TEST(v5_header_tells_mode_and_interval)
{
	for (unsigned i = 0; i < RATES; i++)
		for (unsigned no_mode = 0; no_mode < 2; no_mode++) {
			struct collector c;
			struct encoder_options o = collector_options(&c, FORMAT_V5);
			struct encoder *e;

			o.sampling.rules[0] = rates[i].rule;
			o.no_mode_bits = no_mode;
			e = encoder_create(&o);
			push_at(e, T0);
			encoder_finish(e);
			ck_assert_uint_eq(
			    c.messages[0].sampling, no_mode ? rates[i].alone : rates[i].with_mode);
			encoder_destroy(e);
			collector_fini(&c);
		}
}
END_TEST

static void set_classes(struct encoder_options *o)
{
	for (unsigned i = 0; i < RATES; i++)
		o->sampling.rules[i] = rates[i].rule;
	o->sampling.count = RATES;
}

/* Which records share a datagram depends on the rate alone; its header tells that rate. */
START_TEST(v5_message_has_one_rate)
{
	static const uint8_t order[] = {3, 3, 4, 4, 4, 0, 1, 2, 0, 5, 3, 6, 6};
	static const unsigned flows[] = {2, 3, 4, 1, 1, 2};
	static const uint8_t first[] = {3, 4, 0, 5, 3, 6};
	struct collector c;
	struct encoder_options o = collector_options(&c, FORMAT_V5);
	struct record r = record_at(T0);
	struct encoder *e;

	set_classes(&o);
	e = encoder_create(&o);
	for (unsigned i = 0; i < sizeof(order); i++) {
		r.selector = order[i];
		encoder_record(e, &r);
	}
	encoder_finish(e);
	ck_assert_uint_eq(c.message_count, sizeof(first));
	for (unsigned i = 0; i < sizeof(first); i++) {
		ck_assert_uint_eq(c.messages[i].flows, flows[i]);
		ck_assert_uint_eq(c.messages[i].sampling, rates[first[i]].with_mode);
	}
	encoder_destroy(e);
	collector_fini(&c);
}
END_TEST

/* What was begun with one rate and discarded has no say in the next message. */
START_TEST(v5_rate_of_a_discarded_message_is_forgotten)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, FORMAT_V5);
	struct record r = record_at(T0);
	struct encoder *e;

	set_classes(&o);
	e = encoder_create(&o);
	r.selector = 3;
	encoder_record(e, &r);
	encoder_discard(e);
	r.selector = 4;
	encoder_record(e, &r);
	encoder_finish(e);
	ck_assert_uint_eq(c.message_count, 1);
	ck_assert_uint_eq(c.messages[0].sampling, rates[4].with_mode);
	encoder_destroy(e);
	collector_fini(&c);
}
END_TEST

/* Scaled records are all of one rate, whatever chose them: they share datagrams. */
START_TEST(scaled_records_of_all_classes_share_a_message)
{
	for (unsigned f = 0; f < 3; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, formats[f]);
		struct record r = record_at(T0);
		struct encoder *e;

		set_classes(&o);
		o.sampling.scale = true;
		e = encoder_create(&o);
		for (unsigned i = 0; i < 20; i++) {
			r.selector = (uint8_t)(i % RATES);
			encoder_record(e, &r);
		}
		encoder_finish(e);
		ck_assert_uint_eq(c.message_count, 1);
		ck_assert_uint_eq(c.messages[0].sampling, formats[f] == FORMAT_V5);
		for (unsigned i = 0; i < 20; i++) {
			uint32_t n = rates[i % RATES].rule.interval;

			ck_assert_uint_eq(seen_value(&c.flows[i], 2), 3 * n);
			ck_assert_uint_eq(seen_value(&c.flows[i], 1), 1234 * n);
		}
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

START_TEST(v5_header_holds_the_largest_interval)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, FORMAT_V5);
	struct encoder *e;

	o.sampling.rules[0] = (struct sampling_rule){SAMPLING_RANDOM, 16383};
	e = encoder_create(&o);
	push_at(e, T0);
	encoder_finish(e);
	ck_assert_uint_eq(c.messages[0].sampling, 0xbfff);
	encoder_destroy(e);
	collector_fini(&c);
}
END_TEST

Suite *fixed_suite(void)
{
	const TTest *const tests[] = {
	    record_s_values_arrive_in_each_format,
	    message_holds_as_many_records_as_the_format_has,
	    v5_header_has_the_engine,
	    v5_header_tells_mode_and_interval,
	    v5_message_has_one_rate,
	    v5_rate_of_a_discarded_message_is_forgotten,
	    scaled_records_of_all_classes_share_a_message,
	    v5_header_holds_the_largest_interval,
	};

	return SUITE_OF("fixed", tests);
}

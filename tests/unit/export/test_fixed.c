#include "suites.h"

#include "support/collector.h"
#include "util/units.h"

#define T0 (1767225600ull * NS_PER_S)
#define S NS_PER_S

static const struct sampling_rule rules[] = {
    {SAMPLING_NONE, 1}, {SAMPLING_DETERMINISTIC, 100}, {SAMPLING_RANDOM, 1000}};

START_TEST(v5_header_tells_mode_and_interval)
{
	static const uint16_t expected[] = {0x0001, 0x4064, 0x83e8};

	for (unsigned i = 0; i < 3; i++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, FORMAT_V5);
		struct encoder *e;

		o.sampling.rules[0] = rules[i];
		e = encoder_create(&o);
		push_at(e, T0);
		encoder_finish(e);
		ck_assert_uint_eq(c.messages[0].sampling, expected[i]);
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

START_TEST(v5_message_holds_thirty_records_at_most)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, FORMAT_V5);
	struct encoder *e;

	o.max_payload = c.max_payload = 9000;
	e = encoder_create(&o);
	for (unsigned i = 0; i < 95; i++)
		push_at(e, T0);
	encoder_finish(e);
	ck_assert_uint_eq(c.message_count, 4);
	ck_assert_uint_eq(c.messages[2].flows, 30);
	ck_assert_uint_eq(c.messages[3].flows, 5);
	encoder_destroy(e);
	collector_fini(&c);
}
END_TEST

START_TEST(v5_sequence_counts_from_zero_the_records_before)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, FORMAT_V5);
	struct encoder *e = encoder_create(&o);

	for (unsigned i = 0; i < 61; i++)
		push_at(e, T0);
	encoder_finish(e);
	ck_assert_uint_eq(c.messages[0].sequence, 0);
	ck_assert_uint_eq(c.messages[1].sequence, c.messages[0].flows);
	encoder_destroy(e);
	collector_fini(&c);
}
END_TEST

static void check_split(uint64_t packets, uint64_t octets)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, FORMAT_V5);
	struct encoder *e = encoder_create(&o);
	struct record r = record_at(T0);
	uint64_t sum_packets = 0, sum_octets = 0, most = packets > octets ? packets : octets;
	uint32_t records = 0;

	r.packets = packets;
	r.octets = octets;
	encoder_record(e, &r);
	encoder_finish(e);
	for (size_t i = 0; i < c.flow_count; i++) {
		sum_packets += seen_value(&c.flows[i], 2);
		sum_octets += seen_value(&c.flows[i], 1);
		ck_assert_uint_gt(seen_value(&c.flows[i], 2), 0);
	}
	for (size_t i = 0; i < c.message_count; i++)
		records += c.messages[i].records;
	ck_assert_uint_eq(sum_packets, packets);
	ck_assert_uint_eq(sum_octets, octets);
	ck_assert_uint_eq(c.flow_count, most / UINT32_MAX + (most % UINT32_MAX != 0));
	ck_assert_uint_eq(records, 1);
	encoder_destroy(e);
	collector_fini(&c);
}

START_TEST(v5_pieces_of_a_large_record_add_up)
{
	check_split(1000000, UINT32_MAX);
	check_split(1000000, UINT32_MAX + 1ull);
	check_split(1000000, 2ull * UINT32_MAX);
	check_split(1000000, 2ull * UINT32_MAX + 1);
	check_split(UINT32_MAX, 1ull << 40);
	check_split(UINT32_MAX + 1ull, 1ull << 40);
	check_split(3ull * UINT32_MAX + 7, 3ull * UINT32_MAX + 7);
	check_split((1ull << 37) + 12345, (1ull << 41) + 54321);
	check_split(1ull << 37, 1024ull * UINT32_MAX);
}
END_TEST

START_TEST(v5_count_beyond_all_reason_is_not_expressible)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, FORMAT_V5);
	struct encoder *e = encoder_create(&o);
	struct record r = record_at(T0);

	r.octets = 1ull << 43;
	encoder_record(e, &r);
	encoder_finish(e);
	ck_assert_uint_eq(c.message_count, 0);
	ck_assert_uint_eq(encoder_not_expressible(e)->too_large, 1);
	encoder_destroy(e);
	collector_fini(&c);
}
END_TEST

START_TEST(v5_pieces_count_as_one_record_when_the_last_has_gone)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, FORMAT_V5);
	struct encoder *e = encoder_create(&o);
	struct record r = record_at(T0);

	r.octets = 40ull * UINT32_MAX;
	r.packets = 1u << 31;
	encoder_record(e, &r);
	encoder_finish(e);
	ck_assert_uint_eq(c.message_count, 2);
	ck_assert_uint_eq(c.messages[0].records, 0);
	ck_assert_uint_eq(c.messages[1].records, 1);
	ck_assert_uint_eq(c.messages[0].wire_records + c.messages[1].wire_records, 40);
	encoder_destroy(e);
	collector_fini(&c);
}
END_TEST

START_TEST(v5_counts_ipv6_as_not_expressible)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, FORMAT_V5);
	struct encoder *e = encoder_create(&o);

	for (unsigned class = 0; class < CLASS_COUNT; class ++) {
		struct record r = record_of_class(class, T0);

		encoder_record(e, &r);
	}
	encoder_finish(e);
	ck_assert_uint_eq(c.flow_count, 2);
	ck_assert_uint_eq(encoder_not_expressible(e)->ipv6, 2);
	encoder_destroy(e);
	collector_fini(&c);
}
END_TEST

/* What would fill the queue of messages by itself is named instead. */
START_TEST(v5_counts_what_takes_over_a_thousand_pieces_as_not_expressible)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, FORMAT_V5);
	struct encoder *e = encoder_create(&o);
	struct record r = record_at(T0);

	r.octets = 1024ull * UINT32_MAX + 1;
	encoder_record(e, &r);
	encoder_finish(e);
	ck_assert_uint_eq(c.flow_count, 0);
	ck_assert_uint_eq(encoder_not_expressible(e)->too_large, 1);
	ck_assert_uint_eq(encoder_not_expressible(e)->ipv6, 0);
	encoder_destroy(e);
	collector_fini(&c);
}
END_TEST

START_TEST(v5_caps_an_interface_above_16_bits)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, FORMAT_V5);
	struct encoder *e = encoder_create(&o);
	struct record r = record_at(T0);

	r.ingress = 70000;
	encoder_record(e, &r);
	encoder_finish(e);
	ck_assert_uint_eq(seen_value(&c.flows[0], 10), 65535);
	encoder_destroy(e);
	collector_fini(&c);
}
END_TEST

Suite *fixed_suite(void)
{
	const TTest *const tests[] = {
	    v5_header_tells_mode_and_interval,
	    v5_header_holds_the_largest_interval,
	    v5_message_holds_thirty_records_at_most,
	    v5_sequence_counts_from_zero_the_records_before,
	    v5_pieces_of_a_large_record_add_up,
	    v5_count_beyond_all_reason_is_not_expressible,
	    v5_pieces_count_as_one_record_when_the_last_has_gone,
	    v5_counts_ipv6_as_not_expressible,
	    v5_counts_what_takes_over_a_thousand_pieces_as_not_expressible,
	    v5_caps_an_interface_above_16_bits,
	};

	return SUITE_OF("fixed", tests);
}

#include "suites.h"

#include "support/collector.h"
#include "util/rng.h"
#include "util/units.h"

#define T0 (1767225600ull * NS_PER_S)

static const enum format formats[] = {FORMAT_V1, FORMAT_V5, FORMAT_V7};

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

/* Pieces that a count takes. */
static size_t pieces_of(uint64_t count)
{
	return count / UINT32_MAX + (count % UINT32_MAX != 0);
}

/* Checks a message whose first flow is the `piece`-th (from 0) of a record. */
static void check_sums(const struct collector *c, size_t message, size_t first, size_t piece)
{
	const struct seen_message *m = &c->messages[message];
	uint64_t packets = 0, octets = 0;

	ck_assert_msg(
	    m->continues == (piece > 0), "message %zu begins with piece %zu", message, piece);
	for (size_t i = first; i < first + m->flows; i++) {
		packets += seen_value(&c->flows[i], 2);
		octets += seen_value(&c->flows[i], 1);
	}
	ck_assert_uint_eq(m->packets, packets);
	ck_assert_uint_eq(m->octets, octets);
}

#define RECORDS 200

/* Records of any size, whole and in pieces: who began where, and what each message adds up to. */
static void check_pieces(enum format format, bool scale)
{
	struct rng rng = {.state = 21};
	struct collector c;
	struct encoder_options o = collector_options(&c, format);
	size_t pieces[RECORDS], piece = 0, record = 0, ended = 0, first = 0;
	struct encoder *e;

	o.sampling.rules[0] = (struct sampling_rule){SAMPLING_RANDOM, 10};
	o.sampling.scale = scale;
	e = encoder_create(&o);
	for (unsigned i = 0; i < RECORDS; i++) {
		struct record r = record_at(T0 + i);

		r.octets = rng_next(&rng) >> (26 + rng_below(&rng, 24));
		r.packets = r.octets / 100 + 1;
		pieces[i] = pieces_of(r.octets * (scale ? 10 : 1));
		if (pieces[i] == 0)
			pieces[i] = 1;
		encoder_record(e, &r);
	}
	ck_assert_uint_eq(encoder_not_expressible(e)->too_large, 0);
	encoder_finish(e);
	for (size_t m = 0; m < c.message_count; m++) {
		check_sums(&c, m, first, piece);
		first += c.messages[m].flows;
		ended = record;
		for (piece += c.messages[m].flows; record < RECORDS && piece >= pieces[record];)
			piece -= pieces[record++];
		ck_assert_uint_eq(c.messages[m].records, record - ended);
	}
	ck_assert_uint_eq(record, RECORDS);
	encoder_destroy(e);
	collector_fini(&c);
}

START_TEST(messages_tell_whether_they_begin_with_a_further_piece)
{
	for (unsigned f = 0; f < 3; f++)
		for (unsigned scale = 0; scale < 2; scale++)
			check_pieces(formats[f], scale);
}
END_TEST

static void count_message(void *ctx, const struct message *m)
{
	size_t *count = ctx;

	*count += m->size > 0;
}

/* How many messages a record of all the pieces that there may be makes leave, behind so many small ones. */
static size_t messages_behind(const struct encoder_options *options, unsigned small)
{
	struct encoder_options o = *options;
	struct record large = record_at(T0);
	size_t count = 0, before;
	struct encoder *e;

	o.out = count_message;
	o.out_ctx = &count;
	e = encoder_create(&o);
	large.octets = 1024ull * UINT32_MAX;
	for (unsigned i = 0; i < small; i++)
		push_at(e, T0);
	before = count;
	encoder_record(e, &large);
	encoder_destroy(e);
	return count - before;
}

/* The sender keeps places for them: neither too few nor more than there may be. */
START_TEST(most_messages_of_a_record_are_known_before)
{
	static const size_t payloads[] = {76, 119, 120, 127, 128, 216, 1400, 1428, 1464, 65507};

	for (unsigned f = 0; f < 3; f++)
		for (unsigned p = 0; p < sizeof(payloads) / sizeof(*payloads); p++) {
			struct encoder_options o = {.format = formats[f],
			    .max_payload = payloads[p],
			    .sampling = {.rules = {{SAMPLING_NONE, 1}}, .count = 1}};
			size_t most = 0;

			for (unsigned small = 0; small <= 30; small++) {
				size_t n = messages_behind(&o, small);

				most = n > most ? n : most;
			}
			ck_assert_msg(most == encoder_record_messages(&o), "%s, %zu: %zu, not %u",
			    format_name(formats[f]), payloads[p], most,
			    encoder_record_messages(&o));
		}
}
END_TEST

START_TEST(record_that_needs_no_pieces_makes_one_message_leave)
{
	for (enum format f = FORMAT_V9; f <= FORMAT_JSON; f++) {
		struct encoder_options o = {.format = f, .max_payload = PAYLOAD_DEFAULT};

		ck_assert_uint_eq(encoder_record_messages(&o), 1);
	}
}
END_TEST

/* Beyond 64 bits a scaled count stays at their end. */
START_TEST(scaled_counts_do_not_run_over)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, FORMAT_IPFIX);
	struct record r = record_at(T0);
	struct encoder *e;

	o.sampling.rules[0] = (struct sampling_rule){SAMPLING_RANDOM, 3};
	o.sampling.scale = true;
	e = encoder_create(&o);
	r.packets = UINT64_MAX / 3;
	r.octets = UINT64_MAX / 3 + 1;
	encoder_record(e, &r);
	encoder_finish(e);
	ck_assert_uint_eq(seen_value(&c.flows[0], 2), UINT64_MAX);
	ck_assert_uint_eq(seen_value(&c.flows[0], 1), UINT64_MAX);
	encoder_destroy(e);
	collector_fini(&c);
	collector_options(&c, FORMAT_V5);
	o.format = FORMAT_V5;
	e = encoder_create(&o);
	ck_assert(!encoder_record(e, &r));
	ck_assert_uint_eq(encoder_not_expressible(e)->too_large, 1);
	encoder_destroy(e);
	collector_fini(&c);
}
END_TEST

Suite *pieces_suite(void)
{
	const TTest *const tests[] = {
	    v5_pieces_of_a_large_record_add_up,
	    v5_pieces_count_as_one_record_when_the_last_has_gone,
	    v5_counts_ipv6_as_not_expressible,
	    v5_counts_what_takes_over_a_thousand_pieces_as_not_expressible,
	    v5_caps_an_interface_above_16_bits,
	    messages_tell_whether_they_begin_with_a_further_piece,
	    most_messages_of_a_record_are_known_before,
	    record_that_needs_no_pieces_makes_one_message_leave,
	    scaled_counts_do_not_run_over,
	};

	return SUITE_OF("pieces", tests);
}

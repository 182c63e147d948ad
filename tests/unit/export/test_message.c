#include "suites.h"

#include <stdlib.h>
#include <string.h>

#include "export/element.h"
#include "support/collector.h"
#include "util/rng.h"
#include "util/units.h"

#define T0 (1767225600ull * NS_PER_S)
#define S NS_PER_S

static const enum format formats[] = {FORMAT_V5, FORMAT_V9, FORMAT_IPFIX};
static const enum format template_formats[] = {FORMAT_V9, FORMAT_IPFIX};

/* Records of every class, in turn. */
static struct record record_of_class(unsigned class, uint64_t now_ns)
{
	struct record r = record_at(now_ns);

	if (class == CLASS_IPV6 || class == CLASS_ICMPV6)
		r.ip_version = 6;
	if (class == CLASS_ICMP || class == CLASS_ICMPV6) {
		r.protocol = class == CLASS_ICMP ? 1 : 58;
		r.src_port = 0;
		r.dst_port = 0x0800;
		r.icmp_type_code = 0x0800;
	}
	return r;
}

static void push(struct encoder *e, uint64_t now_ns)
{
	struct record r = record_at(now_ns);

	encoder_record(e, &r);
}

static void tick(struct encoder *e, uint64_t now_ns)
{
	encoder_tick(e, now_ns, now_ns);
}

/* Messages with flow records in them. */
static unsigned data_messages(const struct collector *c)
{
	unsigned n = 0;

	for (size_t i = 0; i < c->message_count; i++)
		n += c->messages[i].flows > 0;
	return n;
}

/* Messages with templates in them. */
static unsigned template_messages(const struct collector *c)
{
	unsigned n = 0;

	for (size_t i = 0; i < c->message_count; i++)
		n += c->messages[i].templates > 0;
	return n;
}

static const struct seen_message *last_message(const struct collector *c)
{
	ck_assert_uint_gt(c->message_count, 0);
	return &c->messages[c->message_count - 1];
}

/* -- waiting ------------------------------------------------------------------------------------ */

START_TEST(record_waits_a_second_for_company_and_no_longer)
{
	for (unsigned f = 0; f < 3; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, formats[f]);
		struct encoder *e = encoder_create(&o);

		push(e, T0 + 5);
		tick(e, T0 + 5 + S - 1);
		ck_assert_uint_eq(data_messages(&c), 0);
		tick(e, T0 + 5 + S);
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

		push(e, T0 + S / 2);
		tick(e, T0 + 40 * S);
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

		push(e, T0);
		push(e, T0 + S - 1);
		ck_assert_uint_eq(data_messages(&c), 0);
		push(e, T0 + S);
		ck_assert_uint_eq(data_messages(&c), 1);
		ck_assert_uint_eq(last_message(&c)->records, 2);
		tick(e, T0 + 2 * S - 1);
		ck_assert_uint_eq(data_messages(&c), 1);
		tick(e, T0 + 2 * S);
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
		push(e, T0);
	ck_assert_uint_eq(c.message_count, 0);
	push(e, T0);
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

		push(e, T0);
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

		push(e, T0);
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

		tick(e, T0);
		ck_assert_uint_eq(template_messages(&c), 1);
		tick(e, T0 + 60 * S - 1);
		ck_assert_uint_eq(template_messages(&c), 1);
		tick(e, T0 + 60 * S);
		ck_assert_uint_eq(template_messages(&c), 2);
		ck_assert_uint_eq(last_message(&c)->options_data, options_rows[f].rows);
		ck_assert_uint_eq(last_message(&c)->seconds, (T0 + 60 * S) / S);
		tick(e, T0 + 120 * S - 1);
		ck_assert_uint_eq(template_messages(&c), 2);
		tick(e, T0 + 120 * S);
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
			push(e, T0 + i);
			encoder_flush(e);
		}
		ck_assert_uint_eq(template_messages(&c), 1);
		push(e, T0 + 1000);
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
			push(e, T0 + t * S * 7 / 10);
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

		push(e, T0);
		encoder_flush(e);
		encoder_refresh(e);
		push(e, T0 + 1);
		encoder_flush(e);
		ck_assert_uint_eq(c.message_count, 4);
		ck_assert_uint_eq(c.messages[2].templates, 4);
		ck_assert_uint_eq(c.messages[3].flows, 1);
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

		tick(e, T0);
		tick(e, T0 / 2);
		tick(e, T0 / 2 + 60 * S);
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
	tick(e, T0);
	tick(e, T0 + 5 * S);
	ck_assert_uint_eq(template_messages(&c), 2);
	for (unsigned i = 0; i < 4; i++) {
		push(e, T0 + 5 * S + i);
		encoder_flush(e);
	}
	ck_assert_uint_eq(template_messages(&c), 3);
	encoder_destroy(e);
	collector_fini(&c);
}
END_TEST

static void check_fields(const struct seen_template *t, const struct seen_field *fields, unsigned n)
{
	ck_assert_uint_eq(t->count, n);
	for (unsigned i = 0; i < n; i++) {
		ck_assert_uint_eq(t->fields[i].id, fields[i].id);
		ck_assert_uint_eq(t->fields[i].size, fields[i].size);
	}
}

static const struct seen_template *template_of(const struct collector *c, uint16_t id)
{
	for (unsigned i = 0; i < c->template_count; i++)
		if (c->templates[i].id == id)
			return &c->templates[i];
	ck_abort_msg("no template %u", id);
	return NULL;
}

/* The element's size in a template, 0 where it is not in it. */
static unsigned field_size(const struct seen_template *t, uint16_t id)
{
	for (unsigned i = 0; i < t->count; i++)
		if (t->fields[i].id == id)
			return t->fields[i].size;
	return 0;
}

static void check_template_sizes(const struct collector *c, const uint16_t (*sizes)[3], unsigned n)
{
	for (uint16_t id = 256; id < 260; id++) {
		const struct seen_template *t = template_of(c, id);
		bool v6 = id == 257 || id == 259;

		ck_assert_uint_eq(field_size(t, 8), v6 ? 0 : 4);
		ck_assert_uint_eq(field_size(t, 12), v6 ? 0 : 4);
		ck_assert_uint_eq(field_size(t, 27), v6 ? 16 : 0);
		ck_assert_uint_eq(field_size(t, 28), v6 ? 16 : 0);
		ck_assert_uint_eq(field_size(t, 32), id == 258 ? 2 : 0);
		ck_assert_uint_eq(field_size(t, 139), id == 259 ? 2 : 0);
		for (unsigned i = 0; i < n; i++)
			ck_assert_msg(
			    field_size(t, sizes[i][0]) == sizes[i][1 + (c->format == FORMAT_IPFIX)],
			    "template %u element %u", id, sizes[i][0]);
	}
}

START_TEST(templates_have_the_default_elements)
{
	/* element, octets in v9, octets in IPFIX */
	static const uint16_t sizes[][3] = {{7, 2, 2}, {11, 2, 2}, {4, 1, 1}, {5, 1, 1}, {6, 1, 2},
	    {58, 2, 2}, {245, 0, 2}, {10, 4, 4}, {14, 4, 4}, {2, 8, 8}, {1, 8, 8}, {152, 0, 8},
	    {153, 0, 8}, {22, 4, 0}, {21, 4, 0}, {136, 0, 1}};

	for (unsigned f = 0; f < 2; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, template_formats[f]);
		struct encoder *e = encoder_create(&o);

		tick(e, T0);
		check_template_sizes(&c, sizes, sizeof(sizes) / sizeof(*sizes));
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

START_TEST(each_class_of_records_has_its_template)
{
	for (unsigned f = 0; f < 2; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, template_formats[f]);
		struct encoder *e = encoder_create(&o);

		for (unsigned class = 0; class < CLASS_COUNT; class ++) {
			struct record r = record_of_class(class, T0);

			encoder_record(e, &r);
		}
		encoder_finish(e);
		ck_assert_uint_eq(c.flow_count, CLASS_COUNT);
		for (unsigned class = 0; class < CLASS_COUNT; class ++)
			ck_assert_uint_eq(c.flows[class].template->id, 256 + class);
		ck_assert_uint_eq(seen_value(&c.flows[CLASS_ICMP], 32), 0x0800);
		ck_assert_uint_eq(seen_value(&c.flows[CLASS_ICMPV6], 139), 0x0800);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

START_TEST(record_values_arrive)
{
	for (unsigned f = 0; f < 3; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, formats[f]);
		struct encoder *e = encoder_create(&o);
		const struct seen_record *r;
		bool ipfix = formats[f] == FORMAT_IPFIX;

		push(e, T0);
		encoder_finish(e);
		r = &c.flows[0];
		ck_assert_uint_eq(seen_value(r, 8), 0xc0000201);
		ck_assert_uint_eq(seen_value(r, 12), 0xc6336402);
		ck_assert_uint_eq(seen_value(r, 7), 1234);
		ck_assert_uint_eq(seen_value(r, 11), 80);
		ck_assert_uint_eq(seen_value(r, 4), 6);
		ck_assert_uint_eq(seen_value(r, 5), 0xb9);
		ck_assert_uint_eq(seen_value(r, 6), ipfix ? 0x11b : 0x1b);
		ck_assert_uint_eq(seen_value(r, 2), 3);
		ck_assert_uint_eq(seen_value(r, 1), 1234);
		ck_assert_uint_eq(seen_value(r, 10), 7);
		ck_assert_uint_eq(seen_value(r, 14), 0);
		ck_assert_uint_eq(seen_value(r, 58), formats[f] == FORMAT_V5 ? 0 : 5);
		ck_assert_uint_eq(seen_value(r, 245), ipfix ? 6 : 0);
		ck_assert_uint_eq(seen_value(r, 136), ipfix ? END_IDLE : 0);
		if (ipfix) {
			ck_assert_uint_eq(seen_value(r, 152), (T0 - S) / NS_PER_MS);
			ck_assert_uint_eq(seen_value(r, 153), T0 / NS_PER_MS);
		}
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

START_TEST(domain_is_in_every_header)
{
	for (unsigned f = 0; f < 2; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, template_formats[f]);
		struct encoder *e;

		o.domain = 0xdeadbeef;
		e = encoder_create(&o);
		push(e, T0);
		encoder_finish(e);
		for (size_t i = 0; i < c.message_count; i++)
			ck_assert_uint_eq(c.messages[i].domain, 0xdeadbeef);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

/* -- sampling ----------------------------------------------------------------------------------- */

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
		push(e, T0);
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
	push(e, T0);
	encoder_finish(e);
	ck_assert_uint_eq(c.messages[0].sampling, 0xbfff);
	encoder_destroy(e);
	collector_fini(&c);
}
END_TEST

/* Both forms in one message and in this order: {34, 35}, then the selector. */
static void check_ipfix_sampling(const struct collector *c, const struct sampling_rule *rule)
{
	static const struct seen_field first[] = {{149, 4}, {34, 4}, {35, 1}};
	static const struct seen_field counted[] = {{302, 8}, {304, 2}, {305, 4}, {306, 4}};
	static const struct seen_field random[] = {{302, 8}, {304, 2}, {309, 4}, {310, 4}};
	bool is_random = rule->method == SAMPLING_RANDOM;

	check_fields(c->options[0].template, first, 3);
	check_fields(c->options[1].template, is_random ? random : counted, 4);
	ck_assert_uint_eq(c->options[0].template->scope_count, 1);
	ck_assert_uint_eq(c->options[1].template->scope_count, 1);
	ck_assert_uint_eq(seen_value(&c->options[0], 149), 1);
	ck_assert_uint_eq(seen_value(&c->options[1], 304), is_random ? 3 : 1);
	ck_assert_uint_eq(seen_value(&c->options[1], is_random ? 309 : 305), 1);
	ck_assert_uint_eq(seen_value(&c->options[1], is_random ? 310 : 306),
	    is_random ? rule->interval : rule->interval - 1);
}

static void check_v9_sampling(const struct collector *c, const struct sampling_rule *rule)
{
	static const struct seen_field first[] = {{1, 4}, {34, 4}, {35, 1}};
	static const struct seen_field second[] = {{1, 4}, {48, 1}, {49, 1}, {50, 4}};

	check_fields(c->options[0].template, first, 3);
	check_fields(c->options[1].template, second, 4);
	ck_assert_uint_eq(seen_value(&c->options[1], 49), rule->method == SAMPLING_RANDOM ? 2 : 1);
	ck_assert_uint_eq(seen_value(&c->options[1], 50), rule->interval);
}

START_TEST(options_data_tell_the_rate_in_both_forms)
{
	for (unsigned f = 0; f < 2; f++)
		for (unsigned i = 0; i < 3; i++) {
			struct collector c;
			struct encoder_options o = collector_options(&c, template_formats[f]);
			struct encoder *e;

			o.sampling.rules[0] = rules[i];
			e = encoder_create(&o);
			tick(e, T0);
			ck_assert_uint_eq(c.option_count, options_rows[f].rows);
			ck_assert_uint_eq(seen_value(&c.options[0], 34), rules[i].interval);
			ck_assert_uint_eq(seen_value(&c.options[0], 35),
			    rules[i].method == SAMPLING_RANDOM ? 2 : 1);
			if (template_formats[f] == FORMAT_IPFIX)
				check_ipfix_sampling(&c, &rules[i]);
			else
				check_v9_sampling(&c, &rules[i]);
			encoder_destroy(e);
			collector_fini(&c);
		}
}
END_TEST

START_TEST(largest_interval_is_not_cut)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, FORMAT_IPFIX);
	struct encoder *e;

	o.sampling.rules[0] = (struct sampling_rule){SAMPLING_DETERMINISTIC, UINT32_MAX};
	e = encoder_create(&o);
	tick(e, T0);
	ck_assert_uint_eq(seen_value(&c.options[0], 34), UINT32_MAX);
	ck_assert_uint_eq(seen_value(&c.options[1], 306), UINT32_MAX - 1);
	encoder_destroy(e);
	collector_fini(&c);
}
END_TEST

/* -- size --------------------------------------------------------------------------------------- */

/* The collector checks the size of each message; here it is that nothing is lost for it. */
static void check_payload(enum format format, size_t payload)
{
	struct rng r = {.state = payload};
	struct collector c;
	struct encoder_options o = collector_options(&c, format);
	struct encoder *e;
	size_t expected = 0, largest = 0;
	char why[256];

	o.max_payload = c.max_payload = payload;
	if (encoder_check(&o, why, sizeof(why)) < 0) {
		ck_assert_uint_lt(payload, 110);
		collector_fini(&c);
		return;
	}
	e = encoder_create(&o);
	for (unsigned i = 0; i < 200; i++) {
		struct record record = record_of_class(rng_below(&r, CLASS_COUNT), T0);

		if (i < 60) /* one class alone fills messages to the brim */
			record = record_of_class((unsigned)payload % CLASS_COUNT, T0);
		encoder_record(e, &record);
		expected += record.ip_version == 4 || format != FORMAT_V5;
	}
	encoder_finish(e);
	ck_assert_uint_eq(c.flow_count, expected);
	for (size_t i = 0; i < c.message_count; i++)
		if (c.messages[i].size > largest)
			largest = c.messages[i].size;
	if (expected > 100) /* no message is left much smaller than it may be */
		ck_assert_uint_gt(largest + 100, payload);
	encoder_destroy(e);
	collector_fini(&c);
}

START_TEST(no_message_exceeds_its_payload)
{
	for (unsigned f = 0; f < 3; f++)
		for (size_t payload = PAYLOAD_MIN; payload <= 600; payload++)
			check_payload(formats[f], payload);
}
END_TEST

START_TEST(largest_payload_fits_its_length_field)
{
	for (unsigned f = 1; f < 3; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, formats[f]);
		struct encoder *e;

		o.max_payload = c.max_payload = PAYLOAD_MAX;
		e = encoder_create(&o);
		for (unsigned i = 0; i < 3000; i++)
			push(e, T0);
		encoder_finish(e);
		ck_assert_uint_eq(c.flow_count, 3000);
		ck_assert_uint_gt(c.messages[1].size, PAYLOAD_MAX - 100);
		encoder_destroy(e);
		collector_fini(&c);
	}
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
		push(e, T0);
	encoder_finish(e);
	ck_assert_uint_eq(c.message_count, 4);
	ck_assert_uint_eq(c.messages[2].flows, 30);
	ck_assert_uint_eq(c.messages[3].flows, 5);
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
				tick(e, now);
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

START_TEST(v5_sequence_counts_from_zero_the_records_before)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, FORMAT_V5);
	struct encoder *e = encoder_create(&o);

	for (unsigned i = 0; i < 61; i++)
		push(e, T0);
	encoder_finish(e);
	ck_assert_uint_eq(c.messages[0].sequence, 0);
	ck_assert_uint_eq(c.messages[1].sequence, c.messages[0].flows);
	encoder_destroy(e);
	collector_fini(&c);
}
END_TEST

/* IPFIX: the clock restarts ten years back, the session goes on. */
START_TEST(export_time_never_decreases)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, FORMAT_IPFIX);
	struct encoder *e = encoder_create(&o);

	push(e, T0);
	push(e, T0 / 2);
	push(e, T0 / 2 + 5 * S);
	encoder_finish(e);
	ck_assert_uint_eq(c.flow_count, 3);
	ck_assert_uint_eq(last_message(&c)->seconds, (T0 + 0) / S);
	ck_assert_uint_eq(seen_value(&c.flows[1], 153), T0 / 2 / NS_PER_MS);
	encoder_destroy(e);
	collector_fini(&c);
}
END_TEST

START_TEST(what_waits_when_the_clock_restarts_keeps_its_time)
{
	for (unsigned f = 0; f < 3; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, formats[f]);
		struct encoder *e = encoder_create(&o);

		push(e, T0);
		tick(e, T0 / 2);
		ck_assert_uint_eq(data_messages(&c), 1);
		for (size_t i = 0; i < c.message_count; i++)
			if (c.messages[i].flows)
				ck_assert_uint_eq(c.messages[i].seconds, T0 / S);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

/* Live: the date is set an hour on while a record waits. */
START_TEST(what_waits_when_the_date_is_set_keeps_its_time)
{
	for (unsigned f = 0; f < 3; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, formats[f]);
		struct encoder *e = encoder_create(&o);

		push(e, T0);
		encoder_tick(e, T0 + S / 10, T0 + 3600 * S);
		ck_assert_uint_eq(data_messages(&c), 1);
		for (size_t i = 0; i < c.message_count; i++)
			if (c.messages[i].flows)
				ck_assert_uint_eq(c.messages[i].seconds, T0 / S);
		encoder_destroy(e);
		collector_fini(&c);
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

/* -- what v5 cannot express --------------------------------------------------------------------- */

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
	    templates_come_again_after_a_clock_restart,
	    refresh_keeps_to_its_settings,
	    templates_have_the_default_elements,
	    each_class_of_records_has_its_template,
	    record_values_arrive,
	    domain_is_in_every_header,
	    v5_header_tells_mode_and_interval,
	    v5_header_holds_the_largest_interval,
	    options_data_tell_the_rate_in_both_forms,
	    largest_interval_is_not_cut,
	    no_message_exceeds_its_payload,
	    largest_payload_fits_its_length_field,
	    v5_message_holds_thirty_records_at_most,
	    sequences_hold_over_everything_that_is_sent,
	    v5_sequence_counts_from_zero_the_records_before,
	    export_time_never_decreases,
	    what_waits_when_the_clock_restarts_keeps_its_time,
	    what_waits_when_the_date_is_set_keeps_its_time,
	    header_time_is_the_date,
	    v5_pieces_of_a_large_record_add_up,
	    v5_count_beyond_all_reason_is_not_expressible,
	    v5_pieces_count_as_one_record_when_the_last_has_gone,
	    v5_counts_ipv6_as_not_expressible,
	    v5_counts_what_takes_over_a_thousand_pieces_as_not_expressible,
	    v5_caps_an_interface_above_16_bits,
	    formats_have_the_names_of_the_option,
	};

	return SUITE_OF("message", tests);
}

#include "suites.h"

#include <stdlib.h>
#include <string.h>

#include "support/collector.h"
#include "util/units.h"

#define T0 (1767225600ull * NS_PER_S)

static const enum format template_formats[] = {FORMAT_V9, FORMAT_IPFIX};

/* Of v9: two of sampling, what was exported. IPFIX: losses and a flow key a template as well. */
static const struct {
	unsigned templates, rows;
} options_rows[] = {{3, 3}, {6, 9}};

static const struct sampling_rule rules[] = {
    {SAMPLING_NONE, 1}, {SAMPLING_DETERMINISTIC, 100}, {SAMPLING_RANDOM, 1000}};

static void check_fields(const struct seen_template *t, const struct seen_field *fields, unsigned n)
{
	ck_assert_uint_eq(t->count, n);
	for (unsigned i = 0; i < n; i++) {
		ck_assert_uint_eq(t->fields[i].id, fields[i].id);
		ck_assert_uint_eq(t->fields[i].size, fields[i].size);
	}
}

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
			tick_at(e, T0);
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
	tick_at(e, T0);
	ck_assert_uint_eq(seen_value(&c.options[0], 34), UINT32_MAX);
	ck_assert_uint_eq(seen_value(&c.options[1], 306), UINT32_MAX - 1);
	encoder_destroy(e);
	collector_fini(&c);
}
END_TEST

/* Rules of all kinds; the last is unsampled by its interval. */
static const struct sampling_rule kinds[] = {{SAMPLING_NONE, 1}, {SAMPLING_DETERMINISTIC, 100},
    {SAMPLING_RANDOM, 1000}, {SAMPLING_HASH, 10}, {SAMPLING_FLOW, 4}, {SAMPLING_HASH, 1}};

#define KINDS (sizeof(kinds) / sizeof(*kinds))
#define ROW_FIELDS 10

/* PSAMP's rows of these rules (RFC 5477), less selectorId: element, octets, value. */
static const struct {
	uint16_t id;
	uint8_t size;
	uint64_t value;
} psamp[KINDS][ROW_FIELDS] = {
    {{304, 2, 1}, {305, 4, 1}, {306, 4, 0}},
    {{304, 2, 1}, {305, 4, 1}, {306, 4, 99}},
    {{304, 2, 3}, {309, 4, 1}, {310, 4, 1000}},
    {{304, 2, 6}, {327, 8, 0}, {328, 8, 8}, {329, 8, 0}, {330, 8, 0xffffffff}, {331, 8, 0},
	{332, 8, 429496728}, {333, 1, 2}, {334, 8, 0xcafe}},
    {{304, 2, 4}, {311, 8, 0x3fd0000000000000}}, /* 0.25 as a float64 */
    {{304, 2, 1}, {305, 4, 1}, {306, 4, 0}},
};

static void check_psamp(const struct seen_record *r, unsigned kind, uint64_t selector)
{
	unsigned n = 0;

	ck_assert_uint_eq(r->template->fields[0].id, 302);
	ck_assert_uint_eq(r->template->fields[0].size, 8);
	ck_assert_uint_eq(r->template->scope_count, 1);
	ck_assert_uint_eq(seen_value(r, 302), selector);
	for (; psamp[kind][n].id; n++) {
		ck_assert_uint_eq(r->template->fields[n + 1].id, psamp[kind][n].id);
		ck_assert_uint_eq(r->template->fields[n + 1].size, psamp[kind][n].size);
		ck_assert_uint_eq(seen_value(r, psamp[kind][n].id), psamp[kind][n].value);
	}
	ck_assert_uint_eq(r->template->count, n + 1);
}

/* v9's sampler: everything but counting is random to it. */
static void check_sampler(const struct seen_record *r, unsigned kind, uint64_t sampler)
{
	static const struct seen_field fields[] = {{1, 4}, {48, 1}, {49, 1}, {50, 4}};

	check_fields(r->template, fields, 4);
	ck_assert_uint_eq(r->template->scope_count, 1);
	ck_assert_uint_eq(seen_value(r, 48), sampler);
	ck_assert_uint_eq(seen_value(r, 49), kind >= 2 && kind <= 4 ? 2 : 1);
	ck_assert_uint_eq(seen_value(r, 50), kinds[kind].interval);
}

static void check_selector(
    const struct collector *c, const struct seen_record *r, unsigned kind, uint64_t number)
{
	if (c->format == FORMAT_IPFIX)
		check_psamp(r, kind, number);
	else
		check_sampler(r, kind, number);
}

START_TEST(each_method_has_its_fields)
{
	for (unsigned f = 0; f < 2; f++)
		for (unsigned k = 0; k < KINDS; k++) {
			struct collector c;
			struct encoder_options o = collector_options(&c, template_formats[f]);
			struct encoder *e;

			o.sampling.rules[0] = kinds[k];
			o.sampling.hash_key = 0xcafe;
			e = encoder_create(&o);
			tick_at(e, T0);
			ck_assert_uint_eq(seen_value(&c.options[0], 34), kinds[k].interval);
			ck_assert_uint_eq(seen_value(&c.options[0], 35), k >= 2 && k <= 4 ? 2 : 1);
			check_selector(&c, &c.options[1], k, 1);
			encoder_destroy(e);
			collector_fini(&c);
		}
}
END_TEST

/* A row a class, in order, and no {34, 35}, which knows one rate only. */
START_TEST(classes_have_a_row_each)
{
	for (unsigned f = 0; f < 2; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, template_formats[f]);
		struct encoder *e;

		memcpy(o.sampling.rules, kinds, sizeof(kinds));
		o.sampling.count = KINDS;
		o.sampling.hash_key = 0xcafe;
		e = encoder_create(&o);
		tick_at(e, T0);
		for (unsigned k = 0; k < KINDS; k++)
			check_selector(&c, &c.options[k], k, k + 1);
		for (size_t i = 0; i < c.option_count; i++) {
			ck_assert(!seen_has(&c.options[i], 34) && !seen_has(&c.options[i], 35));
			ck_assert(i < KINDS ||
			    (!seen_has(&c.options[i], 302) && !seen_has(&c.options[i], 48)));
		}
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

/* Scaled counters are of rate 1, whatever the rule. */
START_TEST(scaled_records_are_announced_as_unsampled)
{
	for (unsigned f = 0; f < 2; f++)
		for (unsigned k = 0; k < KINDS; k++) {
			struct collector c;
			struct encoder_options o = collector_options(&c, template_formats[f]);
			struct encoder *e;

			o.sampling.rules[0] = kinds[k];
			o.sampling.scale = true;
			e = encoder_create(&o);
			push_at(e, T0);
			encoder_flush(e);
			ck_assert_uint_eq(seen_value(&c.options[0], 34), 1);
			ck_assert_uint_eq(seen_value(&c.options[0], 35), 1);
			check_selector(&c, &c.options[1], 0, 1);
			ck_assert_uint_eq(seen_value(&c.flows[0], 2), 3 * kinds[k].interval);
			ck_assert_uint_eq(seen_value(&c.flows[0], 1), 1234 * kinds[k].interval);
			encoder_destroy(e);
			collector_fini(&c);
		}
}
END_TEST

/* Whatever the templates leave of the message: the two are together where one can hold both. */
START_TEST(both_forms_of_sampling_share_a_message)
{
	for (unsigned f = 0; f < 2; f++)
		for (unsigned k = 0; k < KINDS; k++)
			for (size_t payload = 220; payload < 420; payload++) {
				struct collector c;
				struct encoder_options o =
				    collector_options(&c, template_formats[f]);
				struct encoder *e;

				o.max_payload = c.max_payload = payload;
				o.sampling.rules[0] = kinds[k];
				e = encoder_create(&o);
				tick_at(e, T0);
				ck_assert(seen_has(&c.options[0], 34));
				ck_assert(seen_has(&c.options[1], f ? 302 : 48));
				ck_assert_msg(c.options[0].message == c.options[1].message,
				    "max-payload %zu, kind %u", payload, k);
				encoder_destroy(e);
				collector_fini(&c);
			}
}
END_TEST

Suite *options_suite(void)
{
	const TTest *const tests[] = {
	    options_data_tell_the_rate_in_both_forms,
	    largest_interval_is_not_cut,
	    each_method_has_its_fields,
	    classes_have_a_row_each,
	    scaled_records_are_announced_as_unsampled,
	    both_forms_of_sampling_share_a_message,
	};

	return SUITE_OF("options", tests);
}

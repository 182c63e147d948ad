#include "suites.h"

#include "support/collector.h"
#include "util/units.h"

#define T0 (1767225600ull * NS_PER_S)
#define S NS_PER_S

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

Suite *options_suite(void)
{
	const TTest *const tests[] = {
	    options_data_tell_the_rate_in_both_forms,
	    largest_interval_is_not_cut,
	};

	return SUITE_OF("options", tests);
}

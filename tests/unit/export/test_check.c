#include "suites.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/collector.h"
#include "util/units.h"

#define T0 (1767225600ull * NS_PER_S)

static char why[256];

/* -- the choice of elements --------------------------------------------------------------------- */

START_TEST(choices_have_their_names)
{
	struct records_choice r;

	ck_assert_int_eq(records_parse("default", &r, why, sizeof(why)), 0);
	ck_assert_int_eq(r.kind, RECORDS_DEFAULT);
	ck_assert_int_eq(records_parse("minimal", &r, why, sizeof(why)), 0);
	ck_assert_int_eq(r.kind, RECORDS_MINIMAL);
	ck_assert_int_eq(records_parse("full", &r, why, sizeof(why)), 0);
	ck_assert_int_eq(r.kind, RECORDS_FULL);
	ck_assert_uint_eq(r.count, 0);
}
END_TEST

START_TEST(list_keeps_its_order)
{
	static const uint16_t ids[] = {153, 8, 302, 1, 27};
	struct records_choice r;

	ck_assert_int_eq(
	    records_parse("flowEndMilliseconds,sourceIPv4Address,selectorId,octetDeltaCount,"
			  "sourceIPv6Address",
		&r, why, sizeof(why)),
	    0);
	ck_assert_int_eq(r.kind, RECORDS_LIST);
	ck_assert_uint_eq(r.count, 5);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_uint_eq(r.list[i]->id, ids[i]);
	ck_assert_int_eq(records_parse("vlanId", &r, why, sizeof(why)), 0);
	ck_assert_uint_eq(r.count, 1);
}
END_TEST

static void check_refused(const char *text, const char *says)
{
	struct records_choice r;

	why[0] = '\0';
	ck_assert_msg(records_parse(text, &r, why, sizeof(why)) == -EINVAL, "%s", text);
	ck_assert_msg(strstr(why, says) != NULL, "%s: %s", text, why);
}

START_TEST(what_is_no_list_is_refused_by_name)
{
	check_refused("", "''");
	check_refused(",", "''");
	check_refused("vlanId,", "''");
	check_refused(",vlanId", "''");
	check_refused("vlanId,,ipVersion", "''");
	check_refused("vlanid", "'vlanid'");
	check_refused("vlanId, ipVersion", "' ipVersion'");
	check_refused("vlanId,full", "'full'");
	check_refused("full,vlanId", "'full'");
	check_refused("vlanId,ipVersion,vlanId", "vlanId is there twice");
	check_refused("vlanId,nextHeaderIPv6", "'nextHeaderIPv6'");
}
END_TEST

START_TEST(all_elements_together_are_not_too_many)
{
	char text[4096] = "";
	struct records_choice r;

	for (size_t i = 0; i < element_count; i++)
		strcat(strcat(text, i ? "," : ""), element_table[i].name);
	ck_assert_int_eq(records_parse(text, &r, why, sizeof(why)), 0);
	ck_assert_uint_eq(r.count, element_count);
}
END_TEST

/* -- whether the format can do it --------------------------------------------------------------- */

static int checked(enum format format, const char *records, struct sampling_rule rule, bool scale)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, format);

	ck_assert_int_eq(records_parse(records, &o.records, why, sizeof(why)), 0);
	o.sampling.rules[1] = rule;
	o.sampling.count = 2;
	o.sampling.scale = scale;
	collector_fini(&c);
	why[0] = '\0';
	return encoder_check(&o, why, sizeof(why));
}

static const struct sampling_rule unsampled = {SAMPLING_NONE, 1};

START_TEST(element_that_a_format_lacks_is_refused_by_name)
{
	ck_assert_int_eq(checked(FORMAT_V9, "vlanId,dot1qVlanId", unsampled, false), -EINVAL);
	ck_assert_str_eq(why, "records: NetFlow v9 has no dot1qVlanId");
	ck_assert_int_eq(checked(FORMAT_V9, "selectorId", unsampled, false), -EINVAL);
	ck_assert_int_eq(checked(FORMAT_V9, "samplerId", unsampled, false), 0);
	ck_assert_int_eq(checked(FORMAT_IPFIX, "flowEndSysUpTime", unsampled, false), -EINVAL);
	ck_assert_str_eq(why, "records: IPFIX has no flowEndSysUpTime");
	ck_assert_int_eq(checked(FORMAT_JSON, "flowEndSysUpTime", unsampled, false), -EINVAL);
	ck_assert_str_eq(why, "records: JSON has no flowEndSysUpTime");
	ck_assert_int_eq(checked(FORMAT_CSV, "samplerId", unsampled, false), -EINVAL);
	ck_assert_str_eq(why, "records: CSV has no samplerId");
	for (size_t i = 0; i < element_count; i++) {
		const struct element *e = &element_table[i];

		ck_assert_int_eq(
		    checked(FORMAT_V9, e->name, unsampled, false), e->v9_size ? 0 : -EINVAL);
		ck_assert_int_eq(
		    checked(FORMAT_IPFIX, e->name, unsampled, false), e->ipfix_size ? 0 : -EINVAL);
	}
}
END_TEST

/* The same goes for text, whose lines are for a person. */
START_TEST(format_of_one_layout_has_no_choice)
{
	static const enum format fixed[] = {FORMAT_V1, FORMAT_V5, FORMAT_V7, FORMAT_TEXT};
	static const char *const titles[] = {"NetFlow v1", "NetFlow v5", "NetFlow v7", "text"};

	for (unsigned f = 0; f < 4; f++) {
		char says[64];

		snprintf(says, sizeof(says), "records: %s has one layout only", titles[f]);
		ck_assert_int_eq(checked(fixed[f], "default", unsampled, false), 0);
		ck_assert_int_eq(checked(fixed[f], "vlanId", unsampled, false), -EINVAL);
		ck_assert_str_eq(why, says);
		ck_assert_int_eq(checked(fixed[f], "minimal", unsampled, false), -EINVAL);
		ck_assert_int_eq(checked(fixed[f], "full", unsampled, false), -EINVAL);
	}
}
END_TEST

START_TEST(rate_that_a_format_cannot_tell_is_refused)
{
	static const enum sampling_method methods[] = {
	    SAMPLING_DETERMINISTIC, SAMPLING_RANDOM, SAMPLING_HASH, SAMPLING_FLOW};

	for (unsigned m = 0; m < 4; m++) {
		struct sampling_rule rule = {methods[m], 16383};

		ck_assert_int_eq(checked(FORMAT_V5, "default", rule, false), 0);
		rule.interval = 16384;
		ck_assert_int_eq(checked(FORMAT_V5, "default", rule, false), -EINVAL);
		ck_assert_ptr_nonnull(strstr(why, "1 in 16384"));
		ck_assert_ptr_nonnull(strstr(why, "16383"));
		ck_assert_int_eq(checked(FORMAT_V5, "default", rule, true), 0);
		rule.interval = 2;
		ck_assert_int_eq(checked(FORMAT_V1, "default", rule, false), -EINVAL);
		ck_assert_ptr_nonnull(strstr(why, "1 in 2: NetFlow v1 has no place"));
		ck_assert_int_eq(checked(FORMAT_V7, "default", rule, false), -EINVAL);
		ck_assert_ptr_nonnull(strstr(why, "1 in 2: NetFlow v7 has no place"));
		ck_assert_int_eq(checked(FORMAT_V1, "default", rule, true), 0);
		ck_assert_int_eq(checked(FORMAT_V7, "default", rule, true), 0);
		rule.interval = UINT32_MAX;
		ck_assert_int_eq(checked(FORMAT_V9, "default", rule, false), 0);
		ck_assert_int_eq(checked(FORMAT_IPFIX, "default", rule, false), 0);
		rule.interval = 1;
		ck_assert_int_eq(checked(FORMAT_V1, "default", rule, false), 0);
	}
}
END_TEST

START_TEST(details_are_needed_where_an_element_shows_them)
{
	static const struct {
		enum format format;
		const char *records;
		bool needs;
	} rows[] = {
	    {FORMAT_IPFIX, "default", false},
	    {FORMAT_IPFIX, "minimal", false},
	    {FORMAT_IPFIX, "full", true},
	    {FORMAT_V9, "full", true},
	    {FORMAT_JSON, "full", true},
	    {FORMAT_CSV, "full", true},
	    {FORMAT_CSV, "default", false},
	    {FORMAT_V5, "default", false},
	    {FORMAT_TEXT, "default", false},
	    {FORMAT_IPFIX, "vlanId,egressInterface,exporterIPv4Address,selectorId", false},
	    {FORMAT_IPFIX, "vlanId,sourceMacAddress", true},
	    {FORMAT_IPFIX, "observationPointId", true},
	    {FORMAT_V9, "flowLabelIPv6", true},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, rows[i].format);

		records_parse(rows[i].records, &o.records, why, sizeof(why));
		ck_assert_msg(encoder_needs_details(&o) == rows[i].needs, "%s of %s",
		    rows[i].records, format_name(rows[i].format));
		collector_fini(&c);
	}
}
END_TEST

/* -- the smallest max-payload ------------------------------------------------------------------- */

static const struct interface_info interfaces[] = {
    {1, "eth0", "uplink"},
    {70000, "abcdefghijklmnopqrstuvwxyz01234", "a description as long as there is room for one"},
    {3, "", ""},
};

/* The plans that a case runs with. */
static const struct sampling_plan plans[] = {
    {.rules = {{SAMPLING_NONE, 1}}, .count = 1},
    {.rules = {{SAMPLING_HASH, 7}}, .count = 1, .hash_key = 99},
    {.rules = {{SAMPLING_RANDOM, 9}, {SAMPLING_HASH, 3}, {SAMPLING_FLOW, 4},
	 {SAMPLING_DETERMINISTIC, 5}, {SAMPLING_NONE, 1}},
	.count = 5},
    {.rules = {{SAMPLING_RANDOM, 9}, {SAMPLING_HASH, 3}}, .count = 2, .scale = true},
};

/* Everything goes out, nothing is too large: the collector and ASan look. */
static void check_works(struct collector *c, struct encoder_options *o)
{
	struct encoder *e;
	size_t expected = 0;

	c->max_payload = o->max_payload;
	e = encoder_create(o);
	for (unsigned i = 0; i < 60; i++) {
		struct record r = record_with_all(i * 7 / 5 % CLASS_COUNT, T0 + i);
		bool added;

		r.packets = r.octets = 5;
		r.selector = (uint8_t)(i / 3 % o->sampling.count);
		added = encoder_record(e, &r);
		expected += added;
		if (i % 20 == 19)
			encoder_refresh(e);
	}
	encoder_finish(e);
	ck_assert_uint_gt(expected, 0);
	ck_assert_uint_eq(c->flow_count, expected);
	encoder_destroy(e);
}

/* The sum that a refusal shows is the least that is accepted. */
static void check_smallest(
    enum format format, const char *records, const struct sampling_plan *plan)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, format);
	char says[64];

	ck_assert_int_eq(records_parse(records, &o.records, why, sizeof(why)), 0);
	o.sampling = *plan;
	o.interfaces = interfaces;
	o.interface_count = sizeof(interfaces) / sizeof(*interfaces);
	o.max_payload = 1;
	while (encoder_check(&o, why, sizeof(why)) < 0)
		o.max_payload++;
	ck_assert_uint_lt(o.max_payload, PAYLOAD_DEFAULT);
	for (unsigned more = 0; more < 5; more++) {
		check_works(&c, &o);
		collector_fini(&c);
		collector_options(&c, format);
		o.max_payload++;
	}
	o.max_payload -= 6;
	ck_assert_int_eq(encoder_check(&o, why, sizeof(why)), -EINVAL);
	snprintf(says, sizeof(says), " %zu octets", o.max_payload + 1);
	ck_assert_msg(strstr(why, says) != NULL, "%s: not '%s'", why, says);
	snprintf(says, sizeof(says), "max-payload=%zu: ", o.max_payload);
	ck_assert_msg(strncmp(why, says, strlen(says)) == 0, "%s", why);
	collector_fini(&c);
}

START_TEST(smallest_payload_that_is_accepted_works)
{
	static const char *const records[] = {"default", "minimal", "full", "protocolIdentifier",
	    "sourceIPv4Address", "sourceIPv6Address,destinationIPv6Address,vlanId",
	    "vlanId,protocolIdentifier", "icmpTypeCodeIPv4"};
	static const enum format formats[] = {FORMAT_V9, FORMAT_IPFIX};

	for (unsigned f = 0; f < 2; f++)
		for (unsigned i = 0; i < sizeof(records) / sizeof(*records); i++)
			for (unsigned p = 0; p < sizeof(plans) / sizeof(*plans); p++)
				check_smallest(formats[f], records[i], &plans[p]);
}
END_TEST

START_TEST(smallest_payload_of_a_fixed_format_works)
{
	check_smallest(FORMAT_V1, "default", &plans[0]);
	check_smallest(FORMAT_V7, "default", &plans[0]);
	check_smallest(FORMAT_V1, "default", &plans[3]);
	for (unsigned p = 0; p < sizeof(plans) / sizeof(*plans); p++)
		check_smallest(FORMAT_V5, "default", &plans[p]);
}
END_TEST

/* The sum has its parts: message header 16 + set header 4 + record + padding 3. */
START_TEST(refusal_shows_how_the_sum_comes_about)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, FORMAT_IPFIX);

	records_parse("full", &o.records, why, sizeof(why));
	o.max_payload = 120;
	ck_assert_int_eq(encoder_check(&o, why, sizeof(why)), -EINVAL);
	ck_assert_ptr_nonnull(strstr(why, "message header 16 + set header 4 + record "));
	ck_assert_ptr_nonnull(strstr(why, " + padding 3 = "));
	o.format = FORMAT_V5;
	o.records.kind = RECORDS_DEFAULT;
	o.max_payload = 71;
	ck_assert_int_eq(encoder_check(&o, why, sizeof(why)), -EINVAL);
	ck_assert_ptr_nonnull(strstr(why, "message header 24 + record 48 = 72 octets"));
	o.max_payload = 72;
	ck_assert_int_eq(encoder_check(&o, why, sizeof(why)), 0);
	o.max_payload = 0;
	o.format = FORMAT_CSV;
	ck_assert_int_eq(encoder_check(&o, why, sizeof(why)), 0);
	collector_fini(&c);
}
END_TEST

Suite *check_suite(void)
{
	const TTest *const tests[] = {
	    choices_have_their_names,
	    list_keeps_its_order,
	    what_is_no_list_is_refused_by_name,
	    all_elements_together_are_not_too_many,
	    element_that_a_format_lacks_is_refused_by_name,
	    format_of_one_layout_has_no_choice,
	    rate_that_a_format_cannot_tell_is_refused,
	    details_are_needed_where_an_element_shows_them,
	    smallest_payload_that_is_accepted_works,
	    smallest_payload_of_a_fixed_format_works,
	    refusal_shows_how_the_sum_comes_about,
	};

	return SUITE_OF("check", tests);
}

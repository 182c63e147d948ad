#include "suites.h"

#include "support/collector.h"
#include "util/rng.h"
#include "util/units.h"

#define T0 (1767225600ull * NS_PER_S)
#define S NS_PER_S

static const enum format formats[] = {FORMAT_V5, FORMAT_V9, FORMAT_IPFIX};
static const enum format template_formats[] = {FORMAT_V9, FORMAT_IPFIX};

/* -- templates ---------------------------------------------------------------------------------- */

static void check_template_sizes(const struct collector *c, const uint16_t (*sizes)[3], unsigned n)
{
	for (uint16_t id = 256; id < 260; id++) {
		const struct seen_template *t = seen_template(c, id);
		bool v6 = id == 257 || id == 259;

		ck_assert_uint_eq(seen_field_size(t, 8), v6 ? 0 : 4);
		ck_assert_uint_eq(seen_field_size(t, 12), v6 ? 0 : 4);
		ck_assert_uint_eq(seen_field_size(t, 27), v6 ? 16 : 0);
		ck_assert_uint_eq(seen_field_size(t, 28), v6 ? 16 : 0);
		ck_assert_uint_eq(seen_field_size(t, 32), id == 258 ? 2 : 0);
		ck_assert_uint_eq(seen_field_size(t, 139), id == 259 ? 2 : 0);
		for (unsigned i = 0; i < n; i++)
			ck_assert_msg(seen_field_size(t, sizes[i][0]) ==
				sizes[i][1 + (c->format == FORMAT_IPFIX)],
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

		tick_at(e, T0);
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

		push_at(e, T0);
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
		push_at(e, T0);
		encoder_finish(e);
		for (size_t i = 0; i < c.message_count; i++)
			ck_assert_uint_eq(c.messages[i].domain, 0xdeadbeef);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

/* -- layouts ------------------------------------------------------------------------------------ */

static void choose(struct encoder_options *o, const char *records)
{
	char why[256];

	ck_assert_int_eq(records_parse(records, &o->records, why, sizeof(why)), 0);
}

/* Sends one record of each class; returns how many the format took. */
static unsigned push_each_class(struct encoder *e)
{
	unsigned n = 0;

	for (unsigned class = 0; class < CLASS_COUNT; class ++) {
		struct record r = record_with_all(class, T0);

		n += encoder_record(e, &r);
	}
	return n;
}

/* The elements that a layout has beside others; 0 ends. IPFIX's, less what `full` leaves out. */
static const uint16_t minimal_ids[] = {8, 12, 27, 28, 7, 11, 4, 2, 1, 152, 153, 22, 21, 0};
static const uint16_t default_ids[] = {32, 139, 5, 58, 245, 6, 136, 10, 14, 0};
static const uint16_t full_ids[] = {176, 177, 178, 179, 60, 243, 61, 56, 80, 70, 71, 72, 52, 53, 25,
    26, 197, 31, 186, 184, 302, 48, 138, 149, 130, 131, 0};
static const uint16_t named_ids[] = {150, 151, 154, 155, 156, 157, 0};

static void check_members(
    const struct collector *c, const uint16_t *ids, bool are_there, const char *layout)
{
	for (; *ids; ids++) {
		const struct element *e = element_find(*ids);
		uint8_t size = c->format == FORMAT_V9 ? e->v9_size : e->ipfix_size;

		for (unsigned class = 0; class < CLASS_COUNT; class ++)
			ck_assert_msg(
			    seen_field_size(seen_template(c, (uint16_t)(256 + class)), *ids) ==
				(are_there && e->classes >> class & 1 ? size : 0),
			    "%u in template %u of %s", *ids, 256 + class, layout);
	}
}

START_TEST(layouts_have_their_elements)
{
	static const char *const layouts[] = {"minimal", "default", "full"};

	for (unsigned f = 0; f < 2; f++)
		for (unsigned l = 0; l < 3; l++) {
			struct collector c;
			struct encoder_options o = collector_options(&c, template_formats[f]);
			struct encoder *e;

			choose(&o, layouts[l]);
			e = encoder_create(&o);
			tick_at(e, T0);
			check_members(&c, minimal_ids, true, layouts[l]);
			check_members(&c, default_ids, l >= 1, layouts[l]);
			check_members(&c, full_ids, l >= 2, layouts[l]);
			check_members(&c, named_ids, false, layouts[l]);
			encoder_destroy(e);
			collector_fini(&c);
		}
}
END_TEST

START_TEST(list_is_the_template_in_its_order)
{
	static const uint16_t ids[4][5] = {
	    {4, 8, 58, 0}, {4, 31, 58, 0}, {4, 8, 32, 58, 0}, {4, 31, 58, 0}};

	for (unsigned f = 0; f < 2; f++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, template_formats[f]);
		struct encoder *e;

		choose(&o,
		    "protocolIdentifier,sourceIPv4Address,flowLabelIPv6,icmpTypeCodeIPv4,"
		    "vlanId");
		e = encoder_create(&o);
		ck_assert_uint_eq(push_each_class(e), CLASS_COUNT);
		encoder_finish(e);
		for (unsigned class = 0; class < CLASS_COUNT; class ++) {
			const struct seen_template *t = c.flows[class].template;

			ck_assert_uint_eq(t->id, 256 + class);
			for (unsigned i = 0; i < t->count; i++)
				ck_assert_uint_eq(t->fields[i].id, ids[class][i]);
			ck_assert_uint_eq(ids[class][t->count], 0);
		}
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

/* With classes of sampling, too: the rule alone tells nothing of a flow. */
START_TEST(class_that_a_list_leaves_empty_has_no_template)
{
	for (unsigned f = 0; f < 2; f++)
		for (unsigned rules = 1; rules < 3; rules++) {
			struct collector c;
			struct encoder_options o = collector_options(&c, template_formats[f]);
			struct encoder *e;

			choose(&o, "sourceIPv6Address,icmpTypeCodeIPv4");
			o.sampling.rules[1] = (struct sampling_rule){SAMPLING_RANDOM, 5};
			o.sampling.count = rules;
			e = encoder_create(&o);
			ck_assert_uint_eq(push_each_class(e), 3);
			encoder_finish(e);
			ck_assert_uint_eq(c.messages[0].templates, 3);
			ck_assert_uint_eq(c.flow_count, 3);
			ck_assert_uint_eq(c.flows[0].template->id, 257);
			ck_assert_uint_eq(encoder_not_expressible(e)->no_elements, 1);
			ck_assert_uint_eq(encoder_not_expressible(e)->ipv6, 0);
			encoder_destroy(e);
			collector_fini(&c);
		}
}
END_TEST

/* The collector knows how long the padding of such records may be. */
START_TEST(padding_behind_tiny_records_is_no_record)
{
	static const char *const lists[] = {"protocolIdentifier", "vlanId",
	    "vlanId,protocolIdentifier", "sourceIPv4Address,ipVersion",
	    "sourceIPv4Address,vlanId,protocolIdentifier"};

	for (unsigned f = 0; f < 2; f++)
		for (unsigned l = 0; l < 5; l++)
			for (unsigned records = 1; records < 10; records++) {
				struct collector c;
				struct encoder_options o =
				    collector_options(&c, template_formats[f]);
				struct encoder *e;

				choose(&o, lists[l]);
				e = encoder_create(&o);
				for (unsigned i = 0; i < records; i++)
					push_at(e, T0);
				encoder_flush(e);
				ck_assert_uint_eq(c.flow_count, records);
				for (unsigned i = 0; i < records; i++)
					ck_assert(seen_value(&c.flows[i], 4) == 6 ||
					    !seen_has(&c.flows[i], 4));
				encoder_destroy(e);
				collector_fini(&c);
			}
}
END_TEST

/* Where rates differ each record names its rule, once, whatever the choice of elements. */
START_TEST(classes_bring_the_selector_into_each_record)
{
	static const char *const lists[][2] = {{"default", "default"}, {"minimal", "minimal"},
	    {"full", "full"}, {"vlanId", "vlanId"}, {"samplerId,vlanId", "selectorId,vlanId"}};

	for (unsigned f = 0; f < 2; f++)
		for (unsigned l = 0; l < 5; l++) {
			uint16_t id = f ? 302 : 48;
			struct collector c;
			struct encoder_options o = collector_options(&c, template_formats[f]);
			struct record r = record_at(T0);
			struct encoder *e;
			unsigned n = 0;

			choose(&o, lists[l][f]);
			o.sampling.rules[1] = (struct sampling_rule){SAMPLING_RANDOM, 5};
			o.sampling.count = 2;
			e = encoder_create(&o);
			for (r.selector = 0; r.selector < 2; r.selector++)
				encoder_record(e, &r);
			encoder_flush(e);
			ck_assert_uint_eq(seen_value(&c.flows[0], id), 1);
			ck_assert_uint_eq(seen_value(&c.flows[1], id), 2);
			for (unsigned i = 0; i < c.flows[0].template->count; i++)
				n += c.flows[0].template->fields[i].id == 302 ||
				    c.flows[0].template->fields[i].id == 48;
			ck_assert_uint_eq(n, 1);
			encoder_destroy(e);
			collector_fini(&c);
		}
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
		ck_assert_uint_lt(payload, 112);
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
		for (size_t payload = PAYLOAD_MIN; payload <= 400; payload++)
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
			push_at(e, T0);
		encoder_finish(e);
		ck_assert_uint_eq(c.flow_count, 3000);
		ck_assert_uint_gt(c.messages[1].size, PAYLOAD_MAX - 100);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

Suite *sets_suite(void)
{
	const TTest *const tests[] = {
	    templates_have_the_default_elements,
	    each_class_of_records_has_its_template,
	    record_values_arrive,
	    domain_is_in_every_header,
	    layouts_have_their_elements,
	    list_is_the_template_in_its_order,
	    class_that_a_list_leaves_empty_has_no_template,
	    padding_behind_tiny_records_is_no_record,
	    classes_bring_the_selector_into_each_record,
	    no_message_exceeds_its_payload,
	    largest_payload_fits_its_length_field,
	};

	return SUITE_OF("sets", tests);
}

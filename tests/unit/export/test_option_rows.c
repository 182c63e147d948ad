#include "suites.h"

#include <stdlib.h>
#include <string.h>

#include "export/element.h"
#include "support/collector.h"
#include "util/units.h"

#define T0 (1767225600ull * NS_PER_S)
#define S NS_PER_S

static const enum format template_formats[] = {FORMAT_V9, FORMAT_IPFIX};

/* Of v9: two of sampling, what was exported. IPFIX: losses and a flow key a template as well. */
static const struct {
	unsigned templates, rows;
} options_rows[] = {{3, 3}, {6, 9}};

static void check_fields(const struct seen_template *t, const struct seen_field *fields, unsigned n)
{
	ck_assert_uint_eq(t->count, n);
	for (unsigned i = 0; i < n; i++) {
		ck_assert_uint_eq(t->fields[i].id, fields[i].id);
		ck_assert_uint_eq(t->fields[i].size, fields[i].size);
	}
}

/* -- all rows ----------------------------------------------------------------------------------- */

static const struct interface_info interfaces[] = {
    {7, "eth0", "uplink"},
    {70000, "abcdefghijklmnopqrstuvwxyz01234",
	"123456789 123456789 123456789 123456789 123456789 123456789 123"},
    {0, "", ""},
};

#define INTERFACES (sizeof(interfaces) / sizeof(*interfaces))

struct expected_row {
	unsigned rows;
	struct seen_field fields[6]; /* the first is the scope */
};

/* In this order: collectors that read what comes first must find the rate there. */
static const struct expected_row expected_rows[2][8] = {
    {
	{1, {{1, 4}, {34, 4}, {35, 1}}},
	{1, {{1, 4}, {48, 1}, {49, 1}, {50, 4}}},
	{INTERFACES, {{1, 4}, {10, 4}, {82, 32}}},
	{INTERFACES, {{1, 4}, {10, 4}, {83, 64}}},
	{1, {{1, 4}, {41, 8}, {42, 8}, {40, 8}}},
    },
    {
	{1, {{149, 4}, {34, 4}, {35, 1}}},
	{1, {{302, 8}, {304, 2}, {305, 4}, {306, 4}}},
	{INTERFACES, {{149, 4}, {10, 4}, {82, 32}}},
	{INTERFACES, {{149, 4}, {10, 4}, {83, 64}}},
	{CLASS_COUNT, {{145, 2}, {173, 8}}},
	{1, {{149, 4}, {41, 8}, {42, 8}, {40, 8}}},
	{1, {{149, 4}, {164, 8}, {165, 8}, {323, 8}, {323, 8}}},
	{1, {{144, 4}, {166, 8}, {167, 8}, {168, 8}, {323, 8}, {323, 8}}},
    },
};

static struct encoder_options with_interfaces(struct collector *c, enum format format)
{
	struct encoder_options o = collector_options(c, format);

	o.interfaces = interfaces;
	o.interface_count = INTERFACES;
	o.domain = 0x01020304;
	return o;
}

/* Checks the scope, too: of all but PSAMP and flow keys it is the domain. */
static void check_row(const struct seen_record *r, const struct expected_row *row)
{
	unsigned n = 0;

	while (n < 6 && row->fields[n].id)
		n++;
	check_fields(r->template, row->fields, n);
	ck_assert_uint_eq(r->template->scope_count, 1);
	if (row->fields[0].id != 302 && row->fields[0].id != 145)
		ck_assert_uint_eq(seen_value(r, row->fields[0].id), 0x01020304);
}

START_TEST(rows_have_their_order_fields_and_scopes)
{
	for (unsigned f = 0; f < 2; f++) {
		struct collector c;
		struct encoder_options o = with_interfaces(&c, template_formats[f]);
		struct encoder *e = encoder_create(&o);
		size_t n = 0;

		tick_at(e, T0);
		for (unsigned i = 0; i < 8; i++)
			for (unsigned k = 0; k < expected_rows[f][i].rows; k++, n++) {
				ck_assert_uint_lt(n, c.option_count);
				check_row(&c.options[n], &expected_rows[f][i]);
			}
		ck_assert_uint_eq(n, c.option_count);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

static void check_text(
    const struct seen_record *r, uint16_t id, const char *text, unsigned expected)
{
	char padded[64] = "";
	unsigned size;
	const uint8_t *octets = seen_octets(r, id, &size);

	ck_assert_uint_eq(size, expected);
	memcpy(padded, text, strlen(text));
	ck_assert_mem_eq(octets, padded, size);
}

START_TEST(interfaces_are_told_by_name_and_description)
{
	for (unsigned f = 0; f < 2; f++) {
		struct collector c;
		struct encoder_options o = with_interfaces(&c, template_formats[f]);
		struct encoder *e = encoder_create(&o);

		tick_at(e, T0);
		for (unsigned i = 0; i < INTERFACES; i++) {
			const struct seen_record *name = &c.options[2 + i];
			const struct seen_record *description = &c.options[2 + INTERFACES + i];

			ck_assert_uint_eq(seen_value(name, 10), interfaces[i].index);
			ck_assert_uint_eq(seen_value(description, 10), interfaces[i].index);
			check_text(name, 82, interfaces[i].name, 32);
			check_text(description, 83, interfaces[i].description, 64);
		}
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

/* 200 of them: several messages, of which the first alone can begin a session. */
START_TEST(many_interfaces_take_several_messages)
{
	static struct interface_info many[200];

	for (uint32_t i = 0; i < 200; i++)
		many[i] = (struct interface_info){i + 1, "port", "somewhere"};
	for (unsigned f = 0; f < 2; f++)
		for (size_t payload = 120; payload < 1500; payload += 37) {
			struct collector c;
			struct encoder_options o = collector_options(&c, template_formats[f]);
			struct encoder *e;

			o.max_payload = c.max_payload = payload;
			o.interfaces = many;
			o.interface_count = 200;
			e = encoder_create(&o);
			push_at(e, T0);
			encoder_flush(e);
			ck_assert_uint_eq(c.option_count, 400 + options_rows[f].rows);
			for (uint32_t i = 0; i < 200; i++) {
				ck_assert_uint_eq(seen_value(&c.options[2 + i], 10), i + 1);
				ck_assert(seen_has(&c.options[2 + i], 82));
				ck_assert(seen_has(&c.options[202 + i], 83));
			}
			ck_assert_uint_gt(c.message_count, 10);
			ck_assert(!c.messages[0].needs_templates);
			for (size_t i = 1; i < c.message_count; i++)
				ck_assert(c.messages[i].needs_templates);
			ck_assert_uint_eq(last_message(&c)->flows, 1);
			encoder_destroy(e);
			collector_fini(&c);
		}
}
END_TEST

/* What flows differ in by default; both names of a VLAN, and both of ICMP's type, are that. */
static bool makes_the_flow(uint16_t id)
{
	static const uint16_t ids[] = {
	    8, 12, 27, 28, 7, 11, 32, 139, 176, 177, 178, 179, 4, 60, 5, 58, 243, 351, 10, 302};

	for (unsigned i = 0; i < sizeof(ids) / sizeof(*ids); i++)
		if (ids[i] == id)
			return true;
	return false;
}

/* RFC 7011 section 4.4: bit i of flowKeyIndicator is the template's field i, from the lowest. */
START_TEST(flow_keys_name_the_fields_that_make_the_flow)
{
	for (unsigned full = 0; full < 2; full++) {
		struct collector c;
		struct encoder_options o = collector_options(&c, FORMAT_IPFIX);
		struct encoder *e;
		unsigned rows = 0;

		o.records.kind = full ? RECORDS_FULL : RECORDS_DEFAULT;
		e = encoder_create(&o);
		tick_at(e, T0);
		for (size_t i = 0; i < c.option_count; i++) {
			const struct seen_record *r = &c.options[i];
			const struct seen_template *t;
			uint64_t bits = 0;

			if (!seen_has(r, 173))
				continue;
			t = seen_template(&c, (uint16_t)seen_value(r, 145));
			ck_assert_uint_eq(t->id, 256 + rows++);
			for (unsigned n = 0; n < t->count; n++)
				bits |= (uint64_t)makes_the_flow(t->fields[n].id) << n;
			ck_assert_uint_eq(seen_value(r, 173), bits);
		}
		ck_assert_uint_eq(rows, CLASS_COUNT);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

/* -- statistics --------------------------------------------------------------------------------- */

/* Elements 40 to 42 of each row: what went out before the message that has it. */
static void check_exported(const struct collector *c)
{
	size_t messages = 0, flows = 0, octets = 0;

	for (size_t i = 0; i < c->option_count; i++) {
		const struct seen_record *r = &c->options[i];

		if (!seen_has(r, 41))
			continue;
		for (; messages < r->message; messages++) {
			octets += c->messages[messages].size;
			flows += c->messages[messages].flows;
		}
		ck_assert_msg(seen_value(r, 41) == messages, "%u of %zu, max-payload %zu",
		    (unsigned)seen_value(r, 41), messages, c->max_payload);
		ck_assert_uint_eq(seen_value(r, 42), flows);
		ck_assert_uint_eq(seen_value(r, 40), octets);
	}
}

START_TEST(exported_counts_leave_out_the_message_that_tells_them)
{
	for (unsigned f = 0; f < 2; f++)
		for (size_t payload = 120; payload < 360; payload++) {
			struct collector c;
			struct encoder_options o = with_interfaces(&c, template_formats[f]);
			struct encoder *e;

			o.max_payload = c.max_payload = payload;
			o.refresh_ns = 10 * S;
			e = encoder_create(&o);
			for (unsigned i = 0; i < 30; i++)
				push_at(e, T0 + i * S);
			encoder_finish(e);
			check_exported(&c);
			encoder_destroy(e);
			collector_fini(&c);
		}
}
END_TEST

static const struct seen_record *last_row_with(const struct collector *c, uint16_t id)
{
	for (size_t i = c->option_count; i-- > 0;)
		if (seen_has(&c->options[i], id))
			return &c->options[i];
	ck_abort_msg("no row with %u", id);
	return NULL;
}

/* The second of two fields of that number. */
static uint64_t second_value(const struct seen_record *r, uint16_t id)
{
	const uint8_t *at = r->data;
	uint64_t value = 0;
	bool seen = false;

	for (unsigned i = 0; i < r->template->count; at += r->template->fields[i++].size) {
		if (r->template->fields[i].id == id && seen)
			for (unsigned n = 0; n < r->template->fields[i].size; n++)
				value = value << 8 | at[n];
		seen |= r->template->fields[i].id == id;
	}
	return value;
}

START_TEST(losses_are_told_and_not_counted_as_exported)
{
	struct collector c;
	struct encoder_options o = with_interfaces(&c, FORMAT_IPFIX);
	struct encoder *e = encoder_create(&o);
	const struct seen_record *r;

	for (unsigned i = 0; i < 5; i++) {
		push_at(e, T0 + i);
		encoder_flush(e);
	}
	ck_assert_uint_eq(c.messages[0].options_data, c.option_count);
	ck_assert_uint_eq(seen_value(last_row_with(&c, 166), 166), 0);
	encoder_tell_not_sent(e,
	    &(struct not_sent){.records = 2,
		.message_records = 2,
		.packets = 6,
		.octets = 2468,
		.messages = 2,
		.message_octets = 150,
		.first_ns = T0 + 1999999,
		.last_ns = T0 + S});
	encoder_tell_unmetered(e,
	    &(struct unmetered){
		.packets = 11, .octets = 12, .first_ns = T0 + 13999999, .last_ns = T0 + 14000000});
	encoder_finish(e);
	r = last_row_with(&c, 166);
	ck_assert_uint_eq(seen_value(r, 166), 2);
	ck_assert_uint_eq(seen_value(r, 167), 6);
	ck_assert_uint_eq(seen_value(r, 168), 2468);
	ck_assert_uint_eq(seen_value(r, 323), T0 / NS_PER_MS + 1);
	ck_assert_uint_eq(second_value(r, 323), T0 / NS_PER_MS + 1000);
	r = last_row_with(&c, 164);
	ck_assert_uint_eq(seen_value(r, 164), 11);
	ck_assert_uint_eq(seen_value(r, 165), 12);
	ck_assert_uint_eq(seen_value(r, 323), T0 / NS_PER_MS + 13);
	ck_assert_uint_eq(second_value(r, 323), T0 / NS_PER_MS + 14);
	r = last_row_with(&c, 41);
	ck_assert_uint_eq(seen_value(r, 41), c.message_count - 1 - 2);
	ck_assert_uint_eq(seen_value(r, 42), 3);
	encoder_destroy(e);
	collector_fini(&c);
}
END_TEST

/* At the end the statistics come once more, alone and last, without templates. */
START_TEST(last_words_are_the_final_statistics)
{
	for (unsigned f = 0; f < 2; f++) {
		struct collector c;
		struct encoder_options o = with_interfaces(&c, template_formats[f]);
		struct encoder *e = encoder_create(&o);

		push_at(e, T0);
		encoder_finish(e);
		ck_assert_uint_eq(c.message_count, 3);
		ck_assert_uint_eq(c.messages[1].flows, 1);
		ck_assert_uint_eq(c.messages[2].options_data, f ? 3 : 1);
		ck_assert_uint_eq(c.messages[2].flows + c.messages[2].templates, 0);
		ck_assert_uint_eq(c.messages[2].options_templates, 0);
		ck_assert_uint_eq(c.messages[2].records, 0);
		check_exported(&c);
		encoder_destroy(e);
		collector_fini(&c);
	}
}
END_TEST

Suite *option_rows_suite(void)
{
	const TTest *const tests[] = {
	    rows_have_their_order_fields_and_scopes,
	    interfaces_are_told_by_name_and_description,
	    many_interfaces_take_several_messages,
	    flow_keys_name_the_fields_that_make_the_flow,
	    exported_counts_leave_out_the_message_that_tells_them,
	    losses_are_told_and_not_counted_as_exported,
	    last_words_are_the_final_statistics,
	};

	return SUITE_OF("option_rows", tests);
}

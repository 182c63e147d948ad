#include "support/collector.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "util/bytes.h"
#include "util/units.h"

#define MESSAGES_MAX 40000
#define RECORDS_MAX 100000

/* Cisco's layouts; 0: what carries nothing. */
#define BEGIN_OF_ALL                                                                          \
	{8, 4}, {12, 4}, {15, 4}, {10, 2}, {14, 2}, {2, 4}, {1, 4}, {22, 4}, {21, 4}, {7, 2}, \
	{                                                                                     \
		11, 2                                                                         \
	}

static const struct fixed_format {
	unsigned version, header, records_max;
	struct seen_template template;
} fixed_formats[] = {
    [FORMAT_V1] = {1, 16, 24,
	{.size = 48,
	    .count = 16,
	    .fields = {BEGIN_OF_ALL, {0, 2}, {4, 1}, {5, 1}, {6, 1}, {0, 7}}}},
    [FORMAT_V5] = {5, 24, 30,
	{.size = 48,
	    .count = 20,
	    .fields = {BEGIN_OF_ALL, {0, 1}, {6, 1}, {4, 1}, {5, 1}, {16, 2}, {17, 2}, {9, 1},
		{13, 1}, {0, 2}}}},
    [FORMAT_V7] = {7, 24, 27,
	{.size = 52,
	    .count = 21,
	    .fields = {BEGIN_OF_ALL, {0, 1}, {6, 1}, {4, 1}, {5, 1}, {16, 2}, {17, 2}, {9, 1},
		{13, 1}, {0, 2}, {0, 4}}}},
};

struct encoder_options collector_options(struct collector *c, enum format format)
{
	*c = (struct collector){.format = format, .max_payload = PAYLOAD_DEFAULT};
	c->messages = calloc(MESSAGES_MAX, sizeof(*c->messages));
	c->flows = calloc(RECORDS_MAX, sizeof(*c->flows));
	c->options = calloc(RECORDS_MAX, sizeof(*c->options));
	return (struct encoder_options){
	    .format = format,
	    .max_payload = PAYLOAD_DEFAULT,
	    .domain = 1,
	    .sampling = {.rules = {{SAMPLING_NONE, 1}}, .count = 1},
	    .refresh_ns = 60 * NS_PER_S,
	    .refresh_messages = 1000,
	    .out = collector_take,
	    .out_ctx = c,
	};
}

void collector_fini(struct collector *c)
{
	for (size_t i = 0; i < c->message_count; i++)
		free(c->messages[i].data);
	free(c->messages);
	free(c->flows);
	free(c->options);
}

void collector_forget(struct collector *c, uint32_t next_sequence)
{
	memset(c->known, 0, sizeof(c->known));
	c->next_sequence = next_sequence;
}

/* Its place, or that of the next one. */
static unsigned find_template(const struct collector *c, uint16_t id)
{
	unsigned i;

	for (i = 0; i < c->template_count; i++)
		if (c->templates[i].id == id)
			break;
	return i;
}

/* A template that comes again must be what it was. */
static void keep_template(struct collector *c, const struct seen_template *t)
{
	unsigned i = find_template(c, t->id);

	ck_assert_uint_ge(t->id, 256);
	ck_assert_uint_lt(i, TEMPLATES_MAX);
	if (i < c->template_count)
		ck_assert_mem_eq(&c->templates[i], t, sizeof(*t));
	else
		c->templates[c->template_count++] = *t;
	c->known[i] = true;
}

static const uint8_t *read_fields(struct seen_template *t, const uint8_t *at, const uint8_t *end)
{
	ck_assert_uint_le(t->count, FIELDS_MAX);
	ck_assert_uint_gt(t->count, 0);
	ck_assert(at + 4 * t->count <= end);
	for (unsigned i = 0; i < t->count; i++, at += 4) {
		t->fields[i] = (struct seen_field){get_be16(at), get_be16(at + 2)};
		ck_assert_uint_gt(t->fields[i].size, 0);
		t->size += t->fields[i].size;
	}
	return at;
}

/* Zeros, fewer than four, are the end of a set. */
static bool is_padding(const uint8_t *at, const uint8_t *end)
{
	if (end - at >= 4)
		return false;
	for (; at < end; at++)
		ck_assert_uint_eq(*at, 0);
	return true;
}

/* python3-ipfix takes padding behind templates for another template: IPFIX has none. */
static bool templates_end(const struct collector *c, const uint8_t *at, const uint8_t *end)
{
	return c->format == FORMAT_IPFIX ? at == end : is_padding(at, end);
}

static void read_templates(
    struct collector *c, struct seen_message *m, const uint8_t *at, const uint8_t *end)
{
	while (!templates_end(c, at, end)) {
		struct seen_template t = {.id = get_be16(at), .count = get_be16(at + 2)};

		at = read_fields(&t, at + 4, end);
		keep_template(c, &t);
		m->templates++;
	}
}

/* RFC 3954 counts octets of scopes and of options, RFC 7011 fields and of these the scopes. */
static void read_options_templates(
    struct collector *c, struct seen_message *m, const uint8_t *at, const uint8_t *end)
{
	unsigned before = m->options_templates;

	while (!templates_end(c, at, end)) {
		struct seen_template t = {.id = get_be16(at), .is_options = true};

		ck_assert_int_ge(end - at, 6);
		if (c->format == FORMAT_V9) {
			ck_assert_uint_eq(get_be16(at + 2) % 4, 0);
			ck_assert_uint_eq(get_be16(at + 4) % 4, 0);
			t.scope_count = get_be16(at + 2) / 4;
			t.count = t.scope_count + get_be16(at + 4) / 4;
		} else {
			t.count = get_be16(at + 2);
			t.scope_count = get_be16(at + 4);
		}
		ck_assert_uint_gt(t.scope_count, 0);
		ck_assert_uint_lt(t.scope_count, t.count);
		at = read_fields(&t, at + 6, end);
		keep_template(c, &t);
		m->options_templates++;
	}
	/* nfacctd 1.7 reads the first of a set only. */
	ck_assert_uint_eq(m->options_templates, before + 1);
}

static void keep_record(struct collector *c, const struct seen_template *t, const uint8_t *at)
{
	struct seen_record r = {c->message_count, t, at};

	ck_assert_uint_lt(c->flow_count + c->option_count, RECORDS_MAX);
	if (t->is_options)
		c->options[c->option_count++] = r;
	else
		c->flows[c->flow_count++] = r;
}

/*
 * Padding ends the set on four octets, but is shorter than any record (RFC 7011 section 3.3.1): a
 * set of tiny records goes without.
 */
static void check_padding(const struct seen_template *t, size_t records, size_t padding)
{
	size_t wanted = -(records * t->size) % 4;

	ck_assert_uint_eq(padding, wanted < t->size ? wanted : 0);
}

static void read_data(
    struct collector *c, struct seen_message *m, uint16_t id, const uint8_t *at, const uint8_t *end)
{
	unsigned place = find_template(c, id);
	const struct seen_template *t = &c->templates[place];
	size_t records = 0;

	ck_assert_msg(place < c->template_count && c->known[place],
	    "data of template %u, which was not sent", id);
	ck_assert_msg((size_t)(end - at) >= t->size, "an empty set %u", id);
	for (; (size_t)(end - at) >= t->size; at += t->size, records++)
		keep_record(c, t, at);
	m->options_data += t->is_options ? (unsigned)records : 0;
	m->flows += t->is_options ? 0 : (unsigned)records;
	check_padding(t, records, (size_t)(end - at));
	ck_assert(is_padding(at, end));
}

static void read_set(
    struct collector *c, struct seen_message *m, uint16_t id, const uint8_t *at, const uint8_t *end)
{
	if (id == (c->format == FORMAT_V9 ? 0 : 2))
		read_templates(c, m, at, end);
	else if (id == (c->format == FORMAT_V9 ? 1 : 3))
		read_options_templates(c, m, at, end);
	else
		read_data(c, m, id, at, end);
}

static void read_sets(struct collector *c, struct seen_message *m, size_t header)
{
	const uint8_t *at = m->data + header, *end = m->data + m->size;

	while (at < end) {
		size_t size;

		ck_assert_int_ge(end - at, 4);
		size = get_be16(at + 2);
		ck_assert_uint_gt(size, 4);
		ck_assert_uint_le(size, (size_t)(end - at));
		/* v9 pads templates, IPFIX does not. */
		if (c->format == FORMAT_V9 && get_be16(at) < 2)
			ck_assert_uint_eq(size % 4, 0);
		read_set(c, m, get_be16(at), at + 4, at + size);
		at += size;
	}
}

/* What the probe knows nothing of is 0. */
static void check_unknown_fields(const struct seen_template *t, const uint8_t *at)
{
	for (unsigned i = 0; i < t->count; at += t->fields[i++].size)
		switch (t->fields[i].id) {
		case 0:
		case 9:
		case 13:
		case 15:
		case 16:
		case 17:
			for (unsigned n = 0; n < t->fields[i].size; n++)
				ck_assert_uint_eq(at[n], 0);
		}
}

/* v1 has no sequence number, v7 no engine and no rate. */
static void read_fixed_header(struct collector *c, struct seen_message *m, unsigned count)
{
	m->uptime = get_be32(m->data + 4);
	m->seconds = get_be32(m->data + 8);
	ck_assert_uint_eq(get_be32(m->data + 12), 0);
	if (c->format == FORMAT_V1)
		return;
	m->sequence = get_be32(m->data + 16);
	ck_assert_uint_eq(m->sequence, c->next_sequence);
	c->next_sequence += count;
	m->engine = get_be16(m->data + 20);
	m->sampling = get_be16(m->data + 22);
	if (c->format == FORMAT_V7)
		ck_assert_uint_eq(get_be32(m->data + 20), 0);
}

static void read_fixed(struct collector *c, struct seen_message *m)
{
	const struct fixed_format *f = &fixed_formats[c->format];
	unsigned count = get_be16(m->data + 2);

	ck_assert_uint_eq(get_be16(m->data), f->version);
	ck_assert_uint_ge(count, 1);
	ck_assert_uint_le(count, f->records_max);
	ck_assert_uint_eq(m->size, f->header + f->template.size * count);
	ck_assert_uint_eq(count, m->wire_records);
	read_fixed_header(c, m, count);
	m->flows = count;
	for (unsigned i = 0; i < count; i++) {
		keep_record(c, &f->template, m->data + f->header + f->template.size * i);
		check_unknown_fields(&f->template, m->data + f->header + f->template.size * i);
	}
}

static void read_v9(struct collector *c, struct seen_message *m)
{
	ck_assert_uint_eq(get_be16(m->data), 9);
	m->uptime = get_be32(m->data + 4);
	m->seconds = get_be32(m->data + 8);
	m->sequence = get_be32(m->data + 12);
	m->domain = get_be32(m->data + 16);
	ck_assert_uint_eq(m->sequence, c->next_sequence++);
	read_sets(c, m, 20);
	ck_assert_uint_eq(get_be16(m->data + 2),
	    m->templates + m->options_templates + m->options_data + m->flows);
	ck_assert_uint_eq(m->flows, m->wire_records);
}

static void read_ipfix(struct collector *c, struct seen_message *m)
{
	ck_assert_uint_eq(get_be16(m->data), 10);
	ck_assert_uint_eq(get_be16(m->data + 2), m->size);
	m->seconds = get_be32(m->data + 4);
	m->sequence = get_be32(m->data + 8);
	m->domain = get_be32(m->data + 12);
	ck_assert_uint_ge(m->seconds, c->export_time);
	c->export_time = m->seconds;
	ck_assert_uint_eq(m->sequence, c->next_sequence);
	read_sets(c, m, 16);
	c->next_sequence += m->options_data + m->flows;
	ck_assert_uint_eq(m->flows, m->wire_records);
}

/* Header time (SPEC section 5): a whole-second origin, and no record that ends later. */
static void check_times(const struct collector *c, const struct seen_message *m, size_t first)
{
	ck_assert_uint_eq(m->uptime % 1000, 0);
	for (size_t i = first; i < c->flow_count; i++) {
		if (!seen_has(&c->flows[i], 21) || !seen_has(&c->flows[i], 22))
			continue;
		ck_assert_uint_le(seen_value(&c->flows[i], 21), m->uptime);
		ck_assert_uint_le(seen_value(&c->flows[i], 22), seen_value(&c->flows[i], 21));
	}
}

static void read_message(struct collector *c, struct seen_message *m)
{
	size_t first = c->flow_count;

	if (c->format == FORMAT_V9)
		read_v9(c, m);
	else if (c->format == FORMAT_IPFIX)
		read_ipfix(c, m);
	else
		read_fixed(c, m);
	if (c->format != FORMAT_IPFIX)
		check_times(c, m, first);
	/* A session may only begin with a message that begins with templates. */
	if (c->format == FORMAT_V9 || c->format == FORMAT_IPFIX)
		ck_assert(m->needs_templates || m->templates);
	else
		ck_assert(!m->needs_templates);
}

void collector_take(void *ctx, const struct message *message)
{
	struct collector *c = ctx;
	struct seen_message *m = &c->messages[c->message_count];

	ck_assert_uint_lt(c->message_count, MESSAGES_MAX);
	*m = (struct seen_message){.data = malloc(message->size),
	    .size = message->size,
	    .records = message->records,
	    .wire_records = message->wire_records,
	    .packets = message->packets,
	    .octets = message->octets,
	    .needs_templates = message->needs_templates,
	    .continues = message->continues};
	memcpy(m->data, message->data, message->size);
	if (!format_is_stream(c->format)) {
		ck_assert_uint_le(m->size, c->max_payload);
		read_message(c, m);
		if (c->format != FORMAT_V1)
			ck_assert_uint_eq(m->sequence, message->sequence);
	}
	c->message_count++;
}

/* -- what it saw -------------------------------------------------------------------------------- */

const struct seen_template *seen_template(const struct collector *c, uint16_t id)
{
	unsigned place = find_template(c, id);

	ck_assert_msg(place < c->template_count, "no template %u", id);
	return &c->templates[place];
}

unsigned seen_field_size(const struct seen_template *t, uint16_t id)
{
	for (unsigned i = 0; i < t->count; i++)
		if (t->fields[i].id == id)
			return t->fields[i].size;
	return 0;
}

const uint8_t *seen_octets(const struct seen_record *r, uint16_t id, unsigned *size)
{
	const uint8_t *at = r->data;

	for (unsigned i = 0; i < r->template->count; i++) {
		*size = r->template->fields[i].size;
		if (r->template->fields[i].id == id)
			return at;
		at += *size;
	}
	return NULL;
}

bool seen_has(const struct seen_record *r, uint16_t id)
{
	unsigned size;

	return seen_octets(r, id, &size) != NULL;
}

uint64_t seen_value(const struct seen_record *r, uint16_t id)
{
	unsigned size;
	const uint8_t *at = seen_octets(r, id, &size);
	uint64_t value = 0;

	while (at && size--)
		value = value << 8 | *at++;
	return value;
}

uint64_t seen_time_ms(const struct collector *c, const struct seen_record *r, uint16_t id)
{
	const struct seen_message *m = &c->messages[r->message];

	return m->seconds * 1000ull - m->uptime + seen_value(r, id);
}

unsigned data_messages(const struct collector *c)
{
	unsigned n = 0;

	for (size_t i = 0; i < c->message_count; i++)
		n += c->messages[i].flows > 0;
	return n;
}

unsigned template_messages(const struct collector *c)
{
	unsigned n = 0;

	for (size_t i = 0; i < c->message_count; i++)
		n += c->messages[i].templates > 0;
	return n;
}

const struct seen_message *last_message(const struct collector *c)
{
	ck_assert_uint_gt(c->message_count, 0);
	return &c->messages[c->message_count - 1];
}

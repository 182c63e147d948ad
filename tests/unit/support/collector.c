#include "support/collector.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "util/bytes.h"
#include "util/units.h"

#define MESSAGES_MAX 20000
#define RECORDS_MAX 200000

/* Cisco's layout; 0: what carries nothing. */
static const struct seen_template v5_template = {.size = 48,
    .count = 20,
    .fields = {{8, 4}, {12, 4}, {15, 4}, {10, 2}, {14, 2}, {2, 4}, {1, 4}, {22, 4}, {21, 4}, {7, 2},
	{11, 2}, {0, 1}, {6, 1}, {4, 1}, {5, 1}, {16, 2}, {17, 2}, {9, 1}, {13, 1}, {0, 2}}};

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

static struct seen_template *find_template(struct collector *c, uint16_t id)
{
	for (unsigned i = 0; i < c->template_count; i++)
		if (c->templates[i].id == id)
			return &c->templates[i];
	return NULL;
}

/* A template that comes again must be what it was. */
static void keep_template(struct collector *c, const struct seen_template *t)
{
	struct seen_template *old = find_template(c, t->id);

	ck_assert_uint_ge(t->id, 256);
	if (old) {
		ck_assert_mem_eq(old, t, sizeof(*t));
		return;
	}
	ck_assert_uint_lt(c->template_count, TEMPLATES_MAX);
	c->templates[c->template_count++] = *t;
}

static const uint8_t *read_fields(struct seen_template *t, const uint8_t *at, const uint8_t *end)
{
	ck_assert_uint_le(t->count, FIELDS_MAX);
	ck_assert_uint_gt(t->count, 0);
	ck_assert(at + 4 * t->count <= end);
	for (unsigned i = 0; i < t->count; i++, at += 4) {
		t->fields[i] = (struct seen_field){get_be16(at), get_be16(at + 2)};
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

static void read_templates(
    struct collector *c, struct seen_message *m, const uint8_t *at, const uint8_t *end)
{
	while (!is_padding(at, end)) {
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
	while (!is_padding(at, end)) {
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

static void read_data(
    struct collector *c, struct seen_message *m, uint16_t id, const uint8_t *at, const uint8_t *end)
{
	const struct seen_template *t = find_template(c, id);

	ck_assert_msg(t != NULL, "data of template %u, which was not sent", id);
	ck_assert_msg((size_t)(end - at) >= t->size, "an empty set %u", id);
	for (; (size_t)(end - at) >= t->size; at += t->size) {
		keep_record(c, t, at);
		m->options_data += t->is_options;
		m->flows += !t->is_options;
	}
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
		/* IPFIX templates go unpadded. */
		ck_assert(size % 4 == 0 || get_be16(at) == 2 || get_be16(at) == 3);
		ck_assert_uint_le(size, (size_t)(end - at));
		read_set(c, m, get_be16(at), at + 4, at + size);
		at += size;
	}
}

static void read_v5(struct collector *c, struct seen_message *m)
{
	unsigned count = get_be16(m->data + 2);

	ck_assert_uint_eq(get_be16(m->data), 5);
	ck_assert_uint_ge(count, 1);
	ck_assert_uint_le(count, 30);
	ck_assert_uint_eq(m->size, 24 + 48 * (size_t)count);
	ck_assert_uint_eq(count, m->wire_records);
	m->uptime = get_be32(m->data + 4);
	m->seconds = get_be32(m->data + 8);
	ck_assert_uint_eq(get_be32(m->data + 12), 0);
	m->sequence = get_be32(m->data + 16);
	ck_assert_uint_eq(m->sequence, c->next_sequence);
	c->next_sequence += count;
	ck_assert_uint_eq(get_be16(m->data + 20), 0);
	m->sampling = get_be16(m->data + 22);
	m->flows = count;
	for (unsigned i = 0; i < count; i++)
		keep_record(c, &v5_template, m->data + 24 + 48 * i);
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
		ck_assert_uint_le(seen_value(&c->flows[i], 21), m->uptime);
		ck_assert_uint_le(seen_value(&c->flows[i], 22), seen_value(&c->flows[i], 21));
	}
}

void collector_take(void *ctx, const struct message *message)
{
	struct collector *c = ctx;
	struct seen_message *m = &c->messages[c->message_count];
	size_t first = c->flow_count;

	ck_assert_uint_lt(c->message_count, MESSAGES_MAX);
	*m = (struct seen_message){.data = malloc(message->size),
	    .size = message->size,
	    .records = message->records,
	    .wire_records = message->wire_records};
	memcpy(m->data, message->data, message->size);
	if (!format_is_stream(c->format))
		ck_assert_uint_le(m->size, c->max_payload);
	if (c->format == FORMAT_V5)
		read_v5(c, m);
	else if (c->format == FORMAT_V9)
		read_v9(c, m);
	else if (c->format == FORMAT_IPFIX)
		read_ipfix(c, m);
	if (c->format == FORMAT_V5 || c->format == FORMAT_V9)
		check_times(c, m, first);
	c->message_count++;
}

/* Where the element's octets are; NULL: the record has none. */
static const uint8_t *seen_field(const struct seen_record *r, uint16_t id, unsigned *size)
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

	return seen_field(r, id, &size) != NULL;
}

uint64_t seen_value(const struct seen_record *r, uint16_t id)
{
	unsigned size;
	const uint8_t *at = seen_field(r, id, &size);
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

struct record record_at(uint64_t now_ns)
{
	return (struct record){.src = {192, 0, 2, 1},
	    .dst = {198, 51, 100, 2},
	    .clock_ns = now_ns,
	    .wall_ns = now_ns,
	    .packets = 3,
	    .octets = 1234,
	    .start_ns = now_ns - NS_PER_S,
	    .end_ns = now_ns,
	    .ingress = 7,
	    .src_port = 1234,
	    .dst_port = 80,
	    .vlan = 5,
	    .tcp_flags = 0x11b,
	    .inner_vlan = 6,
	    .ip_version = 4,
	    .protocol = 6,
	    .tos = 0xb9,
	    .end_reason = END_IDLE,
	    .kind = RECORD_FLOW};
}

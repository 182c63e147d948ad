#include "export/sets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/bytes.h"

#define SET_HEADER 4
#define PADDING_MAX 3

static uint8_t element_size(const struct element *e, bool is_v9)
{
	return is_v9 ? e->v9_size : e->ipfix_size;
}

static void build_layout(struct layout *l, enum flow_class class, bool is_v9)
{
	for (size_t i = 0; i < element_count; i++) {
		const struct element *e = &element_table[i];

		if ((e->classes & 1u << class) && element_size(e, is_v9))
			layout_add(l, e, element_size(e, is_v9));
	}
}

int sets_init(struct encoder *e, const struct set_dialect *dialect)
{
	struct sets *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->dialect = *dialect;
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		build_layout(&s->layouts[c], (enum flow_class)c, dialect->is_v9);
	e->format_state = s;
	return 0;
}

/*
 * Writes the open set's length, padded to four octets (fewer than any record has). IPFIX need not
 * pad, and python3-ipfix takes padding behind an options template for another template.
 */
static void close_set(struct encoder *e)
{
	struct sets *s = e->format_state;
	bool pads = s->dialect.is_v9 || s->open_id >= FIRST_TEMPLATE_ID;
	size_t padding;

	if (s->open_at == 0)
		return;
	padding = pads ? -(e->used - s->open_at) % 4 : 0;
	memset(e->buffer + e->used, 0, padding);
	e->used += padding;
	put_be16(e->buffer + s->open_at, s->open_id);
	put_be16(e->buffer + s->open_at + 2, (uint16_t)(e->used - s->open_at));
	s->open_at = 0;
}

void sets_finish(struct encoder *e)
{
	close_set(e);
}

void sets_discard(struct encoder *e)
{
	struct sets *s = e->format_state;

	s->open_at = 0;
	s->all_records = 0;
	s->data_records = 0;
}

static bool set_is_open(const struct encoder *e, uint16_t id)
{
	const struct sets *s = e->format_state;

	return e->used && s->open_at && s->open_id == id;
}

/* Room for one more record of a set, for the header that it may need, and for all padding. */
static size_t record_room(const struct encoder *e, uint16_t set_id, size_t size)
{
	return size + PADDING_MAX + (set_is_open(e, set_id) ? 0 : SET_HEADER + PADDING_MAX);
}

/* `size` octets for a record in the set with this number, opened where it is not. */
static uint8_t *reserve_in_set(struct encoder *e, uint16_t set_id, size_t size)
{
	struct sets *s = e->format_state;

	message_make_room(e, record_room(e, set_id, size));
	if (!set_is_open(e, set_id)) {
		close_set(e);
		message_reserve(e, SET_HEADER);
		s->open_at = e->used - SET_HEADER;
		s->open_id = set_id;
	}
	s->all_records++;
	return message_reserve(e, size);
}

bool sets_add(struct encoder *e, const struct record *r)
{
	struct sets *s = e->format_state;
	enum flow_class class = flow_class_of(r);
	const struct layout *l = &s->layouts[class];
	uint16_t id = (uint16_t)(FIRST_TEMPLATE_ID + class);

	message_make_room(e, record_room(e, id, l->size));
	if (s->dialect.is_v9)
		uptime_admit(e, r);
	layout_encode(l, r, e->origin_ms, reserve_in_set(e, id, l->size));
	s->data_records++;
	message_count(e, r, 1, 1);
	return true;
}

static uint8_t *put_field_specifier(uint8_t *out, uint16_t id, uint16_t size)
{
	put_be16(out, id);
	put_be16(out + 2, size);
	return out + 4;
}

static void put_template(struct encoder *e, unsigned class)
{
	const struct sets *s = e->format_state;
	const struct layout *l = &s->layouts[class];
	uint8_t *out = reserve_in_set(e, s->dialect.template_set_id, 4 + 4 * (size_t)l->count);

	put_be16(out, (uint16_t)(FIRST_TEMPLATE_ID + class));
	put_be16(out + 2, (uint16_t)l->count);
	out += 4;
	for (unsigned i = 0; i < l->count; i++)
		out = put_field_specifier(out, l->fields[i].element->id, l->fields[i].size);
}

/* RFC 7011 section 3.4.2.2 counts fields; RFC 3954 section 6.1 counts octets, scopes first. */
static void put_options_template(struct encoder *e, const struct option_row *row)
{
	const struct sets *s = e->format_state;
	uint8_t *out = reserve_in_set(e, s->dialect.options_set_id, 6 + 4 * (size_t)row->count);

	put_be16(out, row->template_id);
	if (s->dialect.is_v9) {
		put_be16(out + 2, (uint16_t)(row->scope_count * 4));
		put_be16(out + 4, (uint16_t)((row->count - row->scope_count) * 4));
	} else {
		put_be16(out + 2, (uint16_t)row->count);
		put_be16(out + 4, (uint16_t)row->scope_count);
	}
	out += 6;
	for (unsigned i = 0; i < row->count; i++)
		out = put_field_specifier(out, row->fields[i].id, row->fields[i].size);
}

static void put_options_data(struct encoder *e, const struct option_row *row)
{
	struct sets *s = e->format_state;
	size_t size = 0;
	uint8_t *out;

	for (unsigned i = 0; i < row->count; i++)
		size += row->fields[i].size;
	out = reserve_in_set(e, row->template_id, size);
	for (unsigned i = 0; i < row->count; i++) {
		put_number(out, row->fields[i].value, row->fields[i].size);
		out += row->fields[i].size;
	}
	s->data_records++;
}

/*
 * Templates, and the options data on sampling, in a message of their own: goflow2 and Akvorado
 * learn the rate from the first message that they get, and a collector that leaves options data
 * out of its sequence check (nfcapd) is wrong about one message only.
 */
void sets_announce(struct encoder *e)
{
	const struct sets *s = e->format_state;
	struct option_row rows[SAMPLING_ROWS];

	for (unsigned c = 0; c < CLASS_COUNT; c++)
		put_template(e, c);
	sampling_options(rows, &e->options, s->dialect.is_v9);
	/* nfacctd (1.7) reads one options template a set and takes the rest for damage. */
	for (unsigned i = 0; i < SAMPLING_ROWS; i++) {
		close_set(e);
		put_options_template(e, &rows[i]);
	}
	for (unsigned i = 0; i < SAMPLING_ROWS; i++)
		put_options_data(e, &rows[i]);
}

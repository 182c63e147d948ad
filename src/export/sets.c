#include "export/sets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/bytes.h"

int sets_init(struct encoder *e, const struct set_dialect *dialect)
{
	struct sets *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->dialect = *dialect;
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		layout_build(&s->layouts[c], &e->options, 1u << c);
	e->format_state = s;
	return 0;
}

/* -- sets ------------------------------------------------------------------------------------- */

/*
 * Padding to four octets, where it is shorter than any record of the set, which it must not look
 * like. IPFIX need not pad templates, and python3-ipfix takes padding behind an options template
 * for another template.
 */
static size_t padding_of(const struct encoder *e)
{
	const struct sets *s = e->format_state;
	bool is_data = s->open_id >= FIRST_TEMPLATE_ID;
	size_t padding = -(e->used - s->open_at) % 4;

	if (is_data)
		return padding < s->open_record ? padding : 0;
	return s->dialect.is_v9 ? padding : 0;
}

static void close_set(struct encoder *e)
{
	struct sets *s = e->format_state;
	size_t padding;

	if (s->open_at == 0)
		return;
	padding = padding_of(e);
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

size_t sets_data_room(size_t record_size)
{
	return SET_HEADER + record_size + SET_PADDING_MAX;
}

/* Room for one more record of a set, for the header that it may need, and for all padding. */
static size_t record_room(const struct encoder *e, uint16_t set_id, size_t size)
{
	if (set_is_open(e, set_id))
		return size + SET_PADDING_MAX;
	return sets_data_room(size) + (e->used ? SET_PADDING_MAX : 0);
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
		s->open_record = size;
	}
	s->all_records++;
	return message_reserve(e, size);
}

/* -- flow records ----------------------------------------------------------------------------- */

bool sets_add(struct encoder *e, const struct record *r)
{
	struct sets *s = e->format_state;
	enum flow_class class = flow_class_of(r);
	const struct layout *l = &s->layouts[class];
	uint16_t id = (uint16_t)(FIRST_TEMPLATE_ID + class);

	if (l->count == 0) {
		e->not_expressible.no_elements++;
		return false;
	}
	if (s->dialect.is_v9) {
		/* Of the message that it will be in. */
		message_make_room(e, record_room(e, id, l->size));
		uptime_admit(e, r);
	}
	layout_encode(l, r, &e->constants, e->origin_ms, reserve_in_set(e, id, l->size));
	s->data_records++;
	message_count(e, r, 1, 1);
	return true;
}

/* -- templates -------------------------------------------------------------------------------- */

static uint8_t *put_field_specifier(uint8_t *out, uint16_t id, uint16_t size)
{
	put_be16(out, id);
	put_be16(out + 2, size);
	return out + 4;
}

size_t sets_template_room(unsigned fields)
{
	return SET_HEADER + 4 + 4 * (size_t)fields;
}

static void put_template(struct encoder *e, unsigned class)
{
	const struct sets *s = e->format_state;
	const struct layout *l = &s->layouts[class];
	uint8_t *out;

	if (l->count == 0)
		return;
	out = reserve_in_set(
	    e, s->dialect.template_set_id, sets_template_room(l->count) - SET_HEADER);
	put_be16(out, (uint16_t)(FIRST_TEMPLATE_ID + class));
	put_be16(out + 2, (uint16_t)l->count);
	out += 4;
	for (unsigned i = 0; i < l->count; i++)
		out = put_field_specifier(out, l->fields[i].element->id, l->fields[i].size);
}

/* The padding of v9 (6 octets before the fields) counts as well. */
size_t sets_options_template_room(const struct option_row *row)
{
	return SET_HEADER + 6 + 4 * (size_t)row->count + SET_PADDING_MAX;
}

/*
 * RFC 7011 section 3.4.2.2 counts fields; RFC 3954 section 6.1 counts octets, scopes first. The set
 * ends with it: nfacctd (1.7) reads one options template a set and takes the rest for damage.
 */
void sets_put_options_template(struct encoder *e, const struct option_row *row)
{
	const struct sets *s = e->format_state;
	uint8_t *out;

	if (e->used)
		close_set(e);
	out = reserve_in_set(e, s->dialect.options_set_id, 6 + 4 * (size_t)row->count);
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

size_t option_row_size(const struct option_row *row)
{
	size_t size = 0;

	for (unsigned i = 0; i < row->count; i++)
		size += row->fields[i].size;
	return size;
}

static void put_option_field(uint8_t *out, const struct option_field *f)
{
	if (!f->text) {
		put_number(out, f->value, f->size);
		return;
	}
	memset(out, 0, f->size);
	memcpy(out, f->text, strnlen(f->text, f->size));
}

void sets_put_options_data(struct encoder *e, const struct option_row *row)
{
	struct sets *s = e->format_state;
	uint8_t *out = reserve_in_set(e, row->template_id, option_row_size(row));

	for (unsigned i = 0; i < row->count; i++) {
		put_option_field(out, &row->fields[i]);
		out += row->fields[i].size;
	}
	s->data_records++;
}

/*
 * Templates, and the options data behind them, sampling first: goflow2 and Akvorado learn the rate
 * from the first message that they get. They share a message as far as it goes, and no flow record
 * is in it: a collector that leaves options data out of its sequence check (nfcapd) is wrong about
 * few messages only.
 */
void sets_announce(struct encoder *e)
{
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		put_template(e, c);
	options_announce(e);
}

void sets_conclude(struct encoder *e)
{
	options_conclude(e);
}

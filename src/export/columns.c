#include "export/columns.h"

#include <assert.h>
#include <string.h>

#include "util/bytes.h"
#include "util/spell.h"

void columns_add(struct columns *c, const char *before, const struct element *element)
{
	struct column *column = &c->list[c->count];
	size_t size = strlen(before);

	assert(c->count < LAYOUT_FIELDS_MAX && size < COLUMN_BEFORE);
	*column = (struct column){.before_size = (uint8_t)size, .element = element};
	memcpy(column->before, before, size);
	c->count++;
	c->values += element != NULL;
	c->longest += size + (element ? element_longest(element) : 0);
}

void columns_end(struct columns *c, const char *after)
{
	c->after_size = strlen(after);
	assert(c->after_size <= sizeof(c->after));
	memcpy(c->after, after, c->after_size);
	c->longest += c->after_size;
	assert(c->longest <= STREAM_MESSAGE_MAX);
}

/* As a number readers that have 53 bits for one would lose the lowest. */
static char *put_segment(char *out, uint64_t segment)
{
	uint8_t octets[8];

	put_be64(octets, segment);
	out = mempcpy(out, "0x", 2);
	return spell_hex(out, octets, sizeof(octets), 0);
}

/* The value as RFC 7373 writes it; times are numbers since 1970. */
static inline char *put_value(
    char *out, const struct element *e, const struct record *r, const struct export_constants *k)
{
	const uint8_t *octets = element_octets(e, r, k);

	switch (e->kind) {
	case ELEMENT_ADDRESS:
		return e->record_size == 4 ? spell_ipv4(out, octets) : spell_ipv6(out, octets);
	case ELEMENT_MAC:
		return spell_hex(out, octets, e->record_size, ':');
	case ELEMENT_OCTETS:
		out = mempcpy(out, "0x", 2);
		return spell_hex(out, octets, e->record_size, 0);
	case ELEMENT_SEGMENT:
		return put_segment(out, element_number(e, r, k));
	default:
		return spell_decimal(out, element_number(e, r, k));
	}
}

bool columns_write(struct encoder *e, const struct columns *c, const struct record *r)
{
	/* What stands before a value is copied whole, and may reach beyond the line's end. */
	char line[STREAM_MESSAGE_MAX + COLUMN_BEFORE], *out = line;

	if (!c->values) {
		e->not_expressible.no_elements++;
		return false;
	}
	for (const struct column *column = c->list; column < c->list + c->count; column++) {
		memcpy(out, column->before, sizeof(column->before));
		out += column->before_size;
		if (column->element)
			out = put_value(out, column->element, r, &e->constants);
	}
	out = mempcpy(out, c->after, c->after_size);
	message_put_line(e, line, (size_t)(out - line), r);
	return true;
}

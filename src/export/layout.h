/*
 * The order and widths of a record's fields on the wire. The same list writes the template and
 * encodes the records, so that the two cannot differ.
 */
#ifndef SPANFLOW_EXPORT_LAYOUT_H
#define SPANFLOW_EXPORT_LAYOUT_H

#include "export/element.h"

#define LAYOUT_FIELDS_MAX 32

struct layout_field {
	const struct element *element;
	uint8_t size;
};

struct layout {
	struct layout_field fields[LAYOUT_FIELDS_MAX];
	unsigned count;
	size_t size; /* octets of a record */
};

void layout_add(struct layout *l, const struct element *e, uint8_t size);
/* Writes a record: layout.size octets. `origin_ms` is the SysUptime origin, for ELEMENT_UPTIME. */
void layout_encode(
    const struct layout *l, const struct record *r, uint64_t origin_ms, uint8_t *out);

/* Writes the low `size` octets of a number in network order. */
void put_number(uint8_t *out, uint64_t value, uint8_t size);

#endif

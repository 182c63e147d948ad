/*
 * The order and widths of a record's fields on the wire. The same list writes the template and
 * encodes the records, so that the two cannot differ.
 */
#ifndef SPANFLOW_EXPORT_LAYOUT_H
#define SPANFLOW_EXPORT_LAYOUT_H

#include "export/element.h"
#include "export/encoder.h"

/* One choice's elements, and the selector that classes of sampling bring. */
#define LAYOUT_FIELDS_MAX (RECORDS_ELEMENTS_MAX + 1)

/* How a field is written: most are one of few short cases; the others are worked out each time. */
enum layout_way {
	WAY_ANY,
	WAY_COPY_4,
	WAY_COPY_16,
	WAY_NUMBER_1, /* of so many octets in the record and in the field */
	WAY_NUMBER_2,
	WAY_NUMBER_4,
	WAY_NUMBER_8,
	WAY_MILLISECONDS, /* of 64 bits of ns, since 1970 */
	WAY_UPTIME,       /* of 64 bits of ns, 32 bits of ms since the origin */
	WAY_COUNT
};

struct layout_field {
	const struct element *element;
	uint8_t size;
};

/* Where a field comes from: its place in struct record, or, of WAY_ANY, its number; and where it goes. */
struct layout_move {
	uint16_t from;
	uint16_t to;
};

struct layout {
	struct layout_field fields[LAYOUT_FIELDS_MAX];
	unsigned count;
	size_t size; /* octets of a record */

	/* The same fields as they are written: those of a way together. */
	struct layout_move moves[WAY_COUNT][LAYOUT_FIELDS_MAX];
	uint8_t move_count[WAY_COUNT];
};

/*
 * The records of one class of flows, as the options choose them: of NetFlow v9, or else of IPFIX,
 * whose elements JSON and CSV have as well. `classes` is a set of IN_*: what any of them has.
 */
void layout_build(struct layout *l, const struct encoder_options *options, unsigned classes);
void layout_add(struct layout *l, const struct element *e, uint8_t size);
/* Writes a record: layout.size octets. `origin_ms` is the SysUptime origin, for ELEMENT_UPTIME. */
void layout_encode(const struct layout *l, const struct record *r,
    const struct export_constants *constants, uint64_t origin_ms, uint8_t *out);
/* IE 173: bit i is set where field i is part of the Flow Key (RFC 7011 section 4.4). */
uint64_t layout_key_fields(const struct layout *l, unsigned key_changes);

/* Writes the low `size` octets of a number in network order. */
void put_number(uint8_t *out, uint64_t value, uint8_t size);

#endif

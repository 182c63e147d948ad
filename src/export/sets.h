/*
 * What NetFlow v9 (RFC 3954) and IPFIX (RFC 7011) share: messages made of sets, templates and
 * options templates before the data that needs them.
 */
#ifndef SPANFLOW_EXPORT_SETS_H
#define SPANFLOW_EXPORT_SETS_H

#include "export/format.h"

/* What differs between the two, where it is not the message header. */
struct set_dialect {
	uint16_t template_set_id;
	uint16_t options_set_id;
	bool
	    is_v9; /* options templates count octets rather than fields; scopes have their own numbers */
};

#define FIRST_TEMPLATE_ID 256
#define FIRST_OPTIONS_TEMPLATE_ID (FIRST_TEMPLATE_ID + CLASS_COUNT)

struct sets {
	struct set_dialect dialect;
	struct layout layouts[CLASS_COUNT];
	size_t open_at; /* offset of the open set's header; 0: none is open */
	uint16_t open_id;
	uint32_t data_records; /* in this message: flow records and options data */
	uint32_t all_records;  /* and templates of both kinds */
};

/* One row of options data, which is its options template as well. */
#define OPTION_FIELDS_MAX 8

struct option_field {
	uint16_t id;
	uint8_t size;
	uint64_t value;
};

struct option_row {
	uint16_t template_id;
	unsigned scope_count; /* so many of the first fields are scopes */
	unsigned count;
	struct option_field fields[OPTION_FIELDS_MAX];
};

int sets_init(struct encoder *e, const struct set_dialect *dialect);
bool sets_add(struct encoder *e, const struct record *r);
void sets_announce(struct encoder *e);
/* Completes the last set; the format's finish() calls it before it writes the header. */
void sets_finish(struct encoder *e);
void sets_discard(struct encoder *e);

/* options.c: how packets are sampled, in the rows that the format's collectors look for. */
#define SAMPLING_ROWS 2
void sampling_options(
    struct option_row rows[SAMPLING_ROWS], const struct encoder_options *options, bool is_v9);

#endif

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
	/* Options templates count octets rather than fields; scopes have their own numbers. */
	bool is_v9;
};

#define FIRST_TEMPLATE_ID 256
#define FIRST_OPTIONS_TEMPLATE_ID (FIRST_TEMPLATE_ID + CLASS_COUNT)

#define SET_HEADER 4
#define SET_PADDING_MAX 3

struct sets {
	struct set_dialect dialect;
	struct layout layouts[CLASS_COUNT];
	size_t open_at; /* offset of the open set's header; 0: none is open */
	uint16_t open_id;
	size_t open_record;    /* octets of a record of it */
	uint32_t data_records; /* in this message: flow records and options data */
	uint32_t all_records;  /* and templates of both kinds */
};

/* One row of options data, which is its options template as well. */
#define OPTION_FIELDS_MAX 10

struct option_field {
	uint16_t id;
	uint8_t size;
	uint64_t value;
	const char *text; /* in place of the value: padded with zeros */
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
void sets_conclude(struct encoder *e);
/* Completes the last set; the format's finish() calls it before it writes the header. */
void sets_finish(struct encoder *e);
void sets_discard(struct encoder *e);

/* Adds an options template, in a set of its own; adds a row of its data. */
void sets_put_options_template(struct encoder *e, const struct option_row *row);
void sets_put_options_data(struct encoder *e, const struct option_row *row);

/* Octets that a template, or an options template, takes in a message, set header included. */
size_t sets_template_room(unsigned fields);
size_t sets_options_template_room(const struct option_row *row);
size_t sets_data_room(size_t record_size);
size_t option_row_size(const struct option_row *row);

/* options.c: all options data; and those that tell what the session came to. */
void options_announce(struct encoder *e);
void options_conclude(struct encoder *e);
/* The most room that a row, or its template, takes. */
size_t options_room(const struct encoder_options *options);
/* The most messages that all rows about interfaces take. */
size_t options_interface_messages(const struct encoder_options *options);

#endif

/*
 * What CSV and JSON have in common: a line is made of columns, each a value and what stands before it.
 */
#ifndef SPANFLOW_EXPORT_COLUMNS_H
#define SPANFLOW_EXPORT_COLUMNS_H

#include "export/format.h"

/* Room for the longest of what stands before a value, which is a JSON member's name. */
#define COLUMN_BEFORE 48

struct column {
	char before[COLUMN_BEFORE];
	uint8_t before_size;
	const struct element *element; /* NULL: the column is empty */
};

/* The lines of one class of flows. */
struct columns {
	struct column list[LAYOUT_FIELDS_MAX];
	unsigned count;
	unsigned values; /* columns that are not empty; where none is, there is no line */
	char after[8];
	size_t after_size;
	size_t longest; /* octets that a line has at most */
};

/* One more, or an empty one (NULL). `before` is shorter than COLUMN_BEFORE. */
void columns_add(struct columns *c, const char *before, const struct element *element);
/* What ends the line: the last step. */
void columns_end(struct columns *c, const char *after);
/* Adds the record's line to the message. False: the class has no line, which has been counted. */
bool columns_write(struct encoder *e, const struct columns *c, const struct record *r);

#endif

/*
 * Records as lines of values with commas between them (RFC 4180), below a heading: one list of columns for
 * all records. What a record does not have is an empty field.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/columns.h"

/* A column's name, which the two IP versions' addresses share. */
static const char *column_name(const struct element *e)
{
	switch (e->id) {
	case 8:
	case 27:
		return "sourceAddress";
	case 12:
	case 28:
		return "destinationAddress";
	default:
		return e->name;
	}
}

/* What a class has in this column; NULL: nothing. Either version's address stands for both. */
static const struct element *element_for(const struct element *e, unsigned class)
{
	bool is_ipv6 = IN_IPV6 >> class & 1;

	if (column_name(e) != e->name) {
		bool is_source = e->id == 8 || e->id == 27;

		return element_find(is_source ? (is_ipv6 ? 27 : 8) : (is_ipv6 ? 28 : 12));
	}
	return e->classes >> class & 1 ? e : NULL;
}

/* ICMP's type and code are in the destination port: the default has no columns for them. */
static bool is_left_out(const struct encoder *e, const struct element *element)
{
	return e->options.records.kind == RECORDS_DEFAULT &&
	    !(element->classes & ~IN_ICMP & ~IN_ICMPV6);
}

static bool is_listed(const struct layout *l, const char *name)
{
	for (unsigned i = 0; i < l->count; i++)
		if (strcmp(column_name(l->fields[i].element), name) == 0)
			return true;
	return false;
}

/* What all classes together have, each name once. */
static void choose(const struct encoder *e, struct layout *chosen)
{
	struct layout all;

	*chosen = (struct layout){.count = 0};
	layout_build(&all, &e->options, IN_ALL);
	for (unsigned i = 0; i < all.count; i++) {
		const struct element *element = all.fields[i].element;

		if (!is_left_out(e, element) && !is_listed(chosen, column_name(element)))
			layout_add(chosen, element, all.fields[i].size);
	}
}

/* The lines of a class, and what they and the heading have of the same order. */
struct csv {
	struct layout chosen;
	struct columns classes[CLASS_COUNT];
};

static void build(struct csv *csv, unsigned class)
{
	struct columns *c = &csv->classes[class];

	for (unsigned i = 0; i < csv->chosen.count; i++)
		columns_add(c, i ? "," : "", element_for(csv->chosen.fields[i].element, class));
	columns_end(c, "\r\n");
}

static int csv_init(struct encoder *e)
{
	struct csv *csv = calloc(1, sizeof(*csv));

	if (!csv)
		return -ENOMEM;
	choose(e, &csv->chosen);
	for (unsigned class = 0; class < CLASS_COUNT; class ++)
		build(csv, class);
	e->format_state = csv;
	return 0;
}

static void csv_announce(struct encoder *e)
{
	const struct csv *csv = e->format_state;
	char line[STREAM_MESSAGE_MAX];
	size_t size = 0;

	if (e->options.continues)
		return;
	for (unsigned i = 0; i < csv->chosen.count; i++)
		size += (size_t)snprintf(line + size, sizeof(line) - size, "%s%s", i ? "," : "",
		    column_name(csv->chosen.fields[i].element));
	size += (size_t)snprintf(line + size, sizeof(line) - size, "\r\n");
	assert(size < sizeof(line));
	message_put_line(e, line, size, NULL);
}

static bool csv_add(struct encoder *e, const struct record *r)
{
	const struct csv *csv = e->format_state;

	return columns_write(e, &csv->classes[flow_class_of(r)], r);
}

const struct format_ops csv_format = {
    .name = "csv", .init = csv_init, .add = csv_add, .announce = csv_announce};

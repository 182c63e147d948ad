/*
 * A record as a JSON object, one a line (RFC 8259), with IPFIX's names of elements.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "export/columns.h"

static void add_member(struct columns *c, const struct element *e, bool behind_word)
{
	char before[COLUMN_BEFORE];

	snprintf(before, sizeof(before), "%s%s\"%s\":%s", behind_word ? "\"" : "",
	    c->count ? "," : "{", e->name, element_is_word(e) ? "\"" : "");
	columns_add(c, before, e);
}

static void build(struct columns *c, const struct layout *l)
{
	bool behind_word = false;

	for (unsigned i = 0; i < l->count; i++) {
		add_member(c, l->fields[i].element, behind_word);
		behind_word = element_is_word(l->fields[i].element);
	}
	columns_end(c, behind_word ? "\"}\n" : "}\n");
}

static int json_init(struct encoder *e)
{
	struct columns *classes = calloc(CLASS_COUNT, sizeof(*classes));
	struct layout layout;

	if (!classes)
		return -ENOMEM;
	for (unsigned class = 0; class < CLASS_COUNT; class ++) {
		layout_build(&layout, &e->options, 1u << class);
		build(&classes[class], &layout);
	}
	e->format_state = classes;
	return 0;
}

static bool json_add(struct encoder *e, const struct record *r)
{
	const struct columns *classes = e->format_state;

	return columns_write(e, &classes[flow_class_of(r)], r);
}

const struct format_ops json_format = {.name = "json", .init = json_init, .add = json_add};

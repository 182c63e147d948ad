/*
 * What is asked of an encoder, read and judged before anything starts.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "export/sets.h"

/* NetFlow v5 has 14 bits for the sampling interval. */
#define V5_INTERVAL_MAX 16383

/* -- the choice of elements ------------------------------------------------------------------- */

static int add_named(
    struct records_choice *records, const char *name, size_t length, char *why, size_t size)
{
	const struct element *e = element_by_name(name, length);

	if (!e) {
		snprintf(
		    why, size, "'%.*s' is no element that records can have", (int)length, name);
		return -EINVAL;
	}
	for (unsigned i = 0; i < records->count; i++)
		if (records->list[i] == e) {
			snprintf(why, size, "%s is there twice", e->name);
			return -EINVAL;
		}
	if (records->count == RECORDS_ELEMENTS_MAX) {
		snprintf(why, size, "more than %d elements", RECORDS_ELEMENTS_MAX);
		return -EINVAL;
	}
	records->list[records->count++] = e;
	return 0;
}

int records_parse(const char *text, struct records_choice *records, char *why, size_t size)
{
	static const char *const names[] = {
	    [RECORDS_DEFAULT] = "default", [RECORDS_MINIMAL] = "minimal", [RECORDS_FULL] = "full"};
	int rc = 0;

	*records = (struct records_choice){.kind = RECORDS_DEFAULT};
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(text, names[i]) == 0) {
			records->kind = i;
			return 0;
		}
	records->kind = RECORDS_LIST;
	while (rc == 0) {
		size_t length = strcspn(text, ",");

		rc = add_named(records, text, length, why, size);
		if (!text[length])
			break;
		text += length + 1;
	}
	return rc;
}

/* -- whether the format can do it ------------------------------------------------------------- */

static const char *title(enum format f)
{
	static const char *const titles[] = {[FORMAT_V1] = "NetFlow v1",
	    [FORMAT_V5] = "NetFlow v5",
	    [FORMAT_V7] = "NetFlow v7",
	    [FORMAT_V9] = "NetFlow v9",
	    [FORMAT_IPFIX] = "IPFIX",
	    [FORMAT_TEXT] = "text",
	    [FORMAT_CSV] = "CSV",
	    [FORMAT_JSON] = "JSON"};

	return titles[f];
}

static int check_elements(const struct encoder_options *o, char *why, size_t size)
{
	bool is_v9 = o->format == FORMAT_V9;
	bool has_one = format_operations(o->format)->fixed || o->format == FORMAT_TEXT;

	if (has_one && o->records.kind != RECORDS_DEFAULT) {
		snprintf(why, size, "records: %s has one layout only", title(o->format));
		return -EINVAL;
	}
	for (unsigned i = 0; i < o->records.count; i++) {
		const struct element *e = o->records.list[i];

		if (is_v9 ? e->v9_size : e->ipfix_size)
			continue;
		snprintf(why, size, "records: %s has no %s", title(o->format), e->name);
		return -EINVAL;
	}
	return 0;
}

static int check_rate(const struct encoder_options *o, char *why, size_t size)
{
	for (unsigned i = 0; i < o->sampling.count; i++) {
		uint32_t n = sampling_announced(&o->sampling, &o->sampling.rules[i]);

		if (o->format == FORMAT_V5 && n > V5_INTERVAL_MAX) {
			snprintf(why, size,
			    "sampling 1 in %u: NetFlow v5 has 14 bits for it: at most %d, "
			    "--scale=on or another format",
			    n, V5_INTERVAL_MAX);
			return -EINVAL;
		}
		if ((o->format == FORMAT_V1 || o->format == FORMAT_V7) && n > 1) {
			snprintf(why, size,
			    "sampling 1 in %u: %s has no place for a rate: --scale=on or another "
			    "format",
			    n, title(o->format));
			return -EINVAL;
		}
	}
	return 0;
}

/* Says what is too large, and how the sum comes about. */
static int check_sum(const struct encoder_options *o, const char *what, size_t header, size_t room,
    char *why, size_t size)
{
	if (header + room <= o->max_payload)
		return 0;
	snprintf(why, size,
	    "max-payload=%zu: %s takes %zu octets (message header %zu, the rest %zu)",
	    o->max_payload, what, header + room, header, room);
	return -EINVAL;
}

static int check_record_size(
    const struct encoder_options *o, size_t header, size_t record, char *why, size_t size)
{
	if (header + sets_data_room(record) <= o->max_payload)
		return 0;
	snprintf(why, size,
	    "max-payload=%zu: a record does not fit alone: message header %zu + set header %d + "
	    "record %zu + padding %d = %zu octets",
	    o->max_payload, header, SET_HEADER, record, SET_PADDING_MAX,
	    header + sets_data_room(record));
	return -EINVAL;
}

static int check_sets(const struct encoder_options *o, size_t header, char *why, size_t size)
{
	int rc = 0;

	for (unsigned c = 0; c < CLASS_COUNT && rc == 0; c++) {
		struct layout l;

		layout_build(&l, o, 1u << c);
		rc = check_record_size(o, header, l.size, why, size);
		if (rc == 0)
			rc = check_sum(
			    o, "a template", header, sets_template_room(l.count), why, size);
	}
	if (rc == 0)
		rc = check_sum(
		    o, "options data that stay together", header, options_room(o), why, size);
	return rc;
}

static int check_sizes(const struct encoder_options *o, char *why, size_t size)
{
	const struct format_ops *ops = format_operations(o->format);
	size_t record;

	if (format_is_stream(o->format))
		return 0;
	if (!ops->fixed)
		return check_sets(o, ops->header_size, why, size);
	record = fixed_record_size(ops->fixed);
	if (ops->header_size + record <= o->max_payload)
		return 0;
	snprintf(why, size,
	    "max-payload=%zu: a record does not fit alone: message header %zu + record %zu = %zu "
	    "octets",
	    o->max_payload, ops->header_size, record, ops->header_size + record);
	return -EINVAL;
}

int encoder_check(const struct encoder_options *options, char *why, size_t size)
{
	int rc = check_elements(options, why, size);

	if (rc == 0)
		rc = check_rate(options, why, size);
	if (rc == 0)
		rc = check_sizes(options, why, size);
	return rc;
}

uint32_t encoder_record_messages(const struct encoder_options *options)
{
	const struct format_ops *ops = format_operations(options->format);

	return ops->fixed ? fixed_record_messages(ops, options->max_payload) : 1;
}

uint32_t encoder_interface_messages(const struct encoder_options *options)
{
	if (format_is_stream(options->format) || format_operations(options->format)->fixed)
		return 0;
	return (uint32_t)options_interface_messages(options);
}

bool encoder_needs_details(const struct encoder_options *options)
{
	struct layout l;

	if (format_operations(options->format)->fixed || options->format == FORMAT_TEXT)
		return false;
	layout_build(&l, options, IN_ALL);
	for (unsigned i = 0; i < l.count; i++)
		if (element_is_detail(l.fields[i].element))
			return true;
	return false;
}

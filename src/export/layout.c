#include "export/layout.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "export/encoder.h"
#include "meter/record.h"
#include "util/bytes.h"

void layout_add(struct layout *l, const struct element *e, uint8_t size)
{
	assert(l->count < LAYOUT_FIELDS_MAX);
	l->fields[l->count++] = (struct layout_field){e, size};
	l->size += size;
}

void put_number(uint8_t *out, uint64_t value, uint8_t size)
{
	switch (size) {
	case 1:
		*out = (uint8_t)value;
		break;
	case 2:
		put_be16(out, (uint16_t)value);
		break;
	case 4:
		put_be32(out, (uint32_t)value);
		break;
	case 8:
		put_be64(out, value);
		break;
	default:
		memset(out, 0, size);
		break;
	}
}

static uint64_t largest(uint8_t size)
{
	return size < 8 ? (1ull << (size * 8)) - 1 : UINT64_MAX;
}

static void put_field(
    uint8_t *out, const struct layout_field *f, const struct record *r, uint64_t origin_ms)
{
	const struct element *e = f->element;
	uint64_t value;

	switch (e->kind) {
	case ELEMENT_ADDRESS:
		memcpy(out, (const uint8_t *)r + e->offset, f->size);
		return;
	case ELEMENT_NOTHING:
		memset(out, 0, f->size);
		return;
	case ELEMENT_UPTIME:
		value = element_number(e, r);
		value = value > origin_ms ? value - origin_ms : 0;
		break;
	case ELEMENT_NUMBER:
		value = element_number(e, r);
		if (value > largest(f->size))
			value = largest(f->size);
		break;
	default:
		value = element_number(e, r);
		break;
	}
	put_number(out, value, f->size);
}

void layout_encode(const struct layout *l, const struct record *r, uint64_t origin_ms, uint8_t *out)
{
	for (unsigned i = 0; i < l->count; i++) {
		put_field(out, &l->fields[i], r, origin_ms);
		out += l->fields[i].size;
	}
}

int records_parse(const char *text, struct records_choice *records, char *why, size_t size)
{
	*records = (struct records_choice){.kind = RECORDS_DEFAULT};
	if (strcmp(text, "default") == 0)
		return 0;
	snprintf(why, size, "'%s' is not there yet", text);
	return -EINVAL;
}

int encoder_check(const struct encoder_options *options, char *why, size_t size)
{
	(void)options;
	(void)why;
	(void)size;
	return 0;
}

bool encoder_needs_details(const struct encoder_options *options)
{
	return options->records.kind != RECORDS_DEFAULT;
}

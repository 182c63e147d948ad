#include "export/layout.h"

#include <assert.h>
#include <string.h>

#include "meter/record.h"
#include "util/bytes.h"
#include "util/units.h"

#define NTP_SECONDS_AT_1970 2208988800u
/* RFC 7011 section 6.1.9: the fraction's low bits, which microseconds do not need, are zeros. */
#define MICROSECONDS_UNUSED 2048u

static enum layout_way way_of_octets(uint8_t size)
{
	return size == 4 ? WAY_COPY_4 : size == 16 ? WAY_COPY_16 : WAY_ANY;
}

static enum layout_way way_of_number(uint8_t size)
{
	static const uint8_t ways[] = {
	    [1] = WAY_NUMBER_1, [2] = WAY_NUMBER_2, [4] = WAY_NUMBER_4, [8] = WAY_NUMBER_8};

	return size < sizeof(ways) ? ways[size] : WAY_ANY;
}

/* Those that are as large in the record as on the wire, and times as they are usually told. */
static enum layout_way way_of(const struct element *e, uint8_t size)
{
	if (e->source != FROM_RECORD)
		return WAY_ANY;
	switch (e->kind) {
	case ELEMENT_ADDRESS:
		return way_of_octets(size);
	case ELEMENT_NUMBER:
	case ELEMENT_BITS:
		return size == e->record_size ? way_of_number(size) : WAY_ANY;
	case ELEMENT_MILLISECONDS:
		return size == 8 ? WAY_MILLISECONDS : WAY_ANY;
	case ELEMENT_UPTIME:
		return size == 4 ? WAY_UPTIME : WAY_ANY;
	default:
		return WAY_ANY;
	}
}

void layout_add(struct layout *l, const struct element *e, uint8_t size)
{
	enum layout_way way = way_of(e, size);
	unsigned from = way == WAY_ANY ? l->count : e->offset;

	assert(l->count < LAYOUT_FIELDS_MAX);
	l->moves[way][l->move_count[way]++] =
	    (struct layout_move){(uint16_t)from, (uint16_t)l->size};
	l->fields[l->count++] = (struct layout_field){e, size};
	l->size += size;
}

/* -- what records have ------------------------------------------------------------------------- */

static uint8_t size_in(const struct element *e, const struct encoder_options *options)
{
	return options->format == FORMAT_V9 ? e->v9_size : e->ipfix_size;
}

static void add_if_there(struct layout *l, const struct element *e,
    const struct encoder_options *options, unsigned classes)
{
	if ((e->classes & classes) && size_in(e, options))
		layout_add(l, e, size_in(e, options));
}

static void add_layout(struct layout *l, const struct encoder_options *options, unsigned classes)
{
	static const uint8_t bits[] = {[RECORDS_DEFAULT] = OF_DEFAULT,
	    [RECORDS_MINIMAL] = OF_MINIMAL,
	    [RECORDS_FULL] = OF_FULL};
	uint8_t wanted = bits[options->records.kind];

	if (options->records.kind == RECORDS_DEFAULT && options->has_segments)
		wanted |= OF_SEGMENTS;
	for (size_t i = 0; i < element_count; i++)
		if (element_table[i].layouts & wanted)
			add_if_there(l, &element_table[i], options, classes);
}

static bool has_selector(const struct layout *l)
{
	for (unsigned i = 0; i < l->count; i++)
		if (l->fields[i].element->kind == ELEMENT_SELECTOR)
			return true;
	return false;
}

void layout_build(struct layout *l, const struct encoder_options *options, unsigned classes)
{
	const struct records_choice *records = &options->records;

	*l = (struct layout){.count = 0};
	if (records->kind != RECORDS_LIST)
		add_layout(l, options, classes);
	else
		for (unsigned i = 0; i < records->count; i++)
			add_if_there(l, records->list[i], options, classes);
	/* Where rates differ each record that says something says which is its own. */
	if (options->sampling.count > 1 && l->count && !has_selector(l))
		for (size_t i = 0; i < element_count; i++)
			if (element_table[i].kind == ELEMENT_SELECTOR)
				add_if_there(l, &element_table[i], options, classes);
}

uint64_t layout_key_fields(const struct layout *l, unsigned key_changes)
{
	uint64_t fields = 0;

	for (unsigned i = 0; i < l->count && i < 64; i++)
		fields |= (uint64_t)key_has(l->fields[i].element->key, key_changes) << i;
	return fields;
}

/* -- records ---------------------------------------------------------------------------------- */

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
		for (; size > 0; value >>= 8)
			out[--size] = (uint8_t)value;
		break;
	}
}

static uint64_t largest(uint8_t size)
{
	return size < 8 ? (1ull << (size * 8)) - 1 : UINT64_MAX;
}

/*
 * An NTP time stamp of whole units since 1970. The fraction is rounded up to the next multiple of
 * `unused`, so that a reader gets the same units again whether it cuts or rounds.
 */
static uint64_t ntp_time(uint64_t units, uint64_t units_a_second, uint32_t unused)
{
	uint64_t seconds = units / units_a_second + NTP_SECONDS_AT_1970;
	uint64_t part = units % units_a_second;
	uint64_t fraction = ((part << 32) + units_a_second - 1) / units_a_second;

	fraction = (fraction + unused - 1) / unused * unused;
	return seconds << 32 | fraction;
}

static void put_field(uint8_t *out, const struct layout_field *f, const struct record *r,
    const struct export_constants *constants, uint64_t origin_ms)
{
	const struct element *e = f->element;
	uint64_t value;

	switch (e->kind) {
	case ELEMENT_ADDRESS:
	case ELEMENT_MAC:
	case ELEMENT_OCTETS:
		memcpy(out, element_octets(e, r, constants), f->size);
		return;
	case ELEMENT_NOTHING:
		memset(out, 0, f->size);
		return;
	case ELEMENT_UPTIME:
		value = element_number(e, r, constants);
		value = value > origin_ms ? value - origin_ms : 0;
		break;
	case ELEMENT_MICROSECONDS:
		value =
		    ntp_time(element_number(e, r, constants), NS_PER_S / 1000, MICROSECONDS_UNUSED);
		break;
	case ELEMENT_NANOSECONDS:
		value = ntp_time(element_number(e, r, constants), NS_PER_S, 1);
		break;
	case ELEMENT_NUMBER:
		value = element_number(e, r, constants);
		if (value > largest(f->size))
			value = largest(f->size);
		break;
	default:
		value = element_number(e, r, constants);
		break;
	}
	put_number(out, value, f->size);
}

/* Numbers as structures have them. */
static uint16_t number_16(const uint8_t *at)
{
	uint16_t number;

	memcpy(&number, at, sizeof(number));
	return number;
}

static uint32_t number_32(const uint8_t *at)
{
	uint32_t number;

	memcpy(&number, at, sizeof(number));
	return number;
}

static uint64_t number_64(const uint8_t *at)
{
	uint64_t number;

	memcpy(&number, at, sizeof(number));
	return number;
}

static uint32_t uptime(uint64_t ns, uint64_t origin_ms)
{
	uint64_t ms = ns / NS_PER_MS;

	return (uint32_t)(ms > origin_ms ? ms - origin_ms : 0);
}

/* The fields of a way one after the other, so that nothing is asked of each. */
#define FOR_EACH_MOVE(m, l, way)                                                                 \
	for (const struct layout_move *m = (l)->moves[way], *m##_end = m + (l)->move_count[way]; \
	     m < m##_end; m++)

void layout_encode(const struct layout *l, const struct record *r,
    const struct export_constants *constants, uint64_t origin_ms, uint8_t *out)
{
	const uint8_t *in = (const uint8_t *)r;

	FOR_EACH_MOVE (m, l, WAY_COPY_4)
		memcpy(out + m->to, in + m->from, 4);
	FOR_EACH_MOVE (m, l, WAY_COPY_16)
		memcpy(out + m->to, in + m->from, 16);
	FOR_EACH_MOVE (m, l, WAY_NUMBER_1)
		out[m->to] = in[m->from];
	FOR_EACH_MOVE (m, l, WAY_NUMBER_2)
		put_be16(out + m->to, number_16(in + m->from));
	FOR_EACH_MOVE (m, l, WAY_NUMBER_4)
		put_be32(out + m->to, number_32(in + m->from));
	FOR_EACH_MOVE (m, l, WAY_NUMBER_8)
		put_be64(out + m->to, number_64(in + m->from));
	FOR_EACH_MOVE (m, l, WAY_MILLISECONDS)
		put_be64(out + m->to, number_64(in + m->from) / NS_PER_MS);
	FOR_EACH_MOVE (m, l, WAY_UPTIME)
		put_be32(out + m->to, uptime(number_64(in + m->from), origin_ms));
	FOR_EACH_MOVE (m, l, WAY_ANY)
		put_field(out + m->to, &l->fields[m->from], r, constants, origin_ms);
}

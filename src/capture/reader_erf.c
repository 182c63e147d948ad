/*
 * ERF files (Endace's Extensible Record Format): records one behind the other, without a header
 * that would say so. All numbers but the time are in network order.
 */
#include "capture/reader.h"

#include <errno.h>
#include <pcap/dlt.h>
#include <stdlib.h>

#include "capture/source.h"
#include "capture/timebase.h"
#include "util/cursor.h"

#ifndef DLT_IPV4
#define DLT_IPV4 228
#define DLT_IPV6 229
#endif

#define HEAD 16
#define EXTENSION 8
#define EXTENDED 0x80 /* in the type's octet: an extension header, or another, follows */
#define TICKS 0xa0    /* of the time, as if_tsresol: 2^-32 s */
/* A record is one where the time is between 1996 and 2081: there is nothing else to know it by. */
#define PLAUSIBLE_MIN_S 820454400u
#define PLAUSIBLE_MAX_S 3502915200u
#define PLAUSIBLE_STEP_S 86400u
#define PLAUSIBLE_RECORDS 3
#define TYPE_MAX 27

enum { PADDING = 48, METADATA = 27 }; /* no packets */

struct erf_record {
	uint8_t type;
	uint16_t size; /* of the whole record */
	uint16_t wire; /* octets of the packet */
	uint64_t ticks;
};

struct reader_erf {
	struct reader base;
	struct timebase timebase;
};

#define FCS 4

/* Types with the link layer that their packets begin with, and octets in front of it and behind. */
static const struct record_type {
	uint8_t type;
	uint8_t pad;
	uint8_t fcs; /* the wire length has the frame's checksum in it */
	int linktype;
} types[] = {
    {2, 2, FCS, DLT_EN10MB},  /* TYPE_ETH */
    {11, 2, FCS, DLT_EN10MB}, /* TYPE_COLOR_ETH */
    {16, 2, FCS, DLT_EN10MB}, /* TYPE_DSM_COLOR_ETH */
    {20, 2, FCS, DLT_EN10MB}, /* TYPE_COLOR_HASH_ETH */
    {22, 0, 0, DLT_IPV4},     /* TYPE_IPV4 */
    {23, 0, 0, DLT_IPV6},     /* TYPE_IPV6 */
};

static struct erf_record record_at(const uint8_t *head)
{
	uint64_t fraction = __builtin_bswap32(get_be32(head));

	return (struct erf_record){
	    .ticks = (uint64_t)__builtin_bswap32(get_be32(head + 4)) << 32 | fraction,
	    .type = head[8],
	    .size = get_be16(head + 10),
	    .wire = get_be16(head + 14),
	};
}

/* -- whether it is one -------------------------------------------------------------------------- */

static bool is_plausible(const struct erf_record *r, uint64_t before_s)
{
	uint64_t seconds = r->ticks >> 32;
	unsigned type = r->type & ~EXTENDED & 0xff;

	if (r->size < HEAD || (type != PADDING && (type == 0 || type > TYPE_MAX)))
		return false;
	if (seconds < PLAUSIBLE_MIN_S || seconds > PLAUSIBLE_MAX_S)
		return false;
	return !before_s ||
	    (seconds + PLAUSIBLE_STEP_S > before_s && before_s + PLAUSIBLE_STEP_S > seconds);
}

bool reader_erf_knows(struct input *input)
{
	uint64_t before_s = 0;
	size_t at = 0;

	for (unsigned i = 0; i < PLAUSIBLE_RECORDS; i++) {
		const uint8_t *octets = input_peek(input, at + HEAD);
		struct erf_record r;

		if (!octets)
			return i > 0 && input_ready(input) == at;
		r = record_at(octets + at);
		if (!is_plausible(&r, before_s))
			return false;
		before_s = r.ticks >> 32;
		at += r.size;
	}
	return true;
}

/* -- records ------------------------------------------------------------------------------------ */

static bool skip_extensions(struct cursor *c, uint8_t type)
{
	while (type & EXTENDED) {
		const uint8_t *extension = cursor_take(c, EXTENSION);

		if (!extension)
			return false;
		type = *extension;
	}
	return true;
}

static const struct record_type *type_of(const struct erf_record *record)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (types[i].type == (record->type & ~EXTENDED))
			return &types[i];
	return NULL;
}

/*
 * Records are filled up: what is captured beyond the packet's length is not of the packet. False:
 * what is before the packet is cut.
 */
static bool unwrap(const struct erf_record *record, const struct record_type *type, struct cursor c,
    struct packet *packet)
{
	if (!skip_extensions(&c, record->type) || !cursor_take(&c, type->pad))
		return false;
	packet->len = record->wire > type->fcs ? (uint32_t)(record->wire - type->fcs) : 0;
	cursor_limit(&c, packet->len);
	packet->linktype = type->linktype;
	packet->data = c.at;
	packet->caplen = (uint32_t)c.left;
	return true;
}

/*
 * Records of other types keep their header, as in captures of the link type ERF, and so do those
 * that are cut within it: the decoder has names for them.
 */
static void fill_packet(struct reader_erf *r, const struct erf_record *record,
    const uint8_t *octets, struct packet *packet)
{
	const struct record_type *type = type_of(record);
	struct cursor c = {.at = octets + HEAD, .left = (size_t)record->size - HEAD};

	packet->ts_ns = timebase_ns(&r->timebase, record->ticks);
	if (type && unwrap(record, type, c, packet))
		return;
	packet->linktype = DLT_ERF;
	packet->data = octets;
	packet->caplen = packet->len = record->size;
}

static bool is_packet(const struct erf_record *record)
{
	unsigned type = record->type & ~EXTENDED & 0xff;

	return type != PADDING && type != METADATA;
}

/* 2: a record without a packet; else as erf_read(). */
static int next_record(struct reader_erf *r, struct packet *packet)
{
	struct input *input = r->base.input;
	const uint8_t *octets = input_peek(input, HEAD);
	struct erf_record record;

	if (!octets)
		return input_ready(input) ? reader_cut(input, r->base.why)
					  : reader_ended(input, r->base.why);
	record = record_at(octets);
	if (record.size < HEAD)
		return reader_fail(r->base.why, "a record of %u octets", record.size);
	octets = input_peek(input, record.size);
	if (!octets)
		return reader_cut(input, r->base.why);
	input_take(input, record.size);
	if (!is_packet(&record))
		return 2;
	fill_packet(r, &record, octets, packet);
	return 1;
}

static int erf_read(struct reader *base, struct packet packets[], unsigned max)
{
	int rc;

	(void)max;
	packets[0] = (struct packet){0};
	do {
		base->offset = input_offset(base->input);
		rc = next_record((struct reader_erf *)base, &packets[0]);
	} while (rc == 2);
	reader_complete(base, &packets[0]);
	return rc;
}

static void erf_close(struct reader *base)
{
	free(base);
}

static const struct reader_ops erf_ops = {.read = erf_read, .close = erf_close};

int reader_erf_open(struct input *input, struct reader **out, char *why)
{
	struct reader_erf *r = calloc(1, sizeof(*r));

	(void)why;
	if (!r)
		return -ENOMEM;
	r->base.ops = &erf_ops;
	r->base.input = input;
	r->base.linktype = SOURCE_LINKTYPES;
	r->timebase = timebase_of(TICKS, 0);
	*out = &r->base;
	return 0;
}

/*
 * NetFlow v1, v5 and v7, by Cisco's layouts: a header and records whose fields never change, so
 * that nothing has to be announced. They differ by a table each.
 */
#include <errno.h>
#include <stdlib.h>

#include "export/format.h"
#include "util/bytes.h"

#define COUNTER_MAX UINT32_MAX
#define PIECES_MAX 1024 /* 4 T of packets or octets; more is a lie */

/* v5: mode in the upper two bits of the header's last field. */
#define V5_MODE_DETERMINISTIC (1u << 14)
#define V5_MODE_RANDOM (2u << 14)

static const struct element nothing = {.kind = ELEMENT_NOTHING};

/* One row a field: the element's number, 0 for what the probe does not know. */
struct fixed_field {
	uint16_t id;
	uint8_t size;
};

struct fixed {
	unsigned records_max; /* in a message */
	struct fixed_field fields[24];
};

/* What the three begin with. */
#define ADDRESSES_TO_PORTS                         \
	{8, 4}, {12, 4}, {0, 4}, /* next hop */    \
	    {10, 2}, {14, 2},    /* interfaces */  \
	    {2, 4}, {1, 4},      /* counters */    \
	    {22, 4}, {21, 4},    /* first, last */ \
	    {7, 2},                                \
	{                                          \
		11, 2                              \
	} /* ports */

static const struct fixed v1_layout = {24,
    {
	ADDRESSES_TO_PORTS, {0, 2}, /* pad */
	{4, 1}, {5, 1},             /* protocol, ToS */
	{6, 1},                     /* TCP flags */
	{0, 7},                     /* retransmissions, reserved */
    }};

static const struct fixed v5_layout = {30,
    {
	ADDRESSES_TO_PORTS, {0, 1}, {6, 1}, /* pad1, TCP flags */
	{4, 1}, {5, 1},                     /* protocol, ToS */
	{0, 2}, {0, 2},                     /* AS numbers */
	{0, 1}, {0, 1}, {0, 2},             /* prefix lengths, pad2 */
    }};

static const struct fixed v7_layout = {27,
    {
	ADDRESSES_TO_PORTS, {0, 1}, {6, 1}, /* flags: all fields are valid; TCP flags */
	{4, 1}, {5, 1},                     /* protocol, ToS */
	{0, 2}, {0, 2},                     /* AS numbers */
	{0, 1}, {0, 1}, {0, 2},             /* prefix lengths, flags of a shortcut */
	{0, 4},                             /* the router whose shortcut it is */
    }};

static int fixed_init(struct encoder *e)
{
	struct layout *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	for (const struct fixed_field *f = e->ops->fixed->fields; f->size; f++)
		layout_add(l, f->id ? element_find(f->id) : &nothing, f->size);
	e->format_state = l;
	return 0;
}

size_t fixed_record_size(const struct fixed *fixed)
{
	size_t size = 0;

	for (const struct fixed_field *f = fixed->fields; f->size; f++)
		size += f->size;
	return size;
}

uint32_t fixed_record_messages(const struct format_ops *ops, size_t max_payload)
{
	size_t fit = (max_payload - ops->header_size) / fixed_record_size(ops->fixed);

	if (fit > ops->fixed->records_max)
		fit = ops->fixed->records_max;
	/* The message that is open may be full; the last one of this record stays open. */
	return (uint32_t)((PIECES_MAX + fit - 1) / fit);
}

/* -- records ---------------------------------------------------------------------------------- */

static uint64_t pieces_for(uint64_t count)
{
	return count / COUNTER_MAX + (count % COUNTER_MAX != 0);
}

/* The i-th of n nearly equal parts of a count. */
static uint64_t share(uint64_t count, uint64_t i, uint64_t n)
{
	return count / n + (i < count % n);
}

/* The sampling field of v5's header. */
static uint16_t v5_sampling(const struct encoder *e, const struct sampling_rule *rule)
{
	uint32_t interval = sampling_announced(&e->options.sampling, rule);
	uint32_t mode =
	    rule->method == SAMPLING_DETERMINISTIC ? V5_MODE_DETERMINISTIC : V5_MODE_RANDOM;

	if (interval == 1 || e->options.no_mode_bits)
		mode = 0;
	return (uint16_t)(mode | interval);
}

/*
 * The header has one rate, and each record of the message is of that. The other two formats have
 * records of rate 1 only.
 */
static bool has_rate_of_message(const struct encoder *e, const struct record *r)
{
	const struct sampling_rule *rule = encoder_rule_of(e, r);

	return rule == e->rule || v5_sampling(e, rule) == v5_sampling(e, e->rule);
}

static void add_piece(struct encoder *e, const struct record *r, bool last)
{
	const struct layout *l = e->format_state;

	if (e->used &&
	    (e->wire_records == e->ops->fixed->records_max || !has_rate_of_message(e, r)))
		message_send(e);
	message_make_room(e, l->size);
	uptime_admit(e, r);
	layout_encode(l, r, &e->constants, e->origin_ms, message_reserve(e, l->size));
	e->rule = encoder_rule_of(e, r);
	message_count(e, r, last, 1);
}

/* 32-bit counters: a larger record leaves as several that add up. */
static bool fixed_add(struct encoder *e, const struct record *r)
{
	uint64_t n = pieces_for(r->packets);
	struct record piece = *r;

	if (r->ip_version != 4) {
		e->not_expressible.ipv6++;
		return false;
	}
	if (pieces_for(r->octets) > n)
		n = pieces_for(r->octets);
	if (n > PIECES_MAX) {
		e->not_expressible.too_large++;
		return false;
	}
	for (uint64_t i = 0; i < n; i++) {
		piece.packets = share(r->packets, i, n);
		piece.octets = share(r->octets, i, n);
		e->within_record = i > 0;
		add_piece(e, &piece, i == n - 1);
	}
	e->within_record = false;
	return true;
}

/* -- headers ---------------------------------------------------------------------------------- */

/* The 16 octets that v1 has, and the others begin with. */
static void put_header(struct encoder *e, uint16_t version, uint64_t seconds)
{
	uint8_t *h = e->buffer;

	put_be16(h, version);
	put_be16(h + 2, (uint16_t)e->wire_records);
	put_be32(h + 4, uptime_at(e, seconds));
	put_be32(h + 8, (uint32_t)seconds);
	put_be32(h + 12, 0); /* unix_nsecs: the second is whole */
}

static void v1_finish(struct encoder *e, uint64_t seconds)
{
	put_header(e, 1, seconds);
}

static void v5_finish(struct encoder *e, uint64_t seconds)
{
	uint8_t *h = e->buffer;

	put_header(e, 5, seconds);
	put_be32(h + 16, e->sequence);
	h[20] = e->options.engine_type;
	h[21] = e->options.engine_id;
	put_be16(h + 22, v5_sampling(e, e->rule));
	e->sequence += e->wire_records;
}

static void v7_finish(struct encoder *e, uint64_t seconds)
{
	put_header(e, 7, seconds);
	put_be32(e->buffer + 16, e->sequence);
	put_be32(e->buffer + 20, 0); /* reserved */
	e->sequence += e->wire_records;
}

const struct format_ops v1_format = {
    .name = "1",
    .header_size = 16,
    .fixed = &v1_layout,
    .init = fixed_init,
    .add = fixed_add,
    .finish = v1_finish,
};

const struct format_ops v5_format = {
    .name = "5",
    .header_size = 24,
    .fixed = &v5_layout,
    .init = fixed_init,
    .add = fixed_add,
    .finish = v5_finish,
};

const struct format_ops v7_format = {
    .name = "7",
    .header_size = 24,
    .fixed = &v7_layout,
    .init = fixed_init,
    .add = fixed_add,
    .finish = v7_finish,
};

/*
 * NetFlow v5, by Cisco's layout: a header of 24 octets and up to 30 records of 48.
 */
#include <errno.h>
#include <stdlib.h>

#include "export/format.h"
#include "util/bytes.h"

#define V5_RECORDS_MAX 30
#define V5_HEADER 24
#define V5_COUNTER_MAX UINT32_MAX
#define V5_PIECES_MAX 1024 /* 4 T of packets or octets; more is a lie */

/* Mode in the upper two bits of the header's last field. */
#define V5_MODE_DETERMINISTIC (1u << 14)
#define V5_MODE_RANDOM (2u << 14)

static const struct element nothing = {.kind = ELEMENT_NOTHING};

/* One row a field: the element's number, 0 for what the probe does not know. */
static const struct {
	uint16_t id;
	uint8_t size;
} v5_fields[] = {
    {8, 4}, {12, 4},        /* addresses */
    {0, 4},                 /* next hop */
    {10, 2}, {14, 2},       /* interfaces */
    {2, 4}, {1, 4},         /* packets, octets */
    {22, 4}, {21, 4},       /* first, last */
    {7, 2}, {11, 2},        /* ports */
    {0, 1}, {6, 1},         /* pad1, TCP flags */
    {4, 1}, {5, 1},         /* protocol, ToS */
    {0, 2}, {0, 2},         /* AS numbers */
    {0, 1}, {0, 1}, {0, 2}, /* prefix lengths, pad2 */
};

static int v5_init(struct encoder *e)
{
	struct layout *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(v5_fields) / sizeof(*v5_fields); i++)
		layout_add(l, v5_fields[i].id ? element_find(v5_fields[i].id) : &nothing,
		    v5_fields[i].size);
	e->format_state = l;
	return 0;
}

static uint64_t pieces_for(uint64_t count)
{
	return count / V5_COUNTER_MAX + (count % V5_COUNTER_MAX != 0);
}

/* The i-th of n nearly equal parts of a count. */
static uint64_t share(uint64_t count, uint64_t i, uint64_t n)
{
	return count / n + (i < count % n);
}

static void add_piece(struct encoder *e, const struct record *r, bool last)
{
	const struct layout *l = e->format_state;

	if (e->used && e->wire_records == V5_RECORDS_MAX)
		message_send(e);
	message_make_room(e, l->size);
	uptime_admit(e, r);
	layout_encode(l, r, e->origin_ms, message_reserve(e, l->size));
	message_count(e, r, last, 1);
}

/* 32-bit counters: a larger record leaves as several that add up. */
static bool v5_add(struct encoder *e, const struct record *r)
{
	uint64_t n = pieces_for(r->packets);
	struct record piece = *r;

	if (r->ip_version != 4) {
		e->not_expressible.ipv6++;
		return false;
	}
	if (pieces_for(r->octets) > n)
		n = pieces_for(r->octets);
	if (n > V5_PIECES_MAX) {
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

static uint16_t v5_sampling(const struct sampling_rule *rule)
{
	switch (rule->method) {
	case SAMPLING_DETERMINISTIC:
		return (uint16_t)(V5_MODE_DETERMINISTIC | rule->interval);
	case SAMPLING_RANDOM:
		return (uint16_t)(V5_MODE_RANDOM | rule->interval);
	default:
		return 1;
	}
}

static void v5_finish(struct encoder *e, uint64_t seconds)
{
	uint8_t *h = e->buffer;

	put_be16(h, 5);
	put_be16(h + 2, (uint16_t)e->wire_records);
	put_be32(h + 4, uptime_at(e, seconds));
	put_be32(h + 8, (uint32_t)seconds);
	put_be32(h + 12, 0); /* unix_nsecs: the second is whole */
	put_be32(h + 16, e->sequence);
	put_be16(h + 20, 0); /* engine type and ID */
	put_be16(h + 22, v5_sampling(&e->options.sampling.rules[0]));
	e->sequence += e->wire_records;
}

const struct format_ops v5_format = {
    .name = "5",
    .header_size = V5_HEADER,
    .init = v5_init,
    .add = v5_add,
    .finish = v5_finish,
};

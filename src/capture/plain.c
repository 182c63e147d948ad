#include "capture/plain.h"

#include <stddef.h>
#include <string.h>

#include "util/units.h"

#define RECORD_HEADER 16
#define MAGIC_US 0xa1b2c3d4u
#define MAGIC_NS 0xa1b23c4du
#define NS_PER_US 1000u
#define US_MAX 999999u
#define NS_MAX 999999999u

/* The last fields of a packet are what those of one file have alike; take_record() writes all before them. */
#define ALIKE (sizeof(struct packet) - offsetof(struct packet, ingress))
_Static_assert(offsetof(struct packet, ingress) ==
	offsetof(struct packet, ts_ns) + sizeof(((struct packet *)0)->ts_ns),
    "nothing is between those and the others");

static inline uint32_t get32(const uint8_t *at, bool swapped)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return swapped ? __builtin_bswap32(v) : v;
}

static uint16_t get16(const uint8_t *at, bool swapped)
{
	uint16_t v;

	memcpy(&v, at, sizeof(v));
	return swapped ? __builtin_bswap16(v) : v;
}

bool plain_init(struct plain *p, struct input *input, const uint8_t header[PLAIN_HEADER])
{
	uint32_t magic;

	memcpy(&magic, header, sizeof(magic));
	*p = (struct plain){.input = input};
	p->swapped = magic == __builtin_bswap32(MAGIC_US) || magic == __builtin_bswap32(MAGIC_NS);
	magic = get32(header, p->swapped);
	p->fraction_max = magic == MAGIC_NS ? NS_MAX : US_MAX;
	p->fraction_ns = magic == MAGIC_NS ? 1 : NS_PER_US;
	return (magic == MAGIC_US || magic == MAGIC_NS) && get16(header + 4, p->swapped) == 2 &&
	    get16(header + 6, p->swapped) == 4;
}

/* The record at `at`, of which `left` octets are in the window. Its size, or 0: it is not all there, or odd. */
static inline size_t take_record(
    const struct plain *p, const uint8_t *at, size_t left, bool swapped, struct packet *packet)
{
	uint32_t fraction, caplen, len;

	if (left < RECORD_HEADER)
		return 0;
	fraction = get32(at + 4, swapped);
	caplen = get32(at + 8, swapped);
	len = get32(at + 12, swapped);
	if (caplen > p->caplen_max || fraction > p->fraction_max || caplen > left - RECORD_HEADER)
		return 0;
	packet->data = at + RECORD_HEADER;
	packet->caplen = caplen;
	packet->len = len > caplen ? len : caplen;
	packet->ts_ns = get32(at, swapped) * NS_PER_S + fraction * p->fraction_ns;
	memcpy(&packet->ingress, &p->like.ingress, ALIKE);
	return RECORD_HEADER + (size_t)caplen;
}

/* As many as the window has. A part of its caller, which says of which byte order they are. */
static inline __attribute__((always_inline)) unsigned take_records(
    struct plain *plain, struct packet packets[], unsigned max, bool swapped)
{
	const struct plain p = *plain;
	const uint8_t *at = p.input->window + p.input->at;
	size_t ready = input_ready(p.input), left = ready, size;
	unsigned n = 0;

	while (n < max && (size = take_record(&p, at, left, swapped, &packets[n])) > 0) {
		at += size;
		__builtin_prefetch(at + INPUT_AHEAD);
		left -= size;
		n++;
	}
	input_take(p.input, ready - left);
	return n;
}

static unsigned take_ready(struct plain *p, struct packet packets[], unsigned max)
{
	return p->swapped ? take_records(p, packets, max, true)
			  : take_records(p, packets, max, false);
}

unsigned plain_read(struct plain *p, struct packet packets[], unsigned max)
{
	unsigned n = take_ready(p, packets, max);
	const uint8_t *h;
	uint32_t caplen;

	if (n > 0)
		return n;
	h = input_peek(p->input, RECORD_HEADER);
	if (!h)
		return 0;
	caplen = get32(h + 8, p->swapped);
	if (caplen > p->caplen_max || !input_peek(p->input, RECORD_HEADER + (size_t)caplen))
		return 0;
	return take_ready(p, packets, max);
}

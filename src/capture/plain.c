#include "capture/plain.h"

#include <string.h>

#include "util/units.h"

#define RECORD_HEADER 16
#define MAGIC_US 0xa1b2c3d4u
#define MAGIC_NS 0xa1b23c4du
#define NS_PER_US 1000u
#define US_MAX 999999u
#define NS_MAX 999999999u

static uint32_t get32(const struct plain *p, const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return p->swapped ? __builtin_bswap32(v) : v;
}

static uint16_t get16(const struct plain *p, const uint8_t *at)
{
	uint16_t v;

	memcpy(&v, at, sizeof(v));
	return p->swapped ? __builtin_bswap16(v) : v;
}

bool plain_init(struct plain *p, struct input *input, const uint8_t header[PLAIN_HEADER])
{
	uint32_t magic;

	memcpy(&magic, header, sizeof(magic));
	*p = (struct plain){.input = input};
	p->swapped = magic == __builtin_bswap32(MAGIC_US) || magic == __builtin_bswap32(MAGIC_NS);
	magic = get32(p, header);
	p->fraction_max = magic == MAGIC_NS ? NS_MAX : US_MAX;
	p->fraction_ns = magic == MAGIC_NS ? 1 : NS_PER_US;
	return (magic == MAGIC_US || magic == MAGIC_NS) && get16(p, header + 4) == 2 &&
	    get16(p, header + 6) == 4;
}

/* The record at `at`, of which `left` octets are in the window. Its size, or 0: it is not all there, or odd. */
static inline size_t take_record(
    const struct plain *p, const uint8_t *at, size_t left, struct packet *packet)
{
	uint32_t caplen, fraction;

	if (left < RECORD_HEADER)
		return 0;
	fraction = get32(p, at + 4);
	caplen = get32(p, at + 8);
	if (caplen > p->caplen_max || fraction > p->fraction_max || caplen > left - RECORD_HEADER)
		return 0;
	*packet = (struct packet){.data = at + RECORD_HEADER,
	    .caplen = caplen,
	    .len = get32(p, at + 12),
	    .ts_ns = get32(p, at) * NS_PER_S + fraction * p->fraction_ns,
	    .linktype = p->linktype};
	return RECORD_HEADER + (size_t)caplen;
}

/* As many as the window has. */
static unsigned take_records(struct plain *p, struct packet packets[], unsigned max)
{
	struct input *in = p->input;
	const uint8_t *at = in->window + in->at;
	size_t left = input_ready(in), size;
	unsigned n = 0;

	while (n < max && (size = take_record(p, at, left, &packets[n])) > 0) {
		at += size;
		left -= size;
		n++;
	}
	input_take(in, input_ready(in) - left);
	return n;
}

unsigned plain_read(struct plain *p, struct packet packets[], unsigned max)
{
	unsigned n = take_records(p, packets, max);
	const uint8_t *h;
	uint32_t caplen;

	if (n > 0)
		return n;
	h = input_peek(p->input, RECORD_HEADER);
	if (!h)
		return 0;
	caplen = get32(p, h + 8);
	if (caplen > p->caplen_max || !input_peek(p->input, RECORD_HEADER + (size_t)caplen))
		return 0;
	return take_records(p, packets, max);
}

#include "capture/plain.h"

#include <string.h>

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

bool plain_next(struct plain *p, struct plain_record *r)
{
	const uint8_t *h = input_peek(p->input, RECORD_HEADER);
	size_t size;

	if (!h)
		return false;
	r->seconds = get32(p, h);
	r->fraction = get32(p, h + 4);
	r->caplen = get32(p, h + 8);
	r->len = get32(p, h + 12);
	if (r->caplen > p->caplen_max || r->fraction > p->fraction_max)
		return false;
	r->fraction *= p->fraction_ns;
	size = RECORD_HEADER + (size_t)r->caplen;
	h = input_peek(p->input, size);
	if (!h)
		return false;
	r->data = h + RECORD_HEADER;
	input_take(p->input, size);
	return true;
}

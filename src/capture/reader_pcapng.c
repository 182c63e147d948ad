/*
 * pcapng files (draft-ietf-opsawg-pcapng): sections of blocks, each section with a byte order and
 * interfaces of its own. Interfaces are numbered through the whole file, so that two sections'
 * first ones are not taken for the same.
 *
 * A block that is of interest is looked at as a whole in the input's window; all others are stepped
 * over, however long they are.
 */
#include "capture/reader.h"

#include <errno.h>
#include <inttypes.h>
#include <pcap/dlt.h>
#include <stdio.h>
#include <stdlib.h>

#include "capture/source.h"
#include "capture/timebase.h"
#include "util/cursor.h"

#define SECTION 0x0a0d0d0au /* the same in both byte orders */
#define ENHANCED 6
#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define HOST_IS_LITTLE (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
#define BLOCK_MIN 12 /* type, length and, behind the body, the length again */
#define BLOCK_MAX (16u << 20)
#define BLOCK_HEAD 8
#define BLOCK_TAIL 4
#define PACKET_HEAD 20
#define INTERFACES_MAX 65536u
#define OPTION_END 0
#define OPTION_IF_TSRESOL 9
#define OPTION_IF_FCSLEN 13
#define OPTION_IF_TSOFFSET 14

struct interface {
	int linktype;
	uint32_t fcs;     /* octets of a frame check sequence at each packet's end */
	uint32_t snaplen; /* 0: not limited */
	struct timebase timebase;
};

struct reader_pcapng {
	struct reader base;
	bool is_little;
	struct interface *interfaces; /* of this section */
	uint32_t count;
	uint32_t room;
	uint32_t before; /* interfaces of the sections before it */
};

/* What next() returns, and what the functions for blocks do beside it. */
enum { FILE_END = 0, PACKET = 1, NO_PACKET = 2 };

static inline uint32_t get32_as(const uint8_t *at, bool is_little)
{
	uint32_t v = get_be32(at);

	return is_little ? __builtin_bswap32(v) : v;
}

static uint32_t get32(const struct reader_pcapng *r, const uint8_t *at)
{
	return get32_as(at, r->is_little);
}

static uint16_t get16(const struct reader_pcapng *r, const uint8_t *at)
{
	uint16_t v = get_be16(at);

	return r->is_little ? __builtin_bswap16(v) : v;
}

static uint64_t get64(const struct reader_pcapng *r, const uint8_t *at)
{
	uint64_t high = get32(r, r->is_little ? at + 4 : at);

	return high << 32 | get32(r, r->is_little ? at : at + 4);
}

/* -- section and interfaces --------------------------------------------------------------------- */

/* The section's byte order, which the block's length has, too. */
static int set_byte_order(struct reader_pcapng *r)
{
	const uint8_t *head = input_peek(r->base.input, BLOCK_HEAD + 4);

	if (!head)
		return reader_cut(r->base.input, r->base.why);
	r->is_little = get32_as(head + BLOCK_HEAD, true) == BYTE_ORDER_MAGIC;
	r->base.swapped = r->is_little != HOST_IS_LITTLE;
	if (get32(r, head + BLOCK_HEAD) == BYTE_ORDER_MAGIC)
		return 0;
	return reader_fail(r->base.why, "a pcapng section in no byte order");
}

static int read_section(struct reader_pcapng *r, struct cursor *c, struct packet *packet)
{
	const uint8_t *version;

	(void)packet;
	cursor_take(c, 4);
	version = cursor_take(c, 4);
	if (!version)
		return reader_fail(r->base.why, "a pcapng section header that is too short");
	if (get16(r, version) != 1)
		return reader_fail(r->base.why, "pcapng version %u.%u is not known: 1.0 is",
		    get16(r, version), get16(r, version + 2));
	r->before += r->count;
	r->count = 0;
	return NO_PACKET;
}

/* The few numbers of files that libpcap calls by others in memory. */
static int dlt_of(uint16_t linktype)
{
	switch (linktype) {
	case 100:
		return DLT_ATM_RFC1483;
	case 101:
		return DLT_RAW;
	case 102:
		return DLT_SLIP_BSDOS;
	case 103:
		return DLT_PPP_BSDOS;
	default:
		return linktype;
	}
}

/* What an interface's options say that is of interest. */
struct described {
	uint8_t resolution;
	int64_t offset_s;
	uint32_t fcs;
};

/* The draft's length is in bits, and its example, and so what some write, in octets. */
static uint32_t fcs_octets(uint8_t length)
{
	return length < 8 ? length : length / 8u;
}

static int read_option(struct reader_pcapng *r, uint16_t code, const uint8_t *value,
    uint16_t length, struct described *d)
{
	if (code == OPTION_IF_TSRESOL && length == 1)
		d->resolution = *value;
	else if (code == OPTION_IF_TSOFFSET && length == 8)
		d->offset_s = (int64_t)get64(r, value);
	else if (code == OPTION_IF_FCSLEN && length == 1)
		d->fcs = fcs_octets(*value);
	else if (code == OPTION_IF_TSRESOL || code == OPTION_IF_TSOFFSET)
		return reader_fail(r->base.why,
		    "an interface with an option %u of %u octets: its times are not known", code,
		    length);
	return 0;
}

static int read_options(struct reader_pcapng *r, struct cursor *c, struct interface *out)
{
	struct described d = {.resolution = TIMEBASE_DEFAULT};
	const uint8_t *head;
	int rc = 0;

	while (rc == 0 && (head = cursor_take(c, 4)) && get16(r, head) != OPTION_END) {
		uint16_t length = get16(r, head + 2);
		const uint8_t *value = cursor_take(c, (length + 3u) & ~3u);

		if (!value)
			return reader_fail(r->base.why, "an interface with an option that is cut");
		rc = read_option(r, get16(r, head), value, length, &d);
	}
	out->timebase = timebase_of(d.resolution, d.offset_s);
	out->fcs = reader_fcs(out->linktype, d.fcs);
	return rc;
}

static struct interface *add_interface(struct reader_pcapng *r)
{
	if (r->count == r->room) {
		uint32_t room = r->room ? 2 * r->room : 8;
		struct interface *more = realloc(r->interfaces, room * sizeof(*more));

		if (!more)
			return NULL;
		r->interfaces = more;
		r->room = room;
	}
	return &r->interfaces[r->count++];
}

static int read_interface(struct reader_pcapng *r, struct cursor *c, struct packet *packet)
{
	const uint8_t *head = cursor_take(c, 8);
	struct interface *interface;
	int rc;

	(void)packet;
	if (!head)
		return reader_fail(r->base.why, "an interface description that is too short");
	if (r->count == INTERFACES_MAX)
		return reader_fail(
		    r->base.why, "a section with more than %u interfaces", INTERFACES_MAX);
	interface = add_interface(r);
	if (!interface)
		return reader_fail(r->base.why, "no memory");
	interface->linktype = dlt_of(get16(r, head));
	interface->snaplen = get32(r, head + 4);
	rc = read_options(r, c, interface);
	return rc ? rc : NO_PACKET;
}

/* -- packets ------------------------------------------------------------------------------------ */

/* The octets of a packet of this interface; its lengths are set already. */
static int fill_packet(
    struct reader_pcapng *r, struct cursor *c, uint32_t id, struct packet *packet)
{
	if (id >= r->count)
		return reader_fail(r->base.why,
		    "a packet of interface %" PRIu32 ", which the section has not described", id);
	packet->data = cursor_peek(c, packet->caplen);
	if (!packet->data)
		return reader_fail(r->base.why, "%" PRIu32 " captured octets in a block with %zu",
		    packet->caplen, c->left);
	packet->linktype = r->interfaces[id].linktype;
	packet->interface = r->before + id + 1;
	if (r->interfaces[id].fcs)
		reader_take_off(packet, r->interfaces[id].fcs);
	return PACKET;
}

/* What the enhanced and the obsolete block share, behind the interface's number. */
static int read_timed(struct reader_pcapng *r, struct cursor *c, const uint8_t *head, uint32_t id,
    struct packet *packet)
{
	uint64_t ticks = (uint64_t)get32(r, head + 4) << 32 | get32(r, head + 8);
	int rc;

	packet->caplen = get32(r, head + 12);
	packet->len = get32(r, head + 16);
	rc = fill_packet(r, c, id, packet);
	if (rc == PACKET)
		packet->ts_ns = timebase_ns(&r->interfaces[id].timebase, ticks);
	return rc;
}

static int short_packet(struct reader_pcapng *r)
{
	return reader_fail(r->base.why, "a packet's block that is too short");
}

static int read_enhanced(struct reader_pcapng *r, struct cursor *c, struct packet *packet)
{
	const uint8_t *head = cursor_take(c, PACKET_HEAD);

	return head ? read_timed(r, c, head, get32(r, head), packet) : short_packet(r);
}

static int read_obsolete(struct reader_pcapng *r, struct cursor *c, struct packet *packet)
{
	const uint8_t *head = cursor_take(c, PACKET_HEAD);

	return head ? read_timed(r, c, head, get16(r, head), packet) : short_packet(r);
}

/* It has no time, and is of the section's first interface, whose snapshot length cut it. */
static int read_simple(struct reader_pcapng *r, struct cursor *c, struct packet *packet)
{
	const uint8_t *head = cursor_take(c, 4);
	uint32_t snaplen = r->count ? r->interfaces[0].snaplen : 0;

	if (!head)
		return short_packet(r);
	packet->ts_ns = 0;
	packet->len = get32(r, head);
	packet->caplen = snaplen && packet->len > snaplen ? snaplen : packet->len;
	return fill_packet(r, c, 0, packet);
}

/* -- blocks ------------------------------------------------------------------------------------- */

static const struct block_type {
	uint32_t type;
	int (*read)(struct reader_pcapng *, struct cursor *body, struct packet *);
} block_types[] = {
    {ENHANCED, read_enhanced},
    {3, read_simple},
    {2, read_obsolete},
    {1, read_interface},
    {SECTION, read_section},
};

/* The length stands on both sides of the body. */
static int check_tail(struct reader_pcapng *r, uint32_t length, const uint8_t *tail)
{
	if (get32(r, tail) == length)
		return NO_PACKET;
	return reader_fail(r->base.why,
	    "a block of %" PRIu32 " octets by its beginning, %" PRIu32 " by its end", length,
	    get32(r, tail));
}

static int read_block(
    struct reader_pcapng *r, const struct block_type *type, uint32_t length, struct packet *packet)
{
	const uint8_t *block;
	struct cursor body;
	int rc;

	if (length > BLOCK_MAX)
		return reader_fail(r->base.why,
		    "a block of %" PRIu32 " octets: at most %u are read", length, BLOCK_MAX);
	block = input_peek(r->base.input, length);
	if (!block)
		return reader_cut(r->base.input, r->base.why);
	rc = check_tail(r, length, block + length - BLOCK_TAIL);
	if (rc < 0)
		return rc;
	body = (struct cursor){.at = block + BLOCK_HEAD, .left = length - BLOCK_MIN};
	rc = type->read(r, &body, packet);
	if (rc > 0)
		input_take(r->base.input, length);
	return rc;
}

static int skip_block(struct reader_pcapng *r, uint32_t length)
{
	struct input *input = r->base.input;
	const uint8_t *tail;
	int rc;

	if (input_skip(input, length - BLOCK_TAIL) || !(tail = input_peek(input, BLOCK_TAIL)))
		return reader_cut(input, r->base.why);
	rc = check_tail(r, length, tail);
	input_take(input, BLOCK_TAIL);
	return rc;
}

static int next_block(struct reader_pcapng *r, struct packet *packet)
{
	const uint8_t *head = input_peek(r->base.input, BLOCK_HEAD);
	uint32_t type, length;
	int rc;

	if (!head)
		return input_ready(r->base.input) ? reader_cut(r->base.input, r->base.why)
						  : reader_ended(r->base.input, r->base.why);
	if (get32(r, head) == SECTION && (rc = set_byte_order(r)))
		return rc;
	/* The window may have moved. */
	head = input_peek(r->base.input, BLOCK_HEAD);
	type = get32(r, head);
	length = get32(r, head + 4);
	if (length < BLOCK_MIN || length % 4)
		return reader_fail(
		    r->base.why, "a block of %" PRIu32 " octets: no block has that", length);
	for (size_t i = 0; i < sizeof(block_types) / sizeof(*block_types); i++)
		if (block_types[i].type == type)
			return read_block(r, &block_types[i], length, packet);
	return skip_block(r, length);
}

/* -- runs of packets ---------------------------------------------------------------------------- */

/*
 * The size of the block at `at`, of which `left` octets are in the window; 0: it is not all there, not an enhanced
 * one, or odd in any way, or its packet is not Ethernet's. Of other link types it may have to be told where in the file
 * a packet was that is not decoded, so that these come one by one.
 */
static inline size_t usual_block(
    const struct reader_pcapng *r, const uint8_t *at, size_t left, bool is_little)
{
	uint32_t length, id, caplen;

	if (left < BLOCK_MIN + PACKET_HEAD || get32_as(at, is_little) != ENHANCED)
		return 0;
	length = get32_as(at + 4, is_little);
	if (length < BLOCK_MIN + PACKET_HEAD || length % 4 || length > left ||
	    get32_as(at + length - BLOCK_TAIL, is_little) != length)
		return 0;
	id = get32_as(at + BLOCK_HEAD, is_little);
	caplen = get32_as(at + BLOCK_HEAD + 12, is_little);
	if (id >= r->count || caplen > length - BLOCK_MIN - PACKET_HEAD)
		return 0;
	return r->interfaces[id].linktype == DLT_EN10MB ? length : 0;
}

static inline void take_usual(
    const struct reader_pcapng *r, const uint8_t *at, bool is_little, struct packet *packet)
{
	const uint8_t *head = at + BLOCK_HEAD;
	uint32_t id = get32_as(head, is_little);
	uint64_t ticks =
	    (uint64_t)get32_as(head + 4, is_little) << 32 | get32_as(head + 8, is_little);
	const struct interface *interface = &r->interfaces[id];

	*packet = (struct packet){.data = head + PACKET_HEAD,
	    .caplen = get32_as(head + 12, is_little),
	    .len = get32_as(head + 16, is_little),
	    .ts_ns = timebase_ns(&interface->timebase, ticks),
	    .linktype = DLT_EN10MB,
	    .interface = r->before + id + 1};
	if (interface->fcs)
		reader_take_off(packet, interface->fcs);
	reader_complete(&r->base, packet);
}

/* As many as the window has. A part of its caller, which says of which byte order they are. */
static inline __attribute__((always_inline)) unsigned take_run(
    const struct reader_pcapng *r, struct packet packets[], unsigned max, bool is_little)
{
	struct input *input = r->base.input;
	const uint8_t *at = input->window + input->at;
	size_t ready = input_ready(input), left = ready, size;
	unsigned n = 0;

	while (n < max && (size = usual_block(r, at, left, is_little)) > 0) {
		take_usual(r, at, is_little, &packets[n++]);
		at += size;
		left -= size;
		__builtin_prefetch(at + INPUT_AHEAD);
	}
	input_take(input, ready - left);
	return n;
}

static int next_packet(struct reader_pcapng *r, struct packet *packet)
{
	int rc;

	*packet = (struct packet){0};
	do {
		r->base.offset = input_offset(r->base.input);
		rc = next_block(r, packet);
	} while (rc == NO_PACKET);
	reader_complete(&r->base, packet);
	return rc;
}

static int pcapng_read(struct reader *base, struct packet packets[], unsigned max)
{
	struct reader_pcapng *r = (struct reader_pcapng *)base;
	unsigned n =
	    r->is_little ? take_run(r, packets, max, true) : take_run(r, packets, max, false);

	return n > 0 ? (int)n : next_packet(r, packets);
}

/* -- life --------------------------------------------------------------------------------------- */

static void pcapng_close(struct reader *base)
{
	struct reader_pcapng *r = (struct reader_pcapng *)base;

	free(r->interfaces);
	free(r);
}

static const struct reader_ops pcapng_ops = {.read = pcapng_read, .close = pcapng_close};

int reader_pcapng_open(struct input *input, struct reader **out, char *why)
{
	struct reader_pcapng *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return -ENOMEM;
	r->base.ops = &pcapng_ops;
	r->base.input = input;
	r->base.linktype = SOURCE_LINKTYPES;
	rc = set_byte_order(r);
	if (rc) {
		snprintf(why, READER_WHY, "%s", r->base.why);
		pcapng_close(&r->base);
		return rc;
	}
	*out = &r->base;
	return 0;
}

/*
 * NetFlow v9 (RFC 3954): the message header counts records of every kind and export packets.
 */
#include "export/sets.h"
#include "util/bytes.h"

#define V9_HEADER 20

static int v9_init(struct encoder *e)
{
	static const struct set_dialect dialect = {
	    .template_set_id = 0, .options_set_id = 1, .is_v9 = true};

	return sets_init(e, &dialect);
}

static void v9_finish(struct encoder *e, uint64_t seconds)
{
	struct sets *s = e->format_state;
	uint8_t *h = e->buffer;

	sets_finish(e);
	put_be16(h, 9);
	put_be16(h + 2, (uint16_t)s->all_records);
	put_be32(h + 4, uptime_at(e, seconds));
	put_be32(h + 8, (uint32_t)seconds);
	put_be32(h + 12, e->sequence++);
	put_be32(h + 16, e->options.domain);
	s->all_records = 0;
	s->data_records = 0;
}

const struct format_ops v9_format = {
    .name = "9",
    .header_size = V9_HEADER,
    .init = v9_init,
    .add = sets_add,
    .announce = sets_announce,
    .finish = v9_finish,
    .discard = sets_discard,
    .conclude = sets_conclude,
};

/*
 * IPFIX (RFC 7011): the sequence number counts Data Records, those of options included, and is the
 * count before the message; Export Time never decreases.
 */
#include "export/sets.h"
#include "util/bytes.h"

#define IPFIX_HEADER 16

static int ipfix_init(struct encoder *e)
{
	static const struct set_dialect dialect = {
	    .template_set_id = 2, .options_set_id = 3, .is_v9 = false};

	return sets_init(e, &dialect);
}

static void ipfix_finish(struct encoder *e, uint64_t seconds)
{
	struct sets *s = e->format_state;
	uint8_t *h = e->buffer;

	sets_finish(e);
	if (seconds > e->export_time)
		e->export_time = seconds;
	put_be16(h, 10);
	put_be16(h + 2, (uint16_t)e->used);
	put_be32(h + 4, (uint32_t)e->export_time);
	put_be32(h + 8, e->sequence);
	put_be32(h + 12, e->options.domain);
	e->sequence += s->data_records;
	s->all_records = 0;
	s->data_records = 0;
}

const struct format_ops ipfix_format = {
    .name = "ipfix",
    .header_size = IPFIX_HEADER,
    .init = ipfix_init,
    .add = sets_add,
    .announce = sets_announce,
    .finish = ipfix_finish,
    .discard = sets_discard,
    .conclude = sets_conclude,
};

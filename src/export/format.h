/*
 * Inside the encoder: what a format has to supply, and what message.c does for all of them.
 */
#ifndef SPANFLOW_EXPORT_FORMAT_H
#define SPANFLOW_EXPORT_FORMAT_H

#include "export/encoder.h"
#include "export/layout.h"
#include "meter/record.h"
#include "util/units.h"

struct encoder;
struct fixed;

/* A format's operations; those that are NULL have nothing to do. */
struct format_ops {
	const char *name;
	size_t header_size;
	const struct fixed *fixed; /* fixed.c: the layout of v1, v5 and v7 */
	/* Fills `e->format_state`, once. 0 or -ENOMEM. */
	int (*init)(struct encoder *e);
	/*
	 * Puts the record, in as many pieces as it takes, behind what stands in the message. False:
	 * it cannot be expressed, which has been counted.
	 */
	bool (*add)(struct encoder *e, const struct record *r);
	/* Sends what a collector needs before data and again from time to time. */
	void (*announce)(struct encoder *e);
	/* Completes the message: the header, for a message that leaves at `seconds`. */
	void (*finish)(struct encoder *e, uint64_t seconds);
	/* Forgets what it knows of the message that is open. */
	void (*discard)(struct encoder *e);
	/* Adds the last words of the session, to a message of their own. */
	void (*conclude)(struct encoder *e);
};

extern const struct format_ops v1_format, v5_format, v7_format, v9_format, ipfix_format;
extern const struct format_ops text_format, csv_format, json_format;

struct encoder {
	const struct format_ops *ops;
	struct encoder_options options;
	struct not_expressible not_expressible;
	void *format_state;

	/* Time as last told. */
	uint64_t clock_ns;
	uint64_t wall_ns;

	/* The message under construction. */
	uint8_t *buffer;
	size_t capacity;
	size_t used; /* 0: none is open */
	uint32_t records;
	uint32_t wire_records;
	uint64_t packets; /* in its records and pieces */
	uint64_t octets;
	bool continues;            /* its first record began in the message before */
	bool within_record;        /* what is added now is a further piece of one */
	uint64_t waiting_since_ns; /* clock when its first record came */
	uint64_t latest_end_ns;
	const struct sampling_rule *rule; /* v1, v5, v7: of its latest record */

	/* Templates. */
	bool announced;
	uint64_t lists_seen; /* of the board */
	bool announcing;     /* what is sent next begins with the templates */
	bool doubted;        /* the collector may not have them any more */
	uint64_t announced_at_ns;
	uint32_t messages_since;
	uint32_t announcement_messages; /* so many took the last announcement */

	uint64_t origin_ms; /* SysUptime origin, a whole second; v5 and v9 */
	bool origin_set;
	bool stale; /* the message's time is its latest end, not the clock (uptime.c) */
	uint32_t sequence;
	uint64_t export_time; /* IPFIX: the latest, in seconds */

	struct export_constants constants;
	/* What options data tell: what was given to `out`, not sent, and not metered. */
	uint64_t messages_total;
	uint64_t octets_total;
	uint64_t records_total;
	struct not_sent not_sent;
	struct unmetered unmetered;
};

/* The format's operations. */
const struct format_ops *format_operations(enum format f);
/* fixed.c: octets of a record. */
size_t fixed_record_size(const struct fixed *fixed);
/* fixed.c: the most messages that its pieces may make leave; one must fit. */
uint32_t fixed_record_messages(const struct format_ops *ops, size_t max_payload);

/* The sampling rule that chose the record's packets. */
static inline const struct sampling_rule *encoder_rule_of(
    const struct encoder *e, const struct record *r)
{
	const struct sampling_plan *plan = &e->options.sampling;

	return &plan->rules[r->selector < plan->count ? r->selector : 0];
}

/* message.c: sends the open message unless so many octets still fit. */
void message_make_room(struct encoder *e, size_t size);
/*
 * `size` octets at the end of the message, which is begun where none is open. There must be room,
 * and the caller writes all of them.
 */
uint8_t *message_reserve(struct encoder *e, size_t size);
/* Adds a line, which is of this record unless it is NULL. */
void message_put_line(struct encoder *e, const char *text, size_t size, const struct record *r);
/* Says that the octets just written are records. */
void message_count(struct encoder *e, const struct record *r, uint32_t records, uint32_t pieces);
/* Completes and sends the message, if one is open. */
void message_send(struct encoder *e);

static inline uint64_t ceil_seconds(uint64_t ns)
{
	return ns / NS_PER_S + (ns % NS_PER_S != 0);
}

/*
 * uptime.c: sees to it that the record can be told relative to the SysUptime origin, for which it
 * may send the open message and choose a new origin.
 */
void uptime_admit(struct encoder *e, const struct record *r);
/* SysUptime in ms for a message that leaves at `seconds`. */
uint32_t uptime_at(struct encoder *e, uint64_t seconds);

#endif

/*
 * The Exporting Process for one collector: records in, messages out. No sockets, no clock.
 *
 * An encoder belongs to the exporter's thread. Time comes with the records and ticks, so a file
 * gives the same messages whenever and however fast it is read.
 */
#ifndef SPANFLOW_EXPORT_ENCODER_H
#define SPANFLOW_EXPORT_ENCODER_H

#include <stdbool.h>
#include <stdint.h>

#include "export/message.h"
#include "meter/record.h"
#include "meter/sampler.h"

enum format { FORMAT_V5, FORMAT_V9, FORMAT_IPFIX, FORMAT_TEXT, FORMAT_CSV, FORMAT_JSON };

/* The largest UDP payload over IPv4; over IPv6 it is larger still. */
#define PAYLOAD_MIN 512
#define PAYLOAD_MAX 65507
#define PAYLOAD_DEFAULT 1400
/* A message of lines: as much as a pipe takes whole or not at all. */
#define STREAM_MESSAGE_MAX 4096
/* NetFlow v5 has 14 bits for the sampling interval. */
#define V5_INTERVAL_MAX 16383

struct encoder_options {
	enum format format;
	size_t max_payload;            /* of a message; streams ignore it */
	uint32_t domain;               /* IPFIX Observation Domain ID, v9 Source ID */
	struct sampling_rule sampling; /* as announced */
	uint64_t refresh_ns;           /* templates and options again after this time */
	uint32_t refresh_messages;     /* templates again after so many messages */
	message_fn *out;
	void *out_ctx;
};

struct encoder;

/* NULL when memory lacks. */
struct encoder *encoder_create(const struct encoder_options *options);
void encoder_destroy(struct encoder *e);

/*
 * Time has come to this point: a message that waited for company for ENCODER_WAIT_NS leaves, and
 * templates are sent where they are due.
 */
void encoder_tick(struct encoder *e, uint64_t clock_ns, uint64_t wall_ns);
/* Adds a flow record, at the time that it brings. */
void encoder_record(struct encoder *e, const struct record *r);
/* Whatever is ready leaves now. */
void encoder_flush(struct encoder *e);
/* The last call: flushes. CSV without a record still gets its heading. */
void encoder_finish(struct encoder *e);
/* Whether this is a stream of lines for a person or program, rather than of datagrams. */
bool format_is_stream(enum format f);
/* The collector may have lost its state: templates go out again before more data. */
void encoder_refresh(struct encoder *e);

#define ENCODER_WAIT_NS 1000000000ull

/* Records that the format cannot express, by reason. */
struct not_expressible {
	uint64_t ipv6;
	uint64_t too_large; /* counts that would take over a thousand v5 records */
};

const struct not_expressible *encoder_not_expressible(const struct encoder *e);

/* As the option has it: "5", "9", "ipfix", "text", ... */
const char *format_name(enum format f);

#endif

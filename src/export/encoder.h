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
#include <sys/socket.h>

#include "export/element.h"
#include "export/message.h"
#include "meter/record.h"
#include "meter/sampler.h"

enum format {
	FORMAT_V1,
	FORMAT_V5,
	FORMAT_V7,
	FORMAT_V9,
	FORMAT_IPFIX,
	FORMAT_TEXT,
	FORMAT_CSV,
	FORMAT_JSON
};

#define PAYLOAD_MIN 64
/* The largest UDP payload over IPv4; over IPv6 it is larger still. */
#define PAYLOAD_MAX 65507
#define PAYLOAD_DEFAULT 1400
/* A message of lines: as much as a pipe takes whole or not at all. */
#define STREAM_MESSAGE_MAX 4096

/* Which elements records have; zeros: the default. */
#define RECORDS_ELEMENTS_MAX 64

struct records_choice {
	enum { RECORDS_DEFAULT, RECORDS_MINIMAL, RECORDS_FULL, RECORDS_LIST } kind;
	const struct element *list[RECORDS_ELEMENTS_MAX]; /* of RECORDS_LIST: in this order */
	unsigned count;
};

/* An interface that records name by its index; for options data. */
struct interface_info {
	uint32_t index;
	char name[32]; /* ends in 0, like the other */
	char description[64];
};

struct board; /* export/board.h */

struct encoder_options {
	enum format format;
	struct records_choice records;
	size_t max_payload;  /* of a message; streams ignore it */
	uint32_t domain;     /* IPFIX Observation Domain ID, v9 Source ID */
	uint8_t engine_type; /* v5 */
	uint8_t engine_id;
	bool no_mode_bits; /* v5: the sampling field holds the interval alone */
	bool continues;    /* lines: behind others, without a heading, which they do not need */
	bool has_segments; /* flows may be of overlay networks: each record says of which */
	struct sampling_plan sampling;           /* as announced */
	unsigned key_changes;                    /* set of 1 << enum key_part (meter/flow.h) */
	uint64_t refresh_ns;                     /* templates and options again after this time */
	uint32_t refresh_messages;               /* templates again after so many messages */
	const struct interface_info *interfaces; /* must outlive the encoder */
	size_t interface_count;
	size_t interface_room; /* if there may be more later: so many at most */
	struct board *board;   /* NULL: interfaces never change; else later lists come from here */
	message_fn *out;
	bool (*is_behind)(void *ctx); /* lines: whether it `continues`, asked in time; NULL: no */
	void *out_ctx;                /* for both */
};

struct encoder;

/* NULL when memory lacks. */
struct encoder *encoder_create(const struct encoder_options *options);
void encoder_destroy(struct encoder *e);

/*
 * "default", "minimal", "full", or names of elements with commas between them. 0, or -EINVAL with
 * `why` saying what is wrong.
 */
int records_parse(const char *text, struct records_choice *records, char *why, size_t size);
/*
 * Whether the format can do what is asked: that it has the elements and a place for the sampling
 * rate, and that a record fits into max_payload. 0, or -EINVAL with `why` saying what does not.
 */
int encoder_check(const struct encoder_options *options, char *why, size_t size);
/* The most messages that one record makes leave, of options that encoder_check() has passed. */
uint32_t encoder_record_messages(const struct encoder_options *options);
/* The most messages that an announcement takes for the interfaces' names and descriptions. */
uint32_t encoder_interface_messages(const struct encoder_options *options);
/* Whether its records need pktinfo.detail. */
bool encoder_needs_details(const struct encoder_options *options);

/*
 * Time has come to this point: a message that waited for company for ENCODER_WAIT_NS leaves, and
 * templates are sent where they are due.
 */
void encoder_tick(struct encoder *e, uint64_t clock_ns, uint64_t wall_ns);
/*
 * Adds a flow record, at the time that it brings. False: the format cannot express it, which has
 * been counted.
 */
bool encoder_record(struct encoder *e, const struct record *r);
/* Gives the record the counters that encoder_record() would tell of it. */
void encoder_scale(const struct encoder *e, struct record *r);
/* Records that wait for company: they are in no message yet that has left the encoder. */
uint32_t encoder_waiting(const struct encoder *e);
/* Whatever is ready leaves now. */
void encoder_flush(struct encoder *e);
/* The last call: flushes. CSV without a record still gets its heading. */
void encoder_finish(struct encoder *e);
/* Whether this is a stream of lines for a person or program, rather than of datagrams. */
bool format_is_stream(enum format f);
/* Templates go out again before more data. */
void encoder_refresh(struct encoder *e);
/*
 * The collector may have lost its state: templates go out again, but not so often that one that
 * loses every message would be sent little else.
 */
void encoder_doubt(struct encoder *e);

/*
 * A new transport session: sequence numbers and Export Time begin anew, and templates come first.
 * What is in the open message is discarded; the owner has kept the records. `exporter` is the
 * address that messages leave from, or NULL.
 */
void encoder_begin_session(struct encoder *e, const struct sockaddr *exporter);
/*
 * Takes back what has not been sent: the open message, and those handed over of which the first
 * had this sequence number. Templates come before the next data.
 */
void encoder_rewind(struct encoder *e, uint32_t sequence);
/* Takes back the open message alone. For tests. */
void encoder_discard(struct encoder *e);

/* What the collector did not get so far; the Exporting Process tells it so. */
void encoder_tell_not_sent(struct encoder *e, const struct not_sent *lost);
/* Messages that were taken back have not been exported: whoever gets their records counts them. */
void encoder_tell_taken_back(struct encoder *e, const struct not_sent *taken);

/* What the Metering Process could not take into account so far. */
void encoder_tell_unmetered(struct encoder *e, const struct unmetered *lost);

#define ENCODER_WAIT_NS 1000000000ull

/* Records that the format cannot express, by reason. */
struct not_expressible {
	uint64_t ipv6;
	uint64_t too_large;   /* counts that would take over a thousand v5 records */
	uint64_t no_elements; /* the chosen elements leave nothing of it */
};

const struct not_expressible *encoder_not_expressible(const struct encoder *e);

/* As the option has it: "5", "9", "ipfix", "text", ... */
const char *format_name(enum format f);

#endif

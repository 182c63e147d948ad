/*
 * A collector for tests: keeps the messages of an encoder, and reads NetFlow v1, v5, v7, v9 and
 * IPFIX by the standards alone. Whatever breaks a rule that every message must keep ends the test
 * at once: lengths, padding, templates before data, sequence numbers, header time, the size limit.
 */
#ifndef SPANFLOW_TESTS_COLLECTOR_H
#define SPANFLOW_TESTS_COLLECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "export/encoder.h"

#define FIELDS_MAX 80
#define TEMPLATES_MAX 20

struct seen_field {
	uint16_t id;
	uint16_t size;
};

struct seen_template {
	uint16_t id;
	bool is_options;
	unsigned scope_count;
	unsigned count;
	size_t size; /* of a record */
	struct seen_field fields[FIELDS_MAX];
};

struct seen_message {
	uint8_t *data;
	size_t size;
	uint32_t records, wire_records; /* as the encoder told them */
	uint64_t packets, octets;
	bool needs_templates, continues;
	uint32_t seconds; /* of the header; of the NetFlow formats: */
	uint32_t uptime;
	uint32_t sequence; /* not in v1 */
	uint32_t domain;
	uint16_t engine; /* v5: type and ID */
	uint16_t sampling;
	unsigned templates, options_templates, options_data, flows;
};

struct seen_record {
	size_t message;
	const struct seen_template *template;
	const uint8_t *data;
};

struct collector {
	enum format format;
	size_t max_payload;
	struct seen_message *messages;
	size_t message_count;
	struct seen_record *flows, *options; /* flow records; records of options data */
	size_t flow_count, option_count;
	struct seen_template templates[TEMPLATES_MAX];
	bool known[TEMPLATES_MAX]; /* sent in this session */
	unsigned template_count;
	uint32_t next_sequence;
	uint32_t export_time;
};

/* An encoder with the usual settings whose messages go to the collector. */
struct encoder_options collector_options(struct collector *c, enum format format);
/* The encoder's callback; its context is the collector. */
void collector_take(void *ctx, const struct message *m);
void collector_fini(struct collector *c);
/* Whoever listens now has seen no template yet, and expects this sequence number. */
void collector_forget(struct collector *c, uint32_t next_sequence);

/* The template with this number, which must be there. */
const struct seen_template *seen_template(const struct collector *c, uint16_t id);
/* The element's size in a template, 0 where it is not in it. */
unsigned seen_field_size(const struct seen_template *t, uint16_t id);
/* Where the element's octets are, and how many; NULL: the record has none. */
const uint8_t *seen_octets(const struct seen_record *r, uint16_t id, unsigned *size);
/* Whether the record has the element, and its value; 0 where it has not. */
bool seen_has(const struct seen_record *r, uint16_t id);
uint64_t seen_value(const struct seen_record *r, uint16_t id);
/* ms since 1970 of a FIRST_ or LAST_SWITCHED (22, 21), by the header of the record's message. */
uint64_t seen_time_ms(const struct collector *c, const struct seen_record *r, uint16_t id);
/* Messages with flow records in them; messages with templates. */
unsigned data_messages(const struct collector *c);
unsigned template_messages(const struct collector *c);
const struct seen_message *last_message(const struct collector *c);

/* A TCP record of IPv4 that ends now, at `now_ns`, and began a second ago. */
struct record record_at(uint64_t now_ns);
/* The same of a class of flows. */
struct record record_of_class(unsigned class, uint64_t now_ns);
/* Likewise, with a value of its own in each field. */
struct record record_with_all(unsigned class, uint64_t now_ns);
/* Gives the encoder record_at() this time, or the time alone. */
void push_at(struct encoder *e, uint64_t now_ns);
void tick_at(struct encoder *e, uint64_t now_ns);

#endif

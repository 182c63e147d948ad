/*
 * A finished export message: one of the five nouns (HACKING.md).
 *
 * The octets are the encoder's and are lent while the function that was given the message runs;
 * who wants to keep them copies them.
 */
#ifndef SPANFLOW_EXPORT_MESSAGE_H
#define SPANFLOW_EXPORT_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct message {
	const uint8_t *data;
	size_t size;
	uint32_t records;      /* flow records whose last (or only) piece is in it */
	uint32_t wire_records; /* records of the format: pieces counted singly */
	bool needs_templates;  /* a session cannot begin with it */
	bool continues;        /* begins with a further piece of a record that began before it */
	uint32_t sequence;     /* the sequence number in its header */
	uint64_t packets;      /* in its records and pieces */
	uint64_t octets;
};

/* What a collector did not get; the Exporting Process tells it so (RFC 7011 section 4.3). */
struct not_sent {
	uint64_t records;
	uint64_t packets;
	uint64_t octets;
	uint64_t messages;
	uint64_t message_octets;
	uint64_t message_records; /* those of `records` that were in messages */
	uint64_t first_ns;        /* dates */
	uint64_t last_ns;
};

/* What an encoder calls with each message, in order. */
typedef void message_fn(void *ctx, const struct message *m);

#endif

/*
 * A collector's queue: messages wait here until their transport takes them, evenly paced where
 * that is asked for. Each collector has its own, so that one which stalls delays no other.
 *
 * Belongs to the exporter's thread. Every record that goes in comes out as sent or as dropped
 * with a name; what is in between is `queued`.
 */
#ifndef SPANFLOW_TRANSPORT_SENDER_H
#define SPANFLOW_TRANSPORT_SENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "export/message.h"
#include "transport/failure.h"
#include "transport/transport.h"

struct sender_options {
	size_t max_message; /* octets */
	uint32_t rate;      /* messages a second, 0: unpaced */
	uint32_t queue;     /* messages that it holds at most */
};

struct sender_stats {
	uint64_t sent; /* records that the kernel accepted */
	uint64_t queued;
	uint64_t dropped[FAILURE_COUNT];
	uint64_t errors[FAILURE_COUNT]; /* failed sends, also of what went at the second try */
	uint64_t wire_records;          /* as they left */
	uint64_t messages;
	uint64_t bytes;
};

struct sender;

/* Takes the transport over, also when it fails (NULL: no memory). */
struct sender *sender_create(const struct sender_options *options, struct transport *t);
void sender_destroy(struct sender *s);

/* Whether a few more messages fit: where nothing may be lost, ask before encoding a record. */
bool sender_has_room(const struct sender *s);
/* Queues a copy of the message, or drops its records as queue_full. */
void sender_push(struct sender *s, const struct message *m);
/*
 * Sends what is due at `now_ns` (a steady clock). Returns when to call again, UINT64_MAX: not
 * before the next sender_push().
 */
uint64_t sender_run(struct sender *s, uint64_t now_ns);
/* From now on without pacing. */
void sender_unpace(struct sender *s);
/* Drops what is queued, under this name; a stream takes nothing more. */
void sender_give_up(struct sender *s, enum failure why);

/* Whether messages wait, those without a record included. */
bool sender_is_busy(const struct sender *s);
/* Whether a message failed since the last call: the collector may need templates. */
bool sender_take_refusal(struct sender *s);
/* Whether the transport is of no use any more: its stream broke. */
bool sender_is_dead(const struct sender *s);
/* The descriptor whose being writable sender_run() waits for, or -1. */
int sender_wait_fd(const struct sender *s);
const struct sender_stats *sender_stats(const struct sender *s);

#endif

/*
 * A collector's queue: messages wait here until their transport takes them, evenly paced where
 * that is asked for. Each collector has its own, so that one which stalls delays no other.
 *
 * Belongs to the exporter's thread. Every record that goes in comes out as sent, as dropped with a
 * name, or by sender_take_back(); what is in between is `queued`.
 */
#ifndef SPANFLOW_TRANSPORT_SENDER_H
#define SPANFLOW_TRANSPORT_SENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "export/message.h"
#include "transport/failure.h"
#include "transport/transport.h"

struct sender_options {
	size_t max_message;  /* octets */
	uint32_t rate;       /* messages a second, 0: unpaced */
	uint32_t queue;      /* messages that it holds before it has no room */
	uint32_t burst;      /* messages that one record may bring forth */
	uint32_t interfaces; /* messages of an announcement that tell of interfaces */
};

struct sender_stats {
	uint64_t sent; /* records that the kernel accepted */
	uint64_t queued;
	uint64_t dropped[FAILURE_COUNT];
	uint64_t errors[FAILURE_COUNT]; /* failed sends, and errors that came between them */
	uint64_t wire_records;          /* as they left */
	uint64_t messages;
	uint64_t bytes;
};

struct sender;

/* Takes the transport over, also when it fails (NULL: no memory). */
struct sender *sender_create(const struct sender_options *options, struct transport *t);
void sender_destroy(struct sender *s);

/*
 * Whether fewer than `queue` messages wait. Then there are places left for all that one more
 * record and the announcements before it may bring forth: ask before encoding a record.
 */
bool sender_has_room(const struct sender *s);
/* Queues a copy of the message; where there is no place for it its records are queue_full. */
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
/* Counts records as dropped that did not come into the queue. */
void sender_drop(struct sender *s, const struct not_sent *lost, enum failure why);
/* The present date, for those of sender_not_sent(). */
void sender_date(struct sender *s, uint64_t wall_ns);

/*
 * From now on (or no more) a message that fails because the collector cannot be reached stays in
 * the queue and stops it, until the owner has taken the failure and taken the messages back.
 */
void sender_hold(struct sender *s, bool holds);
/* Looks whether the transport has an error to tell. For when its descriptor says so. */
void sender_check(struct sender *s, uint64_t now_ns);
/* Whether the collector could not be reached, since the last call; `why` says how. */
bool sender_take_failure(struct sender *s, enum failure *why);
/* The message that is next; false: none waits. Its octets are lent. */
bool sender_first(const struct sender *s, struct message *m);
/* Empties the queue: the owner keeps the records. Nothing is counted; `taken` says what it held. */
void sender_take_back(struct sender *s, struct not_sent *taken);
/* Another collector, as it were: no message has reached it. */
void sender_begin_session(struct sender *s);

/* Whether messages wait, those without a record included. */
bool sender_is_busy(const struct sender *s);
/* Whether a message failed since the last call: the collector may need templates. */
bool sender_take_refusal(struct sender *s);
/* Whether the transport is of no use any more: its stream broke. */
bool sender_is_dead(const struct sender *s);
/* Whether it broke by an error, rather than being given up at an end. */
bool sender_has_failed(const struct sender *s);
/* As of the last run: a moment ago a message could not reach the collector; `why` says how. */
bool sender_is_cut_off(const struct sender *s, enum failure *why);
/* Whether what is queued waits for room on a disk. */
bool sender_lacks_room(const struct sender *s);
/* The descriptor whose being writable sender_run() waits for, or -1. */
int sender_wait_fd(const struct sender *s);
const struct sender_stats *sender_stats(const struct sender *s);
/* Records that were queued and have been sent or dropped, in the order of their queueing. */
uint64_t sender_left(const struct sender *s);
/* All that was dropped. */
const struct not_sent *sender_not_sent(const struct sender *s);

#endif

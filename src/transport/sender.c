#include "transport/sender.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/log.h"
#include "util/units.h"

#define QUEUE_SLOTS 256
#define QUEUE_ROOM 128 /* one record may bring forth as many messages: V5_PIECES_MAX */
/* So many intervals of lateness are made up for by messages that go at once. */
#define PACE_CATCH_UP 2
/* A collector's failures are reported this often at most. */
#define REPORT_INTERVAL_NS (60 * NS_PER_S)

struct slot {
	size_t size;
	uint32_t records;
	uint32_t wire_records;
	bool needs_templates;
};

struct sender {
	struct sender_options options;
	struct transport *transport;
	struct sender_stats stats;

	struct slot slots[QUEUE_SLOTS];
	uint8_t *octets; /* max_message for each slot */
	unsigned first;
	unsigned count;

	uint64_t interval_ns;
	uint64_t next_ns; /* when the next message may go */
	bool blocked;     /* the transport said -EAGAIN */
	bool refused;
	bool begun; /* a message that a session can begin with has been sent */
	bool dead;
	enum failure dead_why;
	bool reported;
	uint64_t reported_ns;
};

struct sender *sender_create(const struct sender_options *options, struct transport *t)
{
	struct sender *s = calloc(1, sizeof(*s));

	if (s)
		s->octets = malloc(QUEUE_SLOTS * options->max_message);
	if (!s || !s->octets) {
		transport_close(t);
		free(s);
		return NULL;
	}
	s->options = *options;
	s->transport = t;
	s->interval_ns = options->rate ? NS_PER_S / options->rate : 0;
	return s;
}

void sender_destroy(struct sender *s)
{
	if (!s)
		return;
	transport_close(s->transport);
	free(s->octets);
	free(s);
}

bool sender_has_room(const struct sender *s)
{
	return QUEUE_SLOTS - s->count >= QUEUE_ROOM;
}

static struct message message_at(const struct sender *s, unsigned i)
{
	const struct slot *slot = &s->slots[i];

	return (struct message){.data = s->octets + i * s->options.max_message,
	    .size = slot->size,
	    .records = slot->records,
	    .wire_records = slot->wire_records,
	    .needs_templates = slot->needs_templates};
}

void sender_push(struct sender *s, const struct message *m)
{
	unsigned i = (s->first + s->count) % QUEUE_SLOTS;

	if (s->dead || s->count == QUEUE_SLOTS) {
		s->stats.dropped[s->dead ? s->dead_why : FAILURE_QUEUE_FULL] += m->records;
		return;
	}
	memcpy(s->octets + i * s->options.max_message, m->data, m->size);
	s->slots[i] = (struct slot){m->size, m->records, m->wire_records, m->needs_templates};
	s->count++;
	s->stats.queued += m->records;
}

static void pop(struct sender *s, uint32_t records)
{
	s->first = (s->first + 1) % QUEUE_SLOTS;
	s->count--;
	s->stats.queued -= records;
}

static void report(struct sender *s, int error, uint64_t now_ns)
{
	if (s->transport->is_broken ||
	    (s->reported && now_ns - s->reported_ns < REPORT_INTERVAL_NS))
		return;
	s->reported = true;
	s->reported_ns = now_ns;
	if (s->transport->is_stream)
		log_error("%s: %s", s->transport->name, strerror(error));
	else
		log_warning("%s: %s", s->transport->name, strerror(error));
}

/* Data before the first templates (their message was lost, the name not known yet) is of no use. */
static int send_in_order(struct sender *s, const struct message *m)
{
	int rc;

	if (m->needs_templates && !s->begun)
		return -EDESTADDRREQ;
	rc = transport_send(s->transport, m);
	s->begun |= rc == 0;
	return rc;
}

static int send_counted(struct sender *s, const struct message *m, uint64_t now_ns)
{
	int rc = send_in_order(s, m);

	if (rc == 0 || rc == -EAGAIN)
		return rc;
	s->stats.errors[failure_of(-rc)]++;
	if (rc != -EDESTADDRREQ)
		report(s, -rc, now_ns);
	return rc;
}

/* ECONNREFUSED tells of an earlier message; this one has not been tried yet. */
static int send_twice(struct sender *s, const struct message *m, uint64_t now_ns)
{
	int rc = send_counted(s, m, now_ns);

	if (rc != -ECONNREFUSED)
		return rc;
	s->refused = true;
	return send_counted(s, m, now_ns);
}

/* Drops what is queued, under this name. */
static void drop_all(struct sender *s, enum failure why)
{
	while (s->count) {
		uint32_t records = s->slots[s->first].records;

		s->stats.dropped[why] += records;
		pop(s, records);
	}
}

/* The next message's time; one that comes late does not bring a burst of all that it delayed. */
static void pace(struct sender *s, uint64_t now_ns)
{
	uint64_t late_ns = PACE_CATCH_UP * s->interval_ns;

	if (!s->interval_ns)
		return;
	s->next_ns += s->interval_ns;
	if (s->next_ns + late_ns < now_ns)
		s->next_ns = now_ns - late_ns;
}

/* Sends or drops the oldest message. False when it has to wait for the transport. */
static bool send_first(struct sender *s, uint64_t now_ns)
{
	struct message m = message_at(s, s->first);
	int rc = send_twice(s, &m, now_ns);

	s->blocked = rc == -EAGAIN;
	if (s->blocked)
		return false;
	if (rc == 0) {
		s->stats.sent += m.records;
		s->stats.wire_records += m.wire_records;
		s->stats.messages++;
		s->stats.bytes += m.size;
		pace(s, now_ns);
	} else {
		/* It may have had templates in it. */
		s->refused = true;
		s->stats.dropped[failure_of(-rc)] += m.records;
		s->dead = s->transport->is_stream;
		s->dead_why = failure_of(-rc);
	}
	pop(s, m.records);
	if (s->dead)
		drop_all(s, s->dead_why);
	return true;
}

uint64_t sender_run(struct sender *s, uint64_t now_ns)
{
	while (s->count) {
		if (s->next_ns > now_ns)
			return s->next_ns;
		if (!send_first(s, now_ns))
			return UINT64_MAX;
	}
	return UINT64_MAX;
}

void sender_unpace(struct sender *s)
{
	s->interval_ns = 0;
	s->next_ns = 0;
}

/* A stream that is cut within a message cannot go on with the next. */
void sender_give_up(struct sender *s, enum failure why)
{
	if (s->count && s->transport->is_stream && !s->dead) {
		s->dead = true;
		s->dead_why = why;
	}
	drop_all(s, why);
}

bool sender_is_busy(const struct sender *s)
{
	return s->count > 0;
}

bool sender_take_refusal(struct sender *s)
{
	bool refused = s->refused;

	s->refused = false;
	return refused;
}

bool sender_is_dead(const struct sender *s)
{
	return s->dead;
}

int sender_wait_fd(const struct sender *s)
{
	return s->count && s->blocked ? transport_fd(s->transport) : -1;
}

const struct sender_stats *sender_stats(const struct sender *s)
{
	return &s->stats;
}

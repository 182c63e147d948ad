#include "transport/sender.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/log.h"
#include "util/units.h"

/*
 * Places beyond `queue` and the messages of one record: for an announcement, besides what it tells
 * of interfaces; and for data that an announcement makes leave.
 */
#define ANNOUNCEMENT_PLACES 144
#define DATA_PLACES 8
/* So many intervals of lateness are made up for by messages that go at once. */
#define PACE_CATCH_UP 2
/*
 * A collector counts as cut off for so long after the last error of its path. Messages must have gone without
 * one for as long before it is said that they go again: that a host refuses them, or is not there, is known late.
 */
#define CUT_OFF_NS (30 * NS_PER_S)
/* How often a full disk is asked whether it has room. */
#define ROOM_INTERVAL_NS NS_PER_S
/* A collector's failures of one kind are reported this often at most. */
#define REPORT_INTERVAL_NS (60 * NS_PER_S)

struct sender {
	struct sender_options options;
	struct transport *transport;
	struct sender_stats stats;
	struct not_sent not_sent;
	uint64_t wall_ns;

	struct message *slots;
	uint8_t *octets; /* max_message for each slot, which points to them */
	unsigned capacity;
	unsigned first;
	unsigned count;
	uint64_t left; /* records */

	uint64_t interval_ns;
	uint64_t next_ns; /* when the next message may go */
	bool blocked;     /* the transport said -EAGAIN */
	bool refused;
	enum failure cut_off_why;
	uint64_t cut_off_until_ns; /* 0: no message has met a path that failed, or long ago */
	bool cut_off_told;
	uint64_t went_ns; /* the first message since; 0: none */
	bool holds;
	bool failed; /* the collector could not be reached, and the owner does not know */
	enum failure failed_why;
	bool begun; /* a message that a session can begin with has been sent */
	bool dead;
	enum failure dead_why;
	bool lacks_room; /* what is queued waits for it, for this reason: */
	enum failure room_why;
	uint64_t report_ns[FAILURE_COUNT]; /* not again before this time */
};

struct sender *sender_create(const struct sender_options *options, struct transport *t)
{
	struct sender *s = calloc(1, sizeof(*s));

	if (s) {
		s->options = *options;
		s->transport = t;
		s->capacity = options->queue + options->burst + ANNOUNCEMENT_PLACES +
		    options->interfaces + DATA_PLACES;
		s->slots = malloc(s->capacity * sizeof(*s->slots));
		s->octets = malloc(s->capacity * options->max_message);
		s->interval_ns = options->rate ? NS_PER_S / options->rate : 0;
	}
	if (!s || !s->slots || !s->octets) {
		transport_close(t);
		if (s)
			s->transport = NULL;
		sender_destroy(s);
		return NULL;
	}
	return s;
}

void sender_destroy(struct sender *s)
{
	if (!s)
		return;
	transport_close(s->transport);
	free(s->slots);
	free(s->octets);
	free(s);
}

bool sender_has_room(const struct sender *s)
{
	return s->count < s->options.queue;
}

bool sender_first(const struct sender *s, struct message *m)
{
	if (!s->count)
		return false;
	*m = s->slots[s->first];
	return true;
}

void sender_date(struct sender *s, uint64_t wall_ns)
{
	s->wall_ns = wall_ns;
}

void sender_drop(struct sender *s, const struct not_sent *lost, enum failure why)
{
	struct not_sent *n = &s->not_sent;

	s->stats.dropped[why] += lost->records;
	n->records += lost->records;
	n->packets += lost->packets;
	n->octets += lost->octets;
	n->messages += lost->messages;
	n->message_octets += lost->message_octets;
	n->message_records += lost->message_records;
	/* By date, not by order: a capture's clock may go back. */
	if (!n->first_ns || s->wall_ns < n->first_ns)
		n->first_ns = s->wall_ns;
	if (s->wall_ns > n->last_ns)
		n->last_ns = s->wall_ns;
}

static void drop_message(struct sender *s, const struct message *m, enum failure why)
{
	struct not_sent lost = {.records = m->records,
	    .packets = m->packets,
	    .octets = m->octets,
	    .messages = 1,
	    .message_octets = m->size,
	    .message_records = m->records};

	sender_drop(s, &lost, why);
}

void sender_push(struct sender *s, const struct message *m)
{
	unsigned i = (s->first + s->count) % s->capacity;
	unsigned for_data = s->options.burst + DATA_PLACES;
	unsigned places = s->capacity - (m->wire_records ? 0 : for_data);
	uint8_t *at;

	if (s->dead || s->count >= places) {
		s->refused |= !s->dead;
		drop_message(s, m, s->dead ? s->dead_why : FAILURE_QUEUE_FULL);
		return;
	}
	at = s->octets + i * s->options.max_message;
	memcpy(at, m->data, m->size);
	s->slots[i] = *m;
	s->slots[i].data = at;
	s->count++;
	s->stats.queued += m->records;
}

/* What has run empty begins anew: the same memory again, and a batch that is in one piece. */
static void pop(struct sender *s, uint32_t records)
{
	s->count--;
	s->first = s->count ? (s->first + 1) % s->capacity : 0;
	s->left += records;
	s->stats.queued -= records;
}

/* Each kind for itself: one that comes and goes must not hide another. True: it has been told. */
static bool report(struct sender *s, int error, uint64_t now_ns)
{
	uint64_t *again_ns = &s->report_ns[failure_of(error)];

	if (s->transport->is_broken || now_ns < *again_ns)
		return false;
	*again_ns = now_ns + REPORT_INTERVAL_NS;
	if (s->transport->is_stream)
		log_error("%s: %s%s", s->transport->name, strerror(error),
		    s->transport->waits && failure_is_of_room(failure_of(error))
			? ": records wait until there is room"
			: "");
	else
		log_warning("%s: %s%s", s->transport->name, strerror(error), failure_advice(error));
	return true;
}

/* The collector may have missed templates, whatever the error. */
static void note_error(struct sender *s, int error, uint64_t now_ns)
{
	enum failure f = failure_of(error);

	s->stats.errors[f]++;
	s->refused = true;
	if (failure_is_of_path(f)) {
		s->failed = true;
		s->failed_why = s->cut_off_why = f;
		s->cut_off_until_ns = now_ns + CUT_OFF_NS;
		s->went_ns = 0;
	}
	if (error != EDESTADDRREQ && report(s, error, now_ns))
		s->cut_off_told |= failure_is_of_path(f) && !s->transport->is_stream;
}

/* Of a group that has others, it tells who gets the records. */
static void report_recovery(struct sender *s, uint64_t now_ns)
{
	if (!s->cut_off_told || !s->went_ns || now_ns - s->went_ns < CUT_OFF_NS)
		return;
	s->cut_off_told = false;
	if (!s->holds)
		log_warning("%s: messages go there again", s->transport->name);
}

/*
 * How many may go at once: one where a pace is kept. A session may begin with a batch, since none of
 * it goes unless all before it went.
 */
static unsigned ready(const struct sender *s)
{
	unsigned n = s->capacity - s->first;

	if (s->interval_ns)
		return 1;
	if (n > s->count)
		n = s->count;
	return n < SEND_MANY_MAX ? n : SEND_MANY_MAX;
}

/*
 * How many of the oldest messages went, or -errno for the first. Data before the first templates
 * (their message was lost, the name not known yet) is of no use.
 */
static int send_in_order(struct sender *s)
{
	const struct message *first = &s->slots[s->first];
	int rc;

	if (first->needs_templates && !s->begun)
		return -EDESTADDRREQ;
	rc = transport_send_many(s->transport, first, ready(s));
	s->begun |= rc > 0;
	return rc;
}

static int send_counted(struct sender *s, uint64_t now_ns)
{
	int rc = send_in_order(s);

	if (rc < 0 && rc != -EAGAIN)
		note_error(s, -rc, now_ns);
	return rc;
}

/* A refusal tells of an earlier message; this one has not been tried yet. */
static int send_twice(struct sender *s, uint64_t now_ns)
{
	int rc = send_counted(s, now_ns);

	if (rc > 0 || rc == -EAGAIN || (s->holds && s->failed))
		return rc;
	if (rc != -ECONNREFUSED && !s->transport->earlier)
		return rc;
	return send_counted(s, now_ns);
}

static void drop_first(struct sender *s, enum failure why)
{
	const struct message *m = &s->slots[s->first];

	transport_abandon(s->transport);
	drop_message(s, m, why);
	pop(s, m->records);
}

/* Drops what is queued, under this name. */
static void drop_all(struct sender *s, enum failure why)
{
	while (s->count)
		drop_first(s, why);
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

static void count_sent(struct sender *s)
{
	const struct message *m = &s->slots[s->first];

	s->stats.sent += m->records;
	s->stats.wire_records += m->wire_records;
	s->stats.messages++;
	s->stats.bytes += m->size;
	pop(s, m->records);
}

/* Whether the first message has to wait for room. It may have been written in part. */
static bool waits_for_room(struct sender *s, int rc, uint64_t now_ns)
{
	bool lacked = s->lacks_room;

	s->lacks_room = rc < 0 && s->transport->waits && failure_is_of_room(failure_of(-rc));
	if (s->lacks_room) {
		s->room_why = failure_of(-rc);
		s->next_ns = now_ns + ROOM_INTERVAL_NS;
	} else if (lacked && rc > 0) {
		log_warning("%s: there is room again", s->transport->name);
	}
	return s->lacks_room;
}

/* Sends as many of the oldest messages as go at once, or drops one. False when it stays there. */
static bool send_first(struct sender *s, uint64_t now_ns)
{
	int rc = send_twice(s, now_ns);

	s->blocked = rc == -EAGAIN;
	if (waits_for_room(s, rc, now_ns))
		return true;
	if (rc > 0 && !s->went_ns)
		s->went_ns = now_ns;
	for (int i = 0; i < rc; i++) {
		count_sent(s);
		pace(s, now_ns);
	}
	if (rc > 0)
		return true;
	if (s->blocked || (s->holds && s->failed))
		return false;
	drop_first(s, failure_of(-rc));
	if (s->transport->is_stream) {
		s->dead = true;
		s->dead_why = failure_of(-rc);
		drop_all(s, s->dead_why);
	}
	return true;
}

uint64_t sender_run(struct sender *s, uint64_t now_ns)
{
	if (now_ns >= s->cut_off_until_ns)
		s->cut_off_until_ns = 0;
	report_recovery(s, now_ns);
	while (s->count && !(s->holds && s->failed)) {
		if (s->next_ns > now_ns)
			return s->next_ns;
		if (!send_first(s, now_ns))
			return UINT64_MAX;
	}
	return UINT64_MAX;
}

void sender_hold(struct sender *s, bool holds)
{
	s->holds = holds;
}

void sender_check(struct sender *s, uint64_t now_ns)
{
	int error = transport_error(s->transport);

	if (error)
		note_error(s, -error, now_ns);
}

bool sender_take_failure(struct sender *s, enum failure *why)
{
	bool failed = s->failed;

	*why = s->failed_why;
	s->failed = false;
	return failed;
}

void sender_take_back(struct sender *s, struct not_sent *taken)
{
	*taken = (struct not_sent){.messages = s->count};
	for (unsigned i = 0; i < s->count; i++) {
		const struct message *m = &s->slots[(s->first + i) % s->capacity];

		taken->records += m->records;
		taken->packets += m->packets;
		taken->octets += m->octets;
		taken->message_octets += m->size;
	}
	s->count = 0;
	s->stats.queued = 0;
	s->blocked = false;
}

void sender_begin_session(struct sender *s)
{
	s->begun = false;
	s->blocked = false;
	s->refused = false;
	s->failed = false;
}

void sender_unpace(struct sender *s)
{
	s->interval_ns = 0;
	s->next_ns = 0;
}

/* A stream that is cut within a message cannot go on with the next. */
void sender_give_up(struct sender *s, enum failure why)
{
	if (s->lacks_room)
		why = s->room_why;
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

bool sender_has_failed(const struct sender *s)
{
	return s->dead && s->dead_why != FAILURE_SHUTDOWN;
}

bool sender_is_dead(const struct sender *s)
{
	return s->dead;
}

bool sender_is_cut_off(const struct sender *s, enum failure *why)
{
	*why = s->cut_off_why;
	return s->cut_off_until_ns != 0;
}

bool sender_lacks_room(const struct sender *s)
{
	return s->lacks_room;
}

int sender_wait_fd(const struct sender *s)
{
	return s->count && s->blocked ? transport_fd(s->transport) : -1;
}

const struct sender_stats *sender_stats(const struct sender *s)
{
	return &s->stats;
}

uint64_t sender_left(const struct sender *s)
{
	return s->left;
}

const struct not_sent *sender_not_sent(const struct sender *s)
{
	return &s->not_sent;
}

/*
 * SPINE: a record through one collector's encoder into its sender.
 *
 *	collector_offer -> encoder_record -> (a message is complete) -> sender_push
 *	collector_run: sender_run -> transport; what was sent is kept no longer
 *	collector_take_back: what was not sent -> waiting -> encoder_record, here or elsewhere
 */
#include "collector.h"

#include <poll.h>
#include <stdlib.h>

#include "export/encoder.h"
#include "kept.h"
#include "transport/sender.h"

/* So many octets of a message make a record at least; smaller ones fill the memory earlier. */
#define RECORD_MIN 24
#define KEPT_MAX 65536

struct collector {
	const struct config_collector *config;
	struct transport *transport; /* the sender's */
	struct encoder *encoder;
	struct sender *sender;

	bool keeps;
	struct kept encoded; /* in the queued messages and the open one */
	struct kept waiting;
	uint64_t left; /* records that have left the sender, and are kept no longer */

	uint64_t records;
	uint64_t clock_ns; /* as last told */
	uint64_t wall_ns;
	uint64_t told; /* messages and records that the encoder knows were not sent */
	bool aside;
	bool finished;
};

/* -- life ------------------------------------------------------------------------------------- */

/* The encoder's callback. */
static void queue_message(void *ctx, const struct message *m)
{
	struct collector *c = ctx;

	sender_push(c->sender, m);
}

/* The same: whether others have written lines there, also since it was opened. */
static bool is_behind(void *ctx)
{
	const struct collector *c = ctx;

	return transport_is_behind(c->transport);
}

/* An address without a group keeps its one session, so that its records need not be kept. */
static bool may_need_records(const struct config_collector *conf, const struct transport *t)
{
	return conf->host && (conf->group || !t->is_fixed);
}

/*
 * As many as fill the queue, and in any case more than fill a message: one that waits for company
 * would never leave if there were no room for it.
 */
static int reserve_kept(struct collector *c)
{
	size_t payload = c->config->encoding.max_payload;
	size_t capacity = c->config->sending.queue * (payload / RECORD_MIN + 1);
	int rc;

	if (capacity > KEPT_MAX)
		capacity = KEPT_MAX;
	if (capacity <= payload)
		capacity = payload + 1;
	rc = kept_init(&c->encoded, capacity);
	return rc ? rc : kept_init(&c->waiting, capacity);
}

static void open_stages(struct collector *c, struct transport *t, bool is_live)
{
	bool stream = format_is_stream(c->config->encoding.format);
	struct encoder_options encoding = c->config->encoding;
	struct sender_options sending = c->config->sending;

	encoding.out = queue_message;
	encoding.out_ctx = c;
	encoding.is_behind = is_behind;
	sending.max_message = stream ? STREAM_MESSAGE_MAX : encoding.max_payload;
	sending.burst = encoder_record_messages(&encoding);
	sending.interfaces = encoder_interface_messages(&encoding);
	if (stream || is_live)
		sending.rate = 0;
	c->transport = t;
	c->sender = sender_create(&sending, t);
	c->encoder = encoder_create(&encoding);
}

struct collector *collector_create(
    const struct config_collector *conf, struct transport *t, bool is_live)
{
	struct collector *c = calloc(1, sizeof(*c));

	if (!c) {
		transport_close(t);
		return NULL;
	}
	c->config = conf;
	c->keeps = may_need_records(conf, t);
	open_stages(c, t, is_live);
	if (!c->sender || !c->encoder || (c->keeps && reserve_kept(c) < 0)) {
		collector_destroy(c);
		return NULL;
	}
	return c;
}

void collector_destroy(struct collector *c)
{
	if (!c)
		return;
	encoder_destroy(c->encoder);
	sender_destroy(c->sender);
	kept_fini(&c->encoded);
	kept_fini(&c->waiting);
	free(c);
}

/* -- records in -------------------------------------------------------------------------------- */

static void set_time(struct collector *c, uint64_t clock_ns, uint64_t wall_ns)
{
	c->clock_ns = clock_ns;
	c->wall_ns = wall_ns;
	sender_date(c->sender, wall_ns);
}

bool collector_has_room(const struct collector *c)
{
	return sender_has_room(c->sender) && !c->waiting.count &&
	    (!c->keeps || c->encoded.count < c->encoded.capacity);
}

/* The record is kept first: the message that it completes may be sent before this returns. */
static void encode(struct collector *c, const struct record *r)
{
	if (c->keeps)
		kept_push(&c->encoded, r);
	if (!encoder_record(c->encoder, r) && c->keeps)
		kept_unpush(&c->encoded);
}

/* Counted as those that are lost in messages are. */
static void drop(struct collector *c, const struct record *r, enum failure why)
{
	struct not_sent lost = {.records = 1};
	struct record told = *r;

	encoder_scale(c->encoder, &told);
	lost.packets = told.packets;
	lost.octets = told.octets;
	sender_drop(c->sender, &lost, why);
}

/* What waits is encoded with the present time: the encoder's does not go back for it. */
static void encode_waiting(struct collector *c)
{
	while (!c->aside && c->waiting.count && sender_has_room(c->sender)) {
		struct record r = *kept_first(&c->waiting);

		kept_pop(&c->waiting, 1);
		r.clock_ns = c->clock_ns;
		r.wall_ns = c->wall_ns;
		encode(c, &r);
	}
	if (c->finished)
		encoder_flush(c->encoder);
}

void collector_offer(struct collector *c, const struct record *r)
{
	c->records++;
	set_time(c, r->clock_ns, r->wall_ns);
	if (c->waiting.count)
		encode_waiting(c);
	if (collector_has_room(c))
		encode(c, r);
	else
		drop(c, r, FAILURE_QUEUE_FULL);
}

void collector_tick(struct collector *c, const struct record *tick)
{
	struct unmetered lost = record_unmetered(tick);

	set_time(c, tick->clock_ns, tick->wall_ns);
	encoder_tell_unmetered(c->encoder, &lost);
	if (!c->aside)
		encoder_tick(c->encoder, tick->clock_ns, tick->wall_ns);
}

static void tell_not_sent(struct collector *c)
{
	const struct not_sent *lost = sender_not_sent(c->sender);

	if (lost->messages + lost->records == c->told)
		return;
	c->told = lost->messages + lost->records;
	encoder_tell_not_sent(c->encoder, lost);
}

/* The last words tell of records, too, that were dropped since this collector was run. */
void collector_finish(struct collector *c)
{
	c->finished = true;
	tell_not_sent(c);
	if (!c->aside)
		encoder_finish(c->encoder);
}

void collector_flush(struct collector *c)
{
	encoder_flush(c->encoder);
}

/* -- messages out ------------------------------------------------------------------------------ */

/* Learns what became of messages. */
static void settle(struct collector *c)
{
	uint64_t left = sender_left(c->sender);

	if (c->keeps)
		kept_pop(&c->encoded, left - c->left);
	c->left = left;
	if (sender_take_refusal(c->sender))
		encoder_doubt(c->encoder);
	tell_not_sent(c);
}

uint64_t collector_run(struct collector *c, uint64_t now_ns)
{
	uint64_t next;

	encode_waiting(c);
	next = sender_run(c->sender, now_ns);
	settle(c);
	return !c->aside && c->waiting.count && sender_has_room(c->sender) ? now_ns : next;
}

/* Where they have not been kept (the one address was not there yet) they are of no use. */
static void take_back_all(struct collector *c)
{
	if (c->keeps) {
		collector_take_back(c, FAILURE_NEW_SESSION);
		return;
	}
	encoder_flush(c->encoder);
	sender_give_up(c->sender, FAILURE_NO_SESSION);
	settle(c);
}

bool collector_renew(struct collector *c)
{
	struct sockaddr_storage local;

	if (!transport_renew(c->transport, &local))
		return false;
	take_back_all(c);
	settle(c);
	encoder_begin_session(c->encoder, (const struct sockaddr *)&local);
	sender_begin_session(c->sender);
	return true;
}

/* Errors are worth knowing also while nothing is sent; those of streams come with the next write. */
int collector_wait_fd(const struct collector *c, short *events)
{
	int fd = sender_wait_fd(c->sender);

	*events = fd >= 0 ? POLLOUT : 0;
	if (fd >= 0 || c->transport->is_stream)
		return fd;
	return transport_fd(c->transport);
}

void collector_woken(struct collector *c, short events, uint64_t now_ns)
{
	if ((events & POLLERR) && !c->transport->is_stream)
		sender_check(c->sender, now_ns);
}

/* After the end what was moved here may stand in an open message still. */
bool collector_is_busy(const struct collector *c)
{
	return sender_is_busy(c->sender) || c->waiting.count || (c->finished && c->encoded.count);
}

void collector_unpace(struct collector *c)
{
	sender_unpace(c->sender);
}

void collector_give_up(struct collector *c, enum failure why)
{
	sender_give_up(c->sender, why);
	settle(c);
	while (c->waiting.count) {
		drop(c, kept_first(&c->waiting), why);
		kept_pop(&c->waiting, 1);
	}
}

bool collector_lacks_room(const struct collector *c)
{
	return sender_lacks_room(c->sender);
}

bool collector_has_failed(const struct collector *c)
{
	return sender_has_failed(c->sender);
}

bool collector_is_dead(const struct collector *c)
{
	return sender_is_dead(c->sender);
}

/* -- for those who share records ---------------------------------------------------------------- */

void collector_hold(struct collector *c, bool holds)
{
	sender_hold(c->sender, holds);
}

void collector_set_aside(struct collector *c, bool aside)
{
	c->aside = aside;
}

void collector_announce(struct collector *c)
{
	encoder_refresh(c->encoder);
	if (c->clock_ns)
		encoder_tick(c->encoder, c->clock_ns, c->wall_ns);
}

bool collector_take_failure(struct collector *c, enum failure *why)
{
	return sender_take_failure(c->sender, why);
}

/* The open message is queued, too, so that all that is not sent is in one place. */
static void take_back_messages(struct collector *c, enum failure why)
{
	struct not_sent taken;
	struct message first;

	encoder_flush(c->encoder);
	encoder_refresh(c->encoder);
	if (!sender_first(c->sender, &first))
		return;
	sender_take_back(c->sender, &taken);
	encoder_rewind(c->encoder, first.sequence);
	encoder_tell_taken_back(c->encoder, &taken);
	if (first.continues && c->encoded.count) {
		drop(c, kept_first(&c->encoded), why);
		kept_pop(&c->encoded, 1);
	}
}

/* Room for both is what collector_has_room() keeps. */
void collector_take_back(struct collector *c, enum failure why)
{
	struct kept none = c->waiting;

	settle(c);
	take_back_messages(c, why);
	kept_append(&c->encoded, &none);
	none.first = 0;
	c->waiting = c->encoded;
	c->encoded = none;
}

const struct record *collector_waiting(const struct collector *c)
{
	return c->waiting.count ? kept_first(&c->waiting) : NULL;
}

void collector_move(struct collector *c, struct collector *to, uint64_t clock_ns, uint64_t wall_ns)
{
	struct record r = *kept_first(&c->waiting);

	kept_pop(&c->waiting, 1);
	c->records--;
	r.clock_ns = clock_ns;
	r.wall_ns = wall_ns;
	collector_offer(to, &r);
}

/* What a person looks at first: the host, the way to it, or anything between. */
static enum ledger_state cut_off_by(enum failure why)
{
	switch (why) {
	case FAILURE_ECONNREFUSED:
		return LEDGER_REFUSED;
	case FAILURE_ENETUNREACH:
		return LEDGER_NO_ROUTE;
	default:
		return LEDGER_UNREACHABLE;
	}
}

static const char *state_of(const struct collector *c)
{
	enum failure why;

	if (sender_is_dead(c->sender))
		return ledger_state_name(LEDGER_BROKEN);
	if (c->aside)
		return ledger_state_name(LEDGER_FAILED);
	if (c->config->host && transport_fd(c->transport) < 0)
		return ledger_state_name(LEDGER_NO_ADDRESS);
	if (sender_lacks_room(c->sender))
		return ledger_state_name(LEDGER_FULL);
	return ledger_state_name(sender_is_cut_off(c->sender, &why) ? cut_off_by(why) : LEDGER_OK);
}

void collector_ledger(const struct collector *c, struct ledger_collector *l)
{
	*l = (struct ledger_collector){
	    .url = c->config->url,
	    .group = c->config->group,
	    .format = format_name(c->config->encoding.format),
	    .state = state_of(c),
	    .is_stream = format_is_stream(c->config->encoding.format),
	    .waits = c->transport->waits,
	    .records = c->records,
	    .not_expressible = *encoder_not_expressible(c->encoder),
	    .sender = *sender_stats(c->sender),
	};
	if (c->keeps)
		l->sender.queued = c->encoded.count + c->waiting.count;
	else
		l->sender.queued += encoder_waiting(c->encoder);
}

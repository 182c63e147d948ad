/*
 * What the formats have in common: the message under construction, and when it leaves.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "export/board.h"
#include "export/format.h"
#include "util/units.h"

/* The date moves by more than this from one tick to the next: it was set, not corrected. */
#define DATE_STEP_NS (50 * (int64_t)NS_PER_MS)
/* Templates are sent again for a doubt when so much time has passed, or enough messages have left. */
#define DOUBT_NS NS_PER_S

static const struct format_ops *const formats[] = {
    [FORMAT_V1] = &v1_format,
    [FORMAT_V5] = &v5_format,
    [FORMAT_V7] = &v7_format,
    [FORMAT_V9] = &v9_format,
    [FORMAT_IPFIX] = &ipfix_format,
    [FORMAT_TEXT] = &text_format,
    [FORMAT_CSV] = &csv_format,
    [FORMAT_JSON] = &json_format,
};

const struct format_ops *format_operations(enum format f)
{
	return formats[f];
}

const char *format_name(enum format f)
{
	return formats[f]->name;
}

bool format_is_stream(enum format f)
{
	return f == FORMAT_TEXT || f == FORMAT_CSV || f == FORMAT_JSON;
}

struct encoder *encoder_create(const struct encoder_options *options)
{
	struct encoder *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->options = *options;
	e->ops = formats[options->format];
	if (format_is_stream(options->format)) {
		e->options.refresh_ns = UINT64_MAX;
		e->options.refresh_messages = UINT32_MAX;
	}
	e->constants.domain = options->domain;
	e->capacity = format_is_stream(options->format) ? STREAM_MESSAGE_MAX : options->max_payload;
	e->buffer = malloc(e->capacity);
	if (!e->buffer || (e->ops->init && e->ops->init(e) < 0)) {
		encoder_destroy(e);
		return NULL;
	}
	return e;
}

void encoder_destroy(struct encoder *e)
{
	if (!e)
		return;
	free(e->format_state);
	free(e->buffer);
	free(e);
}

const struct not_expressible *encoder_not_expressible(const struct encoder *e)
{
	return &e->not_expressible;
}

uint32_t encoder_waiting(const struct encoder *e)
{
	return e->used ? e->records : 0;
}

/* Whether so many octets fit into the message that is open, or into an empty one. */
static bool message_has_room(const struct encoder *e, size_t size)
{
	return (e->used ? e->used : e->ops->header_size) + size <= e->capacity;
}

void message_make_room(struct encoder *e, size_t size)
{
	if (!message_has_room(e, size))
		message_send(e);
}

static void message_begin(struct encoder *e)
{
	e->used = e->ops->header_size;
	e->records = 0;
	e->wire_records = 0;
	e->packets = 0;
	e->octets = 0;
	e->continues = e->within_record;
	e->latest_end_ns = 0;
}

uint8_t *message_reserve(struct encoder *e, size_t size)
{
	uint8_t *at;

	if (e->used == 0)
		message_begin(e);
	at = e->buffer + e->used;
	e->used += size;
	return at;
}

void message_count(struct encoder *e, const struct record *r, uint32_t records, uint32_t pieces)
{
	if (e->wire_records == 0)
		e->waiting_since_ns = e->clock_ns;
	e->records += records;
	e->wire_records += pieces;
	e->packets += r->packets;
	e->octets += r->octets;
	if (r->end_ns > e->latest_end_ns)
		e->latest_end_ns = r->end_ns;
}

void message_put_line(struct encoder *e, const char *text, size_t size, const struct record *r)
{
	message_make_room(e, size);
	memcpy(message_reserve(e, size), text, size);
	if (r)
		message_count(e, r, 1, 1);
}

/* The date that a message leaving now carries, in ns: the clock, or a record's end if later. */
static uint64_t message_instant(const struct encoder *e)
{
	if (e->stale || e->latest_end_ns > e->wall_ns)
		return e->latest_end_ns;
	return e->wall_ns;
}

/* The header's second. It has 32 bits: in 2106 it stays the last one, and does not fall. */
static uint64_t message_seconds(const struct encoder *e)
{
	uint64_t seconds = ceil_seconds(message_instant(e));

	return seconds < UINT32_MAX ? seconds : UINT32_MAX;
}

void message_send(struct encoder *e)
{
	struct message m;

	if (e->used == 0)
		return;
	m = (struct message){
	    .data = e->buffer,
	    .records = e->records,
	    .wire_records = e->wire_records,
	    .needs_templates = e->ops->announce && !e->announcing && !e->options.continues,
	    .continues = e->continues,
	    .sequence = e->sequence,
	    .packets = e->packets,
	    .octets = e->octets,
	};
	if (e->ops->finish)
		e->ops->finish(e, message_seconds(e));
	m.size = e->used;
	e->used = 0;
	e->wire_records = 0;
	e->stale = false;
	e->announcing = false;
	e->messages_since++;
	e->messages_total++;
	e->octets_total += m.size;
	e->records_total += m.records;
	e->options.out(e->options.out_ctx, &m);
}

/*
 * A collector that is not there refuses every message. Announcements as answers to that would be
 * most of what is sent, each of them behind a message that had no time to fill, and where others
 * wait for this collector's pace they would wait for those, too.
 */
static bool answers_doubt(const struct encoder *e)
{
	return e->doubted &&
	    (e->messages_since > e->announcement_messages ||
		e->clock_ns - e->announced_at_ns >= DOUBT_NS);
}

static bool announcement_due(const struct encoder *e)
{
	if (!e->announced || e->messages_since >= e->options.refresh_messages)
		return true;
	return answers_doubt(e) || e->clock_ns - e->announced_at_ns >= e->options.refresh_ns;
}

/* The data that is waiting goes first, so that it keeps its time. */
static void announce_if_due(struct encoder *e)
{
	if (!e->ops->announce || !announcement_due(e))
		return;
	message_send(e);
	e->announced = true;
	e->announced_at_ns = e->clock_ns;
	e->doubted = false;
	e->messages_since = 0;
	e->announcing = true;
	if (e->options.is_behind)
		e->options.continues |= e->options.is_behind(e->options.out_ctx);
	e->ops->announce(e);
	message_send(e);
	e->announcing = false;
	e->announcement_messages = e->messages_since;
	e->messages_since = 0;
}

/* The message has waited long enough at `until`: it leaves with the time of that moment. */
static void send_as_of(struct encoder *e, uint64_t until_ns)
{
	uint64_t to_wall = e->wall_ns - e->clock_ns;

	e->clock_ns = until_ns;
	e->wall_ns = until_ns + to_wall;
	message_send(e);
}

/* Offline the clock restarted, or live the date was set: what waits is of the time before. */
static bool time_jumped(const struct encoder *e, uint64_t clock_ns, uint64_t wall_ns)
{
	int64_t drift = (int64_t)((wall_ns - clock_ns) - (e->wall_ns - e->clock_ns));

	return clock_ns < e->clock_ns || drift > DATE_STEP_NS || drift < -DATE_STEP_NS;
}

/* Whether there are other interfaces than those that were told of. */
static bool look_at_board(struct encoder *e)
{
	uint64_t lists = e->options.board ? board_lists(e->options.board) : 0;

	if (lists == e->lists_seen)
		return false;
	e->lists_seen = lists;
	return true;
}

void encoder_tick(struct encoder *e, uint64_t clock_ns, uint64_t wall_ns)
{
	bool waiting = e->used && e->wire_records;

	if (time_jumped(e, clock_ns, wall_ns)) {
		message_send(e);
		if (e->announced_at_ns > clock_ns)
			e->announced_at_ns = clock_ns;
	} else if (waiting && clock_ns - e->waiting_since_ns >= ENCODER_WAIT_NS) {
		send_as_of(e, e->waiting_since_ns + ENCODER_WAIT_NS);
	}
	e->clock_ns = clock_ns;
	e->wall_ns = wall_ns;
	if (e->ops->announce && look_at_board(e))
		encoder_refresh(e);
	announce_if_due(e);
}

static uint64_t multiply(uint64_t count, uint32_t factor)
{
	return count > UINT64_MAX / factor ? UINT64_MAX : count * factor;
}

/* The sample's counters as an estimate of the whole: the collector need not know the rate. */
void encoder_scale(const struct encoder *e, struct record *r)
{
	uint32_t interval = encoder_rule_of(e, r)->interval;

	if (!e->options.sampling.scale)
		return;
	r->packets = multiply(r->packets, interval);
	r->octets = multiply(r->octets, interval);
}

static bool add_scaled(struct encoder *e, const struct record *r)
{
	struct record scaled = *r;

	encoder_scale(e, &scaled);
	return e->ops->add(e, &scaled);
}

/* Of those that ended together the first one tells the time. */
static inline bool is_time_told(const struct encoder *e, const struct record *r)
{
	return r->clock_ns == e->clock_ns && r->wall_ns == e->wall_ns;
}

bool encoder_record(struct encoder *e, const struct record *r)
{
	if (is_time_told(e, r))
		announce_if_due(e);
	else
		encoder_tick(e, r->clock_ns, r->wall_ns);
	return e->options.sampling.scale ? add_scaled(e, r) : e->ops->add(e, r);
}

void encoder_flush(struct encoder *e)
{
	message_send(e);
}

void encoder_finish(struct encoder *e)
{
	if (!e->announced && e->options.format == FORMAT_CSV)
		announce_if_due(e);
	message_send(e);
	if (e->announced && e->ops->conclude) {
		e->ops->conclude(e);
		message_send(e);
	}
}

/* A heading is told once: behind lines it would be taken for one. */
void encoder_refresh(struct encoder *e)
{
	e->announced &= format_is_stream(e->options.format);
}

void encoder_doubt(struct encoder *e)
{
	e->doubted = !format_is_stream(e->options.format);
}

void encoder_discard(struct encoder *e)
{
	if (e->used && e->ops->discard)
		e->ops->discard(e);
	e->used = 0;
	e->records = 0;
	e->wire_records = 0;
	e->stale = false;
}

void encoder_rewind(struct encoder *e, uint32_t sequence)
{
	encoder_discard(e);
	e->sequence = sequence;
	e->announced = false;
}

void encoder_begin_session(struct encoder *e, const struct sockaddr *exporter)
{
	struct export_constants *k = &e->constants;

	encoder_rewind(e, 0);
	/* Statistics are those of the session: what was lost before is no part of it. */
	e->messages_total = e->not_sent.messages;
	e->octets_total = e->not_sent.message_octets;
	e->records_total = e->not_sent.message_records;
	e->export_time = 0;
	memset(k->exporter_ipv4, 0, sizeof(k->exporter_ipv4));
	memset(k->exporter_ipv6, 0, sizeof(k->exporter_ipv6));
	if (exporter && exporter->sa_family == AF_INET)
		memcpy(k->exporter_ipv4, &((const struct sockaddr_in *)exporter)->sin_addr, 4);
	if (exporter && exporter->sa_family == AF_INET6)
		memcpy(k->exporter_ipv6, &((const struct sockaddr_in6 *)exporter)->sin6_addr, 16);
}

void encoder_tell_not_sent(struct encoder *e, const struct not_sent *lost)
{
	e->not_sent = *lost;
}

void encoder_tell_taken_back(struct encoder *e, const struct not_sent *taken)
{
	e->messages_total -= taken->messages;
	e->octets_total -= taken->message_octets;
	e->records_total -= taken->records;
}

void encoder_tell_unmetered(struct encoder *e, const struct unmetered *lost)
{
	e->unmetered = *lost;
}

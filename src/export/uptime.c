/*
 * NetFlow v5 and v9 tell a record's times in ms of SysUptime, 32 bits, 49.7 days. The "boot" that
 * it counts from is of our choosing: a whole second, kept as long as records fit, so that header
 * seconds - SysUptime + First is a packet's time to the millisecond, however old the capture and
 * however long the probe has been up.
 */
#include "export/format.h"
#include "util/units.h"

#define MS_PER_S 1000ull
/* A new origin lies this far before the record, so that those which began earlier fit as well. */
#define ORIGIN_SLACK_S 3600

static uint64_t ceil_ms(uint64_t ns)
{
	return ceil_seconds(ns) * MS_PER_S;
}

/* The latest date that the message can leave with, should this record join it. */
static uint64_t leaves_ms(const struct encoder *e, const struct record *r, bool stale)
{
	uint64_t latest =
	    r->end_ns > e->latest_end_ns || e->used == 0 ? r->end_ns : e->latest_end_ns;

	if (!stale && e->wall_ns + ENCODER_WAIT_NS > latest)
		latest = e->wall_ns + ENCODER_WAIT_NS;
	return ceil_ms(latest);
}

static bool spans(uint64_t from_ms, uint64_t to_ms)
{
	return from_ms <= to_ms && to_ms - from_ms <= UINT32_MAX;
}

static uint64_t start_ms(const struct record *r)
{
	return r->start_ns / NS_PER_S * MS_PER_S;
}

/* Between the record's start with some slack before it, and what 32 bits still reach. */
static void choose_origin(struct encoder *e, uint64_t first_ms, uint64_t last_ms)
{
	uint64_t slack_ms = ORIGIN_SLACK_S * MS_PER_S;

	e->origin_ms = first_ms > slack_ms ? first_ms - slack_ms : 0;
	if (!spans(e->origin_ms, last_ms))
		e->origin_ms = first_ms;
	/* Longer than 49.7 days, which takes a step of the wall clock: the start has to give way. */
	if (!spans(e->origin_ms, last_ms))
		e->origin_ms = (last_ms - UINT32_MAX + MS_PER_S - 1) / MS_PER_S * MS_PER_S;
	e->origin_set = true;
}

/*
 * A record that left the table long after its end (the capture has a gap of weeks) cannot be told
 * beside the clock's time: its message then carries its latest end instead.
 */
static bool reaches(const struct encoder *e, const struct record *r, bool stale)
{
	return e->origin_set && start_ms(r) >= e->origin_ms &&
	    spans(e->origin_ms, leaves_ms(e, r, stale));
}

void uptime_admit(struct encoder *e, const struct record *r)
{
	bool stale = !spans(start_ms(r), leaves_ms(e, r, false));

	if (e->used && (stale != e->stale || !reaches(e, r, stale)))
		message_send(e);
	if (!reaches(e, r, stale))
		choose_origin(e, start_ms(r), leaves_ms(e, r, stale));
	e->stale = stale;
}

uint32_t uptime_at(struct encoder *e, uint64_t seconds)
{
	uint64_t now_ms = seconds * MS_PER_S;

	/* Only a message without records can find no origin, or one that does not reach. */
	if (!e->origin_set || !spans(e->origin_ms, now_ms))
		choose_origin(e, now_ms, now_ms);
	return (uint32_t)(now_ms - e->origin_ms);
}

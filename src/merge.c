/*
 * SPINE: one stream of records out of several rings, told by one clock that does not go back.
 *
 *	merge_next: next_slot: ring -> take: in_time
 *	merge_end_turn: begin_again
 */
#include "merge.h"

void merge_init(struct merge *m, struct ring *const *rings, unsigned count, unsigned a_turn)
{
	*m = (struct merge){.count = count, .share = count ? a_turn / count : 0};
	for (unsigned i = 0; i < count; i++)
		m->inputs[i].ring = rings[i];
}

bool merge_has_ended(const struct merge *m)
{
	return m->ended;
}

/* -- a turn ----------------------------------------------------------------------------------- */

/* The rings are not exactly equally far; whoever asks sees a clock that does not go back. */
static const struct record *in_time(struct merge *m, const struct record *r)
{
	uint64_t late_ns = r->clock_ns < m->clock_ns ? m->clock_ns - r->clock_ns : 0;

	m->clock_ns = r->clock_ns + late_ns;
	if (!late_ns)
		return r;
	m->told = *r;
	m->told.clock_ns += late_ns;
	m->told.wall_ns += late_ns;
	return &m->told;
}

/* One tells what all workers could not meter, and the last one that nothing follows. */
static const struct record *take_time(
    struct merge *m, struct merge_input *in, const struct record *r)
{
	struct record *tick = &m->told;
	struct unmetered sum = {0};

	in->unmetered = record_unmetered(r);
	in->ended = r->kind == RECORD_LAST;
	m->ended = true;
	for (unsigned i = 0; i < m->count; i++) {
		unmetered_add(&sum, &m->inputs[i].unmetered);
		m->ended &= m->inputs[i].ended;
	}
	*tick = *r;
	tick->kind = m->ended ? RECORD_LAST : RECORD_TICK;
	record_put_unmetered(tick, &sum);
	return in_time(m, tick);
}

/* What is to be told of a slot; NULL: nothing. */
static const struct record *take(struct merge *m, struct merge_input *in, const struct record *r)
{
	switch (r->kind) {
	case RECORD_FLOW:
		return in_time(m, r);
	case RECORD_RESTART:
		in->restarted = true;
		return NULL;
	default:
		return take_time(m, in, r);
	}
}

static bool is_open(const struct merge_input *in)
{
	return !in->restarted && !in->ended;
}

static void give_back(struct merge *m)
{
	if (m->lent)
		ring_pop_end(m->lent);
	m->lent = NULL;
}

/* The oldest slot of the first ring that has one and has not given its share; NULL: there is none. */
static const struct record *next_slot(struct merge *m)
{
	for (; m->at < m->count; m->at++, m->taken = 0) {
		const struct merge_input *in = &m->inputs[m->at];
		const struct record *r;

		if (m->taken < m->share && is_open(in) && (r = ring_pop_begin(in->ring))) {
			m->lent = in->ring;
			m->taken++;
			return r;
		}
	}
	return NULL;
}

const struct record *merge_next(struct merge *m)
{
	const struct record *slot, *r = NULL;

	while (!r) {
		give_back(m);
		slot = next_slot(m);
		if (!slot)
			return NULL;
		m->has_taken = true;
		r = take(m, &m->inputs[m->at], slot);
	}
	return r;
}

/* Once the clock has started again everywhere, it may do so here. */
static void begin_again(struct merge *m)
{
	for (unsigned i = 0; i < m->count; i++)
		if (is_open(&m->inputs[i]))
			return;
	for (unsigned i = 0; i < m->count; i++)
		m->inputs[i].restarted = false;
	m->clock_ns = 0;
}

bool merge_end_turn(struct merge *m)
{
	bool got_on = m->has_taken;

	give_back(m);
	m->at = 0;
	m->taken = 0;
	m->has_taken = false;
	begin_again(m);
	return got_on;
}

/* -- between turns ---------------------------------------------------------------------------- */

bool merge_sleep(struct merge *m, struct pollfd *fds, nfds_t *n)
{
	bool may_sleep = true;

	for (unsigned i = 0; i < m->count; i++) {
		struct ring *ring = m->inputs[i].ring;

		if (!is_open(&m->inputs[i]))
			continue;
		may_sleep &= ring_sleep_begin(ring);
		fds[(*n)++] = (struct pollfd){.fd = ring_data_fd(ring), .events = POLLIN};
	}
	return may_sleep;
}

void merge_wake_up(struct merge *m)
{
	for (unsigned i = 0; i < m->count; i++)
		ring_sleep_end(m->inputs[i].ring);
}

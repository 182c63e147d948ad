#include "meter/expiry.h"

#include "util/scan32.h"

int expiry_reason(const struct flow *f, const struct timeouts *t, uint64_t clock_ns)
{
	uint64_t idle = f->last_clock_ns + t->idle_ns;
	uint64_t active = f->first_clock_ns + t->active_ns;
	uint64_t earliest = idle;
	int reason = END_IDLE;

	if (active < earliest) {
		earliest = active;
		reason = END_ACTIVE;
	}
	if (f->end_deadline < earliest) {
		earliest = f->end_deadline;
		reason = END_OF_FLOW;
	}
	return earliest <= clock_ns ? reason : 0;
}

void expiry_begin_linger(struct flow *f, const struct timeouts *t)
{
	f->end_deadline = f->last_clock_ns + t->end_ns;
	if (f->end_deadline < f->fixed_deadline)
		f->fixed_deadline = f->end_deadline;
}

bool expiry_full_sweep_due(struct expiry *e, uint32_t slots, uint64_t clock_ns)
{
	if (clock_ns >= e->full_ns && clock_ns - e->full_ns < slots * EXPIRY_FULL_NS)
		return false;
	e->full_ns = clock_ns;
	return true;
}

uint32_t expiry_allowance(struct expiry *e, uint32_t slots, uint64_t clock_ns)
{
	uint64_t elapsed, allowance;

	if (clock_ns < e->swept_ns) /* the clock restarted, and the table is empty */
		e->swept_ns = clock_ns;
	elapsed = clock_ns - e->swept_ns;
	if (elapsed >= EXPIRY_PERIOD_NS) {
		e->swept_ns = clock_ns;
		return slots;
	}
	allowance = slots * elapsed / EXPIRY_PERIOD_NS;
	if (allowance)
		e->swept_ns += allowance * EXPIRY_PERIOD_NS / slots;
	return (uint32_t)allowance;
}

void expiry_give_back(struct expiry *e, uint32_t slots, uint32_t allowance)
{
	if (allowance)
		e->swept_ns -= allowance * EXPIRY_PERIOD_NS / slots;
}

/* How many of `most` slots, from `check_at` on, are stepped over: eight at a time, whose time has not come. */
static uint32_t step_over(const uint32_t *check_at, uint32_t most, uint32_t now)
{
	uint32_t n = 0, last = most < SCAN32_LANES ? 0 : most - SCAN32_LANES + 1;

	while (n < last && !scan32(check_at + n, now))
		n += SCAN32_LANES;
	return n;
}

uint32_t expiry_next(struct expiry *e, uint32_t slots, uint64_t clock_ns, uint32_t *allowance)
{
	uint32_t now = expiry_unit(e, clock_ns);

	while (*allowance) {
		uint32_t i = e->cursor < slots ? e->cursor : 0;
		uint32_t most = *allowance < slots - i ? *allowance : slots - i;
		uint32_t over = step_over(&e->check_at[i], most, now);

		i += over;
		*allowance -= over;
		if (i == slots || !*allowance) {
			e->cursor = i;
			continue;
		}
		--*allowance;
		e->cursor = i + 1;
		if (e->check_at[i] <= now)
			return i;
	}
	return EXPIRY_NONE;
}

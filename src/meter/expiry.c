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

/* Number and place are compared as one: so each step waits for the one before it least. */
uint32_t expiry_first(const uint32_t check_at[], uint32_t count)
{
	uint64_t first = UINT64_MAX;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t one = (uint64_t)check_at[i] << 32 | i;

		first = one < first ? one : first;
	}
	return (uint32_t)first;
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

unsigned expiry_gather(struct expiry *e, uint32_t slots, uint64_t clock_ns, uint32_t *allowance,
    uint32_t due[], unsigned most)
{
	uint32_t now = expiry_unit(e, clock_ns);
	uint32_t i = e->cursor, left = *allowance;
	unsigned n = 0, step;

	for (; left && n < most; i += step, left -= step) {
		bool together;
		unsigned set;

		if (i >= slots)
			i = 0;
		together =
		    left >= SCAN32_LANES && slots - i >= SCAN32_LANES && most - n >= SCAN32_LANES;
		step = together ? SCAN32_LANES : 1;
		set = together ? scan32(&e->check_at[i], now) : e->check_at[i] <= now;
		for (; set; set &= set - 1)
			due[n++] = i + (unsigned)__builtin_ctz(set);
	}
	e->cursor = i;
	*allowance = left;
	return n;
}

#include "meter/table_inside.h"

bool table_visit(
    const struct table *t, uint32_t *slot, uint32_t count, flow_visit_fn *visit, void *ctx)
{
	for (; count > 0 && *slot < t->used_slots; count--, ++*slot)
		if (t->flows[*slot].packets_and_flags)
			visit(ctx, &t->flows[*slot], t->details ? &t->details[*slot] : NULL);
	return *slot < t->used_slots;
}

/* For the deadline that it has passed, else because it is asked to go. */
static void end_forced(struct table *t, uint32_t i, uint64_t clock_ns)
{
	int reason = expiry_reason(&t->flows[i], &t->options.timeouts, clock_ns);

	table_end_flow(t, i, reason ? reason : END_FORCED, clock_ns);
}

bool table_end_some(struct table *t, uint32_t *slot, uint32_t count, size_t room, uint64_t clock_ns)
{
	for (; count > 0 && room > 0 && *slot < t->used_slots; count--, ++*slot) {
		if (t->flows[*slot].packets_and_flags == 0)
			continue;
		end_forced(t, *slot, clock_ns);
		room--;
	}
	return *slot < t->used_slots;
}

void table_begin_time(struct table *t, uint64_t clock_ns)
{
	t->expiry.base_ns = clock_ns;
	for (uint32_t i = 0; i < t->used_slots; i++)
		if (t->flows[i].packets_and_flags)
			expiry_set(
			    &t->expiry, i, expiry_deadline(&t->flows[i], &t->options.timeouts));
}

/* The linger of one that has begun stays as it is. */
void table_set_timeouts(struct table *t, const struct timeouts *timeouts)
{
	t->options.timeouts = *timeouts;
	for (uint32_t i = 0; i < t->used_slots; i++) {
		struct flow *f = &t->flows[i];

		if (!f->packets_and_flags)
			continue;
		f->fixed_deadline = f->first_clock_ns + timeouts->active_ns;
		if (f->end_deadline < f->fixed_deadline)
			f->fixed_deadline = f->end_deadline;
		expiry_set(&t->expiry, i, expiry_deadline(f, timeouts));
	}
}

void table_end_all(struct table *t, uint64_t clock_ns)
{
	for (uint32_t i = 0; i < t->used_slots; i++) {
		if (!t->flows[i].packets_and_flags)
			continue;
		end_forced(t, i, clock_ns);
	}
	table_forget_gone(t);
	/* The next one starts with a short table again: this may happen at every other packet. */
	t->used_slots = 0;
	t->free_slot = NO_FLOW;
	t->victims_left = 0;
	t->victims_from = 0;
}

#include "meter/table_inside.h"

#include <netinet/in.h>
#include <string.h>

bool table_visit(
    const struct table *t, uint32_t *slot, uint32_t count, flow_visit_fn *visit, void *ctx)
{
	for (; count > 0 && *slot < t->used_slots; count--, ++*slot)
		if (t->flows[*slot].packets_and_flags)
			visit(ctx, &t->flows[*slot], t->details ? &t->details[*slot] : NULL);
	return *slot < t->used_slots;
}

/* -- ends ------------------------------------------------------------------------------------- */

/* Of so many that end at once those of a kind follow each other; a few keep the order of their beginnings. */
#define MANY 64
#define KINDS 4

/* As records have templates: IPv4, ICMP, IPv6, ICMPv6. */
static unsigned kind_of(const struct flow *f)
{
	bool is_ipv6 = kind_version(f->head.kind) == 6;
	bool is_icmp = f->head.protocol == (is_ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);

	return (unsigned)is_ipv6 << 1 | is_icmp;
}

/*
 * What is exported has fewer and larger sets then, and messages that are equally long, of which the system
 * takes many at once.
 */
void table_order(const struct table *t, uint32_t slots[], unsigned n)
{
	uint32_t ordered[TOGETHER];
	unsigned place[KINDS + 1] = {0};

	if (n < MANY)
		return;
	for (unsigned i = 0; i < n; i++)
		place[kind_of(&t->flows[slots[i]]) + 1]++;
	for (unsigned kind = 1; kind < KINDS; kind++)
		place[kind] += place[kind - 1];
	for (unsigned i = 0; i < n; i++)
		ordered[place[kind_of(&t->flows[slots[i]])]++] = slots[i];
	memcpy(slots, ordered, n * sizeof(*slots));
}

/* For the deadline that it has passed, else because it is asked to go. */
static void end_forced(struct table *t, uint32_t i, uint64_t clock_ns)
{
	int reason = expiry_reason(&t->flows[i], &t->options.timeouts, clock_ns);

	table_end_flow(t, i, reason ? reason : END_FORCED, clock_ns);
}

/* The next flows from *slot on, `room` at most, end. How many did. */
static unsigned end_next(
    struct table *t, uint32_t *slot, uint32_t end, size_t room, uint64_t clock_ns)
{
	uint32_t slots[TOGETHER];
	unsigned n = 0;

	for (; n < TOGETHER && n < room && *slot < end; ++*slot)
		if (t->flows[*slot].packets_and_flags)
			slots[n++] = *slot;
	table_order(t, slots, n);
	for (unsigned i = 0; i < n; i++)
		end_forced(t, slots[i], clock_ns);
	return n;
}

bool table_end_some(struct table *t, uint32_t *slot, uint32_t count, size_t room, uint64_t clock_ns)
{
	uint32_t left = *slot < t->used_slots ? t->used_slots - *slot : 0;
	uint32_t end = *slot + (count < left ? count : left);

	while (*slot < end && room > 0)
		room -= end_next(t, slot, end, room, clock_ns);
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
	if (memcmp(&t->options.timeouts, timeouts, sizeof(*timeouts)) == 0)
		return; /* as after most reloads: all flows need not be looked at */
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
	uint32_t slot = 0;

	while (slot < t->used_slots) {
		end_next(t, &slot, t->used_slots, SIZE_MAX, clock_ns);
		/* No slot needs to be known as free, nor memory to be touched for that. */
		t->free_count = 0;
	}
	table_forget_gone(t);
	/* The next one starts with a short table again: this may happen at every other packet. */
	t->used_slots = 0;
	t->evict_from = 0;
}

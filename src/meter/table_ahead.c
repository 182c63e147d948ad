/*
 * What a table that grows will touch next, told some time before, so that others may bring it in.
 */
#include "meter/table_inside.h"

/* So many flows, which are 2 MB, are asked for at a time, and so many are ahead at most. */
#define STEP 16384u
#define MOST (2 * STEP)

/* All that these flows need. */
static void ask_ahead(struct table *t, uint32_t first, uint32_t count)
{
	uint32_t bucket = index_count_for(&t->index, first);
	uint32_t buckets = index_count_for(&t->index, first + count) - bucket;
	void *ctx = t->options.ahead_ctx;

	t->options.ahead(ctx, &t->flows[first], count * sizeof(*t->flows));
	t->options.ahead(ctx, &t->expiry.check_at[first], count * sizeof(*t->expiry.check_at));
	t->options.ahead(ctx, &t->index.buckets[bucket], buckets * sizeof(struct bucket));
	if (t->details)
		t->options.ahead(ctx, &t->details[first], count * sizeof(*t->details));
}

/*
 * The more flows there are, the faster more may come; an eighth of them is little beside them if it is not
 * used. What they need until the next look is asked for in any case.
 */
void table_look_ahead(struct table *t)
{
	uint32_t more = t->used_slots / 8 < MOST ? t->used_slots / 8 : MOST;

	if (!t->ahead_slots)
		t->ahead_slots = STEP;
	while (t->ahead_slots <= t->used_slots + more + AHEAD_LOOK &&
	    (uint64_t)t->ahead_slots + STEP <= t->options.max_flows) {
		ask_ahead(t, t->ahead_slots, STEP);
		t->ahead_slots += STEP;
	}
}

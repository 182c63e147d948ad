#include "meter/overload.h"

/* Drops take two levels: by one the load halves, which may not be enough to empty the ring. */
#define STEP_OF_DROPS 2
/* Below the first share of idleness the load is too much, above the second one twice of it would not be. */
#define BUSY_PERCENT 2
#define CALM_PERCENT 60

void overload_plan(struct sampling_plan *plan)
{
	plan->rules[0] = (struct sampling_rule){SAMPLING_NONE, 1};
	for (unsigned k = 1; k < OVERLOAD_LEVELS; k++)
		plan->rules[k] = (struct sampling_rule){SAMPLING_RANDOM, 1u << k};
	plan->count = OVERLOAD_LEVELS;
}

static void raise(struct overload *o, unsigned steps)
{
	o->calm_ns = 0;
	o->level += steps;
	if (o->level >= OVERLOAD_LEVELS)
		o->level = OVERLOAD_LEVELS - 1;
}

static void lower(struct overload *o, uint64_t now_ns)
{
	if (!o->calm_ns) {
		o->calm_ns = now_ns;
	} else if (o->level && now_ns - o->calm_ns >= OVERLOAD_CALM_NS) {
		o->calm_ns = now_ns;
		o->level--;
	}
}

bool overload_judge(struct overload *o, uint64_t now_ns, uint64_t idle_ns, uint64_t drops)
{
	uint64_t passed = now_ns - o->judged_ns, idle = idle_ns - o->idle_ns;
	unsigned level = o->level;

	if (o->judged_ns && passed < OVERLOAD_INTERVAL_NS)
		return false;
	if (!o->judged_ns)
		o->calm_ns = 0; /* what was before does not count */
	else if (drops > o->drops)
		raise(o, STEP_OF_DROPS);
	else if (idle * 100 < passed * BUSY_PERCENT)
		raise(o, 1);
	else if (idle * 100 > passed * CALM_PERCENT)
		lower(o, now_ns);
	else
		o->calm_ns = 0;
	o->judged_ns = now_ns;
	o->idle_ns = idle_ns;
	o->drops = drops;
	return o->level != level;
}

#include "meter/clock.h"

bool clock_steps_back(const struct clock *c, uint64_t ts_ns)
{
	if (c->live || ts_ns == 0 || ts_ns >= c->now_ns)
		return false;
	return c->file_begins || c->now_ns - ts_ns > CLOCK_STEP_NS;
}

void clock_restart(struct clock *c, uint64_t ts_ns)
{
	c->now_ns = ts_ns;
	c->newest_ns = 0;
}

/* A packet's date on the steady clock, as far as the clocks agree: between the clock and the limit. */
static uint64_t steady_of(const struct clock *c, uint64_t ts_ns)
{
	uint64_t at = ts_ns - (uint64_t)c->to_wall_ns;

	if ((int64_t)(at - c->limit_ns) > 0)
		return c->limit_ns;
	return (int64_t)(at - c->now_ns) < 0 ? c->now_ns : at;
}

struct stamp clock_stamp(struct clock *c, uint64_t ts_ns)
{
	struct stamp s = {.ts_ns = ts_ns, .no_time = ts_ns == 0};

	if (s.no_time) {
		s.ts_ns = c->live ? clock_wall_ns(c) : c->now_ns;
	} else {
		uint64_t at = c->live ? steady_of(c, ts_ns) : ts_ns;

		c->file_begins = false;
		if (at > c->now_ns)
			c->now_ns = at;
	}
	s.clock_ns = c->now_ns;
	s.late = s.ts_ns < c->newest_ns;
	if (!s.late)
		c->newest_ns = s.ts_ns;
	return s;
}

/*
 * The steady clock starts anywhere; ours starts at the date, so that both look alike, and keeps
 * that distance whatever happens to the date.
 */
void clock_tick_live(struct clock *c, uint64_t steady_ns, uint64_t wall_ns)
{
	if (!c->live) {
		*c = (struct clock){.live = true, .now_ns = wall_ns};
		c->newest_ns = 0;
		c->limit_ns = wall_ns;
		c->steady_to_clock_ns = wall_ns - steady_ns;
		return;
	}
	c->limit_ns = steady_ns + c->steady_to_clock_ns;
	c->to_wall_ns = (int64_t)(wall_ns - c->limit_ns);
}

void clock_catch_up(struct clock *c)
{
	if (c->limit_ns > c->now_ns)
		c->now_ns = c->limit_ns;
}

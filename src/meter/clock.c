#include "meter/clock.h"

void clock_restart(struct clock *c, uint64_t ts_ns)
{
	c->now_ns = ts_ns;
	c->newest_ns = 0;
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
	c->limit_ns = clock_of_steady(c, steady_ns);
	c->to_wall_ns = (int64_t)(wall_ns - c->limit_ns);
}

void clock_catch_up(struct clock *c)
{
	if (c->limit_ns > c->now_ns)
		c->now_ns = c->limit_ns;
}

/*
 * SPINE: what is said of a captured interface's condition: once, and not before it lasts. Times are those of the
 * monotonic clock.
 */
#ifndef SPANFLOW_LIVE_TOLD_H
#define SPANFLOW_LIVE_TOLD_H

#include <stdint.h>

struct live_interface; /* live_watch.h */

enum live_condition { LIVE_GOOD, LIVE_NO_CARRIER, LIVE_DOWN, LIVE_GONE, LIVE_FAILED };

/* Zeros: it is good, as everyone expects. */
struct live_told {
	enum live_condition told;
	enum live_condition seen;
	uint64_t since_ns; /* it is seen */
};

/* Says it now. */
void live_tell(struct live_told *t, const struct live_interface *i, enum live_condition c);
/* Says what has lasted long enough and has not been said. When to look again at the latest; UINT64_MAX: no matter. */
uint64_t live_observe(
    struct live_told *t, const struct live_interface *i, enum live_condition c, uint64_t now_ns);

#endif

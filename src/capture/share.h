/*
 * Sources that have an interface's packets in common: each gets the packets of some flows.
 *
 * Until the last of them has joined, packets come to one that will not be its own then, and what it
 * captured before it joined the others have, too. So all of them begin with the first packet that dates
 * from after that moment, or when a while has passed by the steady clock: dates may be set back.
 */
#ifndef SPANFLOW_CAPTURE_SHARE_H
#define SPANFLOW_CAPTURE_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/source.h"

/* Where one of them is in this. Zeros before its first read. */
struct joining {
	bool asked;        /* for the date */
	uint64_t begin_ns; /* the date; 0: nothing is left out any more */
	uint64_t until_ns; /* by the steady clock */
};

/* Whether a source that is opened now is the only one so far. `share` may be NULL. */
bool share_is_first(const struct source_share *share);

/*
 * Lets a bound packet socket take part, as the first where there is none. 0, or -errno after saying
 * why; the name is for messages.
 */
int share_join(struct source_share *share, int fd, const char *name);

/* All have joined, and take packets from now on. */
void share_begin(struct source_share *share);

/* Before each time that a source reads; by then those that it shares with have joined. */
void joining_tick(struct joining *joining, const struct source_share *share);

/* Whether a packet is from before the beginning. They come in the order of their dates. */
static inline bool joining_leaves_out(struct joining *joining, uint64_t ts_ns)
{
	if (ts_ns < joining->begin_ns)
		return true;
	joining->begin_ns = 0;
	return false;
}

#endif

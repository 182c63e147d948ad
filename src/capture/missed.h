/*
 * How many packets an interface had no room for while it was captured, also where one takes another's place. Asking
 * may take as long as somebody changes interfaces (capture/iface.h).
 */
#ifndef SPANFLOW_CAPTURE_MISSED_H
#define SPANFLOW_CAPTURE_MISSED_H

#include <stdint.h>

/* All zeros before the first interface. */
struct missed {
	uint64_t told; /* by the interface, the last time; UINT64_MAX: nothing */
	uint64_t total;
};

/* Counts what this interface misses from now on. 0: there is none so far. */
void missed_begin(struct missed *m, uint32_t index);
/* Brings the total up to date, as far as the interface can be asked. */
void missed_ask(struct missed *m, uint32_t index);

#endif

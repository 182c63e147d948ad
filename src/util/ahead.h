/*
 * Memory that will soon be used, brought in by a thread of its own.
 *
 * Address space is reserved at the start, and the kernel gives a page when it is first touched: it looks for
 * one and fills it with zeros, which for a page of 2 MB takes half a millisecond, and far longer where a
 * machine that is virtual has to ask its host. Whoever waits for that misses packets meanwhile. So it says
 * some time before what it will touch. If the thread comes too late, or the kernel does not know of such
 * wishes (Linux before 5.14), it is as it would be without.
 */
#ifndef SPANFLOW_UTIL_AHEAD_H
#define SPANFLOW_UTIL_AHEAD_H

#include <stddef.h>

struct ahead;

/* The thread comes with the first wish. NULL when memory or descriptors lack. */
struct ahead *ahead_create(void);
/* Call it before the memory that was asked for is unmapped. Wishes not yet carried out are dropped. */
void ahead_destroy(struct ahead *a);
/* By one thread, which is the same always. Never waits; a wish too many is forgotten. */
void ahead_ask(struct ahead *a, void *memory, size_t octets);

#endif

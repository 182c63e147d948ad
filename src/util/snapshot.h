/*
 * A value that its owner gives out from time to time, for other threads to read whenever they like.
 *
 * The owner never waits: while somebody reads, what it gives out is left out, and the next time is
 * soon. Readers see one whole value.
 */
#ifndef SPANFLOW_UTIL_SNAPSHOT_H
#define SPANFLOW_UTIL_SNAPSHOT_H

#include <stddef.h>

struct snapshot;

/* Of `size` octets, zeros at first. NULL: no memory. */
struct snapshot *snapshot_create(size_t size);
void snapshot_destroy(struct snapshot *s);
/* By its owner. */
void snapshot_give(struct snapshot *s, const void *value);
/* By anyone. */
void snapshot_read(struct snapshot *s, void *value);

#endif

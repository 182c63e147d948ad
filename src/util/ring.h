/*
 * A bounded single-producer single-consumer queue of fixed-size slots.
 *
 * One thread calls the ring_push_* half, one other thread the ring_pop_* half. Slots cross by
 * value: the producer fills a reserved slot and publishes it; the consumer reads a slot in place
 * and releases it. Nothing is lost and nothing is allocated after ring_create(). Publishing may
 * be put off over several slots, so that the two cores exchange a cache line once a batch.
 *
 * Waiting goes through two event descriptors, which are written only while the other side has
 * said that it is about to sleep: a busy ring makes no system call.
 */
#ifndef SPANFLOW_UTIL_RING_H
#define SPANFLOW_UTIL_RING_H

#include <stdbool.h>
#include <stddef.h>

struct ring;

/* A ring of at least `slots` slots of `size` bytes each. NULL when memory or descriptors lack. */
struct ring *ring_create(size_t slots, size_t size);
void ring_destroy(struct ring *r);

/* Producer: the next free slot, or NULL when the ring is full. Publishes what it must to say so. */
void *ring_push_begin(struct ring *r);
/* Producer: how many slots are free at least. */
size_t ring_room(struct ring *r);
/* Producer: the slot of the last ring_push_begin() is filled. */
void ring_push_end(struct ring *r);
/*
 * Producer: lets the consumer see every filled slot. A consumer that sleeps is woken when there is
 * work for a while, or `now`: waking it for each few slots would cost more than the work.
 */
void ring_publish(struct ring *r, bool now);
/* Producer: sleeps until there is room or `timeout_ms` passed. */
void ring_wait_space(struct ring *r, int timeout_ms);

/* Consumer: the oldest slot, or NULL when there is none; it stays the same until released. */
const void *ring_pop_begin(struct ring *r);
/* Consumer: gives the slot of ring_pop_begin() back. */
void ring_pop_end(struct ring *r);
/*
 * Consumer: says that it is going to sleep on ring_data_fd(). False when there is data after all:
 * then it must not sleep. ring_sleep_end() takes the word back and empties the descriptor.
 */
bool ring_sleep_begin(struct ring *r);
void ring_sleep_end(struct ring *r);
/* Readable when data came while the consumer slept. */
int ring_data_fd(const struct ring *r);

#endif

#include "util/ring.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define CACHE_LINE 64
/* So many slots are worth waking the consumer for, or a quarter of them all. */
#define WAKE_SLOTS 2048

struct ring {
	size_t size;
	size_t mask;
	size_t wake_slots;
	unsigned char *slots;
	int data_fd;
	int space_fd;

	/* The producer's line: `head` is what the consumer may see, `filled` what is written. */
	_Alignas(CACHE_LINE) atomic_size_t head;
	size_t filled;
	size_t tail_seen;
	atomic_bool producer_sleeps;

	/* The consumer's line. */
	_Alignas(CACHE_LINE) atomic_size_t tail;
	size_t head_seen;
	atomic_bool consumer_sleeps;
};

static void wake(int fd)
{
	uint64_t one = 1;

	/* A full counter means that the sleeper has been woken often enough. */
	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

static void empty(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0)
		return;
}

static size_t round_up_pow2(size_t n)
{
	size_t p = 1;

	while (p < n)
		p <<= 1;
	return p;
}

struct ring *ring_create(size_t slots, size_t size)
{
	struct ring *r = aligned_alloc(CACHE_LINE, sizeof(*r));

	if (!r)
		return NULL;
	*r = (struct ring){.size = size, .mask = round_up_pow2(slots) - 1};
	r->wake_slots = (r->mask + 1) / 4 < WAKE_SLOTS ? (r->mask + 1) / 4 : WAKE_SLOTS;
	r->data_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	r->space_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	r->slots = aligned_alloc(
	    CACHE_LINE, ((r->mask + 1) * size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
	if (!r->slots || r->data_fd < 0 || r->space_fd < 0) {
		ring_destroy(r);
		return NULL;
	}
	return r;
}

void ring_destroy(struct ring *r)
{
	if (!r)
		return;
	if (r->data_fd >= 0)
		close(r->data_fd);
	if (r->space_fd >= 0)
		close(r->space_fd);
	free(r->slots);
	free(r);
}

static bool producer_is_full(struct ring *r)
{
	if (r->filled - r->tail_seen <= r->mask)
		return false;
	r->tail_seen = atomic_load_explicit(&r->tail, memory_order_acquire);
	return r->filled - r->tail_seen > r->mask;
}

void *ring_push_begin(struct ring *r)
{
	if (producer_is_full(r)) {
		ring_publish(r, true);
		return NULL;
	}
	return r->slots + (r->filled & r->mask) * r->size;
}

size_t ring_room(struct ring *r)
{
	r->tail_seen = atomic_load_explicit(&r->tail, memory_order_acquire);
	return r->mask + 1 - (r->filled - r->tail_seen);
}

void ring_push_end(struct ring *r)
{
	r->filled++;
}

void ring_publish(struct ring *r, bool now)
{
	if (!now && r->filled - r->tail_seen < r->wake_slots) {
		atomic_store_explicit(&r->head, r->filled, memory_order_release);
		return;
	}
	/* Sequentially consistent, as is the consumer's flag: one of the two must see the other. */
	atomic_store(&r->head, r->filled);
	r->tail_seen = atomic_load_explicit(&r->tail, memory_order_acquire);
	if (atomic_load(&r->consumer_sleeps) && (now || r->filled - r->tail_seen >= r->wake_slots))
		wake(r->data_fd);
}

void ring_wait_space(struct ring *r, int timeout_ms)
{
	struct pollfd p = {.fd = r->space_fd, .events = POLLIN};

	atomic_store(&r->producer_sleeps, true);
	r->tail_seen = atomic_load(&r->tail);
	if (r->filled - r->tail_seen > r->mask)
		poll(&p, 1, timeout_ms);
	atomic_store(&r->producer_sleeps, false);
	empty(r->space_fd);
}

const void *ring_pop_begin(struct ring *r)
{
	size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	if (tail == r->head_seen) {
		r->head_seen = atomic_load_explicit(&r->head, memory_order_acquire);
		if (tail == r->head_seen)
			return NULL;
	}
	return r->slots + (tail & r->mask) * r->size;
}

/* A store in total order costs more than a slot's work: once in so many slots. */
#define WAKE_STRIDE 64

/* A producer that waits is woken when half the ring is free, so that it has work for a while. */
static void wake_producer(struct ring *r, size_t tail)
{
	if (atomic_load(&r->producer_sleeps) && (atomic_load(&r->head) - tail) * 2 <= r->mask + 1)
		wake(r->space_fd);
}

void ring_pop_end(struct ring *r)
{
	size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed) + 1;

	if (tail % WAKE_STRIDE != 0 && tail != r->head_seen) {
		atomic_store_explicit(&r->tail, tail, memory_order_release);
		return;
	}
	atomic_store(&r->tail, tail);
	wake_producer(r, tail);
}

bool ring_sleep_begin(struct ring *r)
{
	atomic_store(&r->consumer_sleeps, true);
	return atomic_load(&r->head) == atomic_load_explicit(&r->tail, memory_order_relaxed);
}

void ring_sleep_end(struct ring *r)
{
	atomic_store(&r->consumer_sleeps, false);
	empty(r->data_fd);
}

int ring_data_fd(const struct ring *r)
{
	return r->data_fd;
}

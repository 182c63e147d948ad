#include "util/ahead.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util/ring.h"

#define WISHES 64
/* Wakes get lost nowhere; should one, this is how long its wish waits. */
#define WAIT_MS 1000

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* Whole pages; of no octets: the last one. */
struct wish {
	void *memory;
	size_t octets;
};

struct ahead {
	struct ring *wishes;
	pthread_t thread;
	bool has_thread;
	bool is_useless;     /* there can be no thread */
	atomic_bool is_over; /* nobody will touch what was asked for */
	uintptr_t page;
};

/* False: the kernel does not know of it. What else may be wrong shows when the memory is used. */
static bool bring_in(const struct wish *w)
{
	return madvise(w->memory, w->octets, MADV_POPULATE_WRITE) == 0 || errno != EINVAL;
}

static void wait_for_wish(struct ring *wishes)
{
	struct pollfd fd = {.fd = ring_data_fd(wishes), .events = POLLIN};

	if (ring_sleep_begin(wishes))
		poll(&fd, 1, WAIT_MS);
	ring_sleep_end(wishes);
}

static void *run(void *ahead)
{
	struct ahead *a = ahead;
	bool is_of_use = true, is_last = false;

	pthread_setname_np(pthread_self(), "sf-ahead");
	while (!is_last) {
		const struct wish *w = ring_pop_begin(a->wishes);

		if (!w) {
			wait_for_wish(a->wishes);
			continue;
		}
		is_last = w->octets == 0;
		if (!is_last && is_of_use && !a->is_over)
			is_of_use = bring_in(w);
		ring_pop_end(a->wishes);
	}
	return NULL;
}

/* False: there is no room. */
static bool push(struct ahead *a, const struct wish *w)
{
	struct wish *slot = ring_push_begin(a->wishes);

	if (!slot)
		return false;
	*slot = *w;
	ring_push_end(a->wishes);
	ring_publish(a->wishes, true);
	return true;
}

struct ahead *ahead_create(void)
{
	struct ahead *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->page = (uintptr_t)sysconf(_SC_PAGESIZE);
	a->wishes = ring_create(WISHES, sizeof(struct wish));
	if (a->wishes)
		return a;
	free(a);
	return NULL;
}

void ahead_destroy(struct ahead *a)
{
	static const struct wish last;

	if (!a)
		return;
	if (a->has_thread) {
		a->is_over = true;
		while (!push(a, &last))
			ring_wait_space(a->wishes, WAIT_MS);
		pthread_join(a->thread, NULL);
	}
	ring_destroy(a->wishes);
	free(a);
}

void ahead_ask(struct ahead *a, void *memory, size_t octets)
{
	uintptr_t begin = (uintptr_t)memory & ~(a->page - 1);
	uintptr_t end = (uintptr_t)memory + octets;

	if (!a->has_thread && !a->is_useless) {
		a->has_thread = pthread_create(&a->thread, NULL, run, a) == 0;
		a->is_useless = !a->has_thread;
	}
	if (a->has_thread && octets)
		push(a, &(struct wish){(void *)begin, end - begin});
}

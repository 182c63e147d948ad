#include "control/listing.h"

#include <stdlib.h>
#include <sys/mman.h>

/* A heap with the smallest on top, as long as there is an order; else a list. */
struct listing {
	struct listing_request request;
	struct listing_sum sum;
	struct record *records;
	size_t count;
};

struct listing *listing_create(const struct listing_request *request)
{
	struct listing *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->request = *request;
	l->records = mmap(NULL, request->limit * sizeof(*l->records), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (l->records != MAP_FAILED)
		return l;
	free(l);
	return NULL;
}

void listing_destroy(struct listing *l)
{
	if (!l)
		return;
	munmap(l->records, l->request.limit * sizeof(*l->records));
	free(l);
}

static uint64_t weight(const struct listing *l, const struct record *r)
{
	switch (l->request.order) {
	case LISTING_PACKETS:
		return r->packets;
	case LISTING_DURATION:
		return r->end_ns - r->start_ns;
	default:
		return r->octets;
	}
}

static void swap(struct record *a, struct record *b)
{
	struct record r = *a;

	*a = *b;
	*b = r;
}

static void rise(struct listing *l, size_t i)
{
	while (i > 0) {
		size_t parent = (i - 1) / 2;

		if (weight(l, &l->records[parent]) <= weight(l, &l->records[i]))
			return;
		swap(&l->records[parent], &l->records[i]);
		i = parent;
	}
}

/* Within the first `count`. */
static void sink(struct listing *l, size_t count)
{
	size_t i = 0;

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= count)
			return;
		if (child + 1 < count &&
		    weight(l, &l->records[child + 1]) < weight(l, &l->records[child]))
			child++;
		if (weight(l, &l->records[i]) <= weight(l, &l->records[child]))
			return;
		swap(&l->records[i], &l->records[child]);
		i = child;
	}
}

static void keep(struct listing *l, const struct record *r)
{
	bool has_order = l->request.order != LISTING_AS_HELD;

	if (l->count < l->request.limit) {
		l->records[l->count++] = *r;
		if (has_order)
			rise(l, l->count - 1);
	} else if (has_order && weight(l, r) > weight(l, &l->records[0])) {
		l->records[0] = *r;
		sink(l, l->count);
	}
}

void listing_offer(struct listing *l, const struct record *r)
{
	if (!flow_filter_matches(&l->request.filter, r))
		return;
	l->sum.flows++;
	l->sum.packets += r->packets;
	l->sum.octets += r->octets;
	keep(l, r);
}

void listing_merge(struct listing *l, const struct listing *other)
{
	l->sum.flows += other->sum.flows;
	l->sum.packets += other->sum.packets;
	l->sum.octets += other->sum.octets;
	for (size_t i = 0; i < other->count; i++)
		keep(l, &other->records[i]);
}

void listing_clear(struct listing *l)
{
	l->sum = (struct listing_sum){0};
	l->count = 0;
}

/* The smallest goes behind what is left, again and again. */
void listing_sort(struct listing *l)
{
	if (l->request.order == LISTING_AS_HELD)
		return;
	for (size_t n = l->count; n > 1; n--) {
		swap(&l->records[0], &l->records[n - 1]);
		sink(l, n - 1);
	}
}

size_t listing_count(const struct listing *l)
{
	return l->count;
}

const struct record *listing_at(const struct listing *l, size_t i)
{
	return &l->records[i];
}

const struct listing_sum *listing_sum(const struct listing *l)
{
	return &l->sum;
}

#include "control/listing.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

/* What is compared and moved in place of a record, which is ten times as large. */
struct place {
	uint64_t weight;
	size_t record;
};

struct listing {
	struct listing_request request;
	struct listing_sum sum;
	struct record *records; /* in the order in which they came */
	struct place *places;   /* where there is an order: a heap with the smallest on top */
	size_t count;
};

/* Memory for `count` of them that costs nothing before it is touched, or NULL. */
static void *reserve(size_t count, size_t size)
{
	void *memory = mmap(NULL, count * size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static bool has_order(const struct listing *l)
{
	return l->request.order != LISTING_AS_HELD;
}

struct listing *listing_create(const struct listing_request *request)
{
	struct listing *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->request = *request;
	l->records = reserve(request->limit, sizeof(*l->records));
	if (has_order(l))
		l->places = reserve(request->limit, sizeof(*l->places));
	if (l->records && (l->places || !has_order(l)))
		return l;
	listing_destroy(l);
	return NULL;
}

void listing_destroy(struct listing *l)
{
	if (!l)
		return;
	if (l->records)
		munmap(l->records, l->request.limit * sizeof(*l->records));
	if (l->places)
		munmap(l->places, l->request.limit * sizeof(*l->places));
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

static void swap(struct place *a, struct place *b)
{
	struct place p = *a;

	*a = *b;
	*b = p;
}

static void rise(struct place *places, size_t i)
{
	while (i > 0) {
		size_t parent = (i - 1) / 2;

		if (places[parent].weight <= places[i].weight)
			return;
		swap(&places[parent], &places[i]);
		i = parent;
	}
}

/* The first one, within the first `count`. */
static void sink(struct place *places, size_t count)
{
	size_t i = 0;

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= count)
			return;
		if (child + 1 < count && places[child + 1].weight < places[child].weight)
			child++;
		if (places[i].weight <= places[child].weight)
			return;
		swap(&places[i], &places[child]);
		i = child;
	}
}

/* In place of the smallest, if it is larger. */
static void replace(struct listing *l, const struct record *r)
{
	uint64_t mine = weight(l, r);

	if (mine <= l->places[0].weight)
		return;
	l->places[0].weight = mine;
	l->records[l->places[0].record] = *r;
	sink(l->places, l->count);
}

static void keep(struct listing *l, const struct record *r)
{
	if (l->count < l->request.limit) {
		l->records[l->count] = *r;
		if (has_order(l)) {
			l->places[l->count] = (struct place){weight(l, r), l->count};
			rise(l->places, l->count);
		}
		l->count++;
	} else if (has_order(l)) {
		replace(l, r);
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
	if (!has_order(l))
		return;
	for (size_t n = l->count; n > 1; n--) {
		swap(&l->places[0], &l->places[n - 1]);
		sink(l->places, n - 1);
	}
}

size_t listing_count(const struct listing *l)
{
	return l->count;
}

const struct record *listing_at(const struct listing *l, size_t i)
{
	return &l->records[has_order(l) ? l->places[i].record : i];
}

const struct listing_sum *listing_sum(const struct listing *l)
{
	return &l->sum;
}

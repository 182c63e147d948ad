/*
 * The memory of packets, a few of its buckets crowded, beside one that has every packet: what it calls a
 * duplicate is one, and what it forgot would have been forgotten if all had been in use from the beginning.
 *
 * Input: both windows in ms; then packets, of three octets each: which of the first buckets (2 bits),
 * which of those that it is split into (3 bits), and the digest's upper bits (3 bits); two of these again
 * and the place (1 bit); the time since the packet before, of which the square counts.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "meter/dedup.h"
#include "util/units.h"

#define T0 (1700000000 * NS_PER_S)
#define HEADER 2
#define PACKET 3
#define STEP_NS 4000u
#define FIRST_BUCKETS 4
#define PARTS (DEDUP_BUCKETS / DEDUP_BUCKETS_FIRST)
#define DIGESTS 32 /* of each bucket of all */
#define BUCKETS (FIRST_BUCKETS * PARTS)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The last one that was metered of a digest; `turn` 0: none was. */
struct metered {
	uint64_t clock_ns;
	uint32_t turn;
	uint16_t place;
};

struct model {
	struct dedup_windows windows;
	uint32_t turn;
	bool has_forgotten;
	struct metered buckets[BUCKETS][DIGESTS];
};

static void check(bool holds)
{
	if (!holds)
		abort();
}

static uint64_t longer(const struct dedup_windows *w)
{
	return w->copy_ns > w->same_ns ? w->copy_ns : w->same_ns;
}

static bool is_within_window(
    const struct model *m, const struct metered *p, uint16_t place, uint64_t clock_ns)
{
	uint64_t window = p->place == place ? m->windows.same_ns : m->windows.copy_ns;

	return p->turn && clock_ns - p->clock_ns < window;
}

static unsigned newer_than(const struct metered *bucket, const struct metered *p)
{
	unsigned count = 0;

	for (unsigned i = 0; i < DIGESTS; i++)
		count += bucket[i].turn > p->turn;
	return count;
}

/* Whether a bucket of all has more to remember than it has room for. */
static bool is_one_crowded(const struct model *m, uint64_t clock_ns)
{
	for (unsigned b = 0; b < BUCKETS; b++) {
		unsigned awaited = 0;

		for (unsigned i = 0; i < DIGESTS; i++)
			awaited += m->buckets[b][i].turn &&
			    clock_ns - m->buckets[b][i].clock_ns < longer(&m->windows);
		if (awaited > DEDUP_WAYS)
			return true;
	}
	return false;
}

static void see(
    struct model *m, struct dedup *d, unsigned bucket, unsigned upper, uint16_t place, uint64_t ns)
{
	uint64_t digest = (uint64_t)(upper + 1) << 32 | bucket / PARTS |
	    (uint64_t)(bucket % PARTS) * DEDUP_BUCKETS_FIRST;
	struct metered *p = &m->buckets[bucket][upper];
	bool is_copy = is_within_window(m, p, place, ns);
	enum dedup_result result = dedup_see(d, digest, place, ns);

	if (result == DEDUP_DUPLICATE) {
		check(is_copy);
		return;
	}
	if (is_copy)
		check(m->has_forgotten && newer_than(m->buckets[bucket], p) >= DEDUP_WAYS);
	*p = (struct metered){ns, ++m->turn, place};
	if (result == DEDUP_FIRST_FORGETS)
		check(is_one_crowded(m, ns));
	m->has_forgotten |= result == DEDUP_FIRST_FORGETS;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct model *m = calloc(1, sizeof(*m));
	uint64_t clock_ns = T0;
	struct dedup *d;

	check(m);
	if (size >= HEADER)
		m->windows = (struct dedup_windows){data[0] * NS_PER_MS, data[1] * NS_PER_MS};
	d = dedup_create(&m->windows, false);
	check(d);
	for (size_t at = HEADER; at + PACKET <= size; at += PACKET) {
		const uint8_t *p = data + at;

		clock_ns += (uint64_t)p[2] * p[2] * STEP_NS;
		see(m, d, p[0] & (BUCKETS - 1), p[0] >> 5 | (p[1] & 3u) << 3, p[1] >> 2 & 1,
		    clock_ns);
	}
	dedup_destroy(d);
	free(m);
	return 0;
}

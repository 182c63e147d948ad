#include "meter/index.h"

#include <string.h>

#define FLOWS_PER_BUCKET 4 /* when the table is full, on average */
#define GROWS_AT 3 /* so many: between two doublings some buckets have twice as many as others */
#define BUCKETS_MIN 16
#define LATER_BITS 8
#define SPLITS_AHEAD 4
/* The work for one packet is bounded; that more flows meet than these hold takes the hash's key. */
#define CHAIN_MAX 4

static uint32_t homes_for(uint32_t max_flows)
{
	return max_flows / FLOWS_PER_BUCKET + BUCKETS_MIN;
}

/* Buckets that go on: five times as many as have been seen in use. */
static uint32_t spares_for(uint32_t max_flows)
{
	return homes_for(max_flows) / 8 + BUCKETS_MIN;
}

uint64_t index_buckets_for(uint32_t max_flows)
{
	return (uint64_t)homes_for(max_flows) + spares_for(max_flows);
}

uint32_t index_count_for(const struct index *x, uint32_t flows)
{
	return flows / GROWS_AT < x->most ? flows / GROWS_AT : x->most;
}

void index_init(struct index *x, struct bucket *buckets, uint32_t max_flows)
{
	x->buckets = buckets;
	x->most = homes_for(max_flows);
	x->spares_most = spares_for(max_flows);
	x->count = BUCKETS_MIN;
	while ((uint64_t)x->count << LATER_BITS < x->most)
		x->count *= 2;
	x->mask = x->count - 1;
	x->first_bits = (uint8_t)__builtin_ctz(x->count);
}

/* -- finding ---------------------------------------------------------------------------------- */

static inline __attribute__((always_inline)) bool is_key_of(
    const struct index *x, const struct pktinfo *info, uint32_t i, bool by_plan)
{
	if (by_plan)
		return key_plan_is_of(
		    x->plan, info, &x->flows[i], x->details ? &x->details[i] : NULL);
	return key_is_of(info, &x->flows[i]);
}

static inline __attribute__((always_inline)) uint32_t find(
    const struct index *x, const struct pktinfo *info, uint64_t hash, bool by_plan)
{
	uint16_t tag = index_tag(hash);

	for (const struct bucket *b = index_home(x, hash);; b = &x->buckets[b->next]) {
		for (unsigned found = match16(b->tag, tag); found; found &= found - 1) {
			unsigned slot = (unsigned)__builtin_ctz(found);

			if (b->tag[slot] == tag && is_key_of(x, info, b->flow[slot], by_plan))
				return b->flow[slot];
		}
		if (!b->next)
			return NO_FLOW;
	}
}

/* Where a guess was wrong: not a part of whoever guessed. */
__attribute__((noinline)) uint32_t index_find(
    const struct index *x, const struct pktinfo *info, uint64_t hash)
{
	return find(x, info, hash, false);
}

__attribute__((noinline)) uint32_t index_find_by_plan(
    const struct index *x, const struct pktinfo *info, uint64_t hash)
{
	return find(x, info, hash, true);
}

/* -- adding ----------------------------------------------------------------------------------- */

/* What a bucket knows of a flow. */
struct entry {
	uint32_t flow;
	uint16_t tag;
	uint8_t later;
};

static struct entry entry_for(const struct index *x, uint32_t i, uint64_t hash)
{
	uint32_t place = (uint32_t)(hash >> 32);

	return (struct entry){i, index_tag(hash), (uint8_t)(place >> x->first_bits)};
}

static struct entry entry_of(const struct bucket *b, unsigned slot)
{
	return (struct entry){b->flow[slot], b->tag[slot], b->later[slot]};
}

static void set_entry(struct bucket *b, unsigned slot, const struct entry *e)
{
	b->tag[slot] = e->tag;
	b->flow[slot] = e->flow;
	b->later[slot] = e->later;
}

/* The number of a bucket that goes on, empty; 0: there is none. */
static uint32_t take_spare(struct index *x)
{
	uint32_t number = x->free_spare;

	if (number) {
		x->free_spare = x->buckets[number].next;
		x->buckets[number].next = 0;
	} else if (x->spares < x->spares_most) {
		number = x->most + x->spares++;
	}
	return number;
}

/* Behind what is in the bucket, or in those that go on. */
static bool put(struct index *x, struct bucket *b, const struct entry *e)
{
	unsigned room;

	for (unsigned length = 1; !(room = match16(b->tag, 0)); length++) {
		if (!b->next && length < CHAIN_MAX)
			b->next = take_spare(x);
		if (!b->next)
			return false;
		b = &x->buckets[b->next];
	}
	set_entry(b, (unsigned)__builtin_ctz(room), e);
	return true;
}

static void give_spare_back(struct index *x, uint32_t number)
{
	memset(&x->buckets[number], 0, sizeof(struct bucket));
	x->buckets[number].next = x->free_spare;
	x->free_spare = number;
}

/* One of the two that a split fills: the bucket that is being filled, and how far it is. */
struct part {
	struct bucket *bucket;
	unsigned used;
};

/* There is a spare: both parts together have no more flows than what they are of, which gave its own back. */
static void append(struct index *x, struct part *part, const struct entry *e)
{
	if (part->used == BUCKET_SLOTS) {
		part->bucket->next = take_spare(x);
		part->bucket = &x->buckets[part->bucket->next];
		part->used = 0;
	}
	set_entry(part->bucket, part->used++, e);
}

static void share_out(struct index *x, const struct bucket *old, struct part parts[2])
{
	for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++) {
		struct entry e = entry_of(old, slot);

		if (e.tag)
			append(x, &parts[(e.later & x->split_bit) != 0], &e);
	}
}

/* The next bucket begins, with those flows of another one that have its number. */
static void split(struct index *x)
{
	struct part parts[2] = {{0}};
	struct bucket old;

	if (x->count == x->mask + 1) {
		x->mask = x->mask << 1 | 1;
		x->split_bit = (uint8_t)(x->split_bit ? x->split_bit << 1 : 1);
	}
	parts[0].bucket = &x->buckets[x->count & x->mask >> 1];
	parts[1].bucket = &x->buckets[x->count];
	/* Those of the next splits. */
	__builtin_prefetch(parts[0].bucket + SPLITS_AHEAD, 1);
	__builtin_prefetch(parts[1].bucket + SPLITS_AHEAD, 1);
	x->count++;
	old = *parts[0].bucket;
	memset(parts[0].bucket, 0, sizeof(old));
	share_out(x, &old, parts);
	while (old.next) {
		uint32_t number = old.next;

		old = x->buckets[number];
		give_spare_back(x, number);
		share_out(x, &old, parts);
	}
}

bool index_add(struct index *x, uint32_t i, uint64_t hash)
{
	struct entry e = entry_for(x, i, hash);

	if (!put(x, index_home(x, hash), &e))
		return false;
	x->flows_in++;
	if (x->flows_in > x->count * GROWS_AT && x->count < x->most)
		split(x);
	return true;
}

uint32_t index_in_the_way(const struct index *x, uint64_t hash)
{
	return index_home(x, hash)->flow[0];
}

/* -- removing --------------------------------------------------------------------------------- */

/*
 * The slot of this entry, or BUCKET_SLOTS. The flow's number alone may be in the bucket twice: that of one
 * that has ended, and of another that has its memory now. If `later` is the same, too, either will do.
 */
static unsigned slot_of(const struct bucket *b, const struct entry *e)
{
	for (unsigned found = match16(b->tag, e->tag); found; found &= found - 1) {
		unsigned slot = (unsigned)__builtin_ctz(found);

		if (b->tag[slot] == e->tag && b->flow[slot] == e->flow &&
		    b->later[slot] == e->later)
			return slot;
	}
	return BUCKET_SLOTS;
}

static bool is_empty(const struct bucket *b)
{
	static const uint16_t none[BUCKET_SLOTS];

	return memcmp(b->tag, none, sizeof(none)) == 0;
}

/* The last of those that go on gives one of its own for the free slot, and ends where it has none left. */
static void close_gap(struct index *x, struct bucket *home, struct bucket *b, unsigned slot)
{
	struct bucket *before = home, *last = &x->buckets[home->next];
	unsigned from = 0;

	for (; last->next; before = last, last = &x->buckets[last->next])
		continue;
	if (b != last) {
		struct entry e;

		while (!last->tag[from])
			from++;
		e = entry_of(last, from);
		set_entry(b, slot, &e);
		last->tag[from] = 0;
	}
	if (is_empty(last)) {
		give_spare_back(x, before->next);
		before->next = 0;
	}
}

void index_remove(struct index *x, uint32_t i, uint64_t hash)
{
	struct bucket *home = index_home(x, hash), *b = home;
	struct entry e = entry_for(x, i, hash);
	unsigned slot;

	while ((slot = slot_of(b, &e)) == BUCKET_SLOTS)
		b = &x->buckets[b->next];
	x->flows_in--;
	b->tag[slot] = 0;
	if (home->next)
		close_gap(x, home, b, slot);
}

#include "meter/index.h"

#define FLOWS_PER_BUCKET 4 /* when the table is full, on average */
#define BUCKETS_MIN 16

uint64_t index_buckets_for(uint32_t max_flows)
{
	return max_flows / FLOWS_PER_BUCKET + BUCKETS_MIN;
}

static struct bucket *other_of(const struct index *x, uint64_t hash)
{
	return &x->buckets[(hash >> 32) * x->bucket_count >> 32];
}

/* -- finding ---------------------------------------------------------------------------------- */

static uint32_t find_in_bucket(
    const struct index *x, const struct bucket *b, const struct flow_key *key, uint64_t hash)
{
	uint16_t tag = index_tag(hash);

	for (unsigned found = match16(b->tag, tag); found; found &= found - 1) {
		unsigned slot = (unsigned)__builtin_ctz(found);

		if (b->tag[slot] == tag && key_is_of(key, &x->flows[b->flow[slot]]))
			return b->flow[slot];
	}
	return NO_FLOW;
}

static uint32_t find_spilled(const struct index *x, const struct flow_key *key, uint64_t hash)
{
	uint32_t i = find_in_bucket(x, other_of(x, hash), key, hash);

	for (unsigned s = 0; i == NO_FLOW && s < x->stashed; s++)
		if (key_is_of(key, &x->flows[x->stash[s]]))
			i = x->stash[s];
	return i;
}

uint32_t index_find(const struct index *x, const struct flow_key *key, uint64_t hash)
{
	const struct bucket *home = index_home(x, hash);
	uint32_t i = find_in_bucket(x, home, key, hash);

	return i == NO_FLOW && home->spilled ? find_spilled(x, key, hash) : i;
}

/* -- finding by another key than the usual one ------------------------------------------------ */

static bool is_by_plan(const struct index *x, const struct flow_key *key, uint32_t i)
{
	return key_plan_is_of(x->plan, key, &x->flows[i], x->details ? &x->details[i] : NULL);
}

static uint32_t find_in_bucket_by_plan(
    const struct index *x, const struct bucket *b, const struct flow_key *key, uint64_t hash)
{
	uint16_t tag = index_tag(hash);

	for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++)
		if (b->tag[slot] == tag && is_by_plan(x, key, b->flow[slot]))
			return b->flow[slot];
	return NO_FLOW;
}

uint32_t index_find_by_plan(const struct index *x, const struct flow_key *key, uint64_t hash)
{
	const struct bucket *home = index_home(x, hash);
	uint32_t i = find_in_bucket_by_plan(x, home, key, hash);

	if (i != NO_FLOW || !home->spilled)
		return i;
	i = find_in_bucket_by_plan(x, other_of(x, hash), key, hash);
	for (unsigned s = 0; i == NO_FLOW && s < x->stashed; s++)
		if (is_by_plan(x, key, x->stash[s]))
			i = x->stash[s];
	return i;
}

/* -- adding and removing ---------------------------------------------------------------------- */

static bool bucket_put(struct bucket *b, uint16_t tag, uint32_t i)
{
	for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++) {
		if (b->tag[slot])
			continue;
		b->tag[slot] = tag;
		b->flow[slot] = i;
		return true;
	}
	return false;
}

static bool bucket_remove(struct bucket *b, uint32_t i)
{
	for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++) {
		if (!b->tag[slot] || b->flow[slot] != i)
			continue;
		b->tag[slot] = 0;
		return true;
	}
	return false;
}

/* Moves one of a full bucket's flows to the other bucket that it may be in. */
static bool make_room(struct index *x, struct bucket *b)
{
	for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++) {
		uint32_t i = b->flow[slot];
		struct bucket *home = index_home(x, x->flows[i].hash);
		struct bucket *other = other_of(x, x->flows[i].hash);
		struct bucket *to = b == home ? other : home;

		if (home == other || !bucket_put(to, b->tag[slot], i))
			continue;
		b->tag[slot] = 0;
		if (to == other)
			home->spilled++;
		else
			home->spilled--;
		return true;
	}
	return false;
}

static bool put_elsewhere(struct index *x, uint32_t i, uint64_t hash)
{
	struct bucket *other = other_of(x, hash);
	uint16_t tag = index_tag(hash);

	if (bucket_put(other, tag, i))
		return true;
	if (make_room(x, other))
		return bucket_put(other, tag, i);
	if (x->stashed == STASH_SLOTS)
		return false;
	x->stash[x->stashed++] = i;
	return true;
}

bool index_add(struct index *x, uint32_t i, uint64_t hash)
{
	struct bucket *home = index_home(x, hash);

	if (bucket_put(home, index_tag(hash), i))
		return true;
	if (!put_elsewhere(x, i, hash))
		return false;
	home->spilled++;
	return true;
}

static void stash_remove(struct index *x, uint32_t i)
{
	for (unsigned s = 0; s < x->stashed; s++)
		if (x->stash[s] == i) {
			x->stash[s] = x->stash[--x->stashed];
			return;
		}
}

void index_remove(struct index *x, uint32_t i)
{
	uint64_t hash = x->flows[i].hash;
	struct bucket *home = index_home(x, hash);

	if (bucket_remove(home, i))
		return;
	home->spilled--;
	if (!bucket_remove(other_of(x, hash), i))
		stash_remove(x, i);
}

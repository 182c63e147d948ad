/*
 * Buckets of one cache line: eight 16-bit tags, compared at once, and eight flow numbers. A key
 * has a home bucket and another one; a flow sits in its home unless that was full when it came.
 * The home counts those that had to go elsewhere, so that nearly every look-up, also of a key
 * that is not there, reads one line. Behind both stands a small stash for the case, never seen
 * below half-full buckets, that both are full.
 */
#include "meter/table.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "meter/key.h"
#include "util/match16.h"

#define BUCKET_SLOTS MATCH16_LANES
#define FLOWS_PER_BUCKET 4 /* at max_flows, on average */
#define STASH_SLOTS 32
#define EVICTION_LOOKS 16
#define SWEEP_BATCH 32
#define NO_FLOW UINT32_MAX

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04

struct bucket {
	uint16_t tag[BUCKET_SLOTS]; /* 0: the slot is free */
	uint32_t flow[BUCKET_SLOTS];
	uint32_t spilled; /* flows whose home this is and that are elsewhere */
	uint32_t unused[3];
};

static_assert(sizeof(struct bucket) == 64, "a bucket is one cache line");

struct table {
	struct table_options options;
	struct table_stats stats;
	struct expiry expiry;

	struct bucket *buckets;
	uint64_t bucket_mask;
	struct flow *flows;
	uint32_t used_slots; /* slots above have never held a flow */
	uint32_t free_slot;  /* head of the list of those that are free again, or NO_FLOW */
	uint32_t victim;     /* where the search for a flow to give up goes on */

	uint32_t stash[STASH_SLOTS];
	unsigned stashed;
};

/* A packet's key and where to look for it. */
struct lookup {
	struct flow_key key;
	uint64_t hash;
};

/* Address space; the kernel gives pages as they are touched. */
static void *reserve(uint64_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, bytes, MADV_HUGEPAGE);
	return p;
}

static void release(void *p, uint64_t bytes)
{
	if (p)
		munmap(p, bytes);
}

static uint64_t buckets_for(uint32_t max_flows)
{
	uint64_t n = 16;

	while (n * FLOWS_PER_BUCKET < max_flows)
		n *= 2;
	return n;
}

struct table *table_create(const struct table_options *options)
{
	struct table *t = calloc(1, sizeof(*t));
	uint64_t n_buckets = buckets_for(options->max_flows);

	if (!t)
		return NULL;
	t->options = *options;
	t->bucket_mask = n_buckets - 1;
	t->free_slot = NO_FLOW;
	t->buckets = reserve(n_buckets * sizeof(*t->buckets));
	t->flows = reserve(options->max_flows * sizeof(*t->flows));
	t->expiry.check_at = reserve(options->max_flows * sizeof(*t->expiry.check_at));
	if (!t->buckets || !t->flows || !t->expiry.check_at) {
		table_destroy(t);
		return NULL;
	}
	return t;
}

void table_destroy(struct table *t)
{
	if (!t)
		return;
	release(t->buckets, (t->bucket_mask + 1) * sizeof(*t->buckets));
	release(t->flows, t->options.max_flows * sizeof(*t->flows));
	release(t->expiry.check_at, t->options.max_flows * sizeof(*t->expiry.check_at));
	free(t);
}

const struct table_stats *table_stats(const struct table *t)
{
	return &t->stats;
}

/* Home, other bucket and tag come from parts of the hash that share no more bits than they must. */

static struct bucket *home_of(const struct table *t, uint64_t hash)
{
	return &t->buckets[hash & t->bucket_mask];
}

static struct bucket *other_of(const struct table *t, uint64_t hash)
{
	return &t->buckets[hash >> 24 & t->bucket_mask];
}

static uint16_t tag_of(uint64_t hash)
{
	return (uint16_t)(hash >> 48 | 1);
}

/* -- finding ---------------------------------------------------------------------------------- */

static uint32_t find_in_bucket(
    const struct table *t, const struct bucket *b, const struct lookup *at)
{
	uint16_t tag = tag_of(at->hash);

	for (unsigned found = match16(b->tag, tag); found; found &= found - 1) {
		unsigned slot = (unsigned)__builtin_ctz(found);

		if (b->tag[slot] == tag && key_is_of(&at->key, &t->flows[b->flow[slot]]))
			return b->flow[slot];
	}
	return NO_FLOW;
}

static uint32_t find_spilled(const struct table *t, const struct lookup *at)
{
	uint32_t i = find_in_bucket(t, other_of(t, at->hash), at);

	for (unsigned s = 0; i == NO_FLOW && s < t->stashed; s++)
		if (key_is_of(&at->key, &t->flows[t->stash[s]]))
			i = t->stash[s];
	return i;
}

static uint32_t find(const struct table *t, const struct lookup *at)
{
	const struct bucket *home = home_of(t, at->hash);
	uint32_t i = find_in_bucket(t, home, at);

	return i == NO_FLOW && home->spilled ? find_spilled(t, at) : i;
}

/* -- linking a flow into the buckets and out of them ------------------------------------------ */

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

static void stash_remove(struct table *t, uint32_t i)
{
	for (unsigned s = 0; s < t->stashed; s++)
		if (t->stash[s] == i) {
			t->stash[s] = t->stash[--t->stashed];
			return;
		}
}

static void unlink_flow(struct table *t, uint32_t i)
{
	uint64_t hash = t->flows[i].hash;
	struct bucket *home = home_of(t, hash);

	if (bucket_remove(home, i))
		return;
	home->spilled--;
	if (!bucket_remove(other_of(t, hash), i))
		stash_remove(t, i);
}

/* -- the life of a flow ----------------------------------------------------------------------- */

static void report_end(struct table *t, const struct flow *f, int reason, uint64_t clock_ns)
{
	t->stats.ended[reason]++;
	t->stats.ended_packets += f->packets;
	t->stats.ended_octets += f->octets;
	t->stats.active--;
	t->options.end(t->options.end_ctx, f, (enum end_reason)reason, clock_ns);
}

static void end_flow(struct table *t, uint32_t i, int reason, uint64_t clock_ns)
{
	struct flow *f = &t->flows[i];

	report_end(t, f, reason, clock_ns);
	unlink_flow(t, i);
	expiry_clear(&t->expiry, i);
	f->packets = 0;
	f->hash = t->free_slot;
	t->free_slot = i;
}

/* The flow has to go; if a deadline has passed that is the reason all the same. */
static void end_early(struct table *t, uint32_t i, uint64_t clock_ns)
{
	int reason = expiry_reason(&t->flows[i], &t->options.timeouts, clock_ns);

	end_flow(t, i, reason ? reason : END_NO_RESOURCES, clock_ns);
}

/* Ends the flow if it is due, else puts off the next look at it. */
static void examine(struct table *t, uint32_t i, uint64_t clock_ns)
{
	const struct flow *f = &t->flows[i];
	int reason = expiry_reason(f, &t->options.timeouts, clock_ns);

	if (reason)
		end_flow(t, i, reason, clock_ns);
	else
		expiry_set(&t->expiry, i, expiry_deadline(f, &t->options.timeouts));
}

/* The next few flows whose time may have come, and their memory on its way. */
static unsigned gather_due(
    struct table *t, uint64_t clock_ns, uint32_t *allowance, uint32_t due[SWEEP_BATCH])
{
	unsigned n = 0;
	uint32_t i;

	while (n < SWEEP_BATCH &&
	    (i = expiry_next(&t->expiry, t->used_slots, clock_ns, allowance)) != EXPIRY_NONE) {
		__builtin_prefetch(&t->flows[i], 1);
		__builtin_prefetch(&t->flows[i].tail, 1);
		due[n++] = i;
	}
	return n;
}

static void sweep(struct table *t, uint64_t clock_ns, uint32_t allowance)
{
	uint32_t due[SWEEP_BATCH];
	unsigned n;

	while ((n = gather_due(t, clock_ns, &allowance, due)) > 0) {
		for (unsigned k = 0; k < n; k++)
			__builtin_prefetch(home_of(t, t->flows[due[k]].hash), 1);
		for (unsigned k = 0; k < n; k++)
			examine(t, due[k], clock_ns);
	}
}

/* Of the next few flows the one that has been silent longest leaves. */
static void evict(struct table *t, uint64_t clock_ns)
{
	uint32_t oldest = NO_FLOW;

	for (unsigned n = 0; n < EVICTION_LOOKS; n++) {
		uint32_t i = t->victim++ % t->used_slots;

		if (oldest == NO_FLOW || t->flows[i].last_clock_ns < t->flows[oldest].last_clock_ns)
			oldest = i;
	}
	end_early(t, oldest, clock_ns);
}

static uint32_t take_slot(struct table *t, uint64_t clock_ns)
{
	uint32_t i;

	if (t->free_slot == NO_FLOW && t->used_slots < t->options.max_flows)
		return t->used_slots++;
	if (t->free_slot == NO_FLOW && expiry_full_sweep_due(&t->expiry, t->used_slots, clock_ns))
		sweep(t, clock_ns, t->used_slots);
	if (t->free_slot == NO_FLOW)
		evict(t, clock_ns);
	i = t->free_slot;
	t->free_slot = (uint32_t)t->flows[i].hash;
	return i;
}

static void link_flow(struct table *t, uint32_t i, uint64_t hash, uint64_t clock_ns)
{
	struct bucket *home = home_of(t, hash);

	if (bucket_put(home, tag_of(hash), i))
		return;
	home->spilled++;
	if (bucket_put(other_of(t, hash), tag_of(hash), i))
		return;
	if (t->stashed == STASH_SLOTS)
		end_early(t, t->stash[0], clock_ns);
	t->stash[t->stashed++] = i;
}

/* A record begins with this packet; the flow's key and hash stand, or are copied from `at`. */
static void begin_record(
    struct table *t, uint32_t i, const struct lookup *at, const struct pktinfo *info)
{
	uint64_t active = info->clock_ns + t->options.timeouts.active_ns;

	t->flows[i] = (struct flow){
	    .head = at->key.head,
	    .tail = at->key.tail,
	    .hash = at->hash,
	    .first_clock_ns = info->clock_ns,
	    .last_clock_ns = info->clock_ns,
	    .fixed_deadline = active,
	    .end_deadline = NEVER,
	    .start_ns = info->ts_ns,
	    .end_ns = info->ts_ns,
	    .inner_vlan = info->inner_vlan,
	    .tos = info->tos,
	};
	expiry_set(&t->expiry, i, expiry_deadline(&t->flows[i], &t->options.timeouts));
	t->stats.created++;
	if (++t->stats.active > t->stats.peak)
		t->stats.peak = t->stats.active;
}

static uint32_t create_flow(struct table *t, const struct lookup *at, const struct pktinfo *info)
{
	uint32_t i = take_slot(t, info->clock_ns);

	link_flow(t, i, at->hash, info->clock_ns);
	begin_record(t, i, at, info);
	return i;
}

static void add_packet(struct flow *f, const struct pktinfo *info)
{
	f->last_clock_ns = info->clock_ns;
	f->packets++;
	f->octets += info->octets;
	f->tcp_flags |= info->tcp_flags;
	if (!info->late) {
		f->end_ns = info->ts_ns;
		return;
	}
	if (info->ts_ns < f->start_ns)
		f->start_ns = info->ts_ns;
	if (info->ts_ns > f->end_ns)
		f->end_ns = info->ts_ns;
}

/* Why the record ends before this packet, or 0. In the linger a SYN opens a new connection. */
static int reason_before(const struct table *t, const struct flow *f, const struct pktinfo *info)
{
	if (expiry_deadline(f, &t->options.timeouts) <= info->clock_ns)
		return expiry_reason(f, &t->options.timeouts, info->clock_ns);
	if (f->end_deadline != NEVER &&
	    (info->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST)) == TCP_SYN)
		return END_OF_FLOW;
	return 0;
}

/* The first FIN or RST brings the deadline forward; without a linger it is now. */
static void begin_linger(struct table *t, uint32_t i, uint64_t clock_ns)
{
	struct flow *f = &t->flows[i];
	int reason;

	expiry_begin_linger(f, &t->options.timeouts);
	expiry_set(&t->expiry, i, expiry_deadline(f, &t->options.timeouts));
	reason = expiry_reason(f, &t->options.timeouts, clock_ns);
	if (reason)
		end_flow(t, i, reason, clock_ns);
}

static void account_packet(struct table *t, const struct lookup *at, const struct pktinfo *info)
{
	uint32_t i = find(t, at);
	struct flow *f;

	if (i == NO_FLOW) {
		i = create_flow(t, at, info);
	} else {
		int reason = reason_before(t, &t->flows[i], info);

		if (reason) {
			report_end(t, &t->flows[i], reason, info->clock_ns);
			begin_record(t, i, at, info);
		}
	}
	f = &t->flows[i];
	add_packet(f, info);
	if ((info->tcp_flags & (TCP_FIN | TCP_RST)) && f->end_deadline == NEVER)
		begin_linger(t, i, info->clock_ns);
}

/* -- what the worker calls -------------------------------------------------------------------- */

/* The flow that a packet most probably belongs to: the first with its tag, or NULL. */
static const struct flow *likely_flow(const struct table *t, uint64_t hash)
{
	const struct bucket *b = home_of(t, hash);
	unsigned found = match16(b->tag, tag_of(hash));

	return found ? &t->flows[b->flow[__builtin_ctz(found)]] : NULL;
}

/* Three passes, so that the memory of up to 64 packets is waited for at once. */
void table_account(struct table *t, const struct pktinfo *batch, unsigned n)
{
	struct lookup at[TABLE_BATCH];

	for (unsigned i = 0; i < n; i++) {
		key_fill(&at[i].key, &batch[i]);
		at[i].hash = key_hash(&at[i].key, t->options.seed);
		__builtin_prefetch(home_of(t, at[i].hash), 1);
	}
	/* Here and not in a function of its own: GCC 12 drops calls of one that only prefetches. */
	for (unsigned i = 0; i < n; i++)
		__builtin_prefetch(likely_flow(t, at[i].hash), 1);
	for (unsigned i = 0; i < n; i++)
		account_packet(t, &at[i], &batch[i]);
}

void table_sweep(struct table *t, uint64_t clock_ns)
{
	sweep(t, clock_ns, expiry_allowance(&t->expiry, t->used_slots, clock_ns));
}

void table_end_all(struct table *t, uint64_t clock_ns)
{
	for (uint32_t i = 0; i < t->used_slots; i++) {
		int reason;

		if (t->flows[i].packets == 0)
			continue;
		reason = expiry_reason(&t->flows[i], &t->options.timeouts, clock_ns);
		end_flow(t, i, reason ? reason : END_FORCED, clock_ns);
	}
}

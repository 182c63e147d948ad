#include "meter/table_inside.h"

#include <stdlib.h>
#include <sys/mman.h>

#define EVICTION_LOOKS 16

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_MARKS (TCP_FIN | TCP_SYN | TCP_RST) /* few packets have one of these */

/* A packet's key and where to look for it. */
struct lookup {
	struct flow_key key;
	uint64_t hash;
	union {
		const struct bucket *home; /* at first */
		struct flow *guess; /* then the flow that it is of most probably, or another */
	};
};

/* Address space; the kernel gives pages as they are touched, which is from the beginning on. */
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

static uint64_t buckets_bytes(const struct table *t)
{
	return index_buckets_for(t->options.max_flows) * sizeof(struct bucket);
}

struct table *table_create(const struct table_options *options)
{
	struct table *t = calloc(1, sizeof(*t));
	struct bucket *buckets;

	if (!t)
		return NULL;
	t->options = *options;
	t->free_slot = NO_FLOW;
	buckets = reserve(buckets_bytes(t));
	index_init(&t->index, buckets, options->max_flows);
	t->flows = reserve(options->max_flows * sizeof(*t->flows));
	t->expiry.check_at = reserve(options->max_flows * sizeof(*t->expiry.check_at));
	if (options->details)
		t->details = reserve(options->max_flows * sizeof(*t->details));
	t->index.flows = t->flows;
	t->index.details = t->details;
	key_seed_init(&t->key_seed, options->seed);
	key_plan_init(&t->key_plan, options->key_changes);
	t->index.plan = options->key_changes ? &t->key_plan : NULL;
	if (!buckets || !t->flows || !t->expiry.check_at || (options->details && !t->details)) {
		table_destroy(t);
		return NULL;
	}
	return t;
}

void table_destroy(struct table *t)
{
	if (!t)
		return;
	release(t->index.buckets, buckets_bytes(t));
	release(t->flows, t->options.max_flows * sizeof(*t->flows));
	release(t->details, t->options.max_flows * sizeof(*t->details));
	release(t->expiry.check_at, t->options.max_flows * sizeof(*t->expiry.check_at));
	free(t);
}

const struct table_stats *table_stats(const struct table *t)
{
	return &t->stats;
}

/* -- the life of a flow ----------------------------------------------------------------------- */

static void report_end(struct table *t, uint32_t i, int reason, uint64_t clock_ns)
{
	const struct flow *f = &t->flows[i];
	const struct detail *detail = t->details ? &t->details[i] : NULL;

	t->stats.ended[reason]++;
	t->stats.ended_packets += flow_packets(f);
	t->stats.ended_octets += f->octets;
	t->stats.active--;
	t->options.end(t->options.end_ctx, f, detail, (enum end_reason)reason, clock_ns);
}

static void forget_one(struct table *t)
{
	const struct gone *gone = &t->gone[t->gone_begin++ % GONE];

	index_remove(&t->index, gone->slot, gone->hash);
}

void table_forget_gone(struct table *t)
{
	while (t->gone_begin < t->gone_end)
		forget_one(t);
}

/* Its bucket is somewhere in memory, and comes while others end. */
static void leave_index(struct table *t, uint32_t i)
{
	uint64_t hash = t->flows[i].hash;

	if (t->gone_end - t->gone_begin == GONE)
		forget_one(t);
	t->gone[t->gone_end++ % GONE] = (struct gone){hash, i};
	__builtin_prefetch(index_home(&t->index, hash), 1);
}

void table_end_flow(struct table *t, uint32_t i, int reason, uint64_t clock_ns)
{
	struct flow *f = &t->flows[i];

	report_end(t, i, reason, clock_ns);
	leave_index(t, i);
	expiry_clear(&t->expiry, i);
	f->packets_and_flags = 0;
	f->head.kind = 0;
	f->hash = t->free_slot;
	t->free_slot = i;
}

/* The flow has to go; if a deadline has passed that is the reason all the same. */
static void end_early(struct table *t, uint32_t i, uint64_t clock_ns)
{
	int reason = expiry_reason(&t->flows[i], &t->options.timeouts, clock_ns);

	table_end_flow(t, i, reason ? reason : END_NO_RESOURCES, clock_ns);
}

/* Ends the flow if it is due, else puts off the next look at it. */
static void examine(struct table *t, uint32_t i, uint64_t clock_ns)
{
	const struct flow *f = &t->flows[i];
	int reason = expiry_reason(f, &t->options.timeouts, clock_ns);

	if (reason)
		table_end_flow(t, i, reason, clock_ns);
	else
		expiry_set(&t->expiry, i, expiry_deadline(f, &t->options.timeouts));
}

/* Never a call: gcc takes what only fetches for something without effect, and leaves out calls of it. */
static inline __attribute__((always_inline)) void prefetch_flow(const struct table *t, uint32_t i)
{
	__builtin_prefetch(&t->flows[i], 1);
	__builtin_prefetch(&t->flows[i].tail, 1);
}

/* The next few flows whose time may have come, and their memory on its way. */
static unsigned gather_due(
    struct table *t, uint64_t clock_ns, uint32_t *allowance, uint32_t due[TOGETHER], size_t room)
{
	size_t most = room < TOGETHER ? room : TOGETHER;
	unsigned n = 0;
	uint32_t i;

	while (n < most &&
	    (i = expiry_next(&t->expiry, t->used_slots, clock_ns, allowance)) != EXPIRY_NONE) {
		prefetch_flow(t, i);
		due[n++] = i;
	}
	return n;
}

/* Returns what is left of the allowance once `room` flows may have ended. */
static uint32_t sweep(struct table *t, uint64_t clock_ns, uint32_t allowance, size_t room)
{
	uint32_t due[TOGETHER];
	unsigned n;

	while ((n = gather_due(t, clock_ns, &allowance, due, room)) > 0) {
		room -= n;
		table_order(t, due, n);
		for (unsigned k = 0; k < n; k++)
			examine(t, due[k], clock_ns);
	}
	return allowance;
}

/* Of each few of the next flows the one that has been silent longest. All slots have flows. */
static void choose_victims(struct table *t)
{
	uint32_t groups = t->used_slots / EVICTION_LOOKS;

	t->victims_left = groups == 0 ? 1 : groups < VICTIMS ? groups : VICTIMS;
	for (unsigned v = 0; v < t->victims_left; v++) {
		struct victim *victim = &t->victims[v];

		*victim = (struct victim){0, NEVER};
		for (unsigned n = 0; n < EVICTION_LOOKS; n++) {
			uint32_t i = t->victims_from;

			t->victims_from = i + 1 < t->used_slots ? i + 1 : 0;
			if (t->flows[i].last_clock_ns < victim->last_clock_ns)
				*victim = (struct victim){i, t->flows[i].last_clock_ns};
		}
		__builtin_prefetch(&t->flows[victim->slot].tail, 1);
	}
}

static void evict(struct table *t, uint64_t clock_ns)
{
	const struct victim *victim;
	const struct flow *f;

	do {
		if (t->victims_left == 0)
			choose_victims(t);
		victim = &t->victims[--t->victims_left];
		f = &t->flows[victim->slot];
	} while (!f->packets_and_flags || f->last_clock_ns != victim->last_clock_ns);
	end_early(t, victim->slot, clock_ns);
}

static uint32_t take_new_slot(struct table *t)
{
	if (t->used_slots % AHEAD_LOOK == 0 && t->options.ahead)
		table_look_ahead(t);
	return t->used_slots++;
}

static uint32_t take_slot(struct table *t, uint64_t clock_ns)
{
	uint32_t i;

	if (t->free_slot == NO_FLOW && t->used_slots < t->options.max_flows)
		return take_new_slot(t);
	if (t->free_slot == NO_FLOW && expiry_full_sweep_due(&t->expiry, t->used_slots, clock_ns))
		sweep(t, clock_ns, t->used_slots, SIZE_MAX);
	if (t->free_slot == NO_FLOW)
		evict(t, clock_ns);
	i = t->free_slot;
	t->free_slot = (uint32_t)t->flows[i].hash;
	/* That is where the next new flow goes. */
	if (t->free_slot != NO_FLOW)
		prefetch_flow(t, t->free_slot);
	return i;
}

/* A record begins with this packet; the flow's key and hash stand, or are copied from `at`. */
static void begin_record(
    struct table *t, uint32_t i, const struct lookup *at, const struct pktinfo *info)
{
	struct flow *f = &t->flows[i];

	/* One by one, as in record_fill(). */
	f->head = at->key.head;
	f->tail = at->key.tail;
	f->hash = at->hash;
	f->first_clock_ns = info->clock_ns;
	f->last_clock_ns = info->clock_ns;
	f->fixed_deadline = info->clock_ns + t->options.timeouts.active_ns;
	f->end_deadline = NEVER;
	f->start_ns = info->ts_ns;
	f->end_ns = info->ts_ns;
	f->octets = 0;
	f->packets_and_flags = 0;
	f->egress = info->egress;
	f->inner_vlan = info->inner_vlan;
	f->tos = info->tos;
	f->segment_type = (uint8_t)(info->segment >> SEGMENT_TYPE_SHIFT);
	if (t->details)
		t->details[i] = info->detail;
	expiry_set(&t->expiry, i, expiry_deadline(f, &t->options.timeouts));
	t->stats.created++;
	if (++t->stats.active > t->stats.peak)
		t->stats.peak = t->stats.active;
}

/* In the index: by one of those that have ended or, if there is none, of those that have not. */
static void make_room(struct table *t, uint64_t hash, uint64_t clock_ns)
{
	if (t->gone_begin == t->gone_end)
		end_early(t, index_in_the_way(&t->index, hash), clock_ns);
	table_forget_gone(t);
}

static uint32_t create_flow(struct table *t, const struct lookup *at, const struct pktinfo *info)
{
	uint32_t i = take_slot(t, info->clock_ns);

	while (!index_add(&t->index, i, at->hash))
		make_room(t, at->hash, info->clock_ns);
	begin_record(t, i, at, info);
	return i;
}

static inline uint32_t slot_of(const struct table *t, const struct flow *f)
{
	return (uint32_t)(f - t->flows);
}

static inline void add_packet(struct flow *f, const struct pktinfo *info)
{
	f->last_clock_ns = info->clock_ns;
	f->octets += info->octets;
	flow_count_packet(f, info->tcp_flags);
	if (!info->late) {
		f->end_ns = info->ts_ns;
		return;
	}
	if (info->ts_ns < f->start_ns)
		f->start_ns = info->ts_ns;
	if (info->ts_ns > f->end_ns)
		f->end_ns = info->ts_ns;
}

/* What is not the first packet's alone. */
static void add_detail(struct detail *d, const struct detail *packet)
{
	if (packet->ttl_min < d->ttl_min)
		d->ttl_min = packet->ttl_min;
	if (packet->ttl_max > d->ttl_max)
		d->ttl_max = packet->ttl_max;
	if (packet->octets_min < d->octets_min)
		d->octets_min = packet->octets_min;
	if (packet->octets_max > d->octets_max)
		d->octets_max = packet->octets_max;
	d->fragment_flags |= packet->fragment_flags;
}

/* Its deadline would tell, too, but is in the flow's second line. */
static inline bool lingers(const struct flow *f)
{
	return flow_tcp_flags(f) & (TCP_FIN | TCP_RST);
}

/* Whether the record ends before this packet. In the linger a SYN opens a new connection. */
static inline bool ends_before(
    const struct table *t, const struct flow *f, const struct pktinfo *info)
{
	return expiry_deadline(f, &t->options.timeouts) <= info->clock_ns ||
	    ((info->tcp_flags & TCP_MARKS) == TCP_SYN && lingers(f));
}

/* The flow goes on in a record that begins with this packet. */
static __attribute__((noinline)) void renew_record(
    struct table *t, uint32_t i, const struct lookup *at, const struct pktinfo *info)
{
	int reason = expiry_reason(&t->flows[i], &t->options.timeouts, info->clock_ns);

	report_end(t, i, reason ? reason : END_OF_FLOW, info->clock_ns);
	begin_record(t, i, at, info);
}

/* The first FIN or RST brings the deadline forward; without a linger it is now. */
static void begin_linger(struct table *t, uint32_t i, uint64_t clock_ns)
{
	struct flow *f = &t->flows[i];
	uint64_t deadline;

	expiry_begin_linger(f, &t->options.timeouts);
	deadline = expiry_deadline(f, &t->options.timeouts);
	expiry_set(&t->expiry, i, deadline);
	if (deadline <= clock_ns)
		table_end_flow(t, i, expiry_reason(f, &t->options.timeouts, clock_ns), clock_ns);
}

/* The guess may be wrong, or was made before the batch's earlier packets ended flows and began others. */
static inline __attribute__((always_inline)) struct flow *find_flow(
    const struct table *t, const struct lookup *at, bool usual_key)
{
	uint32_t i;

	if (usual_key && key_is_of(&at->key, at->guess))
		return at->guess;
	i = usual_key ? index_find(&t->index, &at->key, at->hash)
		      : index_find_by_plan(&t->index, &at->key, at->hash);
	return i == NO_FLOW ? NULL : &t->flows[i];
}

/* A part of its caller, which knows whether the key is the usual one. */
static inline __attribute__((always_inline)) void account_packet(
    struct table *t, const struct lookup *at, const struct pktinfo *info, bool usual_key)
{
	struct flow *f = find_flow(t, at, usual_key);
	bool begins_linger;

	if (!f)
		f = &t->flows[create_flow(t, at, info)];
	else if (ends_before(t, f, info))
		renew_record(t, slot_of(t, f), at, info);
	begins_linger = (info->tcp_flags & (TCP_FIN | TCP_RST)) && !lingers(f);
	add_packet(f, info);
	if (t->details)
		add_detail(&t->details[slot_of(t, f)], &info->detail);
	if (begins_linger)
		begin_linger(t, slot_of(t, f), info->clock_ns);
}

/* -- what the worker calls -------------------------------------------------------------------- */

/* Where a key is looked for, and that memory on its way. */
static inline void set_hash(const struct table *t, struct lookup *at, uint64_t hash)
{
	at->hash = hash;
	at->home = index_home(&t->index, hash);
	__builtin_prefetch(at->home, 1);
}

static void hash_by_plan(
    const struct table *t, struct lookup at[], const struct pktinfo *batch, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		key_fill(&at[i].key, &batch[i]);
		key_plan_fill(&t->key_plan, &at[i].key, &batch[i]);
		set_hash(t, &at[i], key_plan_hash(&t->key_plan, &at[i].key, t->options.seed));
	}
}

/* Of the usual key. In two passes: no key is read in words that was written in parts a moment ago. */
static void hash(const struct table *t, struct lookup at[], const struct pktinfo *batch, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		key_fill(&at[i].key, &batch[i]);
	for (unsigned i = 0; i < n; i++)
		set_hash(t, &at[i], key_fold(&at[i].key, &t->key_seed));
}

/* The flows that they are of most probably, and the memory of these on its way. */
static void guess(const struct table *t, struct lookup at[], unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		at[i].guess = &t->flows[index_guess(at[i].home, at[i].hash)];
		__builtin_prefetch(at[i].guess, 1);
		__builtin_prefetch(
		    key_is_ipv6(&at[i].key) ? (void *)&at[i].guess->tail : at[i].guess, 1);
	}
}

/*
 * A few packets are one step ahead of those before them: their buckets come while the flows of the group
 * before do, and while the packets of the one before that are accounted.
 */
#define GROUP 16

static inline unsigned group_size(unsigned begin, unsigned n)
{
	return n - begin < GROUP ? n - begin : GROUP;
}

static inline __attribute__((always_inline)) void account(
    struct table *t, const struct pktinfo *batch, unsigned n, bool usual_key)
{
	struct lookup at[TABLE_BATCH];

	for (unsigned i = 0; i < n + 2 * GROUP; i += GROUP) {
		unsigned known = i - GROUP, near = known - GROUP;

		if (i < n && usual_key)
			hash(t, at + i, batch + i, group_size(i, n));
		else if (i < n)
			hash_by_plan(t, at + i, batch + i, group_size(i, n));
		if (known < n)
			guess(t, at + known, group_size(known, n));
		for (unsigned k = near; k < n && k < near + GROUP; k++)
			account_packet(t, &at[k], &batch[k], usual_key);
	}
}

void table_account(struct table *t, const struct pktinfo *batch, unsigned n)
{
	if (t->index.plan)
		account(t, batch, n, false);
	else
		account(t, batch, n, true);
}

void table_sweep(struct table *t, uint64_t clock_ns, size_t room)
{
	uint32_t allowance;

	if (!expiry_is_time(&t->expiry, clock_ns))
		return;
	if (!expiry_covers(&t->expiry, clock_ns))
		table_begin_time(t, clock_ns);
	allowance = expiry_allowance(&t->expiry, t->used_slots, clock_ns);
	allowance = sweep(t, clock_ns, allowance, room);
	expiry_give_back(&t->expiry, t->used_slots, allowance);
}

#include "meter/table_inside.h"

#include <stdlib.h>
#include <sys/mman.h>

#define FEW 16       /* flows, of which one leaves a full table */
#define FEW_AHEAD 8  /* so many such choices before its turn a flow is fetched */
#define FREE_AHEAD 8 /* so many new flows before its turn a free slot is fetched */

/* Address space; the kernel gives pages as they are touched, which is from the beginning on. */
static void *reserve(uint64_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* The same, of what is touched here and there. */
static void *reserve_large(uint64_t bytes)
{
	void *p = reserve(bytes);

	if (p)
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
	buckets = reserve_large(buckets_bytes(t));
	index_init(&t->index, buckets, options->max_flows);
	t->flows = reserve_large(options->max_flows * sizeof(*t->flows));
	t->expiry.check_at = reserve_large(options->max_flows * sizeof(*t->expiry.check_at));
	t->free_slots = reserve(options->max_flows * sizeof(*t->free_slots));
	if (options->details)
		t->details = reserve_large(options->max_flows * sizeof(*t->details));
	t->index.flows = t->flows;
	t->index.details = t->details;
	key_seed_init(&t->key_seed, options->seed);
	key_plan_init(&t->key_plan, options->key_changes);
	t->index.plan = options->key_changes ? &t->key_plan : NULL;
	if (!buckets || !t->flows || !t->expiry.check_at || !t->free_slots ||
	    (options->details && !t->details)) {
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
	release(t->free_slots, t->options.max_flows * sizeof(*t->free_slots));
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
	t->free_slots[t->free_count++] = i;
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

/* Returns what is left of the allowance once `room` flows may have ended. */
static uint32_t sweep(struct table *t, uint64_t clock_ns, uint32_t allowance, size_t room)
{
	uint32_t due[TOGETHER];
	unsigned n;

	while ((n = expiry_gather(&t->expiry, t->used_slots, clock_ns, &allowance, due,
		    room < TOGETHER ? (unsigned)room : TOGETHER)) > 0) {
		for (unsigned k = 0; k < n; k++)
			prefetch_flow(t, due[k]);
		room -= n;
		table_order(t, due, n);
		for (unsigned k = 0; k < n; k++)
			examine(t, due[k], clock_ns);
	}
	return allowance;
}

/* A part of the slots, of which one gives up its flow. */
struct few {
	uint32_t first;
	uint32_t count;
};

static struct few few_from(const struct table *t, uint32_t first)
{
	uint32_t left = t->used_slots - first;

	return (struct few){first, left < FEW ? left : FEW};
}

/* The one of them that is over first if no more packets come. What their numbers say is up to date then. */
static uint32_t over_first(struct table *t, struct few few)
{
	uint64_t earliest = NEVER;
	uint32_t chosen = few.first;

	for (uint32_t i = few.first; i < few.first + few.count; i++) {
		const struct flow *f = &t->flows[i];
		uint64_t over = expiry_over(f, &t->options.timeouts);

		if (over < earliest) {
			earliest = over;
			chosen = i;
		}
		expiry_set(&t->expiry, i, expiry_deadline(f, &t->options.timeouts));
	}
	return chosen;
}

/* The one that, by their numbers, is due first, if that is so: then none of them is over before. */
static uint32_t choose(struct table *t, struct few few)
{
	const uint32_t *check_at = t->expiry.check_at;
	uint32_t i = few.first + expiry_first(&check_at[few.first], few.count);
	uint64_t over = expiry_over(&t->flows[i], &t->options.timeouts);

	return expiry_unit(&t->expiry, over) <= check_at[i] ? i : over_first(t, few);
}

/* Each few slots have their turn. All slots have flows. */
static void evict(struct table *t, uint64_t clock_ns)
{
	struct few few = few_from(t, t->evict_from);
	uint32_t later = few.first + FEW_AHEAD * FEW;

	if (later < t->used_slots)
		prefetch_flow(
		    t, later + expiry_first(&t->expiry.check_at[later], few_from(t, later).count));
	t->evict_from = few.first + few.count < t->used_slots ? few.first + few.count : 0;
	end_early(t, choose(t, few), clock_ns);
}

static uint32_t take_new_slot(struct table *t)
{
	if (t->used_slots % AHEAD_LOOK == 0 && t->options.ahead)
		table_look_ahead(t);
	return t->used_slots++;
}

/* What has been free longest comes last; that of one of the next new flows comes into the caches meanwhile. */
static uint32_t take_free_slot(struct table *t)
{
	uint32_t at = --t->free_count;

	prefetch_flow(t, t->free_slots[at < FREE_AHEAD ? 0 : at - FREE_AHEAD]);
	return t->free_slots[at];
}

static uint32_t take_slot(struct table *t, uint64_t clock_ns)
{
	if (!t->free_count && t->used_slots < t->options.max_flows)
		return take_new_slot(t);
	if (!t->free_count && expiry_full_sweep_due(&t->expiry, t->used_slots, clock_ns))
		sweep(t, clock_ns, t->used_slots, SIZE_MAX);
	if (!t->free_count)
		evict(t, clock_ns);
	return take_free_slot(t);
}

/* A record begins with this packet, whose key has this hash. */
static void begin_record(struct table *t, uint32_t i, uint64_t hash, const struct pktinfo *info)
{
	struct flow *f = &t->flows[i];

	/* One by one, as in record_fill(). */
	f->head = info->head;
	f->tail = info->tail;
	f->hash = hash;
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
	f->segment_type = info->segment_type;
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

uint32_t table_create_flow(struct table *t, uint64_t hash, const struct pktinfo *info)
{
	uint32_t i = take_slot(t, info->clock_ns);

	while (!index_add(&t->index, i, hash))
		make_room(t, hash, info->clock_ns);
	begin_record(t, i, hash, info);
	return i;
}

void table_renew_record(struct table *t, uint32_t i, uint64_t hash, const struct pktinfo *info)
{
	int reason = expiry_reason(&t->flows[i], &t->options.timeouts, info->clock_ns);

	report_end(t, i, reason ? reason : END_OF_FLOW, info->clock_ns);
	begin_record(t, i, hash, info);
}

void table_begin_linger(struct table *t, uint32_t i, uint64_t clock_ns)
{
	struct flow *f = &t->flows[i];
	uint64_t deadline;

	expiry_begin_linger(f, &t->options.timeouts);
	deadline = expiry_deadline(f, &t->options.timeouts);
	expiry_set(&t->expiry, i, deadline);
	if (deadline <= clock_ns)
		table_end_flow(t, i, expiry_reason(f, &t->options.timeouts, clock_ns), clock_ns);
}

/* -- what the worker calls -------------------------------------------------------------------- */

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

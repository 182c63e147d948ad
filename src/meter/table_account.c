/*
 * What each packet changes: from a batch of them to their flows, whose memory comes while others are at work.
 */
#include "meter/table_inside.h"

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_MARKS (TCP_FIN | TCP_SYN | TCP_RST) /* few packets have one of these */

/* Where to look for a packet's flow. */
struct lookup {
	uint64_t hash;
	union {
		const struct bucket *home; /* at first */
		struct flow *guess; /* then the flow that it is of most probably, or another */
	};
};

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

static inline bool is_due(const struct table *t, const struct flow *f, const struct pktinfo *info)
{
	return expiry_deadline(f, &t->options.timeouts) <= info->clock_ns;
}

/* Whether the record ends before this packet. In the linger a SYN opens a new connection. */
static inline bool ends_before(
    const struct table *t, const struct flow *f, const struct pktinfo *info)
{
	return is_due(t, f, info) || ((info->tcp_flags & TCP_MARKS) == TCP_SYN && lingers(f));
}

/* The guess may be wrong, or was made before the batch's earlier packets ended flows and began others. */
static inline __attribute__((always_inline)) struct flow *find_flow(
    const struct table *t, const struct lookup *at, const struct pktinfo *info, bool usual_key)
{
	uint32_t i;

	if (usual_key && key_is_of(info, at->guess))
		return at->guess;
	i = usual_key ? index_find(&t->index, info, at->hash)
		      : index_find_by_plan(&t->index, info, at->hash);
	return i == NO_FLOW ? NULL : &t->flows[i];
}

/* A packet that begins or ends something. `f` is NULL where it is a flow's first. */
static __attribute__((noinline)) void account_mark(
    struct table *t, struct flow *f, uint64_t hash, const struct pktinfo *info)
{
	bool begins_linger;

	if (!f)
		f = &t->flows[table_create_flow(t, hash, info)];
	else if (ends_before(t, f, info))
		table_renew_record(t, slot_of(t, f), hash, info);
	begins_linger = (info->tcp_flags & (TCP_FIN | TCP_RST)) && !lingers(f);
	add_packet(f, info);
	if (t->details)
		add_detail(&t->details[slot_of(t, f)], &info->detail);
	if (begins_linger)
		table_begin_linger(t, slot_of(t, f), info->clock_ns);
}

/* A part of its caller, which knows whether the key is the usual one. */
static inline __attribute__((always_inline)) void account_packet(
    struct table *t, const struct lookup *at, const struct pktinfo *info, bool usual_key)
{
	struct flow *f = find_flow(t, at, info, usual_key);

	if (!f || info->tcp_flags & TCP_MARKS || is_due(t, f, info)) {
		account_mark(t, f, at->hash, info);
		return;
	}
	add_packet(f, info);
	if (t->details)
		add_detail(&t->details[slot_of(t, f)], &info->detail);
}

/* -- a batch ---------------------------------------------------------------------------------- */

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
	for (unsigned i = 0; i < n; i++)
		set_hash(t, &at[i], key_plan_hash(&t->key_plan, &batch[i], t->options.seed));
}

static __attribute__((noinline)) void hash(
    const struct table *t, struct lookup at[], const struct pktinfo *batch, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		set_hash(t, &at[i], key_fold(&batch[i], &t->key_seed));
}

/* The flows that they are of most probably, and the memory of these on its way. */
static void guess(
    const struct table *t, struct lookup at[], const struct pktinfo *batch, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct flow *f = &t->flows[index_guess(at[i].home, at[i].hash)];

		at[i].guess = f;
		__builtin_prefetch(f, 1);
		__builtin_prefetch(key_is_ipv6(&batch[i]) ? (void *)&f->tail : f, 1);
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
			guess(t, at + known, batch + known, group_size(known, n));
		for (unsigned k = near; k < n && k < near + GROUP; k++)
			account_packet(t, &at[k], &batch[k], usual_key);
	}
}

/* Each is a function of its own, with the processor's registers for itself. */
static __attribute__((noinline)) void account_usual(
    struct table *t, const struct pktinfo *batch, unsigned n)
{
	account(t, batch, n, true);
}

static __attribute__((noinline)) void account_by_plan(
    struct table *t, const struct pktinfo *batch, unsigned n)
{
	account(t, batch, n, false);
}

void table_account(struct table *t, const struct pktinfo *batch, unsigned n)
{
	if (t->index.plan)
		account_by_plan(t, batch, n);
	else
		account_usual(t, batch, n);
}

#include "meter/frag.h"

#include <stdlib.h>
#include <string.h>

#include "util/hash.h"

#define UNIT 8 /* octets; all but a datagram's last fragment are a multiple of it */

/* Whole without gaps, so that it can be hashed and compared as octets. */
struct identity {
	uint8_t src[16];
	uint8_t dst[16];
	uint32_t id;
	uint32_t kind;  /* no sampling rule has been put there yet; 0: the place is free */
	uint32_t epoch; /* how many times the clock has started again */
	uint16_t vlan;
	uint8_t segment_type;
	uint8_t protocol; /* IPv4 only */
};

/* A part of a datagram, in units from its beginning. */
struct range {
	uint16_t from;
	uint16_t to;
};

struct datagram {
	struct identity identity;
	uint64_t clock_ns; /* of its first fragment */
	uint16_t src_port;
	uint16_t dst_port;
	uint16_t end;      /* all before this has come */
	uint16_t whole;    /* where it ends, 0: the last fragment has not come */
	struct range held; /* has come too, behind a gap; empty: nothing has, or too much to know */
	struct range last; /* the fragment that came last */
	uint8_t protocol;
	bool
	    is_of_tunnel; /* what is inside was not looked for, because it is more than one fragment */
};

struct fragments {
	uint64_t seed;
	uint32_t epoch;
	struct datagram buckets[FRAGMENT_BUCKETS][FRAGMENT_WAYS];
};

struct fragments *fragments_create(uint64_t seed)
{
	struct fragments *f = calloc(1, sizeof(*f));

	if (f)
		f->seed = seed;
	return f;
}

void fragments_destroy(struct fragments *f)
{
	free(f);
}

void fragments_forget(struct fragments *f)
{
	f->epoch++;
}

/* -- the memory ------------------------------------------------------------------------------- */

static struct identity identify(const struct fragments *f, const struct pktinfo *info)
{
	struct identity i = {.id = info->fragment.id,
	    .kind = info->head.kind,
	    .epoch = f->epoch,
	    .vlan = info->head.vlan,
	    .segment_type = info->segment_type,
	    .protocol = pktinfo_version(info) == 4 ? info->head.protocol : 0};

	pktinfo_addresses(info, i.src, i.dst);
	return i;
}

static struct datagram *bucket_of(struct fragments *f, const struct identity *i)
{
	return f->buckets[hash_bytes(i, sizeof(*i), f->seed) % FRAGMENT_BUCKETS];
}

static bool is_of(const struct datagram *d, const struct identity *i)
{
	return memcmp(&d->identity, i, sizeof(*i)) == 0;
}

/* Whether anything may still be asked about it. */
static bool is_alive(const struct fragments *f, const struct datagram *d, uint64_t clock_ns)
{
	return d->identity.kind && d->identity.epoch == f->epoch &&
	    clock_ns - d->clock_ns < FRAGMENT_LIFE_NS;
}

static struct datagram *find(
    struct fragments *f, struct datagram *bucket, const struct identity *i, uint64_t clock_ns)
{
	for (unsigned way = 0; way < FRAGMENT_WAYS; way++)
		if (is_of(&bucket[way], i))
			return is_alive(f, &bucket[way], clock_ns) ? &bucket[way] : NULL;
	return NULL;
}

/* Where a datagram goes: to its own place, a free one, or that of the oldest. */
static struct datagram *place_for(
    struct fragments *f, struct datagram *bucket, const struct identity *i, uint64_t clock_ns)
{
	struct datagram *oldest = bucket;

	for (unsigned way = 0; way < FRAGMENT_WAYS; way++)
		if (is_of(&bucket[way], i))
			return &bucket[way];
	for (unsigned way = 0; way < FRAGMENT_WAYS; way++) {
		if (!is_alive(f, &bucket[way], clock_ns))
			return &bucket[way];
		if (bucket[way].clock_ns < oldest->clock_ns)
			oldest = &bucket[way];
	}
	return oldest;
}

/* -- what has come ---------------------------------------------------------------------------- */

/* Beyond 65,535 octets there is no datagram: there all is one. */
static struct range range_of(const struct fragment *fragment)
{
	uint32_t size = fragment->size < UINT16_MAX ? fragment->size : UINT16_MAX;
	uint32_t from = fragment->offset / UNIT;

	return (struct range){(uint16_t)from, (uint16_t)(from + (size + UNIT - 1) / UNIT)};
}

static bool is_complete(const struct datagram *d)
{
	return d->whole && d->end >= d->whole;
}

static void join(struct datagram *d, struct range r)
{
	if (r.from == d->end)
		d->end = r.to;
	else if (d->held.to == 0)
		d->held = r;
	else if (r.from == d->held.to)
		d->held.to = r.to;
	else if (r.to == d->held.from)
		d->held.from = r.from;
	if (d->held.to && d->held.from == d->end) {
		d->end = d->held.to;
		d->held = (struct range){0, 0};
	}
}

/*
 * True where the fragment covers what has come already (RFC 5722), but not if it is only the
 * one before it once more: that is a copy.
 */
static bool overlaps(struct datagram *d, const struct fragment *fragment)
{
	struct range r = range_of(fragment);
	bool again = r.from == d->last.from && r.to == d->last.to;

	d->last = r;
	if (!fragment->more)
		d->whole = r.to;
	if (again || r.from == r.to)
		return false;
	if (r.from < d->held.to && r.to > d->held.from)
		return true;
	if (r.from >= d->end) {
		join(d, r);
		return false;
	}
	if (r.to > d->end)
		join(d, (struct range){d->end, r.to});
	return true;
}

/* -- fragments -------------------------------------------------------------------------------- */

/* A first fragment begins its datagram anew also where it is a copy: the others may follow. */
static bool learn(struct fragments *f, struct datagram *bucket, const struct identity *i,
    const struct pktinfo *info)
{
	struct datagram *d = place_for(f, bucket, i, info->clock_ns);
	bool forgets = !is_of(d, i) && is_alive(f, d, info->clock_ns) && !is_complete(d);
	struct range r = range_of(&info->fragment);

	*d = (struct datagram){.identity = *i,
	    .clock_ns = info->clock_ns,
	    .src_port = info->head.src_port,
	    .dst_port = info->head.dst_port,
	    .end = r.to,
	    .last = r,
	    .protocol = info->head.protocol,
	    .is_of_tunnel = info->notes & 1u << NOTE_TUNNEL_FRAGMENT};
	return forgets;
}

static void inherit(struct pktinfo *info, struct datagram *d)
{
	info->head.src_port = d->src_port;
	info->head.dst_port = d->dst_port;
	info->head.protocol = d->protocol;
	/* What is a tunnel by its port alone is not known of a later one before. */
	if (d->is_of_tunnel)
		info->notes |= 1u << NOTE_TUNNEL_FRAGMENT;
	if (overlaps(d, &info->fragment))
		info->notes |= 1u << NOTE_FRAGMENT_OVERLAP;
}

bool fragments_apply(struct fragments *f, struct pktinfo *info)
{
	struct identity i = identify(f, info);
	struct datagram *bucket = bucket_of(f, &i);
	struct datagram *d;

	if (info->fragment.offset == 0)
		return learn(f, bucket, &i, info);
	d = find(f, bucket, &i, info->clock_ns);
	if (d)
		inherit(info, d);
	else
		info->notes |= 1u << NOTE_FRAGMENT_ORPHAN;
	return false;
}

#include "reference.h"

#include <stdlib.h>
#include <string.h>

#define FIN 1
#define SYN 2
#define RST 4
#define DSCP 0xfc

static struct identity identity_of(const struct pktinfo *p)
{
	struct identity id;

	memset(&id, 0, sizeof(id));
	pktinfo_addresses(p, id.src, id.dst);
	id.ingress = p->head.ingress;
	id.segment = kind_segment(p->head.kind);
	id.src_port = p->head.src_port;
	id.dst_port = p->head.dst_port;
	id.vlan = p->head.vlan;
	id.ip_version = kind_version(p->head.kind);
	id.protocol = p->head.protocol;
	id.dscp = p->tos & DSCP;
	id.selector = kind_selector(p->head.kind);
	return id;
}

/* The earliest deadline that has passed, of equal ones the lowest number, or 0. */
static uint64_t reason_at(
    const struct reference *r, const struct reference_flow *f, uint64_t clock_ns)
{
	uint64_t deadlines[4] = {0, f->last_clock_ns + r->timeouts.idle_ns,
	    f->first_clock_ns + r->timeouts.active_ns,
	    f->linger_ns == NEVER ? NEVER : f->linger_ns + r->timeouts.end_ns};
	uint64_t earliest = NEVER, reason = 0;

	for (unsigned i = 1; i < 4; i++)
		if (deadlines[i] <= clock_ns && deadlines[i] < earliest) {
			earliest = deadlines[i];
			reason = i;
		}
	return reason;
}

static void finish(struct reference *r, unsigned i, uint64_t reason)
{
	struct result *record = &r->results.list[r->results.count++];

	*record = r->flows[i].record;
	record->reason = reason;
	r->flows[i] = r->flows[--r->flow_count];
}

static struct reference_flow *find(struct reference *r, const struct identity *id)
{
	for (unsigned i = 0; i < r->flow_count; i++)
		if (memcmp(&r->flows[i].record.id, id, sizeof(*id)) == 0)
			return &r->flows[i];
	return NULL;
}

static struct reference_flow *begin_flow(
    struct reference *r, const struct identity *id, const struct pktinfo *p)
{
	struct reference_flow *f = &r->flows[r->flow_count++];

	memset(f, 0, sizeof(*f));
	f->record.id = *id;
	f->record.start_ns = UINT64_MAX;
	f->first_clock_ns = p->clock_ns;
	f->linger_ns = NEVER;
	return f;
}

/* The flow that the packet belongs to, once one that is over has gone; NULL: it begins one. */
static struct reference_flow *still_open(
    struct reference *r, const struct identity *id, const struct pktinfo *p)
{
	struct reference_flow *f = find(r, id);
	uint64_t reason;

	if (!f)
		return NULL;
	reason = reason_at(r, f, p->clock_ns);
	if (!reason && f->linger_ns != NEVER && (p->tcp_flags & (FIN | SYN | RST)) == SYN)
		reason = END_OF_FLOW;
	if (!reason)
		return f;
	finish(r, (unsigned)(f - r->flows), reason);
	return NULL;
}

void reference_begin(struct reference *r, const struct timeouts *timeouts)
{
	r->timeouts = *timeouts;
	r->flow_count = 0;
	r->results.count = 0;
}

void reference_packet(struct reference *r, const struct pktinfo *p)
{
	struct identity id = identity_of(p);
	struct reference_flow *f = still_open(r, &id, p);
	uint64_t reason;

	if (!f)
		f = begin_flow(r, &id, p);
	f->last_clock_ns = p->clock_ns;
	f->record.packets++;
	f->record.octets += p->octets;
	f->record.tcp_flags |= p->tcp_flags;
	if (p->ts_ns < f->record.start_ns)
		f->record.start_ns = p->ts_ns;
	if (p->ts_ns > f->record.end_ns)
		f->record.end_ns = p->ts_ns;
	if ((p->tcp_flags & (FIN | RST)) && f->linger_ns == NEVER)
		f->linger_ns = p->clock_ns;
	/* Without a linger the record closes at once. */
	reason = reason_at(r, f, p->clock_ns);
	if (reason)
		finish(r, (unsigned)(f - r->flows), reason);
}

void reference_end(struct reference *r, uint64_t clock_ns)
{
	while (r->flow_count) {
		uint64_t reason = reason_at(r, &r->flows[0], clock_ns);

		finish(r, 0, reason ? reason : END_FORCED);
	}
}

static int by_octets(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct result));
}

void results_compare(struct results *a, struct results *b)
{
	qsort(a->list, a->count, sizeof(a->list[0]), by_octets);
	qsort(b->list, b->count, sizeof(b->list[0]), by_octets);
	if (a->count != b->count || memcmp(a->list, b->list, a->count * sizeof(a->list[0])) != 0)
		abort();
}

/*
 * Packets through stamp, decoder and table, with a reference meter beside: the records must be the
 * same, and what came in must have come out or be counted.
 *
 * Input: link type, switches, idle, active and end timeout in tenths of a second; then packets: time
 * since the one before (16 bits, in ms; from 0xff00 on it goes back by minutes), length, octets.
 */
#include <pcap/dlt.h>
#include <stdlib.h>
#include <string.h>

#include "intake.h"
#include "own_export.h"
#include "reference.h"
#include "util/units.h"

#define T0 (1700000000 * NS_PER_S)
#define HEADER 5
#define PACKET_HEADER 3
#define FEW_FLOWS 3
#define TABLE_IS_SMALL 1 /* a switch: flows leave early, and only sums can be compared */
#define WITH_DETAILS 2
#define INTO_TUNNELS 4
#define WITHOUT_COPIES 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int linktypes[] = {DLT_EN10MB, DLT_RAW, DLT_LINUX_SLL, DLT_NULL};

struct run {
	struct source source; /* first: it is what intake reads */
	const uint8_t *at;
	size_t left;
	uint64_t ts_ns;
	struct intake intake;
	struct pktinfo batch[TABLE_BATCH];
	struct table *table;
	struct reference reference;
	struct results results;
	uint64_t ended_packets;
};

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void take_record(void *ctx, const struct flow *f, const struct detail *detail,
    enum end_reason reason, uint64_t clock_ns)
{
	struct run *run = ctx;
	struct result *r = &run->results.list[run->results.count % RESULTS_MAX];

	(void)detail;
	check(clock_ns <= run->intake.clock.now_ns && flow_packets(f) > 0);
	memset(r, 0, sizeof(*r));
	memcpy(r->id.src, f->head.src, 4);
	memcpy(r->id.dst, f->head.dst, 4);
	memcpy(r->id.src + 4, f->tail.src, 12);
	memcpy(r->id.dst + 4, f->tail.dst, 12);
	r->id.ingress = f->head.ingress;
	r->id.segment = kind_segment(f->head.kind);
	r->id.src_port = f->head.src_port;
	r->id.dst_port = f->head.dst_port;
	r->id.vlan = f->head.vlan;
	r->id.ip_version = kind_version(f->head.kind);
	r->id.protocol = f->head.protocol;
	r->id.dscp = f->head.dscp;
	r->id.selector = kind_selector(f->head.kind);
	r->packets = flow_packets(f);
	r->octets = f->octets;
	r->start_ns = f->start_ns;
	r->end_ns = f->end_ns;
	r->tcp_flags = flow_tcp_flags(f);
	r->reason = reason;
	run->results.count++;
	run->ended_packets += flow_packets(f);
}

/* As many octets as the packet has, in a block of their own: one more is seen by the sanitizer. */
static bool give_packet(struct run *run, packets_fn *fn, void *ctx)
{
	uint64_t step = (uint64_t)run->at[0] << 8 | run->at[1];
	size_t size = run->at[2];
	struct packet packet = {.ingress = 1, .linktype = run->source.linktype};
	uint8_t *octets;
	bool more;

	run->at += PACKET_HEADER;
	run->left -= PACKET_HEADER;
	if (size > run->left)
		size = run->left;
	octets = malloc(size + !size);
	memcpy(octets, run->at, size);
	run->at += size;
	run->left -= size;
	if (step >= 0xff00)
		run->ts_ns -= (step & 0xff) * NS_PER_S;
	else
		run->ts_ns += step * NS_PER_MS;
	packet.data = octets;
	packet.caplen = (uint32_t)size;
	packet.len = packet.caplen + (uint32_t)(step & 1);
	packet.ts_ns = run->ts_ns;
	more = fn(ctx, &packet, 1);
	free(octets);
	return more;
}

static int give_packets(struct source *s, unsigned max, packets_fn *fn, void *ctx)
{
	struct run *run = (struct run *)s;
	unsigned n = 0;

	while (n < max && run->left >= PACKET_HEADER) {
		n++;
		if (!give_packet(run, fn, ctx))
			break;
	}
	return (int)n;
}

static const struct source_ops ops = {.read = give_packets};

static void account(struct run *run)
{
	struct intake *in = &run->intake;

	intake_settle(in);
	for (unsigned i = 0; i < in->batched; i++)
		reference_packet(&run->reference, &in->batch[i]);
	if (in->batched)
		table_account(run->table, in->batch, in->batched);
	intake_begin_batch(in);
	table_sweep(run->table, in->clock.now_ns, SIZE_MAX);
}

static void take_batch(void *ctx, bool restarts)
{
	struct run *run = ctx;

	account(run);
	if (!restarts)
		return;
	table_end_all(run->table, run->intake.clock.now_ns);
	reference_end(&run->reference, run->intake.clock.now_ns);
}

static void check_sums(const struct run *run)
{
	const struct ledger_packets *p = &run->intake.packets;
	const struct table_stats *t = table_stats(run->table);
	uint64_t ignored = 0;

	for (unsigned i = 1; i < IGNORED_COUNT; i++)
		ignored += p->ignored[i];
	check(p->received == p->metered + p->not_sampled + ignored);
	check(p->metered == run->ended_packets && t->active == 0);
	check(t->created == run->results.count && t->ended_octets == p->metered_octets);
}

static const struct config *config_of(uint8_t switches, const uint8_t *timeouts)
{
	static struct config *c;

	if (!c) {
		char *argv[] = {"spanflow", "-r", "-", "-o", "json", NULL};

		c = malloc(sizeof(*c));
		config_init(c);
		check(config_parse(c, 5, argv) == 0);
	}
	c->decode.details = switches & WITH_DETAILS;
	c->decode.decap = switches & INTO_TUNNELS ? (1u << DECAP_COUNT) - 1 : 0;
	c->dedup = switches & WITHOUT_COPIES;
	c->timeouts.idle_ns = (timeouts[0] + 1ull) * 100 * NS_PER_MS;
	c->timeouts.active_ns = (timeouts[1] + 1ull) * 100 * NS_PER_MS;
	c->timeouts.end_ns = timeouts[2] * 100ull * NS_PER_MS;
	return c;
}

static void begin(struct run *run, const struct config *c, bool small)
{
	static struct own_exports own;
	struct intake_options in = {.config = c,
	    .own_exports = &own,
	    .sources = 1,
	    .take_batch = take_batch,
	    .take_batch_ctx = run};
	struct table_options table = {.max_flows = small ? FEW_FLOWS : RESULTS_MAX,
	    .timeouts = c->timeouts,
	    .seed = 1,
	    .details = c->decode.details,
	    .end = take_record,
	    .end_ctx = run};

	run->source.ops = &ops;
	run->source.name = "input";
	run->ts_ns = T0;
	run->results.count = 0;
	run->ended_packets = 0;
	reference_begin(&run->reference, &c->timeouts);
	run->table = table_create(&table);
	check(run->table && intake_init(&run->intake, &in) == 0 &&
	    intake_open(&run->intake, 0, &run->source) == 0);
	run->intake.batch = run->batch;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run run;
	bool small;

	if (size < HEADER || size > RESULTS_MAX)
		return 0;
	small = data[1] & TABLE_IS_SMALL;
	run.source.linktype = linktypes[data[0] % (sizeof(linktypes) / sizeof(*linktypes))];
	run.at = data + HEADER;
	run.left = size - HEADER;
	begin(&run, config_of(data[1], data + 2), small);
	while (intake_read(&run.intake, 0, &run.source) > 0)
		account(&run);
	take_batch(&run, true);
	check_sums(&run);
	if (!small)
		results_compare(&run.results, &run.reference.results);
	intake_fini(&run.intake);
	table_destroy(run.table);
	return 0;
}

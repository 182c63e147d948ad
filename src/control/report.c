#include "control/report.h"

#include <inttypes.h>
#include <time.h>

#include "util/json.h"
#include "util/units.h"

double overview_rate(const struct overview *o, uint64_t now, uint64_t before)
{
	uint64_t apart_ns = o->now.at_ns - o->before.at_ns;

	if (!o->before.at_ns || !apart_ns || now < before)
		return 0;
	return (double)(now - before) * (double)NS_PER_S / (double)apart_ns;
}

const char *report_short(double value, char text[REPORT_SHORT_SIZE])
{
	static const char units[] = "kMGTPE";
	unsigned i = 0;

	if (value < 9999.5) {
		snprintf(text, REPORT_SHORT_SIZE, "%.0f", value);
		return text;
	}
	for (value /= 1000; value >= 999.5 && i < sizeof(units) - 2; i++)
		value /= 1000;
	snprintf(text, REPORT_SHORT_SIZE, "%.*f%c",
	    value < 9.995       ? 2
		: value < 99.95 ? 1
				: 0,
	    value, units[i]);
	return text;
}

/* -- sums ------------------------------------------------------------------------------------- */

static uint64_t total(const uint64_t *counters, size_t n)
{
	uint64_t sum = 0;

	while (n--)
		sum += counters[n];
	return sum;
}

static uint64_t ended(const struct ledger *l)
{
	return total(l->flows.ended, END_REASON_COUNT);
}

static uint64_t ignored(const struct ledger *l)
{
	return total(l->packets.ignored, IGNORED_COUNT);
}

static uint64_t dropped(const struct ledger_collector *c)
{
	return total(c->sender.dropped, FAILURE_COUNT);
}

static uint64_t errors(const struct ledger_collector *c)
{
	return total(c->sender.errors, FAILURE_COUNT);
}

/* -- status ----------------------------------------------------------------------------------- */

struct rates {
	double packets, octets, drops, flows, records;
};

static struct rates rates_of(const struct overview *o)
{
	const struct ledger *now = &o->now.ledger, *before = &o->before.ledger;

	return (struct rates){
	    .packets = overview_rate(o, now->packets.received, before->packets.received),
	    .octets = overview_rate(o, now->packets.metered_octets, before->packets.metered_octets),
	    .drops = overview_rate(o, now->packets.dropped_kernel + now->packets.dropped_interface,
		before->packets.dropped_kernel + before->packets.dropped_interface),
	    .flows = overview_rate(o, now->flows.created, before->flows.created),
	    .records = overview_rate(o, ended(now), ended(before)),
	};
}

static void print_up(FILE *out, uint64_t up_ns)
{
	uint64_t s = up_ns / NS_PER_S;

	if (s >= 86400)
		fprintf(out, "%" PRIu64 "d ", s / 86400);
	fprintf(out, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600 % 24, s / 60 % 60, s % 60);
}

static void text_status(FILE *out, const struct overview *o)
{
	const struct ledger *l = &o->now.ledger;
	struct rates r = rates_of(o);
	char a[REPORT_SHORT_SIZE], b[REPORT_SHORT_SIZE];

	fprintf(out, "spanflow %s  up ", o->version);
	print_up(out, o->up_ns);
	fprintf(out, "  %u worker%s\n", o->workers, o->workers == 1 ? "" : "s");
	fprintf(out, "packets   %14" PRIu64 "  received   %5s/s  %5sbit/s\n", l->packets.received,
	    report_short(r.packets, a), report_short(r.octets * 8, b));
	fprintf(out, "          %14" PRIu64 "  metered\n", l->packets.metered);
	if (l->packets.not_sampled)
		fprintf(out, "          %14" PRIu64 "  not sampled\n", l->packets.not_sampled);
	fprintf(out, "          %14" PRIu64 "  ignored\n", ignored(l));
	fprintf(out, "          %14" PRIu64 "  dropped by kernel and interfaces   %s/s\n",
	    l->packets.dropped_kernel + l->packets.dropped_interface, report_short(r.drops, a));
	fprintf(out,
	    "flows     %14" PRIu64 "  active     %5s new/s   most %" PRIu64 ", room for %" PRIu32
	    "\n",
	    l->flows.active, report_short(r.flows, a), l->flows.peak, o->max_flows);
	fprintf(out, "records   %14" PRIu64 "  ended      %5s/s\n", ended(l),
	    report_short(r.records, a));
	if (l->flows.ended[END_NO_RESOURCES])
		fprintf(out, "          %14" PRIu64 "  ended early: table full\n",
		    l->flows.ended[END_NO_RESOURCES]);
	if (l->ring_dropped)
		fprintf(out, "          %14" PRIu64 "  dropped: ring full\n", l->ring_dropped);
}

static void json_rates(struct json *j, const struct overview *o)
{
	struct rates r = rates_of(o);

	json_open(j, "rates");
	json_decimal(j, "packets", r.packets);
	json_decimal(j, "octets", r.octets);
	json_decimal(j, "dropped", r.drops);
	json_decimal(j, "flows", r.flows);
	json_decimal(j, "records", r.records);
	json_close(j);
}

static void json_status(FILE *out, const struct overview *o)
{
	const struct ledger *l = &o->now.ledger;
	struct json j = {.out = out};

	json_open(&j, NULL);
	json_string(&j, "version", o->version);
	json_number(&j, "startedMilliseconds", o->started_wall_ns / NS_PER_MS);
	json_decimal(&j, "upSeconds", (double)o->up_ns / (double)NS_PER_S);
	json_number(&j, "workers", o->workers);
	json_number(&j, "received", l->packets.received);
	json_number(&j, "metered", l->packets.metered);
	json_number(&j, "dropped", l->packets.dropped_kernel + l->packets.dropped_interface);
	json_number(&j, "flowsActive", l->flows.active);
	json_number(&j, "flowsMax", o->max_flows);
	json_number(&j, "recordsEnded", ended(l));
	json_rates(&j, o);
	json_close(&j);
	fputc('\n', out);
}

void report_status(FILE *out, const struct overview *o, bool json)
{
	if (json) {
		json_status(out, o);
		return;
	}
	text_status(out, o);
	report_collectors(out, o, false);
}

void report_stats(FILE *out, const struct overview *o, bool json)
{
	struct ledger l = o->now.ledger;
	struct ledger_collector collectors[OVERVIEW_COLLECTORS_MAX];

	for (size_t i = 0; i < l.collector_count; i++)
		collectors[i] = o->now.collectors[i];
	l.collectors = collectors;
	if (json)
		ledger_print_json(out, &l);
	else
		ledger_print_text(out, &l);
}

/* -- collectors ------------------------------------------------------------------------------- */

static void text_collector(FILE *out, const struct ledger_collector *c, double sent)
{
	char rate[REPORT_SHORT_SIZE];

	fprintf(out,
	    "%s (%s)  %s  %" PRIu64 " sent %s/s  %" PRIu64 " queued  %" PRIu64 " dropped  %" PRIu64
	    " errors\n",
	    c->url, c->format, c->state, c->sender.sent, report_short(sent, rate), c->sender.queued,
	    dropped(c), errors(c));
}

static void json_collector(struct json *j, const struct ledger_collector *c, double sent)
{
	json_open(j, NULL);
	json_string(j, "url", c->url);
	if (c->group)
		json_string(j, "group", c->group);
	json_string(j, "format", c->format);
	json_string(j, "state", c->state);
	json_number(j, "sent", c->sender.sent);
	json_decimal(j, "sentRate", sent);
	json_number(j, "queued", c->sender.queued);
	json_number(j, "dropped", dropped(c));
	json_number(j, "errors", errors(c));
	json_number(j, "messages", c->sender.messages);
	json_number(j, "bytes", c->sender.bytes);
	json_close(j);
}

/* Collectors keep their places. */
static double sent_rate(const struct overview *o, size_t i)
{
	return overview_rate(
	    o, o->now.collectors[i].sender.sent, o->before.collectors[i].sender.sent);
}

void report_collectors(FILE *out, const struct overview *o, bool json)
{
	size_t n = o->now.ledger.collector_count;
	struct json j = {.out = out};

	if (!json) {
		for (size_t i = 0; i < n; i++)
			text_collector(out, &o->now.collectors[i], sent_rate(o, i));
		return;
	}
	json_open_list(&j, NULL);
	for (size_t i = 0; i < n; i++)
		json_collector(&j, &o->now.collectors[i], sent_rate(o, i));
	json_close_list(&j);
	fputc('\n', out);
}

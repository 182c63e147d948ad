#include "control/report.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "util/json.h"
#include "util/line.h"
#include "util/spell.h"
#include "util/units.h"

/* As wide as this numbers are at least. A usual terminal has room for a collector of IPv4 behind them. */
#define NUMBER_WIDTH 10
#define LABEL_WIDTH 10
#define STATE_WIDTH 11
#define COLUMNS 80

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

/* A name and a description may hold anything, also what is an order to a terminal. */
static const char *printable(struct line *l, const char *text)
{
	l->used = 0;
	l->is_full = false;
	line_put_text(l, text, strlen(text));
	l->text[l->used] = '\0';
	return l->text;
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

static int wider(int width, uint64_t value, int beside)
{
	int digits = 1;

	for (; value >= 10; value /= 10)
		digits++;
	return digits + beside < width ? width : digits + beside;
}

/* So wide that all numbers of a report stand below each other. A state reaches into the column that is before them. */
static int width_of(const struct overview *o)
{
	const struct ledger *l = &o->now.ledger;
	int width = wider(NUMBER_WIDTH, l->packets.received, 0);

	width = wider(width, ended(l), 0);
	width = wider(width, l->packets.dropped_kernel + l->packets.dropped_interface, 0);
	for (size_t i = 0; i < l->collector_count; i++)
		width =
		    wider(width, o->now.collectors[i].sender.sent, STATE_WIDTH + 1 - LABEL_WIDTH);
	return width;
}

/* A number that is a part of the one above it. */
static void text_part(FILE *out, int width, uint64_t value, const char *what)
{
	fprintf(out, "%-9s %*" PRIu64 "  %s\n", "", width, value, what);
}

static uint64_t drops_at(const struct ledger_interface *i)
{
	return i->dropped_kernel + i->dropped_interface;
}

/* Where several are captured, the one that has lost most is named. */
static void text_drops(FILE *out, const struct overview *o, double rate, int width)
{
	const struct ledger *l = &o->now.ledger;
	const struct ledger_interface *worst = l->interfaces;
	char a[REPORT_SHORT_SIZE];
	struct line name;

	for (size_t i = 1; i < l->interface_count; i++)
		if (drops_at(&l->interfaces[i]) > drops_at(worst))
			worst = &l->interfaces[i];
	fprintf(out, "          %*" PRIu64 "  dropped    %5s/s  ", width,
	    l->packets.dropped_kernel + l->packets.dropped_interface, report_short(rate, a));
	if (l->interface_count > 1 && drops_at(worst))
		fprintf(out, "most at %s\n", printable(&name, worst->name));
	else
		fprintf(out, "by kernel and interfaces\n");
}

static void text_packets(FILE *out, const struct overview *o, const struct rates *r, int width)
{
	const struct ledger_packets *p = &o->now.ledger.packets;
	char a[REPORT_SHORT_SIZE], b[REPORT_SHORT_SIZE];

	fprintf(out, "packets   %*" PRIu64 "  received   %5s/s  %5sbit/s\n", width, p->received,
	    report_short(r->packets, a), report_short(r->octets * 8, b));
	text_part(out, width, p->metered, "metered");
	if (p->not_sampled)
		text_part(out, width, p->not_sampled, "not sampled");
	text_part(out, width, ignored(&o->now.ledger), "ignored");
	text_drops(out, o, r->drops, width);
}

static void text_status(FILE *out, const struct overview *o)
{
	const struct ledger *l = &o->now.ledger;
	struct rates r = rates_of(o);
	char a[REPORT_SHORT_SIZE];
	int width = width_of(o);

	fprintf(out, "spanflow %s  up ", o->version);
	print_up(out, o->up_ns);
	fprintf(out, "  %u worker%s\n", o->workers, o->workers == 1 ? "" : "s");
	text_packets(out, o, &r, width);
	fprintf(out,
	    "flows     %*" PRIu64 "  active     %5s/s new  most %" PRIu64 " of %" PRIu32 "\n",
	    width, l->flows.active, report_short(r.flows, a), l->flows.peak, o->max_flows);
	fprintf(out, "records   %*" PRIu64 "  ended      %5s/s\n", width, ended(l),
	    report_short(r.records, a));
	if (l->flows.ended[END_NO_RESOURCES])
		text_part(out, width, l->flows.ended[END_NO_RESOURCES], "ended early: table full");
	if (l->ring_dropped)
		text_part(out, width, l->ring_dropped, "dropped: ring full");
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
	json_number(&j, "notSampled", l->packets.not_sampled);
	json_number(&j, "ignored", ignored(l));
	json_number(&j, "dropped", l->packets.dropped_kernel + l->packets.dropped_interface);
	json_number(&j, "flowsActive", l->flows.active);
	json_number(&j, "flowsPeak", l->flows.peak);
	json_number(&j, "flowsMax", o->max_flows);
	json_number(&j, "recordsEnded", ended(l));
	json_rates(&j, o);
	json_close(&j);
	fputc('\n', out);
}

static void text_collectors(FILE *out, const struct overview *o, unsigned columns);

void report_status(FILE *out, const struct overview *o, bool json)
{
	if (json)
		json_status(out, o);
	else
		report_status_within(out, o, COLUMNS);
}

void report_status_within(FILE *out, const struct overview *o, unsigned columns)
{
	text_status(out, o);
	text_collectors(out, o, columns);
}

void report_stats(FILE *out, const struct overview *o, bool json)
{
	if (json)
		ledger_print_json(out, &o->now.ledger);
	else
		ledger_print_text(out, &o->now.ledger);
}

/* -- collectors ------------------------------------------------------------------------------- */

/* Its name is last, and where the row has no room for it in a row of its own. */
static void text_collector(
    FILE *out, const struct ledger_collector *c, double rate, int number_width, unsigned columns)
{
	char a[REPORT_SHORT_SIZE], b[REPORT_SHORT_SIZE], d[REPORT_SHORT_SIZE], e[REPORT_SHORT_SIZE];
	struct line name;
	int used = fprintf(out, "%-*s %*" PRIu64 " %6s %5s %5s %5s", STATE_WIDTH, c->state,
	    LABEL_WIDTH + number_width - STATE_WIDTH - 1, c->sender.sent, report_short(rate, a),
	    report_short((double)c->sender.queued, b), report_short((double)dropped(c), d),
	    report_short((double)errors(c), e));

	ledger_put_name(&name, c);
	if (used >= 0 && (size_t)used + name.used <= columns)
		fputc(' ', out);
	else
		fprintf(out, "\n%*s", STATE_WIDTH + 1, "");
	fwrite(name.text, 1, name.used, out);
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

static void text_collectors(FILE *out, const struct overview *o, unsigned columns)
{
	int width = width_of(o);

	fprintf(out, "%-*s%*s %6s %5s %5s %5s\n", LABEL_WIDTH, "collectors", width, "sent",
	    "sent/s", "queue", "drops", "errs");
	for (size_t i = 0; i < o->now.ledger.collector_count; i++)
		text_collector(out, &o->now.collectors[i], sent_rate(o, i), width, columns);
}

void report_collectors(FILE *out, const struct overview *o, bool json)
{
	struct json j = {.out = out};

	if (!json) {
		text_collectors(out, o, COLUMNS);
		return;
	}
	json_open_list(&j, NULL);
	for (size_t i = 0; i < o->now.ledger.collector_count; i++)
		json_collector(&j, &o->now.collectors[i], sent_rate(o, i));
	json_close_list(&j);
	fputc('\n', out);
}

/* -- interfaces --------------------------------------------------------------------------------- */

#define MAC_SIZE sizeof("00:00:00:00:00:00")
#define NUMBER_SIZE 21 /* of 64 bits */

static const char *mac_text(const uint8_t mac[6], char text[MAC_SIZE])
{
	*spell_hex(text, mac, 6, ':') = '\0';
	return text;
}

/* "-" is what there is not, or is not known. */
static const char *number_or_dash(uint32_t value, char text[NUMBER_SIZE])
{
	if (!value)
		return "-";
	*spell_decimal(text, value) = '\0';
	return text;
}

static void text_interface(FILE *out, const struct report_interface *i, int name_width)
{
	static const uint8_t no_mac[6];
	char received[REPORT_SHORT_SIZE], rate[REPORT_SHORT_SIZE], dropped[REPORT_SHORT_SIZE];
	char index[NUMBER_SIZE], mac[MAC_SIZE], mtu[NUMBER_SIZE], speed[REPORT_SHORT_SIZE];
	bool has_mac = i->is_there && memcmp(i->mac, no_mac, sizeof(no_mac)) != 0;
	struct line l;

	fprintf(out, "%-*s %-10s %5s %5s %5s ", name_width, printable(&l, i->name), i->state,
	    report_short((double)i->counts.received, received),
	    i->is_there ? report_short(i->received_rate, rate) : "-",
	    report_short((double)drops_at(&i->counts), dropped));
	fprintf(out, "%5s %-17s %5s %5s\n", number_or_dash(i->index, index),
	    has_mac ? mac_text(i->mac, mac) : "-", number_or_dash(i->is_there ? i->mtu : 0, mtu),
	    i->is_there && i->speed_mbit ? report_short((double)i->speed_mbit * 1e6, speed) : "-");
	if (*i->description)
		fprintf(out, "%*s %s\n", name_width, "", printable(&l, i->description));
}

/* The columns fit a usual terminal; what is said of an interface stands below it. */
static void text_interfaces(FILE *out, const struct report_interface *list, size_t count)
{
	int width = (int)strlen("interface");
	struct line l;

	for (size_t i = 0; i < count; i++)
		if (width < (int)strlen(printable(&l, list[i].name)))
			width = (int)strlen(l.text);
	fprintf(out, "%-*s %-10s %5s %5s %5s %5s %-17s %5s %5s\n", width, "interface", "state",
	    "pkts", "pkt/s", "drops", "index", "mac", "mtu", "bit/s");
	for (size_t i = 0; i < count; i++)
		text_interface(out, &list[i], width);
}

static void json_interface(struct json *j, const struct report_interface *i)
{
	char mac[MAC_SIZE];

	json_open(j, NULL);
	json_string(j, "name", i->name);
	json_string(j, "description", i->description);
	json_string(j, "state", i->state);
	json_number(j, "index", i->index);
	json_string(j, "mac", mac_text(i->mac, mac));
	json_number(j, "mtu", i->mtu);
	json_number(j, "speedMegabits", i->speed_mbit);
	json_number(j, "received", i->counts.received);
	json_decimal(j, "receivedRate", i->received_rate);
	json_number(j, "droppedKernel", i->counts.dropped_kernel);
	json_number(j, "droppedInterface", i->counts.dropped_interface);
	json_close(j);
}

void report_interfaces(FILE *out, const struct report_interface *list, size_t count, bool json)
{
	struct json j = {.out = out};

	if (!json) {
		text_interfaces(out, list, count);
		return;
	}
	json_open_list(&j, NULL);
	for (size_t i = 0; i < count; i++)
		json_interface(&j, &list[i]);
	json_close_list(&j);
	fputc('\n', out);
}

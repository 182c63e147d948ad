#include "control/metrics.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "util/units.h"
#include "util/utf8.h"

/* A metric: what is said of it, and where its samples come from. */
struct family {
	const char *name;
	const char *type;
	const char *help;
	/* Counters at `offset`: one, or those of an array from `first` to before `end`. */
	size_t offset;
	const char *label; /* of an array; its values are their names */
	const char *(*name_of)(unsigned i);
	unsigned first;
	unsigned end;
	/* NULL but where it is no counter of the ledger: prints the samples. */
	void (*print)(FILE *out, const struct family *f, const struct overview *o);
};

/* -- samples ----------------------------------------------------------------------------------- */

/* A label's value may hold anything in UTF-8, but for these three. */
static void print_escaped(FILE *out, const char *value)
{
	const unsigned char *s = (const unsigned char *)value;

	while (*s) {
		size_t length = utf8_length(s, UTF8_STRING);

		if (*s == '\n')
			fputs("\\n", out);
		else if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if (length)
			fwrite(s, 1, length, out);
		else
			fputs("\xef\xbf\xbd", out);
		s += length ? length : 1;
	}
}

static void print_label(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%s=\"", name);
	print_escaped(out, value);
	fputc('"', out);
}

/* The labels that tell a collector from the others; two may be alike in all of these. */
static void print_collector(FILE *out, const struct overview *o, size_t n)
{
	const struct ledger_collector *all = o->now.collectors, *c = &all[n];
	const char *group = c->group ? c->group : "";
	unsigned same = 1;

	for (size_t i = 0; i < n; i++)
		same += ledger_is_same_collector(&all[i], c);
	fprintf(out, "collector=\"");
	print_escaped(out, c->url);
	if (same > 1)
		fprintf(out, "#%u", same);
	fputs("\",", out);
	print_label(out, "group", group);
	fputc(',', out);
	print_label(out, "format", c->format);
}

static uint64_t counter_at(const void *base, size_t offset, unsigned i)
{
	uint64_t value;

	memcpy(&value, (const char *)base + offset + i * sizeof(value), sizeof(value));
	return value;
}

/* The counters of a part of the program, or of collector n (-1: of none). */
static void print_counters(
    FILE *out, const struct family *f, const struct overview *o, const void *base, ssize_t n)
{
	for (unsigned i = f->first; i < (f->end ? f->end : 1); i++) {
		fputs(f->name, out);
		if (n >= 0 || f->label)
			fputc('{', out);
		if (n >= 0)
			print_collector(out, o, (size_t)n);
		if (n >= 0 && f->label)
			fputc(',', out);
		if (f->label)
			print_label(out, f->label, f->name_of(i));
		if (n >= 0 || f->label)
			fputc('}', out);
		fprintf(out, " %" PRIu64 "\n", counter_at(base, f->offset, i));
	}
}

static void print_head(FILE *out, const struct family *f)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help, f->name, f->type);
}

/* -- of the program ---------------------------------------------------------------------------- */

static void print_build(FILE *out, const struct family *f, const struct overview *o)
{
	fprintf(out, "%s{", f->name);
	print_label(out, "version", o->version);
	fputs("} 1\n", out);
}

static void print_start(FILE *out, const struct family *f, const struct overview *o)
{
	fprintf(out, "%s %.3f\n", f->name, (double)o->started_wall_ns / (double)NS_PER_S);
}

static void print_cpu(FILE *out, const struct family *f, const struct overview *o)
{
	fprintf(out, "%s %.3f\n", f->name, (double)o->cpu_ns / (double)NS_PER_S);
}

static void print_memory(FILE *out, const struct family *f, const struct overview *o)
{
	if (o->resident_bytes)
		fprintf(out, "%s %" PRIu64 "\n", f->name, o->resident_bytes);
}

static void print_interface(FILE *out, const struct family *f, const struct overview *o, size_t n)
{
	fprintf(out, "%s{interface=\"", f->name);
	print_escaped(out, o->now.ledger.interfaces[n].name);
	fputc('"', out);
}

static void print_interface_states(FILE *out, const struct family *f, const struct overview *o)
{
	for (size_t n = 0; o->interface_states && n < o->now.ledger.interface_count; n++)
		for (unsigned i = 0; i < LEDGER_INTERFACE_STATE_COUNT; i++) {
			const char *state = ledger_interface_state_name(i);

			print_interface(out, f, o, n);
			fprintf(out, ",state=\"%s\"} %d\n", state,
			    strcmp(o->interface_states[n], state) == 0);
		}
}

static void print_interface_counters(FILE *out, const struct family *f, const struct overview *o)
{
	for (size_t n = 0; n < o->now.ledger.interface_count; n++)
		for (unsigned i = 0; i < (f->end ? f->end : 1); i++) {
			print_interface(out, f, o, n);
			if (f->label)
				fprintf(out, ",%s=\"%s\"", f->label, f->name_of(i));
			fprintf(out, "} %" PRIu64 "\n",
			    counter_at(&o->now.ledger.interfaces[n], f->offset, i));
		}
}

static void print_workers(FILE *out, const struct family *f, const struct overview *o)
{
	fprintf(out, "%s %u\n", f->name, o->workers);
}

static void print_max_flows(FILE *out, const struct family *f, const struct overview *o)
{
	fprintf(out, "%s %" PRIu32 "\n", f->name, o->max_flows);
}

/* By selectorId, as options data have it (RFC 5477). */
static void print_sampling(FILE *out, const struct family *f, const struct overview *o)
{
	static const char *const methods[] = {[SAMPLING_NONE] = "none",
	    [SAMPLING_DETERMINISTIC] = "deterministic",
	    [SAMPLING_RANDOM] = "random",
	    [SAMPLING_HASH] = "hash",
	    [SAMPLING_FLOW] = "flow"};

	for (unsigned i = 0; i < o->sampling.count; i++) {
		const struct sampling_rule *rule = &o->sampling.rules[i];

		fprintf(out, "%s{selector=\"%u\",method=\"%s\"} %" PRIu32 "\n", f->name, i + 1,
		    methods[rule->method], rule->interval);
	}
}

/* The two members of the ledger that follow each other. */
static const char *where_dropped(unsigned i)
{
	return i ? "interface" : "kernel";
}

_Static_assert(offsetof(struct ledger_packets, dropped_interface) ==
	    offsetof(struct ledger_packets, dropped_kernel) + sizeof(uint64_t) &&
	offsetof(struct ledger_interface, dropped_interface) ==
	    offsetof(struct ledger_interface, dropped_kernel) + sizeof(uint64_t),
    "where_dropped() has them in this order");

#define AT(member) .offset = offsetof(struct ledger, member)

static const struct family of_program[] = {
    {"spanflow_build_info", "gauge", "The version that runs; always 1.", .print = print_build},
    {"spanflow_workers", "gauge", "Threads that capture and meter.", .print = print_workers},
    {"spanflow_packets_received_total", "counter", "Packets that came from the interfaces.",
	AT(packets.received)},
    {"spanflow_packets_metered_total", "counter", "Packets that were counted in a flow.",
	AT(packets.metered)},
    {"spanflow_packets_not_sampled_total", "counter", "Packets that no sampling rule selected.",
	AT(packets.not_sampled)},
    {"spanflow_packets_ignored_total", "counter", "Packets that were not metered, by reason.",
	AT(packets.ignored), "reason", ledger_ignored_name, 1, IGNORED_COUNT},
    {"spanflow_packets_dropped_total", "counter",
	"Packets that were lost before they could be received: the kernel had no room, or the "
	"interface.",
	AT(packets.dropped_kernel), "by", where_dropped, 0, 2},
    {"spanflow_interface_state", "gauge", "1 for the state that the captured interface is in.",
	.print = print_interface_states},
    {"spanflow_interface_packets_received_total", "counter",
	"Packets that came from the captured interface.",
	offsetof(struct ledger_interface, received), .print = print_interface_counters},
    {"spanflow_interface_packets_dropped_total", "counter",
	"Packets of the captured interface that were lost before they could be received: the "
	"kernel had no room, or the interface.",
	offsetof(struct ledger_interface, dropped_kernel), "by", where_dropped, 0, 2,
	print_interface_counters},
    {"spanflow_metered_bytes_total", "counter", "Layer-3 octets of the packets metered.",
	AT(packets.metered_octets)},
    {"spanflow_notes_total", "counter", "Things to know of packets, by note.", AT(packets.notes),
	"note", ledger_note_name, 0, NOTE_COUNT},
    {"spanflow_sampling_interval", "gauge", "One packet or flow in so many is selected.",
	.print = print_sampling},
    {"spanflow_flows_created_total", "counter", "Flows that began.", AT(flows.created)},
    {"spanflow_flows_active", "gauge", "Flows that are held.", AT(flows.active)},
    {"spanflow_flows_peak", "gauge", "Most flows that were held at a time.", AT(flows.peak)},
    {"spanflow_flows_max", "gauge", "Flows that there is room for.", .print = print_max_flows},
    {"spanflow_records_ended_total", "counter", "Flow records that ended, by reason.",
	AT(flows.ended), "reason", ledger_end_name, END_IDLE, END_REASON_COUNT},
    {"spanflow_records_packets_total", "counter", "Packets in the records that ended.",
	AT(flows.ended_packets)},
    {"spanflow_records_bytes_total", "counter", "Layer-3 octets in the records that ended.",
	AT(flows.ended_octets)},
    {"spanflow_records_handed_total", "counter", "Records that were handed to the exporter.",
	AT(handed)},
    {"spanflow_records_ring_dropped_total", "counter",
	"Records that were lost because the exporter was too far behind.", AT(ring_dropped)},
    {"process_start_time_seconds", "gauge", "When the program started, since 1970 in UTC.",
	.print = print_start},
    {"process_cpu_seconds_total", "counter", "Processor time of all threads.", .print = print_cpu},
    {"process_resident_memory_bytes", "gauge", "Memory that is in use.", .print = print_memory},
};

#undef AT

/* -- of each collector ------------------------------------------------------------------------- */

static const char *name_failure(unsigned i)
{
	return failure_name((enum failure)i);
}

static void print_states(FILE *out, const struct family *f, const struct overview *o)
{
	for (size_t n = 0; n < o->now.ledger.collector_count; n++)
		for (unsigned i = 0; i < LEDGER_STATE_COUNT; i++) {
			const char *state = ledger_state_name(i);

			fprintf(out, "%s{", f->name);
			print_collector(out, o, n);
			fprintf(out, ",state=\"%s\"} %d\n", state,
			    strcmp(o->now.collectors[n].state, state) == 0);
		}
}

#define AT(member) .offset = offsetof(struct ledger_collector, member)

/* How many it was to get is no counter: what a group's member has not sent another one takes over. */
static const struct family of_collector[] = {
    {"spanflow_collector_state", "gauge", "1 for the state that the collector is in.",
	.print = print_states},
    {"spanflow_collector_records", "gauge",
	"Records for this collector so far; fewer when another member of its group takes some "
	"over.",
	AT(records)},
    {"spanflow_collector_records_sent_total", "counter", "Records that the kernel accepted.",
	AT(sender.sent)},
    {"spanflow_collector_records_queued", "gauge", "Records that wait to be sent.",
	AT(sender.queued)},
    {"spanflow_collector_records_dropped_total", "counter",
	"Records that were not sent, by reason.", AT(sender.dropped), "reason", name_failure, 0,
	FAILURE_COUNT},
    {"spanflow_collector_records_not_expressible_total", "counter",
	"Records that the format has no way to tell, by reason.", AT(not_expressible), "reason",
	ledger_not_expressible_name, 0, LEDGER_NOT_EXPRESSIBLE_COUNT},
    {"spanflow_collector_wire_records_total", "counter",
	"Records as they left: one that was split counts as its parts.", AT(sender.wire_records)},
    {"spanflow_collector_messages_total", "counter", "Messages that were sent.",
	AT(sender.messages)},
    {"spanflow_collector_bytes_total", "counter", "Octets of the messages that were sent.",
	AT(sender.bytes)},
    {"spanflow_collector_errors_total", "counter", "Errors in sending, by error.",
	AT(sender.errors), "error", name_failure, 0, FAILURE_COUNT},
};

#undef AT

/* -- all --------------------------------------------------------------------------------------- */

void metrics_print(FILE *out, const struct overview *o)
{
	for (size_t i = 0; i < sizeof(of_program) / sizeof(*of_program); i++) {
		const struct family *f = &of_program[i];

		print_head(out, f);
		if (f->print)
			f->print(out, f, o);
		else
			print_counters(out, f, o, &o->now.ledger, -1);
	}
	for (size_t i = 0; i < sizeof(of_collector) / sizeof(*of_collector); i++) {
		const struct family *f = &of_collector[i];

		print_head(out, f);
		if (f->print)
			f->print(out, f, o);
		for (size_t n = 0; !f->print && n < o->now.ledger.collector_count; n++)
			print_counters(out, f, o, &o->now.collectors[n], (ssize_t)n);
	}
}

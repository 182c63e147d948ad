#include "control/ledger.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "util/json.h"

static const char *const ignored_names[IGNORED_COUNT] = {
#define X(constant, name) [IGNORED_##constant] = #name,
    IGNORED_REASONS(X)
#undef X
};

static const char *const note_names[NOTE_COUNT] = {
#define X(constant, name) [NOTE_##constant] = #name,
    NOTES(X)
#undef X
};

static const char *const end_names[END_REASON_COUNT] = {
    [END_IDLE] = "idle",
    [END_ACTIVE] = "active",
    [END_OF_FLOW] = "end_of_flow",
    [END_FORCED] = "forced",
    [END_NO_RESOURCES] = "no_resources",
};

static const char *const interface_state_names[LEDGER_INTERFACE_STATE_COUNT] = {
    [LEDGER_INTERFACE_OK] = "ok",
    [LEDGER_INTERFACE_NO_CARRIER] = "no carrier",
    [LEDGER_INTERFACE_DOWN] = "down",
    [LEDGER_INTERFACE_GONE] = "gone",
    [LEDGER_INTERFACE_FAILED] = "failed",
    [LEDGER_INTERFACE_WAITING] = "waiting",
};

static const char *const state_names[LEDGER_STATE_COUNT] = {
    [LEDGER_OK] = "ok",
    [LEDGER_REFUSED] = "refused",
    [LEDGER_NO_ADDRESS] = "no address",
    [LEDGER_UNREACHABLE] = "unreachable",
    [LEDGER_FULL] = "full",
    [LEDGER_NO_ROUTE] = "no route",
    [LEDGER_NO_SOCKET] = "no socket",
    [LEDGER_FAILED] = "failed",
    [LEDGER_BROKEN] = "broken",
    [LEDGER_FORMER] = "former",
};

static const char *const not_expressible_names[LEDGER_NOT_EXPRESSIBLE_COUNT] = {
    "ipv6", "too_large", "no_elements"};

const char *ledger_ignored_name(unsigned i)
{
	return ignored_names[i];
}

const char *ledger_note_name(unsigned i)
{
	return note_names[i];
}

const char *ledger_end_name(unsigned i)
{
	return end_names[i];
}

const char *ledger_state_name(unsigned i)
{
	return state_names[i];
}

const char *ledger_interface_state_name(unsigned i)
{
	return interface_state_names[i];
}

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool ledger_was_cut_short(const struct ledger *l)
{
	for (size_t i = 0; i < l->collector_count; i++)
		if (l->collectors[i].sender.dropped[FAILURE_SHUTDOWN])
			return true;
	return false;
}

bool ledger_is_same_collector(const struct ledger_collector *a, const struct ledger_collector *b)
{
	return is_same_text(a->url, b->url) && is_same_text(a->format, b->format) &&
	    is_same_text(a->group, b->group);
}

const char *ledger_not_expressible_name(unsigned i)
{
	return not_expressible_names[i];
}

/* Members that every ledger has, also when they are 0. */
static bool always_shown(enum ignored reason)
{
	return reason == IGNORED_NON_IP || reason == IGNORED_MALFORMED ||
	    reason == IGNORED_TRUNCATED;
}

static void add(uint64_t *to, const uint64_t *from, size_t n)
{
	while (n--)
		to[n] += from[n];
}

void ledger_add_packets(struct ledger *l, const struct ledger_packets *packets)
{
	struct ledger_packets *p = &l->packets;

	p->received += packets->received;
	p->metered += packets->metered;
	p->metered_octets += packets->metered_octets;
	p->not_sampled += packets->not_sampled;
	add(p->ignored, packets->ignored, IGNORED_COUNT);
	add(p->notes, packets->notes, NOTE_COUNT);
	p->dropped_kernel += packets->dropped_kernel;
	p->dropped_interface += packets->dropped_interface;
}

void ledger_add_interfaces(
    struct ledger *l, const struct ledger_interface *interfaces, size_t count)
{
	for (size_t i = 0; i < count && i < l->interface_count; i++) {
		struct ledger_interface *to = &l->interfaces[i];

		to->received += interfaces[i].received;
		to->dropped_kernel += interfaces[i].dropped_kernel;
		to->dropped_interface += interfaces[i].dropped_interface;
	}
}

void ledger_add_flows(struct ledger *l, const struct table_stats *flows)
{
	struct table_stats *f = &l->flows;

	f->created += flows->created;
	f->active += flows->active;
	f->peak += flows->peak;
	add(f->ended, flows->ended, END_REASON_COUNT);
	f->ended_packets += flows->ended_packets;
	f->ended_octets += flows->ended_octets;
}

void ledger_add(struct ledger *l, const struct ledger *part)
{
	ledger_add_packets(l, &part->packets);
	ledger_add_flows(l, &part->flows);
	l->handed += part->handed;
	l->ring_dropped += part->ring_dropped;
}

static uint64_t sum(const uint64_t *counters, size_t n)
{
	uint64_t total = 0;

	while (n--)
		total += counters[n];
	return total;
}

static uint64_t not_expressible(const struct ledger_collector *c, unsigned i)
{
	uint64_t counters[LEDGER_NOT_EXPRESSIBLE_COUNT];

	memcpy(counters, &c->not_expressible, sizeof(counters));
	return counters[i];
}

/* -- JSON ------------------------------------------------------------------------------------- */

static void json_packets(struct json *j, const struct ledger_packets *p)
{
	json_open(j, "packets");
	json_number(j, "received", p->received);
	json_number(j, "metered", p->metered);
	json_number(j, "not_sampled", p->not_sampled);
	json_open(j, "ignored");
	for (unsigned i = 1; i < IGNORED_COUNT; i++)
		if (p->ignored[i] || always_shown((enum ignored)i))
			json_number(j, ignored_names[i], p->ignored[i]);
	json_close(j);
	json_number(j, "dropped_kernel", p->dropped_kernel);
	json_number(j, "dropped_interface", p->dropped_interface);
	json_close(j);

	json_open(j, "octets");
	json_number(j, "metered", p->metered_octets);
	json_close(j);

	json_open(j, "notes");
	for (unsigned i = 0; i < NOTE_COUNT; i++)
		if (p->notes[i])
			json_number(j, note_names[i], p->notes[i]);
	json_close(j);
}

/* Files have none. */
static void json_interfaces(struct json *j, const struct ledger *l)
{
	if (!l->interface_count)
		return;
	json_open_list(j, "interfaces");
	for (size_t i = 0; i < l->interface_count; i++) {
		const struct ledger_interface *one = &l->interfaces[i];

		json_open(j, NULL);
		json_string(j, "name", one->name);
		json_number(j, "received", one->received);
		json_number(j, "dropped_kernel", one->dropped_kernel);
		json_number(j, "dropped_interface", one->dropped_interface);
		json_close(j);
	}
	json_close_list(j);
}

static void json_flows(struct json *j, const struct ledger *l)
{
	const struct table_stats *f = &l->flows;

	json_open(j, "flows");
	json_number(j, "created", f->created);
	json_number(j, "active", f->active);
	json_number(j, "peak", f->peak);
	json_close(j);

	json_open(j, "records");
	json_number(j, "total", sum(f->ended, END_REASON_COUNT));
	json_number(j, "packets", f->ended_packets);
	json_number(j, "octets", f->ended_octets);
	json_open(j, "ended");
	for (unsigned i = END_IDLE; i < END_REASON_COUNT; i++)
		json_number(j, end_names[i], f->ended[i]);
	json_close(j);
	json_number(j, "handed", l->handed);
	json_number(j, "ring_dropped", l->ring_dropped);
	json_close(j);
}

static void json_failures(struct json *j, const char *key, const uint64_t counters[FAILURE_COUNT])
{
	json_open(j, key);
	for (unsigned i = 0; i < FAILURE_COUNT; i++)
		if (counters[i])
			json_number(j, failure_name((enum failure)i), counters[i]);
	json_close(j);
}

static void json_collector(struct json *j, const struct ledger_collector *c)
{
	json_open(j, NULL);
	json_string(j, "url", c->url);
	if (c->group)
		json_string(j, "group", c->group);
	json_string(j, "format", c->format);
	json_number(j, "records", c->records);
	json_number(j, "sent", c->sender.sent);
	json_number(j, "queued", c->sender.queued);
	json_open(j, "not_expressible");
	for (unsigned i = 0; i < LEDGER_NOT_EXPRESSIBLE_COUNT; i++)
		if (not_expressible(c, i))
			json_number(j, not_expressible_names[i], not_expressible(c, i));
	json_close(j);
	json_failures(j, "dropped", c->sender.dropped);
	json_number(j, "wire_records", c->sender.wire_records);
	json_number(j, "messages", c->sender.messages);
	json_number(j, "bytes", c->sender.bytes);
	json_failures(j, "errors", c->sender.errors);
	json_close(j);
}

void ledger_print_json(FILE *out, const struct ledger *l)
{
	struct json j = {.out = out};

	json_open(&j, NULL);
	json_packets(&j, &l->packets);
	json_interfaces(&j, l);
	json_flows(&j, l);
	json_open_list(&j, "collectors");
	for (size_t i = 0; i < l->collector_count; i++)
		json_collector(&j, &l->collectors[i]);
	json_close_list(&j);
	json_close(&j);
	fputc('\n', out);
}

/* -- text ------------------------------------------------------------------------------------- */

static void text_row(FILE *out, const char *name, uint64_t value)
{
	fprintf(out, "  %-24s %14" PRIu64 "\n", name, value);
}

/* A part of the sum above it. */
static void text_part(FILE *out, const char *kind, const char *name, uint64_t value)
{
	char label[64];

	if (!value)
		return;
	snprintf(label, sizeof(label), "%s: %s", kind, name);
	text_row(out, label, value);
}

static void text_drops(FILE *out, uint64_t by_kernel, uint64_t by_interface)
{
	text_row(out, "dropped by the kernel", by_kernel);
	if (by_interface)
		text_row(out, "dropped by the interface", by_interface);
}

static void text_packets(FILE *out, const struct ledger_packets *p)
{
	fprintf(out, "packets\n");
	text_row(out, "received", p->received);
	text_row(out, "metered", p->metered);
	text_row(out, "metered octets", p->metered_octets);
	if (p->not_sampled)
		text_row(out, "not sampled", p->not_sampled);
	for (unsigned i = 1; i < IGNORED_COUNT; i++)
		text_part(out, "ignored", ignored_names[i], p->ignored[i]);
	for (unsigned i = 0; i < NOTE_COUNT; i++)
		text_part(out, "note", note_names[i], p->notes[i]);
	text_drops(out, p->dropped_kernel, p->dropped_interface);
}

static void text_interface(FILE *out, const struct ledger_interface *i)
{
	struct line l = {.used = 0};

	line_put(&l, "interface ");
	line_put_text(&l, i->name, strlen(i->name));
	line_end(&l, "\n");
	fwrite(l.text, 1, l.used, out);
	text_row(out, "received", i->received);
	text_drops(out, i->dropped_kernel, i->dropped_interface);
}

/* One alone has what stands above as the sum. */
static void text_interfaces(FILE *out, const struct ledger *l)
{
	for (size_t i = 0; l->interface_count > 1 && i < l->interface_count; i++)
		text_interface(out, &l->interfaces[i]);
}

static void text_flows(FILE *out, const struct ledger *l)
{
	const struct table_stats *f = &l->flows;

	fprintf(out, "flow records\n");
	text_row(out, "total", sum(f->ended, END_REASON_COUNT));
	for (unsigned i = END_IDLE; i < END_REASON_COUNT; i++)
		text_part(out, "ended", end_names[i], f->ended[i]);
	text_row(out, "most flows at once", f->peak);
	if (f->active)
		text_row(out, "still active", f->active);
	if (l->ring_dropped)
		text_row(out, "dropped: ring full", l->ring_dropped);
}

void ledger_put_name(struct line *l, const struct ledger_collector *c)
{
	l->used = 0;
	l->is_full = false;
	line_put_text(l, c->url, strlen(c->url));
	line_put(l, " (");
	line_put(l, c->format);
	if (c->group) {
		line_put(l, ", group ");
		line_put_text(l, c->group, strlen(c->group));
	}
	line_end(l, ")\n");
}

static void text_collector(FILE *out, const struct ledger_collector *c)
{
	struct line name;

	ledger_put_name(&name, c);
	fwrite(name.text, 1, name.used, out);
	text_row(out, "records sent", c->sender.sent);
	if (c->sender.queued)
		text_row(out, "queued", c->sender.queued);
	for (unsigned i = 0; i < LEDGER_NOT_EXPRESSIBLE_COUNT; i++)
		text_part(out, "not expressible", not_expressible_names[i], not_expressible(c, i));
	for (unsigned i = 0; i < FAILURE_COUNT; i++)
		text_part(out, "dropped", failure_name((enum failure)i), c->sender.dropped[i]);
	for (unsigned i = 0; i < FAILURE_COUNT; i++)
		text_part(out, "error", failure_name((enum failure)i), c->sender.errors[i]);
	text_row(out, "messages", c->sender.messages);
	text_row(out, "octets in them", c->sender.bytes);
}

void ledger_print_text(FILE *out, const struct ledger *l)
{
	text_packets(out, &l->packets);
	text_interfaces(out, l);
	text_flows(out, l);
	for (size_t i = 0; i < l->collector_count; i++)
		text_collector(out, &l->collectors[i]);
}

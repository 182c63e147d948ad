#include "tell.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/report.h"
#include "control/server.h"
#include "overview.h"

/* -- interfaces --------------------------------------------------------------------------------- */

static enum ledger_interface_state find_state(const struct live_interface *i)
{
	if (i->has_failed)
		return LEDGER_INTERFACE_FAILED;
	if (!i->link.index)
		return i->is_captured ? LEDGER_INTERFACE_OK : LEDGER_INTERFACE_WAITING;
	if (!i->is_captured)
		return LEDGER_INTERFACE_GONE;
	if (!i->link.is_up)
		return LEDGER_INTERFACE_DOWN;
	return i->link.has_carrier ? LEDGER_INTERFACE_OK : LEDGER_INTERFACE_NO_CARRIER;
}

static const char *state_of(const struct live_interface *i)
{
	return ledger_interface_state_name(find_state(i));
}

static void describe(struct report_interface *to, const struct live_interface *from)
{
	const struct config_input *wanted = from->wanted;

	enum ledger_interface_state state = find_state(from);

	*to = (struct report_interface){.name = from->link.index ? from->link.name : wanted->name,
	    .description = from->link.alias,
	    .state = ledger_interface_state_name(state),
	    .index = wanted->ingress ? wanted->ingress : from->link.index,
	    .mtu = from->link.mtu,
	    .speed_mbit = from->speed_mbit,
	    .is_there = state != LEDGER_INTERFACE_GONE && state != LEDGER_INTERFACE_WAITING};
	memcpy(to->mac, from->link.mac, sizeof(to->mac));
}

void tell_interface_states(const char **states, const struct program *p)
{
	for (size_t i = 0; i < p->config.interface_count; i++)
		states[i] = state_of(live_watch_interface(p->watch, i));
}

/* Interfaces keep their places. */
static void count(struct report_interface *to, const struct overview *o, size_t i)
{
	to->counts = o->now.interfaces[i];
	to->received_rate = overview_rate(o, to->counts.received, o->before.interfaces[i].received);
}

static void tell_interfaces(FILE *out, const struct overview *o, const struct program *p, bool json)
{
	size_t n = p->config.interface_count;
	struct report_interface *list = calloc(n, sizeof(*list));

	for (size_t i = 0; list && i < n; i++) {
		describe(&list[i], live_watch_interface(p->watch, i));
		count(&list[i], o, i);
	}
	if (list)
		report_interfaces(out, list, n, json);
	free(list);
}

/* -- all ---------------------------------------------------------------------------------------- */

static void write_answer(
    FILE *out, const char *word, const struct overview *o, const struct program *p, bool json)
{
	static const struct {
		const char *name;
		void (*report)(FILE *, const struct overview *, bool);
	} rows[] = {
	    {"status", report_status}, {"stats", report_stats}, {"collectors", report_collectors}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (strcmp(word, rows[i].name) == 0) {
			rows[i].report(out, o, json);
			return;
		}
	tell_interfaces(out, o, p, json);
}

void tell_answer(struct request *r, struct overview *o, const struct program *p)
{
	char *text = NULL;
	size_t size = 0, count;
	char *const *words = request_words(r, &count);
	FILE *out = open_memstream(&text, &size);

	if (!out) {
		request_fail(r, "%s", strerror(errno));
		return;
	}
	overview_refresh(o, p);
	write_answer(out, words[0], o, p, request_wants_json(r));
	if (fclose(out) == 0)
		request_answer(r, text, size);
	else
		request_fail(r, "%s", strerror(ENOMEM));
	free(text);
}

#include "overview.h"

#include <string.h>

#include "config.h"
#include "util/now.h"
#include "util/units.h"

_Static_assert(
    OVERVIEW_COLLECTORS_MAX == FORMERS_LEDGER_MAX, "room for what formers_ledger() gives");

_Static_assert(
    OVERVIEW_INTERFACES_MAX == CONFIG_INPUTS_MAX, "room for all that the settings may name");

/* Rates are those of this time at least, and of twice as long at most where it is looked often. */
#define APART_NS (900 * NS_PER_MS)

void overview_init(struct overview *o, const struct program *p)
{
	memset(o, 0, sizeof(*o));
	o->version = PACKAGE_VERSION;
	o->started_wall_ns = p->started_wall_ns;
	o->workers = p->worker_count;
	o->max_flows = p->config.max_flows;
}

void overview_put_interfaces(
    struct ledger *l, struct ledger_interface *room, const struct program *p)
{
	l->interfaces = room;
	l->interface_count = p->config.interface_count;
	for (size_t i = 0; i < l->interface_count; i++)
		room[i] = (struct ledger_interface){.name = p->config.interfaces[i].name};
}

/* It is as of a moment that the workers chose, each its own: rates are between these, on average. */
static void take_ledger(struct overview_ledger *l, const struct program *p)
{
	size_t count = exporter_ledger_now(p->exporting->exporter, l->collectors);

	resolver_tell(&p->exporting->resolver, l->collectors, count);
	memset(&l->ledger, 0, sizeof(l->ledger));
	overview_put_interfaces(&l->ledger, l->interfaces, p);
	l->at_ns = 0;
	for (unsigned i = 0; i < p->worker_count; i++)
		l->at_ns += worker_ledger_now(p->workers[i], &l->ledger) / p->worker_count;
	l->ledger.collector_count = formers_ledger(&p->formers, l->collectors, count);
	l->ledger.collectors = l->collectors;
}

static void copy_ledger(struct overview_ledger *to, const struct overview_ledger *from)
{
	*to = *from;
	to->ledger.interfaces = to->interfaces;
	to->ledger.collectors = to->collectors;
}

void overview_forget(struct overview *o)
{
	memset(&o->before, 0, sizeof(o->before));
	memset(&o->later, 0, sizeof(o->later));
	memset(&o->now, 0, sizeof(o->now));
}

void overview_refresh(struct overview *o, const struct program *p)
{
	o->up_ns = steady_now() - p->started_ns;
	o->sampling = p->settings->sampling;
	take_ledger(&o->now, p);
	if (o->now.at_ns - o->later.at_ns < APART_NS)
		return;
	copy_ledger(&o->before, &o->later);
	copy_ledger(&o->later, &o->now);
}

/*
 * SPINE: what a worker does of what the main thread asks it, between its turns.
 */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "util/log.h"
#include "util/units.h"
#include "worker_inside.h"

/* Between two parts of an order packets come first for so long. */
#define ORDER_PAUSE_NS NS_PER_MS

/* Stands in an order's place once the worker takes none any more. */
static struct order no_more;

static void tell_done(const struct worker *w)
{
	uint64_t one = 1;

	if (write(w->options.order_fd, &one, sizeof(one)) < 0)
		log_error("worker: %s", strerror(errno));
}

/* The order is the main thread's again. */
static void give_back(struct worker *w, bool carried_out)
{
	struct order *order = atomic_load_explicit(&w->order, memory_order_relaxed);

	order->carried_out = carried_out;
	worker_publish(w); /* who asked may look what came of it */
	atomic_store_explicit(&w->order, NULL, memory_order_release);
	tell_done(w);
}

/* At the end, when no flow is held any more. One that is here has not been carried out. */
void worker_refuse_orders(struct worker *w)
{
	if (atomic_exchange_explicit(&w->order, &no_more, memory_order_acq_rel))
		tell_done(w);
}

bool worker_has_order(const struct worker *w)
{
	return atomic_load_explicit(&w->order, memory_order_relaxed) != NULL;
}

/* Another filter at each source that is open. False: one has no use for it, and has said so. */
static bool take_filter(const struct worker *w, const char *filter)
{
	for (unsigned i = 0; i < w->options.live_count; i++) {
		struct source *source = w->seats.sources[i];
		int rc = source ? source_set_filter(source, filter) : 0;

		if (rc == -ENOTSUP)
			log_warning("%s: by AF_XDP another filter needs a restart", source->name);
		else if (rc < 0)
			return false;
	}
	return true;
}

/* Those that have taken the new one have the former one again. */
static void put_filter_back(const struct worker *w)
{
	for (unsigned i = 0; i < w->options.live_count; i++)
		if (w->seats.sources[i])
			source_set_filter(w->seats.sources[i], w->config->filter);
}

/* What a source may have no use for. False: nothing has changed. */
static bool take_rules(struct worker *w, const struct order_reload *order, bool rules)
{
	bool filters = order->parts & 1u << RELOAD_FILTER;

	if ((!filters || take_filter(w, order->config->filter)) &&
	    intake_reload(&w->intake, order->config, rules, w->seats.sources) == 0)
		return true;
	if (filters)
		put_filter_back(w);
	return false;
}

/* Between two packets. False: a source cannot have the rules or the filter, and nothing has changed. */
static bool reload(struct worker *w, const struct order_reload *order)
{
	struct intake *in = &w->intake;
	bool rules = order->parts & 1u << RELOAD_SAMPLING;
	struct turn_head head = {
	    .now = {in->clock.now_ns, clock_wall_ns(&in->clock)}, .unmetered = in->unmetered};

	if (!take_rules(w, order, rules))
		return false;
	/* A record has one sampling rate: flows of the former rules end before their exporter does. */
	if (order->ring)
		lanes_change_ring(w->lanes, order->ring, rules, &head);
	w->config = order->config;
	lanes_reload(w->lanes, w->config);
	if (rules) {
		if (w->overload.level)
			log_warning("overload: other rules: it is judged anew");
		w->overload = (struct overload){0};
		in->rule = 0;
	}
	return true;
}

/* A part of the order, if there is one and the last part was long enough ago. */
void worker_serve(struct worker *w)
{
	struct order *order = atomic_load_explicit(&w->order, memory_order_acquire);
	uint64_t now = w->intake.clock.now_ns;

	if (!order || now - w->served_ns < ORDER_PAUSE_NS)
		return;
	w->served_ns = now;
	if (order->kind == ORDER_RELOAD)
		give_back(w, reload(w, &order->reload));
	else if (!lanes_serve(w->lanes, order))
		give_back(w, true);
}

void worker_order(struct worker *w, struct order *order)
{
	struct order *none = NULL;

	if (atomic_compare_exchange_strong(&w->order, &none, order)) {
		worker_wake(w);
		return;
	}
	/* The worker has ended: it holds nothing that could be listed, or be flushed. */
	order->carried_out = order->kind != ORDER_RELOAD;
	tell_done(w);
}

bool worker_order_done(const struct worker *w)
{
	const struct order *order = atomic_load_explicit(&w->order, memory_order_acquire);

	return !order || order == &no_more;
}

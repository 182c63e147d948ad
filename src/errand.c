#include "errand.h"

#include <event2/event.h>
#include <stdlib.h>
#include <unistd.h>

struct errands {
	const struct program *program;
	struct event *event;
	struct errand *first; /* the workers have this one */
};

static void give_orders(struct errands *e)
{
	for (unsigned i = 0; e->first && i < e->program->worker_count; i++)
		worker_order(e->program->workers[i], &e->first->orders[i]);
}

static void conclude(struct errands *e)
{
	struct errand *errand = e->first;
	bool carried_out = true;

	for (unsigned i = 0; i < e->program->worker_count; i++)
		carried_out &= errand->orders[i].carried_out;
	e->first = errand->next;
	/* Before done(): what that sends may become the first, and is given by errand_send() then. */
	give_orders(e);
	errand->done(errand, carried_out);
}

static void on_order(evutil_socket_t fd, short what, void *ctx)
{
	struct errands *e = ctx;
	uint64_t n;

	(void)what;
	if (read(fd, &n, sizeof(n)) != sizeof(n) || !e->first)
		return;
	for (unsigned i = 0; i < e->program->worker_count; i++)
		if (!worker_order_done(e->program->workers[i]))
			return;
	conclude(e);
}

struct errands *errands_create(struct event_base *base, const struct program *p)
{
	struct errands *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->program = p;
	e->event = event_new(base, p->order_fd, EV_READ | EV_PERSIST, on_order, e);
	if (e->event && event_add(e->event, NULL) == 0)
		return e;
	errands_destroy(e);
	return NULL;
}

void errands_destroy(struct errands *e)
{
	if (e && e->event)
		event_free(e->event);
	free(e);
}

void errands_end(struct errands *e)
{
	while (e->first)
		conclude(e);
}

void errand_send(struct errands *e, struct errand *errand)
{
	struct errand **last = &e->first;

	errand->next = NULL;
	while (*last)
		last = &(*last)->next;
	*last = errand;
	if (e->first == errand)
		give_orders(e);
}

#include "live_watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "capture/ethtool.h"
#include "capture/missed.h"
#include "capture/offload.h"
#include "guarded.h"
#include "live_told.h"
#include "util/log.h"
#include "util/now.h"
#include "util/units.h"

/* A source that cannot be opened is tried again after the first time, then after twice as long ... */
#define RETRY_NS NS_PER_S
#define RETRY_MAX_NS (60 * NS_PER_S)

/* Offloads are looked at this often at most while the interface is captured. */
#define LOOK_AGAIN_NS (NS_PER_S / 2)

/* Some turns of a worker. */
#define PATIENCE_NS (NS_PER_S / 2)

struct captured {
	struct live_interface public;
	bool is_any;
	bool has_gone;    /* since it was opened */
	bool is_told_of;  /* by the kernel, so that its offloads may be others */
	uint64_t look_ns; /* not before then */
	struct live_told told;
	struct missed missed;
	uint64_t patient_until_ns; /* then sources that are left are closed */
	uint64_t opened_ns;        /* anew */
	uint64_t retry_ns;         /* not opened before */
	uint64_t pause_ns;
};

struct live_watch {
	struct live_watch_options options;
	struct links *links;     /* NULL: there is nothing but "any" */
	struct ethtool *ethtool; /* NULL: the kernel has none of it */
	struct offloads *offloads;
	int epoll_fd;
	int lost_fd;
	int timer_fd;
	uint64_t due_ns; /* when the timer is to go off */
	uint64_t ask_ns; /* when interfaces are asked what they missed */
	bool has_begun;
	bool changed; /* something that others want to know */
	size_t count;
	struct captured rows[];
};

static void wake_at(struct live_watch *w, uint64_t when_ns)
{
	if (when_ns < w->due_ns)
		w->due_ns = when_ns;
}

static void observe(struct live_watch *w, struct captured *r, enum live_condition c, uint64_t now)
{
	wake_at(w, live_observe(&r->told, &r->public, c, now));
}

/* -- what interfaces miss --------------------------------------------------------------------- */

static void ask_missed(struct live_watch *w, size_t i)
{
	struct captured *r = &w->rows[i];

	if (r->is_any)
		return;
	missed_ask(&r->missed, r->public.link.index);
	seats_tell_missed(worker_seats(w->options.workers[0]), (unsigned)i, r->missed.total);
}

void live_watch_ask_missed(struct live_watch *w)
{
	for (size_t i = 0; w && i < w->count; i++)
		if (w->rows[i].public.is_captured)
			ask_missed(w, i);
}

/*
 * Not by the worker: whoever asks waits for those who change interfaces, which may take longer than the kernel's ring
 * has room for.
 */
static void ask_in_time(struct live_watch *w, uint64_t now)
{
	if (!w->links)
		return;
	if (now >= w->ask_ns) {
		live_watch_ask_missed(w);
		w->ask_ns = now + NS_PER_S;
	}
	wake_at(w, w->ask_ns);
}

/* -- capturing -------------------------------------------------------------------------------- */

static enum live_condition condition_of(const struct link *link)
{
	if (!link)
		return LIVE_GONE;
	if (!link->is_up)
		return LIVE_DOWN;
	return link->has_carrier ? LIVE_GOOD : LIVE_NO_CARRIER;
}

/* Sockets are bound to the interface, whatever it is called. */
static void follow(struct live_watch *w, struct captured *r, const struct link *link)
{
	struct link *known = &r->public.link;

	if (strcmp(known->name, link->name) != 0)
		log_warning("%s: the interface is called %s now: capture follows it", known->name,
		    link->name);
	w->changed |=
	    strcmp(known->name, link->name) != 0 || strcmp(known->alias, link->alias) != 0;
	if (known->has_carrier != link->has_carrier || !r->public.speed_mbit)
		r->public.speed_mbit = ethtool_speed(w->ethtool, link->index);
	*known = *link;
}

static bool is_lacking(const struct live_watch *w, size_t i, bool everywhere)
{
	for (unsigned k = 0; k < w->options.config->workers; k++)
		if (seats_lack(worker_seats(w->options.workers[k]), (unsigned)i) != everywhere)
			return !everywhere;
	return everywhere;
}

static void try_again_later(struct live_watch *w, struct captured *r, uint64_t now)
{
	r->pause_ns = r->pause_ns ? 2 * r->pause_ns : RETRY_NS;
	if (r->pause_ns > RETRY_MAX_NS)
		r->pause_ns = RETRY_MAX_NS;
	r->retry_ns = now + r->pause_ns;
	wake_at(w, r->retry_ns);
}

/* The sources that are left have some time to notice that it is over, and to give what they have. */
static void let_go(struct live_watch *w, struct captured *r, uint64_t now)
{
	ask_missed(w, (size_t)(r - w->rows));
	r->public.is_captured = false;
	r->retry_ns = 0;
	r->patient_until_ns = now + PATIENCE_NS;
	if (now - r->opened_ns > RETRY_MAX_NS)
		r->pause_ns = 0;
	if (r->has_gone || r->told.told != LIVE_GOOD || r->told.seen > LIVE_NO_CARRIER)
		return;
	live_tell(&r->told, &r->public, LIVE_FAILED);
	try_again_later(w, r, now);
}

/* Before it is captured, and when they may have changed. Who puts back what is turned off is the one who turns it off. */
static void look_at_offloads(struct live_watch *w, size_t i, const struct link *link)
{
	int guard = w->options.live->guard;

	if (guard < 0)
		offloads_look(w->offloads, link);
	else
		guarded_offloads(
		    guard, &(struct guarded_interface){.number = (unsigned)i, .name = link->name});
}

/* Not at each message: others may turn on what is turned off here as soon as they hear of it. */
static void look_again_at_offloads(
    struct live_watch *w, size_t i, const struct link *link, uint64_t now)
{
	struct captured *r = &w->rows[i];

	if (now < r->look_ns) {
		wake_at(w, r->look_ns);
		return;
	}
	r->is_told_of = false;
	r->look_ns = now + LOOK_AGAIN_NS;
	look_at_offloads(w, i, link);
}

static void look_after(struct live_watch *w, size_t i, uint64_t now)
{
	struct captured *r = &w->rows[i];
	const struct link *link = NULL;

	if (!r->is_any && !r->has_gone)
		link = links_by_index(w->links, r->public.link.index);
	if (!r->is_any)
		observe(w, r, condition_of(link), now);
	if (link)
		follow(w, r, link);
	if (link && r->is_told_of)
		look_again_at_offloads(w, i, link, now);
	if (r->has_gone || is_lacking(w, i, false))
		let_go(w, r, now);
}

/* -- coming back ------------------------------------------------------------------------------ */

/* It may have failed without going away; else it is the name that counts. */
static const struct link *find_link(const struct live_watch *w, const struct captured *r)
{
	const struct link *link = NULL;

	if (!r->has_gone && r->public.link.index)
		link = links_by_index(w->links, r->public.link.index);
	return link ? link : links_by_name(w->links, r->public.wanted->name);
}

static void begin(struct live_watch *w, struct captured *r, const struct link *link, uint64_t now)
{
	const struct link *known = &r->public.link;

	if (!r->public.was_captured)
		log_warning("%s: it is there now: capture begins", r->public.wanted->name);
	else if (link && known->index != link->index)
		log_warning("%s: it is there again, with interface index %u: capture goes on",
		    link->name, link->index);
	else if (r->told.told != LIVE_GOOD)
		live_tell(&r->told, &r->public, LIVE_GOOD);
	r->told.told = r->told.seen = LIVE_GOOD;
	r->public.is_captured = r->public.was_captured = true;
	r->has_gone = false;
	r->opened_ns = now;
	w->changed = true;
	if (link)
		r->public.link = *link;
}

static void reopen(struct live_watch *w, size_t i, const struct link *link, uint64_t now)
{
	struct captured *r = &w->rows[i];
	struct source *fresh[CONFIG_WORKERS_MAX];
	const char *name = link ? link->name : r->public.wanted->name;

	missed_begin(&r->missed, link ? link->index : 0);
	if (link)
		look_at_offloads(w, i, link);
	r->public.has_failed =
	    live_reopen(w->options.live, w->options.config, (unsigned)i, name, fresh) < 0;
	if (r->public.has_failed) {
		try_again_later(w, r, now);
		return;
	}
	for (unsigned k = 0; k < w->options.config->workers; k++)
		seats_give(worker_seats(w->options.workers[k]), (unsigned)i, fresh[k]);
	begin(w, r, link, now);
}

/* Whether all workers have closed their sources: else a packet could be metered by two. */
static bool is_free(struct live_watch *w, size_t i, uint64_t now)
{
	const struct captured *r = &w->rows[i];

	if (is_lacking(w, i, true))
		return true;
	if (now < r->patient_until_ns) {
		wake_at(w, r->patient_until_ns);
		return false;
	}
	for (unsigned k = 0; k < w->options.config->workers; k++)
		if (!seats_lack(worker_seats(w->options.workers[k]), (unsigned)i))
			seats_drop(worker_seats(w->options.workers[k]), (unsigned)i);
	return false;
}

static void look_for(struct live_watch *w, size_t i, uint64_t now)
{
	struct captured *r = &w->rows[i];
	const struct link *link = r->is_any ? NULL : find_link(w, r);

	if (!r->is_any && condition_of(link) > LIVE_NO_CARRIER) {
		r->public.has_failed = false;
		observe(w, r, condition_of(link), now);
	} else if (now < r->retry_ns) {
		wake_at(w, r->retry_ns);
	} else if (is_free(w, i, now)) {
		reopen(w, i, link, now);
	}
}

/* -- turns ------------------------------------------------------------------------------------ */

static void take_change(void *ctx, enum link_change change, const struct link *link)
{
	struct live_watch *w = ctx;

	for (size_t i = 0; i < w->count; i++) {
		struct captured *r = &w->rows[i];

		if (r->public.link.index != link->index)
			continue;
		r->has_gone |= change == LINK_GONE;
		r->is_told_of = true;
	}
}

/* The first time: what live_open() has opened. */
static void take_over(struct live_watch *w)
{
	for (size_t i = 0; i < w->count; i++) {
		struct captured *r = &w->rows[i];
		const struct link *link;
		uint32_t index = w->options.live->index[i];

		if (w->options.live->awaited[i])
			continue;
		r->public.is_captured = r->public.was_captured = true;
		r->public.link.index = index;
		link = index ? links_by_index(w->links, index) : NULL;
		if (link)
			r->public.link = *link;
		else
			snprintf(r->public.link.name, LINK_NAME_SIZE, "%s", r->public.wanted->name);
	}
	w->has_begun = true;
}

static void set_timer(const struct live_watch *w)
{
	struct itimerspec at = {.it_value = {.tv_sec = (time_t)(w->due_ns / NS_PER_S),
				    .tv_nsec = (long)(w->due_ns % NS_PER_S)}};

	if (w->due_ns == UINT64_MAX)
		at = (struct itimerspec){.it_value = {0}};
	timerfd_settime(w->timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

static void empty(int fd)
{
	uint64_t n;

	(void)!read(fd, &n, sizeof(n));
}

void live_watch(struct live_watch *w)
{
	uint64_t now = steady_now();

	if (!w)
		return;
	w->due_ns = UINT64_MAX;
	empty(w->lost_fd);
	empty(w->timer_fd);
	if (!w->has_begun)
		take_over(w);
	if (w->links && links_read(w->links, take_change, w) < 0)
		wake_at(w, now + NS_PER_S);
	for (size_t i = 0; i < w->count; i++) {
		if (w->rows[i].public.is_captured)
			look_after(w, i, now);
		if (!w->rows[i].public.is_captured)
			look_for(w, i, now);
	}
	ask_in_time(w, now);
	set_timer(w);
	if (w->changed && w->options.on_change)
		w->options.on_change(w->options.ctx);
	w->changed = false;
}

/* -- life ------------------------------------------------------------------------------------- */

static int listen_to(const struct live_watch *w, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	return fd < 0 || epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int open_descriptors(struct live_watch *w)
{
	int rc;

	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	w->lost_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	w->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (w->epoll_fd < 0)
		return -errno;
	rc = listen_to(w, w->lost_fd);
	if (rc == 0)
		rc = listen_to(w, w->timer_fd);
	if (rc == 0 && w->links)
		rc = listen_to(w, links_fd(w->links));
	return rc;
}

static void add_row(struct live_watch *w, const struct config_input *wanted)
{
	struct captured *r = &w->rows[w->count];
	const struct link *link;

	size_t i = w->count++;
	bool *awaited = &w->options.live->awaited[i];

	r->public.wanted = wanted;
	r->is_any = strcmp(wanted->name, "any") == 0;
	if (r->is_any)
		return;
	link = links_by_name(w->links, wanted->name);
	missed_begin(&r->missed, link ? link->index : 0);
	*awaited = w->options.config->wait && condition_of(link) > LIVE_NO_CARRIER;
	if (*awaited)
		live_tell(&r->told, &r->public, condition_of(link));
	else if (link)
		look_at_offloads(w, i, link);
}

static bool is_any_alone(const struct config *c)
{
	for (size_t i = 0; i < c->interface_count; i++)
		if (strcmp(c->interfaces[i].name, "any") != 0)
			return false;
	return true;
}

static int open_all(struct live_watch *w)
{
	const struct config *c = w->options.config;
	int rc = is_any_alone(c) ? 0 : links_open(&w->links);

	if (rc == 0)
		rc = open_descriptors(w);
	if (rc == 0 && w->links) {
		ethtool_open(&w->ethtool);
		w->offloads = offloads_create(w->ethtool, c->offloads, c->capture);
	}
	if (rc) {
		log_error("interfaces cannot be watched: %s", strerror(-rc));
		return rc;
	}
	for (size_t i = 0; i < c->interface_count; i++)
		add_row(w, &c->interfaces[i]);
	return 0;
}

int live_watch_open(const struct live_watch_options *options, struct live_watch **out)
{
	size_t count = options->config->interface_count;
	struct live_watch *w;
	int rc;

	if (count == 0)
		return 0;
	w = calloc(1, sizeof(*w) + count * sizeof(w->rows[0]));
	if (!w)
		return -ENOMEM;
	w->options = *options;
	w->epoll_fd = w->lost_fd = w->timer_fd = -1;
	rc = open_all(w);
	if (rc)
		live_watch_close(w);
	else
		*out = w;
	return rc;
}

void live_watch_close(struct live_watch *w)
{
	if (!w)
		return;
	offloads_destroy(w->offloads);
	ethtool_close(w->ethtool);
	links_close(w->links);
	if (w->epoll_fd >= 0)
		close(w->epoll_fd);
	if (w->lost_fd >= 0)
		close(w->lost_fd);
	if (w->timer_fd >= 0)
		close(w->timer_fd);
	free(w);
}

int live_watch_fd(const struct live_watch *w)
{
	return w ? w->epoll_fd : -1;
}

int live_watch_lost_fd(const struct live_watch *w)
{
	return w ? w->lost_fd : -1;
}

const struct live_interface *live_watch_interface(const struct live_watch *w, size_t i)
{
	return &w->rows[i].public;
}

/*
 * SPINE: what becomes of the captured interfaces while the program runs, for the main thread.
 *
 * One that is down keeps its source, which goes on by itself when it is up. One that is renamed does, too:
 * capture follows it. Where a source came to its end, as of an interface that was removed, a new one is
 * opened and given to the workers as soon as there is an interface of that name that is up. Each of these
 * is said in one line, and so is that capture goes on.
 */
#ifndef SPANFLOW_LIVE_WATCH_H
#define SPANFLOW_LIVE_WATCH_H

#include "capture/links.h"
#include "conf/config.h"
#include "live.h"
#include "worker.h"

struct live_watch;

struct live_watch_options {
	const struct config *config;
	struct live *live;
	struct worker *const *workers; /* config->workers; there from the first live_watch() on */
	/* Called by live_watch() when a captured interface is another one, or has another name. NULL: not. */
	void (*on_change)(void *ctx);
	void *ctx;
};

/* An interface as it is, or was when it was there the last time. */
struct live_interface {
	const struct config_input *wanted;
	struct link link;    /* index 0: it has not been there so far, or is "any" */
	uint32_t speed_mbit; /* 0: not known */
	bool is_captured;
	bool was_captured; /* at some time */
	bool has_failed;   /* it is there and up, and could not be opened the last time */
};

/*
 * Reads what interfaces there are. With --wait those that are not there, or are down, are said to be
 * awaited, and live_open() leaves them out. 0, or -errno after saying why; NULL where nothing is captured.
 */
int live_watch_open(const struct live_watch_options *options, struct live_watch **out);
/* Puts back what was changed of the interfaces. */
void live_watch_close(struct live_watch *w);

/* Readable when live_watch() has something to do; -1: never. */
int live_watch_fd(const struct live_watch *w);
/* For worker_options: what tells that a source has come to its end. */
int live_watch_lost_fd(const struct live_watch *w);
/* Does what there is to do; does not wait. */
void live_watch(struct live_watch *w);

/* Asks each captured interface what it has missed, which live_watch() does each second; for an end. */
void live_watch_ask_missed(struct live_watch *w);

/* Interface i of the configuration; lent until the next live_watch(). */
const struct live_interface *live_watch_interface(const struct live_watch *w, size_t i);

#endif

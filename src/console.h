/*
 * SPINE: what is asked through the control socket, and what the program answers and does.
 */
#ifndef SPANFLOW_CONSOLE_H
#define SPANFLOW_CONSOLE_H

#include "control/overview.h"
#include "program.h"
#include "reload.h"

struct errands;
struct event_base;
struct console;

/* What the console can have the main thread do. */
struct console_options {
	struct program *program;
	struct event_base *base;
	struct overview *overview;
	struct errands *errands;
	/* Calls told() as reloads_begin() does. */
	void (*reload)(void *ctx, reload_told_fn *told, void *owner);
	void (*stop)(void *ctx);
	void *ctx;
};

/* NULL after saying why not. */
struct console *console_create(const struct console_options *options);
void console_destroy(struct console *c);

#endif

/*
 * SPINE: what is asked by HTTP: metrics, and whether the program does its work.
 */
#ifndef SPANFLOW_SCRAPE_H
#define SPANFLOW_SCRAPE_H

#include "control/overview.h"
#include "program.h"

struct event_base;
struct scrape;

struct scrape_options {
	const struct program *program;
	struct event_base *base;
	struct overview *overview;
	const unsigned *workers_ended;
};

/* NULL after saying why not. */
struct scrape *scrape_create(const struct scrape_options *options);
void scrape_destroy(struct scrape *s);

#endif

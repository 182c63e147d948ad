#include "scrape.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "control/http.h"
#include "control/metrics.h"
#include "overview.h"
#include "tell.h"
#include "util/log.h"
#include "util/units.h"

#define TEXT "text/plain; charset=utf-8"

struct scrape {
	struct scrape_options options;
	struct http_server *server;
	/* Open from the start: later the program may not be allowed to open anything. */
	int memory_fd;
};

/* -- what the process takes ---------------------------------------------------------------------- */

static uint64_t cpu_ns(void)
{
	struct rusage u;

	if (getrusage(RUSAGE_SELF, &u) < 0)
		return 0;
	return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * NS_PER_S +
	    (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000;
}

/* The second number of proc(5)'s statm, which counts pages. */
static uint64_t resident_bytes(int fd)
{
	char text[128];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	uint64_t pages;

	if (n <= 0)
		return 0;
	text[n] = '\0';
	if (sscanf(text, "%*u %" SCNu64, &pages) != 1)
		return 0;
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* -- pages --------------------------------------------------------------------------------------- */

static int write_metrics(void *ctx, FILE *out)
{
	const struct scrape *s = ctx;
	struct overview *o = s->options.overview;
	const char *states[CONFIG_INPUTS_MAX];

	overview_refresh(o, s->options.program);
	tell_interface_states(states, s->options.program);
	o->interface_states = states;
	o->cpu_ns = cpu_ns();
	o->resident_bytes = resident_bytes(s->memory_fd);
	metrics_print(out, o);
	o->interface_states = NULL;
	return 200;
}

static bool is_stopping(const struct scrape *s)
{
	return s->options.program->stopping;
}

static bool has_ended(const struct scrape *s)
{
	return *s->options.workers_ended > 0;
}

static bool has_no_interface(const struct scrape *s)
{
	const struct program *p = s->options.program;

	for (size_t i = 0; i < p->config.interface_count; i++)
		if (live_watch_interface(p->watch, i)->is_captured)
			return false;
	return true;
}

static bool has_no_output(const struct scrape *s)
{
	const struct overview_ledger *l = &s->options.overview->now;

	for (size_t i = 0; i < l->ledger.collector_count; i++) {
		const char *state = l->collectors[i].state;

		if (strcmp(state, ledger_state_name(LEDGER_BROKEN)) != 0 &&
		    strcmp(state, ledger_state_name(LEDGER_FORMER)) != 0)
			return false;
	}
	return true;
}

static int write_health(void *ctx, FILE *out)
{
	static const struct {
		bool (*is_true)(const struct scrape *s);
		const char *text;
	} rows[] = {
	    {is_stopping, "the program ends"},
	    {has_ended, "capture has ended"},
	    {has_no_interface, "no interface is captured"},
	    {has_no_output, "every output is broken"},
	};
	const struct scrape *s = ctx;

	overview_refresh(s->options.overview, s->options.program);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (!rows[i].is_true(s))
			continue;
		fprintf(out, "%s\n", rows[i].text);
		return 503;
	}
	fputs("ok\n", out);
	return 200;
}

static int write_index(void *ctx, FILE *out)
{
	(void)ctx;
	fputs("<!DOCTYPE html>\n<html lang=\"en\"><title>spanflow</title>\n"
	      "<p><a href=\"/metrics\">/metrics</a> for Prometheus\n"
	      "<p><a href=\"/healthz\">/healthz</a> whether it does its work\n",
	    out);
	return 200;
}

static const struct http_page pages[] = {
    {"/metrics", METRICS_CONTENT_TYPE, write_metrics},
    {"/healthz", TEXT, write_health},
    {"/", "text/html; charset=utf-8", write_index},
};

/* -- life ---------------------------------------------------------------------------------------- */

struct scrape *scrape_create(const struct scrape_options *options)
{
	const struct config_metrics *m = &options->program->config.metrics;
	struct scrape *s = calloc(1, sizeof(*s));
	struct http_options server = {.base = options->base,
	    .address = (const struct sockaddr *)&m->address,
	    .size = m->size,
	    .text = m->text,
	    .pages = pages,
	    .page_count = sizeof(pages) / sizeof(*pages),
	    .ctx = s};

	if (!s) {
		log_error("--metrics: no memory");
		return NULL;
	}
	s->options = *options;
	s->memory_fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	s->server = http_create(&server);
	if (s->server)
		return s;
	scrape_destroy(s);
	return NULL;
}

void scrape_destroy(struct scrape *s)
{
	if (!s)
		return;
	http_destroy(s->server);
	if (s->memory_fd >= 0)
		close(s->memory_fd);
	free(s);
}

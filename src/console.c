#include "console.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/server.h"
#include "job.h"
#include "tell.h"
#include "util/log.h"

struct console {
	struct console_options options;
	struct control_server *server;
	struct jobs jobs;
};

/* -- commands ---------------------------------------------------------------------------------- */

/* What a look is enough for. */
static void tell(struct console *c, struct request *r, char *const *words, size_t count)
{
	(void)words;
	(void)count;
	tell_answer(r, c->options.overview, c->options.program);
}

/* Whom to tell what came of a reload. */
struct waiter {
	struct request *request; /* NULL: the client has left */
};

static void waiter_gone(void *owner)
{
	((struct waiter *)owner)->request = NULL;
}

static void fail_reload(struct request *r, const char *said)
{
	static const char subject[] = "reload: ";

	if (strncmp(said, subject, strlen(subject)) == 0)
		said += strlen(subject);
	request_fail(r, "%snothing has changed: %.*s", subject, (int)strcspn(said, "\n"),
	    *said ? said : "spanflow's log says why");
}

static void reloaded(void *owner, bool done, const char *said)
{
	struct waiter *w = owner;
	struct request *r = w->request;

	free(w);
	if (r && done)
		request_answer(r, said, request_wants_json(r) ? 0 : strlen(said));
	else if (r)
		fail_reload(r, said);
}

static void reload(struct console *c, struct request *r, char *const *words, size_t count)
{
	struct waiter *w = calloc(1, sizeof(*w));

	(void)words;
	(void)count;
	if (!w) {
		request_fail(r, "%s", strerror(ENOMEM));
		return;
	}
	w->request = r;
	request_wait(r, waiter_gone, w);
	c->options.reload(c->options.ctx, reloaded, w);
}

static void stop(struct console *c, struct request *r, char *const *words, size_t count)
{
	(void)words;
	(void)count;
	log_warning("control: asked to stop");
	request_answer(r, "", 0);
	c->options.stop(c->options.ctx);
}

static void list_flows(struct console *c, struct request *r, char *const *words, size_t count)
{
	job_list(&c->jobs, r, words, count);
}

static void list_rows(struct console *c, struct request *r, char *const *words, size_t count)
{
	job_rows(&c->jobs, r, words, count);
}

static void show_screen(struct console *c, struct request *r, char *const *words, size_t count)
{
	job_screen(&c->jobs, r, words, count);
}

static void flush(struct console *c, struct request *r, char *const *words, size_t count)
{
	(void)words;
	(void)count;
	job_flush(&c->jobs, r);
}

/* -- all commands ------------------------------------------------------------------------------ */

static const struct command {
	const char *name;
	bool takes_words;
	void (*run)(struct console *c, struct request *r, char *const *words, size_t count);
} commands[] = {
    {"status", false, tell},
    {"stats", false, tell},
    {"collectors", false, tell},
    {"interfaces", false, tell},
    {"flows", true, list_flows},
    {"rows", true, list_rows},
    {"screen", true, show_screen},
    {"flush", false, flush},
    {"reload", false, reload},
    {"stop", false, stop},
};

static void handle(void *ctx, struct request *r)
{
	size_t count;
	char *const *words = request_words(r, &count);

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(words[0], commands[i].name) != 0)
			continue;
		if (count > 1 && !commands[i].takes_words)
			request_fail(r, "%s: takes nothing: '%s'", words[0], words[1]);
		else
			commands[i].run(ctx, r, words + 1, count - 1);
		return;
	}
	request_fail(r, "%.64s: no such command: see spanflowctl -h", words[0]);
}

struct console *console_create(const struct console_options *options)
{
	const struct config_control *control = &options->program->config.control;
	struct console *c = calloc(1, sizeof(*c));
	struct control_options server = {.base = options->base,
	    .path = control->path,
	    .mode = control->mode,
	    .uid = control->uid,
	    .gid = control->gid,
	    .handle = handle,
	    .ctx = c};

	if (!c)
		return NULL;
	c->options = *options;
	c->jobs = (struct jobs){.program = options->program,
	    .overview = options->overview,
	    .errands = options->errands};
	c->server = control_create(&server);
	if (c->server)
		return c;
	free(c);
	return NULL;
}

void console_destroy(struct console *c)
{
	if (!c)
		return;
	control_destroy(c->server);
	free(c);
}

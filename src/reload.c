#include "reload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "meter/record.h"
#include "transport/file.h"
#include "util/log.h"
#include "util/notify.h"
#include "util/now.h"

#define WAITING_MAX 32

/* Who asked for it. */
struct asker {
	reload_told_fn *told;
	void *owner;
};

struct reloads {
	struct errand errand; /* what is under way */
	struct reload_options options;
	bool is_under_way;
	bool is_split; /* a worker goes on with the former settings: they must stay */
	struct config *next;
	struct exporting *exporting; /* NULL: the one that there is goes on */
	unsigned parts;
	struct log_copy said;            /* by this thread, of what is under way */
	unsigned interface_changes;      /* when the exporter was made */
	struct asker asked[WAITING_MAX]; /* for what is under way, then for the one after it */
	unsigned asked_now;
	unsigned asked_count;
};

/* -- what it needs ----------------------------------------------------------------------------- */

static struct config *read_settings(struct reloads *r)
{
	struct program *p = r->options.program;
	struct config *next = malloc(sizeof(*next));

	if (!next)
		return NULL;
	config_init(next);
	if (config_reload(next, p->settings, p->argc, p->argv, &r->parts) == 0)
		return next;
	config_fini(next);
	free(next);
	return NULL;
}

/* Workers that did not go over to the new exporter do not tell it that nothing follows. */
static void end_unused_rings(const struct reloads *r)
{
	for (unsigned i = 0; i < r->options.program->worker_count; i++) {
		struct ring *ring = r->exporting->rings[i];
		struct record *last;

		if (r->errand.orders[i].carried_out)
			continue;
		last = ring_push_begin(ring);
		*last = (struct record){.kind = RECORD_LAST};
		ring_push_end(ring);
		ring_publish(ring, true);
	}
}

static int open_exporting(struct reloads *r)
{
	struct program *p = r->options.program;
	bool has_details = p->config.decode.details;

	r->interface_changes = p->interface_changes;
	r->exporting = exporting_create(r->next, &p->own_exports, p->watch, p->dead_fd, true);
	if (!r->exporting)
		return -EIO;
	if (r->next->decode.details && !has_details) {
		log_error("reload: the records have elements now that packets are not looked at "
			  "for: they need a restart");
		return -EINVAL;
	}
	if (exporter_broken(r->exporting->exporter))
		return -EIO;
	resolver_try(&r->exporting->resolver, true);
	resolver_inherit(&r->exporting->resolver, &p->exporting->resolver);
	return exporting_start(r->exporting);
}

/* Whoever keeps a file's records by the day moves it, and asks for a reload. */
static bool files_have_moved(const struct exporting *x)
{
	bool any = false;

	for (size_t i = 0; i < x->config->collector_count; i++) {
		const char *path = x->config->collectors[i].path;

		any |= path && file_has_moved(exporter_transport(x->exporter, i), path);
	}
	return any;
}

static int prepare(struct reloads *r)
{
	const unsigned exports = 1u << RELOAD_COLLECTORS | 1u << RELOAD_SAMPLING;

	r->exporting = NULL;
	if (!(r->parts & exports) && files_have_moved(r->options.program->exporting))
		r->parts |= 1u << RELOAD_COLLECTORS;
	if (!r->parts && !r->next->file)
		log_warning("reload: started without --config: there is no file to read again");
	if (r->parts & exports)
		return open_exporting(r);
	r->next->decode.details = r->options.program->config.decode.details;
	return 0;
}

/* -- before and after -------------------------------------------------------------------------- */

static void begin(struct reloads *r);

static void answer(const struct reloads *r, const struct asker *asker, bool done)
{
	if (asker->told)
		asker->told(asker->owner, done, r->said.text + (done ? 0 : r->said.error));
}

/* Tells those who asked for what is done, and begins with what others asked for since, but not at the end. */
static void end(struct reloads *r, bool done)
{
	unsigned n = r->options.program->stopping ? r->asked_count : r->asked_now;

	notify_ready();
	r->is_under_way = false;
	for (unsigned i = 0; i < n; i++)
		answer(r, &r->asked[i], done && i < r->asked_now);
	memmove(r->asked, r->asked + n, (r->asked_count - n) * sizeof(*r->asked));
	r->asked_count -= n;
	if (r->asked_count)
		begin(r);
}

static void free_config(struct config *c)
{
	if (c)
		config_fini(c);
	free(c);
}

/* Settings that nobody has any more, after others have come into effect. */
static struct config *left_over(const struct reloads *r, const struct config *former)
{
	bool stays = former == &r->options.program->config || r->is_split;

	return stays ? NULL : (struct config *)former;
}

/* The exporter that got records so far goes on with what it has. Its settings are its own, or still in use. */
static void replace_exporting(struct reloads *r, const struct config *former_settings)
{
	struct program *p = r->options.program;
	struct exporting *former = p->exporting;
	const struct config *its = former->config;

	p->exporting = r->exporting;
	if (its != former_settings)
		free_config(left_over(r, former_settings));
	if (formers_add(&p->formers, former, left_over(r, its)) < 0)
		log_error("reload: %s", strerror(ENOMEM));
}

static void tell_done(const struct reloads *r)
{
	if (r->parts & ~(1u << RELOAD_NOT))
		log_warning("reload: done");
	else if (r->parts)
		log_warning("reload: nothing else differs");
	else
		log_warning("reload: nothing differs");
}

/* The workers have the new settings. */
static void come_into_effect(struct reloads *r)
{
	struct program *p = r->options.program;
	const struct config *former = p->settings;

	p->settings = r->next;
	p->live.filter = r->next->filter;
	config_set_log(r->next);
	if (r->exporting) {
		own_exports_settle(&p->own_exports, &r->exporting->resolver.is_on_trial);
		replace_exporting(r, former);
		/* Until now the former one was told of such. */
		if (p->interface_changes != r->interface_changes)
			exporting_tell_interfaces(p->exporting, p->watch);
	} else if (former != p->exporting->config) {
		free_config(left_over(r, former));
	}
	r->options.exporter_changes(r->options.ctx);
	tell_done(r);
}

static void give_up(struct reloads *r)
{
	struct program *p = r->options.program;

	if (r->exporting && r->exporting->is_started) {
		end_unused_rings(r);
		if (formers_add(&p->formers, r->exporting, r->next) < 0)
			log_error("reload: %s", strerror(ENOMEM));
		r->options.exporter_changes(r->options.ctx);
	} else if (exporting_destroy(r->exporting)) {
		free_config(r->next);
	}
	log_error("reload: nothing has changed");
}

/* Some may have ended before they came to it. */
static void errand_done(struct errand *errand, bool carried_out)
{
	struct reloads *r = (struct reloads *)errand;
	bool any = false;

	for (unsigned i = 0; i < r->options.program->worker_count; i++)
		any |= errand->orders[i].carried_out;
	if (any && !carried_out && r->exporting)
		end_unused_rings(r);
	/* All have the same interfaces, of which one may be away for a part of them just now. */
	r->is_split = any && !carried_out && !r->options.program->stopping;
	if (r->is_split)
		log_error(
		    "reload: some workers go on with the former settings: try again, or restart");
	if (any)
		come_into_effect(r);
	else
		give_up(r);
	end(r, any);
}

/* -- the way ----------------------------------------------------------------------------------- */

static void send_orders(struct reloads *r)
{
	memset(&r->errand, 0, sizeof(r->errand));
	r->errand.done = errand_done;
	for (unsigned i = 0; i < r->options.program->worker_count; i++) {
		r->errand.orders[i].kind = ORDER_RELOAD;
		r->errand.orders[i].reload = (struct order_reload){.config = r->next,
		    .parts = r->parts,
		    .ring = r->exporting ? r->exporting->rings[i] : NULL};
	}
	errand_send(r->options.errands, &r->errand);
}

static int read_and_prepare(struct reloads *r)
{
	int rc = -EINVAL;

	r->said = (struct log_copy){.used = 0};
	log_copy_to(&r->said);
	r->next = read_settings(r);
	if (r->next)
		rc = prepare(r);
	log_copy_to(NULL);
	return rc;
}

static void begin(struct reloads *r)
{
	notify_reloading();
	r->is_under_way = true;
	r->asked_now = r->asked_count;
	r->exporting = NULL;
	if (read_and_prepare(r) == 0) {
		send_orders(r);
		return;
	}
	if (r->next)
		give_up(r);
	else
		log_error("reload: nothing has changed");
	end(r, false);
}

void reloads_begin(struct reloads *r, reload_told_fn *told, void *owner)
{
	/* What follows may be for many; those who are not told need no place of their own. */
	if (!told && r->is_under_way && r->asked_count > r->asked_now)
		return;
	if (r->asked_count == WAITING_MAX) {
		if (told)
			told(owner, false, "");
		return;
	}
	r->asked[r->asked_count++] = (struct asker){told, owner};
	if (!r->is_under_way)
		begin(r);
}

struct reloads *reloads_create(const struct reload_options *options)
{
	struct reloads *r = calloc(1, sizeof(*r));

	if (r)
		r->options = *options;
	return r;
}

void reloads_destroy(struct reloads *r)
{
	free(r);
}

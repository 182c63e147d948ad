#include "operate.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "console.h"
#include "control/report.h"
#include "errand.h"
#include "overview.h"
#include "reload.h"
#include "scrape.h"
#include "signals.h"
#include "util/log.h"
#include "util/notify.h"
#include "util/now.h"
#include "util/units.h"

/* A read that blocks is interrupted again this often until the worker has noticed. */
#define INTERRUPT_NS (50 * NS_PER_MS)
/* Live: what is looked at again and again is so this often. */
#define ROUND_NS NS_PER_S
/* Former exporters are looked at this often. */
#define FORMERS_NS (50 * NS_PER_MS)

/* What the loop waits for. */
enum occasion {
	ON_SIGNAL,
	ON_WORKER_END,
	ON_EXPORTER_END,
	ON_DEAD,      /* every output has broken */
	ON_LIMIT,     /* the time is up */
	ON_INTERRUPT, /* while the workers are to stop */
	ON_FORMERS,   /* while former exporters still send */
	ON_GUARD,     /* the helper process has ended */
	ON_LINKS,     /* a captured interface comes or goes */
	ON_ROUND,
	OCCASION_COUNT
};

struct operation {
	struct program *program;
	struct event_base *base;
	struct event *events[OCCASION_COUNT];
	struct overview overview;
	struct errands *errands;
	struct reloads *reloads;
	struct console *console;
	bool hangup_reloads;
	unsigned beats[CONFIG_WORKERS_MAX + 1]; /* the workers' and the exporter's */
	uint64_t reported_ns;                   /* losses were looked for */
	struct scrape *scrape;
	unsigned workers_ended;
	bool exporter_ended;
	bool signalled[2]; /* by the helper process, and by others */
};

static struct operation operation;

/* -- the end ----------------------------------------------------------------------------------- */

static void set_timer(struct operation *op, enum occasion occasion, uint64_t ns)
{
	struct timeval t = {
	    .tv_sec = (time_t)(ns / NS_PER_S), .tv_usec = (suseconds_t)(ns % NS_PER_S / 1000)};

	event_add(op->events[occasion], &t);
}

static void stop(void *ctx)
{
	struct operation *op = ctx;
	struct program *p = op->program;

	p->stopping = true;
	notify_stopping();
	for (unsigned i = 0; i < p->worker_count; i++)
		worker_stop(p->workers[i]);
	exporter_hurry(p->exporting->exporter);
	formers_hurry(&p->formers);
	set_timer(op, ON_INTERRUPT, 0);
}

static void reload(void *ctx, reload_told_fn *told, void *owner)
{
	struct operation *op = ctx;

	if (!op->program->stopping)
		reloads_begin(op->reloads, told, owner);
	else if (told)
		told(owner, false, "");
}

/*
 * The first signal ends capture, the second one the program. What is sent to all processes of a group, or of a
 * name, comes here and once more by the helper: it is one signal.
 */
static void on_signal(evutil_socket_t fd, short what, void *ctx)
{
	struct operation *op = ctx;
	struct signalfd_siginfo info;
	bool by_helper;

	(void)what;
	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP && op->hangup_reloads) {
		reload(op, NULL, NULL);
		return;
	}
	by_helper = op->program->guard >= 0 && info.ssi_pid == (uint32_t)getppid();
	if (op->signalled[by_helper]) {
		live_watch_close(op->program->watch);
		_exit(128 + (int)info.ssi_signo);
	}
	op->signalled[by_helper] = true;
	stop(op);
}

/* The exporter may be seen to have ended before the workers are. */
static void end_if_all_ended(struct operation *op)
{
	if (op->exporter_ended && op->workers_ended == op->program->worker_count &&
	    !formers_are_busy(&op->program->formers))
		event_base_loopbreak(op->base);
}

static void on_worker_end(evutil_socket_t fd, short what, void *ctx)
{
	struct operation *op = ctx;
	struct program *p = op->program;
	uint64_t n;

	(void)what;
	if (read(fd, &n, sizeof(n)) == sizeof(n))
		op->workers_ended += (unsigned)n;
	if (op->workers_ended < p->worker_count)
		return;
	event_del(op->events[ON_INTERRUPT]);
	event_del(op->events[ON_LIMIT]);
	for (unsigned i = 0; i < p->worker_count; i++) {
		pthread_join(p->worker_threads[i], NULL);
		p->failed |= worker_failed(p->workers[i]);
	}
	errands_end(op->errands);
	end_if_all_ended(op);
}

static void on_exporter_end(evutil_socket_t fd, short what, void *ctx)
{
	struct operation *op = ctx;

	(void)fd;
	(void)what;
	op->exporter_ended = true;
	end_if_all_ended(op);
}

static void on_dead(evutil_socket_t fd, short what, void *ctx)
{
	struct operation *op = ctx;

	(void)fd;
	(void)what;
	stop(op);
}

static void on_limit(evutil_socket_t fd, short what, void *ctx)
{
	struct operation *op = ctx;

	(void)fd;
	(void)what;
	if (!op->program->stopping)
		stop(op);
}

/* Ends a read that waits for a pipe, until the worker has noticed. */
static void on_interrupt(evutil_socket_t fd, short what, void *ctx)
{
	struct operation *op = ctx;

	(void)fd;
	(void)what;
	if (op->workers_ended == op->program->worker_count)
		return; /* a thread that was joined must not be named any more */
	for (unsigned i = 0; i < op->program->worker_count; i++)
		signals_interrupt(op->program->worker_threads[i]);
	set_timer(op, ON_INTERRUPT, INTERRUPT_NS);
}

/* -- reloads ----------------------------------------------------------------------------------- */

static void on_formers(evutil_socket_t fd, short what, void *ctx)
{
	struct operation *op = ctx;
	struct program *p = op->program;

	(void)fd;
	(void)what;
	overview_forget(&op->overview);
	formers_reap(&p->formers, p->stopping, &p->failed);
	if (p->formers.list)
		set_timer(op, ON_FORMERS, FORMERS_NS);
	end_if_all_ended(op);
}

static void exporter_changes(void *ctx)
{
	struct operation *op = ctx;

	overview_forget(&op->overview);
	overview_refresh(&op->overview, op->program);
	event_del(op->events[ON_EXPORTER_END]);
	event_assign(op->events[ON_EXPORTER_END], op->base, op->program->exporting->done_fd,
	    EV_READ, on_exporter_end, op);
	event_add(op->events[ON_EXPORTER_END], NULL);
	/* The former one may have come to its end before the workers' answer was heard. */
	op->exporter_ended = false;
	if (op->program->stopping) {
		exporter_hurry(op->program->exporting->exporter);
		formers_hurry(&op->program->formers);
	}
	/* One that is set already is not put off, or many reloads would leave many exporters. */
	if (!evtimer_pending(op->events[ON_FORMERS], NULL))
		set_timer(op, ON_FORMERS, FORMERS_NS);
}

/* Nobody would pass signals on, or open what has to be opened again. */
static void on_guard(evutil_socket_t fd, short what, void *ctx)
{
	struct operation *op = ctx;

	(void)fd;
	(void)what;
	log_error(
	    "the helper process has ended: what is held is exported, then this one ends, too");
	op->program->failed = true;
	if (!op->program->stopping)
		stop(op);
}

static void on_links(evutil_socket_t fd, short what, void *ctx)
{
	struct operation *op = ctx;

	(void)fd;
	(void)what;
	if (!op->program->stopping)
		live_watch(op->program->watch);
	else
		event_del(op->events[ON_LINKS]);
}

/* -- once a second ----------------------------------------------------------------------------- */

static void report_losses(struct operation *op)
{
	uint64_t now = steady_now();

	log_catch_up(now);
	if (now - op->reported_ns < LOSSES_INTERVAL_S * NS_PER_S)
		return;
	op->reported_ns = now;
	losses_report(&op->program->losses, &op->overview.now.ledger, now);
}

/* Whether each of the other threads has done something since the last time. */
static bool all_live(struct operation *op)
{
	const struct program *p = op->program;
	bool live = true;

	for (unsigned i = 0; i <= p->worker_count; i++) {
		unsigned beats = i < p->worker_count ? worker_beats(p->workers[i])
						     : exporter_beats(p->exporting->exporter);

		live &= beats != op->beats[i];
		op->beats[i] = beats;
	}
	return live;
}

/* What `systemctl status` shows, and that the program lives. */
static void tell_manager(struct operation *op)
{
	const struct ledger_packets *p = &op->overview.now.ledger.packets;
	double rate =
	    overview_rate(&op->overview, p->received, op->overview.before.ledger.packets.received);
	char packets[REPORT_SHORT_SIZE];

	notify_status("%s packets/s, %" PRIu64 " flows, %" PRIu64 " packets dropped",
	    report_short(rate, packets), op->overview.now.ledger.flows.active,
	    p->dropped_kernel + p->dropped_interface);
	if (all_live(op))
		notify_watchdog();
}

static void on_round(evutil_socket_t fd, short what, void *ctx)
{
	struct operation *op = ctx;

	(void)fd;
	(void)what;
	overview_refresh(&op->overview, op->program);
	report_losses(op);
	tell_manager(op);
	if (!op->program->stopping)
		live_watch(op->program->watch);
}

/* -- life -------------------------------------------------------------------------------------- */

/* What libevent has to say is one of our messages. By itself it would write to standard error, and wait there. */
static void tell_of_event(int severity, const char *message)
{
	if (severity >= EVENT_LOG_ERR)
		log_error("event loop: %s", message);
	else if (severity == EVENT_LOG_WARN)
		log_warning("event loop: %s", message);
}

static int add_events(struct operation *op)
{
	const struct program *p = op->program;
	const struct {
		int fd;
		short what;
		event_callback_fn call;
	} rows[OCCASION_COUNT] = {
	    [ON_SIGNAL] = {p->signal_fd, EV_READ | EV_PERSIST, on_signal},
	    [ON_WORKER_END] = {p->workers_fd, EV_READ | EV_PERSIST, on_worker_end},
	    [ON_EXPORTER_END] = {p->exporting->done_fd, EV_READ, on_exporter_end},
	    [ON_DEAD] = {p->dead_fd, EV_READ, on_dead},
	    [ON_LIMIT] = {-1, 0, on_limit},
	    [ON_INTERRUPT] = {-1, 0, on_interrupt},
	    [ON_FORMERS] = {-1, 0, on_formers},
	    [ON_GUARD] = {p->guard, EV_READ, on_guard},
	    [ON_LINKS] = {live_watch_fd(p->watch), EV_READ | EV_PERSIST, on_links},
	    [ON_ROUND] = {-1, EV_PERSIST, on_round},
	};

	for (unsigned i = 0; i < OCCASION_COUNT; i++) {
		op->events[i] = event_new(op->base, rows[i].fd, rows[i].what, rows[i].call, op);
		if (!op->events[i] || (rows[i].fd >= 0 && event_add(op->events[i], NULL) < 0))
			return -ENOMEM;
	}
	return 0;
}

static int create_reloads(struct operation *op)
{
	struct reload_options options = {
	    .program = op->program, .exporter_changes = exporter_changes, .ctx = op};

	op->errands = errands_create(op->base, op->program);
	options.errands = op->errands;
	op->reloads = op->errands ? reloads_create(&options) : NULL;
	return op->reloads ? 0 : -ENOMEM;
}

static int open_console(struct operation *op)
{
	struct console_options options = {.program = op->program,
	    .base = op->base,
	    .overview = &op->overview,
	    .errands = op->errands,
	    .reload = reload,
	    .stop = stop,
	    .ctx = op};

	if (!op->program->config.control.path || !config_is_live(&op->program->config))
		return 0;
	op->console = console_create(&options);
	return op->console ? 0 : -EIO;
}

static int open_scrape(struct operation *op)
{
	struct scrape_options options = {.program = op->program,
	    .base = op->base,
	    .overview = &op->overview,
	    .workers_ended = &op->workers_ended};

	if (!op->program->config.metrics.size || !config_is_live(&op->program->config))
		return 0;
	op->scrape = scrape_create(&options);
	return op->scrape ? 0 : -EIO;
}

int operate_prepare(struct program *p)
{
	struct operation *op = &operation;
	int rc;

	p->signal_fd = signals_take_over(&p->config);
	rc = p->signal_fd < 0 ? p->signal_fd : 0;
	event_set_log_callback(tell_of_event);
	op->program = p;
	op->hangup_reloads = signals_hangup_reloads(&p->config);
	op->base = event_base_new();
	if (rc == 0)
		rc = op->base ? add_events(op) : -ENOMEM;
	if (rc == 0)
		rc = create_reloads(op);
	if (rc) {
		log_error("start: %s", strerror(-rc));
		return rc;
	}
	overview_init(&op->overview, p);
	rc = open_scrape(op);
	return rc ? rc : open_console(op);
}

void operate(struct program *p)
{
	struct operation *op = &operation;

	notify_ready();
	if (config_is_live(&p->config)) {
		set_timer(op, ON_ROUND, ROUND_NS);
		if (p->config.duration_ns)
			set_timer(op, ON_LIMIT, p->config.duration_ns);
	}
	event_base_dispatch(op->base);
	p->failed |= exporting_join(p->exporting);
	console_destroy(op->console);
	reloads_destroy(op->reloads);
	errands_destroy(op->errands);
	scrape_destroy(op->scrape);
	for (unsigned i = 0; i < OCCASION_COUNT; i++)
		event_free(op->events[i]);
	event_base_free(op->base);
}

/*
 * SPINE: the life of the program: configure, build the stages, start, operate, tell, destroy.
 */
#include "spanflow.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include "conf/file.h"
#include "config.h"
#include "control/ledger.h"
#include "control/seal.h"
#include "guard.h"
#include "guarded.h"
#include "operate.h"
#include "overview.h"
#include "program.h"
#include "transport/file.h"
#include "util/log.h"
#include "util/notify.h"
#include "util/now.h"
#include "util/rng.h"
#include "util/units.h"

#define EXIT_FAILED 1
#define EXIT_USAGE 2
/* The seed of files, so that a run can be repeated. */
#define OFFLINE_SEED 0x7370616e666c6f77u
/* Larger blocks go back to the system when they are freed. */
#define MMAP_THRESHOLD (256 << 10)

/* -- building --------------------------------------------------------------------------------- */

/*
 * A descriptor of ours must not take the place of a standard one that the caller closed: records
 * would go into it. What stands there instead fails as a closed one does.
 */
static void occupy_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

static int open_descriptors(struct program *p)
{
	int *const fds[] = {&p->workers_fd, &p->dead_fd, &p->order_fd};

	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++) {
		*fds[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (*fds[i] < 0)
			return -errno;
	}
	return 0;
}

static uint64_t choose_seed(const struct config *c)
{
	uint64_t seed = OFFLINE_SEED;

	if (c->seed_given)
		return c->seed;
	if (config_is_live(c) && getrandom(&seed, sizeof(seed), 0) < 0)
		seed ^= steady_now();
	return seed;
}

static int build_workers(struct program *p)
{
	const struct config *c = &p->config;
	struct rng rng = {.state = choose_seed(c)};
	bool live = config_is_live(c);

	for (unsigned i = 0; i < p->worker_count; i++) {
		struct worker_options options = {
		    .config = c,
		    .number = i,
		    .live = p->live.of[i],
		    .live_count = c->interface_count,
		    .rings = &p->exporting->rings[i],
		    .ring_count = live ? 1 : c->workers,
		    .own_exports = &p->own_exports,
		    .table_seed = rng_next(&rng),
		    .sampling_seed = rng_next(&rng),
		    .done_fd = p->workers_fd,
		    .order_fd = p->order_fd,
		    .lost_fd = live_watch_lost_fd(p->watch),
		};

		p->workers[i] = worker_create(&options);
		if (!p->workers[i])
			return -ENOMEM;
	}
	return 0;
}

/* While names are looked up a signal still ends the program at once. */
static int build_exporting(struct program *p)
{
	struct config *c = &p->config;
	unsigned unresolved;
	size_t usable;

	p->exporting = exporting_create(c, &p->own_exports, NULL, p->dead_fd, false);
	if (!p->exporting)
		return -ENOMEM;
	unresolved = resolver_try(&p->exporting->resolver, false);
	p->failed = unresolved && !config_is_live(c);
	usable = c->collector_count - exporter_broken(p->exporting->exporter);
	if (usable == 0 || (unresolved == usable && !config_is_live(c)))
		return -EHOSTUNREACH;
	return 0;
}

/* The collectors are told of other interfaces, or other names. */
static void tell_interfaces(void *ctx)
{
	struct program *p = ctx;

	p->interface_changes++;
	exporting_tell_interfaces(p->exporting, p->watch);
}

static int watch_interfaces(struct program *p)
{
	struct live_watch_options options = {.config = &p->config,
	    .live = &p->live,
	    .workers = p->workers,
	    .on_change = tell_interfaces,
	    .ctx = p};

	return live_watch_open(&options, &p->watch);
}

/* Blocks of packets are read an interface at a time, not in the order in which packets came. */
static void warn_of_copies(const struct config *c)
{
	if (c->dedup && c->interface_count > 1 && key_has(KEY_INGRESS, c->key_changes))
		log_warning(
		    "--dedup: of copies at several interfaces either may be met first, so "
		    "that a flow may become a record for each: --key=-ingress makes it one");
}

static int build(struct program *p)
{
	int rc = open_descriptors(p);

	p->worker_count = config_is_live(&p->config) ? p->config.workers : 1;
	if (rc) {
		log_error("start: %s", strerror(-rc));
		return rc;
	}
	rc = build_exporting(p);
	if (rc == 0)
		rc = watch_interfaces(p);
	for (unsigned i = 0; rc == 0 && i < p->worker_count; i++)
		rc = live_open(&p->live, &p->config, i);
	if (rc == 0) {
		live_tell_ways(&p->live, &p->config);
		warn_of_copies(&p->config);
	}
	return rc ? rc : build_workers(p);
}

static void free_reloaded(const struct program *p, const struct config *c)
{
	if (!c || c == &p->config)
		return;
	config_fini((struct config *)c);
	free((struct config *)c);
}

static void destroy(struct program *p)
{
	const struct config *exporters = p->exporting ? p->exporting->config : NULL;
	bool all_gone;

	live_watch_close(p->watch);
	for (unsigned w = 0; w < CONFIG_WORKERS_MAX; w++) {
		worker_destroy(p->workers[w]);
		live_close(&p->live, &p->config, w, p->workers[w] != NULL);
	}
	losses_fini(&p->losses);
	notify_close();
	formers_fini(&p->formers);
	/* A look-up cannot be interrupted, and what it works on must stay until the process ends. */
	all_gone = exporting_destroy(p->exporting);
	if (exporters != p->settings)
		free_reloaded(p, p->settings);
	if (all_gone)
		free_reloaded(p, exporters);
	if (all_gone && !p->formers.list)
		config_fini(&p->config);
}

/*
 * All is open, and there are no threads yet, which would each have rights of their own. From now on nothing that is
 * opened may wait.
 */
static int seal(const struct program *p)
{
	const struct config_user *u = &p->config.user;
	struct seal_user user = {.changes = u->changes,
	    .is_wanted = u->name != NULL,
	    .uid = u->uid,
	    .gid = u->gid,
	    .root = u->root};
	int rc;

	file_open_by(file_open_at_once, NULL);
	file_read_by(file_open_regular, NULL);
	if (p->guard < 0)
		return 0;
	guarded_take_over(p->guard);
	rc = seal_rights(&user);
	return rc ? rc : seal_calls();
}

static int start(struct program *p)
{
	int rc;

	p->started_ns = steady_now();
	p->started_wall_ns = date_now();
	log_hold_repeats(config_is_live(&p->config));
	rc = losses_init(&p->losses, p->config.interface_count, FORMERS_LEDGER_MAX);
	if (rc == 0)
		rc = operate_prepare(p);
	if (rc == 0)
		rc = seal(p);
	if (rc)
		return rc;
	rc = exporting_start(p->exporting);
	if (rc)
		return rc;
	for (unsigned i = 0; i < p->worker_count; i++) {
		rc = pthread_create(&p->worker_threads[i], NULL, worker_run, p->workers[i]);
		if (rc) {
			/* The exporter runs and waits for an end that would never come. */
			log_error("start: %s", strerror(rc));
			_exit(EXIT_FAILED);
		}
	}
	return 0;
}

/* -- the end ---------------------------------------------------------------------------------- */

/* What reads it may be stuck, or a disk that is full. False: it was not written whole. */
static bool print_stats(enum stats_style style, const struct ledger *ledger)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	bool is_written;

	if (!out)
		return false;
	(style == STATS_JSON ? ledger_print_json : ledger_print_text)(out, ledger);
	is_written = fclose(out) == 0 && log_write(text, size);
	free(text);
	return is_written;
}

static void report_ledger(struct program *p)
{
	struct ledger_collector collectors[FORMERS_LEDGER_MAX];
	struct ledger_interface interfaces[CONFIG_INPUTS_MAX];
	struct ledger ledger = {.collectors = collectors};

	overview_put_interfaces(&ledger, interfaces, p);
	live_watch_ask_missed(p->watch);
	for (unsigned i = 0; i < p->worker_count; i++)
		worker_ledger(p->workers[i], &ledger);
	exporter_ledger(p->exporting->exporter, &ledger);
	p->failed |= ledger_was_cut_short(&ledger);
	ledger.collector_count = formers_ledger(&p->formers, collectors, ledger.collector_count);
	losses_report_total(&p->losses, &ledger);
	log_catch_up(UINT64_MAX);
	if (p->config.stats != STATS_NONE)
		p->failed |= !print_stats(p->config.stats, &ledger);
}

/* getopt_long() puts them into another order, and they are read again. NULL: no memory. */
static char **copy_arguments(int argc, char **argv)
{
	char **copy = calloc((size_t)argc + 1, sizeof(*copy));

	if (copy)
		memcpy(copy, argv, (size_t)argc * sizeof(*copy));
	return copy;
}

/* What only prints: help, version or the settings that have been checked. */
static int tell(const struct config *c)
{
	if (c->show_help)
		config_print_help();
	else if (!c->show_version)
		config_print(c);
	else
		printf("spanflow %s\n", PACKAGE_VERSION);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_SUCCESS;
	log_error("standard output: %s", strerror(errno));
	return EXIT_FAILED;
}

/* The program itself, by itself or as the child of its helper. The exit status. */
static int run(struct program *p)
{
	int status = EXIT_FAILED;
	int rc = build(p);

	if (rc == 0)
		rc = start(p);
	if (rc == 0) {
		operate(p);
		report_ledger(p);
		status = p->failed ? EXIT_FAILED : EXIT_SUCCESS;
	} else if (!log_has_erred()) {
		/* What is not there is memory or descriptors, wherever that was. */
		log_error("start: %s", strerror(-rc));
	}
	destroy(p);
	return status;
}

/* Whether this process is to run the program: else it was the helper, and *status is the program's. */
static bool is_program(struct program *p, int *status)
{
	p->guard = -1;
	*status = EXIT_FAILED;
	if (config_is_live(&p->config) && p->config.seal && guard_split(p, &p->guard, status))
		return false;
	p->live.guard = p->guard;
	p->live.filter = p->config.filter;
	return true;
}

int spanflow_main(int argc, char **argv)
{
	static struct program p;
	int status = EXIT_FAILED;

	/* Otherwise it rises with the first ring that a reload frees, and later ones would leave holes. */
	mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
	occupy_standard_descriptors();
	/* A file that may not become longer is a write that fails, as on a full disk; also for the helper's messages. */
	signal(SIGXFSZ, SIG_IGN);
	log_open();
	p.settings = &p.config;
	p.argc = argc;
	p.argv = copy_arguments(argc, argv);
	config_init(&p.config);
	if (config_parse(&p.config, argc, argv) < 0 || config_find_accounts(&p.config) < 0) {
		config_fini(&p.config);
		return EXIT_USAGE;
	}
	if (p.config.show_help || p.config.show_version || p.config.test_only) {
		status = tell(&p.config);
		config_fini(&p.config);
		return status;
	}
	config_set_log(&p.config);
	/* The service manager's words are for the process that it started. */
	notify_open();
	if (is_program(&p, &status))
		status = run(&p);
	else
		config_fini(&p.config);
	free(p.argv);
	return status;
}

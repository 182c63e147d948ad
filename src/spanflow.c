/*
 * SPINE: the life of the program: configure, build the stages, start, operate, tell, destroy.
 */
#include "spanflow.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include "config.h"
#include "control/ledger.h"
#include "meter/record.h"
#include "operate.h"
#include "program.h"
#include "util/log.h"
#include "util/now.h"
#include "util/ring.h"
#include "util/rng.h"
#include "util/units.h"

#define EXIT_FAILED 1
#define EXIT_USAGE 2
/* Live the exporter may fall behind for a second; offline the worker waits for it instead. */
#define RING_SLOTS_LIVE 65536
#define RING_SLOTS_FILE 8192
/* The seed of files, so that a run can be repeated. */
#define OFFLINE_SEED 0x7370616e666c6f77u

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
	int *const fds[] = {&p->workers_fd, &p->exporter_fd, &p->dead_fd, &p->order_fd};

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
		    .live = p->live.of[i],
		    .live_count = c->interface_count,
		    .rings = &p->rings[i],
		    .ring_count = live ? 1 : c->workers,
		    .own_exports = &p->own_exports,
		    .table_seed = rng_next(&rng),
		    .sampling_seed = rng_next(&rng),
		    .done_fd = p->workers_fd,
		    .order_fd = p->order_fd,
		};

		p->workers[i] = worker_create(&options);
		if (!p->workers[i])
			return -ENOMEM;
	}
	return 0;
}

/* While names are looked up a signal still ends the program at once. */
static int build_exporter(struct program *p)
{
	struct exporter_options options = {.config = &p->config,
	    .rings = p->rings,
	    .ring_count = p->config.workers,
	    .dead_fd = p->dead_fd,
	    .done_fd = p->exporter_fd};
	size_t usable;

	p->exporter = exporter_create(&options);
	if (!p->exporter)
		return -EIO;
	resolver_init(&p->resolver, &p->config, p->exporter, &p->own_exports);
	p->unresolved = resolver_try(&p->resolver);
	p->failed = p->unresolved && !config_is_live(&p->config);
	usable = p->config.collector_count - exporter_broken(p->exporter);
	if (usable == 0 || (p->unresolved == usable && !config_is_live(&p->config)))
		return -EHOSTUNREACH;
	return 0;
}

/* What stages need of those before: the interfaces' names, details of packets. */
static int complete_config(struct program *p)
{
	struct config *c = &p->config;
	int rc = interfaces_list(&p->interfaces, c);

	c->decode.details |= key_has(KEY_MACS, c->key_changes);
	for (size_t i = 0; i < c->collector_count; i++) {
		struct encoder_options *encoding = &c->collectors[i].encoding;

		encoding->interfaces = p->interfaces.entries;
		encoding->interface_count = p->interfaces.count;
		c->decode.details |= encoder_needs_details(encoding);
	}
	return rc;
}

static int create_rings(struct program *p)
{
	size_t slots = config_is_live(&p->config) ? RING_SLOTS_LIVE : RING_SLOTS_FILE;

	for (unsigned i = 0; i < p->config.workers; i++) {
		p->rings[i] = ring_create(slots, sizeof(struct record));
		if (!p->rings[i])
			return -errno;
	}
	return 0;
}

static int build(struct program *p)
{
	int rc = open_descriptors(p);

	p->worker_count = config_is_live(&p->config) ? p->config.workers : 1;
	if (rc == 0)
		rc = complete_config(p);
	if (rc == 0)
		rc = create_rings(p);
	if (rc) {
		log_error("start: %s", strerror(-rc));
		return rc;
	}
	rc = build_exporter(p);
	for (unsigned i = 0; rc == 0 && i < p->worker_count; i++)
		rc = live_open(&p->live, &p->config, i);
	return rc ? rc : build_workers(p);
}

static void destroy(struct program *p)
{
	/* A look-up cannot be interrupted, and what it works on must stay until the process ends. */
	if (!resolver_stop(&p->resolver))
		return;
	for (unsigned w = 0; w < CONFIG_WORKERS_MAX; w++) {
		worker_destroy(p->workers[w]);
		live_close(&p->live, &p->config, w, p->workers[w] != NULL);
	}
	exporter_destroy(p->exporter);
	for (unsigned i = 0; i < CONFIG_WORKERS_MAX; i++)
		ring_destroy(p->rings[i]);
	interfaces_fini(&p->interfaces);
	config_fini(&p->config);
}

static int start(struct program *p)
{
	int rc;

	p->started_ns = steady_now();
	p->started_wall_ns = date_now();
	log_hold_repeats(config_is_live(&p->config));
	rc = operate_prepare(p);
	if (rc)
		return rc;
	rc = pthread_create(&p->exporter_thread, NULL, exporter_run, p->exporter);
	if (rc) {
		log_error("start: %s", strerror(rc));
		return -rc;
	}
	for (unsigned i = 0; i < p->worker_count; i++) {
		rc = pthread_create(&p->worker_threads[i], NULL, worker_run, p->workers[i]);
		if (rc) {
			/* The exporter runs and waits for an end that would never come. */
			log_error("start: %s", strerror(rc));
			_exit(EXIT_FAILED);
		}
		/* As `top -H` and perf show them. */
		pthread_setname_np(p->worker_threads[i], "sf-worker");
	}
	resolver_start(&p->resolver);
	pthread_setname_np(p->exporter_thread, "sf-exporter");
	return 0;
}

/* -- the end ---------------------------------------------------------------------------------- */

static void print_ledger(struct program *p)
{
	struct ledger_collector collectors[CONFIG_COLLECTORS_MAX];
	struct ledger ledger = {.collectors = collectors};

	for (unsigned i = 0; i < p->worker_count; i++)
		worker_ledger(p->workers[i], &ledger);
	exporter_ledger(p->exporter, &ledger);
	p->failed |= losses_report_total(&p->losses, &ledger);
	log_catch_up(UINT64_MAX);
	if (p->config.stats == STATS_TEXT)
		ledger_print_text(stderr, &ledger);
	else if (p->config.stats == STATS_JSON)
		ledger_print_json(stderr, &ledger);
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

int spanflow_main(int argc, char **argv)
{
	static struct program p;
	int status = EXIT_FAILED;

	occupy_standard_descriptors();
	log_open();
	config_init(&p.config);
	if (config_parse(&p.config, argc, argv) < 0) {
		config_fini(&p.config);
		return EXIT_USAGE;
	}
	if (p.config.show_help || p.config.show_version || p.config.test_only) {
		status = tell(&p.config);
		config_fini(&p.config);
		return status;
	}
	log_set_level(p.config.quiet ? LOG_LEVEL_ERROR : p.config.log_level);
	log_set_format(p.config.log_format);
	if (build(&p) == 0 && start(&p) == 0) {
		operate(&p);
		print_ledger(&p);
		status = p.failed ? EXIT_FAILED : EXIT_SUCCESS;
	}
	destroy(&p);
	return status;
}

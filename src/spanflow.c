/*
 * SPINE: the life of the program: configure, build the stages, start, wait, drain, stop.
 */
#include "spanflow.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "conf/config.h"
#include "config.h"
#include "control/ledger.h"
#include "exporter.h"
#include "interfaces.h"
#include "live.h"
#include "meter/record.h"
#include "util/log.h"
#include "util/now.h"
#include "util/ring.h"
#include "util/rng.h"
#include "util/units.h"
#include "resolver.h"
#include "worker.h"

#define EXIT_FAILED 1
#define EXIT_USAGE 2
/* Live the exporter may fall behind for a second; offline the worker waits for it instead. */
#define RING_SLOTS_LIVE 65536
#define RING_SLOTS_FILE 8192
/* The seed of files, so that a run can be repeated. */
#define OFFLINE_SEED 0x7370616e666c6f77u
/* A read that blocks is interrupted again this often until the worker has noticed. */
#define INTERRUPT_MS 50

struct program {
	struct config config;
	struct own_exports own_exports;
	struct interface_list interfaces;
	struct ring
	    *rings[CONFIG_WORKERS_MAX]; /* one a worker, or a shard of the one that reads files */
	struct live live;
	struct exporter *exporter;
	struct worker *workers[CONFIG_WORKERS_MAX];
	pthread_t worker_threads[CONFIG_WORKERS_MAX];
	unsigned worker_count;
	unsigned workers_ended;
	pthread_t exporter_thread;
	int signal_fd;
	int done_fd; /* a worker has ended */
	int dead_fd; /* every output has broken */
	struct resolver resolver;
	unsigned unresolved; /* collectors without an address at the start */
	bool stopping;
	bool signalled;
	bool failed;
};

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
	p->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	p->dead_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return p->done_fd < 0 || p->dead_fd < 0 ? -errno : 0;
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
		    .done_fd = p->done_fd,
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
	    .dead_fd = p->dead_fd};
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

/* -- running ---------------------------------------------------------------------------------- */

static void interrupted(int signal_number)
{
	(void)signal_number;
}

/* SIGUSR1 does nothing but end a read from a pipe in which nothing comes. */
static void install_interrupt(void)
{
	struct sigaction action = {.sa_handler = interrupted};
	sigset_t set;

	sigaction(SIGUSR1, &action, NULL);
	/* Who started the program may have blocked it. */
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* A terminal that is closed ends the program; who started it may not want that (nohup). */
static bool is_hangup_wanted(void)
{
	struct sigaction action;

	return sigaction(SIGHUP, NULL, &action) == 0 && action.sa_handler != SIG_IGN;
}

/* The threads inherit the mask: signals reach the main thread alone, as a descriptor. */
static int take_over_signals(struct program *p)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (is_hangup_wanted())
		sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	install_interrupt();
	p->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return p->signal_fd < 0 ? errno : 0;
}

static int start(struct program *p)
{
	int rc = take_over_signals(p);

	if (rc == 0)
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

static void stop(struct program *p)
{
	p->stopping = true;
	for (unsigned i = 0; i < p->worker_count; i++)
		worker_stop(p->workers[i]);
	exporter_hurry(p->exporter);
}

/* The first signal ends capture, the second one the program. */
static void take_signal(struct program *p)
{
	struct signalfd_siginfo info;

	if (read(p->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (p->signalled)
		_exit(128 + (int)info.ssi_signo);
	p->signalled = true;
	stop(p);
}

/* How long the main thread may sleep before the clock has something for it to do. */
static int sleep_ms(const struct program *p, uint64_t now, uint64_t until)
{
	uint64_t ns = 3600 * NS_PER_S;

	if (p->stopping)
		return INTERRUPT_MS;
	if (until <= now)
		ns = 0;
	else if (until - now < ns)
		ns = until - now;
	return (int)(ns / NS_PER_MS) + 1;
}

static bool all_workers_ended(struct program *p)
{
	uint64_t n;

	if (read(p->done_fd, &n, sizeof(n)) == sizeof(n))
		p->workers_ended += (unsigned)n;
	return p->workers_ended == p->worker_count;
}

static void wait_for_workers(struct program *p)
{
	struct pollfd fds[] = {{.fd = p->done_fd, .events = POLLIN},
	    {.fd = p->signal_fd, .events = POLLIN}, {.fd = p->dead_fd, .events = POLLIN}};
	bool timed = config_is_live(&p->config) && p->config.duration_ns;
	uint64_t until = timed ? steady_now() + p->config.duration_ns : NEVER;

	for (;;) {
		uint64_t now;

		poll(fds, 3, sleep_ms(p, steady_now(), until));
		now = steady_now();
		if (fds[0].revents && all_workers_ended(p))
			return;
		if (fds[1].revents)
			take_signal(p);
		if (fds[2].revents) {
			fds[2].fd = -1;
			stop(p);
		}
		if (now >= until && !p->stopping)
			stop(p);
		for (unsigned i = 0; p->stopping && i < p->worker_count; i++)
			pthread_kill(p->worker_threads[i], SIGUSR1);
	}
}

/* What is still queued goes out; a signal may end that, too. */
static void wait_for_exporter(struct program *p)
{
	struct pollfd fd = {.fd = p->signal_fd, .events = POLLIN};
	struct timespec now = {0};

	while (pthread_timedjoin_np(p->exporter_thread, NULL, &now) != 0) {
		if (poll(&fd, 1, 5) > 0)
			take_signal(p);
	}
}

static void run(struct program *p)
{
	wait_for_workers(p);
	for (unsigned i = 0; i < p->worker_count; i++) {
		pthread_join(p->worker_threads[i], NULL);
		p->failed |= worker_failed(p->workers[i]);
	}
	wait_for_exporter(p);
	p->failed |= exporter_failed(p->exporter);
}

/* A stream that broke has been told of with its error. */
static void report_dropped(struct program *p, const struct ledger_collector *c, bool is_stream)
{
	for (unsigned f = 0; f < FAILURE_COUNT; f++) {
		uint64_t n = c->sender.dropped[f];

		if (!n)
			continue;
		if (f == FAILURE_SHUTDOWN) {
			log_error("%s: %" PRIu64
				  " records dropped: it did not take them in time for the end",
			    c->url, n);
			p->failed = true;
		} else if (f == FAILURE_QUEUE_FULL) {
			log_warning(
			    "%s: %" PRIu64 " records dropped: it took them too slowly", c->url, n);
		} else if (!is_stream) {
			log_warning("%s: %" PRIu64 " records dropped: %s", c->url, n,
			    failure_name((enum failure)f));
		}
	}
}

/* What was lost is said also to those who do not ask for the ledger. */
static void report_losses(struct program *p, const struct ledger *l)
{
	if (l->packets.dropped_kernel)
		log_warning("capture: %" PRIu64
			    " packets dropped by the kernel: a larger --buffer, "
			    "a filter or --sample helps",
		    l->packets.dropped_kernel);
	if (l->ring_dropped)
		log_warning("export: %" PRIu64
			    " records dropped: flows ended faster than they could "
			    "be exported",
		    l->ring_dropped);
	for (size_t i = 0; i < l->collector_count; i++)
		report_dropped(p, &l->collectors[i], !p->config.collectors[i].host);
}

static void print_ledger(struct program *p)
{
	struct ledger_collector collectors[CONFIG_COLLECTORS_MAX];
	struct ledger ledger = {.collectors = collectors};

	for (unsigned i = 0; i < p->worker_count; i++)
		worker_ledger(p->workers[i], &ledger);
	exporter_ledger(p->exporter, &ledger);
	report_losses(p, &ledger);
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
	log_set_quiet(p.config.quiet);
	if (build(&p) == 0 && start(&p) == 0) {
		run(&p);
		print_ledger(&p);
		status = p.failed ? EXIT_FAILED : EXIT_SUCCESS;
	}
	destroy(&p);
	return status;
}

/*
 * SPINE: the collectors' names into addresses, and those into new sessions.
 *
 *	resolver_run: lookup_is_due -> udp_resolve -> own_exports_publish -> udp_hand_over
 */
#include "resolver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "transport/udp.h"
#include "util/log.h"
#include "util/now.h"
#include "util/units.h"

/* How often the thread looks what is due. */
#define TURN_MS 500
/* A name that cannot be resolved is told of this often at most. */
#define REPORT_INTERVAL_NS (60 * NS_PER_S)
/* How long an end may wait for a look-up that is under way, and how often it looks. */
#define STOP_WAIT_NS (100 * NS_PER_MS)
#define STOP_LOOK_MS 1
#define WHY_SIZE 256

bool lookup_is_due(const struct lookup *l, uint64_t interval_ns, uint64_t now_ns)
{
	uint64_t passed = now_ns - l->at_ns;

	if (!l->resolved || l->is_inherited)
		return passed >= RESOLVER_RETRY_NS;
	if (!interval_ns)
		return false;
	return passed >= interval_ns || (l->doubtful && passed >= RESOLVER_RETRY_NS);
}

/* A collector without an address: offline that is a failure, live it is tried again. */
static void report_missing(const struct resolver *r, const struct transport *t, const char *why)
{
	if (config_is_live(r->config))
		log_warning("%s: %s: trying again every %llu s", t->name, why,
		    RESOLVER_RETRY_NS / NS_PER_S);
	else
		log_error("%s: %s", t->name, why);
}

/* Whoever looked up meanwhile looks no more, and has nothing to say. */
static bool has_to_stop(const struct resolver *r)
{
	struct pollfd stop = {.fd = r->stop_fd, .events = POLLIN};

	return poll(&stop, 1, 0) > 0;
}

static void report_failure(
    const struct resolver *r, struct lookup *l, const struct transport *t, const char *why)
{
	if (has_to_stop(r))
		return;
	if (l->reported && l->at_ns - l->reported_ns < REPORT_INTERVAL_NS)
		return;
	/* Who waits for a first address has been told so. */
	if (!l->resolved && l->reported)
		return;
	l->reported = true;
	l->reported_ns = l->at_ns;
	if (l->resolved)
		log_warning("%s: %s: its last address is used on", t->name, why);
	else
		report_missing(r, t, why);
}

static void report_address(const struct transport *t, const struct sockaddr_storage *remote,
    bool is_another, bool was_missing)
{
	char host[NI_MAXHOST] = "?";

	getnameinfo((const struct sockaddr *)remote, sizeof(*remote), host, sizeof(host), NULL, 0,
	    NI_NUMERICHOST);
	if (is_another)
		log_warning("%s: its address is %s now", t->name, host);
	else if (was_missing)
		log_warning("%s: its address is %s: records go there", t->name, host);
	else
		log_info("%s: its address is %s", t->name, host);
}

/* The worker knows the session before its first message can be sent. */
static void begin_session(struct resolver *r, unsigned i, struct transport *t)
{
	struct lookup *l = &r->lookups[i];
	struct sockaddr_storage local, remote;

	if (udp_endpoints(t, &local, &remote)) {
		pthread_mutex_lock(&r->lock);
		l->address = remote;
		l->has_address = true;
		pthread_mutex_unlock(&r->lock);
		if (config_is_live(r->config))
			own_exports_publish(r->own_exports, &r->is_on_trial, i, &local, &remote);
		report_address(t, &remote, l->resolved, l->reported);
	}
	l->resolved = true;
	l->missing = 0;
	udp_hand_over(t);
}

static void look_up(struct resolver *r, unsigned i, struct transport *t)
{
	struct lookup *l = &r->lookups[i];
	char why[WHY_SIZE];
	int rc = udp_resolve(t, why, sizeof(why));

	l->doubtful = false;
	l->at_ns = steady_now();
	if (rc < 0 && !l->resolved)
		l->missing = -rc;
	if (rc < 0)
		report_failure(r, l, t, why);
	if (rc > 0)
		begin_session(r, i, t);
	if (rc >= 0)
		l->reported = l->is_inherited = false;
}

/* A route of the type `unreachable` is none. */
static enum ledger_state state_of(int missing)
{
	if (missing == EDESTADDRREQ)
		return LEDGER_NO_ADDRESS;
	return missing == ENETUNREACH || missing == EHOSTUNREACH ? LEDGER_NO_ROUTE
								 : LEDGER_NO_SOCKET;
}

/* Whoever sends knows that there is nothing to send by, and no more. */
void resolver_tell(const struct resolver *r, struct ledger_collector *collectors, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int missing = r->lookups[i].missing;

		if (missing && collectors[i].state == ledger_state_name(LEDGER_NO_ADDRESS))
			collectors[i].state = ledger_state_name(state_of(missing));
	}
}

/* False: the former one has no address for this host and port. */
static bool find_former(struct resolver *former, const struct config_collector *wanted,
    struct sockaddr_storage *address)
{
	bool found = false;

	pthread_mutex_lock(&former->lock);
	for (unsigned i = 0; i < former->config->collector_count && !found; i++) {
		const struct config_collector *n = &former->config->collectors[i];

		found = former->lookups[i].has_address && n->port == wanted->port &&
		    strcmp(n->host, wanted->host) == 0;
		if (found)
			*address = former->lookups[i].address;
	}
	pthread_mutex_unlock(&former->lock);
	return found;
}

void resolver_inherit(struct resolver *r, struct resolver *former)
{
	for (unsigned i = 0; i < r->config->collector_count; i++) {
		struct transport *t = exporter_transport(r->exporter, i);
		struct sockaddr_storage address;

		if (t->is_stream || t->is_fixed ||
		    !find_former(former, &r->config->collectors[i], &address))
			continue;
		if (udp_connect_to(t, &address) < 0)
			continue;
		begin_session(r, i, t);
		r->lookups[i].is_inherited = true;
	}
}

unsigned resolver_try(struct resolver *r, bool only_addresses)
{
	unsigned missing = 0;

	for (unsigned i = 0; i < r->config->collector_count; i++) {
		struct transport *t = exporter_transport(r->exporter, i);

		if (t->is_stream || (only_addresses && !t->is_fixed))
			continue;
		look_up(r, i, t);
		missing += !r->lookups[i].resolved;
	}
	return missing;
}

/*
 * Whether there will ever be something to do: names change, and live an address may get a socket
 * later. Offline what had no address at the start has none.
 */
static bool is_watched(const struct resolver *r, unsigned i)
{
	const struct transport *t = exporter_transport(r->exporter, i);

	if (t->is_stream)
		return false;
	if (!r->lookups[i].resolved || r->lookups[i].is_inherited)
		return config_is_live(r->config);
	return !t->is_fixed && r->config->collectors[i].resolve_ns;
}

static void turn(struct resolver *r)
{
	for (unsigned i = 0; i < r->config->collector_count; i++) {
		struct lookup *l = &r->lookups[i];

		if (!is_watched(r, i))
			continue;
		l->doubtful |= udp_take_doubt(exporter_transport(r->exporter, i));
		if (lookup_is_due(l, r->config->collectors[i].resolve_ns, steady_now()))
			look_up(r, i, exporter_transport(r->exporter, i));
	}
}

/* What has no address is looked up at once; records for it are lost until then. */
static int first_wait_ms(const struct resolver *r)
{
	for (unsigned i = 0; i < r->config->collector_count; i++)
		if (is_watched(r, i) && !r->lookups[i].resolved)
			return 0;
	return TURN_MS;
}

static void *resolver_run(void *arg)
{
	struct resolver *r = arg;
	struct pollfd stop = {.fd = r->stop_fd, .events = POLLIN};

	pthread_setname_np(pthread_self(), "sf-resolver");
	for (int wait_ms = first_wait_ms(r); poll(&stop, 1, wait_ms) <= 0; wait_ms = TURN_MS)
		turn(r);
	return NULL;
}

void resolver_start(struct resolver *r)
{
	bool any = false;

	for (unsigned i = 0; i < r->config->collector_count; i++)
		any |= is_watched(r, i);
	if (!any)
		return;
	r->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	r->running = r->stop_fd >= 0 && pthread_create(&r->thread, NULL, resolver_run, r) == 0;
	if (!r->running)
		log_warning("resolver: cannot be started: names are not looked up again");
}

/*
 * Whether the thread has ended. It is waited for once: whoever asks again has other things to do. Not until a
 * date, as pthread_timedjoin_np() does: were it set back meanwhile, this would last for hours.
 */
static bool has_ended(struct resolver *r)
{
	uint64_t one = 1, until = steady_now() + STOP_WAIT_NS;

	if (r->is_asked_to_stop)
		return pthread_tryjoin_np(r->thread, NULL) == 0;
	r->is_asked_to_stop = true;
	if (write(r->stop_fd, &one, sizeof(one)) != sizeof(one))
		return false;
	while (pthread_tryjoin_np(r->thread, NULL) != 0) {
		if (steady_now() >= until)
			return false;
		poll(NULL, 0, STOP_LOOK_MS);
	}
	return true;
}

bool resolver_stop(struct resolver *r)
{
	if (!r->running)
		return true;
	if (!has_ended(r))
		return false;
	r->running = false;
	close(r->stop_fd);
	return true;
}

void resolver_init(struct resolver *r, const struct config *config, struct exporter *exporter,
    struct own_exports *own_exports)
{
	*r = (struct resolver){.config = config,
	    .exporter = exporter,
	    .own_exports = own_exports,
	    .stop_fd = -1,
	    .lock = PTHREAD_MUTEX_INITIALIZER};
}

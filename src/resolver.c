#include "resolver.h"

#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "util/log.h"
#include "util/units.h"

/* A collector without an address is looked up again this often. */
#define RETRY_NS (10 * NS_PER_S)

/* An address and port as the decoder gives them. False: neither IPv4 nor IPv6. */
static bool split_address(
    const struct sockaddr_storage *a, uint8_t *version, uint8_t address[16], uint16_t *port)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)a;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)a;

	memset(address, 0, 16);
	if (a->ss_family == AF_INET) {
		*version = 4;
		memcpy(address, &in->sin_addr, 4);
		*port = ntohs(in->sin_port);
		return true;
	}
	if (a->ss_family != AF_INET6)
		return false;
	*version = 6;
	memcpy(address, &in6->sin6_addr, 16);
	*port = ntohs(in6->sin6_port);
	return true;
}

/* Lets the worker know a session's ends, so that it does not meter what we export. */
static void publish_own_export(struct resolver *r, const struct transport *t)
{
	struct sockaddr_storage local, remote;
	unsigned n = atomic_load(&r->own_exports->count);
	struct own_export *o = &r->own_exports->entries[n];

	if (!config_is_live(r->config) || n == OWN_EXPORTS_MAX ||
	    !udp_endpoints(t, &local, &remote))
		return;
	if (split_address(&local, &o->ip_version, o->src, &o->src_port) &&
	    split_address(&remote, &o->ip_version, o->dst, &o->dst_port))
		atomic_store_explicit(&r->own_exports->count, n + 1, memory_order_release);
}

/* A collector without an address: offline that is a failure, live it is tried again. */
static void report_unresolved(struct resolver *r, const struct transport *t, int error)
{
	if (config_is_live(r->config)) {
		log_warning("%s: %s: trying again every %llu s", t->name, udp_resolve_error(error),
		    RETRY_NS / NS_PER_S);
		return;
	}
	log_error("%s: %s", t->name, udp_resolve_error(error));
}

/* Looks up the names that have no address yet. How many have none then. */
unsigned resolver_try(struct resolver *r)
{
	unsigned missing = 0;

	for (size_t i = 0; i < r->config->collector_count; i++) {
		struct transport *t = exporter_udp(r->exporter, i);
		int rc;

		if (!t || r->resolved[i])
			continue;
		rc = udp_resolve(t);
		r->resolved[i] = rc == 0;
		if (rc == 0) {
			publish_own_export(r, t);
			continue;
		}
		missing++;
		if (!r->reported)
			report_unresolved(r, t, rc);
	}
	r->reported = true;
	return missing;
}

/* A look-up may take long: while capture runs it has a thread of its own. */
static void *resolver_run(void *arg)
{
	struct resolver *r = arg;
	struct timespec pause = {.tv_sec = RETRY_NS / NS_PER_S};

	do
		nanosleep(&pause, NULL);
	while (resolver_try(r) > 0);
	atomic_store(&r->busy, false);
	return NULL;
}

void resolver_start(struct resolver *r)
{
	pthread_t thread;

	atomic_store(&r->busy, true);
	if (pthread_create(&thread, NULL, resolver_run, r) == 0)
		pthread_detach(thread);
	else
		atomic_store(&r->busy, false);
}

void resolver_init(struct resolver *r, const struct config *config, struct exporter *exporter,
    struct own_exports *own_exports)
{
	*r = (struct resolver){.config = config, .exporter = exporter, .own_exports = own_exports};
}

bool resolver_is_busy(const struct resolver *r)
{
	return atomic_load(&r->busy);
}

/*
 * The two ends of each export session, so that the probe does not meter its own messages.
 *
 * Resolvers write, one after the other; the worker reads at the same time and never waits. Each collector has room
 * for two sessions, its present one and the one before, of which packets may still be on their
 * way; so that a session is known before its first message is sent.
 */
#ifndef SPANFLOW_OWN_EXPORT_H
#define SPANFLOW_OWN_EXPORT_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "conf/config.h"
#include "decode/pktinfo.h"

#define OWN_EXPORT_WORDS 5

/* Ports and IP version, then the addresses; valid while `version` is even and above 0. */
struct own_export {
	atomic_uint version;
	atomic_uint_fast64_t words[OWN_EXPORT_WORDS];
};

struct own_exports {
	atomic_uint count; /* entries that may be in use */
	struct own_export entries[2 * CONFIG_COLLECTORS_MAX];
	unsigned sessions[CONFIG_COLLECTORS_MAX]; /* so far; the resolvers' */
};

/* A resolver: the collector of this number now has a session between these ends. */
void own_exports_publish(struct own_exports *own, unsigned collector,
    const struct sockaddr_storage *local, const struct sockaddr_storage *remote);
/* own_exports_match() where it may be so, in the first `n` entries. */
bool own_exports_search(const struct own_exports *own, const struct pktinfo *info, unsigned n);

/* The worker: whether the packet goes from a session's local end to its remote one. */
static inline bool own_exports_match(const struct own_exports *own, const struct pktinfo *info)
{
	unsigned n;

	if (info->protocol != IPPROTO_UDP)
		return false;
	n = atomic_load_explicit(&own->count, memory_order_acquire);
	return n && own_exports_search(own, info, n);
}

#endif

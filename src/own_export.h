/*
 * The two ends of each export session, so that the probe does not meter its own messages.
 *
 * Resolvers write, one after the other; the worker reads at the same time and never waits. Each collector has room
 * for two sessions, its present one and the one before, of which packets may still be on their
 * way; so that a session is known before its first message is sent. Those of settings that may still be
 * refused are on trial, in a place of their own, until the settings take effect.
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
/* Of a collector: two that take turns, and the one on trial. */
#define OWN_EXPORT_PLACES 3
#define OWN_EXPORT_TRIAL 2
#define OWN_EXPORT_PORT_BIT(port) (1ull << ((port)&63))

/* Ports and IP version, then the addresses; valid while `version` is even and above 0. */
struct own_export {
	atomic_uint version;
	atomic_uint_fast64_t words[OWN_EXPORT_WORDS];
};

struct own_exports {
	/* Bits, by OWN_EXPORT_PORT_BIT(), of the ports that sessions have gone to: most packets' has none. */
	atomic_uint_fast64_t ports;
	atomic_uint count; /* entries that may be in use */
	struct own_export entries[OWN_EXPORT_PLACES * CONFIG_COLLECTORS_MAX];
	/* The resolvers': */
	unsigned sessions[CONFIG_COLLECTORS_MAX]; /* so far */
	const bool *trial;                        /* the latest */
	bool on_trial[CONFIG_COLLECTORS_MAX];     /* has a session in it */
};

/* Sessions are on trial as long as *trial is true, which is for these two functions alone. */
void own_exports_try(struct own_exports *own, bool *trial);
/* They are those of the present from now on. */
void own_exports_settle(struct own_exports *own, bool *trial);
/*
 * A resolver: the collector of this number now has a session between these ends. Nothing where it is of a
 * trial that has been followed by another one.
 */
void own_exports_publish(struct own_exports *own, const bool *trial, unsigned collector,
    const struct sockaddr_storage *local, const struct sockaddr_storage *remote);
/* own_exports_match() where it may be so, in the first `n` entries. */
bool own_exports_search(const struct own_exports *own, const struct pktinfo *info, unsigned n);

/* The worker: whether the packet goes from a session's local end to its remote one. */
static inline bool own_exports_match(const struct own_exports *own, const struct pktinfo *info)
{
	uint64_t ports = atomic_load_explicit(&own->ports, memory_order_acquire);

	if (!(ports & OWN_EXPORT_PORT_BIT(info->head.dst_port)) ||
	    info->head.protocol != IPPROTO_UDP)
		return false;
	return own_exports_search(
	    own, info, atomic_load_explicit(&own->count, memory_order_acquire));
}

#endif

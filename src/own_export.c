#include "own_export.h"

#include <netinet/in.h>
#include <pthread.h>
#include <string.h>

#define DST_PORT_SHIFT 32 /* in the first word */

/* A resolver's thread may still look up for an exporter that a reload has replaced. */
static pthread_mutex_t publishing = PTHREAD_MUTEX_INITIALIZER;

/* The ends as the decoder gives them. False: neither IPv4 nor IPv6. */
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

static void pack(uint64_t words[OWN_EXPORT_WORDS], const struct pktinfo *info)
{
	words[0] = (uint64_t)info->head.dst_port << DST_PORT_SHIFT |
	    (uint64_t)info->head.src_port << 16 | pktinfo_version(info);
	pktinfo_addresses(info, (uint8_t *)(words + 3), (uint8_t *)(words + 1));
}

/*
 * A sequence lock. Every store of a word releases the odd version before it: a reader that has
 * seen one of the new words sees that version, or a later one, when it looks again.
 */
static void write_entry(struct own_export *o, const uint64_t words[OWN_EXPORT_WORDS])
{
	unsigned version = atomic_load_explicit(&o->version, memory_order_relaxed);

	atomic_store_explicit(&o->version, version + 1, memory_order_relaxed);
	for (unsigned i = 0; i < OWN_EXPORT_WORDS; i++)
		atomic_store_explicit(&o->words[i], words[i], memory_order_release);
	atomic_store_explicit(&o->version, version + 2, memory_order_release);
}

static void put(struct own_exports *own, unsigned collector, unsigned place,
    const uint64_t words[OWN_EXPORT_WORDS])
{
	unsigned entry = OWN_EXPORT_PLACES * collector + place;

	write_entry(&own->entries[entry], words);
	if (atomic_load_explicit(&own->count, memory_order_relaxed) <= entry)
		atomic_store_explicit(&own->count, entry + 1, memory_order_release);
	atomic_fetch_or_explicit(
	    &own->ports, OWN_EXPORT_PORT_BIT(words[0] >> DST_PORT_SHIFT), memory_order_release);
}

static void put_present(
    struct own_exports *own, unsigned collector, const uint64_t words[OWN_EXPORT_WORDS])
{
	put(own, collector, own->sessions[collector]++ % 2, words);
}

void own_exports_publish(struct own_exports *own, const bool *trial, unsigned collector,
    const struct sockaddr_storage *local, const struct sockaddr_storage *remote)
{
	uint64_t words[OWN_EXPORT_WORDS];
	struct pktinfo info = {.late = false};
	uint8_t version, src[ADDRESS_OCTETS], dst[ADDRESS_OCTETS];

	if (!split_address(local, &version, src, &info.head.src_port) ||
	    !split_address(remote, &version, dst, &info.head.dst_port))
		return;
	info.head.kind = version;
	pktinfo_set_addresses(&info, src, dst);
	pack(words, &info);
	pthread_mutex_lock(&publishing);
	if (!*trial) {
		put_present(own, collector, words);
	} else if (trial == own->trial) {
		put(own, collector, OWN_EXPORT_TRIAL, words);
		own->on_trial[collector] = true;
	}
	pthread_mutex_unlock(&publishing);
}

void own_exports_try(struct own_exports *own, bool *trial)
{
	pthread_mutex_lock(&publishing);
	*trial = true;
	own->trial = trial;
	memset(own->on_trial, 0, sizeof(own->on_trial));
	pthread_mutex_unlock(&publishing);
}

void own_exports_settle(struct own_exports *own, bool *trial)
{
	uint64_t words[OWN_EXPORT_WORDS];

	pthread_mutex_lock(&publishing);
	for (unsigned i = 0; trial == own->trial && i < CONFIG_COLLECTORS_MAX; i++) {
		const struct own_export *o =
		    &own->entries[OWN_EXPORT_PLACES * i + OWN_EXPORT_TRIAL];

		if (!own->on_trial[i])
			continue;
		for (unsigned k = 0; k < OWN_EXPORT_WORDS; k++)
			words[k] = atomic_load_explicit(&o->words[k], memory_order_relaxed);
		put_present(own, i, words);
	}
	own->trial = NULL;
	*trial = false;
	pthread_mutex_unlock(&publishing);
}

/* One that is being written now belongs to a session that has not begun. */
static bool entry_matches(const struct own_export *o, const uint64_t words[OWN_EXPORT_WORDS])
{
	unsigned version = atomic_load_explicit(&o->version, memory_order_acquire);

	for (unsigned i = 0; i < OWN_EXPORT_WORDS; i++)
		if (atomic_load_explicit(&o->words[i], memory_order_acquire) != words[i])
			return false;
	return version && version % 2 == 0 &&
	    atomic_load_explicit(&o->version, memory_order_relaxed) == version;
}

bool own_exports_search(const struct own_exports *own, const struct pktinfo *info, unsigned n)
{
	uint64_t words[OWN_EXPORT_WORDS];

	pack(words, info);
	for (unsigned i = 0; i < n; i++)
		if (entry_matches(&own->entries[i], words))
			return true;
	return false;
}

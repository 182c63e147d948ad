/*
 * Fragments: the later ones of a datagram take the ports of the first.
 *
 * Which datagram a fragment is of: VLAN, overlay network, addresses, identification and, in IPv4,
 * protocol (RFC 791; RFC 8200 section 4.5). The interface is no part of it, because the fragments
 * of a datagram may come by different ways. What was learnt from a first fragment is good for
 * FRAGMENT_LIFE_NS of the clock.
 *
 * The memory has a fixed size and is hashed with a key that nobody outside knows; a fragment is
 * compared with the FRAGMENT_WAYS datagrams of one bucket, whatever a sender does. Where a bucket
 * is full the oldest gives way. Belongs to the worker.
 */
#ifndef SPANFLOW_METER_FRAG_H
#define SPANFLOW_METER_FRAG_H

#include <stdbool.h>
#include <stdint.h>

#include "decode/pktinfo.h"
#include "util/units.h"

#define FRAGMENT_LIFE_NS (15 * NS_PER_S)
#define FRAGMENT_WAYS 4
#define FRAGMENT_BUCKETS (1u << 14) /* room for 65,536 datagrams */

struct fragments; /* frag.c */

/* NULL: no memory. */
struct fragments *fragments_create(uint64_t seed);
void fragments_destroy(struct fragments *f);

/*
 * Learns from a first fragment; gives a later one the ports, in IPv6 the protocol, the first one's
 * note of a tunnel, and notes of its own. `info` is a fragment's, with its clock_ns, which must not
 * go back from one call to the next. True: a datagram of which more is to come, as far as is known,
 * was forgotten to make room.
 */
bool fragments_apply(struct fragments *f, struct pktinfo *info);

/* The clock starts again: nothing that was learnt before counts any longer. */
void fragments_forget(struct fragments *f);

#endif

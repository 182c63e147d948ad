/*
 * The socket of a session: connected to a collector's address, so that it hears of ICMP refusals, and as the keys
 * of the collector want it (source=, dev=, ttl=, dscp=).
 *
 * From the resolver's thread, before anyone else has the socket; whoever opens it closes it. Errors are put in words
 * here, with what to do about them, and logged by nobody here.
 */
#ifndef SPANFLOW_TRANSPORT_UDP_SOCKET_H
#define SPANFLOW_TRANSPORT_UDP_SOCKET_H

#include <stddef.h>

#include "transport/name.h"
#include "transport/udp.h"

/*
 * The descriptor. Or -errno after writing why into `why`: what socket(2) or connect(2) said, -ENOTCONN where one
 * of the keys cannot be had.
 */
int udp_socket_open(
    const struct udp_options *o, const struct name_address *remote, char *why, size_t why_size);

#endif

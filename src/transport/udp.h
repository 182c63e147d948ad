/*
 * Messages as datagrams, from a connected socket.
 *
 * One is used by two threads, of which neither waits for the other: the exporter's has the operations of
 * transport.h, and the resolver's finds the host's address, again and again, and hands over a socket for each
 * new one. Ports are in host order. Of the exporter's, errors are -errno, which the ledger counts; why there is no
 * connection is put in words for whoever asked.
 */
#ifndef SPANFLOW_TRANSPORT_UDP_H
#define SPANFLOW_TRANSPORT_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "transport/transport.h"

/* How datagrams leave. Zeros and NULL: as the system does it. */
struct udp_options {
	const char *source; /* local address, IPv4 or IPv6 */
	const char *dev;    /* interface or VRF */
	uint8_t ttl;        /* or hop limit */
	uint8_t dscp;
};

/*
 * To host (name or address) and port. `name`, `host` and what `options` points to must outlive
 * it. Nothing is looked up yet.
 */
struct transport *udp_create(
    const char *name, const char *host, uint16_t port, const struct udp_options *options);

/* -- the resolver's --------------------------------------------------------------------------- */

/*
 * Looks the host up. 0: the address is the one that it has. 1: it is new, and a socket is connected to it,
 * which udp_hand_over() gives to the exporter. -EDESTADDRREQ: it has no address, -ENETUNREACH or
 * -EHOSTUNREACH: there is no route to it, another -errno: no socket for it; `why` says what, and what to do;
 * the former address serves on. May take long.
 */
int udp_resolve(struct transport *t, char *why, size_t size);
/* As udp_resolve(), to an address that is known already, and nothing is looked up: 1 or -errno. */
int udp_connect_to(struct transport *t, const struct sockaddr_storage *remote);
/* From the next transport_renew() on messages go to the new address. */
void udp_hand_over(struct transport *t);
/* Both ends of the connection that udp_resolve() made last; false: there is none. */
bool udp_endpoints(
    const struct transport *t, struct sockaddr_storage *local, struct sockaddr_storage *remote);
/* Whether errors since the last call make one doubt the address. */
bool udp_take_doubt(struct transport *t);

#endif

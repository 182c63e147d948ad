/*
 * How messages reach a collector: one set of operations, whatever carries them.
 *
 * A transport belongs to the exporter's thread, but for udp_resolve(), which another may call.
 * None of its calls blocks: what cannot be sent now says so.
 */
#ifndef SPANFLOW_TRANSPORT_TRANSPORT_H
#define SPANFLOW_TRANSPORT_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "export/message.h"

struct transport;

struct transport_ops {
	int (*send)(struct transport *, const struct message *);
	int (*fd)(const struct transport *);
	void (*close)(struct transport *);
};

/* The part that all transports share; it stands first in each of them. */
struct transport {
	const struct transport_ops *ops;
	const char *name; /* for messages: host and port, file, "standard output" */
	bool is_stream;   /* a write that failed leaves it unusable */
	int is_broken;    /* the errno with which opening it failed, which has been said; or 0 */
};

/*
 * 0: the kernel took the message. -EAGAIN: not now, offer the same message again when fd is
 * writable. Another -errno: it will not go.
 */
static inline int transport_send(struct transport *t, const struct message *m)
{
	return t->ops->send(t, m);
}

/* The descriptor to wait on after -EAGAIN, or -1. */
static inline int transport_fd(const struct transport *t)
{
	return t->ops->fd(t);
}

static inline void transport_close(struct transport *t)
{
	if (t)
		t->ops->close(t);
}

/* How datagrams leave. Zeros and NULL: as the system does it. */
struct udp_options {
	const char *source; /* local address, IPv4 or IPv6 */
	const char *dev;    /* interface or VRF */
	uint8_t ttl;        /* or hop limit */
	uint8_t dscp;
};

/* UDP to host (name or address) and port; `name` must outlive it. Nothing is looked up yet. */
struct transport *udp_create(const char *name, const char *host, uint16_t port);
/*
 * Looks the host up and connects; the exporter's next message goes there. May take long and may
 * be called by another thread. 0, or getaddrinfo()'s error, or -errno.
 */
int udp_resolve(struct transport *t);
/* The text for what udp_resolve() returned. */
const char *udp_resolve_error(int error);
/* Both ends of the connection that udp_resolve() made last. False when there is none. */
bool udp_endpoints(
    const struct transport *t, struct sockaddr_storage *local, struct sockaddr_storage *remote);

/*
 * Lines to a file (NULL: standard output). When it cannot be opened is_broken says why, and every
 * send fails with that. NULL: no memory.
 */
struct transport *file_create(const char *name, const char *path);

#endif

#include "transport/transport.h"

#include <errno.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A burst at shutdown, or while the exporter sends faster than the link, waits in the kernel. */
#define SEND_BUFFER (4 << 20)

struct udp {
	struct transport base;
	const char *host;
	char port[6];
	int fd;            /* the exporter's */
	atomic_int new_fd; /* what udp_resolve() made and the exporter has not taken; -1: none */
	int resolved_fd;   /* the resolver's memory of the last one, for udp_endpoints() */
};

/* A new address is taken when it is there; that of the last look-up serves until then. */
static void take_new_fd(struct udp *u)
{
	int fd;

	if (atomic_load_explicit(&u->new_fd, memory_order_relaxed) < 0)
		return;
	fd = atomic_exchange(&u->new_fd, -1);
	if (fd < 0)
		return;
	if (u->fd >= 0)
		close(u->fd);
	u->fd = fd;
}

static int udp_send(struct transport *t, const struct message *m)
{
	struct udp *u = (struct udp *)t;

	take_new_fd(u);
	if (u->fd < 0)
		return -EDESTADDRREQ;
	if (send(u->fd, m->data, m->size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return -errno;
	return 0;
}

static int udp_fd(const struct transport *t)
{
	return ((const struct udp *)t)->fd;
}

static void udp_close(struct transport *t)
{
	struct udp *u = (struct udp *)t;
	int fd = atomic_exchange(&u->new_fd, -1);

	if (fd >= 0)
		close(fd);
	if (u->fd >= 0)
		close(u->fd);
	free(u);
}

static const struct transport_ops udp_ops = {.send = udp_send, .fd = udp_fd, .close = udp_close};

struct transport *udp_create(const char *name, const char *host, uint16_t port)
{
	struct udp *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->base.ops = &udp_ops;
	u->base.name = name;
	u->host = host;
	snprintf(u->port, sizeof(u->port), "%u", port);
	u->fd = -1;
	u->resolved_fd = -1;
	atomic_init(&u->new_fd, -1);
	return &u->base;
}

/* A connected socket hears of ICMP refusals. The first address that has a route is taken. */
static int connect_first(const struct addrinfo *list)
{
	int size = SEND_BUFFER;
	int error = EHOSTUNREACH;

	for (const struct addrinfo *a = list; a; a = a->ai_next) {
		int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);

		if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) == 0) {
			setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
			return fd;
		}
		error = errno;
		if (fd >= 0)
			close(fd);
	}
	return -error;
}

int udp_resolve(struct transport *t)
{
	struct udp *u = (struct udp *)t;
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *list;
	int rc = getaddrinfo(u->host, u->port, &hints, &list);
	int old;

	if (rc)
		return rc == EAI_SYSTEM ? -errno : rc;
	rc = connect_first(list);
	freeaddrinfo(list);
	if (rc < 0)
		return rc;
	u->resolved_fd = rc;
	old = atomic_exchange(&u->new_fd, rc);
	if (old >= 0)
		close(old);
	return 0;
}

/* EAI_ codes are negative in glibc, too, but no errno that a socket gives here is as small. */
const char *udp_resolve_error(int error)
{
	switch (error) {
	case EAI_NONAME:
		return "no such name: check it, or give an address";
	case EAI_AGAIN:
	case EAI_BADFLAGS:
	case EAI_FAIL:
	case EAI_FAMILY:
	case EAI_MEMORY:
	case EAI_SERVICE:
	case EAI_SOCKTYPE:
#ifdef EAI_NODATA
	case EAI_NODATA:
#endif
		return gai_strerror(error);
	default:
		return strerror(-error);
	}
}

bool udp_endpoints(
    const struct transport *t, struct sockaddr_storage *local, struct sockaddr_storage *remote)
{
	const struct udp *u = (const struct udp *)t;
	socklen_t local_size = sizeof(*local), remote_size = sizeof(*remote);

	return u->resolved_fd >= 0 &&
	    getsockname(u->resolved_fd, (struct sockaddr *)local, &local_size) == 0 &&
	    getpeername(u->resolved_fd, (struct sockaddr *)remote, &remote_size) == 0;
}

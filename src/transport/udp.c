#include "transport/udp.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "transport/batch.h"
#include "transport/name.h"
#include "transport/udp_socket.h"

/* So many errors are taken off a socket at a time, so that nobody can keep the exporter busy. */
#define ERRORS_MAX 256

struct udp {
	struct transport base;
	struct udp_options options;
	const char *host;
	uint16_t port;
	int fd; /* the exporter's */
	struct batch batch;
	int unheard;       /* the errno of an answer that stopped a batch, not told yet; or 0 */
	atomic_int new_fd; /* handed over and not taken by the exporter; -1: none */
	atomic_bool doubt; /* the exporter had errors that a new address may cure */

	/* The resolver's. */
	int made_fd; /* connected and not handed over; -1: none */
	bool has_ends;
	struct sockaddr_storage local, remote; /* of the last one that was made */
};

/* -- the exporter's --------------------------------------------------------------------------- */

static bool is_from_the_network(const struct sock_extended_err *e)
{
	return e->ee_origin == SO_EE_ORIGIN_ICMP || e->ee_origin == SO_EE_ORIGIN_ICMP6;
}

/* The error in an answer that the kernel has kept; 0: none that came over the network. */
static int error_in(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		struct sock_extended_err e;

		if (!(c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) &&
		    !(c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
			continue;
		memcpy(&e, CMSG_DATA(c), sizeof(e));
		if (is_from_the_network(&e))
			return (int)e.ee_errno;
	}
	return 0;
}

/* Takes the kept answers to earlier messages off the socket. The last one's error, 0: none. */
static int take_answers(int fd)
{
	int error = 0;

	for (unsigned i = 0; i < ERRORS_MAX; i++) {
		_Alignas(struct cmsghdr) char control[256];
		struct msghdr msg = {.msg_control = control, .msg_controllen = sizeof(control)};
		int one;

		if (recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			break;
		one = error_in(&msg);
		if (one)
			error = one;
	}
	return error;
}

static int failed(struct udp *u, int error)
{
	if (error != EAGAIN && error != ENOBUFS && error != EMSGSIZE)
		atomic_store_explicit(&u->doubt, true, memory_order_relaxed);
	return -error;
}

static int take_unheard(struct udp *u)
{
	int error = u->unheard;

	u->unheard = 0;
	return error;
}

/*
 * An answer that stops a batch behind its first message is lost to the caller of sendmmsg(): it is
 * told at the next call, as it would have been had that message been sent by itself.
 */
static int udp_send_many(struct transport *t, const struct message *messages, unsigned count)
{
	struct udp *u = (struct udp *)t;
	int went;

	t->earlier = u->unheard != 0;
	if (t->earlier)
		return failed(u, take_unheard(u));
	if (u->fd < 0)
		return -EDESTADDRREQ;
	went = batch_send(&u->batch, u->fd, messages, count);
	if (went > 0 && (unsigned)went < count)
		u->unheard = take_answers(u->fd);
	if (went > 0 || went == -EAGAIN)
		return went;
	t->earlier = take_answers(u->fd) != 0;
	return failed(u, -went);
}

static int udp_send(struct transport *t, const struct message *m)
{
	int rc = udp_send_many(t, m, 1);

	return rc > 0 ? 0 : rc;
}

static int udp_error(struct transport *t)
{
	struct udp *u = (struct udp *)t;
	int error, pending = 0;
	socklen_t size = sizeof(pending);

	if (u->fd < 0)
		return 0;
	error = take_unheard(u);
	if (!error)
		error = take_answers(u->fd);
	if (getsockopt(u->fd, SOL_SOCKET, SO_ERROR, &pending, &size) == 0 && !error)
		error = pending;
	return error ? failed(u, error) : 0;
}

static bool udp_renew(struct transport *t, struct sockaddr_storage *local)
{
	struct udp *u = (struct udp *)t;
	socklen_t size = sizeof(*local);
	int fd;

	if (atomic_load_explicit(&u->new_fd, memory_order_relaxed) < 0)
		return false;
	fd = atomic_exchange(&u->new_fd, -1);
	if (fd < 0)
		return false;
	if (u->fd >= 0)
		close(u->fd);
	u->fd = fd;
	u->unheard = 0;
	batch_init(&u->batch, fd);
	memset(local, 0, sizeof(*local));
	getsockname(fd, (struct sockaddr *)local, &size);
	return true;
}

static int udp_fd(const struct transport *t)
{
	return ((const struct udp *)t)->fd;
}

static void close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void udp_close(struct transport *t)
{
	struct udp *u = (struct udp *)t;

	close_if_open(atomic_exchange(&u->new_fd, -1));
	close_if_open(u->made_fd);
	close_if_open(u->fd);
	free(u);
}

static const struct transport_ops udp_ops = {
    .send = udp_send,
    .send_many = udp_send_many,
    .fd = udp_fd,
    .close = udp_close,
    .error = udp_error,
    .renew = udp_renew,
};

struct transport *udp_create(
    const char *name, const char *host, uint16_t port, const struct udp_options *options)
{
	struct udp *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->base.ops = &udp_ops;
	u->base.name = name;
	u->options = *options;
	u->host = host;
	u->base.is_fixed = name_is_address(host);
	u->port = port;
	u->fd = -1;
	u->made_fd = -1;
	atomic_init(&u->new_fd, -1);
	atomic_init(&u->doubt, false);
	return &u->base;
}

/* -- the resolver's --------------------------------------------------------------------------- */

static bool contains_present(const struct udp *u, const struct name_addresses *found)
{
	for (unsigned i = 0; u->has_ends && i < found->count; i++)
		if (memcmp(&found->list[i].storage, &u->remote, found->list[i].size) == 0)
			return true;
	return false;
}

/* The first address that has a route is taken. 1, or -errno after writing why. */
static int make_connection(
    struct udp *u, const struct name_addresses *found, char *why, size_t why_size)
{
	socklen_t size = sizeof(u->local);
	int fd = -EDESTADDRREQ;
	unsigned i = 0;

	while (i < found->count &&
	    (fd = udp_socket_open(&u->options, &found->list[i], why, why_size)) < 0)
		i++;
	if (fd < 0)
		return fd;
	close_if_open(u->made_fd);
	u->made_fd = fd;
	u->remote = found->list[i].storage;
	u->has_ends = getsockname(fd, (struct sockaddr *)&u->local, &size) == 0;
	return 1;
}

/* Where messages are to leave from one address, those of its family are of use alone. */
static int family_of_source(const struct udp *u)
{
	if (!u->options.source)
		return AF_UNSPEC;
	return strchr(u->options.source, ':') ? AF_INET6 : AF_INET;
}

int udp_resolve(struct transport *t, char *why, size_t size)
{
	struct udp *u = (struct udp *)t;
	struct name_query query = {.host = u->host, .port = u->port, .family = family_of_source(u)};
	struct name_addresses found;
	int rc = name_find(&query, &found);

	if (rc) {
		snprintf(why, size, "%s", name_error(rc));
		return -EDESTADDRREQ;
	}
	return contains_present(u, &found) ? 0 : make_connection(u, &found, why, size);
}

int udp_connect_to(struct transport *t, const struct sockaddr_storage *remote)
{
	struct name_addresses one = {.count = 1};
	char why[1];

	one.list[0].storage = *remote;
	one.list[0].size = remote->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
							 : sizeof(struct sockaddr_in);
	return make_connection((struct udp *)t, &one, why, sizeof(why));
}

void udp_hand_over(struct transport *t)
{
	struct udp *u = (struct udp *)t;

	close_if_open(atomic_exchange(&u->new_fd, u->made_fd));
	u->made_fd = -1;
}

bool udp_endpoints(
    const struct transport *t, struct sockaddr_storage *local, struct sockaddr_storage *remote)
{
	const struct udp *u = (const struct udp *)t;

	*local = u->local;
	*remote = u->remote;
	return u->has_ends;
}

bool udp_take_doubt(struct transport *t)
{
	return atomic_exchange(&((struct udp *)t)->doubt, false);
}

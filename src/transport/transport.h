/*
 * How messages reach a collector: one set of operations, whatever carries them.
 *
 * A transport belongs to the exporter's thread, but for the udp_ calls of the resolver's, which
 * are marked. None of the others blocks: what cannot be sent now says so.
 */
#ifndef SPANFLOW_TRANSPORT_TRANSPORT_H
#define SPANFLOW_TRANSPORT_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "export/message.h"

struct transport;

/* So many messages are sent by one call at most. */
#define SEND_MANY_MAX 64

struct transport_ops {
	int (*send)(struct transport *, const struct message *);
	/* NULL: one by one */
	int (*send_many)(struct transport *, const struct message *, unsigned count);
	int (*fd)(const struct transport *);
	void (*close)(struct transport *);
	int (*error)(struct transport *);                                  /* NULL: none comes */
	bool (*renew)(struct transport *, struct sockaddr_storage *local); /* NULL: never */
	void (*abandon)(struct transport *); /* NULL: messages go whole, or stay out */
};

/* The part that all transports share; it stands first in each of them. */
struct transport {
	const struct transport_ops *ops;
	const char *name; /* for messages: host and port, file, "standard output" */
	bool is_stream;   /* a write that failed leaves it unusable */
	bool is_fixed;    /* it is an address, the same whenever it is looked up */
	bool earlier;     /* the error of the last send was that of an earlier message */
	bool is_behind;   /* lines: others stand in the file already */
	bool waits;       /* where a disk is full there may be room later: the same message again */
	int is_broken;    /* the errno with which opening it failed, which has been said; or 0 */
};

/*
 * 0: the kernel took the message. -EAGAIN: not now, offer the same message again when fd is
 * writable. Another -errno: it will not go; with `earlier` set it has not been tried.
 */
static inline int transport_send(struct transport *t, const struct message *m)
{
	return t->ops->send(t, m);
}

/*
 * Sends messages in order, at least one. How many of the first ones the kernel took, which may be
 * fewer than were offered; or what transport_send() would have said of the first.
 */
static inline int transport_send_many(
    struct transport *t, const struct message *messages, unsigned count)
{
	int rc;

	if (count > 1 && t->ops->send_many)
		return t->ops->send_many(t, messages, count);
	rc = t->ops->send(t, messages);
	return rc ? rc : 1;
}

/* The descriptor to wait on after -EAGAIN, and for errors between messages; or -1. */
static inline int transport_fd(const struct transport *t)
{
	return t->ops->fd(t);
}

/* Takes an error that came since the last message, as -errno; 0: none. */
static inline int transport_error(struct transport *t)
{
	return t->ops->error ? t->ops->error(t) : 0;
}

/*
 * Takes over a new connection where there is one: what is sent from now on goes there, from the
 * address `local`. False: nothing has changed.
 */
static inline bool transport_renew(struct transport *t, struct sockaddr_storage *local)
{
	return t->ops->renew && t->ops->renew(t, local);
}

/* The message that was offered last will not be again: what went of it is taken back, where that can be. */
static inline void transport_abandon(struct transport *t)
{
	if (t->ops->abandon)
		t->ops->abandon(t);
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

/*
 * UDP to host (name or address) and port. `name`, `host` and what `options` points to must outlive
 * it. Nothing is looked up yet.
 */
struct transport *udp_create(
    const char *name, const char *host, uint16_t port, const struct udp_options *options);

/*
 * The resolver's: looks the host up. 0: the address is the one that it has. 1: it is new, and a
 * socket is connected to it, which udp_hand_over() gives to the exporter. -EDESTADDRREQ: it has no
 * address, -ENETUNREACH or -EHOSTUNREACH: there is no route to it, another -errno: no socket for it;
 * `why` says what, and what to do; the former address serves on. May take long.
 */
int udp_resolve(struct transport *t, char *why, size_t size);
/* As udp_resolve(), to an address that is known already, and nothing is looked up: 1 or -errno. */
int udp_connect_to(struct transport *t, const struct sockaddr_storage *remote);
/* The resolver's: from the next transport_renew() on messages go to the new address. */
void udp_hand_over(struct transport *t);
/* The resolver's: both ends of the connection that udp_resolve() made last; false: there is none. */
bool udp_endpoints(
    const struct transport *t, struct sockaddr_storage *local, struct sockaddr_storage *remote);
/* The resolver's: whether errors since the last call make one doubt the address. */
bool udp_take_doubt(struct transport *t);

/*
 * Lines to a file (NULL: standard output), which begins anew unless it `appends`. When it cannot be opened
 * is_broken says why, and every send fails with that. NULL: no memory.
 */
struct transport *file_create(const char *name, const char *path, bool appends);
/*
 * From any thread: whether the path stands for another file by now, as when that was moved to begin a new one,
 * which is made then; or for one that could not be opened before, and can.
 */
bool file_has_moved(const struct transport *t, const char *path);
/*
 * From now on files to append to are opened by `open_path`, where the program may not any more: a descriptor
 * to append to, or -errno. NULL: as at first.
 */
void file_open_by(int (*open_path)(void *ctx, const char *path), void *ctx);

#endif

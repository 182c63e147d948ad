/*
 * How messages reach a collector: one set of operations, whatever carries them (udp.h, file.h).
 *
 * A transport belongs to the exporter's thread, and no operation waits for who reads: what cannot be sent now
 * says so. A disk that hangs, as one behind a network may, is waited for. What another thread may call of one stands in its header.
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
	void (*abandon)(struct transport *);         /* NULL: messages go whole, or stay out */
	bool (*is_behind)(const struct transport *); /* NULL: never */
};

/* The part that all transports share; it stands first in each of them. */
struct transport {
	const struct transport_ops *ops;
	const char *name; /* for messages: host and port, file, "standard output" */
	bool is_stream;   /* a write that failed leaves it unusable */
	bool is_fixed;    /* it is an address, the same whenever it is looked up */
	bool earlier;     /* the error of the last send was that of an earlier message */
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

/* Whether there is something where the next message goes. */
static inline bool transport_is_behind(const struct transport *t)
{
	return t->ops->is_behind && t->ops->is_behind(t);
}

static inline void transport_close(struct transport *t)
{
	if (t)
		t->ops->close(t);
}

#endif

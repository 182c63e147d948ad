/*
 * Several datagrams in one system call. Messages of one size, of which the last may be shorter,
 * go through the kernel as one (UDP segmentation offload), which costs a third of the time;
 * sendmmsg() takes several such runs, and messages that have no company.
 */
#ifndef SPANFLOW_TRANSPORT_BATCH_H
#define SPANFLOW_TRANSPORT_BATCH_H

#include <stdbool.h>

#include "export/message.h"

/* What a socket can do, as far as is known. */
struct batch {
	bool segments;
	bool many;
};

/* Asks the socket: a kernel that does not know of segments would send a run as one datagram. */
void batch_init(struct batch *b, int fd);
/*
 * Sends them in order. How many of the first ones the kernel took, at least one; or -errno, for
 * which the first was not sent. What stops a later one shows when it is the first. What the
 * socket turns out not to do is not tried on it again.
 */
int batch_send(struct batch *b, int fd, const struct message *messages, unsigned count);

#endif

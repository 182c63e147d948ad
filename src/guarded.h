/*
 * SPINE: what a sealed program asks of its helper process (guard.h). From any thread; each call waits for the
 * answer. -EPIPE says that the helper has ended, -ETIMEDOUT that what was asked for takes too long: names a minute or,
 * in filters, some seconds, the rest ten.
 */
#ifndef SPANFLOW_GUARDED_H
#define SPANFLOW_GUARDED_H

#include <stdint.h>

#include "capture/packet_socket.h"
#include "capture/source.h"

struct guarded_interface {
	unsigned number; /* in the settings */
	unsigned worker;
	const char *name; /* by now */
};

/* A packet socket as packet_socket_open() has it, which is shut. The first worker begins anew. */
int guarded_open(int guard, const struct guarded_interface *interface, struct packet_socket *out);
/* Before an interface is captured: offloads_look() by the helper, which puts back what it changed. */
void guarded_offloads(int guard, const struct guarded_interface *interface);

/* From now on the helper opens the configuration file, opens outputs, finds names and compiles filters. */
void guarded_take_over(int guard);

#endif

/*
 * What the kernel knows of network interfaces, asked through libnl (route netlink).
 */
#ifndef SPANFLOW_CAPTURE_IFACE_H
#define SPANFLOW_CAPTURE_IFACE_H

#include <stdint.h>

/* The ifIndex of the interface `name`. 0, -ENODEV when there is none, or another -errno. */
int iface_index(const char *name, uint32_t *index);

/* 0: it is there and up; -ENETDOWN: it is down; -ENODEV: it is not there; or another -errno. */
int iface_state(uint32_t index);

/*
 * How many packets it has received so far that it had no room for. 0 or -errno. It may have to wait for whoever
 * changes interfaces just now.
 */
int iface_missed(uint32_t index, uint64_t *missed);

struct iface {
	uint32_t index;
	const char *name;
	const char *alias; /* what the administrator says of it; NULL: nothing */
};

/* Calls `fn` with each interface of the machine, in the kernel's order. 0 or -errno. */
int iface_each(void (*fn)(void *ctx, const struct iface *iface), void *ctx);

#endif

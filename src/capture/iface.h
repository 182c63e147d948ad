/*
 * What the kernel knows of network interfaces, asked through libnl (route netlink).
 */
#ifndef SPANFLOW_CAPTURE_IFACE_H
#define SPANFLOW_CAPTURE_IFACE_H

#include <stdint.h>

/* The ifIndex of the interface `name`. 0, -ENODEV when there is none, or another -errno. */
int iface_index(const char *name, uint32_t *index);

#endif

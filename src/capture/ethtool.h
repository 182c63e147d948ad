/*
 * What the kernel tells of interfaces by ethtool's family of generic netlink (Linux 5.6), by libnl.
 */
#ifndef SPANFLOW_CAPTURE_ETHTOOL_H
#define SPANFLOW_CAPTURE_ETHTOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ethtool;

/* 0, -EOPNOTSUPP where the kernel has no such family, or another -errno. */
int ethtool_open(struct ethtool **out);
void ethtool_close(struct ethtool *e);

/* How fast the interface is, in Mbit/s; 0: not known. `e` may be NULL. */
uint32_t ethtool_speed(struct ethtool *e, uint32_t index);

/* A feature of an interface, by the kernel's name for it. */
struct ethtool_feature {
	const char *name;
	bool on;
};

/* Sets `on` of each feature to whether the interface has it on. 0 or -errno. */
int ethtool_features(
    struct ethtool *e, uint32_t index, struct ethtool_feature *features, size_t count);
/*
 * Asks for the features to be as `on` says. 0 or -errno (-EPERM); a driver may refuse without an error:
 * ethtool_features() tells.
 */
int ethtool_set_features(
    struct ethtool *e, uint32_t index, const struct ethtool_feature *features, size_t count);

#endif

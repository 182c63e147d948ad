/*
 * SPINE: the interfaces that records name by their index, for options data.
 */
#ifndef SPANFLOW_INTERFACES_H
#define SPANFLOW_INTERFACES_H

#include <stddef.h>

#include "conf/config.h"
#include "live_watch.h"

struct interface_list {
	struct interface_info *entries; /* one an index */
	size_t count;
};

/*
 * Those that packets are captured on, or one that stands for the files; and the port map's names,
 * which replace an entry of the same index. Files give the same list on every machine. 0 or
 * -ENOMEM. `watch` knows how captured interfaces are called, and which they are; NULL: the machine does.
 */
int interfaces_list(
    struct interface_list *l, const struct config *c, const struct live_watch *watch);
void interfaces_fini(struct interface_list *l);

#endif

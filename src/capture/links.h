/*
 * The machine's network interfaces as they are now, and what becomes of them: route netlink, by libnl.
 *
 * Belongs to one thread. The kernel says what changes; links_fd() is readable then, and links_read()
 * brings the table up to date. Where the kernel had more to say than there was room for, the table is
 * read anew and compared, so that nothing is missed but what has changed back meanwhile.
 */
#ifndef SPANFLOW_CAPTURE_LINKS_H
#define SPANFLOW_CAPTURE_LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINK_NAME_SIZE 16 /* of Linux (IFNAMSIZ), with the 0 at its end */
#define LINK_ALIAS_SIZE 256
#define LINK_MAC_SIZE 6

struct link {
	uint32_t index;
	char name[LINK_NAME_SIZE];
	char alias[LINK_ALIAS_SIZE]; /* what the administrator says of it, or "" */
	uint8_t mac[LINK_MAC_SIZE];  /* zeros where it has none of this size */
	uint32_t mtu;
	bool is_up; /* by the administrator */
	bool has_carrier;
	bool is_loopback;
};

/* SAME: the kernel has told of it, and it may have changed in what stands nowhere here. */
enum link_change { LINK_NEW, LINK_CHANGED, LINK_SAME, LINK_GONE };

/* Called by links_read(); `link` is lent, for the time of the call. */
typedef void links_fn(void *ctx, enum link_change change, const struct link *link);

struct links;

/* Reads the table. 0 or -errno. */
int links_open(struct links **out);
void links_close(struct links *l);

int links_fd(const struct links *l);
/* Takes what the kernel has said, and tells `fn` of what. Never waits. 0 or -errno. */
int links_read(struct links *l, links_fn *fn, void *ctx);

/* Lent until the next links_read(); NULL: there is none. */
const struct link *links_by_index(const struct links *l, uint32_t index);
const struct link *links_by_name(const struct links *l, const char *name);

#endif

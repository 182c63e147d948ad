#include "capture/links.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "capture/netlink.h"

/* Some hundred messages; more than that is read anew. */
#define EVENT_BUFFER (256 << 10)
/* A table that changes while it is read is read again, but not for ever. */
#define DUMP_TRIES 8
/* In one call: should it be memory that lacks, the next one goes on. */
#define MISSES_MAX 16

struct entry {
	struct link link;
	bool seen; /* by the dump that is going on */
};

struct links {
	struct nl_sock *events;
	struct nl_sock *requests;
	struct entry *entries;
	size_t count;
	size_t room;
	links_fn *fn;
	void *ctx;
	int error;     /* of what was read */
	bool is_stale; /* something was not read: the table is to be read anew */
};

/* -- the table -------------------------------------------------------------------------------- */

static struct entry *find(const struct links *l, uint32_t index)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->entries[i].link.index == index)
			return &l->entries[i];
	return NULL;
}

static struct entry *add(struct links *l)
{
	if (l->count == l->room) {
		size_t room = l->room ? 2 * l->room : 16;
		struct entry *entries = realloc(l->entries, room * sizeof(*entries));

		if (!entries) {
			l->error = -ENOMEM;
			return NULL;
		}
		l->entries = entries;
		l->room = room;
	}
	return &l->entries[l->count++];
}

static void tell(const struct links *l, enum link_change change, const struct link *link)
{
	if (l->fn)
		l->fn(l->ctx, change, link);
}

static void put(struct links *l, const struct link *link)
{
	struct entry *e = find(l, link->index);
	enum link_change change = e ? LINK_CHANGED : LINK_NEW;

	if (e && memcmp(&e->link, link, sizeof(*link)) == 0) {
		e->seen = true;
		tell(l, LINK_SAME, link);
		return;
	}
	if (!e)
		e = add(l);
	if (!e)
		return;
	*e = (struct entry){.link = *link, .seen = true};
	tell(l, change, link);
}

static void take_out(struct links *l, struct entry *e)
{
	struct link link = e->link;

	*e = l->entries[--l->count];
	tell(l, LINK_GONE, &link);
}

/* -- messages --------------------------------------------------------------------------------- */

static void copy_text(char *out, size_t size, const struct nlattr *attribute)
{
	if (attribute)
		nla_strlcpy(out, attribute, size);
}

static void parse(const struct ifinfomsg *head, struct nlattr *const attributes[], struct link *out)
{
	const struct nlattr *mac = attributes[IFLA_ADDRESS];
	const struct nlattr *mtu = attributes[IFLA_MTU], *carrier = attributes[IFLA_CARRIER];

	/* All of it, padding too: entries are compared as they are. */
	memset(out, 0, sizeof(*out));
	out->index = (uint32_t)head->ifi_index;
	out->is_up = head->ifi_flags & IFF_UP;
	out->is_loopback = head->ifi_flags & IFF_LOOPBACK;
	out->has_carrier = carrier ? nla_get_u8(carrier) : (head->ifi_flags & IFF_RUNNING) != 0;
	copy_text(out->name, sizeof(out->name), attributes[IFLA_IFNAME]);
	copy_text(out->alias, sizeof(out->alias), attributes[IFLA_IFALIAS]);
	if (mac && nla_len(mac) == sizeof(out->mac))
		memcpy(out->mac, nla_data(mac), sizeof(out->mac));
	if (mtu)
		out->mtu = nla_get_u32(mtu);
}

/* Others than AF_UNSPEC tell of an interface as a bridge's port: that one is no longer one, say. */
static int take_message(struct nl_msg *msg, void *links)
{
	struct links *l = links;
	struct nlmsghdr *header = nlmsg_hdr(msg);
	const struct ifinfomsg *head = nlmsg_data(header);
	struct nlattr *attributes[IFLA_MAX + 1];
	struct link link;
	struct entry *e;

	if (nlmsg_parse(header, sizeof(*head), attributes, IFLA_MAX, NULL) < 0 ||
	    head->ifi_family != AF_UNSPEC)
		return NL_OK;
	if (header->nlmsg_type == RTM_NEWLINK) {
		parse(head, attributes, &link);
		put(l, &link);
	} else if (header->nlmsg_type == RTM_DELLINK) {
		e = find(l, (uint32_t)head->ifi_index);
		if (e)
			take_out(l, e);
	}
	return NL_OK;
}

/* -- reading anew ----------------------------------------------------------------------------- */

static struct nl_msg *make_request(void)
{
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETLINK, NLM_F_DUMP);
	struct ifinfomsg head = {.ifi_family = AF_UNSPEC};

	if (msg &&
	    (nlmsg_append(msg, &head, sizeof(head), NLMSG_ALIGNTO) < 0 ||
		nla_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS) < 0)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

static int dump(struct links *l)
{
	int rc = -EINTR;

	for (unsigned i = 0; rc == -EINTR && i < DUMP_TRIES; i++) {
		for (size_t k = 0; k < l->count; k++)
			l->entries[k].seen = false;
		rc = netlink_ask(l->requests, make_request(), take_message, l);
	}
	if (rc)
		return rc;
	for (size_t k = l->count; k-- > 0;)
		if (!l->entries[k].seen)
			take_out(l, &l->entries[k]);
	return l->error;
}

/* -- life ------------------------------------------------------------------------------------- */

/* What the kernel says by itself has no number. */
static int accept_any(struct nl_msg *msg, void *ctx)
{
	(void)msg;
	(void)ctx;
	return NL_OK;
}

static int listen_to_events(struct links *l)
{
	int rc = netlink_connect(NETLINK_ROUTE, &l->events);

	if (rc)
		return rc;
	nl_socket_modify_cb(l->events, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, accept_any, NULL);
	nl_socket_modify_cb(l->events, NL_CB_VALID, NL_CB_CUSTOM, take_message, l);
	nl_socket_set_buffer_size(l->events, EVENT_BUFFER, 0);
	rc = nl_socket_set_nonblocking(l->events);
	if (rc == 0)
		rc = nl_socket_add_memberships(l->events, RTNLGRP_LINK, 0);
	return netlink_errno(rc);
}

/* Events are listened to before the table is read: in between nothing is missed. */
int links_open(struct links **out)
{
	struct links *l = calloc(1, sizeof(*l));
	int rc;

	if (!l)
		return -ENOMEM;
	rc = listen_to_events(l);
	if (rc == 0)
		rc = netlink_connect(NETLINK_ROUTE, &l->requests);
	if (rc == 0)
		rc = dump(l);
	if (rc) {
		links_close(l);
		return rc;
	}
	*out = l;
	return 0;
}

void links_close(struct links *l)
{
	if (!l)
		return;
	nl_socket_free(l->events);
	nl_socket_free(l->requests);
	free(l->entries);
	free(l);
}

int links_fd(const struct links *l)
{
	return nl_socket_get_fd(l->events);
}

/* libnl calls ENOBUFS what it calls ENOMEM; either way something was not read. */
int links_read(struct links *l, links_fn *fn, void *ctx)
{
	unsigned missed = 0;
	int rc;

	l->fn = fn;
	l->ctx = ctx;
	l->error = 0;
	do {
		rc = netlink_errno(nl_recvmsgs_default(l->events));
		missed += rc == -ENOMEM;
	} while (rc == 0 || (rc == -ENOMEM && missed < MISSES_MAX));
	l->is_stale |= missed || l->error;
	if (rc == -EAGAIN || missed)
		rc = 0;
	if (l->is_stale) {
		l->error = 0;
		rc = dump(l);
		l->is_stale = rc != 0;
	}
	l->fn = NULL;
	return rc;
}

const struct link *links_by_index(const struct links *l, uint32_t index)
{
	const struct entry *e = find(l, index);

	return e ? &e->link : NULL;
}

const struct link *links_by_name(const struct links *l, const char *name)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->entries[i].link.name, name) == 0)
			return &l->entries[i].link;
	return NULL;
}

#include "capture/iface.h"

#include <errno.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/socket.h>
#include <stdbool.h>

#include "capture/netlink.h"

/* A name that cannot be one is none that there is. */
static int errno_of(int nl_error)
{
	int rc = netlink_errno(nl_error);

	return rc == -ERANGE || rc == -EINVAL ? -ENODEV : rc;
}

int iface_index(const char *name, uint32_t *index)
{
	struct nl_sock *sock = nl_socket_alloc();
	struct rtnl_link *link = NULL;
	int rc;

	if (!sock)
		return -ENOMEM;
	rc = nl_connect(sock, NETLINK_ROUTE);
	if (rc == 0)
		rc = rtnl_link_get_kernel(sock, 0, name, &link);
	if (rc == 0)
		*index = (uint32_t)rtnl_link_get_ifindex(link);
	rtnl_link_put(link);
	nl_socket_free(sock);
	return rc == 0 ? 0 : errno_of(rc);
}

int iface_state(uint32_t index)
{
	struct nl_sock *sock = NULL;
	struct rtnl_link *link = NULL;
	bool is_up;
	int rc = netlink_connect(NETLINK_ROUTE, &sock);

	if (rc)
		return rc;
	rc = rtnl_link_get_kernel(sock, (int)index, NULL, &link);
	is_up = rc == 0 && rtnl_link_get_flags(link) & IFF_UP;
	rtnl_link_put(link);
	nl_socket_free(sock);
	if (rc)
		return errno_of(rc);
	return is_up ? 0 : -ENETDOWN;
}

int iface_missed(uint32_t index, uint64_t *missed)
{
	struct nl_sock *sock = NULL;
	struct rtnl_link *link = NULL;
	int rc = netlink_connect(NETLINK_ROUTE, &sock);

	if (rc)
		return rc;
	rc = rtnl_link_get_kernel(sock, (int)index, NULL, &link);
	if (rc == 0)
		*missed = rtnl_link_get_stat(link, RTNL_LINK_RX_MISSED_ERR) +
		    rtnl_link_get_stat(link, RTNL_LINK_RX_FIFO_ERR);
	rtnl_link_put(link);
	nl_socket_free(sock);
	return rc ? errno_of(rc) : 0;
}

struct visit {
	void (*fn)(void *ctx, const struct iface *iface);
	void *ctx;
};

static void visit_link(struct nl_object *object, void *arg)
{
	struct rtnl_link *link = (struct rtnl_link *)object;
	const struct visit *v = arg;
	struct iface iface = {.index = (uint32_t)rtnl_link_get_ifindex(link),
	    .name = rtnl_link_get_name(link),
	    .alias = rtnl_link_get_ifalias(link)};

	if (iface.name)
		v->fn(v->ctx, &iface);
}

int iface_each(void (*fn)(void *ctx, const struct iface *iface), void *ctx)
{
	struct nl_sock *sock = nl_socket_alloc();
	struct visit v = {fn, ctx};
	struct nl_cache *cache = NULL;
	int rc;

	if (!sock)
		return -ENOMEM;
	rc = nl_connect(sock, NETLINK_ROUTE);
	if (rc == 0)
		rc = rtnl_link_alloc_cache(sock, AF_UNSPEC, &cache);
	if (rc == 0) {
		nl_cache_foreach(cache, visit_link, &v);
		nl_cache_put(cache);
	}
	nl_socket_free(sock);
	return rc == 0 ? 0 : errno_of(rc);
}

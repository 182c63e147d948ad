#include "transport/udp_socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport/failure.h"

/* A burst at shutdown, or while the exporter sends faster than the link, waits in the kernel. */
#define SEND_BUFFER (4 << 20)

/* Where a failure is put in words, with what to do about it. */
struct why {
	char *text;
	size_t size;
	int error;
};

static int say_why(const struct why *w, const char *key, const char *value, const char *advice)
{
	snprintf(w->text, w->size, "%s=%s: %s%s", key, value, strerror(errno), advice);
	return -1;
}

/* Sets one option of the socket, which the key asked for. */
static int set_number(
    const struct why *w, int fd, int level, int option, const char *key, int value)
{
	char text[16];

	if (setsockopt(fd, level, option, &value, sizeof(value)) == 0)
		return 0;
	snprintf(text, sizeof(text), "%d", value);
	return say_why(w, key, text, "");
}

/*
 * Time to live and type of service. A multicast group has a time to live of its own. ICMP that is
 * no refusal (host unreachable) is only told to those who ask for it.
 */
static int set_ip_options(const struct udp_options *o, int fd, int family, const struct why *w)
{
	bool v4 = family == AF_INET;
	int level = v4 ? IPPROTO_IP : IPPROTO_IPV6, one = 1, rc = 0;

	setsockopt(fd, level, v4 ? IP_RECVERR : IPV6_RECVERR, &one, sizeof(one));
	if (o->ttl) {
		rc = set_number(w, fd, level, v4 ? IP_TTL : IPV6_UNICAST_HOPS, "ttl", o->ttl);
		if (rc == 0)
			rc = set_number(w, fd, level, v4 ? IP_MULTICAST_TTL : IPV6_MULTICAST_HOPS,
			    "ttl", o->ttl);
	}
	if (rc == 0 && o->dscp)
		rc = set_number(w, fd, level, v4 ? IP_TOS : IPV6_TCLASS, "dscp", o->dscp << 2);
	return rc;
}

/* Before the address, which may be known in that VRF alone. */
static int bind_device(const struct udp_options *o, int fd, const struct why *w)
{
	const char *dev = o->dev;

	if (!dev || setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, dev, (socklen_t)strlen(dev)) == 0)
		return 0;
	return say_why(w, "dev", dev,
	    errno == EPERM ? ": the program needs the capability CAP_NET_RAW, or Linux 5.7"
			   : ": an interface or VRF that is there");
}

static int bind_source(const struct udp_options *o, int fd, int family, const struct why *w)
{
	struct name_query query = {.host = o->source};
	struct name_addresses found;
	const struct name_address *a = &found.list[0];
	int rc;

	if (!o->source)
		return 0;
	rc = name_find(&query, &found);
	if (rc) {
		snprintf(w->text, w->size, "source=%s: %s", o->source, name_error(rc));
		return -1;
	}
	if (a->storage.ss_family != family) {
		snprintf(w->text, w->size, "%s", name_error(EAI_ADDRFAMILY));
		rc = -1;
	} else if (bind(fd, (const struct sockaddr *)&a->storage, a->size) < 0) {
		rc = say_why(w, "source", o->source,
		    ": an address of this machine, and of the interface with dev=");
	}
	return rc;
}

static bool is_link_local(const struct name_address *a)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&a->storage;

	return a->storage.ss_family == AF_INET6 &&
	    (IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr) || IN6_IS_ADDR_MC_LINKLOCAL(&v6->sin6_addr));
}

static bool is_multicast(const struct name_address *a)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&a->storage;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&a->storage;

	return a->storage.ss_family == AF_INET6 ? IN6_IS_ADDR_MULTICAST(&v6->sin6_addr)
						: IN_MULTICAST(ntohl(v4->sin_addr.s_addr));
}

/* By IPv6 the system does not mind. */
static bool is_from_loopback(int fd)
{
	struct sockaddr_in local = {0};
	socklen_t size = sizeof(local);

	return getsockname(fd, (struct sockaddr *)&local, &size) == 0 &&
	    local.sin_family == AF_INET && ntohl(local.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

/* What to do about an errno of connect(): of some the keys and the address tell more. */
static const char *advise(
    const struct udp_options *o, const struct name_address *remote, int fd, int error)
{
	if (error == EINVAL && o->source && is_from_loopback(fd))
		return ": source= is this machine's loopback, which leads to nobody else";
	if (error == EINVAL && !o->dev && is_link_local(remote))
		return ": an address of a link needs dev=, the interface";
	if (error == ENETUNREACH && !o->dev && is_multicast(remote))
		return ": no route leads there: dev= names the interface";
	return failure_advice(error);
}

static void say_error(struct why *w, const char *advice)
{
	snprintf(w->text, w->size, "%s%s", strerror(w->error), advice);
}

int udp_socket_open(
    const struct udp_options *o, const struct name_address *remote, char *why, size_t why_size)
{
	struct why w = {why, why_size, ENOTCONN};
	int size = SEND_BUFFER;
	int family = remote->storage.ss_family;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);

	if (fd >= 0 && set_ip_options(o, fd, family, &w) == 0 && bind_device(o, fd, &w) == 0 &&
	    bind_source(o, fd, family, &w) == 0) {
		if (connect(fd, (const struct sockaddr *)&remote->storage, remote->size) == 0) {
			setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
			return fd;
		}
		w.error = errno;
		say_error(&w, advise(o, remote, fd, w.error));
	} else if (fd < 0) {
		w.error = errno;
		say_error(&w, failure_advice(w.error));
	}
	if (fd >= 0)
		close(fd);
	return -w.error;
}

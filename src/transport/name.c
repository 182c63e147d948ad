#include "transport/name.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static struct {
	int (*find)(void *ctx, const struct name_query *query, struct name_addresses *out);
	void *ctx;
} other;

void name_find_by(
    int (*find)(void *ctx, const struct name_query *query, struct name_addresses *out), void *ctx)
{
	other.find = find;
	other.ctx = ctx;
}

bool name_is_address(const char *host)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST};
	struct addrinfo *list;

	if (getaddrinfo(host, NULL, &hints, &list) != 0)
		return false;
	freeaddrinfo(list);
	return true;
}

/*
 * Datagrams to an IPv4 address that is written as an IPv6 one (RFC 4291 section 2.5.5.2) are IPv4:
 * so are the session's ends, and what is set on its socket.
 */
static void unmap(struct name_address *a)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a->storage;
	struct sockaddr_in in = {.sin_family = AF_INET};

	if (in6->sin6_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
		return;
	in.sin_port = in6->sin6_port;
	memcpy(&in.sin_addr, in6->sin6_addr.s6_addr + 12, sizeof(in.sin_addr));
	memset(&a->storage, 0, sizeof(a->storage));
	memcpy(&a->storage, &in, sizeof(in));
	a->size = sizeof(in);
}

int name_find(const struct name_query *query, struct name_addresses *out)
{
	bool is_address = name_is_address(query->host);
	struct addrinfo hints = {.ai_family = query->family,
	    .ai_socktype = SOCK_DGRAM,
	    .ai_flags = AI_NUMERICSERV | (is_address ? AI_NUMERICHOST : 0)};
	struct addrinfo *list;
	char port[6];
	int rc;

	if (other.find && !is_address)
		return other.find(other.ctx, query, out);
	snprintf(port, sizeof(port), "%u", query->port);
	rc = getaddrinfo(query->host, port, &hints, &list);
	if (rc)
		return rc;
	memset(out, 0, sizeof(*out));
	for (struct addrinfo *a = list; a && out->count < NAME_ADDRESSES_MAX; a = a->ai_next) {
		struct name_address *one = &out->list[out->count++];

		memcpy(&one->storage, a->ai_addr, a->ai_addrlen);
		one->size = a->ai_addrlen;
		unmap(one);
	}
	freeaddrinfo(list);
	return 0;
}

const char *name_error(int error)
{
	if (error == EAI_NONAME)
		return "no such name: check it, or give an address";
	if (error == EAI_AGAIN)
		return "cannot be looked up now: look at /etc/resolv.conf, or give an address";
	if (error == EAI_ADDRFAMILY)
		return "source= is not of this address's family: two IPv4 or two IPv6 addresses";
	return error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error);
}

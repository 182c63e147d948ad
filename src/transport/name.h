/*
 * Hosts, by name or as addresses, into socket addresses. Another process may do it for this one.
 */
#ifndef SPANFLOW_TRANSPORT_NAME_H
#define SPANFLOW_TRANSPORT_NAME_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* Of a name that has more of them the first ones are taken. */
#define NAME_ADDRESSES_MAX 16

struct name_address {
	struct sockaddr_storage storage;
	socklen_t size;
};

struct name_addresses {
	unsigned count;
	struct name_address list[NAME_ADDRESSES_MAX];
};

struct name_query {
	const char *host;
	uint16_t port;
	int family; /* AF_UNSPEC: either */
};

/* Whether it is an IPv4 or IPv6 address; this reads no files. */
bool name_is_address(const char *host);
/*
 * The addresses, the best one first, at least one; IPv4 ones that are written as IPv6 are IPv4. A name may
 * take long. 0, or a code of getaddrinfo(3), with errno if that is EAI_SYSTEM.
 */
int name_find(const struct name_query *query, struct name_addresses *out);

/* In words: a code that name_find() returned just now, with what to do about it. */
const char *name_error(int code);

/*
 * From now on names are found by `find`, which does what name_find() does, from any thread; NULL: as at
 * first.
 */
void name_find_by(
    int (*find)(void *ctx, const struct name_query *query, struct name_addresses *out), void *ctx);

#endif

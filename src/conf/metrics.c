/*
 * Where --metrics has metrics served: on the loopback address unless another one is written out.
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "conf/options.h"
#include "util/units.h"

#define HOST_DEFAULT "127.0.0.1"
#define PORT_DEFAULT "9469"
#define HOST_SIZE 80

/* "ADDRESS", "[ADDRESS]", each with ":PORT" behind; or ":PORT", or "PORT". The address without brackets. */
static int split(const char *value, char host[HOST_SIZE], const char **port)
{
	const char *colon = strrchr(value, ':');
	const char *begin = value, *end = colon;

	*port = colon ? colon + 1 : value;
	if (!colon || colon == value) {
		strcpy(host, HOST_DEFAULT);
		return 0;
	}
	if (*value == '[' && colon[-1] == ']') {
		begin++;
		end--;
	} else if (memchr(value, ':', (size_t)(colon - value))) {
		/* Which of an IPv6 address's colons is the last without brackets? */
		return -EINVAL;
	}
	if (end == begin || end - begin >= HOST_SIZE)
		return -EINVAL;
	memcpy(host, begin, (size_t)(end - begin));
	host[end - begin] = '\0';
	return 0;
}

static int set_address(struct config_metrics *m, const char *value)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC,
	    .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo *found;
	char host[HOST_SIZE];
	const char *port;
	uint64_t number;

	if (split(value, host, &port) < 0 || parse_number(port, 1, 65535, &number) < 0 ||
	    getaddrinfo(host, port, &hints, &found) != 0)
		return -EINVAL;
	memcpy(&m->address, found->ai_addr, found->ai_addrlen);
	m->size = found->ai_addrlen;
	m->text = value;
	freeaddrinfo(found);
	return 0;
}

int metrics_parse(struct config *c, const char *value)
{
	bool on;

	c->metrics = (struct config_metrics){0};
	if (parse_switch(value, &on) < 0)
		return set_address(&c->metrics, value);
	return on ? set_address(&c->metrics, HOST_DEFAULT ":" PORT_DEFAULT) : 0;
}

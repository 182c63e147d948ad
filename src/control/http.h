/*
 * Some pages over HTTP, made anew each time that they are asked for, by libevent's server (evhttp).
 *
 * Belongs to the main thread and its event loop. A connection carries one request and is closed some ten
 * seconds after it was made at the latest; of those that are open at a time there are few, and others wait in
 * the kernel's queue. So nobody can make it hold much memory, or keep others out for long.
 */
#ifndef SPANFLOW_CONTROL_HTTP_H
#define SPANFLOW_CONTROL_HTTP_H

#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>

struct event_base;
struct http_server;

struct http_page {
	const char *path;
	const char *type;                   /* Content-Type */
	int (*write)(void *ctx, FILE *out); /* returns the status: 200 */
};

struct http_options {
	struct event_base *base;
	const struct sockaddr *address;
	socklen_t size;
	const char *text; /* the address, for messages */
	const struct http_page *pages;
	size_t page_count;
	void *ctx;
};

/* NULL after saying why not. The pages must outlive it. */
struct http_server *http_create(const struct http_options *options);
void http_destroy(struct http_server *s);

#endif

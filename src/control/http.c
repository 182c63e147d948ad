#include "control/http.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/log.h"
#include "util/now.h"
#include "util/units.h"

#define CONNECTIONS_MAX 16
/* How long a connection may take in all: to ask and to read. */
#define PATIENCE_S 10
#define LOOK_EVERY_S 1
#define HEADERS_SIZE_MAX 8192
#define BODY_SIZE_MAX 1024
/* What is read of a connection before somebody looks at it. */
#define INPUT_SIZE_MAX 16384

/*
 * evhttp does not tell when a connection ends, unless it has had a request, nor how many there are.
 * Each one's stream has a reference here: the last one once evhttp has freed it.
 */
struct connection {
	struct bufferevent *stream; /* NULL: this place is free */
	uint64_t since_ns;
};

struct http_server {
	struct http_options options;
	struct evhttp *http;
	struct evconnlistener *listener; /* evhttp's */
	struct event *look;
	struct connection connections[CONNECTIONS_MAX];
	unsigned connection_count;
};

/* -- connections ------------------------------------------------------------------------------- */

/* bufferevent_free() takes the callbacks away, whoever else has a reference. */
static bool is_freed(struct bufferevent *stream)
{
	bufferevent_event_cb on_event;

	bufferevent_getcb(stream, NULL, NULL, &on_event, NULL);
	return !on_event;
}

/* Of those that have ended the place is free again; those that took too long end. */
static void look_at_connections(evutil_socket_t fd, short what, void *ctx)
{
	struct http_server *s = ctx;
	uint64_t now = steady_now();

	(void)fd;
	(void)what;
	for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *c = &s->connections[i];

		if (!c->stream)
			continue;
		if (is_freed(c->stream)) {
			bufferevent_decref(c->stream);
			c->stream = NULL;
			s->connection_count--;
		} else if (now - c->since_ns >= PATIENCE_S * NS_PER_S) {
			/* evhttp sees that it has come to its end. */
			shutdown(bufferevent_getfd(c->stream), SHUT_RDWR);
		}
	}
	if (s->connection_count < CONNECTIONS_MAX)
		evconnlistener_enable(s->listener);
}

/*
 * As where descriptors lack: the next look tries again. Without that libevent would, and complain, all the time.
 * The context is evhttp's.
 */
static void accept_failed(struct evconnlistener *listener, void *ctx)
{
	(void)ctx;
	log_warning("--metrics: a client waits: %s", strerror(errno));
	evconnlistener_disable(listener);
}

/* Called by evhttp for the stream of a connection that it has accepted. */
static struct bufferevent *create_stream(struct event_base *base, void *ctx)
{
	struct bufferevent *stream = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	struct http_server *s = ctx;

	for (unsigned i = 0; stream && i < CONNECTIONS_MAX; i++) {
		struct connection *c = &s->connections[i];

		if (c->stream)
			continue;
		bufferevent_incref(stream);
		bufferevent_setwatermark(stream, EV_READ, 0, INPUT_SIZE_MAX);
		*c = (struct connection){stream, steady_now()};
		if (++s->connection_count == CONNECTIONS_MAX)
			evconnlistener_disable(s->listener);
		break;
	}
	return stream;
}

/*
 * It is not freed yet: the place is, in the loop's next round. As if by a descriptor: each EV_TIMEOUT would put
 * the next look off by a second more, which many answers make minutes.
 */
static void on_close(struct evhttp_connection *connection, void *ctx)
{
	struct http_server *s = ctx;

	(void)connection;
	event_active(s->look, EV_READ, 0);
}

/* -- pages ------------------------------------------------------------------------------------- */

static const struct http_page *find_page(const struct http_server *s, struct evhttp_request *r)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(r);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;

	for (size_t i = 0; path && i < s->options.page_count; i++)
		if (strcmp(path, s->options.pages[i].path) == 0)
			return &s->options.pages[i];
	return NULL;
}

static void reply(
    struct evhttp_request *r, int status, const char *type, const char *text, size_t size)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(r);

	evhttp_add_header(headers, "Content-Type", type);
	evhttp_add_header(headers, "Connection", "close");
	evhttp_add_header(headers, "Cache-Control", "no-store");
	if (status == HTTP_BADMETHOD)
		evhttp_add_header(headers, "Allow", "GET");
	evbuffer_add(evhttp_request_get_output_buffer(r), text, size);
	/* evhttp knows the usual phrase of each status. */
	evhttp_send_reply(r, status, NULL, NULL);
}

static void reply_line(struct evhttp_request *r, int status, const char *line)
{
	reply(r, status, "text/plain; charset=utf-8", line, strlen(line));
}

static void reply_page(
    const struct http_server *s, struct evhttp_request *r, const struct http_page *page)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int status = out ? page->write(s->options.ctx, out) : 0;

	if (out && fclose(out) == 0)
		reply(r, status, page->type, text, size);
	else
		reply_line(r, HTTP_SERVUNAVAIL, "no memory\n");
	free(text);
}

static void on_request(struct evhttp_request *r, void *ctx)
{
	struct http_server *s = ctx;
	const struct http_page *page = find_page(s, r);

	evhttp_connection_set_closecb(evhttp_request_get_connection(r), on_close, s);
	if (!page)
		reply_line(r, HTTP_NOTFOUND, "there is nothing of this name: see /\n");
	else if (evhttp_request_get_command(r) != EVHTTP_REQ_GET)
		reply_line(r, HTTP_BADMETHOD, "only GET is allowed\n");
	else
		reply_page(s, r, page);
}

/* -- life ------------------------------------------------------------------------------------- */

static int open_socket(const struct http_options *o)
{
	const int on = 1;
	int fd =
	    socket(o->address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
	int rc;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    (o->address->sa_family != AF_INET6 ||
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0) &&
	    bind(fd, o->address, o->size) == 0 && listen(fd, CONNECTIONS_MAX) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

static int open_server(struct http_server *s)
{
	struct evhttp_bound_socket *bound;
	int fd;

	s->http = evhttp_new(s->options.base);
	s->look = event_new(s->options.base, -1, EV_PERSIST, look_at_connections, s);
	if (!s->http || !s->look)
		return -ENOMEM;
	fd = open_socket(&s->options);
	if (fd < 0)
		return fd;
	bound = evhttp_accept_socket_with_handle(s->http, fd);
	if (!bound) {
		close(fd);
		return -ENOMEM;
	}
	s->listener = evhttp_bound_socket_get_listener(bound);
	evconnlistener_set_error_cb(s->listener, accept_failed);
	return event_add(s->look, &(struct timeval){.tv_sec = LOOK_EVERY_S}) < 0 ? -ENOMEM : 0;
}

struct http_server *http_create(const struct http_options *options)
{
	struct http_server *s = calloc(1, sizeof(*s));
	int rc;

	if (!s) {
		log_error("--metrics: no memory");
		return NULL;
	}
	s->options = *options;
	rc = open_server(s);
	if (rc < 0) {
		log_error("--metrics: %s: %s%s", options->text, strerror(-rc),
		    rc == -EADDRINUSE ? ": another program has this port: choose one of your own"
			: rc == -EADDRNOTAVAIL ? ": this machine has no such address"
					       : "");
		http_destroy(s);
		return NULL;
	}
	evhttp_set_max_headers_size(s->http, HEADERS_SIZE_MAX);
	evhttp_set_max_body_size(s->http, BODY_SIZE_MAX);
	evhttp_set_timeout(s->http, PATIENCE_S);
	/* So that they are told what is allowed. */
	evhttp_set_allowed_methods(s->http, UINT16_MAX);
	evhttp_set_bevcb(s->http, create_stream, s);
	evhttp_set_gencb(s->http, on_request, s);
	return s;
}

void http_destroy(struct http_server *s)
{
	if (!s)
		return;
	if (s->http)
		evhttp_free(s->http);
	for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
		if (s->connections[i].stream)
			bufferevent_decref(s->connections[i].stream);
	if (s->look)
		event_free(s->look);
	free(s);
}

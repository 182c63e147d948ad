#include "control/server.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/log.h"
#include "util/now.h"
#include "util/units.h"

#define REQUEST_SIZE_MAX 4096
#define CLIENTS_MAX 16
/* So many more wait for their turn; who comes then waits in connect(), or has EAGAIN. */
#define QUEUE_MAX 256
/* How long a client may take to ask, or to read on. */
#define PATIENCE_S 15
/* After a client could not be accepted, as where descriptors lack, the next try comes so much later. */
#define PAUSE_S 1
/* An answer is made as it is read: so much of it waits. */
#define ANSWER_LOW 16384

struct control_server {
	struct control_options options;
	struct evconnlistener *listener;
	struct event *pause_end;
	struct request *clients; /* a list */
	unsigned client_count;
	dev_t device; /* of the socket, and its inode */
	ino_t inode;
};

struct request {
	struct control_server *server;
	struct request *next;
	struct bufferevent *stream;
	uint64_t since_ns; /* steady clock: it has been connected */
	char *line;        /* what the words are cut from; NULL: nothing has been asked yet */
	char *words[REQUEST_WORDS_MAX];
	size_t word_count;
	bool json;
	bool ending; /* all of the answer has been given */
	bool (*more)(void *owner, struct request *r);
	void (*gone)(void *owner);
	void *owner;
};

/* -- a client ---------------------------------------------------------------------------------- */

static void close_client(struct request *r)
{
	struct control_server *s = r->server;
	struct request **link = &s->clients;

	while (*link != r)
		link = &(*link)->next;
	*link = r->next;
	if (s->client_count-- == CLIENTS_MAX)
		evconnlistener_enable(s->listener);
	if (r->gone)
		r->gone(r->owner);
	bufferevent_free(r->stream);
	free(r->line);
	free(r);
}

/*
 * A client that has sent more than its request is told by ECONNRESET, behind the end, that not all of the
 * answer came. So what it sent is taken before a connection ends that had all.
 */
static void close_after_all(struct request *r)
{
	int fd = bufferevent_getfd(r->stream);
	char rest[REQUEST_SIZE_MAX];

	shutdown(fd, SHUT_RD);
	while (recv(fd, rest, sizeof(rest), MSG_DONTWAIT) > 0)
		;
	close_client(r);
}

/* What is in the buffer goes out, then the connection ends. */
static void finish(struct request *r)
{
	r->ending = true;
	if (evbuffer_get_length(bufferevent_get_output(r->stream)) == 0)
		close_after_all(r);
}

static void on_room(struct bufferevent *stream, void *ctx)
{
	struct request *r = ctx;

	if (r->more && !r->ending && !r->more(r->owner, r))
		r->ending = true;
	/* With a low water mark it is called while there still is something to go out. */
	if (!r->ending)
		return;
	bufferevent_setwatermark(stream, EV_WRITE, 0, 0);
	finish(r);
}

/* "text" or "json", then the command. NULL, or what is wrong. */
static const char *split(struct request *r)
{
	char *rest = r->line, *word;

	while ((word = strsep(&rest, " \t\r"))) {
		if (!*word)
			continue;
		if (r->word_count == REQUEST_WORDS_MAX)
			return "too many words";
		r->words[r->word_count++] = word;
	}
	if (r->word_count < 2)
		return "a request is one line: text or json, and a command";
	r->json = strcmp(r->words[0], "json") == 0;
	return r->json || strcmp(r->words[0], "text") == 0 ? NULL
							   : "a request begins with text or json";
}

/* The line is there; whatever else comes is not looked at. */
static void begin_request(struct request *r, size_t size)
{
	const char *wrong = strlen(r->line) == size ? split(r) : "a request is text";

	if (wrong)
		request_fail(r, "%s", wrong);
	else
		r->server->options.handle(r->server->options.ctx, r);
}

static void on_line(struct bufferevent *stream, void *ctx)
{
	struct request *r = ctx;
	struct evbuffer *in = bufferevent_get_input(stream);
	size_t size;

	r->line = evbuffer_readln(in, &size, EVBUFFER_EOL_LF);
	if (r->line)
		begin_request(r, size);
	else if (evbuffer_get_length(in) >= REQUEST_SIZE_MAX)
		request_fail(r, "the request is too long");
	else if (steady_now() - r->since_ns >= PATIENCE_S * NS_PER_S)
		close_client(r);
}

/* Who shuts down his half has asked, also without an end of the line, and still listens. */
static void on_end(struct bufferevent *stream, short what, void *ctx)
{
	struct request *r = ctx;
	struct evbuffer *in = bufferevent_get_input(stream);
	size_t size = evbuffer_get_length(in);

	if (what & BEV_EVENT_EOF && !(what & BEV_EVENT_ERROR) && !r->line && size > 0)
		r->line = calloc(1, size + 1);
	else
		size = 0;
	if (size > 0 && r->line) {
		evbuffer_remove(in, r->line, size);
		begin_request(r, size);
	} else {
		close_client(r);
	}
}

static void accept_client(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *address, int size, void *ctx)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	struct control_server *s = ctx;
	struct request *r = calloc(1, sizeof(*r));

	(void)address;
	(void)size;
	if (r)
		r->stream = bufferevent_socket_new(s->options.base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!r || !r->stream) {
		free(r);
		close(fd);
		return;
	}
	r->server = s;
	r->since_ns = steady_now();
	r->next = s->clients;
	s->clients = r;
	bufferevent_setcb(r->stream, on_line, on_room, on_end, r);
	bufferevent_set_timeouts(r->stream, &patience, &patience);
	bufferevent_setwatermark(r->stream, EV_READ, 0, REQUEST_SIZE_MAX);
	bufferevent_enable(r->stream, EV_READ | EV_WRITE);
	/* Who comes now waits in the kernel's queue. */
	if (++s->client_count == CLIENTS_MAX)
		evconnlistener_disable(listener);
}

/* Without a pause libevent would try, and complain, all the time. */
static void accept_failed(struct evconnlistener *listener, void *ctx)
{
	const struct control_server *s = ctx;

	log_warning("--control: %s: a client waits: %s", s->options.path, strerror(errno));
	evconnlistener_disable(listener);
	event_add(s->pause_end, &(struct timeval){.tv_sec = PAUSE_S});
}

static void end_pause(evutil_socket_t fd, short what, void *ctx)
{
	const struct control_server *s = ctx;

	(void)fd;
	(void)what;
	if (s->client_count < CLIENTS_MAX)
		evconnlistener_enable(s->listener);
}

/* -- answers ---------------------------------------------------------------------------------- */

char *const *request_words(const struct request *r, size_t *count)
{
	*count = r->word_count - 1;
	return r->words + 1;
}

bool request_wants_json(const struct request *r)
{
	return r->json;
}

void request_add(struct request *r, const void *octets, size_t size)
{
	bufferevent_write(r->stream, octets, size);
}

/* The client's silence is no fault any more once it is the server that works. */
static void begin_answer(struct request *r)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};

	bufferevent_disable(r->stream, EV_READ);
	bufferevent_set_timeouts(r->stream, NULL, &patience);
}

void request_fail(struct request *r, const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	begin_answer(r);
	evbuffer_add_printf(bufferevent_get_output(r->stream), "error: %s\n", text);
	r->gone = NULL;
	finish(r);
}

void request_answer(struct request *r, const char *text, size_t size)
{
	begin_answer(r);
	request_add(r, "ok\n", 3);
	request_add(r, text, size);
	r->gone = NULL;
	finish(r);
}

void request_stream(struct request *r, bool (*more)(void *owner, struct request *r),
    void (*gone)(void *owner), void *owner)
{
	begin_answer(r);
	r->more = more;
	r->gone = gone;
	r->owner = owner;
	bufferevent_setwatermark(r->stream, EV_WRITE, ANSWER_LOW, 0);
	request_add(r, "ok\n", 3);
}

void request_wait(struct request *r, void (*gone)(void *owner), void *owner)
{
	begin_answer(r);
	r->gone = gone;
	r->owner = owner;
}

/* -- life ------------------------------------------------------------------------------------- */

/* 0 where a socket can be made: nothing is there, or a socket that a killed program left. Or -errno. */
static int look_at(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;
	int rc = 0;

	if (lstat(address->sun_path, &st) == 0 && !S_ISSOCK(st.st_mode))
		rc = EEXIST;
	else if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		rc = errno;
	else
		rc = EADDRINUSE;
	if (fd >= 0)
		close(fd);
	/* EAGAIN: it listens, and has more to do than it can. */
	if (rc == EAGAIN)
		rc = EADDRINUSE;
	return rc == ECONNREFUSED || rc == ENOENT ? 0 : -rc;
}

/* Nobody can connect before its mode and owner are as they shall be. 0 or -errno. */
static int listen_at(int fd, const struct sockaddr_un *address, const struct control_options *o)
{
	mode_t mask = umask(0777);
	int rc = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;

	umask(mask);
	if (rc < 0)
		return rc;
	if (lchown(o->path, o->uid, o->gid) == 0 && chmod(o->path, o->mode) == 0 &&
	    listen(fd, QUEUE_MAX) == 0)
		return 0;
	rc = -errno;
	unlink(o->path);
	return rc;
}

void control_clean_up(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return;
	strcpy(address.sun_path, path);
	if (look_at(&address) == 0)
		unlink(path);
}

/* A descriptor, or -errno. */
static int open_socket(const struct control_options *o)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, rc;

	if (strlen(o->path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, o->path);
	rc = look_at(&address);
	if (rc < 0)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	unlink(o->path);
	rc = listen_at(fd, &address, o);
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

static const char *why_not(int error)
{
	switch (error) {
	case EADDRINUSE:
		return "another program listens there: choose another path";
	case EEXIST:
		return "is there, and no socket: choose another path";
	case ENOENT:
		return "no such directory: make it first";
	case ENAMETOOLONG:
		return "too long for a socket: choose a shorter path";
	default:
		return strerror(error);
	}
}

static void remember(struct control_server *s)
{
	struct stat st;

	if (lstat(s->options.path, &st) == 0) {
		s->device = st.st_dev;
		s->inode = st.st_ino;
	}
}

/* Unless another program's has taken its place. */
static void remove_socket(const struct control_server *s)
{
	struct stat st;

	if (lstat(s->options.path, &st) == 0 && st.st_dev == s->device && st.st_ino == s->inode)
		unlink(s->options.path);
}

struct control_server *control_create(const struct control_options *options)
{
	struct control_server *s = calloc(1, sizeof(*s));
	int fd = s ? open_socket(options) : -ENOMEM;

	if (fd < 0) {
		log_error("--control: %s: %s", options->path, why_not(-fd));
		free(s);
		return NULL;
	}
	s->options = *options;
	remember(s);
	s->pause_end = event_new(options->base, -1, 0, end_pause, s);
	if (s->pause_end)
		s->listener = evconnlistener_new(options->base, accept_client, s,
		    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (s->listener) {
		evconnlistener_set_error_cb(s->listener, accept_failed);
		return s;
	}
	log_error("--control: %s: no memory", options->path);
	close(fd);
	remove_socket(s);
	if (s->pause_end)
		event_free(s->pause_end);
	free(s);
	return NULL;
}

void control_destroy(struct control_server *s)
{
	if (!s)
		return;
	while (s->clients)
		close_client(s->clients);
	evconnlistener_free(s->listener);
	event_free(s->pause_end);
	remove_socket(s);
	free(s);
}

/*
 * Lines into a file or down a pipe. A pipe that nobody empties must not stop the exporter: it
 * takes up to PIPE_BUF octets, whole and without blocking, whenever poll() calls it writable.
 */
#include "transport/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

struct file {
	struct transport base;
	int fd;
	size_t written; /* octets of the message under way that are out */
};

static bool is_writable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	return poll(&p, 1, 0) > 0;
}

static int file_send(struct transport *t, const struct message *m)
{
	struct file *f = (struct file *)t;

	while (!t->is_broken && f->written < m->size) {
		size_t left = m->size - f->written;
		ssize_t n;

		if (!is_writable(f->fd))
			return -EAGAIN;
		n = write(f->fd, m->data + f->written, left < PIPE_BUF ? left : PIPE_BUF);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			f->written += (size_t)n;
	}
	f->written = 0;
	return -t->is_broken;
}

static int file_fd(const struct transport *t)
{
	return ((const struct file *)t)->fd;
}

static void file_close(struct transport *t)
{
	struct file *f = (struct file *)t;

	if (f->fd >= 0 && f->fd != STDOUT_FILENO)
		close(f->fd);
	free(f);
}

static const struct transport_ops file_ops = {
    .send = file_send, .fd = file_fd, .close = file_close};

static struct {
	int (*open)(void *ctx, const char *path);
	void *ctx;
} opener;

void file_open_by(int (*open_path)(void *ctx, const char *path), void *ctx)
{
	opener.open = open_path;
	opener.ctx = ctx;
}

/* A descriptor or -errno. */
static int open_file(const char *path, bool continues)
{
	int how = continues ? O_APPEND : O_TRUNC, fd;

	if (opener.open && continues)
		return opener.open(opener.ctx, path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | how, 0666);
	return fd < 0 ? -errno : fd;
}

struct transport *file_create(const char *name, const char *path, bool continues)
{
	struct file *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->base = (struct transport){.ops = &file_ops, .name = name, .is_stream = true};
	f->fd = STDOUT_FILENO;
	if (path)
		f->fd = open_file(path, continues);
	if (f->fd < 0)
		f->base.is_broken = -f->fd;
	return &f->base;
}

/*
 * Lines into a file or down a pipe. A pipe that nobody empties must not stop the exporter: it
 * takes PIPE_BUF octets without blocking whenever poll() calls it writable.
 */
#include "transport/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct file {
	struct transport base;
	int fd;
	size_t chunk;
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

	while (f->written < m->size) {
		size_t left = m->size - f->written;
		ssize_t n;

		if (!is_writable(f->fd))
			return -EAGAIN;
		n = write(f->fd, m->data + f->written, left < f->chunk ? left : f->chunk);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			f->written += (size_t)n;
	}
	f->written = 0;
	return 0;
}

static int file_fd(const struct transport *t)
{
	return ((const struct file *)t)->fd;
}

static void file_close(struct transport *t)
{
	struct file *f = (struct file *)t;

	if (f->fd != STDOUT_FILENO)
		close(f->fd);
	free(f);
}

static const struct transport_ops file_ops = {
    .send = file_send, .fd = file_fd, .close = file_close};

int file_create(const char *name, const char *path, struct transport **out)
{
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : STDOUT_FILENO;
	struct file *f;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->base.ops = &file_ops;
	f->base.name = name;
	f->base.is_stream = true;
	f->fd = fd;
	f->chunk = S_ISREG(st.st_mode) ? SSIZE_MAX : PIPE_BUF;
	*out = &f->base;
	return 0;
}

#include "capture/stream.h"

#include <poll.h>
#include <stdbool.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <unistd.h>

#define BUFFER (1u << 18)

struct stream {
	int fd;
	FILE *file;
	uint64_t taken; /* octets that stdio has, those included that it has not given on */
	void (*on_wait)(void *ctx);
	void *on_wait_ctx;
	char buffer[BUFFER]; /* stdio's */
};

static bool would_wait(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 0;
}

/* What stdio calls when its buffer is empty. */
static ssize_t cookie_read(void *cookie, char *out, size_t size)
{
	struct stream *s = cookie;
	ssize_t n;

	if (s->on_wait && would_wait(s->fd))
		s->on_wait(s->on_wait_ctx);
	n = read(s->fd, out, size);
	if (n > 0)
		s->taken += (uint64_t)n;
	return n;
}

static int cookie_seek(void *cookie, off64_t *offset, int whence)
{
	struct stream *s = cookie;
	off64_t at = lseek(s->fd, *offset, whence);

	if (at < 0)
		return -1;
	*offset = at;
	s->taken = (uint64_t)at;
	return 0;
}

struct stream *stream_open(int fd, FILE **file)
{
	cookie_io_functions_t functions = {.read = cookie_read, .seek = cookie_seek};
	struct stream *s = malloc(sizeof(*s));

	if (!s)
		return NULL;
	s->fd = fd;
	s->taken = 0;
	s->on_wait = NULL;
	s->file = fopencookie(s, "rb", functions);
	if (!s->file) {
		free(s);
		return NULL;
	}
	setvbuf(s->file, s->buffer, _IOFBF, sizeof(s->buffer));
	/* One thread reads: without this each of libpcap's two freads a packet takes a lock. */
	__fsetlocking(s->file, FSETLOCKING_BYCALLER);
	*file = s->file;
	return s;
}

void stream_close(struct stream *s)
{
	if (s && s->fd != STDIN_FILENO)
		close(s->fd);
	free(s);
}

void stream_on_wait(struct stream *s, void (*fn)(void *ctx), void *ctx)
{
	s->on_wait = fn;
	s->on_wait_ctx = ctx;
}

/* How many octets lie in stdio's buffer; no standard function tells. */
static size_t read_ahead(FILE *file)
{
#ifdef __GLIBC__
	return (size_t)(file->_IO_read_end - file->_IO_read_ptr);
#else
	return __freadahead(file);
#endif
}

uint64_t stream_offset(const struct stream *s)
{
	return s->taken - read_ahead(s->file);
}

void stream_seek(struct stream *s, uint64_t offset)
{
	fseeko(s->file, (off_t)offset, SEEK_SET);
}

int stream_fd(const struct stream *s)
{
	return s->fd;
}

#include "capture/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WINDOW (1u << 20)

int input_open(int fd, struct input **out)
{
	struct input *in = calloc(1, sizeof(*in));

	if (in) {
		in->fd = fd;
		in->size = WINDOW;
		in->window = malloc(in->size);
	}
	if (!in || !in->window) {
		free(in);
		if (fd != STDIN_FILENO)
			close(fd);
		return -ENOMEM;
	}
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	*out = in;
	return 0;
}

void input_close(struct input *in)
{
	if (!in)
		return;
	if (in->fd != STDIN_FILENO)
		close(in->fd);
	free(in->window);
	free(in);
}

void input_on_wait(struct input *in, void (*fn)(void *ctx), void *ctx)
{
	in->on_wait = fn;
	in->on_wait_ctx = ctx;
}

static bool would_wait(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 0;
}

/* As read(2), but 0 or -errno instead of -1; an end or error is final, an interruption is not. */
static ssize_t fetch(struct input *in, void *out, size_t size)
{
	ssize_t n;

	if (in->error && in->error != -EINTR)
		return in->error;
	if (in->on_wait && would_wait(in->fd))
		in->on_wait(in->on_wait_ctx);
	n = read(in->fd, out, size);
	if (n > 0)
		return n;
	in->error = n == 0 ? -ENODATA : -errno;
	return in->error;
}

/* Room for `n` octets from where the reader is; what lies there moves to the window's start. */
static bool make_room(struct input *in, size_t n)
{
	uint8_t *window;

	memmove(in->window, in->window + in->at, in->filled - in->at);
	in->filled -= in->at;
	in->at = 0;
	if (n <= in->size)
		return true;
	window = realloc(in->window, n);
	if (!window) {
		in->error = -ENOMEM;
		return false;
	}
	in->window = window;
	in->size = n;
	return true;
}

const uint8_t *input_fill(struct input *in, size_t n)
{
	if (!make_room(in, n))
		return NULL;
	while (in->filled < n) {
		ssize_t got = fetch(in, in->window + in->filled, in->size - in->filled);

		if (got < 0)
			return NULL;
		in->filled += (size_t)got;
	}
	return in->window;
}

int input_skip(struct input *in, uint64_t n)
{
	while (n > 0) {
		size_t ready = input_ready(in);
		size_t step = n < ready ? (size_t)n : ready;

		input_take(in, step);
		n -= step;
		if (n > 0 && !input_fill(in, 1))
			return in->error;
	}
	return 0;
}

ssize_t input_read(struct input *in, void *out, size_t size)
{
	size_t ready = input_ready(in);
	ssize_t n;

	if (ready > 0) {
		n = (ssize_t)(size < ready ? size : ready);
		memcpy(out, in->window + in->at, (size_t)n);
		input_take(in, (size_t)n);
		return n;
	}
	n = fetch(in, out, size);
	if (n < 0)
		return in->error == -ENODATA ? 0 : -1;
	in->offset += (uint64_t)n;
	return n;
}

int input_error(const struct input *in)
{
	return in->error;
}

const char *input_why(const struct input *in)
{
	return in->why ? in->why : strerror(-in->error);
}

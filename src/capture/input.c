#include "capture/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/tandem.h"
#include "capture/unpack.h"

/* What is read at once. It stays in a processor's second cache beside the part of the flow table that is in use. */
#define WINDOW (1u << 18)
/* So far compressed octets are looked for behind frames that are skipped. */
#define SKIPPED_MAX (1u << 20)

struct packed {
	const struct compression *compression;
	void *unpacker; /* of compression->ops */
	bool failed;    /* nothing more can be unpacked */
	bool ended;     /* nothing more can be read */
	uint8_t *octets;
	size_t size;
	size_t at; /* what is before it has been unpacked */
	size_t filled;
};

int input_open(int fd, struct input **out)
{
	struct input *in = calloc(1, sizeof(*in));

	if (in) {
		in->fd = fd;
		in->size = WINDOW;
		in->memory = in->window = malloc(in->size);
	}
	if (!in || !in->memory) {
		free(in);
		if (fd != STDIN_FILENO)
			close(fd);
		return -ENOMEM;
	}
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	*out = in;
	return 0;
}

static void packed_close(struct packed *p)
{
	if (!p)
		return;
	if (p->unpacker)
		p->compression->ops->destroy(p->unpacker);
	free(p->octets);
	free(p);
}

void input_close(struct input *in)
{
	if (!in)
		return;
	tandem_destroy(in->tandem);
	packed_close(in->packed);
	if (in->fd != STDIN_FILENO)
		close(in->fd);
	free(in->memory);
	free(in);
}

void input_on_wait(struct input *in, void (*fn)(void *ctx), void *ctx)
{
	in->on_wait = fn;
	in->on_wait_ctx = ctx;
}

void input_stop_by(struct input *in, const atomic_bool *stop)
{
	in->stop = stop;
}

static bool is_stopped(const struct input *in)
{
	return in->stop && atomic_load_explicit(in->stop, memory_order_relaxed);
}

static bool would_wait(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 0;
}

/* As read(2), but -errno instead of -1. */
static ssize_t fetch_raw(struct input *in, void *out, size_t size)
{
	ssize_t n;

	if (is_stopped(in))
		return -EINTR;
	if (in->on_wait && would_wait(in->fd))
		in->on_wait(in->on_wait_ctx);
	n = read(in->fd, out, size);
	return n < 0 ? -errno : n;
}

/* -- compressed files --------------------------------------------------------------------------- */

static int refuse(struct input *in, const struct compression *c)
{
	snprintf(in->why_text, sizeof(in->why_text), "compressed by %s: %s", c->name, c->advice);
	in->why = in->why_text;
	return -ENOTSUP;
}

static int packed_fail(struct input *in, const char *why)
{
	const char *name = in->packed->compression->name;

	in->packed->failed = true;
	snprintf(in->why_text, sizeof(in->why_text), "%s: %s", name, why);
	in->why = in->why_text;
	return -EINVAL;
}

/* Once all that was read is unpacked. 0; -EINTR; or another -errno. */
static int read_packed(struct input *in)
{
	struct packed *p = in->packed;
	ssize_t n = fetch_raw(in, p->octets, p->size);

	if (n < 0)
		return (int)n;
	p->at = 0;
	p->filled = (size_t)n;
	p->ended = n == 0;
	return 0;
}

/* One step. How many octets were unpacked; `state` is UNPACK_FAILED after the reason was kept. */
static size_t unpack_step(struct input *in, void *out, size_t size, enum unpack_state *state)
{
	struct packed *p = in->packed;
	size_t left = p->filled - p->at;
	struct unpack_io io = {.in = p->octets + p->at,
	    .in_left = left,
	    .in_ended = p->ended,
	    .out = out,
	    .out_left = size};

	*state = p->compression->ops->run(p->unpacker, &io);
	p->at = p->filled - io.in_left;
	if (*state != UNPACK_FAILED && left && io.in_left == left && io.out_left == size) {
		io.why = "the compressed data is corrupt";
		*state = UNPACK_FAILED;
	}
	if (*state == UNPACK_FAILED)
		packed_fail(in, io.why);
	return size - io.out_left;
}

/* How many octets were unpacked; 0 at the end of the file; or -errno. */
static ssize_t fetch_unpacked(struct input *in, void *out, size_t size)
{
	struct packed *p = in->packed;

	while (!p->failed) {
		enum unpack_state state;
		size_t n = unpack_step(in, out, size, &state);
		int rc;

		if (n > 0)
			return (ssize_t)n;
		if (state == UNPACK_FAILED || p->at < p->filled)
			continue;
		if (p->ended)
			return state == UNPACK_BETWEEN
			    ? 0
			    : packed_fail(in, "the compressed data is cut");
		rc = read_packed(in);
		if (rc)
			return rc;
	}
	return -EINVAL;
}

/* What was read so far are compressed octets. */
static int begin_unpacking(struct input *in, const struct compression *c)
{
	uint8_t *memory = malloc(WINDOW);
	struct packed *p = calloc(1, sizeof(*p));

	if (p)
		p->unpacker = c->ops->create();
	if (!memory || !p || !p->unpacker) {
		free(memory);
		free(p);
		return -ENOMEM;
	}
	p->compression = c;
	p->octets = in->memory;
	p->size = in->size;
	p->at = in->at;
	p->filled = in->filled;
	in->memory = in->window = memory;
	in->size = WINDOW;
	in->at = in->filled = 0;
	in->packed = p;
	return 0;
}

/* How many octets there are from the place `at` on, of those that tell of a compression. */
static size_t look_at(struct input *in, size_t at)
{
	input_peek(in, at + UNPACK_MAGIC);
	return input_ready(in) > at ? input_ready(in) - at : 0;
}

/* The file's first octets, or those behind frames that are to be skipped, tell; NULL: it is not compressed. */
static const struct compression *find_compression(struct input *in)
{
	size_t n = look_at(in, 0), at = 0;
	const struct compression *c;
	uint64_t skipped;

	while ((skipped = unpack_skipped(in->window + in->at + at, n)) &&
	    at + skipped + UNPACK_MAGIC <= SKIPPED_MAX) {
		at += skipped;
		n = look_at(in, at);
	}
	c = unpack_find(in->window + in->at + at, n);
	return c && (at == 0 || c->skips) ? c : NULL;
}

int input_unpack(struct input *in)
{
	const struct compression *c = find_compression(in);

	if (in->error && in->error != -ENODATA)
		return in->error;
	/* The end of a short file is found again. */
	if (c)
		in->error = c->ops ? begin_unpacking(in, c) : refuse(in, c);
	return c ? in->error : 0;
}

const char *input_compression(const struct input *in)
{
	return in->packed ? in->packed->compression->name : NULL;
}

/* -- the window --------------------------------------------------------------------------------- */

/* Octets of the file, unpacked, or what input_error() says. Only an interruption is not final. */
static ssize_t fetch(struct input *in, void *out, size_t size)
{
	ssize_t n;

	if (in->error && in->error != -EINTR)
		return in->error;
	if (is_stopped(in))
		n = -EINTR;
	else
		n = in->packed ? fetch_unpacked(in, out, size) : fetch_raw(in, out, size);
	in->error = n > 0 ? 0 : n == 0 ? -ENODATA : (int)n;
	return n > 0 ? n : in->error;
}

/* Of at least so many octets. */
static bool grow(struct input *in, size_t size)
{
	uint8_t *memory;

	if (size <= in->size)
		return true;
	memory = realloc(in->memory, size);
	if (!memory) {
		in->error = -ENOMEM;
		return false;
	}
	in->memory = memory;
	in->size = size;
	return true;
}

/* Room for `n` octets from where the reader is; what lies there moves to the start of the input's own memory. */
static bool make_room(struct input *in, size_t n)
{
	size_t left = input_ready(in);

	if (in->window != in->memory && !grow(in, left)) /* it is in a block */
		return false;
	memmove(in->memory, in->window + in->at, left);
	in->window = in->memory;
	in->at = 0;
	in->filled = left;
	if (!grow(in, n))
		return false;
	in->window = in->memory;
	return true;
}

/* -- two threads -------------------------------------------------------------------------------- */

uint64_t input_left(const struct input *in)
{
	off_t at = lseek(in->fd, 0, SEEK_CUR);
	struct stat st;

	if (in->packed || at < 0 || fstat(in->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	return st.st_size > at ? (uint64_t)(st.st_size - at) : 0;
}

void input_share(struct input *in)
{
	if (in->tandem || in->error || !input_left(in))
		return;
	in->tandem_end = (uint64_t)lseek(in->fd, 0, SEEK_CUR);
	in->tandem = tandem_create(in->fd, in->tandem_end);
}

/* The next block, with what is left of the window before it. False: there is none, it would not fit, or reading stops. */
static bool fill_by_two(struct input *in, size_t n)
{
	size_t left = input_ready(in);
	uint8_t *block;

	if (left > TANDEM_BEFORE || n > left + TANDEM_BLOCK || is_stopped(in))
		return false;
	block = tandem_next(in->tandem);
	if (!block)
		return false;
	memcpy(block - left, in->window + in->at, left);
	in->window = block - left;
	in->at = 0;
	in->filled = left + TANDEM_BLOCK;
	in->tandem_end += TANDEM_BLOCK;
	return true;
}

/* One thread goes on, behind the blocks. False, with the error: it cannot. */
static bool end_sharing(struct input *in)
{
	if (!in->tandem)
		return true;
	if (!make_room(in, 0))
		return false;
	tandem_destroy(in->tandem);
	in->tandem = NULL;
	if (lseek(in->fd, (off_t)in->tandem_end, SEEK_SET) < 0)
		in->error = -errno;
	return !in->error;
}

const uint8_t *input_fill(struct input *in, size_t n)
{
	if (in->tandem && fill_by_two(in, n))
		return in->window;
	if (!end_sharing(in) || !make_room(in, n))
		return NULL;
	while (in->filled < n) {
		ssize_t got = fetch(in, in->memory + in->filled, in->size - in->filled);

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
	if (!end_sharing(in))
		return -1;
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

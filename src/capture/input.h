/*
 * The octets of a capture file, in order: a window that readers look at without a copy.
 *
 * It reads files, pipes and terminals alike, says how far it is, and tells who wants to know
 * before a read that waits, so that what has been read is not held back until a pipe goes on.
 * What is compressed is unpacked on the way. Its memory is the window, which grows to what a reader
 * asks to see at once, and what unpacking (unpack.h) or a second thread that reads (tandem.h) takes.
 */
#ifndef SPANFLOW_CAPTURE_INPUT_H
#define SPANFLOW_CAPTURE_INPUT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define INPUT_WHY 160
/*
 * So many octets ahead readers that take what the window has in one go fetch its memory. Records are not equally
 * long, so that processors see no stride in them; where the flow table takes the nearer caches they would be waited
 * for one by one.
 */
#define INPUT_AHEAD 1024

struct packed; /* the compressed octets, and what unpacks them */
struct tandem; /* capture/tandem.h */

/* The body is here for the sake of input_peek() alone, which runs twice a packet. */
struct input {
	int fd;
	int error;       /* what ended the reading; 0: nothing yet */
	const char *why; /* of an error; NULL: strerror() knows */
	char why_text[INPUT_WHY];
	uint64_t offset;       /* in the file, unpacked, of window[at] */
	struct packed *packed; /* NULL: the file is not compressed */
	struct tandem *tandem; /* NULL: one thread reads */
	uint64_t tandem_end;   /* in the file, behind the blocks that came from it */
	uint8_t *memory;       /* `size` octets, which the window is in unless it is the tandem's */
	size_t size;
	uint8_t *window;
	size_t at; /* what is before it has been taken */
	size_t filled;
	void (*on_wait)(void *ctx);
	void *on_wait_ctx;
	const atomic_bool *stop;
};

/*
 * Takes the descriptor over, but for standard input's, which stays open, and also when it fails. 0
 * or -ENOMEM.
 */
int input_open(int fd, struct input **out);
void input_close(struct input *in);

/*
 * Before anything else is read: looks whether the file is compressed, and if so unpacks it from
 * here on. 0, also for an empty file; or -errno for which input_why() has a text.
 */
int input_unpack(struct input *in);
/* The compression's name, or NULL. */
const char *input_compression(const struct input *in);

/* Called by the reading thread before a read that waits. */
void input_on_wait(struct input *in, void (*fn)(void *ctx), void *ctx);
/* Once it is true reading is interrupted, however much a reader has yet to step over. */
void input_stop_by(struct input *in, const atomic_bool *stop);

/* So many octets of the file are still to be read; 0 also where it is compressed, or no file. */
uint64_t input_left(const struct input *in);
/* From now on another thread helps to read, where anything is left. */
void input_share(struct input *in);

/* input_peek() where the window does not have them yet. */
const uint8_t *input_fill(struct input *in, size_t n);

/*
 * The next `n` octets, valid until the next call; NULL when they do not come, for the reason that
 * input_error() gives. `n` is bounded by the caller: so much memory is taken.
 */
static inline const uint8_t *input_peek(struct input *in, size_t n)
{
	return in->filled - in->at >= n ? in->window + in->at : input_fill(in, n);
}

/* How many octets there are to look at without reading on. */
static inline size_t input_ready(const struct input *in)
{
	return in->filled - in->at;
}

/* Steps over octets that have been looked at. */
static inline void input_take(struct input *in, size_t n)
{
	in->at += n;
	in->offset += n;
}

/* Where the next octet stands in the file. */
static inline uint64_t input_offset(const struct input *in)
{
	return in->offset;
}

/* Steps over any number of octets. 0, or what input_error() says when the file has fewer. */
int input_skip(struct input *in, uint64_t n);
/* As read(2); -1 leaves input_error(). */
ssize_t input_read(struct input *in, void *out, size_t size);

/*
 * Why no more octets came: -ENODATA at the end of the file, -EINTR for a signal, after which one
 * may go on, or because it is stopped, or another -errno for which input_why() has a text.
 */
int input_error(const struct input *in);
const char *input_why(const struct input *in);

#endif

#include "capture/stream.h"

#include <errno.h>
#include <stdio_ext.h>
#include <stdlib.h>

#define BUFFER (1u << 18)

struct stream {
	struct input *input;
	FILE *file;
	char buffer[BUFFER]; /* stdio's */
};

/* What stdio calls when its buffer is empty. */
static ssize_t cookie_read(void *cookie, char *out, size_t size)
{
	struct stream *s = cookie;
	uint64_t at = input_offset(s->input);
	ssize_t n;

	if (at < STREAM_HEADER && size > STREAM_HEADER - at)
		size = (size_t)(STREAM_HEADER - at);
	n = input_read(s->input, out, size);
	if (n < 0)
		errno = -input_error(s->input);
	return n;
}

struct stream *stream_open(struct input *input, FILE **file)
{
	cookie_io_functions_t functions = {.read = cookie_read};
	struct stream *s = malloc(sizeof(*s));

	if (!s)
		return NULL;
	s->input = input;
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
	free(s);
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
	return input_offset(s->input) - read_ahead(s->file);
}

#include "capture/unpack.h"

#include <stdlib.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* the largest; a gzip header, no other */

struct gzip {
	z_stream stream;
	bool between; /* members */
};

static void *gzip_create(void)
{
	struct gzip *z = calloc(1, sizeof(*z));

	if (z && inflateInit2(&z->stream, GZIP_WINDOW) == Z_OK)
		return z;
	free(z);
	return NULL;
}

static void gzip_destroy(void *unpacker)
{
	struct gzip *z = unpacker;

	inflateEnd(&z->stream);
	free(z);
}

/* A tape's last block is filled up with zeros, which gzip(1) ignores. */
static void skip_zeros(struct unpack_io *io)
{
	while (io->in_left && *io->in == 0) {
		io->in++;
		io->in_left--;
	}
}

static enum unpack_state gzip_run(void *unpacker, struct unpack_io *io)
{
	struct gzip *z = unpacker;
	int rc;

	if (z->between) {
		skip_zeros(io);
		if (!io->in_left)
			return UNPACK_BETWEEN;
		inflateReset(&z->stream);
		z->between = false;
	}
	z->stream.next_in = (Bytef *)io->in; /* zlib does not write there */
	z->stream.avail_in = (uInt)io->in_left;
	z->stream.next_out = io->out;
	z->stream.avail_out = (uInt)io->out_left;
	rc = inflate(&z->stream, Z_NO_FLUSH);
	io->in = z->stream.next_in;
	io->in_left = z->stream.avail_in;
	io->out = z->stream.next_out;
	io->out_left = z->stream.avail_out;
	z->between = rc == Z_STREAM_END;
	if (z->between)
		return UNPACK_BETWEEN;
	if (rc == Z_OK || rc == Z_BUF_ERROR)
		return UNPACK_INSIDE;
	io->why = z->stream.msg ? z->stream.msg : zError(rc);
	return UNPACK_FAILED;
}

const struct unpack_ops unpack_gzip_ops = {
    .create = gzip_create, .destroy = gzip_destroy, .run = gzip_run};

#include "capture/unpack.h"

#include <stdlib.h>
#include <zstd.h>

#define WINDOW_LOG 27 /* UNPACK_MEMORY */

struct zstd {
	ZSTD_DStream *stream;
	bool between; /* frames */
};

static void *zstd_create(void)
{
	struct zstd *z = calloc(1, sizeof(*z));

	if (z)
		z->stream = ZSTD_createDStream();
	if (z && z->stream &&
	    !ZSTD_isError(ZSTD_DCtx_setParameter(z->stream, ZSTD_d_windowLogMax, WINDOW_LOG)))
		return z;
	if (z)
		ZSTD_freeDStream(z->stream);
	free(z);
	return NULL;
}

static void zstd_destroy(void *unpacker)
{
	struct zstd *z = unpacker;

	ZSTD_freeDStream(z->stream);
	free(z);
}

static enum unpack_state zstd_run(void *unpacker, struct unpack_io *io)
{
	struct zstd *z = unpacker;
	ZSTD_inBuffer in = {.src = io->in, .size = io->in_left};
	ZSTD_outBuffer out = {.dst = io->out, .size = io->out_left};
	size_t rc;

	if (z->between && !io->in_left)
		return UNPACK_BETWEEN;
	rc = ZSTD_decompressStream(z->stream, &out, &in);
	io->in += in.pos;
	io->in_left -= in.pos;
	io->out += out.pos;
	io->out_left -= out.pos;
	z->between = rc == 0;
	if (!ZSTD_isError(rc))
		return z->between ? UNPACK_BETWEEN : UNPACK_INSIDE;
	io->why = ZSTD_getErrorName(rc);
	return UNPACK_FAILED;
}

const struct unpack_ops unpack_zstd_ops = {
    .create = zstd_create, .destroy = zstd_destroy, .run = zstd_run};

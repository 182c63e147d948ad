#include "capture/unpack.h"

#include <lzma.h>
#include <stdlib.h>

static void *xz_create(void)
{
	lzma_stream *xz = calloc(1, sizeof(*xz)); /* LZMA_STREAM_INIT is all zeros */

	if (xz && lzma_stream_decoder(xz, UNPACK_MEMORY, LZMA_CONCATENATED) == LZMA_OK)
		return xz;
	free(xz);
	return NULL;
}

static void xz_destroy(void *unpacker)
{
	lzma_end(unpacker);
	free(unpacker);
}

static const char *reason(lzma_ret rc)
{
	switch (rc) {
	case LZMA_MEM_ERROR:
		return "no memory";
	case LZMA_MEMLIMIT_ERROR:
		return "unpacking takes more than 128 MiB of memory";
	case LZMA_FORMAT_ERROR:
		return "other data behind the compressed data";
	case LZMA_OPTIONS_ERROR:
		return "compressed in a way that liblzma does not know";
	default:
		return "the compressed data is corrupt";
	}
}

/* Only with LZMA_FINISH it tells the end of the file from a place where a stream might follow. */
static enum unpack_state xz_run(void *unpacker, struct unpack_io *io)
{
	lzma_stream *xz = unpacker;
	lzma_ret rc;

	xz->next_in = io->in;
	xz->avail_in = io->in_left;
	xz->next_out = io->out;
	xz->avail_out = io->out_left;
	rc = lzma_code(xz, io->in_ended ? LZMA_FINISH : LZMA_RUN);
	io->in = xz->next_in;
	io->in_left = xz->avail_in;
	io->out = xz->next_out;
	io->out_left = xz->avail_out;
	if (rc == LZMA_STREAM_END)
		return UNPACK_BETWEEN;
	if (rc == LZMA_OK || rc == LZMA_BUF_ERROR)
		return UNPACK_INSIDE;
	io->why = reason(rc);
	return UNPACK_FAILED;
}

const struct unpack_ops unpack_xz_ops = {.create = xz_create, .destroy = xz_destroy, .run = xz_run};

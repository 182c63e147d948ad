/*
 * Compressed files: which compression it is, and the libraries that undo it, piece by piece.
 *
 * Memory is bounded whatever a file says: a gzip window has 32 KiB, and what needs more than
 * UNPACK_MEMORY to unpack is refused.
 */
#ifndef SPANFLOW_CAPTURE_UNPACK_H
#define SPANFLOW_CAPTURE_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNPACK_MEMORY (128u << 20)

/* Octets that are there to be taken, and room to fill; run() moves both on. */
struct unpack_io {
	const uint8_t *in;
	size_t in_left;
	bool in_ended; /* nothing comes behind them */
	uint8_t *out;
	size_t out_left;
	const char *why; /* of an error */
};

/* Where the data may end and where not. */
enum unpack_state { UNPACK_INSIDE, UNPACK_BETWEEN, UNPACK_FAILED };

struct unpack_ops {
	/* NULL: no memory. */
	void *(*create)(void);
	void (*destroy)(void *unpacker);
	/* Takes and fills what it can; several members or frames are one file. */
	enum unpack_state (*run)(void *unpacker, struct unpack_io *io);
};

struct compression {
	uint8_t magic[6];
	uint8_t size; /* of the magic */
	bool skips;   /* frames that unpack_skipped() knows may stand before it */
	const char *name;
	const struct unpack_ops *ops; /* NULL: it cannot be unpacked here */
	const char *advice;           /* then: why not, or what to do */
};

#define UNPACK_MAGIC 8 /* octets that these like to see */

/* The compression of a file that begins so, or NULL. */
const struct compression *unpack_find(const uint8_t *octets, size_t n);
/*
 * How long a skippable frame is that begins so (RFC 8878 section 3.1.2): it has nothing of the file, and pzstd
 * puts one before each piece. 0: it is none. The first frame that is not skippable tells the compression.
 */
uint64_t unpack_skipped(const uint8_t *octets, size_t n);

/* Each where configure has found its library. */
extern const struct unpack_ops unpack_gzip_ops;
extern const struct unpack_ops unpack_zstd_ops;
extern const struct unpack_ops unpack_xz_ops;

#endif

/*
 * What a file is, by its first octets; its name does not count.
 */
#ifndef SPANFLOW_CAPTURE_FORMAT_H
#define SPANFLOW_CAPTURE_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "capture/reader.h"

#define FORMAT_OCTETS 24 /* that format_find() likes to see */

struct format {
	uint8_t magic[8];
	uint8_t size; /* of the magic */
	/* As reader_pcap_open(); NULL: it is not read. */
	int (*open)(struct input *input, struct reader **out, char *why);
	const char *what; /* it is, for a person; NULL where it is read */
};

/* The format of a file that begins so, or NULL: none that has a beginning of its own. */
const struct format *format_find(const uint8_t *octets, size_t n);
/* One that has none: reader_erf_knows(). */
extern const struct format format_erf;

#endif

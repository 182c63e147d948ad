/*
 * Records for tests of formats that are lines, and what an encoder writes of them.
 */
#ifndef SPANFLOW_TESTS_LINES_H
#define SPANFLOW_TESTS_LINES_H

#include "export/encoder.h"
#include "util/units.h"

#define LINES_T0 (1767225600ull * NS_PER_S) /* 2026-01-01 00:00:00 UTC */

struct record lines_tcp4(void);
struct record lines_tcp6(void);
/* Unreachable, code 1, of this IP version. */
struct record lines_icmp(uint8_t version);

/* All that the format writes, until the next call. */
const char *lines_written(enum format format, const struct record *records, size_t n);

#endif

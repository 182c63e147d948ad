/*
 * The interfaces that options data tell of, where they change while the program runs.
 *
 * One thread puts lists; the exporter's thread reads the last one, by all its encoders. A list belongs to
 * the board once it is put, and is freed when another one has been read.
 */
#ifndef SPANFLOW_EXPORT_BOARD_H
#define SPANFLOW_EXPORT_BOARD_H

#include <stddef.h>
#include <stdint.h>

#include "export/encoder.h"

/* NULL when memory lacks. */
struct board *board_create(void);
void board_destroy(struct board *b);

/* From one thread: `entries` come from malloc() and are taken over. Without memory nothing changes. */
void board_put(struct board *b, struct interface_info *entries, size_t count);

/*
 * For the exporter's thread: how many lists it has had so far; 0: none. Then what the last one is, lent
 * until board_lists() is called again.
 */
uint64_t board_lists(struct board *b);
const struct interface_info *board_read(const struct board *b, size_t *count);

#endif

/*
 * A screen full: how it goes, and the largest flows, in so many rows and columns. What `spanflowctl top` shows
 * once a second.
 */
#ifndef SPANFLOW_CONTROL_SCREEN_H
#define SPANFLOW_CONTROL_SCREEN_H

#include <stdio.h>

#include "control/listing.h"
#include "control/overview.h"

#define SCREEN_ROWS_MAX 1000
#define SCREEN_COLUMNS_MAX 1000

struct screen_size {
	unsigned rows;
	unsigned columns;
};

/* No line is longer than the screen is wide, and there are no more lines than rows. */
void screen_print(
    FILE *out, const struct overview *o, const struct listing *l, const struct screen_size *size);

/*
 * A flow, and the heading of flows, as a line for a terminal of so many columns. What has no room in its column, as a
 * long address of IPv6, is whole none the less. How many octets `text` has then, with the line's end.
 */
#define SCREEN_FLOW_SIZE 256
size_t screen_flow(char text[SCREEN_FLOW_SIZE], const struct record *r, unsigned columns);
size_t screen_flow_heading(char text[SCREEN_FLOW_SIZE], unsigned columns);

#endif

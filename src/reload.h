/*
 * SPINE: other settings while the program runs. What they ask for is made first, next to what is there; then the workers
 * go over to it between two packets, and the former exporter sends what it has. Belongs to the main thread.
 */
#ifndef SPANFLOW_RELOAD_H
#define SPANFLOW_RELOAD_H

#include <stdbool.h>

#include "errand.h"
#include "program.h"

struct reloads;

struct reload_options {
	struct program *program;
	struct errands *errands;
	/* There is another former exporter, which is to be waited for: what the ledgers so far pointed to is about to go. */
	void (*exporter_changes)(void *ctx);
	void *ctx;
};

/* NULL: no memory. */
struct reloads *reloads_create(const struct reload_options *options);
void reloads_destroy(struct reloads *r);

/* Whether the settings are in effect, and what was said of them, in lines; where they are not, from the first error on. */
typedef void reload_told_fn(void *owner, bool done, const char *said);

/*
 * Reads the settings again. told() (NULL: nobody asks) is called once it is known whether they are in effect; where they
 * are not, nothing has changed and it has been said why. One that comes while another is under way follows it.
 */
void reloads_begin(struct reloads *r, reload_told_fn *told, void *owner);

#endif

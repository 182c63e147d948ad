/*
 * SPINE: requests that the workers have a part in: to list flows, as lines or as a screen full, and to end all
 * that are held. Belongs to the main thread.
 *
 * A job begins with a request and is an errand to the workers, in order of arrival; then its answer is written
 * as the client reads it. A client may leave at any time: what the workers hold stays until they are done
 * with it. What is wrong with a request is told to its client, as "error: WHY", and is logged nowhere.
 */
#ifndef SPANFLOW_JOB_H
#define SPANFLOW_JOB_H

#include <stddef.h>
#include <stdint.h>

#include "control/overview.h"
#include "errand.h"
#include "program.h"

struct request;

/* What all jobs have in common. It outlives them: they end with the control server, and the errands. */
struct jobs {
	const struct program *program;
	struct overview *overview;
	struct errands *errands;
	/* Flows that clients have asked for and not read to the end. From two tables full on who asks is refused. */
	uint64_t listed;
};

/* Each takes a request, with the words behind its command, and answers it, now or later. */

/* "[top [N] [by ORDER]] [FILTER]": records, with their sum where the answer is for a person. */
void job_list(struct jobs *all, struct request *r, char *const *words, size_t count);
/* "COLUMNS" and the same, for a terminal that is too narrow for them: rows of control/screen.h. */
void job_rows(struct jobs *all, struct request *r, char *const *words, size_t count);
/* "ROWS COLUMNS [by ORDER] [FILTER]": what control/screen.h draws. */
void job_screen(struct jobs *all, struct request *r, char *const *words, size_t count);
/* Ends all flows that are held; the answer comes when that is done. */
void job_flush(struct jobs *all, struct request *r);

#endif

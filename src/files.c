/*
 * SPINE: the worker's capture files, one after the other.
 */
#include <errno.h>

#include "decode/decode.h"
#include "util/now.h"
#include "worker_inside.h"

/* A pipe has nothing more for now: what came so far is not held back. */
static void before_wait(void *ctx)
{
	worker_end_turn(ctx, TURN_PACKETS, true);
}

static void close_file(struct worker *w)
{
	source_close(w->seats.sources[0]);
	w->seats.sources[0] = NULL;
}

static void read_file(struct worker *w, const struct config_input *file)
{
	struct source_file_options options = {
	    .path = file->name,
	    .ingress = w->config->file_ingress,
	    .ingress_by_interface = !w->config->file_ingress_given,
	    .filter = w->config->filter,
	    .is_decoded = decode_supports,
	    .on_wait = before_wait,
	    .on_wait_ctx = w,
	    .stop = &w->stop,
	};
	int rc = source_file_open(&options, &w->seats.sources[0]);

	if (rc == 0)
		rc = intake_open(&w->intake, 0, w->seats.sources[0]);
	if (rc) {
		w->failed |= rc != -EINTR;
		close_file(w);
		return;
	}
	w->intake.clock.file_begins = true;
	do
		rc = worker_read_batch(w, 0);
	while (rc > 0 && !worker_is_stopped(w));
	w->failed |= rc < 0 && rc != -ENODATA && rc != -EINTR;
	close_file(w);
}

/* --time=now: the latest packet of all files is one of this moment. */
static void shift_times(struct worker *w)
{
	uint64_t latest = 0;

	for (size_t i = 0; i < w->config->file_count; i++) {
		struct source_file_options options = {.path = w->config->files[i].name,
		    .filter = w->config->filter,
		    .is_decoded = decode_supports};

		source_file_latest(&options, &w->stop, &latest);
	}
	if (latest)
		intake_shift_times(&w->intake, (int64_t)(date_now() - latest));
}

void worker_read_files(struct worker *w)
{
	if (w->config->time_now)
		shift_times(w);
	for (size_t i = 0; i < w->config->file_count && !worker_is_stopped(w); i++)
		read_file(w, &w->config->files[i]);
}

#include "capture/source.h"

#define PACKETS_A_READ 256

static bool keep_latest(void *ctx, const struct packet packets[], unsigned n)
{
	uint64_t *latest_ns = ctx;

	for (unsigned i = 0; i < n; i++)
		if (packets[i].ts_ns > *latest_ns)
			*latest_ns = packets[i].ts_ns;
	return true;
}

void source_file_latest(
    const struct source_file_options *options, const atomic_bool *stop, uint64_t *latest_ns)
{
	struct source_file_options quiet = *options;
	struct source *source;

	quiet.silent = true;
	quiet.stop = stop;
	if (source_file_open(&quiet, &source) < 0)
		return;
	while (!atomic_load_explicit(stop, memory_order_relaxed) &&
	    source_read(source, PACKETS_A_READ, keep_latest, latest_ns) > 0)
		continue;
	source_close(source);
}

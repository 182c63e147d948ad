#include "capture/source.h"

#define PACKETS_A_READ 256

static bool keep_latest(void *ctx, const struct packet *packet)
{
	uint64_t *latest_ns = ctx;

	if (packet->ts_ns > *latest_ns)
		*latest_ns = packet->ts_ns;
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

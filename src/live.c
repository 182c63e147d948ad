#include "live.h"

#include <errno.h>
#include <stdlib.h>

int live_open(struct live *l, const struct config *c, unsigned worker)
{
	uint64_t share;

	l->of[worker] = calloc(c->interface_count + 1, sizeof(*l->of[worker]));
	if (!l->of[worker])
		return -ENOMEM;
	share = c->buffer_bytes / c->workers;
	for (size_t i = 0; i < c->interface_count; i++) {
		struct source_live_options options = {
		    .interface = c->interfaces[i].name,
		    .ingress = c->interfaces[i].ingress,
		    .filter = c->filter,
		    .buffer_bytes = share > CONFIG_BUFFER_MIN ? share : CONFIG_BUFFER_MIN,
		    .direction = c->direction,
		    .capture = c->capture,
		    .share = c->workers > 1 ? &l->shares[i] : NULL,
		};
		int rc = source_live_open(&options, &l->of[worker][i]);

		if (rc)
			return rc;
	}
	return 0;
}

void live_close(struct live *l, const struct config *c, unsigned worker, bool taken)
{
	for (size_t i = 0; l->of[worker] && !taken && i < c->interface_count; i++)
		source_close(l->of[worker][i]);
	free(l->of[worker]);
	l->of[worker] = NULL;
}

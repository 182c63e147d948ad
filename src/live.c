#include "live.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All live sources are opened here, at the start and later. */
static int open_source(struct live *l, const struct config *c, unsigned i, const char *name,
    bool again, struct source **out)
{
	uint64_t share = c->buffer_bytes / c->workers;
	struct source_live_options options = {
	    .interface = name,
	    .ingress = c->interfaces[i].ingress,
	    .filter = c->filter,
	    .buffer_bytes = share > CONFIG_BUFFER_MIN ? share : CONFIG_BUFFER_MIN,
	    .direction = c->direction,
	    .capture = c->capture,
	    .again = again,
	    .share = c->workers > 1 ? &l->shares[i] : NULL,
	};
	int rc = source_live_open(&options, out);

	if (rc == 0)
		l->index[i] = (*out)->index;
	return rc;
}

int live_open(struct live *l, const struct config *c, unsigned worker)
{
	l->of[worker] = calloc(c->interface_count + 1, sizeof(*l->of[worker]));
	if (!l->of[worker])
		return -ENOMEM;
	for (unsigned i = 0; i < c->interface_count; i++) {
		int rc = 0;

		if (!l->awaited[i])
			rc = open_source(l, c, i, c->interfaces[i].name, false, &l->of[worker][i]);
		if (rc)
			return rc;
	}
	return 0;
}

int live_reopen(struct live *l, const struct config *c, unsigned i, const char *name,
    struct source *out[CONFIG_WORKERS_MAX])
{
	int rc = 0;

	memset(&l->shares[i], 0, sizeof(l->shares[i]));
	snprintf(l->names[i], sizeof(l->names[i]), "%s", name);
	for (unsigned w = 0; w < c->workers; w++) {
		rc = open_source(l, c, i, l->names[i], true, &out[w]);
		while (rc && w > 0)
			source_close(out[--w]);
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

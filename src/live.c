#include "live.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/packet_socket.h"
#include "capture/share.h"
#include "guarded.h"
#include "util/log.h"

/* It may take a second to get so much. */
#define LARGE_BUFFER (256u << 20)

struct source_live_options live_options(
    struct live *l, const struct config *c, unsigned i, const char *name, bool again)
{
	uint64_t share = c->buffer_bytes / c->workers;

	return (struct source_live_options){
	    .interface = name,
	    .ingress = c->interfaces[i].ingress,
	    .filter = l->filter,
	    .buffer_bytes = share > CONFIG_BUFFER_MIN ? share : CONFIG_BUFFER_MIN,
	    .direction = c->direction,
	    .capture = c->capture,
	    .again = again,
	    .share = c->workers > 1 ? &l->shares[i] : NULL,
	};
}

/* The kernel fills it with zeros, a page at a time, before it says that there is one. */
static void tell_wait(const struct config *c, const struct source_live_options *o)
{
	if (c->buffer_bytes >= LARGE_BUFFER && (!o->share || !o->share->exists))
		log_info("%s: waiting for memory: %" PRIu64 " MB for --buffer", o->interface,
		    c->buffer_bytes >> 20);
}

static int open_source(
    struct live *l, const struct config *c, unsigned i, const char *name, struct source **out)
{
	struct source_live_options options = live_options(l, c, i, name, false);

	tell_wait(c, &options);
	return source_live_open(&options, out);
}

/* What libpcap and AF_XDP open cannot come from another process. */
static void tell_guarded(struct live *l, const struct config *c, unsigned i, int rc)
{
	if (l->told[i])
		return;
	l->told[i] = rc == -ENOTSUP || (rc == 0 && c->capture == SOURCE_XDP);
	if (rc == -ENOTSUP)
		log_error(
		    "%s: it takes rights that were given up to capture this interface anew by "
		    "libpcap: restart, or use --seal=off",
		    l->names[i]);
	else if (l->told[i])
		log_warning("%s: captured by a packet socket from now on: AF_XDP takes rights that "
			    "were given up: restart, or use --seal=off",
		    l->names[i]);
}

/* A socket that another process has opened, shut. */
static int open_guarded(struct live *l, const struct guarded_interface *interface,
    const struct source_live_options *options, struct source **out)
{
	struct packet_socket socket;
	int rc = guarded_open(l->guard, interface, &socket);

	if (rc == 0)
		rc = packet_socket_read(&socket, options, out);
	if (rc)
		return rc;
	rc = source_set_filter(*out, options->filter);
	if (rc)
		source_close(*out);
	return rc;
}

static int open_again(
    struct live *l, const struct config *c, unsigned i, unsigned worker, struct source **out)
{
	struct source_live_options options = live_options(l, c, i, l->names[i], true);
	int rc;

	if (l->guard < 0)
		return source_live_open(&options, out);
	rc = open_guarded(l, &(struct guarded_interface){i, worker, l->names[i]}, &options, out);
	tell_guarded(l, c, i, rc);
	return rc;
}

/* Of all workers together. */
static void tell_way(const struct config *c, const char *name, const struct source *one)
{
	uint64_t bytes = one->buffer_bytes * c->workers;
	bool is_large = bytes >= 1 << 20;
	const char *unit = is_large ? "MB" : "KB";

	bytes >>= is_large ? 20 : 10;
	if (c->workers > 1)
		log_info("%s: captured by %s for each of %u workers, with a buffer of %" PRIu64
			 " %s in all",
		    name, one->way, c->workers, bytes, unit);
	else
		log_info("%s: captured by %s, with a buffer of %" PRIu64 " %s", name, one->way,
		    bytes, unit);
}

void live_tell_ways(const struct live *l, const struct config *c)
{
	for (unsigned i = 0; i < c->interface_count; i++)
		if (l->of[0][i])
			tell_way(c, c->interfaces[i].name, l->of[0][i]);
}

int live_open(struct live *l, const struct config *c, unsigned worker)
{
	l->of[worker] = calloc(c->interface_count + 1, sizeof(*l->of[worker]));
	if (!l->of[worker])
		return -ENOMEM;
	for (unsigned i = 0; i < c->interface_count; i++) {
		int rc = 0;

		if (!l->awaited[i])
			rc = open_source(l, c, i, c->interfaces[i].name, &l->of[worker][i]);
		if (rc)
			return rc;
		if (l->of[worker][i])
			l->index[i] = l->of[worker][i]->index;
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
		rc = open_again(l, c, i, w, &out[w]);
		while (rc && w > 0)
			source_close(out[--w]);
		if (rc)
			return rc;
	}
	if (l->guard >= 0)
		share_begin(&l->shares[i]);
	l->index[i] = out[0]->index;
	tell_way(c, l->names[i], out[0]);
	return 0;
}

void live_close(struct live *l, const struct config *c, unsigned worker, bool taken)
{
	for (size_t i = 0; l->of[worker] && !taken && i < c->interface_count; i++)
		source_close(l->of[worker][i]);
	free(l->of[worker]);
	l->of[worker] = NULL;
}

#include "exporting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "meter/record.h"
#include "util/log.h"

/* Live the exporter may fall behind for a second; offline the worker waits for it instead. */
#define RING_SLOTS_LIVE 65536
#define RING_SLOTS_FILE 8192

/* What stages need of those before: the interfaces' names, details of packets. */
static int complete_config(
    struct exporting *x, struct config *c, const struct live_watch *watch, bool continues)
{
	int rc = interfaces_list(&x->interfaces, c, watch);

	x->board = board_create();
	if (!x->board)
		return -ENOMEM;
	c->decode.details |= key_has(KEY_MACS, c->key_changes);
	for (size_t i = 0; i < c->collector_count; i++) {
		struct encoder_options *encoding = &c->collectors[i].encoding;

		encoding->interfaces = x->interfaces.entries;
		encoding->interface_count = x->interfaces.count;
		encoding->interface_room = x->interfaces.count + c->interface_count;
		encoding->board = x->board;
		encoding->continues = continues && !c->collectors[i].path;
		c->decode.details |= encoder_needs_details(encoding);
	}
	return rc;
}

static int create_rings(struct exporting *x)
{
	size_t slots = config_is_live(x->config) ? RING_SLOTS_LIVE : RING_SLOTS_FILE;

	for (unsigned i = 0; i < x->config->workers; i++) {
		x->rings[i] = ring_create(slots, sizeof(struct record));
		if (!x->rings[i])
			return -errno;
	}
	return 0;
}

struct exporting *exporting_create(struct config *config, struct own_exports *own_exports,
    const struct live_watch *watch, int dead_fd, bool continues)
{
	struct exporting *x = calloc(1, sizeof(*x));
	struct exporter_options options;
	int rc;

	if (!x)
		return NULL;
	x->config = config;
	x->subject = continues ? "reload" : "start";
	x->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	rc = x->done_fd < 0 ? -errno : complete_config(x, config, watch, continues);
	if (rc == 0)
		rc = create_rings(x);
	if (rc) {
		log_error("%s: %s", x->subject, strerror(-rc));
		exporting_destroy(x);
		return NULL;
	}
	options = (struct exporter_options){.config = config,
	    .rings = x->rings,
	    .ring_count = config->workers,
	    .dead_fd = dead_fd,
	    .done_fd = x->done_fd};
	x->exporter = exporter_create(&options);
	if (!x->exporter) {
		exporting_destroy(x);
		return NULL;
	}
	resolver_init(&x->resolver, config, x->exporter, own_exports);
	if (continues)
		own_exports_try(own_exports, &x->resolver.is_on_trial);
	return x;
}

void exporting_tell_interfaces(struct exporting *x, const struct live_watch *watch)
{
	struct interface_list l;

	if (interfaces_list(&l, x->config, watch) == 0)
		board_put(x->board, l.entries, l.count);
	else
		interfaces_fini(&l);
}

/* A thread names itself: for others that takes a file. */
static void *run(void *exporter)
{
	pthread_setname_np(pthread_self(), "sf-exporter");
	return exporter_run(exporter);
}

int exporting_start(struct exporting *x)
{
	int rc = pthread_create(&x->thread, NULL, run, x->exporter);

	if (rc) {
		log_error("%s: %s", x->subject, strerror(rc));
		return -rc;
	}
	x->is_started = true;
	resolver_start(&x->resolver);
	return 0;
}

bool exporting_join(struct exporting *x)
{
	pthread_join(x->thread, NULL);
	x->is_started = false;
	return exporter_failed(x->exporter);
}

bool exporting_destroy(struct exporting *x)
{
	if (!x)
		return true;
	if (!resolver_stop(&x->resolver))
		return false;
	exporter_destroy(x->exporter);
	for (unsigned i = 0; i < CONFIG_WORKERS_MAX; i++)
		ring_destroy(x->rings[i]);
	interfaces_fini(&x->interfaces);
	board_destroy(x->board);
	if (x->done_fd >= 0)
		close(x->done_fd);
	free(x);
	return true;
}

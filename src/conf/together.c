/*
 * Settings that are right each by itself, and may not be together.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/options.h"
#include "conf/place.h"
#include "util/log.h"

/* Files whose times are shifted are read twice. */
static int check_files_twice(const struct config *c)
{
	for (size_t i = 0; i < c->file_count; i++) {
		const char *name = c->files[i].name;
		struct stat st;

		if (strcmp(name, "-") != 0 && (stat(name, &st) < 0 || S_ISREG(st.st_mode)))
			continue;
		log_error("--time: 'now' is not allowed with '%s': the latest time must be found "
			  "first, and only a regular file can be read twice",
		    name);
		return -EINVAL;
	}
	return 0;
}

/* What several cannot do. */
static int check_workers(const struct config *c)
{
	if (c->max_flows < c->workers) {
		log_error(
		    "--max-flows: %u: with %u --workers at least as many: each holds its share",
		    c->max_flows, c->workers);
		return -EINVAL;
	}
	if (c->interface_count && c->packet_limit) {
		log_error("--count: with --interface and several --workers none can tell when so "
			  "many have come: use --duration");
		return -EINVAL;
	}
	if (c->interface_count && !key_has(KEY_PORTS, c->key_changes)) {
		log_error("--key: '-ports' is not allowed with --interface and several --workers: "
			  "the kernel shares packets out by ports");
		return -EINVAL;
	}
	return 0;
}

/* Its packets would count as often. */
static int check_interfaces(const struct config *c)
{
	for (size_t i = 0; i < c->interface_count; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(c->interfaces[i].name, c->interfaces[j].name) == 0) {
				log_error(
				    "--interface: '%s' is given twice", c->interfaces[i].name);
				return -EINVAL;
			}
	return 0;
}

/*
 * Nobody is answered while files are read. Whoever asks for it here is told; a file that is a service's may be used
 * for a capture as well.
 */
static int check_listening(const struct config *c)
{
	for (size_t i = 0; i < c->settings.count; i++) {
		const struct setting *s = &c->settings.rows[i];
		bool listens = (s->row->set == control_parse && c->control.path) ||
		    (s->row->set == metrics_parse && c->metrics.size);

		if (s->rank != SETTING_LINE || !listens)
			continue;
		log_error("--%s: not with --read: nobody is answered while files are read: use it "
			  "with --interface",
		    s->row->name);
		return -EINVAL;
	}
	return 0;
}

static int check_inputs(const struct config *c)
{
	if (check_interfaces(c) < 0)
		return -EINVAL;
	if (c->interface_count && c->file_count) {
		log_error("--interface and --read: one or the other: capture and files do not mix");
		return -EINVAL;
	}
	if (!c->interface_count && !c->file_count) {
		log_error(
		    "no input: name an interface (-i) or a capture file (-r): see spanflow -h");
		return -EINVAL;
	}
	if (c->interface_count && c->time_now) {
		log_error("--time: 'now' is not allowed with --interface: live it is now anyway");
		return -EINVAL;
	}
	if (c->workers > 1 && check_workers(c) < 0)
		return -EINVAL;
	if (c->file_count && check_listening(c) < 0)
		return -EINVAL;
	return c->time_now ? check_files_twice(c) : 0;
}

/* Each would write over the other's records, or among them. */
static int check_apart(const struct config *c, const struct config_collector *output)
{
	for (const struct config_collector *other = c->collectors; other < output; other++)
		if (!other->host && place_is_same(output->path, other->path)) {
			log_error("--output: '%s' is given twice: a file for each",
			    output->path ? output->path : "standard output");
			return -EINVAL;
		}
	return 0;
}

/* Its file is made anew before the capture has been read. */
static int check_not_read(const struct config *c, const struct config_collector *output)
{
	for (size_t i = 0; i < c->file_count; i++)
		if (place_is_capture(output->path, c->files[i].name)) {
			log_error("--output: '%s': this is a capture to read: choose another file",
			    output->path);
			return -EINVAL;
		}
	return 0;
}

static int check_outputs(const struct config *c)
{
	for (size_t i = 0; i < c->collector_count; i++) {
		const struct config_collector *n = &c->collectors[i];

		if (!n->host && (check_apart(c, n) < 0 || check_not_read(c, n) < 0))
			return -EINVAL;
	}
	return 0;
}

static int check_root(const struct config *c)
{
	if (!c->user.root || c->seal)
		return 0;
	log_error("--chroot: it is a part of giving up rights: not with --seal=off");
	return -EINVAL;
}

int together_check(const struct config *c)
{
	int rc = check_inputs(c);

	if (rc == 0)
		rc = check_outputs(c);
	return rc ? rc : check_root(c);
}

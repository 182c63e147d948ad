/*
 * Groups of collectors as --group names them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf/options.h"
#include "util/log.h"
#include "util/units.h"

#define HOLD_DOWN_DEFAULT_NS (10 * NS_PER_S)

static int parse_policy(const char *text, enum group_policy *policy)
{
	static const char *const names[] = {[GROUP_REPLICATE] = "replicate",
	    [GROUP_BALANCE] = "balance",
	    [GROUP_FAILOVER] = "failover"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(text, names[i]) == 0) {
			*policy = (enum group_policy)i;
			return 0;
		}
	return -EINVAL;
}

/* "POLICY[,hold-down=TIME]", which it cuts up. */
static int parse_rest(struct config_group *g, char *text)
{
	char *rest = text, *key;
	int rc = parse_policy(strsep(&rest, ","), &g->policy);

	while (rc == 0 && (key = strsep(&rest, ","))) {
		if (strncmp(key, "hold-down=", 10) != 0)
			return -EINVAL;
		rc = parse_time_ns(key + 10, &g->hold_down_ns);
	}
	return rc;
}

static const struct config_group *find_group(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->group_count; i++)
		if (strcmp(c->groups[i].name, name) == 0)
			return &c->groups[i];
	return NULL;
}

/* Takes the name and what it is said to be, cut apart. */
static int add_group(struct config *c, char *name, char *rest)
{
	struct config_group *g = &c->groups[c->group_count];

	if (find_group(c, name)) {
		log_error("'%s' is given twice: one --group for each name", name);
		return SAID_ALREADY;
	}
	if (c->group_count == CONFIG_GROUPS_MAX) {
		log_error("'%s': too many: at most %d groups", name, CONFIG_GROUPS_MAX);
		return SAID_ALREADY;
	}
	*g = (struct config_group){.hold_down_ns = HOLD_DOWN_DEFAULT_NS};
	if (parse_rest(g, rest) < 0)
		return -EINVAL;
	g->name = name;
	c->group_count++;
	return 0;
}

int group_parse(struct config *c, const char *value)
{
	char *name = strdup(value);
	char *equals = name ? strchr(name, '=') : NULL;
	int rc = name ? -EINVAL : -ENOMEM;

	if (equals && equals > name) {
		*equals = '\0';
		rc = add_group(c, name, equals + 1);
	}
	if (rc)
		free(name);
	return rc;
}

static bool has_member(const struct config *c, const struct config_group *g)
{
	for (size_t i = 0; i < c->collector_count; i++)
		if (c->collectors[i].group && strcmp(c->collectors[i].group, g->name) == 0)
			return true;
	return false;
}

/* -- the same collector twice ------------------------------------------------------------------ */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* One and the same exporter, to a collector, with the same records. */
static bool is_same(const struct config_collector *a, const struct config_collector *b)
{
	const struct encoder_options *x = &a->encoding, *y = &b->encoding;

	return a->host && b->host && strcasecmp(a->host, b->host) == 0 && a->port == b->port &&
	    x->format == y->format && x->domain == y->domain && x->engine_type == y->engine_type &&
	    x->engine_id == y->engine_id &&
	    memcmp(&x->records, &y->records, sizeof(x->records)) == 0 &&
	    same_text(a->udp.source, b->udp.source) && same_text(a->udp.dev, b->udp.dev);
}

/* Rather than those that a group chooses for it. */
static bool gets_each_record(const struct config *c, const struct config_collector *n)
{
	return !n->group || find_group(c, n->group)->policy == GROUP_REPLICATE;
}

/* Groups may be another one's reserve: A for B, and B for A. */
static int check_twice(const struct config *c, const struct config_collector *n)
{
	for (const struct config_collector *other = c->collectors; other < n; other++)
		if (is_same(other, n) && gets_each_record(c, other) && gets_each_record(c, n)) {
			log_error("--collector: '%s' is given twice, and would get each record "
				  "twice: leave one out",
			    n->url);
			return -EINVAL;
		}
	return 0;
}

int groups_finish(const struct config *c)
{
	for (size_t i = 0; i < c->collector_count; i++) {
		const struct config_collector *n = &c->collectors[i];

		if (n->group && !find_group(c, n->group)) {
			log_error("%s: there is no group '%s': add "
				  "--group %s=balance or another policy",
			    n->url, n->group, n->group);
			return -EINVAL;
		}
		if (check_twice(c, n) < 0)
			return -EINVAL;
	}
	for (size_t i = 0; i < c->group_count; i++)
		if (!has_member(c, &c->groups[i])) {
			log_error("--group: '%s' has no members: add group=%s to a --collector",
			    c->groups[i].name, c->groups[i].name);
			return -EINVAL;
		}
	return 0;
}

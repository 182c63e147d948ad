#include "capture/offload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/log.h"

/* The kernel's names, and those that people and ethtool(8) use. */
static const struct kind {
	const char *feature;
	const char *title;
	const char *word; /* of `ethtool -K` */
	bool is_vlan;     /* of no consequence but to AF_XDP */
} kinds[] = {
    {"rx-gro", "GRO", "gro", false},
    {"rx-gro-hw", "hardware GRO", "rx-gro-hw", false},
    {"rx-lro", "LRO", "lro", false},
    {"rx-vlan-hw-parse", "VLAN tag stripping", "rxvlan", true},
};

#define KINDS (sizeof(kinds) / sizeof(*kinds))
/* Names of all kinds, with something between them. */
#define TEXT_SIZE 96

/* An interface that was looked at; of the same name there is one. */
struct row {
	char name[LINK_NAME_SIZE];
	uint32_t index;
	unsigned turned_off; /* set of 1 << kind, like these: */
	unsigned on; /* when it was looked at the last time, and what could be was turned off */
	unsigned stubborn; /* stayed on the last time */
	unsigned told;     /* that they stay on */
};

struct offloads {
	struct ethtool *ethtool;
	enum source_offloads choice;
	enum source_capture capture;
	bool told; /* that the kernel cannot tell */
	struct row *rows;
	size_t count;
};

/* -- words ------------------------------------------------------------------------------------ */

static void add(char *text, const char *before, const char *word, const char *behind)
{
	size_t n = strlen(text);

	snprintf(text + n, TEXT_SIZE - n, "%s%s%s", n ? before : "", word, behind);
}

/* "GRO, LRO" */
static const char *titles(unsigned set, char text[TEXT_SIZE])
{
	text[0] = '\0';
	for (unsigned i = 0; i < KINDS; i++)
		if (set & 1u << i)
			add(text, ", ", kinds[i].title, "");
	return text;
}

/* "gro off lro off" */
static const char *commands(unsigned set, const char *value, char text[TEXT_SIZE])
{
	text[0] = '\0';
	for (unsigned i = 0; i < KINDS; i++)
		if (set & 1u << i)
			add(text, " ", kinds[i].word, value);
	return text;
}

/* -- asking ----------------------------------------------------------------------------------- */

/* 0 or -errno. */
static int find_on(struct offloads *o, uint32_t index, unsigned *on)
{
	struct ethtool_feature features[KINDS];
	int rc;

	for (unsigned i = 0; i < KINDS; i++)
		features[i].name = kinds[i].feature;
	rc = ethtool_features(o->ethtool, index, features, KINDS);
	*on = 0;
	for (unsigned i = 0; rc == 0 && i < KINDS; i++)
		if (features[i].on && (!kinds[i].is_vlan || o->capture == SOURCE_XDP))
			*on |= 1u << i;
	return rc;
}

static int switch_all(struct offloads *o, uint32_t index, unsigned set, bool on)
{
	struct ethtool_feature features[KINDS];
	size_t n = 0;

	for (unsigned i = 0; i < KINDS; i++)
		if (set & 1u << i)
			features[n++] = (struct ethtool_feature){kinds[i].feature, on};
	return n ? ethtool_set_features(o->ethtool, index, features, n) : 0;
}

/* -- looking ---------------------------------------------------------------------------------- */

static void say_unknown(struct offloads *o, int rc)
{
	if (o->told)
		return;
	o->told = true;
	if (rc == -EOPNOTSUPP)
		log_warning(
		    "--offloads: the kernel does not tell what is on: it takes Linux 5.7 with "
		    "CONFIG_ETHTOOL_NETLINK: `ethtool -k` may show whether GRO or LRO are");
	else
		log_warning("--offloads: it is not known what is on: %s", strerror(-rc));
}

/* AF_XDP comes before GRO, and a driver that has LRO on refuses it. */
static void warn(const struct offloads *o, const char *name, unsigned on)
{
	char what[TEXT_SIZE], how[TEXT_SIZE];

	if (!on || o->capture == SOURCE_XDP)
		return;
	log_warning(
	    "%s: %s on: packets of a connection may be merged before they are captured, and be "
	    "counted as fewer and larger ones: --offloads=off, or `ethtool -K %s %s`",
	    name, titles(on, what), name, commands(on, " off", how));
}

/* The row of this name, a new one if need be; NULL: no memory. */
static struct row *find_row(struct offloads *o, const char *name)
{
	struct row *rows;

	for (size_t i = 0; i < o->count; i++)
		if (strcmp(o->rows[i].name, name) == 0)
			return &o->rows[i];
	rows = realloc(o->rows, (o->count + 1) * sizeof(*rows));
	if (!rows)
		return NULL;
	o->rows = rows;
	rows += o->count++;
	*rows = (struct row){.index = 0};
	snprintf(rows->name, sizeof(rows->name), "%s", name);
	return rows;
}

static void say_stays(const char *name, unsigned on, int rc)
{
	char what[TEXT_SIZE], how[TEXT_SIZE];

	if (rc == -EPERM)
		log_warning(
		    "%s: %s stays on: no permission to turn it off: run as root, or give the "
		    "program CAP_NET_ADMIN, or `ethtool -K %s %s`",
		    name, titles(on, what), name, commands(on, " off", how));
	else if (rc)
		log_warning("%s: %s stays on: %s", name, titles(on, what), strerror(-rc));
	else
		log_warning(
		    "%s: %s stays on: the driver does not let it be turned off, so that packets "
		    "may be merged before they are counted",
		    name, titles(on, what));
}

/* Of VLAN tags AF_XDP tells. */
static unsigned without_vlan(unsigned set)
{
	for (unsigned i = 0; i < KINDS; i++)
		if (kinds[i].is_vlan)
			set &= ~(1u << i);
	return set;
}

/*
 * What of it stays on. Where it has been off before it is said of what stayed on twice in a row: somebody may have
 * turned it on between this and the look at what came of it.
 */
static unsigned turn_off(struct offloads *o, struct row *r, unsigned on, bool was_off)
{
	unsigned left = on, stays;
	int rc = switch_all(o, r->index, on, false);

	if (rc == 0)
		find_on(o, r->index, &left);
	left &= on;
	r->turned_off |= on & ~left;
	stays = was_off ? left & r->stubborn : left;
	if (without_vlan(stays & ~r->told))
		say_stays(r->name, without_vlan(stays & ~r->told), rc);
	r->told |= stays;
	r->stubborn = left;
	return left;
}

/* Somebody, or something, has turned it on while it was captured. */
static void say_off_again(const char *name, unsigned set)
{
	char what[TEXT_SIZE];

	if (set)
		log_warning("%s: %s had been turned on: off again: packets may have been merged "
			    "meanwhile",
		    name, titles(set, what));
}

static void turn_off_fresh(struct offloads *o, struct row *r, const struct link *link, unsigned on)
{
	bool is_another = r->index != link->index;
	unsigned fresh = is_another ? on : on & ~r->on, left;

	if (is_another)
		r->turned_off = 0;
	r->index = link->index;
	left = fresh ? turn_off(o, r, fresh, !is_another) : 0;
	if (!is_another)
		say_off_again(r->name, without_vlan(fresh & ~left));
	r->on = (on & ~fresh) | (left & r->told);
}

void offloads_look(struct offloads *o, const struct link *link)
{
	struct row *r;
	unsigned on;
	int rc;

	if (!o || o->choice == OFFLOADS_ON || link->is_loopback)
		return;
	rc = o->ethtool ? find_on(o, link->index, &on) : -EOPNOTSUPP;
	if (rc && rc != -ENODEV)
		say_unknown(o, rc);
	r = rc == 0 ? find_row(o, link->name) : NULL;
	if (!r)
		return;
	if (o->choice == OFFLOADS_OFF) {
		turn_off_fresh(o, r, link, on);
		return;
	}
	warn(o, r->name, on & ~r->on);
	r->on = on;
}

/* -- life ------------------------------------------------------------------------------------- */

struct offloads *offloads_create(
    struct ethtool *e, enum source_offloads choice, enum source_capture capture)
{
	struct offloads *o = calloc(1, sizeof(*o));

	if (o) {
		o->ethtool = e;
		o->choice = choice;
		o->capture = capture;
	}
	return o;
}

/* An interface that has gone took its settings along. */
static void put_back(struct offloads *o, const struct row *r)
{
	char how[TEXT_SIZE];
	int rc = switch_all(o, r->index, r->turned_off, true);

	if (rc && rc != -ENODEV)
		log_error("%s: what was turned off stays off: %s: `ethtool -K %s %s`", r->name,
		    strerror(-rc), r->name, commands(r->turned_off, " on", how));
}

void offloads_destroy(struct offloads *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->count; i++)
		put_back(o, &o->rows[i]);
	free(o->rows);
	free(o);
}

/*
 * Collectors that share the records, and which of them gets one: each of them (replicate), one by
 * a hash of the flow (balance), or the first that can be reached (failover).
 *
 * In a group of the latter two a member that cannot be reached fails: what it has not sent goes to
 * the others, and it is left alone for the hold-down time. Then it is sent templates; if no error
 * comes for some seconds it is a member like the others again. The last one that has not failed is used
 * on whatever happens, so that there always is one; what it loses is counted there.
 *
 * Belongs to the exporter's thread. Health is judged by a steady clock, which is an argument.
 */
#ifndef SPANFLOW_GROUP_H
#define SPANFLOW_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector.h"
#include "conf/config.h"

enum health { HEALTH_GOOD, HEALTH_FAILED, HEALTH_PROBED };

struct member {
	struct collector *collector;
	const char *url;
	uint64_t id; /* what balancing knows it by, in any order of the members */
	enum health health;
	uint64_t since_ns;
	uint64_t vain_ns; /* when it failed last as the only good one; 0: never, or there are others by now */
};

struct group {
	const char *name;
	enum group_policy policy;
	uint64_t hold_down_ns;
	bool without_ports; /* they are not in the flows' key */
	struct member members[CONFIG_COLLECTORS_MAX];
	size_t count;
	uint64_t clock_ns; /* as the records and ticks have it */
	uint64_t wall_ns;
	bool ended;
	/*
	 * How far from well it is, 0: all is. Failover: the index of the member in use; balance: how many members get
	 * no records; of both, `count`: the only one that gets records cannot be reached.
	 */
	size_t told; /* as last said */
	size_t seen; /* as it is, since: */
	uint64_t seen_ns;
};

/*
 * How long no error may come after templates were sent to a member that had failed. The kernel
 * takes 3 s to find that a neighbour does not answer; until then it says nothing and drops.
 */
#define GROUP_PROBE_NS 4000000000ull

/*
 * How long no error may come of the only member that gets records before it counts as reached again: templates,
 * which are sent where nothing else is, go each minute.
 */
#define GROUP_VAIN_NS 90000000000ull

/* How long a member must have been well before it is told that it gets records again. */
#define GROUP_WELL_NS 30000000000ull

/* NULL: the group of those without one, which all get every record. */
void group_init(struct group *g, const struct config_group *config);
/* Members keep this order. The collector and its `url`, which tells it from others, must outlive the group. */
void group_add(struct group *g, struct collector *c, const char *url);

/* Whether any record would find room: where nothing may be lost ask first. */
bool group_has_room(const struct group *g);
/* A record, tick or end for those of the members whom it concerns. */
void group_offer(struct group *g, const struct record *r);
/* Begins new sessions where names have got new addresses. */
void group_renew(struct group *g, uint64_t now_ns);
/* Sends what is due, and moves what a failed member could not send. When to call again. */
uint64_t group_run(struct group *g, uint64_t now_ns);

/* The member that gets this record; of a group that shares them. For tests. */
struct member *group_choose(struct group *g, const struct record *r);

#endif

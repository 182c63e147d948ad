/*
 * SPINE: which collectors get a record, and where records go when a collector cannot be reached.
 *
 *	group_offer -> group_choose -> collector_offer
 *	group_run: collector_run -> (it failed) -> collector_take_back -> collector_move
 */
#include "group.h"

#include <netinet/in.h>
#include <string.h>

#include "util/hash.h"
#include "util/log.h"

void group_init(struct group *g, const struct config_group *config)
{
	*g = (struct group){.policy = GROUP_REPLICATE};
	if (!config)
		return;
	g->name = config->name;
	g->policy = config->policy;
	g->hold_down_ns = config->hold_down_ns;
}

void group_add(struct group *g, struct collector *c, const char *url)
{
	g->members[g->count++] =
	    (struct member){.collector = c, .url = url, .id = hash_bytes(url, strlen(url), 0)};
}

/* -- which member ------------------------------------------------------------------------------ */

/* A conversation as both of its directions see it. */
struct conversation {
	uint8_t addresses[2][16];
	uint16_t ports[2];
	uint32_t protocol;
};

/* Ports outside the key are those of one packet. */
static bool has_no_ports(const struct group *g, const struct record *r)
{
	return g->without_ports || r->protocol == IPPROTO_ICMP || r->protocol == IPPROTO_ICMPV6;
}

static bool comes_first(const struct record *r)
{
	int order = memcmp(r->src, r->dst, sizeof(r->src));

	return order < 0 || (order == 0 && r->src_port <= r->dst_port);
}

/* An ICMP answer differs from its question in type and code, which stand in the ports. */
static uint64_t hash_conversation(const struct group *g, const struct record *r)
{
	unsigned src = comes_first(r) ? 0 : 1, dst = 1 - src;
	struct conversation c = {.protocol = r->protocol};

	if (has_no_ports(g, r))
		src = memcmp(r->src, r->dst, sizeof(r->src)) > 0, dst = 1 - src;
	memcpy(c.addresses[src], r->src, sizeof(r->src));
	memcpy(c.addresses[dst], r->dst, sizeof(r->dst));
	if (!has_no_ports(g, r)) {
		c.ports[src] = r->src_port;
		c.ports[dst] = r->dst_port;
	}
	return hash_bytes(&c, sizeof(c), 0);
}

static bool other_is_good(const struct group *g, const struct member *except)
{
	for (size_t i = 0; i < g->count; i++)
		if (&g->members[i] != except && g->members[i].health == HEALTH_GOOD)
			return true;
	return false;
}

/*
 * Rendezvous hashing: each member draws a number for the flow, the highest wins. So a member that
 * is not there any more changes nothing for the flows that others have won.
 */
static struct member *choose_by_hash(struct group *g, const struct record *r)
{
	uint64_t drawn[2] = {hash_conversation(g, r), 0}, highest = 0;
	struct member *best = NULL;

	for (size_t i = 0; i < g->count; i++) {
		struct member *m = &g->members[i];
		uint64_t number;

		drawn[1] = m->id;
		number = hash_bytes(drawn, sizeof(drawn), 0);
		if (m->health == HEALTH_GOOD && (!best || number > highest)) {
			best = m;
			highest = number;
		}
	}
	return best;
}

struct member *group_choose(struct group *g, const struct record *r)
{
	if (g->policy == GROUP_BALANCE)
		return choose_by_hash(g, r);
	for (size_t i = 0; i < g->count; i++)
		if (g->members[i].health == HEALTH_GOOD)
			return &g->members[i];
	return NULL;
}

/* -- records ----------------------------------------------------------------------------------- */

/* What waits to be moved goes before new records. */
bool group_has_room(const struct group *g)
{
	for (size_t i = 0; i < g->count; i++) {
		const struct member *m = &g->members[i];
		bool concerns = m->health == HEALTH_GOOD || collector_waiting(m->collector);

		if (concerns && !collector_has_room(m->collector))
			return false;
	}
	return true;
}

static void offer_flow(struct group *g, const struct record *r)
{
	if (g->policy != GROUP_REPLICATE) {
		collector_offer(group_choose(g, r)->collector, r);
		return;
	}
	for (size_t i = 0; i < g->count; i++)
		collector_offer(g->members[i].collector, r);
}

void group_offer(struct group *g, const struct record *r)
{
	/* A capture without a packet has no time: nothing is to be said about it. */
	bool has_time = r->clock_ns || r->kind != RECORD_LAST;

	if (g->count && r->kind == RECORD_FLOW)
		offer_flow(g, r);
	for (size_t i = 0; i < g->count && r->kind != RECORD_FLOW; i++) {
		if (has_time)
			collector_tick(g->members[i].collector, r);
		if (r->kind == RECORD_LAST)
			collector_finish(g->members[i].collector);
	}
	g->ended |= r->kind == RECORD_LAST;
	g->clock_ns = r->clock_ns;
	g->wall_ns = r->wall_ns;
}

/* -- health ------------------------------------------------------------------------------------ */

static void set_health(struct member *m, enum health health, uint64_t now_ns)
{
	m->health = health;
	m->since_ns = now_ns;
	if (health == HEALTH_PROBED)
		collector_announce(m->collector);
}

static void heal(const struct group *g, struct member *m, uint64_t now_ns)
{
	uint64_t passed = now_ns - m->since_ns;

	if (m->health == HEALTH_FAILED && passed >= g->hold_down_ns)
		set_health(m, HEALTH_PROBED, now_ns);
	else if (m->health == HEALTH_PROBED && passed >= GROUP_PROBE_NS)
		set_health(m, HEALTH_GOOD, now_ns);
}

/*
 * The last good member is used on, so that a short trouble of its own costs no more than that. One
 * that has failed already does not begin its hold-down again.
 */
static void fail(const struct group *g, struct member *m, enum failure why, uint64_t now_ns)
{
	if (!other_is_good(g, m)) {
		m->vain_ns = now_ns;
		return;
	}
	if (m->health != HEALTH_FAILED)
		set_health(m, HEALTH_FAILED, now_ns);
	collector_set_aside(m->collector, true);
	collector_take_back(m->collector, why);
}

/* The first one that has not failed: there always is one. */
static size_t first_good(const struct group *g)
{
	size_t i = 0;

	while (g->members[i].health != HEALTH_GOOD)
		i++;
	return i;
}

/* 0: all is well. */
static size_t distance_from_well(const struct group *g, uint64_t now_ns)
{
	const struct member *last = &g->members[first_good(g)];
	size_t failed = 0;

	if (last->vain_ns && now_ns - last->vain_ns < GROUP_VAIN_NS)
		return g->count;
	if (g->policy == GROUP_FAILOVER)
		return first_good(g);
	for (size_t i = 0; i < g->count; i++)
		failed += g->members[i].health != HEALTH_GOOD;
	return failed;
}

/* Who fails as soon as it is tried again (with records, where a format has no templates) was never back. */
static void report_change(struct group *g, uint64_t now_ns)
{
	size_t now = distance_from_well(g, now_ns);

	if (now != g->seen) {
		g->seen = now;
		g->seen_ns = now_ns;
	}
	if (g->ended || now == g->told || (now < g->told && now_ns - g->seen_ns < GROUP_WELL_NS))
		return;
	g->told = now;
	if (now == g->count)
		log_warning("group %s: no member can be reached: records go to %s all the same",
		    g->name, g->members[first_good(g)].url);
	else if (g->policy == GROUP_FAILOVER)
		log_warning("group %s: %s gets the records", g->name, g->members[now].url);
	else
		log_warning(
		    "group %s: %zu of %zu members get records", g->name, g->count - now, g->count);
}

static uint64_t run_member(struct group *g, struct member *m, uint64_t now_ns)
{
	bool others = g->policy != GROUP_REPLICATE && other_is_good(g, m);
	enum failure why;
	uint64_t next;

	heal(g, m, now_ns);
	if (others)
		m->vain_ns = 0;
	collector_set_aside(m->collector, m->health != HEALTH_GOOD);
	collector_hold(m->collector, others);
	next = collector_run(m->collector, now_ns);
	if (collector_take_failure(m->collector, &why) && g->policy != GROUP_REPLICATE)
		fail(g, m, why, now_ns);
	return next;
}

/* What waits at a failed member goes to others as they have room. True: something did. */
static bool move_waiting(struct group *g, struct member *m)
{
	const struct record *r;
	bool moved = false;

	if (m->health == HEALTH_GOOD)
		return false;
	while ((r = collector_waiting(m->collector))) {
		struct member *to = group_choose(g, r);

		if (!collector_has_room(to->collector))
			break;
		collector_move(m->collector, to->collector, g->clock_ns, g->wall_ns);
		moved = true;
	}
	return moved;
}

/* A new address has not failed yet. */
void group_renew(struct group *g, uint64_t now_ns)
{
	for (size_t i = 0; i < g->count; i++) {
		struct member *m = &g->members[i];

		if (collector_renew(m->collector) && m->health != HEALTH_GOOD)
			set_health(m, HEALTH_PROBED, now_ns);
	}
}

uint64_t group_run(struct group *g, uint64_t now_ns)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < g->count; i++) {
		uint64_t when = run_member(g, &g->members[i], now_ns);

		if (when < next)
			next = when;
	}
	for (size_t i = 0; i < g->count; i++)
		if (g->policy != GROUP_REPLICATE && move_waiting(g, &g->members[i]))
			next = now_ns;
	if (g->policy != GROUP_REPLICATE && g->count)
		report_change(g, now_ns);
	return next;
}

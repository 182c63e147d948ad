#include "meter/key.h"

#include <assert.h>

#include "util/rng.h"

void key_seed_init(struct key_seed *s, uint64_t seed)
{
	struct rng r = {.state = seed};

	for (size_t i = 0; i < sizeof(s->word) / sizeof(*s->word); i++)
		s->word[i] = rng_next(&r);
	s->spread[0] = rng_next(&r);
	s->spread[1] = rng_next(&r);
}

void key_plan_init(struct key_plan *p, unsigned changes)
{
	*p = (struct key_plan){
	    .has_ecn = key_has(KEY_ECN, changes),
	    .has_macs = key_has(KEY_MACS, changes),
	    .has_inner_vlan = key_has(KEY_INNER_VLAN, changes),
	};
	memset(&p->mask, 0xff, sizeof(p->mask));
	if (!key_has(KEY_VLAN, changes))
		p->mask.vlan = 0;
	if (!key_has(KEY_PORTS, changes))
		p->mask.src_port = p->mask.dst_port = 0;
	if (!key_has(KEY_DSCP, changes))
		p->mask.dscp = 0;
	if (!key_has(KEY_INGRESS, changes))
		p->mask.ingress = 0;
}

void key_plan_fill(const struct key_plan *p, struct flow_key *k, const struct pktinfo *info)
{
	k->extra = (struct key_extra){.inner_vlan = p->has_inner_vlan ? info->inner_vlan : 0};
	if (p->has_ecn)
		k->head.dscp = info->tos;
	if (!p->has_macs)
		return;
	memcpy(k->extra.src_mac, info->detail.src_mac, sizeof(k->extra.src_mac));
	memcpy(k->extra.dst_mac, info->detail.dst_mac, sizeof(k->extra.dst_mac));
}

/* What is not in the key becomes 0. */
static struct key_head masked(const struct key_plan *p, const struct key_head *head)
{
	uint64_t words[sizeof(*head) / sizeof(uint64_t)], mask[sizeof(*head) / sizeof(uint64_t)];
	struct key_head out;

	memcpy(words, head, sizeof(words));
	memcpy(mask, &p->mask, sizeof(mask));
	for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++)
		words[i] &= mask[i];
	memcpy(&out, words, sizeof(out));
	return out;
}

uint64_t key_plan_hash(const struct key_plan *p, const struct flow_key *k, uint64_t seed)
{
	struct flow_key counted = *k;

	counted.head = masked(p, &k->head);
	return hash_bytes(&counted, sizeof(counted), seed);
}

bool key_plan_is_of(const struct key_plan *p, const struct flow_key *k, const struct flow *f,
    const struct detail *detail)
{
	struct key_head one = masked(p, &k->head), other = masked(p, &f->head);

	if (memcmp(&one, &other, sizeof(one)) != 0 ||
	    memcmp(&k->tail, &f->tail, sizeof(f->tail)) != 0)
		return false;
	if (p->has_inner_vlan && k->extra.inner_vlan != f->inner_vlan)
		return false;
	if (!p->has_macs)
		return true;
	assert(detail);
	return memcmp(k->extra.src_mac, detail->src_mac, sizeof(detail->src_mac)) == 0 &&
	    memcmp(k->extra.dst_mac, detail->dst_mac, sizeof(detail->dst_mac)) == 0;
}

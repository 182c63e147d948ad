#include "meter/key.h"

#include <assert.h>

#include "util/rng.h"

void key_seed_init(struct key_seed *s, uint64_t seed)
{
	struct rng r = {.state = seed};

	for (size_t i = 0; i < sizeof(s->word) / sizeof(*s->word); i++)
		s->word[i] = rng_next(&r);
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

void key_plan_apply(const struct key_plan *p, struct pktinfo *info)
{
	if (p->has_ecn)
		info->head.dscp = info->tos;
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

uint64_t key_plan_hash(const struct key_plan *p, const struct pktinfo *info, uint64_t seed)
{
	/* Hashed as octets: without a gap. */
	struct {
		struct key_head head;
		struct key_tail tail;
		uint8_t src_mac[6];
		uint8_t dst_mac[6];
		uint32_t inner_vlan;
	} key = {.head = masked(p, &info->head), .tail = info->tail};

	if (p->has_inner_vlan)
		key.inner_vlan = info->inner_vlan;
	if (p->has_macs) {
		memcpy(key.src_mac, info->detail.src_mac, sizeof(key.src_mac));
		memcpy(key.dst_mac, info->detail.dst_mac, sizeof(key.dst_mac));
	}
	return hash_bytes(&key, sizeof(key), seed);
}

bool key_plan_is_of(const struct key_plan *p, const struct pktinfo *info, const struct flow *f,
    const struct detail *detail)
{
	struct key_head one = masked(p, &info->head), other = masked(p, &f->head);

	if (memcmp(&one, &other, sizeof(one)) != 0 ||
	    memcmp(&info->tail, &f->tail, sizeof(f->tail)) != 0)
		return false;
	if (p->has_inner_vlan && info->inner_vlan != f->inner_vlan)
		return false;
	if (!p->has_macs)
		return true;
	assert(detail);
	return memcmp(info->detail.src_mac, detail->src_mac, sizeof(detail->src_mac)) == 0 &&
	    memcmp(info->detail.dst_mac, detail->dst_mac, sizeof(detail->dst_mac)) == 0;
}

#include "meter/selection.h"

#include <errno.h>
#include <stdlib.h>

int selection_init(
    struct selection *s, const struct sampling_plan *plan, size_t sources, uint64_t seed)
{
	*s = (struct selection){.plan = plan, .seed = seed};
	key_plan_init(&s->key_plan, plan->key_changes);
	s->samplers = calloc(sources * plan->count, sizeof(*s->samplers));
	if (!s->samplers)
		return -ENOMEM;
	for (size_t i = 0; i < sources; i++)
		for (unsigned rule = 0; rule < plan->count; rule++)
			sampler_init(&s->samplers[i * plan->count + rule], &plan->rules[rule],
			    seed + i * SELECTORS_MAX + rule);
	return 0;
}

void selection_fini(struct selection *s)
{
	free(s->samplers);
	s->samplers = NULL;
}

bool selection_takes_digest(const struct selection *s, unsigned selector, uint32_t digest)
{
	return digest <= sampling_hash_last(s->plan->rules[selector].interval);
}

bool selection_takes_flow(const struct selection *s, const struct pktinfo *info)
{
	unsigned selector = kind_selector(info->head.kind);
	uint64_t hash;

	hash = s->plan->key_changes ? key_plan_hash(&s->key_plan, info, s->seed)
				    : key_hash(info, s->seed);
	return hash >> 32 <= sampling_hash_last(s->plan->rules[selector].interval);
}

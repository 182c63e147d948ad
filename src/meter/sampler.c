#include "meter/sampler.h"

void sampler_init(struct sampler *s, const struct sampling_rule *rule, uint64_t seed)
{
	*s = (struct sampler){.rule = *rule, .rng = {.state = seed}};
	if (rule->method == SAMPLING_NONE || sampling_looks_inside(rule->method))
		s->rule.interval = 1;
}

void sampler_open_window(struct sampler *s)
{
	s->left = s->rule.interval;
	s->chosen = s->rule.method == SAMPLING_RANDOM ? rng_below(&s->rng, s->rule.interval) : 0;
}

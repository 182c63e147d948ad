/*
 * How packets are sampled, as options say it.
 */
#include <errno.h>
#include <string.h>

#include "capture/filter.h"
#include "conf/options.h"
#include "util/units.h"

/* "[METHOD:]N"; 1 in 1 is every packet, whatever the method. */
static int parse_rule(const char *text, struct sampling_rule *rule)
{
	static const struct {
		const char *prefix;
		enum sampling_method method;
	} methods[] = {{"deterministic:", SAMPLING_DETERMINISTIC}, {"random:", SAMPLING_RANDOM},
	    {"hash:", SAMPLING_HASH}, {"flow:", SAMPLING_FLOW}, {"", SAMPLING_DETERMINISTIC}};
	uint64_t interval;
	size_t i = 0;

	while (strncmp(text, methods[i].prefix, strlen(methods[i].prefix)) != 0)
		i++;
	if (parse_number(text + strlen(methods[i].prefix), 1, UINT32_MAX, &interval) < 0)
		return -EINVAL;
	rule->method = interval == 1 ? SAMPLING_NONE : methods[i].method;
	rule->interval = (uint32_t)interval;
	return 0;
}

int sampling_set_rule(struct config *c, const char *value)
{
	return parse_rule(value, &c->sampling.rules[0]);
}

/* "RULE EXPRESSION": the rule is the first word. */
int sampling_add_class(struct config *c, const char *value)
{
	size_t word = strcspn(value, " \t");
	const char *expression = value + word + strspn(value + word, " \t");
	unsigned n = c->sampling.count ? c->sampling.count : 1;
	char rule[32];

	if (n == SELECTORS_MAX || word >= sizeof(rule) || !*expression)
		return -EINVAL;
	memcpy(rule, value, word);
	rule[word] = '\0';
	if (parse_rule(rule, &c->sampling.rules[n]) < 0)
		return -EINVAL;
	if (filter_check(expression) < 0)
		return SAID_ALREADY;
	c->class_filters[n] = expression;
	c->sampling.count = n + 1;
	return 0;
}

int sampling_set_scale(struct config *c, const char *value)
{
	return parse_switch(value, &c->sampling.scale);
}

int sampling_set_overload(struct config *c, const char *value)
{
	c->overload_samples = strcmp(value, "sample") == 0;
	return c->overload_samples || strcmp(value, "drop") == 0 ? 0 : -EINVAL;
}

int sampling_set_hash_key(struct config *c, const char *value)
{
	uint64_t n = 0;
	int rc = parse_number(value, 0, UINT32_MAX, &n);

	c->sampling.hash_key = (uint32_t)n;
	return rc;
}

/*
 * Options data: what the exporter says about itself rather than about a flow.
 */
#include "export/sets.h"

/* Scopes: IPFIX names them by element, v9 by numbers of its own (RFC 3954 section 6.1). */
#define SCOPE_OBSERVATION_DOMAIN 149
#define SCOPE_V9_SYSTEM 1
#define SELECTOR_ID 302

/* samplingAlgorithm (35) and flowSamplerMode (49) */
#define ALGORITHM_DETERMINISTIC 1
#define ALGORITHM_RANDOM 2
/* selectorAlgorithm (304), RFC 5477 */
#define SELECTOR_COUNT_BASED 1
#define SELECTOR_RANDOM_N_OUT_OF_N 3

/* Every packet is one of one: rate 1 is said like any other. */
static uint32_t interval(const struct sampling_rule *rule)
{
	return rule->method == SAMPLING_NONE ? 1 : rule->interval;
}

static uint8_t algorithm(const struct sampling_rule *rule)
{
	return rule->method == SAMPLING_RANDOM ? ALGORITHM_RANDOM : ALGORITHM_DETERMINISTIC;
}

/* The older form: samplingInterval (34), samplingAlgorithm (35). */
static struct option_row interval_row(const struct encoder_options *o, bool is_v9)
{
	return (struct option_row){
	    .template_id = FIRST_OPTIONS_TEMPLATE_ID,
	    .scope_count = 1,
	    .count = 3,
	    .fields = {{is_v9 ? SCOPE_V9_SYSTEM : SCOPE_OBSERVATION_DOMAIN, 4, o->domain},
		{34, 4, interval(&o->sampling.rules[0])},
		{35, 1, algorithm(&o->sampling.rules[0])}},
	};
}

/* v9's samplers: flowSamplerID (48), -Mode (49), -RandomInterval (50). */
static struct option_row v9_sampler_row(const struct encoder_options *o)
{
	return (struct option_row){
	    .template_id = FIRST_OPTIONS_TEMPLATE_ID + 1,
	    .scope_count = 1,
	    .count = 4,
	    .fields = {{SCOPE_V9_SYSTEM, 4, o->domain}, {48, 1, 1},
		{49, 1, algorithm(&o->sampling.rules[0])},
		{50, 4, interval(&o->sampling.rules[0])}},
	};
}

/* PSAMP's selectors (RFC 5477): count-based as interval and space, random as size and population. */
static struct option_row selector_row(const struct encoder_options *o)
{
	bool random = o->sampling.rules[0].method == SAMPLING_RANDOM;
	uint32_t n = interval(&o->sampling.rules[0]);
	struct option_row row = {
	    .template_id = FIRST_OPTIONS_TEMPLATE_ID + 1,
	    .scope_count = 1,
	    .count = 4,
	    .fields = {{SELECTOR_ID, 8, 1},
		{304, 2, random ? SELECTOR_RANDOM_N_OUT_OF_N : SELECTOR_COUNT_BASED}},
	};

	row.fields[2] = (struct option_field){random ? 309 : 305, 4, 1};
	row.fields[3] = (struct option_field){random ? 310 : 306, 4, random ? n : n - 1};
	return row;
}

/* The order of the two forms is part of what collectors rely on. */
void sampling_options(
    struct option_row rows[SAMPLING_ROWS], const struct encoder_options *options, bool is_v9)
{
	rows[0] = interval_row(options, is_v9);
	rows[1] = is_v9 ? v9_sampler_row(options) : selector_row(options);
}

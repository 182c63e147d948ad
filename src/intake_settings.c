/*
 * What of the intake follows from the settings: its memories, its rules, and others at a reload.
 */
#include "intake.h"

#include <errno.h>
#include <stdlib.h>

#include "meter/dedup.h"
#include "meter/frag.h"

/* -- life ------------------------------------------------------------------------------------- */

/* What remembers packets. 0 or -ENOMEM. */
static int create_memories(struct intake *in)
{
	const struct config *c = in->config;

	if (c->fragments) {
		in->fragments = fragments_create(rng_next(&in->seeds));
		if (!in->fragments)
			return -ENOMEM;
	}
	if (c->dedup) {
		invariant_set_keys(&in->keys, rng_next(&in->seeds));
		in->dedup = dedup_create(&c->dedup_windows, config_is_live(c));
		if (!in->dedup)
			return -ENOMEM;
	}
	return 0;
}

static bool looks_again(const struct config *c)
{
	return c->ports.rule_count > 0 || c->sampling.count > 1 ||
	    sampling_looks_inside(c->sampling.rules[0].method) ||
	    key_has(KEY_ECN, c->sampling.key_changes);
}

int intake_init(struct intake *in, const struct intake_options *options)
{
	const struct config *c = options->config;

	*in = (struct intake){.options = *options,
	    .config = c,
	    .decode = c->decode,
	    .seeds = {.state = options->seed}};
	in->decode.details |= c->ports.needs_macs;
	in->has_bounds = c->packet_limit || c->duration_ns;
	in->looks_again = looks_again(c);
	in->classifiers = calloc(options->sources, sizeof(struct classifier *));
	if (!in->classifiers || create_memories(in) < 0)
		return -ENOMEM;
	return selection_init(&in->selection, &c->sampling, options->sources, options->seed);
}

static void free_classifiers(const struct intake *in, struct classifier **classifiers)
{
	for (size_t i = 0; classifiers && i < in->options.sources; i++)
		classifier_destroy(classifiers[i]);
	free(classifiers);
}

void intake_fini(struct intake *in)
{
	free_classifiers(in, in->classifiers);
	fragments_destroy(in->fragments);
	dedup_destroy(in->dedup);
	selection_fini(&in->selection);
}

void intake_shift_times(struct intake *in, int64_t shift_ns)
{
	in->shift_ns = shift_ns;
	in->has_bounds = true;
}

/* A file is read also where a class does not fit it: its packets are of others. */
static int create_classifier(
    const struct config *c, const struct source *source, struct classifier **out)
{
	return classifier_create(
	    c->class_filters, c->sampling.count, source, config_is_live(c), out);
}

int intake_open(struct intake *in, unsigned i, const struct source *source)
{
	const struct config *c = in->config;

	in->undecoded.count = 0;
	if (source->linktype != SOURCE_LINKTYPES && !decode_supports(source->linktype)) {
		undecoded_report(source, 0, source->linktype);
		return -ENOTSUP;
	}
	classifier_destroy(in->classifiers[i]);
	in->classifiers[i] = NULL;
	if (!config_has_classes(c))
		return 0;
	return create_classifier(c, source, &in->classifiers[i]);
}

/* -- other settings --------------------------------------------------------------------------- */

/* What the rules need of each source that is open. NULL after saying why one has no use for them. */
static struct classifier **create_classifiers(
    const struct intake *in, const struct config *c, struct source *const *sources)
{
	struct classifier **list = calloc(in->options.sources, sizeof(struct classifier *));
	int rc = list ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && config_has_classes(c) && i < in->options.sources; i++)
		if (sources[i])
			rc = create_classifier(c, sources[i], &list[i]);
	if (rc == 0)
		return list;
	free_classifiers(in, list);
	return NULL;
}

int intake_reload(
    struct intake *in, const struct config *config, bool rules, struct source *const *sources)
{
	/* Also where they are the same: they point into the configuration. */
	struct classifier **classifiers = create_classifiers(in, config, sources);
	struct selection selection = in->selection;
	int rc = classifiers ? 0 : -EINVAL;

	if (rc == 0 && rules)
		rc = selection_init(
		    &selection, &config->sampling, in->options.sources, in->options.seed);
	if (rc) {
		free_classifiers(in, classifiers);
		return rc;
	}
	if (rules)
		selection_fini(&in->selection);
	free_classifiers(in, in->classifiers);
	in->classifiers = classifiers;
	in->selection = selection;
	in->selection.plan = &config->sampling;
	in->config = config;
	in->looks_again = looks_again(config);
	return 0;
}

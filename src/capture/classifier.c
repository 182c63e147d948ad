#include "capture/classifier.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "capture/filter.h"

#define SUBJECT_MAX 256

struct class
{
	struct filter *filter;
	char subject[SUBJECT_MAX];
};

struct classifier {
	unsigned count; /* of classes that are there, plus 1 */
	struct class classes[];
};

static int add(
    struct classifier *c, const char *expression, const struct source *source, bool must_fit)
{
	struct class *class = &c->classes[c->count];
	struct filter_options options = {
	    .expression = expression, .source = source->name, .subject = class->subject};
	int rc;

	snprintf(class->subject, sizeof(class->subject), "class '%s'", expression);
	rc = filter_create(&options, &class->filter);
	if (rc)
		return rc;
	c->count++;
	return must_fit && source->linktype != SOURCE_LINKTYPES
	    ? filter_prepare(class->filter, source->linktype)
	    : 0;
}

int classifier_create(const char *const *expressions, unsigned count, const struct source *source,
    bool must_fit, struct classifier **out)
{
	struct classifier *c = calloc(1, sizeof(*c) + count * sizeof(c->classes[0]));
	int rc = 0;

	if (!c)
		return -ENOMEM;
	c->count = 1;
	while (rc == 0 && c->count < count)
		rc = add(c, expressions[c->count], source, must_fit);
	if (rc)
		classifier_destroy(c);
	else
		*out = c;
	return rc;
}

void classifier_destroy(struct classifier *c)
{
	if (!c)
		return;
	while (c->count > 1)
		filter_destroy(c->classes[--c->count].filter);
	free(c);
}

unsigned classifier_find(struct classifier *c, const struct packet *packet)
{
	for (unsigned i = 1; i < c->count; i++)
		if (filter_matches(c->classes[i].filter, packet))
			return i;
	return 0;
}

bool classifier_failed(const struct classifier *c)
{
	bool failed = false;

	for (unsigned i = 1; c && i < c->count; i++)
		failed |= filter_failed(c->classes[i].filter);
	return failed;
}

/*
 * Which class a packet belongs to: a list of BPF expressions, of which the first that matches
 * counts. They look at the octets as they were captured, before anything is decoded.
 */
#ifndef SPANFLOW_CAPTURE_CLASSIFIER_H
#define SPANFLOW_CAPTURE_CLASSIFIER_H

#include "capture/packet.h"
#include "capture/source.h"

struct classifier;

/*
 * Takes expressions[1] to expressions[count - 1] for this source; they must outlive it, as the
 * source must. 0; -ENOMEM; or, where all of them must fit the source's link type, -EINVAL after saying
 * which one does not. Else, or where each packet has its own link type, that is said when a packet
 * comes, and none matches.
 */
int classifier_create(const char *const *expressions, unsigned count, const struct source *source,
    bool must_fit, struct classifier **out);
void classifier_destroy(struct classifier *c);

/* The number of the first expression that the packet matches, or 0. */
unsigned classifier_find(struct classifier *c, const struct packet *packet);
/* Whether an expression had no use for a packet's link type, which has been said. */
bool classifier_failed(const struct classifier *c);

#endif

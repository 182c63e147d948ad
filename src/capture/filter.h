/*
 * A BPF expression that packets of a source match or not, compiled for each link type, and byte order of a file,
 * when the first packet of it comes.
 */
#ifndef SPANFLOW_CAPTURE_FILTER_H
#define SPANFLOW_CAPTURE_FILTER_H

#include <stdbool.h>

#include "capture/packet.h"

struct filter;

struct filter_options {
	const char *expression;
	const char *source;  /* its name, for messages */
	const char *subject; /* what the expression is, for messages */
	bool silent;         /* there are none */
	/*
	 * Packets of a link type that it denies match where the expression makes no sense for them, and
	 * nothing is said: whoever decodes does. NULL: it denies none.
	 */
	bool (*is_decoded)(int linktype);
};

/* The strings must outlive it. 0 or -ENOMEM. */
int filter_create(const struct filter_options *options, struct filter **out);
void filter_destroy(struct filter *f);

/* Compiles it for a link type, which it fits in either byte order. 0, or -EINVAL after saying what is wrong. */
int filter_prepare(struct filter *f, int linktype);
/*
 * The octets are those that were captured. Where the expression makes no sense for the link type
 * that is said once, and nothing matches.
 */
bool filter_matches(struct filter *f, const struct packet *packet);
/* Whether it did not compile for a packet's link type. */
bool filter_failed(const struct filter *f);

/*
 * Checks an expression before anything is opened: it must compile for one link type at least. 0, or -EINVAL after
 * saying what is wrong.
 */
int filter_check(const char *expression);

#endif

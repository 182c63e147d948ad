/*
 * Reading octets from outside, a packet's or a file's, without passing their end.
 *
 * The parsers hold no pointer of their own into them: they take octets from a cursor, which
 * gives a pointer to all that were asked for or NULL. A length found there is compared with
 * what remains; it is never added to a pointer first.
 */
#ifndef SPANFLOW_UTIL_CURSOR_H
#define SPANFLOW_UTIL_CURSOR_H

#include <stddef.h>
#include <stdint.h>

#include "util/bytes.h"

struct cursor {
	const uint8_t *at;
	size_t left;
};

/* The next `n` octets, which stay where they are; NULL when fewer are left. */
static inline const uint8_t *cursor_peek(const struct cursor *c, size_t n)
{
	return n <= c->left ? c->at : NULL;
}

/* The next `n` octets, and steps over them; NULL, and no step, when fewer are left. */
static inline const uint8_t *cursor_take(struct cursor *c, size_t n)
{
	const uint8_t *p = cursor_peek(c, n);

	if (p) {
		c->at += n;
		c->left -= n;
	}
	return p;
}

/* Leaves at most `n` octets to read. */
static inline void cursor_limit(struct cursor *c, size_t n)
{
	if (c->left > n)
		c->left = n;
}

#endif

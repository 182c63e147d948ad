/*
 * What the test of each link layer asks: a packet of 28 octets behind its headers.
 */
#ifndef SPANFLOW_TESTS_LINKED_H
#define SPANFLOW_TESTS_LINKED_H

#include "support/frame.h"

/* Octets, the packet behind them: found, and cut anywhere before it is not. */
void linked_carries(int linktype, const void *headers, size_t n);
#define LINKED_CARRIES(linktype, literal) linked_carries(linktype, literal, sizeof(literal) - 1)

/* Octets, the packet behind them: ignored for this reason. Cut it has the same, or is truncated. */
void linked_ignored(int linktype, const void *headers, size_t n, enum ignored reason);
#define LINKED_IGNORED(linktype, literal, reason) \
	linked_ignored(linktype, literal, sizeof(literal) - 1, reason)

/* As linked_carries(), and what is found is shown, details too. */
void linked_decode(int linktype, const void *headers, size_t n, struct pktinfo *info);

#endif

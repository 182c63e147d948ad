/*
 * Information Elements (RFC 7012): one row each, from which templates, records, JSON members and
 * CSV columns are made alike.
 */
#ifndef SPANFLOW_EXPORT_ELEMENT_H
#define SPANFLOW_EXPORT_ELEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meter/record.h"

enum element_kind {
	ELEMENT_ADDRESS,  /* octets in network order, copied */
	ELEMENT_MAC,      /* likewise */
	ELEMENT_OCTETS,   /* likewise */
	ELEMENT_NUMBER,   /* host order; one that is too large for its field becomes the largest */
	ELEMENT_BITS,     /* host order; what does not fit is cut off */
	ELEMENT_SELECTOR, /* the number of a sampling rule, whose selectorId is one more */
	ELEMENT_SEGMENT, /* a segment as in struct pktinfo; on the wire its type is in the top octet */
	/* ns since 1970 in the record; on the wire since 1970 in: */
	ELEMENT_SECONDS,
	ELEMENT_MILLISECONDS,
	/* NTP time stamps, 32 bits of seconds since 1900 and 32 of their fraction (RFC 7011
	 * sections 6.1.9 and 6.1.10); as numbers in text they count from 1970, too: */
	ELEMENT_MICROSECONDS,
	ELEMENT_NANOSECONDS,
	ELEMENT_UPTIME, /* ms since the SysUptime origin */
	ELEMENT_NOTHING /* zeros: a field of a fixed layout that the probe has no value for */
};

/* The classes of flows that have templates of their own. */
enum flow_class { CLASS_IPV4, CLASS_IPV6, CLASS_ICMP, CLASS_ICMPV6, CLASS_COUNT };

#define IN_ICMP (1u << CLASS_ICMP)
#define IN_ICMPV6 (1u << CLASS_ICMPV6)
#define IN_IPV4 (1u << CLASS_IPV4 | IN_ICMP)
#define IN_IPV6 (1u << CLASS_IPV6 | IN_ICMPV6)
#define IN_ALL (IN_IPV4 | IN_IPV6)

/* The record layouts that have an element without its being named. */
#define OF_MINIMAL 1u
#define OF_DEFAULT 2u
#define OF_FULL 4u
#define OF_SEGMENTS 8u /* beside the default where overlay networks are looked into */

/* What all records of an encoder have in common; elements are taken from it as from a record. */
struct export_constants {
	uint8_t exporter_ipv4[4]; /* of the session, or zeros */
	uint8_t exporter_ipv6[16];
	uint32_t domain;
};

enum element_source { FROM_RECORD, FROM_CONSTANTS };

struct element {
	uint16_t id;      /* IANA number */
	const char *name; /* IANA name */
	enum element_kind kind;
	enum element_source source;
	uint16_t offset;     /* in the source's structure */
	uint8_t record_size; /* octets there */
	uint8_t v9_size;     /* octets in NetFlow v9; 0: it has no such field */
	uint8_t ipfix_size;  /* octets in IPFIX; 0: its records tell this otherwise */
	uint8_t classes;     /* set of IN_*: whose records have it */
	uint8_t layouts;     /* set of OF_* */
	enum key_part key;   /* flows may differ in it (RFC 7011 section 4.4) */
};

/* The elements in the order that the layouts have. */
extern const struct element element_table[];
extern const size_t element_count;

/* The element with this number or name, or NULL. */
const struct element *element_find(uint16_t id);
const struct element *element_by_name(const char *name, size_t length);

enum flow_class flow_class_of(const struct record *r);
/* Where the element's octets are. */
const uint8_t *element_octets(
    const struct element *e, const struct record *r, const struct export_constants *constants);
/* The value of one that is a number, or of a time in its unit since 1970. */
uint64_t element_number(
    const struct element *e, const struct record *r, const struct export_constants *constants);
/* Whether its value is a word rather than a number: JSON has it in quotes. */
bool element_is_word(const struct element *e);
/* Octets that its value takes as text, at most. */
size_t element_longest(const struct element *e);
/* Whether it is part of pktinfo.detail. */
bool element_is_detail(const struct element *e);

#endif

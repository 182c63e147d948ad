/*
 * Information Elements (RFC 7012): one row each, from which templates, records, JSON members and
 * CSV columns are made alike.
 */
#ifndef SPANFLOW_EXPORT_ELEMENT_H
#define SPANFLOW_EXPORT_ELEMENT_H

#include <stddef.h>
#include <stdint.h>

enum element_kind {
	ELEMENT_ADDRESS, /* octets in network order, copied */
	ELEMENT_NUMBER,  /* host order; one that is too large for its field becomes the largest */
	ELEMENT_BITS,    /* host order; what does not fit is cut off */
	ELEMENT_MILLISECONDS, /* ns since 1970, exported as ms since 1970 */
	ELEMENT_UPTIME,       /* ns since 1970, exported as ms since the SysUptime origin */
	ELEMENT_NOTHING       /* zeros: a field of a fixed layout that the probe has no value for */
};

/* The classes of flows that have templates of their own. */
enum flow_class { CLASS_IPV4, CLASS_IPV6, CLASS_ICMP, CLASS_ICMPV6, CLASS_COUNT };

#define IN_IPV4 (1u << CLASS_IPV4 | 1u << CLASS_ICMP)
#define IN_IPV6 (1u << CLASS_IPV6 | 1u << CLASS_ICMPV6)
#define IN_ALL (IN_IPV4 | IN_IPV6)

struct element {
	uint16_t id;      /* IANA number */
	const char *name; /* IANA name */
	enum element_kind kind;
	uint16_t offset;     /* in struct record */
	uint8_t record_size; /* octets there */
	uint8_t v9_size;     /* octets in NetFlow v9; 0: not in its records */
	uint8_t ipfix_size;  /* octets in IPFIX; 0: not in its records */
	uint8_t classes;     /* set of IN_*: whose records have it */
};

/* The elements of the default records, in their order there. */
extern const struct element element_table[];
extern const size_t element_count;

/* The element with this number, or NULL. */
const struct element *element_find(uint16_t id);

struct record;

enum flow_class flow_class_of(const struct record *r);
/* The value of an ELEMENT_NUMBER or ELEMENT_BITS, or of a time in its unit. */
uint64_t element_number(const struct element *e, const struct record *r);

#endif

#include "control/flow_filter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "export/protocol.h"
#include "util/units.h"

struct words {
	char *const *first;
	char *const *at;
	size_t left;
	char *why;
	size_t size;
};

static int complain(struct words *w, const char *what, const char *word)
{
	snprintf(w->why, w->size, "%s '%s'", what, word);
	return -EINVAL;
}

/* The words end where one more had to be. */
static int complain_of_end(struct words *w)
{
	return complain(w, "something is missing behind", w->at > w->first ? w->at[-1] : "");
}

static const char *next(struct words *w)
{
	if (!w->left)
		return NULL;
	w->left--;
	return *w->at++;
}

static bool take(struct words *w, const char *word)
{
	if (!w->left || strcmp(*w->at, word) != 0)
		return false;
	next(w);
	return true;
}

static int read_prefix(struct words *w, struct flow_term *t)
{
	const char *word = next(w), *slash;
	char address[INET6_ADDRSTRLEN];
	uint64_t length;
	size_t n;

	t->kind = TERM_PREFIX;
	if (!word)
		return complain_of_end(w);
	slash = strchr(word, '/');
	n = slash ? (size_t)(slash - word) : strlen(word);
	if (n >= sizeof(address))
		return complain(w, "no address:", word);
	memcpy(address, word, n);
	address[n] = '\0';
	t->version = strchr(address, ':') ? 6 : 4;
	if (inet_pton(t->version == 6 ? AF_INET6 : AF_INET, address, t->address) != 1)
		return complain(w, "no address:", word);
	length = t->version == 6 ? 128 : 32;
	if (slash && parse_number(slash + 1, 0, length, &length) < 0)
		return complain(w, "no prefix:", word);
	t->length = (uint8_t)length;
	return 0;
}

static int read_number(struct words *w, struct flow_term *t, uint64_t max)
{
	const char *word = next(w);
	uint64_t number;

	if (!word)
		return complain_of_end(w);
	if (parse_number(word, 0, max, &number) < 0)
		return complain(w, "no such number:", word);
	t->number = (uint32_t)number;
	return 0;
}

/* A protocol by its name, if that is the next word. */
static bool take_protocol(struct words *w, struct flow_term *t)
{
	static const struct {
		const char *name;
		uint8_t number;
	} names[] = {{"icmp", IPPROTO_ICMP}, {"igmp", IPPROTO_IGMP}, {"tcp", IPPROTO_TCP},
	    {"udp", IPPROTO_UDP}, {"gre", IPPROTO_GRE}, {"esp", IPPROTO_ESP}, {"ah", IPPROTO_AH},
	    {"icmp6", IPPROTO_ICMPV6}, {"ospf", 89}, {"sctp", IPPROTO_SCTP}};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (take(w, names[i].name)) {
			t->kind = TERM_PROTOCOL;
			t->number = names[i].number;
			return true;
		}
	return false;
}

static int read_protocol(struct words *w, struct flow_term *t)
{
	t->kind = TERM_PROTOCOL;
	return take_protocol(w, t) ? 0 : read_number(w, t, UINT8_MAX);
}

/* What stands behind src or dst, or without them. */
static int read_side(struct words *w, struct flow_term *t, enum flow_side side)
{
	t->side = side;
	if (take(w, "port")) {
		t->kind = TERM_PORT;
		return read_number(w, t, UINT16_MAX);
	}
	take(w, "host");
	take(w, "net");
	return read_prefix(w, t);
}

static int read_term(struct words *w, struct flow_term *t)
{
	*t = (struct flow_term){.negated = take(w, "not")};
	if (take(w, "src"))
		return read_side(w, t, SIDE_SOURCE);
	if (take(w, "dst"))
		return read_side(w, t, SIDE_DESTINATION);
	if (w->left &&
	    (strcmp(*w->at, "host") == 0 || strcmp(*w->at, "net") == 0 ||
		strcmp(*w->at, "port") == 0))
		return read_side(w, t, SIDE_ANY);
	if (take(w, "proto"))
		return read_protocol(w, t);
	if (take_protocol(w, t))
		return 0;
	if (take(w, "ip") || take(w, "ip6")) {
		t->kind = TERM_VERSION;
		t->number = strcmp(w->at[-1], "ip") == 0 ? 4 : 6;
		return 0;
	}
	if (take(w, "vlan")) {
		t->kind = TERM_VLAN;
		return read_number(w, t, UINT16_MAX);
	}
	if (take(w, "interface")) {
		t->kind = TERM_INTERFACE;
		return read_number(w, t, UINT32_MAX);
	}
	return w->left ? complain(w, "not understood:", *w->at) : complain_of_end(w);
}

int flow_filter_parse(
    struct flow_filter *f, char *const *words, size_t count, char *why, size_t size)
{
	struct words w = {words, words, count, why, size};
	bool more = count > 0;

	f->count = 0;
	while (more) {
		int rc;

		if (!w.left)
			return complain_of_end(&w);
		if (f->count == FLOW_FILTER_TERMS_MAX)
			return complain(&w, "too many terms, from here on:", *w.at);
		rc = read_term(&w, &f->terms[f->count++]);
		if (rc)
			return rc;
		more = take(&w, "and") || w.left;
	}
	return 0;
}

static bool has_prefix(const uint8_t *address, const struct flow_term *t)
{
	unsigned octets = t->length / 8, bits = t->length % 8;

	if (memcmp(address, t->address, octets) != 0)
		return false;
	return bits == 0 || (address[octets] ^ t->address[octets]) >> (8 - bits) == 0;
}

static bool holds(const struct flow_term *t, const struct record *r)
{
	switch (t->kind) {
	case TERM_PREFIX:
		return r->ip_version == t->version &&
		    ((t->side & SIDE_SOURCE && has_prefix(r->src, t)) ||
			(t->side & SIDE_DESTINATION && has_prefix(r->dst, t)));
	case TERM_PORT:
		/* The destination port of ICMP's records is its type and code. */
		return protocol_has_ports(r->protocol) &&
		    ((t->side & SIDE_SOURCE && r->src_port == t->number) ||
			(t->side & SIDE_DESTINATION && r->dst_port == t->number));
	case TERM_PROTOCOL:
		return r->protocol == t->number;
	case TERM_VLAN:
		return r->vlan == t->number;
	case TERM_INTERFACE:
		return r->ingress == t->number;
	case TERM_VERSION:
		return r->ip_version == t->number;
	}
	return false;
}

bool flow_filter_matches(const struct flow_filter *f, const struct record *r)
{
	for (unsigned i = 0; i < f->count; i++)
		if (holds(&f->terms[i], r) == f->terms[i].negated)
			return false;
	return true;
}

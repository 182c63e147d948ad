#include "meter/portmap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/units.h"

#define VLAN_MAX 4095
#define RULE_TEXT_MAX 256

enum match { MATCH_VLAN, MATCH_MAC, MATCH_PREFIX };

struct port_rule {
	enum match match;
	uint16_t vlan;
	uint8_t mac[MAC_OCTETS];
	struct prefix prefix;
	bool gives_ingress;
	bool gives_egress;
	uint32_t ingress;
	uint32_t egress;
};

void port_map_fini(struct port_map *m)
{
	free(m->rules);
	free(m->local);
	free(m->names);
	*m = (struct port_map){0};
}

/* -- reading rules ---------------------------------------------------------------------------- */

/* Clears the bits behind the prefix: 10.1.2.3/8 is 10.0.0.0/8. */
static void clear_host_bits(struct prefix *p)
{
	for (unsigned bit = p->length; bit < sizeof(p->address) * 8; bit++)
		p->address[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
}

static int read_prefix(char *text, struct prefix *p)
{
	char *slash = strchr(text, '/');
	uint64_t length;

	*p = (struct prefix){.ip_version = strchr(text, ':') ? 6 : 4};
	if (!slash)
		return -EINVAL;
	*slash = '\0';
	if (inet_pton(p->ip_version == 6 ? AF_INET6 : AF_INET, text, p->address) != 1 ||
	    parse_number(slash + 1, 0, p->ip_version == 6 ? 128 : 32, &length) < 0)
		return -EINVAL;
	p->length = (uint8_t)length;
	clear_host_bits(p);
	return 0;
}

static int read_mac(const char *text, uint8_t mac[MAC_OCTETS])
{
	if (strlen(text) != 3 * MAC_OCTETS - 1)
		return -EINVAL;
	for (unsigned i = 0; i < MAC_OCTETS; i++, text += 3) {
		char digits[3] = {text[0], text[1], '\0'};
		char *end;

		mac[i] = (uint8_t)strtoul(digits, &end, 16);
		if (strspn(digits, "0123456789abcdefABCDEF") != 2 ||
		    (i + 1 < MAC_OCTETS && text[2] != ':' && text[2] != '-'))
			return -EINVAL;
	}
	return 0;
}

static int read_match(char *text, struct port_rule *r)
{
	uint64_t vlan;

	if (strncmp(text, "vlan=", 5) == 0) {
		r->match = MATCH_VLAN;
		if (parse_number(text + 5, 0, VLAN_MAX, &vlan) < 0)
			return -EINVAL;
		r->vlan = (uint16_t)vlan;
		return 0;
	}
	if (strncmp(text, "mac=", 4) == 0) {
		r->match = MATCH_MAC;
		return read_mac(text + 4, r->mac);
	}
	r->match = MATCH_PREFIX;
	return strncmp(text, "prefix=", 7) == 0 ? read_prefix(text + 7, &r->prefix) : -EINVAL;
}

/* INDEX[:NAME]; an empty name is wrong, none is not. */
static int read_port(char *text, struct port_name *port)
{
	char *colon = strchr(text, ':');
	uint64_t index;

	*port = (struct port_name){.index = 0};
	if (colon) {
		size_t size = strlen(colon + 1);

		if (size == 0 || size >= sizeof(port->name))
			return -EINVAL;
		memcpy(port->name, colon + 1, size);
		*colon = '\0';
	}
	if (parse_number(text, 0, UINT32_MAX, &index) < 0)
		return -EINVAL;
	port->index = (uint32_t)index;
	return 0;
}

static int read_result(char *text, struct port_rule *r, struct port_name *port)
{
	bool both = strncmp(text, "port=", 5) == 0;
	bool ingress = both || strncmp(text, "ingress=", 8) == 0;
	bool egress = both || strncmp(text, "egress=", 7) == 0;

	if ((!ingress && !egress) || (ingress && r->gives_ingress) || (egress && r->gives_egress))
		return -EINVAL;
	if (read_port(strchr(text, '=') + 1, port) < 0)
		return -EINVAL;
	if (ingress)
		r->ingress = port->index;
	if (egress)
		r->egress = port->index;
	r->gives_ingress |= ingress;
	r->gives_egress |= egress;
	return 0;
}

/* Of one rule: two results at most. The text is cut up. */
static int read_rule(char *text, struct port_rule *r, struct port_name ports[2], unsigned *count)
{
	char *comma = strchr(text, ',');
	int rc;

	*r = (struct port_rule){.match = MATCH_VLAN};
	*count = 0;
	if (!comma)
		return -EINVAL;
	*comma = '\0';
	rc = read_match(text, r);
	while (rc == 0 && comma) {
		text = comma + 1;
		comma = strchr(text, ',');
		if (comma)
			*comma = '\0';
		rc = *count < 2 ? read_result(text, r, &ports[*count]) : -EINVAL;
		++*count;
	}
	return rc;
}

/* -- keeping them ----------------------------------------------------------------------------- */

/* The array with room for one more; NULL, and the old one stays, when memory lacks. */
static void *grow(void *array, size_t count, size_t size)
{
	return realloc(array, (count + 1) * size);
}

static int keep_name(struct port_map *m, const struct port_name *port)
{
	struct port_name *grown;

	if (!*port->name)
		return 0;
	for (size_t i = 0; i < m->name_count; i++)
		if (m->names[i].index == port->index) {
			m->names[i] = *port;
			return 0;
		}
	grown = grow(m->names, m->name_count, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	m->names = grown;
	m->names[m->name_count++] = *port;
	return 0;
}

int port_map_add(struct port_map *m, const char *rule)
{
	char text[RULE_TEXT_MAX];
	struct port_name ports[2];
	struct port_rule r, *grown;
	unsigned count;
	int rc = 0;

	if (strlen(rule) >= sizeof(text) || m->rule_count == PORT_MAP_RULES_MAX)
		return -EINVAL;
	strcpy(text, rule);
	if (read_rule(text, &r, ports, &count) < 0)
		return -EINVAL;
	grown = grow(m->rules, m->rule_count, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	m->rules = grown;
	m->rules[m->rule_count++] = r;
	m->needs_macs |= r.match == MATCH_MAC;
	for (unsigned i = 0; i < count && rc == 0; i++)
		rc = keep_name(m, &ports[i]);
	return rc;
}

int port_map_add_local(struct port_map *m, const char *prefix)
{
	char text[RULE_TEXT_MAX];
	struct prefix p, *grown;

	if (strlen(prefix) >= sizeof(text) || m->local_count == PORT_MAP_RULES_MAX)
		return -EINVAL;
	strcpy(text, prefix);
	if (read_prefix(text, &p) < 0)
		return -EINVAL;
	grown = grow(m->local, m->local_count, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	m->local = grown;
	m->local[m->local_count++] = p;
	return 0;
}

/* -- looking up ------------------------------------------------------------------------------- */

static bool in_prefix(const struct prefix *p, uint8_t ip_version, const uint8_t address[16])
{
	unsigned whole = p->length / 8, rest = p->length % 8;

	if (ip_version != p->ip_version || memcmp(address, p->address, whole) != 0)
		return false;
	return rest == 0 || (address[whole] ^ p->address[whole]) >> (8 - rest) == 0;
}

static bool has_prefix(const struct prefix *p, const struct pktinfo *info, bool source)
{
	uint8_t src[ADDRESS_OCTETS], dst[ADDRESS_OCTETS];

	pktinfo_addresses(info, src, dst);
	return in_prefix(p, pktinfo_version(info), source ? src : dst);
}

/* Whether the rule fits the packet's source (else: its destination). */
static bool fits(const struct port_rule *r, const struct pktinfo *info, bool source)
{
	switch (r->match) {
	case MATCH_VLAN:
		return info->head.vlan == r->vlan;
	case MATCH_MAC:
		return memcmp(source ? info->detail.src_mac : info->detail.dst_mac, r->mac,
			   MAC_OCTETS) == 0;
	default:
		return has_prefix(&r->prefix, info, source);
	}
}

void port_map_apply(const struct port_map *m, struct pktinfo *info)
{
	bool ingress = false, egress = false;

	for (size_t i = 0; i < m->rule_count && !(ingress && egress); i++) {
		const struct port_rule *r = &m->rules[i];

		if (!ingress && r->gives_ingress && fits(r, info, true)) {
			info->head.ingress = r->ingress;
			ingress = true;
		}
		if (!egress && r->gives_egress && fits(r, info, false)) {
			info->egress = r->egress;
			egress = true;
		}
	}
}

static bool is_local(const struct port_map *m, uint8_t ip_version, const uint8_t address[16])
{
	for (size_t i = 0; i < m->local_count; i++)
		if (in_prefix(&m->local[i], ip_version, address))
			return true;
	return false;
}

uint8_t port_map_direction(
    const struct port_map *m, uint8_t ip_version, const uint8_t src[16], const uint8_t dst[16])
{
	return is_local(m, ip_version, src) && !is_local(m, ip_version, dst);
}

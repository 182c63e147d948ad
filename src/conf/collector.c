/*
 * Collectors and outputs: their keys, and their form on the command line.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/options.h"
#include "transport/name.h"
#include "util/log.h"
#include "util/units.h"

#define PORT_IPFIX 4739
#define PORT_NETFLOW 2055
#define RATE_MAX 1000000000u
#define REFRESH_MESSAGES 1000
#define QUEUE_DEFAULT 256 /* of outputs, which have no key for it */
#define DOMAIN_DEFAULT 1  /* as the key has it; lines have no such key */
#define QUEUE_MIN 16
#define QUEUE_MAX 65536
#define DSCP_MAX 63

int format_parse(const char *text, enum format *format)
{
	static const struct {
		const char *text;
		enum format format;
	} names[] = {{"1", FORMAT_V1}, {"5", FORMAT_V5}, {"7", FORMAT_V7}, {"9", FORMAT_V9},
	    {"10", FORMAT_IPFIX}, {"ipfix", FORMAT_IPFIX}};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(text, names[i].text) == 0) {
			*format = names[i].format;
			return 0;
		}
	return -EINVAL;
}

/* -- keys ------------------------------------------------------------------------------------- */

static int key_format(struct config_collector *c, const char *value)
{
	c->format_given = true;
	return format_parse(value, &c->encoding.format);
}

static int key_rate(struct config_collector *c, const char *value)
{
	uint64_t n = 0;
	int rc = parse_number(value, 0, RATE_MAX, &n);

	c->sending.rate = (uint32_t)n;
	return rc;
}

static int key_max_payload(struct config_collector *c, const char *value)
{
	uint64_t n = 0;
	int rc = parse_number(value, PAYLOAD_MIN, PAYLOAD_MAX, &n);

	c->encoding.max_payload = n;
	return rc;
}

static int key_domain(struct config_collector *c, const char *value)
{
	uint64_t n = 0;
	int rc = parse_number(value, 0, UINT32_MAX, &n);

	c->encoding.domain = (uint32_t)n;
	return rc;
}

/* To open /dev/stdout would empty a file that the shell appends to. */
static bool is_standard_output(const char *path)
{
	return strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0;
}

static int key_file(struct config_collector *c, const char *value)
{
	c->path = is_standard_output(value) ? NULL : value;
	return *value ? 0 : -EINVAL;
}

static int key_refresh(struct config_collector *c, const char *value)
{
	int rc = parse_time_ns(value, &c->encoding.refresh_ns);

	return rc == 0 && c->encoding.refresh_ns < NS_PER_S ? -ERANGE : rc;
}

static int key_records(struct config_collector *c, const char *value)
{
	char why[128];

	c->records_given = true;
	if (records_parse(value, &c->encoding.records, why, sizeof(why)) == 0)
		return 0;
	log_error("%s: see spanflow-records(7)", why);
	return SAID_ALREADY;
}

static int set_octet(const char *value, uint8_t *octet)
{
	uint64_t n = 0;
	int rc = parse_number(value, 0, UINT8_MAX, &n);

	*octet = (uint8_t)n;
	return rc;
}

static int key_engine_type(struct config_collector *c, const char *value)
{
	return set_octet(value, &c->encoding.engine_type);
}

static int key_engine_id(struct config_collector *c, const char *value)
{
	return set_octet(value, &c->encoding.engine_id);
}

static int key_mode_bits(struct config_collector *c, const char *value)
{
	bool on = true;
	int rc = parse_switch(value, &on);

	c->encoding.no_mode_bits = !on;
	return rc;
}

static int key_source(struct config_collector *c, const char *value)
{
	c->udp.source = value;
	return name_is_address(value) ? 0 : -EINVAL;
}

static int key_dev(struct config_collector *c, const char *value)
{
	c->udp.dev = value;
	return *value && strlen(value) < IFNAMSIZ ? 0 : -EINVAL;
}

static int key_ttl(struct config_collector *c, const char *value)
{
	uint64_t n = 0;
	int rc = parse_number(value, 1, UINT8_MAX, &n);

	c->udp.ttl = (uint8_t)n;
	return rc;
}

static int key_dscp(struct config_collector *c, const char *value)
{
	uint64_t n = 0;
	int rc = parse_number(value, 0, DSCP_MAX, &n);

	c->udp.dscp = (uint8_t)n;
	return rc;
}

static int key_queue(struct config_collector *c, const char *value)
{
	uint64_t n = 0;
	int rc = parse_number(value, QUEUE_MIN, QUEUE_MAX, &n);

	c->sending.queue = (uint32_t)n;
	return rc;
}

static int key_resolve(struct config_collector *c, const char *value)
{
	int rc = parse_time_ns(value, &c->resolve_ns);

	return rc == 0 && c->resolve_ns && c->resolve_ns < NS_PER_S ? -ERANGE : rc;
}

static int key_group(struct config_collector *c, const char *value)
{
	c->group = value;
	return *value ? 0 : -EINVAL;
}

/* clang-format off */
static const struct key_spec keys[] = {
    {"format", "1, 5, 7, 9, ipfix or 10", key_format, NULL},
    {"records", "default, minimal, full or names of elements", key_records, NULL},
    {"engine-type", "a number from 0 to 255", key_engine_type, "0"},
    {"engine-id", "a number from 0 to 255", key_engine_id, "0"},
    {"v5-mode-bits", "on or off", key_mode_bits, "on"},
    {"rate", "datagrams a second from 1 to 1000000000, or 0 for no pacing", key_rate, "2000"},
    {"max-payload", "octets from 64 to 65507", key_max_payload, "1400"},
    {"domain", "a number from 0 to 4294967295", key_domain, "1"},
    {"template-refresh", "a time of 1s or more (units s m h)", key_refresh, "60s"},
    {"source", "an IPv4 or IPv6 address of this machine", key_source, NULL},
    {"dev", "an interface or VRF", key_dev, NULL},
    {"ttl", "a number from 1 to 255", key_ttl, NULL},
    {"dscp", "a number from 0 to 63", key_dscp, "0"},
    {"queue", "messages from 16 to 65536", key_queue, "256"},
    {"resolve", "a time of 1s or more (units s m h), or 0 for never", key_resolve, "5m"},
    {"group", "the name of a --group", key_group, NULL},
};

static const struct key_spec output_keys[] = {
    {"file", "a file's name", key_file, NULL},
    {"records", "default, minimal, full or names of elements", key_records, NULL},
};
/* clang-format on */

static int set_defaults(struct config_collector *n, const struct section_spec *section)
{
	for (size_t i = 0; i < section->key_count; i++) {
		const struct key_spec *k = &section->keys[i];

		if (k->fallback && k->set(n, k->fallback) < 0)
			return -EINVAL;
	}
	return 0;
}

/* -- addresses -------------------------------------------------------------------------------- */

static int wrong(const struct config_collector *c, const char *what, const char *allowed)
{
	log_error("'%s': %s: %s", c->url, what, allowed);
	return SAID_ALREADY;
}

static int set_port(struct config_collector *c, const char *text)
{
	uint64_t port;

	if (parse_number(text, 1, 65535, &port) < 0)
		return wrong(c, "wrong port", "a number from 1 to 65535");
	c->port = (uint16_t)port;
	return 0;
}

/* "[ADDRESS]", "[ADDRESS]:PORT", "HOST" or "HOST:PORT"; port 0: the format's own. */
static int set_host(struct config_collector *c, char *text)
{
	char *end, *colon;

	if (*text == '[') {
		end = strchr(text, ']');
		if (!end || (end[1] && end[1] != ':') || end == text + 1)
			return wrong(c, "wrong address", "[IPV6-ADDRESS] or [IPV6-ADDRESS]:PORT");
		*end = '\0';
		c->host = text + 1;
		return end[1] ? set_port(c, end + 2) : 0;
	}
	colon = strchr(text, ':');
	if (colon && strchr(colon + 1, ':'))
		return wrong(c, "wrong address", "write an IPv6 address as [ADDRESS]:PORT");
	if (colon)
		*colon = '\0';
	if (!*text)
		return wrong(c, "no host", "[udp://]HOST[:PORT][,key=value...]");
	c->host = text;
	return colon ? set_port(c, colon + 1) : 0;
}

static char *skip_scheme(struct config_collector *c, char *text)
{
	char *separator = strstr(text, "://");

	if (!separator)
		return text;
	if (strncmp(text, "udp://", 6) == 0)
		return text + 6;
	wrong(c, "unknown scheme", "udp://");
	return NULL;
}

static struct config_collector *new_collector(
    struct config *c, const char *address, const struct section_spec *section)
{
	struct config_collector *n = &c->collectors[c->collector_count];

	if (c->collector_count == CONFIG_COLLECTORS_MAX) {
		log_error("'%s': too many: at most %d collectors and outputs", address,
		    CONFIG_COLLECTORS_MAX);
		return NULL;
	}
	*n = (struct config_collector){
	    .encoding = {.refresh_messages = REFRESH_MESSAGES},
	    .sending = {.queue = QUEUE_DEFAULT},
	};
	n->text = strdup(address);
	n->url = strdup(address);
	c->collector_count++;
	if (!n->text || !n->url || set_defaults(n, section) < 0) {
		log_error("%s", strerror(ENOMEM));
		return NULL;
	}
	return n;
}

static const struct section_spec collector_section;
static const struct section_spec output_section;

int collector_add(struct config *c, const char *address)
{
	struct config_collector *n = new_collector(c, address, &collector_section);
	char *host = n ? skip_scheme(n, n->text) : NULL;

	return host ? set_host(n, host) : SAID_ALREADY;
}

int output_add(struct config *c, const char *style)
{
	static const struct {
		const char *name;
		enum format format;
	} styles[] = {{"text", FORMAT_TEXT}, {"csv", FORMAT_CSV}, {"json", FORMAT_JSON}};
	struct config_collector *n;

	for (size_t i = 0; i < sizeof(styles) / sizeof(*styles); i++) {
		if (strcmp(style, styles[i].name) != 0)
			continue;
		n = new_collector(c, style, &output_section);
		if (!n)
			return SAID_ALREADY;
		n->encoding.format = styles[i].format;
		n->encoding.domain = DOMAIN_DEFAULT;
		n->format_given = true;
		return 0;
	}
	return -EINVAL;
}

/* -- their form on the command line ------------------------------------------------------------- */

static int add_part(struct settings *s, const struct setting *base, char *key, char *value)
{
	struct setting part = *base;

	part.key = key;
	part.value = value;
	return settings_add(s, &part);
}

static int add_key(struct settings *s, const struct setting *base, const char *text, char *key)
{
	char *value = strchr(key, '=');

	if (!value) {
		log_error("--%s: '%s': '%s': write key=value", base->row->name, text, key);
		return -EINVAL;
	}
	*value++ = '\0';
	return add_part(s, base, key, value);
}

/* The next "key=value"; a piece without "=" goes on with the list that the one before it began. */
static char *next_assignment(char **rest)
{
	char *start = *rest, *comma = start;

	while (comma && (comma = strchr(comma, ','))) {
		size_t piece = strcspn(comma + 1, ",");

		if (memchr(comma + 1, '=', piece))
			break;
		comma++;
	}
	*rest = comma ? comma + 1 : NULL;
	if (comma)
		*comma = '\0';
	return start;
}

/* "ADDRESS[,key=value...]" */
static int split_collector(struct settings *s, const struct setting *base, const char *text)
{
	char *copy = strdup(text);
	char *rest = copy, *key;
	int rc = copy ? add_part(s, base, NULL, strsep(&rest, ",")) : -ENOMEM;

	while (rc == 0 && (key = next_assignment(&rest)))
		rc = add_key(s, base, text, key);
	free(copy);
	return rc;
}

/* "STYLE[:FILE]" */
static int split_output(struct settings *s, const struct setting *base, const char *text)
{
	char *style = strdup(text);
	char *file = style ? strchr(style, ':') : NULL;
	int rc;

	if (file)
		*file++ = '\0';
	rc = style ? add_part(s, base, NULL, style) : -ENOMEM;
	if (rc == 0 && file)
		rc = add_part(s, base, "file", file);
	free(style);
	return rc;
}

static const struct section_spec collector_section = {
    "host", "[udp://]HOST[:PORT]", keys, sizeof(keys) / sizeof(*keys), split_collector};
static const struct section_spec output_section = {"style", "text, csv or json", output_keys,
    sizeof(output_keys) / sizeof(*output_keys), split_output};

const struct section_spec *section_of(const struct option_spec *o)
{
	if (o->set == collector_add)
		return &collector_section;
	return o->set == output_add ? &output_section : NULL;
}

const struct key_spec *key_find(const struct option_spec *o, const char *name)
{
	const struct section_spec *section = section_of(o);

	for (size_t i = 0; section && i < section->key_count; i++)
		if (strcmp(section->keys[i].name, name) == 0)
			return &section->keys[i];
	return NULL;
}

void section_list_keys(const struct section_spec *section, char *out, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < section->key_count && used < size; i++)
		used += (size_t)snprintf(
		    out + used, size - used, "%s%s", i ? ", " : "", section->keys[i].name);
}

/* -- what depends on other options -------------------------------------------------------------- */

static int make_url(struct config_collector *n)
{
	char *url;
	int rc;

	if (!n->host && n->path)
		rc = asprintf(&url, "file:%s", n->path);
	else if (!n->host)
		rc = asprintf(&url, "stdout");
	else if (strchr(n->host, ':'))
		rc = asprintf(&url, "udp://[%s]:%u", n->host, n->port);
	else
		rc = asprintf(&url, "udp://%s:%u", n->host, n->port);
	if (rc < 0)
		return -ENOMEM;
	free(n->url);
	n->url = url;
	rc = n->group ? asprintf(&n->name, "%s (group %s)", n->url, n->group)
		      : asprintf(&n->name, "%s", n->url);
	return rc < 0 ? -ENOMEM : 0;
}

/* Formats of fixed layout, and text, have no choice of records. */
static bool has_choice(enum format f)
{
	return f == FORMAT_V9 || f == FORMAT_IPFIX || f == FORMAT_JSON || f == FORMAT_CSV;
}

int collectors_finish(struct config *c)
{
	char why[256];

	for (size_t i = 0; i < c->collector_count; i++) {
		struct config_collector *n = &c->collectors[i];

		if (!n->format_given)
			n->encoding.format = c->format;
		n->encoding.sampling = c->sampling;
		n->encoding.key_changes = c->key_changes;
		n->encoding.has_segments = c->decode.decap & DECAPS_WITH_SEGMENT;
		if (!n->records_given && has_choice(n->encoding.format))
			n->encoding.records = c->records;
		if (n->host && n->port == 0)
			n->port = n->encoding.format == FORMAT_IPFIX ? PORT_IPFIX : PORT_NETFLOW;
		if (make_url(n) < 0)
			return -ENOMEM;
		if (encoder_check(&n->encoding, why, sizeof(why)) < 0) {
			log_error("%s: %s", n->url, why);
			return -EINVAL;
		}
	}
	return groups_finish(c);
}

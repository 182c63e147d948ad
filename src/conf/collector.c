/*
 * Collectors and outputs as the command line names them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/options.h"
#include "util/log.h"
#include "util/units.h"

#define PORT_IPFIX 4739
#define PORT_NETFLOW 2055
#define RATE_DEFAULT 2000
#define RATE_MAX 1000000000u
#define REFRESH_DEFAULT_NS (60 * NS_PER_S)
#define REFRESH_MESSAGES 1000
#define QUEUE_DEFAULT 256

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
	log_error("--collector: '%s': records: %s: see spanflow-records(7)", c->url, why);
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
	c->encoding.no_mode_bits = strcmp(value, "off") == 0;
	return c->encoding.no_mode_bits || strcmp(value, "on") == 0 ? 0 : -EINVAL;
}

static const struct {
	const char *name;
	const char *allowed;
	int (*set)(struct config_collector *, const char *);
} keys[] = {
    {"format", "1, 5, 7, 9, ipfix or 10", key_format},
    {"records", "default, minimal, full or names of elements", key_records},
    {"engine-type", "a number from 0 to 255", key_engine_type},
    {"engine-id", "a number from 0 to 255", key_engine_id},
    {"v5-mode-bits", "on or off", key_mode_bits},
    {"rate", "datagrams a second from 1 to 1000000000, or 0 for no pacing", key_rate},
    {"max-payload", "octets from 64 to 65507", key_max_payload},
    {"domain", "a number from 0 to 4294967295", key_domain},
    {"template-refresh", "a time of 1s or more (units s m h)", key_refresh},
};

static int wrong(const struct config_collector *c, const char *what, const char *allowed)
{
	log_error("--collector: '%s': %s: %s", c->url, what, allowed);
	return SAID_ALREADY;
}

static int set_key(struct config_collector *c, char *assignment)
{
	char *equals = strchr(assignment, '=');
	char what[128];
	int rc;

	if (equals)
		*equals = '\0';
	for (size_t i = 0; equals && i < sizeof(keys) / sizeof(*keys); i++) {
		if (strcmp(assignment, keys[i].name) != 0)
			continue;
		rc = keys[i].set(c, equals + 1);
		if (rc == 0 || rc == SAID_ALREADY)
			return rc;
		snprintf(what, sizeof(what), "%s: '%s' is not allowed", assignment, equals + 1);
		return wrong(c, what, keys[i].allowed);
	}
	snprintf(what, sizeof(what), "'%s' is not a key", assignment);
	return wrong(c, what, "format=, records=, rate= ...: see spanflow(8)");
}

/* -- addresses -------------------------------------------------------------------------------- */

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

static struct config_collector *new_collector(struct config *c, const char *value)
{
	struct config_collector *n = &c->collectors[c->collector_count];

	if (c->collector_count == CONFIG_COLLECTORS_MAX) {
		log_error("--collector: '%s': too many: at most %d collectors and outputs", value,
		    CONFIG_COLLECTORS_MAX);
		return NULL;
	}
	*n = (struct config_collector){
	    .encoding = {.max_payload = PAYLOAD_DEFAULT,
		.domain = 1,
		.refresh_ns = REFRESH_DEFAULT_NS,
		.refresh_messages = REFRESH_MESSAGES},
	    .sending = {.rate = RATE_DEFAULT, .queue = QUEUE_DEFAULT},
	};
	n->text = strdup(value);
	n->url = strdup(value);
	if (!n->text || !n->url) {
		log_error("--collector: %s", strerror(ENOMEM));
		free(n->text);
		free(n->url);
		return NULL;
	}
	c->collector_count++;
	return n;
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

int collector_parse(struct config *c, const char *value)
{
	struct config_collector *n = new_collector(c, value);
	char *rest = n ? n->text : NULL;
	char *address, *assignment;
	int rc;

	if (!n)
		return SAID_ALREADY;
	address = skip_scheme(n, strsep(&rest, ","));
	rc = address ? set_host(n, address) : SAID_ALREADY;
	while (rc == 0 && (assignment = next_assignment(&rest)))
		rc = set_key(n, assignment);
	return rc;
}

int output_parse(struct config *c, const char *value)
{
	static const struct {
		const char *name;
		enum format format;
	} styles[] = {{"text", FORMAT_TEXT}, {"csv", FORMAT_CSV}, {"json", FORMAT_JSON}};
	struct config_collector *n;
	const char *colon = strchr(value, ':');
	size_t length = colon ? (size_t)(colon - value) : strlen(value);

	for (size_t i = 0; i < sizeof(styles) / sizeof(*styles); i++) {
		if (strlen(styles[i].name) != length || strncmp(value, styles[i].name, length) != 0)
			continue;
		if (colon && !colon[1])
			return -EINVAL;
		n = new_collector(c, value);
		if (!n)
			return SAID_ALREADY;
		n->encoding.format = styles[i].format;
		n->format_given = true;
		n->path = colon ? n->text + length + 1 : NULL;
		return 0;
	}
	return -EINVAL;
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
	return 0;
}

/* Formats of fixed layout, and text, have no choice of records. */
static bool has_choice(enum format f)
{
	return f == FORMAT_V9 || f == FORMAT_IPFIX || f == FORMAT_JSON || f == FORMAT_CSV;
}

int collectors_finish(struct config *c)
{
	char why[256];

	if (c->collector_count == 0)
		output_parse(c, "text");
	for (size_t i = 0; i < c->collector_count; i++) {
		struct config_collector *n = &c->collectors[i];

		if (!n->format_given)
			n->encoding.format = c->format;
		n->encoding.sampling = c->sampling;
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
	return 0;
}

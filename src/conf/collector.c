/*
 * Collectors and outputs: where they are, their form on the command line, and what follows for them from other
 * options. Their keys are in collector_keys.c.
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
#define REFRESH_MESSAGES 1000
#define QUEUE_DEFAULT 256 /* of outputs, which have no key for it */
#define DOMAIN_DEFAULT 1  /* as the key has it; lines have no such key */

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

static int set_defaults(struct config_collector *n, const struct key_table *keys)
{
	for (size_t i = 0; i < keys->count; i++) {
		const struct key_spec *k = &keys->rows[i];

		if (k->fallback && k->set(n, k->fallback) < 0)
			return -EINVAL;
	}
	return 0;
}

static struct config_collector *new_collector(
    struct config *c, const char *address, const struct key_table *keys)
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
	if (!n->text || !n->url || set_defaults(n, keys) < 0) {
		log_error("%s", strerror(ENOMEM));
		return NULL;
	}
	return n;
}

int collector_add(struct config *c, const char *address)
{
	struct config_collector *n = new_collector(c, address, &collector_keys);
	char *host = n ? skip_scheme(n, n->text) : NULL;

	if (host && has_blank(host))
		return wrong(n, "no host has blanks in its name", "[udp://]HOST[:PORT]");
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
		n = new_collector(c, style, &output_keys);
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
    "host", "[udp://]HOST[:PORT]", &collector_keys, split_collector};
static const struct section_spec output_section = {
    "style", "text, csv or json", &output_keys, split_output};

const struct section_spec *section_of(const struct option_spec *o)
{
	if (o->set == collector_add)
		return &collector_section;
	return o->set == output_add ? &output_section : NULL;
}

const struct key_spec *key_find(const struct option_spec *o, const char *name)
{
	const struct section_spec *section = section_of(o);

	for (size_t i = 0; section && i < section->keys->count; i++)
		if (strcmp(section->keys->rows[i].name, name) == 0)
			return &section->keys->rows[i];
	return NULL;
}

void section_list_keys(const struct section_spec *section, char *out, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < section->keys->count && used < size; i++)
		used += (size_t)snprintf(
		    out + used, size - used, "%s%s", i ? ", " : "", section->keys->rows[i].name);
}

/* -- what depends on other options -------------------------------------------------------------- */

static int make_name(struct config_collector *n)
{
	char *name;
	int rc = n->group ? asprintf(&name, "%s (group %s)", n->url, n->group)
			  : asprintf(&name, "%s", n->url);

	if (rc < 0)
		return -ENOMEM;
	free(n->name);
	n->name = name;
	return 0;
}

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
	return make_name(n);
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

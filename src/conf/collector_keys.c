/*
 * The keys of collectors and outputs: what each may be, how it is read, and its default. A row a key serves the
 * command line, the file, their errors, what -T prints and the shells' completions.
 */
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "conf/options.h"
#include "transport/name.h"
#include "util/log.h"
#include "util/units.h"

#define RATE_MAX 1000000000u
#define QUEUE_MIN 16
#define QUEUE_MAX 65536
#define DSCP_MAX 63

/* A number that has a name, as a default is written. */
#define TEXT_OF(name) TEXT_OF_NUMBER(name)
#define TEXT_OF_NUMBER(number) #number

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

/* -- all keys ---------------------------------------------------------------------------------- */

/* clang-format off */
static const struct key_spec collector_rows[] = {
    {"format", "1, 5, 7, 9, ipfix or 10", key_format, NULL},
    {"records", "default, minimal, full or names of elements", key_records, NULL},
    {"engine-type", "a number from 0 to 255", key_engine_type, "0"},
    {"engine-id", "a number from 0 to 255", key_engine_id, "0"},
    {"v5-mode-bits", "on or off", key_mode_bits, "on"},
    {"rate", "datagrams a second from 1 to 1000000000, or 0 for no pacing", key_rate, "2000"},
    {"max-payload", "octets from 64 to 65507", key_max_payload, TEXT_OF(PAYLOAD_DEFAULT)},
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

static const struct key_spec output_rows[] = {
    {"file", "a file's name", key_file, NULL},
    {"records", "default, minimal, full or names of elements", key_records, NULL},
};
/* clang-format on */

const struct key_table collector_keys = {
    collector_rows, sizeof(collector_rows) / sizeof(*collector_rows)};
const struct key_table output_keys = {output_rows, sizeof(output_rows) / sizeof(*output_rows)};

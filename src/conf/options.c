#include "conf/options.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "util/log.h"
#include "util/units.h"

#define MAX_FLOWS_MAX 1000000000u
#define DAY_NS (24 * 3600 * NS_PER_S)
#define BUFFER_MIN (64u << 10)

/* "INDEX:NAME" or "NAME"; a name may hold a colon as long as no number stands before it. */
static int set_interface(struct config *c, const char *value)
{
	const char *colon = strchr(value, ':');
	struct config_input *in = &c->interfaces[c->interface_count];
	uint64_t index = 0;
	char number[12];

	if (c->interface_count == CONFIG_INPUTS_MAX || !*value)
		return -EINVAL;
	if (colon && (size_t)(colon - value) < sizeof(number)) {
		memcpy(number, value, (size_t)(colon - value));
		number[colon - value] = '\0';
		if (strspn(number, "0123456789") == strlen(number) && *number) {
			if (parse_number(number, 1, UINT32_MAX, &index) < 0 || !colon[1])
				return -EINVAL;
			value = colon + 1;
		}
	}
	in->name = value;
	in->ingress = (uint32_t)index;
	c->interface_count++;
	return 0;
}

static int set_file(struct config *c, const char *value)
{
	if (c->file_count == CONFIG_INPUTS_MAX || !*value)
		return -EINVAL;
	c->files[c->file_count++].name = value;
	return 0;
}

static int set_format(struct config *c, const char *value)
{
	return format_parse(value, &c->format);
}

static int set_records(struct config *c, const char *value)
{
	char why[128];

	if (records_parse(value, &c->records, why, sizeof(why)) == 0)
		return 0;
	log_error("--records: %s: see spanflow-records(7)", why);
	return SAID_ALREADY;
}

static int set_sample(struct config *c, const char *value)
{
	enum sampling_method method = SAMPLING_DETERMINISTIC;
	const char *number = value;
	uint64_t interval;

	if (strncmp(value, "deterministic:", 14) == 0) {
		number = value + 14;
	} else if (strncmp(value, "random:", 7) == 0) {
		number = value + 7;
		method = SAMPLING_RANDOM;
	}
	if (parse_number(number, 1, UINT32_MAX, &interval) < 0)
		return -EINVAL;
	c->sampling.rules[0] =
	    (struct sampling_rule){interval == 1 ? SAMPLING_NONE : method, (uint32_t)interval};
	return 0;
}

static int set_timeout(struct config *c, const char *value)
{
	const struct {
		const char *name;
		uint64_t *ns;
		uint64_t min;
	} timeouts[] = {{"idle=", &c->timeouts.idle_ns, NS_PER_MS},
	    {"active=", &c->timeouts.active_ns, NS_PER_MS}, {"end=", &c->timeouts.end_ns, 0}};

	for (size_t i = 0; i < sizeof(timeouts) / sizeof(*timeouts); i++) {
		size_t n = strlen(timeouts[i].name);
		uint64_t ns;

		if (strncmp(value, timeouts[i].name, n) != 0)
			continue;
		if (parse_time_ns(value + n, &ns) < 0 || ns < timeouts[i].min || ns > DAY_NS)
			return -EINVAL;
		*timeouts[i].ns = ns;
		return 0;
	}
	return -EINVAL;
}

static int set_number32(const char *value, uint64_t min, uint64_t max, uint32_t *out)
{
	uint64_t n;
	int rc = parse_number(value, min, max, &n);

	if (rc == 0)
		*out = (uint32_t)n;
	return rc;
}

static int set_max_flows(struct config *c, const char *value)
{
	return set_number32(value, 1, MAX_FLOWS_MAX, &c->max_flows);
}

static int set_count(struct config *c, const char *value)
{
	return parse_number(value, 1, UINT64_MAX, &c->packet_limit);
}

static int set_duration(struct config *c, const char *value)
{
	int rc = parse_time_ns(value, &c->duration_ns);

	return rc == 0 && c->duration_ns == 0 ? -ERANGE : rc;
}

static int set_direction(struct config *c, const char *value)
{
	static const char *const names[] = {
	    [SOURCE_BOTH] = "both", [SOURCE_IN] = "in", [SOURCE_OUT] = "out"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(value, names[i]) == 0) {
			c->direction = (enum source_direction)i;
			return 0;
		}
	return -EINVAL;
}

static int set_ingress(struct config *c, const char *value)
{
	return set_number32(value, 0, UINT32_MAX, &c->file_ingress);
}

static int set_lengths(struct config *c, const char *value)
{
	c->decode.believe_lengths = strcmp(value, "header") == 0;
	return c->decode.believe_lengths || strcmp(value, "wire") == 0 ? 0 : -EINVAL;
}

static int set_buffer(struct config *c, const char *value)
{
	int rc = parse_size(value, &c->buffer_bytes);

	if (rc)
		return rc;
	return c->buffer_bytes < BUFFER_MIN || c->buffer_bytes > INT_MAX ? -ERANGE : 0;
}

static int set_seed(struct config *c, const char *value)
{
	c->seed_given = true;
	return parse_number(value, 0, UINT64_MAX, &c->seed);
}

static int set_stats(struct config *c, const char *value)
{
	if (value && strcmp(value, "json") != 0 && strcmp(value, "text") != 0)
		return -EINVAL;
	c->stats = value && strcmp(value, "json") == 0 ? STATS_JSON : STATS_TEXT;
	return 0;
}

static int set_quiet(struct config *c, const char *value)
{
	(void)value;
	c->quiet = true;
	return 0;
}

static int set_version(struct config *c, const char *value)
{
	(void)value;
	c->show_version = true;
	return 0;
}

static int set_help(struct config *c, const char *value)
{
	(void)value;
	c->show_help = true;
	return 0;
}

/* clang-format off */
const struct option_spec option_table[] = {
	{"interface", 'i', "[INDEX:]NAME", "capture live ('any': on all); repeatable",
	 "an interface's name, with an ifIndex of 1 or more before it if one is wanted", set_interface},
	{"read", 'r', "FILE", "read a capture ('-': stdin); repeatable",
	 "a file's name, at most 1024 of them", set_file},
	{"collector", 'n', "HOST[:PORT]", "send records there by UDP; repeatable",
	 "[udp://]HOST[:PORT][,key=value...]", collector_parse},
	{"format", 'v', "1|5|7|9|ipfix", "export format (default ipfix)",
	 "1, 5, 7, 9, ipfix or 10", set_format},
	{"records", 0, "LAYOUT", "default, minimal, full, or a list of elements",
	 "default, minimal, full or names of elements", set_records},
	{"output", 'o', "text|csv|json[:FILE]", "print records (default without a collector)",
	 "text, csv or json, with :FILE if they are to go into a file", output_parse},
	{"sample", 's', "RULE", "N, deterministic:N, random:N (default: all)",
	 "N, deterministic:N or random:N with N from 1 to 4294967295", set_sample},
	{"timeout", 't', "NAME=TIME", "idle=15s, active=30m, end=1s; repeatable",
	 "idle=TIME or active=TIME from 1ms to 24h, or end=TIME from 0 to 24h (units ms s m h)", set_timeout},
	{"max-flows", 'm', "N", "most flows held at once (default 1048576)",
	 "a number from 1 to 1000000000", set_max_flows},
	{"count", 0, "N", "stop after so many packets",
	 "a number of 1 or more", set_count},
	{"duration", 0, "TIME", "stop after so long (in files: packet time)",
	 "a time above 0 with its unit: ms s m h", set_duration},
	{"direction", 0, "in|out|both", "packets of an interface (default both)",
	 "in, out or both", set_direction},
	{"ingress", 0, "N", "ingress ifIndex for files (default 1)",
	 "a number from 0 to 4294967295", set_ingress},
	{"lengths", 0, "wire|header", "believe the wire (default) or the IP header",
	 "wire or header", set_lengths},
	{"buffer", 0, "SIZE", "ring of each interface (default 64M)",
	 "a size from 64k to 2047M (units k M G)", set_buffer},
	{"seed", 0, "N", "seed of every random choice",
	 "a number from 0 to 18446744073709551615", set_seed},
	{"stats", 0, "[=json]", "the ledger on standard error at exit",
	 "nothing, text or json", set_stats},
	{"quiet", 'q', NULL, "errors only", "", set_quiet},
	{"version", 'V', NULL, "print the version", "", set_version},
	{"help", 'h', NULL, "print this", "", set_help},
};
/* clang-format on */

const size_t option_count = sizeof(option_table) / sizeof(*option_table);

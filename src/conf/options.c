#include "conf/options.h"

#include <config.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "capture/filter.h"
#include "util/log.h"
#include "util/units.h"

#define MAX_FLOWS_MAX 1000000000u
#define DAY_NS (24 * 3600 * NS_PER_S)

/* "INDEX:NAME" or "NAME"; a name may hold a colon as long as no number stands before it, and no blank ever. */
static int set_interface(struct config *c, const char *value)
{
	const char *colon = strchr(value, ':');
	struct config_input *in = &c->interfaces[c->interface_count];
	uint64_t index = 0;
	char number[12];

	if (c->interface_count == CONFIG_INPUTS_MAX || !*value || has_blank(value))
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
	log_error("%s: see spanflow-records(7)", why);
	return SAID_ALREADY;
}

struct named_time {
	const char *name; /* with the '=' */
	uint64_t *ns;
	uint64_t min;
	uint64_t max;
};

/* NAME=TIME, of one of these names. */
static int set_named_time(const char *value, const struct named_time *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t n = strlen(rows[i].name);
		uint64_t ns;

		if (strncmp(value, rows[i].name, n) != 0)
			continue;
		if (parse_time_ns(value + n, &ns) < 0 || ns < rows[i].min || ns > rows[i].max)
			return -EINVAL;
		*rows[i].ns = ns;
		return 0;
	}
	return -EINVAL;
}

static int set_timeout(struct config *c, const char *value)
{
	const struct named_time rows[] = {{"idle=", &c->timeouts.idle_ns, NS_PER_MS, DAY_NS},
	    {"active=", &c->timeouts.active_ns, NS_PER_MS, DAY_NS},
	    {"end=", &c->timeouts.end_ns, 0, DAY_NS}};

	return set_named_time(value, rows, sizeof(rows) / sizeof(*rows));
}

static int set_dedup(struct config *c, const char *value)
{
	return parse_switch(value, &c->dedup);
}

static int set_dedup_window(struct config *c, const char *value)
{
	const struct named_time rows[] = {{"copy=", &c->dedup_windows.copy_ns, 0, NS_PER_S},
	    {"same=", &c->dedup_windows.same_ns, 0, NS_PER_S}};

	return set_named_time(value, rows, sizeof(rows) / sizeof(*rows));
}

static int set_number32(const char *value, uint64_t min, uint64_t max, uint32_t *out)
{
	uint64_t n;
	int rc = parse_number(value, min, max, &n);

	if (rc == 0)
		*out = (uint32_t)n;
	return rc;
}

static int set_workers(struct config *c, const char *value)
{
	return set_number32(value, 1, CONFIG_WORKERS_MAX, &c->workers);
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

static int set_capture(struct config *c, const char *value)
{
	static const char *const names[] = {[SOURCE_AUTO] = "auto",
	    [SOURCE_PACKET] = "packet",
	    [SOURCE_PCAP] = "pcap",
	    [SOURCE_XDP] = "xdp"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(value, names[i]) == 0) {
			c->capture = (enum source_capture)i;
			return 0;
		}
	return -EINVAL;
}

static int set_ingress(struct config *c, const char *value)
{
	c->file_ingress_given = true;
	return set_number32(value, 0, UINT32_MAX, &c->file_ingress);
}

static int set_port_map(struct config *c, const char *value)
{
	return port_map_add(&c->ports, value);
}

static int set_local(struct config *c, const char *value)
{
	return port_map_add_local(&c->ports, value);
}

static int set_time(struct config *c, const char *value)
{
	c->time_now = strcmp(value, "now") == 0;
	return c->time_now || strcmp(value, "capture") == 0 ? 0 : -EINVAL;
}

static int set_fragments(struct config *c, const char *value)
{
	return parse_switch(value, &c->fragments);
}

static int set_lengths(struct config *c, const char *value)
{
	c->decode.believe_lengths = strcmp(value, "header") == 0;
	return c->decode.believe_lengths || strcmp(value, "wire") == 0 ? 0 : -EINVAL;
}

/* "none" comes first or not at all: it takes out what is there unless told otherwise. */
static int add_decap(uint32_t *decap, const char *name, size_t length, bool is_first)
{
	static const char *const names[] = {
#define X(constant, text) [DECAP_##constant] = text,
	    DECAPS(X)
#undef X
	};

	if (length == 4 && strncmp(name, "none", length) == 0) {
		*decap = 0;
		return is_first ? 0 : -EINVAL;
	}
	if (length == 3 && strncmp(name, "all", length) == 0) {
		*decap = (1u << DECAP_COUNT) - 1;
		return 0;
	}
	for (unsigned i = 0; i < DECAP_COUNT; i++)
		if (strlen(names[i]) == length && strncmp(name, names[i], length) == 0) {
			*decap |= 1u << i;
			return 0;
		}
	return -EINVAL;
}

/* Outside of a pseudowire nothing could be metered, so that it is looked into in any case. */
static int set_decap(struct config *c, const char *value)
{
	const char *name = value;
	int rc = 0;

	c->decode.decap = 1u << DECAP_MPLS_PW;
	while (rc == 0) {
		size_t length = strcspn(name, ",");

		rc = add_decap(&c->decode.decap, name, length, name == value);
		if (!name[length])
			break;
		name += length + 1;
	}
	return rc;
}

static int set_buffer(struct config *c, const char *value)
{
	int rc = parse_size(value, &c->buffer_bytes);

	if (rc)
		return rc;
	return c->buffer_bytes < CONFIG_BUFFER_MIN || c->buffer_bytes > INT_MAX ? -ERANGE : 0;
}

static int set_offloads(struct config *c, const char *value)
{
	static const char *const names[] = {
	    [OFFLOADS_KEEP] = "keep", [OFFLOADS_ON] = "on", [OFFLOADS_OFF] = "off"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(value, names[i]) == 0) {
			c->offloads = (enum source_offloads)i;
			return 0;
		}
	return -EINVAL;
}

static int set_wait(struct config *c, const char *value)
{
	return parse_switch(value, &c->wait);
}

static int set_user(struct config *c, const char *value)
{
	c->user.name = value;
	return *value ? 0 : -EINVAL;
}

static int set_chroot(struct config *c, const char *value)
{
	c->user.root = value;
	return *value ? 0 : -EINVAL;
}

static int set_seal(struct config *c, const char *value)
{
	return parse_switch(value, &c->seal);
}

static int set_seed(struct config *c, const char *value)
{
	c->seed_given = true;
	return parse_number(value, 0, UINT64_MAX, &c->seed);
}

static int set_stats(struct config *c, const char *value)
{
	bool on;

	if (strcmp(value, "json") == 0)
		c->stats = STATS_JSON;
	else if (strcmp(value, "text") == 0)
		c->stats = STATS_TEXT;
	else if (parse_switch(value, &on) == 0)
		c->stats = on ? STATS_TEXT : STATS_NONE;
	else
		return -EINVAL;
	return 0;
}

static int set_filter(struct config *c, const char *value)
{
	free(c->filter);
	c->filter = strdup(value);
	if (!c->filter)
		return -ENOMEM;
	return filter_check(value) < 0 ? SAID_ALREADY : 0;
}

static int set_quiet(struct config *c, const char *value)
{
	return parse_switch(value, &c->quiet);
}

static int set_log_level(struct config *c, const char *value)
{
	return log_parse_level(value, &c->log_level);
}

static int set_log_format(struct config *c, const char *value)
{
	return log_parse_format(value, &c->log_format);
}

static int set_config(struct config *c, const char *value)
{
	if (c->file) {
		log_error("given twice: one file, or put one's settings into the other");
		return SAID_ALREADY;
	}
	c->file = value;
	return *value ? 0 : -EINVAL;
}

static int set_test_config(struct config *c, const char *value)
{
	(void)value;
	c->test_only = true;
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
	 "a name without blanks, with an ifIndex of 1 or more before it if one is wanted",
	 set_interface, NULL, OPTION_INPUT, RELOAD_NOT},
	{"read", 'r', "FILE", "read a capture ('-': stdin); repeatable",
	 "a file's name, at most 1024 of them", set_file, NULL, OPTION_INPUT, RELOAD_NOT},
	{"collector", 'n', "HOST[:PORT]", "send records there by UDP; repeatable",
	 "[udp://]HOST[:PORT][,key=value...]", collector_add, NULL, OPTION_SECTION, RELOAD_COLLECTORS},
	{"group", 0, "NAME=POLICY", NULL,
	 "NAME=replicate, NAME=balance or NAME=failover, with ,hold-down=TIME if wanted",
	 group_parse, NULL, OPTION_LIST, RELOAD_COLLECTORS},
	{"format", 'v', "1|5|7|9|ipfix", "export format",
	 "1, 5, 7, 9, ipfix or 10", set_format, "ipfix", OPTION_VALUE, RELOAD_COLLECTORS},
	{"records", 0, "LAYOUT", "minimal, full or elements",
	 "default, minimal, full or names of elements", set_records, "default", OPTION_VALUE, RELOAD_COLLECTORS},
	{"output", 'o', "text|csv|json[:FILE]", "print records (default without a collector)",
	 "text, csv or json, with :FILE if they are to go into a file", output_add, NULL, OPTION_SECTION, RELOAD_COLLECTORS},
	{"sample", 's', "RULE", "N, random:N, hash:N, flow:N",
	 "N, deterministic:N, random:N, hash:N or flow:N with N from 1 to 4294967295",
	 sampling_set_rule, "1", OPTION_VALUE, RELOAD_SAMPLING},
	{"class", 0, "'RULE FILTER'", NULL,
	 "a rule as of --sample, a blank and a BPF expression, at most 31 times",
	 sampling_add_class, NULL, OPTION_LIST, RELOAD_SAMPLING},
	{"hash-key", 0, "N", NULL,
	 "a number from 0 to 4294967295", sampling_set_hash_key, "0", OPTION_VALUE, RELOAD_SAMPLING},
	{"scale", 0, "on|off", NULL, "on or off", sampling_set_scale, "off", OPTION_VALUE, RELOAD_SAMPLING},
	{"overload", 0, "drop|sample", NULL,
	 "drop or sample", sampling_set_overload, "drop", OPTION_VALUE, RELOAD_SAMPLING},
	{"key", 0, "LIST", NULL,
	 "default, or with commas between them -vlan, -ports, -dscp, -ingress, +ecn, +mac, +inner-vlan",
	 flow_key_parse, "default", OPTION_VALUE, RELOAD_NOT},
	{"timeout", 't', "NAME=TIME", "idle=15s, active=30m, end=1s; repeatable",
	 "idle=TIME or active=TIME from 1ms to 24h, or end=TIME from 0 to 24h (units ms s m h)",
	 set_timeout, "idle=15s active=30m end=1s", OPTION_NAMED, RELOAD_TIMEOUTS},
	{"workers", 0, "N", "threads that meter",
	 "a number from 1 to 64", set_workers, "1", OPTION_VALUE, RELOAD_NOT},
	{"max-flows", 'm', "N", "most flows held at once",
	 "a number from 1 to 1000000000", set_max_flows, "1048576", OPTION_VALUE, RELOAD_NOT},
	{"count", 0, "N", NULL,
	 "a number of 1 or more", set_count, NULL, OPTION_VALUE, RELOAD_NOT},
	{"duration", 0, "TIME", NULL,
	 "a time above 0 with its unit: ms s m h", set_duration, NULL, OPTION_VALUE, RELOAD_NOT},
	{"direction", 0, "in|out|both", NULL, "in, out or both", set_direction, "both", OPTION_VALUE, RELOAD_NOT},
	{"capture", 0, "auto|packet|pcap|xdp", NULL,
	 "auto, packet, pcap or xdp", set_capture, "auto", OPTION_VALUE, RELOAD_NOT},
	{"ingress", 0, "N", NULL, "a number from 0 to 4294967295", set_ingress, NULL, OPTION_VALUE, RELOAD_NOT},
	{"port-map", 0, "RULE", NULL,
	 "vlan=ID, mac=ADDRESS or prefix=ADDRESS/LENGTH, then ,ingress=INDEX[:NAME] or ,egress=INDEX[:NAME] "
	 "or both, or ,port=INDEX[:NAME]; at most 1024 times", set_port_map, NULL, OPTION_LIST, RELOAD_NOT},
	{"local", 0, "PREFIX", NULL,
	 "ADDRESS/LENGTH, at most 1024 times", set_local, NULL, OPTION_LIST, RELOAD_NOT},
	{"time", 0, "capture|now", NULL, "capture or now", set_time, "capture", OPTION_VALUE, RELOAD_NOT},
	{"lengths", 0, "wire|header", NULL, "wire or header", set_lengths, "wire", OPTION_VALUE, RELOAD_NOT},
	{"decap", 0, "TUNNELS", "erspan, gre, vxlan, ... all",
	 "all, none, or erspan, gre, ipip, vxlan, geneve, gtpu, l2tp, teredo, capwap, mpls-udp, mpls-pw with commas between",
	 set_decap, "mpls-pw", OPTION_VALUE, RELOAD_NOT},
	{"dedup", 0, "[=off]", NULL, "on or off", set_dedup, "off", OPTION_VALUE, RELOAD_NOT},
	{"dedup-window", 0, "NAME=TIME", NULL,
	 "copy=TIME or same=TIME, from 0 to 1s (units ms s)",
	 set_dedup_window, "copy=50ms same=2ms", OPTION_NAMED, RELOAD_NOT},
	{"fragments", 0, "on|off", NULL, "on or off", set_fragments, "on", OPTION_VALUE, RELOAD_NOT},
	{"buffer", 0, "SIZE", NULL,
	 "a size from 64k to 2047M (units k M G)", set_buffer, "64M", OPTION_VALUE, RELOAD_NOT},
	{"control", 0, "PATH", NULL,
	 "a path, with ,mode=OCTAL ,owner=USER or ,group=GROUP behind it if wanted",
	 control_parse, NULL, OPTION_VALUE, RELOAD_NOT},
	{"offloads", 0, "keep|on|off", NULL, "keep, on or off", set_offloads, "keep", OPTION_VALUE, RELOAD_NOT},
	{"wait", 0, "[=off]", NULL, "on or off", set_wait, "off", OPTION_VALUE, RELOAD_NOT},
	{"metrics", 0, "[=ADDRESS:PORT]", NULL,
	 "on, off, a PORT of 127.0.0.1, or ADDRESS:PORT: 192.0.2.1:9469 or [2001:db8::1]:9469",
	 metrics_parse, "off", OPTION_VALUE, RELOAD_NOT},
	{"user", 0, "NAME", NULL, "a user's name", set_user, NULL, OPTION_VALUE, RELOAD_NOT},
	{"chroot", 0, "DIR", NULL, "a directory", set_chroot, NULL, OPTION_VALUE, RELOAD_NOT},
	{"seal", 0, "on|off", NULL, "on or off", set_seal, SEAL_DEFAULT, OPTION_VALUE, RELOAD_NOT},
	{"seed", 0, "N", NULL,
	 "a number from 0 to 18446744073709551615", set_seed, NULL, OPTION_VALUE, RELOAD_NOT},
	{"filter", 0, "EXPRESSION", NULL,
	 "an expression of pcap-filter(7)", set_filter, NULL, OPTION_VALUE, RELOAD_FILTER},
	{"stats", 0, "[=json]", "the ledger on standard error at exit",
	 "text, json, on (text) or off", set_stats, "off", OPTION_VALUE, RELOAD_NOT},
	{"config", 'f', "FILE", "take settings from a file: spanflow.conf(5)",
	 "a file's name", set_config, NULL, OPTION_ACTION, RELOAD_NOT},
	{"test-config", 'T', NULL, "check the settings, print them, and exit",
	 "", set_test_config, NULL, OPTION_ACTION, RELOAD_NOT},
	{"quiet", 'q', "[=off]", "errors only", "on or off", set_quiet, "off", OPTION_VALUE, RELOAD_LOG},
	{"log-level", 0, "LEVEL", NULL,
	 "error, warning or info", set_log_level, "warning", OPTION_VALUE, RELOAD_LOG},
	{"log-format", 0, "FORMAT", NULL,
	 "auto, text, json or journal", set_log_format, "auto", OPTION_VALUE, RELOAD_LOG},
	{"version", 'V', NULL, "print the version", "", set_version, NULL, OPTION_ACTION, RELOAD_NOT},
	{"help", 'h', NULL, "print this", "", set_help, NULL, OPTION_ACTION, RELOAD_NOT},
};
/* clang-format on */

const size_t option_count = sizeof(option_table) / sizeof(*option_table);

const struct option_spec *option_find(const char *name)
{
	for (size_t i = 0; i < option_count; i++)
		if (strcmp(option_table[i].name, name) == 0)
			return &option_table[i];
	return NULL;
}

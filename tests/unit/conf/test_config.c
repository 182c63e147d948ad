#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/config.h"
#include "conf/options.h"
#include "support/commandline.h"
#include "support/said.h"
#include "util/units.h"

static struct config *config;

static int parse_line(const char *line)
{
	return commandline_parse(line, &config);
}

/* Options for files, with an input so that they are complete. */
static const struct config *accepted(const char *options)
{
	char line[1024];

	snprintf(line, sizeof(line), "-r x.pcap %s", options);
	if (parse_line(line) != 0)
		ck_abort_msg("'%s': %s", options, commandline_said);
	ck_assert_str_eq(commandline_said, "");
	return config;
}

/* Wrong: once, by one message, which holds this text. */
static void check_refused_line(const char *line, const char *text)
{
	if (parse_line(line) == 0)
		ck_abort_msg("'%s' was accepted", line);
	ck_assert_msg(said_one_message(commandline_said), "'%s': %s", line, commandline_said);
	ck_assert_msg(strstr(commandline_said, text) != NULL, "'%s': '%s' is not in: %s", line,
	    text, commandline_said);
	commandline_forget();
}

static void check_refused(const char *options, const char *text)
{
	char line[1024];

	snprintf(line, sizeof(line), "-r x.pcap %s", options);
	check_refused_line(line, text);
}

/* -- defaults and inputs ------------------------------------------------------------------------ */

START_TEST(defaults_are_those_of_the_manual)
{
	const struct config *c = accepted("");

	ck_assert_uint_eq(c->timeouts.idle_ns, 15 * NS_PER_S);
	ck_assert_uint_eq(c->timeouts.active_ns, 1800 * NS_PER_S);
	ck_assert_uint_eq(c->timeouts.end_ns, NS_PER_S);
	ck_assert_uint_eq(c->max_flows, 1048576);
	ck_assert_uint_eq(c->file_ingress, 1);
	ck_assert_uint_eq(c->buffer_bytes, 64 << 20);
	ck_assert_int_eq(c->capture, SOURCE_AUTO);
	ck_assert_int_eq(c->sampling.rules[0].method, SAMPLING_NONE);
	ck_assert_uint_eq(c->sampling.rules[0].interval, 1);
	ck_assert_uint_eq(c->packet_limit, 0);
	ck_assert_uint_eq(c->duration_ns, 0);
	ck_assert(!c->seed_given && !c->quiet && !c->decode.believe_lengths);
	ck_assert_int_eq(c->stats, STATS_NONE);
	ck_assert_ptr_null(c->filter);
	ck_assert(!config_is_live(c));
	commandline_forget();
}
END_TEST

START_TEST(wrong_key_names_are_answered_with_the_right_ones)
{
	check_refused("-n h,colour=red", "colour: no such key: format, records, engine-type");
	check_refused("-n h,rate", "'rate': write key=value");
}
END_TEST

START_TEST(filter_may_be_an_option_and_words_replace_it)
{
	ck_assert_str_eq(accepted("--filter=udp")->filter, "udp");
	commandline_forget();
	ck_assert_str_eq(accepted("--filter=udp tcp")->filter, "tcp");
	commandline_forget();
	check_refused("--filter=udp+", "--filter: 'udp+'");
}
END_TEST

START_TEST(optional_values_are_not_taken_for_a_filter)
{
	check_refused(
	    "--stats json", "--stats: 'json' behind a blank would be a filter: write --stats=json");
	check_refused("--dedup off tcp", "--dedup: 'off'");
	check_refused("-q on", "--quiet: 'on'");
	check_refused_line("-i x --metrics 9469", "write --metrics=9469");
	ck_assert_str_eq(accepted("--stats ip")->filter, "ip");
	commandline_forget();
	ck_assert_str_eq(accepted("--stats tcp or ip")->filter, "tcp or ip");
	commandline_forget();
	check_refused("--stats -- json", "--filter: 'json'");
}
END_TEST

START_TEST(switches_are_turned_on_and_off)
{
	ck_assert(accepted("--quiet --stats")->quiet);
	ck_assert_int_eq(config->stats, STATS_TEXT);
	commandline_forget();
	ck_assert(!accepted("-q --quiet=off --stats=json --stats=off")->quiet);
	ck_assert_int_eq(config->stats, STATS_NONE);
	commandline_forget();
}
END_TEST

START_TEST(without_a_collector_text_goes_to_standard_output)
{
	const struct config *c = accepted("");

	ck_assert_uint_eq(c->collector_count, 1);
	ck_assert_int_eq(c->collectors[0].encoding.format, FORMAT_TEXT);
	ck_assert_ptr_null(c->collectors[0].path);
	ck_assert_ptr_null(c->collectors[0].host);
	ck_assert_str_eq(c->collectors[0].url, "stdout");
	commandline_forget();
}
END_TEST

START_TEST(with_a_collector_nothing_is_printed)
{
	const struct config *c = accepted("-n 127.0.0.1:9995");

	ck_assert_uint_eq(c->collector_count, 1);
	ck_assert_str_eq(c->collectors[0].url, "udp://127.0.0.1:9995");
	commandline_forget();
}
END_TEST

/* The line asks for what it does not get; a file may be a service's. */
START_TEST(nobody_is_answered_while_files_are_read)
{
	static const char text[] = "control = /run/x\nmetrics = on\n";
	char line[128];

	check_refused("--control=/run/x", "--control: not with --read");
	check_refused("--metrics", "--metrics: not with --read");
	snprintf(line, sizeof(line), "-f %s", commandline_file(text, sizeof(text) - 1));
	ck_assert_str_eq(accepted(line)->control.path, "/run/x");
	commandline_forget();
	accepted("--metrics=9470 --metrics=off");
	commandline_forget();
	check_refused(strcat(line, " --metrics=9470"), "--metrics: not with --read");
}
END_TEST

START_TEST(files_are_read_in_the_order_given)
{
	const struct config *c = accepted("--read=a --read b -r -");

	ck_assert_uint_eq(c->file_count, 4);
	ck_assert_str_eq(c->files[0].name, "x.pcap");
	ck_assert_str_eq(c->files[1].name, "a");
	ck_assert_str_eq(c->files[2].name, "b");
	ck_assert_str_eq(c->files[3].name, "-");
	commandline_forget();
}
END_TEST

START_TEST(interface_may_have_an_index)
{
	ck_assert_int_eq(parse_line("-i 7:eth0 -i eth1 -i any -i br:0 -i 4294967295:x"), 0);
	ck_assert(config_is_live(config));
	ck_assert_uint_eq(config->interface_count, 5);
	ck_assert_str_eq(config->interfaces[0].name, "eth0");
	ck_assert_uint_eq(config->interfaces[0].ingress, 7);
	ck_assert_str_eq(config->interfaces[1].name, "eth1");
	ck_assert_uint_eq(config->interfaces[1].ingress, 0);
	ck_assert_str_eq(config->interfaces[2].name, "any");
	ck_assert_str_eq(config->interfaces[3].name, "br:0");
	ck_assert_uint_eq(config->interfaces[4].ingress, UINT32_MAX);
	commandline_forget();
}
END_TEST

START_TEST(wrong_interfaces_are_refused)
{
	check_refused_line("-i 0:eth0", "--interface: '0:eth0'");
	check_refused_line("-i 4294967296:eth0", "--interface");
	check_refused_line("-i 7:", "--interface");
	check_refused_line("--interface=", "--interface");
}
END_TEST

START_TEST(an_input_is_needed_and_kinds_do_not_mix)
{
	check_refused_line("", "no input");
	check_refused_line("-v 9", "no input");
	check_refused_line("-i eth0 -r x", "--interface and --read");
	check_refused_line("-i eth0 -i 7:eth0", "'eth0' is given twice");
	check_refused_line("-r", "--read");
	check_refused_line("--read=", "--read");
}
END_TEST

START_TEST(unknown_options_are_refused)
{
	check_refused("--nonsense", "--nonsense");
	check_refused("-Z", "-Z");
	check_refused("--quiet=loud", "--quiet: 'loud'");
	check_refused("--test-config=yes", "--test-config");
	check_refused("--max-flows", "--max-flows");
	check_refused("-q=off", "-q: takes no value: write --quiet=VALUE: on or off");
	check_refused("-T=yes", "-T: takes no value");
	check_refused("--stats -=", "-=: unknown option");
}
END_TEST

START_TEST(help_and_version_ask_for_nothing_else)
{
	ck_assert_int_eq(parse_line("-h"), 0);
	ck_assert(config->show_help);
	commandline_forget();
	ck_assert_int_eq(parse_line("--version"), 0);
	ck_assert(config->show_version);
	commandline_forget();
}
END_TEST

/* -- values ------------------------------------------------------------------------------------- */

START_TEST(sampling_rules_are_read)
{
	static const struct {
		const char *text;
		enum sampling_method method;
		uint32_t interval;
	} rows[] = {{"-s 100", SAMPLING_DETERMINISTIC, 100},
	    {"-s deterministic:2", SAMPLING_DETERMINISTIC, 2},
	    {"--sample=random:4294967295", SAMPLING_RANDOM, UINT32_MAX}, {"-s 1", SAMPLING_NONE, 1},
	    {"-s random:1", SAMPLING_NONE, 1}, {"-s hash:50", SAMPLING_HASH, 50},
	    {"-s flow:7", SAMPLING_FLOW, 7}, {"-s hash:1", SAMPLING_NONE, 1},
	    {"-s flow:1", SAMPLING_NONE, 1}};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct config *c = accepted(rows[i].text);

		ck_assert_int_eq(c->sampling.rules[0].method, rows[i].method);
		ck_assert_uint_eq(c->sampling.rules[0].interval, rows[i].interval);
		commandline_forget();
	}
}
END_TEST

START_TEST(wrong_sampling_rules_are_refused)
{
	check_refused("-s 0", "--sample: '0'");
	check_refused("-s -5", "--sample");
	check_refused("-s random:", "--sample");
	check_refused("-s random:0", "--sample");
	check_refused("-s 4294967296", "--sample");
	check_refused("-s every:5", "--sample");
	check_refused("-s hash:0", "--sample");
	check_refused("-s flow:", "--sample");
	check_refused("-s 1/100", "--sample");
}
END_TEST

/* Blanks part the words of these command lines: a tab stands for the one in a class. */
START_TEST(classes_are_read)
{
	const struct config *c = accepted("--class=10\ttcp -s 5 --class random:20\tudp\tport\t53");

	ck_assert_uint_eq(c->sampling.count, 3);
	ck_assert_int_eq(c->sampling.rules[0].method, SAMPLING_DETERMINISTIC);
	ck_assert_uint_eq(c->sampling.rules[0].interval, 5);
	ck_assert_int_eq(c->sampling.rules[1].method, SAMPLING_DETERMINISTIC);
	ck_assert_uint_eq(c->sampling.rules[1].interval, 10);
	ck_assert_str_eq(c->class_filters[1], "tcp");
	ck_assert_int_eq(c->sampling.rules[2].method, SAMPLING_RANDOM);
	ck_assert_uint_eq(c->sampling.rules[2].interval, 20);
	ck_assert_str_eq(c->class_filters[2], "udp\tport\t53");
	ck_assert_uint_eq(c->collectors[0].encoding.sampling.count, 3);
	commandline_forget();
}
END_TEST

START_TEST(wrong_classes_are_refused)
{
	check_refused("--class=10", "--class: '10'");
	check_refused("--class=tcp\t10", "--class");
	check_refused("--class=0\ttcp", "--class");
	check_refused("--class=\ttcp", "--class");
	check_refused("--class=10\ttcp\tand", "--class");
}
END_TEST

START_TEST(classes_are_limited)
{
	char options[1024] = "";

	for (unsigned i = 1; i < SELECTORS_MAX; i++)
		strcat(options, " --class=2\tudp");
	ck_assert_uint_eq(accepted(options)->sampling.count, SELECTORS_MAX);
	commandline_forget();
	strcat(options, " --class=2\tudp");
	check_refused(options, "--class");
}
END_TEST

START_TEST(sampling_has_a_key_and_may_be_scaled)
{
	const struct config *c = accepted("--hash-key=4294967295 --scale=on");

	ck_assert_uint_eq(c->sampling.hash_key, UINT32_MAX);
	ck_assert(c->sampling.scale);
	commandline_forget();
	c = accepted("--scale=on --scale=off");
	ck_assert_uint_eq(c->sampling.hash_key, 0);
	ck_assert(!c->sampling.scale);
	commandline_forget();
	check_refused("--scale=perhaps", "--scale");
	check_refused("--hash-key=4294967296", "--hash-key");
}
END_TEST

START_TEST(port_map_and_local_prefixes_are_read)
{
	const struct config *c =
	    accepted("--port-map=vlan=5,ingress=1:a,egress=2 --local=10.0.0.0/8 "
		     "--port-map=prefix=10.0.0.0/8,port=3 --local=2001:db8::/32");

	ck_assert_uint_eq(c->ports.rule_count, 2);
	ck_assert_uint_eq(c->ports.local_count, 2);
	ck_assert_uint_eq(c->ports.name_count, 1);
	commandline_forget();
	check_refused("--port-map=vlan=5", "--port-map: 'vlan=5'");
	check_refused("--local=10.0.0.0", "--local: '10.0.0.0'");
}
END_TEST

START_TEST(only_regular_files_can_be_shifted)
{
	ck_assert(!accepted("")->time_now);
	commandline_forget();
	ck_assert(accepted("--time=now")->time_now);
	commandline_forget();
	ck_assert(!accepted("--time=now --time=capture")->time_now);
	commandline_forget();
	check_refused("--time=then", "--time");
	check_refused("--time=now -r -", "'-'");
	check_refused("--time=now -r /dev/null", "'/dev/null'");
	check_refused_line("-i lo --time=now", "--interface");
}
END_TEST

START_TEST(timeouts_are_read)
{
	const struct config *c = accepted("-t idle=1ms -t active=24h --timeout=end=0");

	ck_assert_uint_eq(c->timeouts.idle_ns, NS_PER_MS);
	ck_assert_uint_eq(c->timeouts.active_ns, 86400 * NS_PER_S);
	ck_assert_uint_eq(c->timeouts.end_ns, 0);
	commandline_forget();
}
END_TEST

START_TEST(later_timeout_wins)
{
	const struct config *c = accepted("-t idle=10s -t idle=20s");

	ck_assert_uint_eq(c->timeouts.idle_ns, 20 * NS_PER_S);
	ck_assert_uint_eq(c->timeouts.active_ns, 1800 * NS_PER_S);
	commandline_forget();
}
END_TEST

START_TEST(wrong_timeouts_are_refused)
{
	check_refused("-t idle=0", "--timeout: 'idle=0'");
	check_refused("-t active=0s", "--timeout");
	check_refused("-t active=25h", "--timeout");
	check_refused("-t active=1441m", "--timeout");
	check_refused("-t end=25h", "--timeout");
	check_refused("-t idle=15", "--timeout");
	check_refused("-t idle", "--timeout");
	check_refused("-t idle=", "--timeout");
	check_refused("-t =15s", "--timeout");
	check_refused("-t linger=1s", "--timeout");
	check_refused("-t 15s", "--timeout");
}
END_TEST

START_TEST(numbers_are_read_up_to_their_limits)
{
	const struct config *c = accepted("-m 1 --count=18446744073709551615 --ingress=0 --seed=0");

	ck_assert_uint_eq(c->max_flows, 1);
	ck_assert_uint_eq(c->packet_limit, UINT64_MAX);
	ck_assert_uint_eq(c->file_ingress, 0);
	ck_assert(c->seed_given);
	ck_assert_uint_eq(c->seed, 0);
	commandline_forget();
	c = accepted("--max-flows=1000000000 --ingress=4294967295 --seed=18446744073709551615");
	ck_assert_uint_eq(c->max_flows, 1000000000);
	ck_assert_uint_eq(c->file_ingress, UINT32_MAX);
	ck_assert_uint_eq(c->seed, UINT64_MAX);
	commandline_forget();
}
END_TEST

START_TEST(numbers_outside_their_limits_are_refused)
{
	check_refused("-m 0", "--max-flows: '0'");
	check_refused("-m 1000000001", "--max-flows");
	check_refused("-m 10k", "--max-flows");
	check_refused("--count=0", "--count");
	check_refused("--count=x", "--count");
	check_refused("--ingress=4294967296", "--ingress");
	check_refused("--seed=-1", "--seed");
	check_refused("--seed=18446744073709551616", "--seed");
}
END_TEST

START_TEST(ways_to_capture_are_read)
{
	ck_assert_int_eq(accepted("--capture=xdp")->capture, SOURCE_XDP);
	commandline_forget();
	ck_assert_int_eq(accepted("--capture=packet")->capture, SOURCE_PACKET);
	commandline_forget();
	ck_assert_int_eq(accepted("--capture=packet --capture=auto")->capture, SOURCE_AUTO);
	commandline_forget();
	ck_assert_int_eq(accepted("--capture=xdp --capture=pcap")->capture, SOURCE_PCAP);
	commandline_forget();
	check_refused("--capture=dpdk", "--capture");
	check_refused("--capture=", "--capture");
}
END_TEST

START_TEST(durations_and_sizes_are_read)
{
	const struct config *c = accepted("--duration=90s --buffer=64k");

	ck_assert_uint_eq(c->duration_ns, 90 * NS_PER_S);
	ck_assert_uint_eq(c->buffer_bytes, 65536);
	commandline_forget();
	check_refused("--duration=0", "--duration");
	check_refused("--duration=0s", "--duration");
	check_refused("--duration=5", "--duration");
	check_refused("--buffer=63k", "--buffer");
	check_refused("--buffer=2G", "--buffer");
	check_refused("--buffer=big", "--buffer");
}
END_TEST

START_TEST(words_are_read)
{
	const struct config *c = accepted("--direction=out --lengths=header -q --stats=json");

	ck_assert_int_eq(c->direction, SOURCE_OUT);
	ck_assert(c->decode.believe_lengths);
	ck_assert(c->quiet);
	ck_assert_int_eq(c->stats, STATS_JSON);
	commandline_forget();
	c = accepted("--direction=in --lengths=wire --stats");
	ck_assert_int_eq(c->direction, SOURCE_IN);
	ck_assert(!c->decode.believe_lengths);
	ck_assert_int_eq(c->stats, STATS_TEXT);
	commandline_forget();
}
END_TEST

START_TEST(wrong_words_are_refused)
{
	check_refused("--direction=up", "--direction: 'up'");
	check_refused("--lengths=both", "--lengths");
	check_refused("--stats=xml", "--stats");
	check_refused("-v 2", "--format");
	check_refused("-v 8", "--format");
	check_refused("-v ipfi", "--format");
	check_refused("-v 8", "--format");
}
END_TEST

START_TEST(keys_are_read)
{
	ck_assert_uint_eq(accepted("")->key_changes, 0);
	commandline_forget();
	ck_assert_uint_eq(accepted("--key=-vlan,+mac,-ports")->key_changes,
	    1u << KEY_VLAN | 1u << KEY_MACS | 1u << KEY_PORTS);
	ck_assert_uint_eq(config->sampling.key_changes, config->key_changes);
	ck_assert_uint_eq(config->collectors[0].encoding.key_changes, config->key_changes);
	commandline_forget();
	ck_assert_uint_eq(
	    accepted("--key -dscp,-ingress,+inner-vlan --key +ecn")->key_changes, 1u << KEY_ECN);
	commandline_forget();
	ck_assert_uint_eq(accepted("--key=+ecn --key=default")->key_changes, 0);
	commandline_forget();
}
END_TEST

START_TEST(wrong_keys_are_refused)
{
	check_refused("--key=vlan", "--key: 'vlan' is not allowed: default, or");
	check_refused("--key=+vlan", "--key");
	check_refused("--key=-mac", "--key");
	check_refused("--key=-vlan,", "--key");
	check_refused("--key=,", "--key");
	check_refused("--key=-vlan,-vlan", "--key");
	check_refused("--key=-vlan,default", "--key");
	check_refused("--key=-dscp,+ecn", "not both");
}
END_TEST

static uint32_t decap_of(const char *options)
{
	uint32_t decap = accepted(options)->decode.decap;

	commandline_forget();
	return decap;
}

/* Pseudowires are looked into unless "none" comes first. */
START_TEST(tunnels_are_named)
{
	uint32_t pw = 1u << DECAP_MPLS_PW;

	ck_assert_uint_eq(decap_of(""), pw);
	ck_assert_uint_eq(decap_of("--decap=mpls-pw"), pw);
	ck_assert_uint_eq(decap_of("--decap=vxlan"), pw | 1u << DECAP_VXLAN);
	ck_assert_uint_eq(decap_of("--decap=vxlan --decap=gre"), pw | 1u << DECAP_GRE);
	ck_assert_uint_eq(
	    decap_of("--decap=gre,erspan,gre"), pw | 1u << DECAP_GRE | 1u << DECAP_ERSPAN);
	ck_assert_uint_eq(decap_of("--decap=none"), 0);
	ck_assert_uint_eq(decap_of("--decap=none,teredo"), 1u << DECAP_TEREDO);
	ck_assert_uint_eq(decap_of("--decap=all"), (1u << DECAP_COUNT) - 1);
	ck_assert_uint_eq(decap_of("--decap=none,ipip,geneve,gtpu,l2tp,erspan,gre,vxlan,teredo,"
				   "capwap,mpls-udp,mpls-pw"),
	    (1u << DECAP_COUNT) - 1);
}
END_TEST

START_TEST(what_is_no_tunnel_is_refused)
{
	static const char *const values[] = {"", ",", "gre,", ",gre", "gre,,ipip", "GRE", "gr",
	    "gree", "vxlan,none", "none,none", "0"};

	for (unsigned i = 0; i < sizeof(values) / sizeof(*values); i++) {
		char option[64], said[64];

		snprintf(option, sizeof(option), "--decap=%s", values[i]);
		snprintf(said, sizeof(said), "--decap: '%s' is not allowed: all, none, or erspan",
		    values[i]);
		check_refused(option, said);
	}
}
END_TEST

/* Where flows may be told apart by their overlay network records say which it is. */
START_TEST(segments_come_with_the_tunnels_that_have_them)
{
	static const struct {
		const char *options;
		bool wanted;
	} rows[] = {{"", false}, {"--decap=erspan,ipip,gtpu,l2tp,teredo", false},
	    {"--decap=gre", true}, {"--decap=vxlan", true}, {"--decap=geneve", true},
	    {"--decap=all", true}, {"--decap=none", false}};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct config *c = accepted(rows[i].options);

		ck_assert_int_eq(c->collectors[0].encoding.has_segments, rows[i].wanted);
		commandline_forget();
	}
}
END_TEST

START_TEST(formats_are_read)
{
	static const struct {
		const char *text;
		enum format format;
	} rows[] = {
	    {"5", FORMAT_V5}, {"9", FORMAT_V9}, {"10", FORMAT_IPFIX}, {"ipfix", FORMAT_IPFIX}};

	for (unsigned i = 0; i < 4; i++) {
		char options[64];

		snprintf(options, sizeof(options), "-n h -v %s", rows[i].text);
		ck_assert_int_eq(accepted(options)->collectors[0].encoding.format, rows[i].format);
		commandline_forget();
	}
}
END_TEST

/* -- collectors --------------------------------------------------------------------------------- */

static void check_collector(const char *url, const char *host, unsigned port, const char *shown)
{
	char options[256];
	const struct config_collector *n;

	snprintf(options, sizeof(options), "-n %s", url);
	n = &accepted(options)->collectors[0];
	ck_assert_str_eq(n->host, host);
	ck_assert_uint_eq(n->port, port);
	ck_assert_str_eq(n->url, shown);
	commandline_forget();
}

START_TEST(collector_addresses_are_read)
{
	check_collector("127.0.0.1:9995", "127.0.0.1", 9995, "udp://127.0.0.1:9995");
	check_collector("udp://host.example:1", "host.example", 1, "udp://host.example:1");
	check_collector("host:65535", "host", 65535, "udp://host:65535");
	check_collector("[2001:db8::1]:4740", "2001:db8::1", 4740, "udp://[2001:db8::1]:4740");
	check_collector("udp://[::1]", "::1", 4739, "udp://[::1]:4739");
	check_collector("[fe80::1%eth0]:99", "fe80::1%eth0", 99, "udp://[fe80::1%eth0]:99");
}
END_TEST

START_TEST(default_port_is_that_of_the_format)
{
	check_collector("h", "h", 4739, "udp://h:4739");
	check_collector("h,format=ipfix", "h", 4739, "udp://h:4739");
	check_collector("h,format=10", "h", 4739, "udp://h:4739");
	check_collector("h,format=9", "h", 2055, "udp://h:2055");
	check_collector("h,format=5", "h", 2055, "udp://h:2055");
	check_collector("h -v 9", "h", 2055, "udp://h:2055");
	check_collector("h:1,format=5", "h", 1, "udp://h:1");
}
END_TEST

START_TEST(own_format_wins_over_the_general_one)
{
	const struct config *c = accepted("-v 5 -n a,format=ipfix -n b");

	ck_assert_int_eq(c->collectors[0].encoding.format, FORMAT_IPFIX);
	ck_assert_int_eq(c->collectors[1].encoding.format, FORMAT_V5);
	commandline_forget();
	c = accepted("-n a -v 9");
	ck_assert_int_eq(c->collectors[0].encoding.format, FORMAT_V9);
	commandline_forget();
}
END_TEST

START_TEST(collector_keys_have_defaults)
{
	const struct config_collector *n = &accepted("-n h")->collectors[0];

	ck_assert_uint_eq(n->sending.rate, 2000);
	ck_assert_uint_eq(n->encoding.max_payload, 1400);
	ck_assert_uint_eq(n->encoding.domain, 1);
	ck_assert_uint_eq(n->encoding.refresh_ns, 60 * NS_PER_S);
	commandline_forget();
}
END_TEST

START_TEST(collector_keys_are_read)
{
	const struct config_collector *n = &accepted(
	    "-n h:9,rate=0,max-payload=512,domain=4294967295,template-refresh=5m,format=9")
						->collectors[0];

	ck_assert_str_eq(n->host, "h");
	ck_assert_uint_eq(n->port, 9);
	ck_assert_uint_eq(n->sending.rate, 0);
	ck_assert_uint_eq(n->encoding.max_payload, 512);
	ck_assert_uint_eq(n->encoding.domain, UINT32_MAX);
	ck_assert_uint_eq(n->encoding.refresh_ns, 300 * NS_PER_S);
	ck_assert_int_eq(n->encoding.format, FORMAT_V9);
	commandline_forget();
	n = &accepted("-n h,max-payload=65507,domain=0,rate=1000000000")->collectors[0];
	ck_assert_uint_eq(n->encoding.max_payload, 65507);
	ck_assert_uint_eq(n->encoding.domain, 0);
	ck_assert_uint_eq(n->sending.rate, 1000000000);
	commandline_forget();
}
END_TEST

START_TEST(wrong_collector_addresses_are_refused)
{
	static const char *const urls[] = {"h:0", "h:65536", "h:", "h:x", "h:-1", "h:99999999999",
	    ":9", "[::1", "[::1]x", "[::1]:", "[::1]:0", "[]", "[]:9", "::1", "2001:db8::1:9",
	    "a:1:2", "tcp://h", "http://h", "udp://", "udp://:9", "kafka://h"};

	for (unsigned i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
		char options[128];

		snprintf(options, sizeof(options), "-n %s", urls[i]);
		check_refused(options, "--collector: '");
		ck_assert_msg(
		    strstr(commandline_said, urls[i]) != NULL, "%s: %s", urls[i], commandline_said);
	}
	check_refused_line("-r x --collector=", "--collector");
	check_refused("-n ,format=9", "--collector: '': no host");
}
END_TEST

START_TEST(wrong_collector_keys_are_refused)
{
	static const char *const keys[] = {"format=8", "format=text", "format=", "rate=-1",
	    "rate=x", "rate=1000000001", "max-payload=63", "max-payload=65508",
	    "max-payload=", "domain=-1", "domain=4294967296", "template-refresh=0",
	    "template-refresh=999ms", "template-refresh=60", "colour=red", "format", "=9", ""};

	for (unsigned i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		char options[128];

		snprintf(options, sizeof(options), "-n h,%s", keys[i]);
		check_refused(options, "--collector: '");
	}
}
END_TEST

START_TEST(collectors_are_limited)
{
	char options[1024] = "";

	for (unsigned i = 0; i < CONFIG_COLLECTORS_MAX; i++)
		snprintf(
		    options + strlen(options), sizeof(options) - strlen(options), "-n h%u ", i);
	ck_assert_uint_eq(accepted(options)->collector_count, CONFIG_COLLECTORS_MAX);
	commandline_forget();
	strcat(options, "-n h ");
	check_refused(options, "too many");
}
END_TEST

START_TEST(v5_refuses_an_interval_beyond_its_14_bits)
{
	const struct config *c = accepted("-n h,format=5 -s random:16383");

	ck_assert_uint_eq(c->sampling.rules[0].interval, 16383);
	commandline_forget();
	check_refused("-n h,format=5 -s 16384", "16384");
	check_refused("-s 16384 -v 5 -n h", "16384");
	accepted("-n h,format=9 -s 16384");
	commandline_forget();
}
END_TEST

START_TEST(outputs_are_read)
{
	const struct config *c = accepted("-o json -o csv:/tmp/a:b -n h --output=text:/tmp/-");

	ck_assert_uint_eq(c->collector_count, 4);
	ck_assert_int_eq(c->collectors[0].encoding.format, FORMAT_JSON);
	ck_assert_uint_eq(c->collectors[0].encoding.domain, 1);
	ck_assert_ptr_null(c->collectors[0].path);
	ck_assert_str_eq(c->collectors[0].url, "stdout");
	ck_assert_int_eq(c->collectors[1].encoding.format, FORMAT_CSV);
	ck_assert_str_eq(c->collectors[1].path, "/tmp/a:b");
	ck_assert_str_eq(c->collectors[1].url, "file:/tmp/a:b");
	ck_assert_int_eq(c->collectors[2].encoding.format, FORMAT_IPFIX);
	ck_assert_str_eq(c->collectors[3].path, "/tmp/-");
	commandline_forget();
	ck_assert_ptr_null(accepted("-o csv:-")->collectors[0].path);
	commandline_forget();
	ck_assert_ptr_null(accepted("-o csv:/dev/stdout")->collectors[0].path);
	ck_assert_str_eq(config->collectors[0].url, "stdout");
	commandline_forget();
}
END_TEST

START_TEST(wrong_outputs_are_refused)
{
	check_refused("-o xml", "--output: 'xml'");
	check_refused("-o json:", "--output");
	check_refused("-o jso", "--output");
	check_refused("-o jsonl", "--output");
	check_refused("--output=", "--output");
}
END_TEST

START_TEST(general_format_does_not_alter_an_output)
{
	const struct config *c = accepted("-v 9 -o csv");

	ck_assert_int_eq(c->collectors[0].encoding.format, FORMAT_CSV);
	commandline_forget();
}
END_TEST

/* -- the filter --------------------------------------------------------------------------------- */

START_TEST(words_behind_the_options_are_the_filter)
{
	ck_assert_str_eq(accepted("-q tcp and port 80")->filter, "tcp and port 80");
	commandline_forget();
	ck_assert_str_eq(accepted("udp -q")->filter, "udp");
	ck_assert(config->quiet);
	commandline_forget();
}
END_TEST

START_TEST(filter_that_does_not_compile_is_refused)
{
	check_refused("no such filter", "filter");
	check_refused("tcp and", "filter");
}
END_TEST

Suite *config_suite(void)
{
	const TTest *const tests[] = {
	    defaults_are_those_of_the_manual,
	    wrong_key_names_are_answered_with_the_right_ones,
	    filter_may_be_an_option_and_words_replace_it,
	    optional_values_are_not_taken_for_a_filter,
	    switches_are_turned_on_and_off,
	    without_a_collector_text_goes_to_standard_output,
	    with_a_collector_nothing_is_printed,
	    nobody_is_answered_while_files_are_read,
	    files_are_read_in_the_order_given,
	    interface_may_have_an_index,
	    wrong_interfaces_are_refused,
	    an_input_is_needed_and_kinds_do_not_mix,
	    unknown_options_are_refused,
	    help_and_version_ask_for_nothing_else,
	    sampling_rules_are_read,
	    wrong_sampling_rules_are_refused,
	    classes_are_read,
	    wrong_classes_are_refused,
	    classes_are_limited,
	    sampling_has_a_key_and_may_be_scaled,
	    port_map_and_local_prefixes_are_read,
	    only_regular_files_can_be_shifted,
	    timeouts_are_read,
	    later_timeout_wins,
	    wrong_timeouts_are_refused,
	    numbers_are_read_up_to_their_limits,
	    numbers_outside_their_limits_are_refused,
	    ways_to_capture_are_read,
	    durations_and_sizes_are_read,
	    words_are_read,
	    wrong_words_are_refused,
	    keys_are_read,
	    wrong_keys_are_refused,
	    tunnels_are_named,
	    what_is_no_tunnel_is_refused,
	    segments_come_with_the_tunnels_that_have_them,
	    formats_are_read,
	    collector_addresses_are_read,
	    default_port_is_that_of_the_format,
	    own_format_wins_over_the_general_one,
	    collector_keys_have_defaults,
	    collector_keys_are_read,
	    wrong_collector_addresses_are_refused,
	    wrong_collector_keys_are_refused,
	    collectors_are_limited,
	    v5_refuses_an_interval_beyond_its_14_bits,
	    outputs_are_read,
	    wrong_outputs_are_refused,
	    general_format_does_not_alter_an_output,
	    words_behind_the_options_are_the_filter,
	    filter_that_does_not_compile_is_refused,
	};

	return SUITE_OF("config", tests);
}

#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/config.h"
#include "support/said.h"
#include "util/units.h"

#define ARGS_MAX 64

static struct config config;
static char words[1024];
static const char *said;

static int parse(const char *options)
{
	char name[] = "spanflow", read[] = "-r", file[] = "x.pcap";
	char *argv[ARGS_MAX] = {name, read, file};
	int argc = 3, rc;

	snprintf(words, sizeof(words), "%s", options);
	for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	config_init(&config);
	said_begin();
	rc = config_parse(&config, argc, argv);
	said = said_end();
	return rc;
}

static void check_accepted(const char *options)
{
	if (parse(options) < 0)
		ck_abort_msg("'%s': %s", options, said);
}

static void check_refused(const char *options, const char *text)
{
	if (parse(options) == 0)
		ck_abort_msg("'%s' was accepted", options);
	ck_assert_msg(said_one_message(said), "'%s': %s", options, said);
	ck_assert_msg(strstr(said, text) != NULL, "'%s': '%s' is not in: %s", options, text, said);
	config_fini(&config);
}

START_TEST(group_has_a_policy_and_a_hold_down)
{
	static const struct {
		const char *options;
		enum group_policy policy;
		uint64_t hold_down_ns;
	} rows[] = {
	    {"--group g=replicate -n h,group=g", GROUP_REPLICATE, 10 * NS_PER_S},
	    {"--group g=balance -n h,group=g", GROUP_BALANCE, 10 * NS_PER_S},
	    {"-n h,group=g --group g=failover,hold-down=3m", GROUP_FAILOVER, 180 * NS_PER_S},
	    {"-n h,group=g --group g=failover,hold-down=0", GROUP_FAILOVER, 0},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		check_accepted(rows[i].options);
		ck_assert_uint_eq(config.group_count, 1);
		ck_assert_str_eq(config.groups[0].name, "g");
		ck_assert_int_eq(config.groups[0].policy, rows[i].policy);
		ck_assert_uint_eq(config.groups[0].hold_down_ns, rows[i].hold_down_ns);
		ck_assert_str_eq(config.collectors[0].group, "g");
		config_fini(&config);
	}
}
END_TEST

START_TEST(several_groups_stand_beside_each_other)
{
	check_accepted("--group a=balance --group b=failover -n h,group=a -n i,group=b -n j");
	ck_assert_uint_eq(config.group_count, 2);
	ck_assert_ptr_null(config.collectors[2].group);
	config_fini(&config);
}
END_TEST

START_TEST(wrong_group_is_named)
{
	check_refused("--group g -n h,group=g", "--group: 'g'");
	check_refused("--group =balance -n h", "--group: '=balance'");
	check_refused("--group g=some -n h,group=g", "--group: 'g=some'");
	check_refused("--group g=balance,hold=1s -n h,group=g", "hold=1s");
	check_refused("--group g=balance,hold-down=1x -n h,group=g", "hold-down=1x");
	check_refused("--group g=balance --group g=failover -n h,group=g", "'g' is given twice");
	check_refused("--group g=balance -n h", "'g' has no members");
	check_refused("-n h,group=none", "no group 'none'");
	check_refused("-n h,group=", "group: ''");
}
END_TEST

START_TEST(nobody_gets_each_record_twice)
{
	static const char *const wrong[] = {"-n h -n h", "-n h -n i -n H:4739",
	    "-n h -n udp://h,rate=9", "-v 9 -n h -n h:2055", "-n [::1] -n [::1]:4739",
	    "-n h,format=5 -n h:2055,format=5", "--group g=replicate -n h,group=g -n h,group=g",
	    "--group g=replicate -n h,group=g -n h"};
	static const char *const right[] = {"-n h -n h:9", "-n h -n h:4739,format=9",
	    "-n h -n h,domain=2", "-n h -n h,records=minimal", "-n h -n h,source=192.0.2.1",
	    "-n h -n h,dev=eth0", "-n h,source=192.0.2.1 -n h,source=192.0.2.2",
	    "-v 5 -n h -n h,engine-id=2", "-v 5 -n h -n h,engine-type=2",
	    "-n h,dev=eth0 -n h,dev=ETH0",
	    "--group g=balance -n h,group=g -n h,group=g -n i,group=g",
	    "--group g=balance -n h,group=g -n h",
	    "--group a=failover --group b=failover -n h,group=a -n i,group=a -n i,group=b -n "
	    "h,group=b"};

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		check_refused(wrong[i], " is given twice, and would get each record twice");
	for (unsigned i = 0; i < sizeof(right) / sizeof(*right); i++) {
		check_accepted(right[i]);
		config_fini(&config);
	}
}
END_TEST

START_TEST(groups_are_counted)
{
	char options[1024] = "-n h,group=g0";

	for (unsigned i = 0; i <= CONFIG_GROUPS_MAX; i++)
		snprintf(options + strlen(options), sizeof(options) - strlen(options),
		    " --group g%u=balance", i);
	check_refused(options, "too many");
}
END_TEST

START_TEST(keys_say_how_datagrams_leave)
{
	const struct config_collector *c = &config.collectors[0];

	check_accepted("-n h,source=192.0.2.1,dev=eth0,ttl=64,dscp=46,queue=16,resolve=1s");
	ck_assert_str_eq(c->udp.source, "192.0.2.1");
	ck_assert_str_eq(c->udp.dev, "eth0");
	ck_assert_uint_eq(c->udp.ttl, 64);
	ck_assert_uint_eq(c->udp.dscp, 46);
	ck_assert_uint_eq(c->sending.queue, 16);
	ck_assert_uint_eq(c->resolve_ns, NS_PER_S);
	config_fini(&config);
	check_accepted("-n h,source=2001:db8::1,resolve=0");
	ck_assert_uint_eq(c->resolve_ns, 0);
	ck_assert_uint_eq(c->sending.queue, 256);
	ck_assert_uint_eq(c->udp.ttl, 0);
	config_fini(&config);
	check_accepted("-n h");
	ck_assert_uint_eq(c->resolve_ns, 300 * NS_PER_S);
	config_fini(&config);
}
END_TEST

START_TEST(wrong_keys_are_named)
{
	static const char *const wrong[] = {"source=eth0",
	    "source=", "dev=", "dev=sixteencharacters", "ttl=0", "ttl=256", "dscp=64", "dscp=ef",
	    "queue=15", "queue=65537", "resolve=999ms", "resolve=5"};

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		char options[64], key[16];

		snprintf(options, sizeof(options), "-n h,%s", wrong[i]);
		snprintf(key, sizeof(key), "%.*s: '", (int)strcspn(wrong[i], "="), wrong[i]);
		check_refused(options, key);
	}
}
END_TEST

Suite *groups_suite(void)
{
	const TTest *const tests[] = {
	    group_has_a_policy_and_a_hold_down,
	    several_groups_stand_beside_each_other,
	    wrong_group_is_named,
	    nobody_gets_each_record_twice,
	    groups_are_counted,
	    keys_say_how_datagrams_leave,
	    wrong_keys_are_named,
	};

	return SUITE_OF("groups", tests);
}

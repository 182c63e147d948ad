#include "suites.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "conf/config.h"
#include "support/commandline.h"
#include "support/said.h"

static struct config *config;

/* The address that is listened on, as "HOST PORT"; "off". */
static const char *address_of(const char *option)
{
	static char text[128];
	char line[256], host[64], port[16];

	snprintf(line, sizeof(line), "-i eth1 %s", option);
	ck_assert_msg(commandline_parse(line, &config) == 0, "%s: %s", option, commandline_said);
	if (!config->metrics.size) {
		commandline_forget();
		return "off";
	}
	ck_assert_int_eq(
	    getnameinfo((const struct sockaddr *)&config->metrics.address, config->metrics.size,
		host, sizeof(host), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV),
	    0);
	snprintf(text, sizeof(text), "%s %s", host, port);
	commandline_forget();
	return text;
}

START_TEST(loopback_is_meant_unless_an_address_is_written)
{
	ck_assert_str_eq(address_of(""), "off");
	ck_assert_str_eq(address_of("--metrics=off"), "off");
	ck_assert_str_eq(address_of("--metrics"), "127.0.0.1 9469");
	ck_assert_str_eq(address_of("--metrics=on"), "127.0.0.1 9469");
	ck_assert_str_eq(address_of("--metrics=9470"), "127.0.0.1 9470");
	ck_assert_str_eq(address_of("--metrics=:9470"), "127.0.0.1 9470");
	ck_assert_str_eq(address_of("--metrics=192.0.2.7:1"), "192.0.2.7 1");
	ck_assert_str_eq(address_of("--metrics=0.0.0.0:65535"), "0.0.0.0 65535");
	ck_assert_str_eq(address_of("--metrics=[::1]:9469"), "::1 9469");
	ck_assert_str_eq(address_of("--metrics=[::]:9469"), ":: 9469");
	ck_assert_str_eq(address_of("--metrics=9470 --metrics=off"), "off");
}
END_TEST

START_TEST(wrong_addresses_are_refused)
{
	static const char *const values[] = {"=", "=0", "=65536", "=:", "=127.0.0.1",
	    "=127.0.0.1:", "=127.0.0.1:x", "=::1:9469", "=[::1]", "=[]:1", "=[::1:1",
	    "=localhost:9469", "=eth1:9469", "=1.2.3.4.5:1", "=[192.0.2.1:1"};
	char line[256];

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		snprintf(line, sizeof(line), "-i eth1 --metrics%s", values[i]);
		ck_assert_msg(commandline_parse(line, &config) != 0, "%s", line);
		ck_assert_msg(said_one_message(commandline_said), "%s: %s", line, commandline_said);
		ck_assert_ptr_nonnull(strstr(commandline_said, "--metrics: '"));
		commandline_forget();
	}
}
END_TEST

Suite *metrics_at_suite(void)
{
	const TTest *const tests[] = {
	    loopback_is_meant_unless_an_address_is_written,
	    wrong_addresses_are_refused,
	};

	return SUITE_OF("metrics_at", tests);
}

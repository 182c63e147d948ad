#include "suites.h"

#include <string.h>

#include "conf/options.h"
#include "conf/setting.h"

static void say(struct settings *s, enum setting_rank rank, const char *option, const char *key,
    const char *value)
{
	struct setting new = {
	    .row = option_find(option), .key = (char *)key, .value = (char *)value, .rank = rank};

	ck_assert_ptr_nonnull(new.row);
	ck_assert_int_eq(settings_add(s, &new), 0);
}

/* The values that an option has, with blanks between them. */
static void check_values(const struct settings *s, const char *option, const char *wanted)
{
	char values[256] = "";

	for (size_t i = 0; i < s->count; i++) {
		if (strcmp(s->rows[i].row->name, option) != 0)
			continue;
		if (*values)
			strcat(values, " ");
		strcat(values, s->rows[i].value);
	}
	ck_assert_str_eq(values, wanted);
}

static void check_override(struct settings *low, struct settings *high)
{
	ck_assert_int_eq(settings_override(low, high), 0);
	ck_assert_uint_eq(high->count, 0);
	settings_fini(high);
}

START_TEST(later_value_replaces_an_earlier_one)
{
	struct settings low = {0}, high = {0};

	say(&low, SETTING_FILE, "max-flows", NULL, "1");
	say(&low, SETTING_FILE, "sample", NULL, "2");
	say(&high, SETTING_LINE, "max-flows", NULL, "3");
	say(&high, SETTING_LINE, "max-flows", NULL, "4");
	check_override(&low, &high);
	check_values(&low, "max-flows", "4");
	check_values(&low, "sample", "2");
	settings_fini(&low);
}
END_TEST

START_TEST(list_is_replaced_as_a_whole_by_a_higher_rank)
{
	struct settings low = {0}, high = {0};

	say(&low, SETTING_FILE, "collector", NULL, "a");
	say(&low, SETTING_FILE, "collector", "rate", "1");
	say(&low, SETTING_FILE, "collector", NULL, "b");
	say(&low, SETTING_FILE, "output", NULL, "csv");
	say(&high, SETTING_LINE, "collector", NULL, "c");
	say(&high, SETTING_LINE, "collector", "rate", "2");
	say(&high, SETTING_LINE, "collector", NULL, "d");
	check_override(&low, &high);
	check_values(&low, "collector", "c 2 d");
	check_values(&low, "output", "csv");
	settings_fini(&low);
}
END_TEST

START_TEST(any_input_replaces_all_inputs)
{
	struct settings low = {0}, high = {0};

	say(&low, SETTING_FILE, "interface", NULL, "eth0");
	say(&low, SETTING_FILE, "interface", NULL, "eth1");
	say(&high, SETTING_LINE, "read", NULL, "x");
	say(&high, SETTING_LINE, "read", NULL, "y");
	check_override(&low, &high);
	check_values(&low, "interface", "");
	check_values(&low, "read", "x y");
	settings_fini(&low);
}
END_TEST

START_TEST(groups_go_with_the_collectors_that_named_them)
{
	struct settings low = {0}, high = {0};

	say(&low, SETTING_FILE, "group", NULL, "g=balance");
	say(&low, SETTING_FILE, "format", NULL, "9");
	say(&low, SETTING_FILE, "collector", NULL, "a");
	say(&low, SETTING_FILE, "collector", "group", "g");
	say(&high, SETTING_LINE, "output", NULL, "csv");
	check_override(&low, &high);
	check_values(&low, "group", "g=balance");
	say(&high, SETTING_LINE, "group", NULL, "h=failover");
	say(&high, SETTING_LINE, "collector", NULL, "b");
	say(&high, SETTING_LINE, "collector", "group", "h");
	check_override(&low, &high);
	check_values(&low, "group", "h=failover");
	check_values(&low, "collector", "b h");
	check_values(&low, "format", "9");
	settings_fini(&low);
}
END_TEST

START_TEST(named_values_replace_their_namesakes)
{
	struct settings low = {0}, high = {0};

	say(&low, SETTING_DEFAULT, "timeout", NULL, "idle=15s");
	say(&low, SETTING_DEFAULT, "timeout", NULL, "active=30m");
	say(&high, SETTING_FILE, "timeout", NULL, "active=5m");
	say(&high, SETTING_FILE, "timeout", NULL, "act=1m");
	check_override(&low, &high);
	check_values(&low, "timeout", "idle=15s active=5m act=1m");
	settings_fini(&low);
}
END_TEST

START_TEST(defaults_are_applicable)
{
	static struct config c;
	struct settings s = {0};

	config_init(&c);
	ck_assert_int_eq(settings_add_defaults(&s), 0);
	ck_assert_int_eq(settings_apply(&s, &c), 0);
	check_values(&s, "timeout", "idle=15s active=30m end=1s");
	check_values(&s, "max-flows", "1048576");
	ck_assert_uint_eq(c.max_flows, 1048576);
	ck_assert_uint_eq(c.collector_count, 0);
	settings_fini(&s);
	config_fini(&c);
}
END_TEST

Suite *setting_suite(void)
{
	const TTest *const tests[] = {
	    later_value_replaces_an_earlier_one,
	    list_is_replaced_as_a_whole_by_a_higher_rank,
	    any_input_replaces_all_inputs,
	    groups_go_with_the_collectors_that_named_them,
	    named_values_replace_their_namesakes,
	    defaults_are_applicable,
	};

	return SUITE_OF("setting", tests);
}

#include "suites.h"

#include <stdint.h>
#include <string.h>

#include "live_told.h"
#include "live_watch.h"
#include "util/log.h"
#include "util/units.h"

#define T0 (1000 * NS_PER_S)

static const struct config_input wanted = {.name = "b0"};
static struct live_interface interface;
static struct live_told told;
static struct log_copy said;

static void begin(bool was_captured)
{
	interface = (struct live_interface){
	    .wanted = &wanted, .link = {.index = 7, .name = "b0"}, .was_captured = was_captured};
	told = (struct live_told){.told = LIVE_GOOD};
	said = (struct log_copy){.used = 0};
	log_copy_to(&said);
}

static uint64_t see(enum live_condition c, uint64_t after_ns)
{
	return live_observe(&told, &interface, c, T0 + after_ns);
}

static void check_said(const char *text)
{
	log_copy_to(NULL);
	if (*text)
		ck_assert_ptr_nonnull(strstr(said.text, text));
	else
		ck_assert_str_eq(said.text, "");
	said = (struct log_copy){.used = 0};
	log_copy_to(&said);
}

START_TEST(what_lasts_is_told_once)
{
	begin(true);
	ck_assert_uint_eq(see(LIVE_DOWN, 0), T0 + NS_PER_S / 2);
	ck_assert_uint_eq(see(LIVE_DOWN, NS_PER_S / 4), T0 + NS_PER_S / 2);
	check_said("");
	ck_assert_uint_eq(see(LIVE_DOWN, NS_PER_S / 2), UINT64_MAX);
	check_said("b0: the interface is down: capture goes on when it is up");
	ck_assert_uint_eq(see(LIVE_DOWN, NS_PER_S), UINT64_MAX);
	check_said("");
	see(LIVE_GOOD, 2 * NS_PER_S);
	check_said("b0: capture goes on");
	log_copy_to(NULL);
}
END_TEST

/* Each beginning counts anew. */
START_TEST(what_does_not_last_is_not_told)
{
	begin(true);
	for (unsigned i = 0; i < 10; i++) {
		see(LIVE_DOWN, i * NS_PER_S);
		ck_assert_uint_eq(see(LIVE_GOOD, i * NS_PER_S + NS_PER_S / 3), UINT64_MAX);
	}
	check_said("");
	log_copy_to(NULL);
}
END_TEST

/* An interface that is removed is down for a moment. */
START_TEST(end_is_told_at_once)
{
	begin(true);
	see(LIVE_DOWN, 0);
	ck_assert_uint_eq(see(LIVE_GONE, 1), UINT64_MAX);
	check_said("b0: the interface has gone: capture goes on when it is there again");
	strcpy(interface.link.name, "c0");
	live_tell(&told, &interface, LIVE_GONE);
	check_said("c0: the interface has gone: capture goes on when b0 is there again");
	log_copy_to(NULL);
}
END_TEST

START_TEST(first_time_capture_begins)
{
	begin(false);
	live_tell(&told, &interface, LIVE_DOWN);
	check_said("capture begins when it is up");
	interface.link.index = 0;
	live_tell(&told, &interface, LIVE_GONE);
	check_said("b0: no such interface yet: waiting for it");
	log_copy_to(NULL);
}
END_TEST

Suite *live_told_suite(void)
{
	const TTest *const tests[] = {
	    what_lasts_is_told_once,
	    what_does_not_last_is_not_told,
	    end_is_told_at_once,
	    first_time_capture_begins,
	};

	return SUITE_OF("live_told", tests);
}

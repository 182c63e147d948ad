#include "suites.h"

#include <stdio.h>
#include <string.h>

#include "util/repeat.h"
#include "util/units.h"

#define S NS_PER_S

static struct repeats r;
static struct repeat_kind held;
static const char down[] = "%s: down", up[] = "%s: up";

static bool take(const char *format, const char *subject, uint64_t now_ns)
{
	char text[600];
	struct repeat_message m = {.format = format, .text = text, .subject = strlen(subject)};

	snprintf(text, sizeof(text), format, subject);
	return repeats_take(&r, &m, now_ns);
}

/* How many of `n` are said. */
static unsigned said(const char *format, const char *subject, unsigned n, uint64_t now_ns)
{
	unsigned count = 0;

	while (n--)
		count += take(format, subject, now_ns);
	return count;
}

START_TEST(ten_of_a_kind_are_said_in_a_window)
{
	r = (struct repeats){0};
	ck_assert_uint_eq(said(down, "eth1", 9, 5 * S), 9);
	ck_assert(take(down, "eth1", 64 * S));
	ck_assert(!take(down, "eth1", 64 * S));
	ck_assert(!take(down, "eth1", 64 * S));
	ck_assert(!repeats_next(&r, 65 * S - 1, &held));
	ck_assert(repeats_next(&r, 65 * S, &held));
	ck_assert_uint_eq(held.held_back, 2);
	ck_assert_str_eq(held.text, "eth1: down");
	ck_assert_uint_eq(held.subject, 4);
	ck_assert(!held.is_mixed);
	ck_assert(!repeats_next(&r, 65 * S, &held));
	ck_assert_uint_eq(said(down, "eth1", 20, 65 * S), 10);
}
END_TEST

START_TEST(what_comes_each_ten_seconds_is_never_held_back)
{
	r = (struct repeats){0};
	for (uint64_t at = 0; at < 3600; at += 10) {
		ck_assert(!repeats_next(&r, at * S, &held));
		ck_assert(take(down, "eth1", at * S));
	}
}
END_TEST

START_TEST(another_subject_or_another_message_is_another_kind)
{
	char longer[400];

	r = (struct repeats){0};
	ck_assert_uint_eq(said(down, "eth1", 20, 0), 10);
	ck_assert_uint_eq(said(up, "eth1", 20, 0), 10);
	ck_assert_uint_eq(said(down, "eth10", 20, 0), 10);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	ck_assert_uint_eq(said(down, longer, 20, 0), 10);
	ck_assert_uint_eq(said(down, "", 20, 0), 10);
}
END_TEST

START_TEST(a_full_table_bounds_all_others_together)
{
	char subject[16];
	unsigned count = 0;

	r = (struct repeats){0};
	for (unsigned i = 0; i < 10 * REPEAT_KINDS; i++) {
		snprintf(subject, sizeof(subject), "%u", i);
		count += said(down, subject, 20, 0);
	}
	ck_assert_uint_eq(count, (REPEAT_KINDS + 1) * REPEAT_MESSAGES);
	for (unsigned i = 0; i < REPEAT_KINDS; i++) {
		ck_assert(repeats_next(&r, 60 * S, &held));
		ck_assert_uint_eq(held.held_back, 10);
		ck_assert(!held.is_mixed);
	}
	ck_assert(repeats_next(&r, 60 * S, &held));
	ck_assert(held.is_mixed);
	ck_assert_uint_eq(held.held_back, 9 * REPEAT_KINDS * 20 - 10);
	ck_assert_str_eq(held.text, "639: down");
	ck_assert(!repeats_next(&r, 60 * S, &held));
	ck_assert(take(down, "new", 60 * S));
}
END_TEST

Suite *repeat_suite(void)
{
	const TTest *const tests[] = {ten_of_a_kind_are_said_in_a_window,
	    what_comes_each_ten_seconds_is_never_held_back,
	    another_subject_or_another_message_is_another_kind,
	    a_full_table_bounds_all_others_together};

	return SUITE_OF("repeat", tests);
}

#include "suites.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/said.h"
#include "util/log.h"

static void reset(void)
{
	log_set_level(LOG_LEVEL_WARNING);
	log_set_format(LOG_FORMAT_TEXT);
	log_hold_repeats(false);
	log_catch_up(UINT64_MAX);
}

static const char *said_all(void)
{
	said_begin();
	log_error("a: failed");
	log_warning("b: odd");
	log_info("c: fine");
	return said_end();
}

START_TEST(a_level_says_what_is_as_grave_or_more)
{
	reset();
	ck_assert_str_eq(said_all(), "spanflow: a: failed\nspanflow: b: odd\n");
	log_set_level(LOG_LEVEL_ERROR);
	ck_assert_str_eq(said_all(), "spanflow: a: failed\n");
	log_set_level(LOG_LEVEL_INFO);
	ck_assert_str_eq(said_all(), "spanflow: a: failed\nspanflow: b: odd\nspanflow: c: fine\n");
	reset();
}
END_TEST

START_TEST(the_journal_gets_priorities)
{
	reset();
	log_set_level(LOG_LEVEL_INFO);
	log_set_format(LOG_FORMAT_JOURNAL);
	ck_assert_str_eq(said_all(), "<3>a: failed\n<4>b: odd\n<6>c: fine\n");
	reset();
}
END_TEST

/* What follows the time, which is checked to be one. */
static const char *behind_time(const char *object)
{
	unsigned year, month, day, hour, minute, second, ms;
	int size = 0;

	sscanf(object, "{\"time\":\"%4u-%2u-%2uT%2u:%2u:%2u.%3uZ\",%n", &year, &month, &day, &hour,
	    &minute, &second, &ms, &size);
	ck_assert_int_eq(size, 35);
	ck_assert(year >= 1970 && month <= 12 && day <= 31 && hour < 24);
	return object + size;
}

START_TEST(json_has_subject_and_message)
{
	reset();
	log_set_format(LOG_FORMAT_JSON);
	said_begin();
	log_error("%s: what: do", "the \"file\"\n\xff");
	ck_assert_str_eq(behind_time(said_end()),
	    "\"level\":\"error\",\"subject\":\"the \\\"file\\\"\\\\n\\\\xff\","
	    "\"message\":\"what: do\"}\n");
	said_begin();
	log_warning("no subject");
	ck_assert_str_eq(behind_time(said_end()),
	    "\"level\":\"warning\",\"subject\":\"\",\"message\":\"no subject\"}\n");
	reset();
}
END_TEST

START_TEST(however_long_a_message_is_it_is_one_line_with_its_end)
{
	static char quotes[8192];
	const char *said;

	reset();
	memset(quotes, '"', sizeof(quotes) - 1);
	log_set_format(LOG_FORMAT_JSON);
	said_begin();
	log_error("%s: %s", "subject", quotes);
	said = behind_time(said_end());
	ck_assert_uint_gt(strlen(said), 2000);
	ck_assert_str_eq(said + strlen(said) - 5, "\\\"\"}\n");
	/* Octets that need most room. */
	memset(quotes, '\xff', sizeof(quotes) - 1);
	said_begin();
	log_error("%s", quotes);
	said = behind_time(said_end());
	ck_assert_uint_le(strlen(said) + 35, 4096);
	ck_assert_str_eq(said + strlen(said) - 8, "\\\\xff\"}\n");
	reset();
}
END_TEST

START_TEST(a_subject_stands_before_the_messages_of_its_thread)
{
	reset();
	log_set_subject("FILE:3: rate");
	said_begin();
	log_error("'x' is not allowed");
	ck_assert_str_eq(said_end(), "spanflow: FILE:3: rate: 'x' is not allowed\n");
	log_set_subject(NULL);
}
END_TEST

/* With the line's end and the text's, and not one octet more. */
START_TEST(copy_has_whole_lines_alone)
{
	static struct log_copy copy;

	reset();
	log_copy_to(&copy);
	said_begin();
	log_error("a: 1234");
	log_info("a: not a matter for it");
	copy.used = LOG_COPY_SIZE - 8;
	log_warning("a: 1234");
	ck_assert_uint_eq(copy.used, LOG_COPY_SIZE - 8);
	copy.used = LOG_COPY_SIZE - 9;
	log_warning("a: 1234");
	log_warning("a: 1");
	log_copy_to(NULL);
	log_error("a: after");
	said_end();
	ck_assert_str_eq(copy.text, "a: 1234\n");
	ck_assert_str_eq(copy.text + LOG_COPY_SIZE - 9, "a: 1234\n");
	ck_assert_uint_eq(copy.used, LOG_COPY_SIZE - 1);
}
END_TEST

START_TEST(copy_knows_its_first_error)
{
	static struct log_copy copy;

	reset();
	said_begin();
	log_copy_to(&copy);
	log_warning("a: 1");
	ck_assert_str_eq(copy.text + copy.error, "");
	log_warning("a: 2");
	log_error("a: 3");
	log_warning("a: 4");
	log_error("a: 5");
	ck_assert_str_eq(copy.text + copy.error, "a: 3\na: 4\na: 5\n");
	copy = (struct log_copy){.used = 0};
	log_error("a: 6");
	log_warning("a: 7");
	log_copy_to(NULL);
	said_end();
	ck_assert_str_eq(copy.text + copy.error, "a: 6\na: 7\n");
}
END_TEST

static void say_often(unsigned n)
{
	while (n--)
		log_warning("%s: down %u", "eth1", n);
}

static unsigned lines(const char *text)
{
	unsigned n = 0;

	while ((text = strchr(text, '\n'))) {
		text++;
		n++;
	}
	return n;
}

START_TEST(repeats_are_held_back_only_where_that_is_asked_for)
{
	const char *said;

	reset();
	said_begin();
	say_often(1000);
	ck_assert_uint_eq(lines(said_end()), 1000);
	log_hold_repeats(true);
	said_begin();
	say_often(1000);
	log_set_level(LOG_LEVEL_ERROR);
	say_often(7);
	log_set_level(LOG_LEVEL_WARNING);
	log_catch_up(UINT64_MAX);
	log_catch_up(UINT64_MAX);
	said = said_end();
	ck_assert_uint_eq(lines(said), 11);
	ck_assert_ptr_nonnull(
	    strstr(said, "\nspanflow: eth1: held back 990 times within 60 s: down 0\n"));
	reset();
}
END_TEST

START_TEST(lost_lines_are_counted_and_told)
{
	int full = open("/dev/full", O_WRONLY), saved = dup(STDERR_FILENO);

	reset();
	dup2(full, STDERR_FILENO);
	log_error("a: 1");
	log_warning("a: 2");
	log_info("a: 3");
	log_catch_up(UINT64_MAX);
	dup2(saved, STDERR_FILENO);
	close(full);
	close(saved);
	said_begin();
	log_error("a: 4");
	log_error("a: 5");
	ck_assert_str_eq(said_end(),
	    "spanflow: log: 2 lines lost: standard error could not take them\n"
	    "spanflow: a: 4\nspanflow: a: 5\n");
}
END_TEST

static void *say_a_lot(void *word)
{
	for (unsigned i = 0; i < 500; i++)
		log_error("%s: %0200u", (const char *)word, i);
	return NULL;
}

START_TEST(lines_of_several_threads_do_not_mix)
{
	pthread_t threads[3];
	const char *said;
	unsigned n = 0;

	reset();
	said_begin();
	for (unsigned i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, say_a_lot, (char *[]){"a", "b", "c"}[i]);
	for (unsigned i = 0; i < 100; i++)
		log_set_level(i % 2 ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR);
	for (unsigned i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	for (said = said_end(); *said; said = strchr(said, '\n') + 1, n++) {
		ck_assert_int_eq(strncmp(said, "spanflow: ", 10), 0);
		ck_assert_uint_eq(strcspn(said, "\n"), 10 + 3 + 200);
	}
	ck_assert_uint_eq(n, 1500);
	reset();
}
END_TEST

Suite *log_suite(void)
{
	const TTest *const tests[] = {a_level_says_what_is_as_grave_or_more,
	    the_journal_gets_priorities, json_has_subject_and_message,
	    however_long_a_message_is_it_is_one_line_with_its_end,
	    a_subject_stands_before_the_messages_of_its_thread, copy_has_whole_lines_alone,
	    copy_knows_its_first_error, repeats_are_held_back_only_where_that_is_asked_for,
	    lost_lines_are_counted_and_told, lines_of_several_threads_do_not_mix};

	return SUITE_OF("log", tests);
}

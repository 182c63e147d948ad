#include "suites.h"

#include <stdio.h>
#include <string.h>

#include "control/losses.h"
#include "support/said.h"
#include "util/units.h"

#define S NS_PER_S
/* For collectors. */
#define ROOM 3
#define INTERFACES 2

static struct losses losses;
static struct ledger ledger;
static struct ledger_collector collectors[2];
static struct ledger_interface interfaces[INTERFACES];

static void begin(void)
{
	collectors[0] = (struct ledger_collector){.url = "udp://h:1"};
	collectors[1] =
	    (struct ledger_collector){.url = "file:/f", .is_stream = true, .waits = true};
	interfaces[0] = (struct ledger_interface){.name = "eth1"};
	interfaces[1] = (struct ledger_interface){.name = "eth2"};
	ledger = (struct ledger){.interfaces = interfaces,
	    .interface_count = INTERFACES,
	    .collectors = collectors,
	    .collector_count = 2};
	losses_fini(&losses);
	ck_assert_int_eq(losses_init(&losses, INTERFACES, ROOM), 0);
}

static const char *said_at(uint64_t seconds)
{
	said_begin();
	losses_report(&losses, &ledger, seconds * S);
	return said_end();
}

static const char *said_in_all(bool failed)
{
	said_begin();
	losses_report_total(&losses, &ledger);
	ck_assert(ledger_was_cut_short(&ledger) == failed);
	return said_end();
}

static void check_beginning(const char *said, const char *beginning)
{
	ck_assert_msg(said_one_message(said), "%s", said);
	ck_assert_msg(
	    strncmp(said, beginning, strlen(beginning)) == 0, "%s not %s", said, beginning);
}

START_TEST(nothing_lost_is_nothing_said)
{
	begin();
	ledger.packets.received = ledger.packets.metered = 1000000;
	ledger.packets.ignored[IGNORED_ARP] = 500000;
	collectors[0].sender.sent = 1000;
	collectors[0].sender.errors[FAILURE_ECONNREFUSED] = 3;
	ck_assert_str_eq(said_at(10), "");
	ck_assert_str_eq(said_in_all(false), "");
}
END_TEST

static const struct {
	uint64_t *counter;
	const char *said;
	bool at_end;
} rows[] = {
    {&interfaces[0].dropped_kernel, "spanflow: eth1: 5 packets dropped by the kernel: ", true},
    {&interfaces[1].dropped_kernel, "spanflow: eth2: 5 packets dropped by the kernel: ", true},
    {&interfaces[0].dropped_interface,
	"spanflow: eth1: 5 packets dropped by the interface: ", true},
    {&interfaces[1].dropped_interface,
	"spanflow: eth2: 5 packets dropped by the interface: ", true},
    {&ledger.ring_dropped, "spanflow: export: 5 records dropped: flows ended faster than ", true},
    {&ledger.flows.ended[END_NO_RESOURCES],
	"spanflow: flows: 5 flows ended before their time: ", true},
    {&ledger.packets.notes[NOTE_FRAGMENT_FORGOTTEN], "spanflow: fragments: 5 fragments pushed out ",
	false},
    {&ledger.packets.notes[NOTE_DEDUP_FORGOTTEN], "spanflow: dedup: 5 packets pushed out ", false},
    {&collectors[0].sender.dropped[FAILURE_QUEUE_FULL],
	"spanflow: udp://h:1: 5 records dropped: it took them too slowly: ", true},
    {&collectors[0].sender.dropped[FAILURE_ECONNREFUSED],
	"spanflow: udp://h:1: 5 records dropped: ECONNREFUSED: is the collector running?\n", true},
    {&collectors[0].sender.dropped[FAILURE_EINVAL],
	"spanflow: udp://h:1: 5 records dropped: EINVAL\n", true},
    {&collectors[1].sender.dropped[FAILURE_ENOSPC],
	"spanflow: file:/f: 5 records dropped: ENOSPC: the disk is full\n", true},
    {&collectors[1].sender.dropped[FAILURE_QUEUE_FULL],
	"spanflow: file:/f: 5 records dropped: it took them too slowly: a faster reader or disk",
	true},
    {&collectors[1].sender.dropped[FAILURE_EPIPE], "spanflow: file:/f: 5 records dropped: EPIPE",
	false},
};

START_TEST(each_kind_is_told_under_its_name_and_once)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		begin();
		*rows[i].counter = 5;
		check_beginning(said_at(10), rows[i].said);
		ck_assert_str_eq(said_at(20), "");
		ck_assert_str_eq(said_at(2000), "");
	}
}
END_TEST

START_TEST(what_nobody_was_told_of_is_told_at_the_end)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		begin();
		*rows[i].counter = 5;
		if (rows[i].at_end)
			check_beginning(said_in_all(false), rows[i].said);
		else
			ck_assert_str_eq(said_in_all(false), "");
	}
}
END_TEST

START_TEST(a_sum_of_what_was_told_before_says_so)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		begin();
		*rows[i].counter = 5;
		said_at(10);
		*rows[i].counter = 8;
		ck_assert_ptr_nonnull(strstr(said_in_all(false), " in all: "));
		ck_assert_ptr_nonnull(strstr(said_in_all(false), ": 8 "));
	}
}
END_TEST

START_TEST(what_goes_on_is_told_each_minute_with_the_sum_since)
{
	unsigned told = 0;

	begin();
	for (unsigned at = 10; at <= 600; at += LOSSES_INTERVAL_S) {
		const char *said;

		interfaces[0].dropped_kernel += 7;
		said = said_at(at);
		if (!*said)
			continue;
		check_beginning(said,
		    told ? "spanflow: eth1: 42 packets dropped"
			 : "spanflow: eth1: 7 packets dropped");
		told++;
	}
	ck_assert_uint_eq(told, 10);
}
END_TEST

START_TEST(kinds_do_not_hide_each_other)
{
	begin();
	interfaces[0].dropped_kernel = 1;
	ck_assert_str_ne(said_at(10), "");
	collectors[0].sender.dropped[FAILURE_EPERM] = 2;
	check_beginning(said_at(20), "spanflow: udp://h:1: 2 records dropped: EPERM: ");
	collectors[1].sender.dropped[FAILURE_EPERM] = 3;
	check_beginning(said_at(30), "spanflow: file:/f: 3 records dropped: EPERM: ");
	collectors[0].sender.dropped[FAILURE_EMSGSIZE] = 4;
	check_beginning(said_at(40), "spanflow: udp://h:1: 4 records dropped: EMSGSIZE: ");
}
END_TEST

/* Each has a minute of its own. */
START_TEST(interfaces_do_not_hide_each_other)
{
	begin();
	interfaces[0].dropped_kernel = 1;
	check_beginning(said_at(10), "spanflow: eth1: 1 packets dropped by the kernel: ");
	interfaces[0].dropped_kernel = 11;
	interfaces[1].dropped_kernel = 2;
	check_beginning(said_at(20), "spanflow: eth2: 2 packets dropped by the kernel: ");
	interfaces[1].dropped_interface = 3;
	check_beginning(said_at(30), "spanflow: eth2: 3 packets dropped by the interface: ");
	interfaces[1].dropped_kernel = 22;
	check_beginning(said_at(70), "spanflow: eth1: 10 packets dropped by the kernel: ");
	check_beginning(said_at(80), "spanflow: eth2: 20 packets dropped by the kernel: ");
}
END_TEST

START_TEST(a_counter_that_begins_anew_is_told_from_there)
{
	begin();
	interfaces[0].dropped_kernel = 100;
	said_at(10);
	interfaces[0].dropped_kernel = 3;
	ck_assert_str_eq(said_at(20), "");
	check_beginning(said_at(70), "spanflow: eth1: 3 packets dropped");
}
END_TEST

START_TEST(a_reason_to_ignore_packets_is_told_from_one_in_a_hundred_on)
{
	begin();
	ledger.packets = (struct ledger_packets){.received = 100000, .not_sampled = 90000};
	ledger.packets.ignored[IGNORED_TRUNCATED] = 99;
	ledger.packets.ignored[IGNORED_NON_IP] = 5000;
	ck_assert_str_eq(said_at(10), "");
	ledger.packets.received += 10000;
	ledger.packets.ignored[IGNORED_TRUNCATED] += 100;
	ledger.packets.ignored[IGNORED_MALFORMED] += 99;
	check_beginning(
	    said_at(20), "spanflow: capture: 100 of 10000 packets ignored as truncated: ");
	/* It goes on, and is told with the sums after a minute. */
	for (unsigned at = 30; at < 80; at += 10) {
		ledger.packets.received += 2000;
		ledger.packets.ignored[IGNORED_TRUNCATED] += 1000;
		ck_assert_str_eq(said_at(at), "");
	}
	check_beginning(
	    said_at(80), "spanflow: capture: 5000 of 10000 packets ignored as truncated: ");
}
END_TEST

START_TEST(few_packets_make_no_share)
{
	begin();
	ledger.packets.received = 999;
	ledger.packets.ignored[IGNORED_MALFORMED] = 900;
	ck_assert_str_eq(said_at(10), "");
	ledger.packets.received = 1000;
	check_beginning(
	    said_at(20), "spanflow: capture: 900 of 1000 packets ignored as malformed: ");
	/* Counters that begin anew. */
	ledger.packets = (struct ledger_packets){.received = 5};
	ck_assert_str_eq(said_at(100), "");
	ledger.packets.received = 2000;
	ledger.packets.ignored[IGNORED_MALFORMED] = 20;
	check_beginning(
	    said_at(110), "spanflow: capture: 20 of 2000 packets ignored as malformed: ");
}
END_TEST

START_TEST(who_was_too_late_for_the_end_fails_the_run)
{
	begin();
	losses_fini(&losses);
	collectors[0].sender.dropped[FAILURE_SHUTDOWN] = 4;
	check_beginning(said_in_all(true),
	    "spanflow: udp://h:1: 4 records dropped: it did not take them in time for the end\n");
}
END_TEST

START_TEST(more_collectors_than_were_named_are_told_of_at_the_end)
{
	begin();
	losses_fini(&losses);
	ck_assert_int_eq(losses_init(&losses, 0, 0), 0);
	collectors[1].sender.dropped[FAILURE_QUEUE_FULL] = 4;
	ck_assert_str_eq(said_at(10), "");
	check_beginning(said_in_all(false), "spanflow: file:/f: 4 records dropped: ");
}
END_TEST

/* A reload puts others before them, and moves those that are gone behind. */
START_TEST(collectors_that_stand_elsewhere_are_not_told_of_again)
{
	struct ledger_collector more[4];

	begin();
	collectors[0].sender.dropped[FAILURE_EPERM] = 2;
	said_at(10);
	more[0] = (struct ledger_collector){.url = "udp://other:1"};
	more[1] = collectors[1];
	more[2] = (struct ledger_collector){.url = "udp://h:1", .group = "g"};
	more[3] = collectors[0];
	ledger.collectors = more;
	ledger.collector_count = 2;
	ck_assert_str_eq(said_at(20), "");
	ledger.collector_count = 4;
	ck_assert_str_eq(said_at(200), "");
	more[3].sender.dropped[FAILURE_EPERM] = 5;
	check_beginning(said_at(210), "spanflow: udp://h:1: 3 records dropped: EPERM: ");
	check_beginning(said_in_all(false), "spanflow: udp://h:1: 5 records dropped in all: ");
}
END_TEST

START_TEST(members_of_groups_are_told_apart)
{
	begin();
	collectors[1] = collectors[0];
	collectors[1].group = "g";
	collectors[1].sender.dropped[FAILURE_EPERM] = 2;
	check_beginning(said_at(10), "spanflow: udp://h:1 (group g): 2 records dropped: EPERM: ");
}
END_TEST

/* Two that are alike in all that they are known by. */
START_TEST(twins_do_not_tell_for_each_other)
{
	begin();
	collectors[1] = collectors[0];
	collectors[0].sender.dropped[FAILURE_EPERM] = 2;
	collectors[1].sender.dropped[FAILURE_EPERM] = 7;
	ck_assert_ptr_nonnull(strstr(said_at(10), ": 7 records"));
	ck_assert_str_eq(said_at(100), "");
	collectors[1].sender.dropped[FAILURE_EPERM] = 8;
	check_beginning(said_at(200), "spanflow: udp://h:1: 1 records dropped: EPERM: ");
}
END_TEST

Suite *losses_suite(void)
{
	const TTest *const tests[] = {nothing_lost_is_nothing_said,
	    each_kind_is_told_under_its_name_and_once, what_nobody_was_told_of_is_told_at_the_end,
	    a_sum_of_what_was_told_before_says_so,
	    what_goes_on_is_told_each_minute_with_the_sum_since, kinds_do_not_hide_each_other,
	    interfaces_do_not_hide_each_other, a_counter_that_begins_anew_is_told_from_there,
	    a_reason_to_ignore_packets_is_told_from_one_in_a_hundred_on, few_packets_make_no_share,
	    who_was_too_late_for_the_end_fails_the_run,
	    more_collectors_than_were_named_are_told_of_at_the_end,
	    collectors_that_stand_elsewhere_are_not_told_of_again, members_of_groups_are_told_apart,
	    twins_do_not_tell_for_each_other};

	return SUITE_OF("losses", tests);
}

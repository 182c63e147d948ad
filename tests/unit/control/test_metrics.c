#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/metrics.h"
#include "util/units.h"

static char *printed;

static const char *print(const struct overview *o)
{
	size_t size;
	FILE *out;

	free(printed);
	out = open_memstream(&printed, &size);
	metrics_print(out, o);
	fclose(out);
	return printed;
}

static struct overview *create(size_t collectors)
{
	struct overview *o = calloc(1, sizeof(*o));

	o->version = "1.2.3";
	o->sampling.count = 1;
	o->sampling.rules[0] = (struct sampling_rule){SAMPLING_NONE, 1};
	o->now.ledger.collector_count = collectors;
	for (size_t i = 0; i < collectors; i++)
		o->now.collectors[i] = (struct ledger_collector){
		    .url = "udp://192.0.2.1:4739", .format = "ipfix", .state = "ok"};
	return o;
}

/* Once, as a line of its own. */
static void check_line(const char *text, const char *line)
{
	size_t n = strlen(line);
	unsigned found = 0;

	for (const char *at = text; (at = strstr(at, line)); at += n)
		found += (at == text || at[-1] == '\n') && at[n] == '\n';
	/* Not with the text: it is longer than a message may be. */
	ck_assert_msg(found == 1, "%u times: %s", found, line);
}

static unsigned count(const char *text, const char *part)
{
	unsigned n = 0;

	for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
		n++;
	return n;
}

static void name_interfaces(struct overview *o)
{
	static struct ledger_interface list[] = {{"b0", 1, 2, 3}, {"b\"1", 4, 5, UINT64_MAX}};

	o->now.ledger.interfaces = list;
	o->now.ledger.interface_count = 2;
}

START_TEST(each_interface_has_its_counters)
{
	struct overview *o = create(0);
	const char *text;

	name_interfaces(o);
	text = print(o);
	check_line(text, "spanflow_interface_packets_received_total{interface=\"b0\"} 1");
	check_line(
	    text, "spanflow_interface_packets_dropped_total{interface=\"b0\",by=\"kernel\"} 2");
	check_line(
	    text, "spanflow_interface_packets_dropped_total{interface=\"b0\",by=\"interface\"} 3");
	check_line(text, "spanflow_interface_packets_received_total{interface=\"b\\\"1\"} 4");
	check_line(
	    text, "spanflow_interface_packets_dropped_total{interface=\"b\\\"1\",by=\"kernel\"} 5");
	check_line(text,
	    "spanflow_interface_packets_dropped_total{interface=\"b\\\"1\",by=\"interface\"} "
	    "18446744073709551615");
	ck_assert_uint_eq(count(text, "\nspanflow_interface_packets_"), 6);
	free(o);
}
END_TEST

START_TEST(each_interface_is_in_one_state)
{
	const char *states[] = {"", "ok"};
	struct overview *o = create(0);
	char line[128];

	name_interfaces(o);
	o->interface_states = states;
	for (unsigned i = 0; i < LEDGER_INTERFACE_STATE_COUNT; i++) {
		const char *text;

		states[0] = ledger_interface_state_name(i);
		snprintf(line, sizeof(line),
		    "spanflow_interface_state{interface=\"b0\",state=\"%s\"} 1", states[0]);
		text = print(o);
		check_line(text, line);
		check_line(text, "spanflow_interface_state{interface=\"b\\\"1\",state=\"ok\"} 1");
		check_line(
		    text, "spanflow_interface_state{interface=\"b\\\"1\",state=\"failed\"} 0");
		ck_assert_uint_eq(
		    count(text, "\nspanflow_interface_state{"), 2 * LEDGER_INTERFACE_STATE_COUNT);
	}
	free(o);
}
END_TEST

START_TEST(every_counter_of_the_ledger_has_a_sample)
{
	struct overview *o = create(0);
	struct ledger *l = &o->now.ledger;
	char line[128];

	l->packets = (struct ledger_packets){.received = 1,
	    .metered = 2,
	    .metered_octets = 3,
	    .not_sampled = 4,
	    .dropped_kernel = 5,
	    .dropped_interface = 6};
	l->flows = (struct table_stats){
	    .created = 7, .active = 8, .peak = 9, .ended_packets = 10, .ended_octets = 11};
	l->handed = 12;
	l->ring_dropped = UINT64_MAX;
	for (unsigned i = 1; i < IGNORED_COUNT; i++)
		l->packets.ignored[i] = 100 + i;
	for (unsigned i = 0; i < NOTE_COUNT; i++)
		l->packets.notes[i] = 200 + i;
	for (unsigned i = END_IDLE; i < END_REASON_COUNT; i++)
		l->flows.ended[i] = 300 + i;
	print(o);
	check_line(printed, "spanflow_packets_received_total 1");
	check_line(printed, "spanflow_packets_metered_total 2");
	check_line(printed, "spanflow_metered_bytes_total 3");
	check_line(printed, "spanflow_packets_not_sampled_total 4");
	check_line(printed, "spanflow_packets_dropped_total{by=\"kernel\"} 5");
	check_line(printed, "spanflow_packets_dropped_total{by=\"interface\"} 6");
	check_line(printed, "spanflow_flows_created_total 7");
	check_line(printed, "spanflow_flows_active 8");
	check_line(printed, "spanflow_flows_peak 9");
	check_line(printed, "spanflow_records_packets_total 10");
	check_line(printed, "spanflow_records_bytes_total 11");
	check_line(printed, "spanflow_records_handed_total 12");
	check_line(printed, "spanflow_records_ring_dropped_total 18446744073709551615");
	for (unsigned i = 1; i < IGNORED_COUNT; i++) {
		snprintf(line, sizeof(line), "spanflow_packets_ignored_total{reason=\"%s\"} %u",
		    ledger_ignored_name(i), 100 + i);
		check_line(printed, line);
	}
	for (unsigned i = 0; i < NOTE_COUNT; i++) {
		snprintf(line, sizeof(line), "spanflow_notes_total{note=\"%s\"} %u",
		    ledger_note_name(i), 200 + i);
		check_line(printed, line);
	}
	check_line(printed, "spanflow_records_ended_total{reason=\"idle\"} 301");
	check_line(printed, "spanflow_records_ended_total{reason=\"no_resources\"} 305");
	ck_assert_uint_eq(count(printed, "\nspanflow_records_ended_total{"), 5);
	free(o);
}
END_TEST

START_TEST(what_does_not_change_is_told)
{
	struct overview *o = create(0);

	o->workers = 4;
	o->max_flows = 4000000000u;
	o->started_wall_ns = 1795667129 * NS_PER_S + 339 * NS_PER_MS;
	o->cpu_ns = 61 * NS_PER_S + 7 * NS_PER_MS;
	print(o);
	check_line(printed, "spanflow_build_info{version=\"1.2.3\"} 1");
	check_line(printed, "spanflow_workers 4");
	check_line(printed, "spanflow_flows_max 4000000000");
	check_line(printed, "process_start_time_seconds 1795667129.339");
	check_line(printed, "process_cpu_seconds_total 61.007");
	ck_assert_ptr_null(strstr(printed, "\nprocess_resident_memory_bytes "));
	o->resident_bytes = 4096;
	check_line(print(o), "process_resident_memory_bytes 4096");
	free(o);
}
END_TEST

START_TEST(sampling_is_told_by_selector)
{
	struct overview *o = create(0);

	o->sampling.count = 3;
	o->sampling.rules[1] = (struct sampling_rule){SAMPLING_RANDOM, 100};
	o->sampling.rules[2] = (struct sampling_rule){SAMPLING_FLOW, UINT32_MAX};
	print(o);
	check_line(printed, "spanflow_sampling_interval{selector=\"1\",method=\"none\"} 1");
	check_line(printed, "spanflow_sampling_interval{selector=\"2\",method=\"random\"} 100");
	check_line(
	    printed, "spanflow_sampling_interval{selector=\"3\",method=\"flow\"} 4294967295");
	free(o);
}
END_TEST

#define FIRST "{collector=\"udp://192.0.2.1:4739\",group=\"\",format=\"ipfix\""

START_TEST(every_counter_of_a_collector_has_a_sample)
{
	struct overview *o = create(1);
	struct ledger_collector *c = o->now.collectors;
	char line[128];

	c->records = 20;
	c->not_expressible = (struct not_expressible){21, 22, 23};
	c->sender = (struct sender_stats){
	    .sent = 24, .queued = 25, .wire_records = 26, .messages = 27, .bytes = 28};
	for (unsigned i = 0; i < FAILURE_COUNT; i++) {
		c->sender.dropped[i] = 100 + i;
		c->sender.errors[i] = 200 + i;
	}
	print(o);
	check_line(printed, "spanflow_collector_records" FIRST "} 20");
	check_line(printed,
	    "spanflow_collector_records_not_expressible_total" FIRST ",reason=\"ipv6\"} 21");
	check_line(printed,
	    "spanflow_collector_records_not_expressible_total" FIRST ",reason=\"too_large\"} 22");
	check_line(printed,
	    "spanflow_collector_records_not_expressible_total" FIRST ",reason=\"no_elements\"} 23");
	check_line(printed, "spanflow_collector_records_sent_total" FIRST "} 24");
	check_line(printed, "spanflow_collector_records_queued" FIRST "} 25");
	check_line(printed, "spanflow_collector_wire_records_total" FIRST "} 26");
	check_line(printed, "spanflow_collector_messages_total" FIRST "} 27");
	check_line(printed, "spanflow_collector_bytes_total" FIRST "} 28");
	for (unsigned i = 0; i < FAILURE_COUNT; i++) {
		snprintf(line, sizeof(line),
		    "spanflow_collector_records_dropped_total" FIRST ",reason=\"%s\"} %u",
		    failure_name((enum failure)i), 100 + i);
		check_line(printed, line);
		snprintf(line, sizeof(line),
		    "spanflow_collector_errors_total" FIRST ",error=\"%s\"} %u",
		    failure_name((enum failure)i), 200 + i);
		check_line(printed, line);
	}
	free(o);
}
END_TEST

START_TEST(one_state_of_a_collector_is_1)
{
	static const char *const states[] = {"ok", "refused", "unreachable", "full", "no address",
	    "no route", "no socket", "failed", "broken", "former"};
	struct overview *o = create(1);
	char line[128];

	for (unsigned i = 0; i < LEDGER_STATE_COUNT; i++) {
		o->now.collectors[0].state = states[i];
		print(o);
		for (unsigned j = 0; j < LEDGER_STATE_COUNT; j++) {
			snprintf(line, sizeof(line),
			    "spanflow_collector_state" FIRST ",state=\"%s\"} %d", states[j],
			    i == j);
			check_line(printed, line);
		}
	}
	free(o);
}
END_TEST

/* No two samples may have the same labels: the whole answer would be refused. */
START_TEST(collectors_that_are_alike_are_told_apart)
{
	struct overview *o = create(4);

	o->now.collectors[1].group = "site";
	o->now.collectors[2].sender.queued = 7;
	o->now.collectors[3].sender.queued = 8;
	print(o);
	check_line(printed, "spanflow_collector_records_queued" FIRST "} 0");
	check_line(printed,
	    "spanflow_collector_records_queued{collector=\"udp://192.0.2.1:4739\",group=\"site\","
	    "format=\"ipfix\"} 0");
	check_line(printed,
	    "spanflow_collector_records_queued{collector=\"udp://192.0.2.1:4739#2\",group=\"\","
	    "format=\"ipfix\"} 7");
	check_line(printed,
	    "spanflow_collector_records_queued{collector=\"udp://192.0.2.1:4739#3\",group=\"\","
	    "format=\"ipfix\"} 8");
	free(o);
}
END_TEST

START_TEST(values_of_labels_are_escaped)
{
	struct overview *o = create(1);

	o->now.collectors[0].url = "file:/a\"b\\c\nd\xc3\xa4\xff";
	ck_assert_ptr_nonnull(strstr(print(o),
	    "spanflow_collector_records{collector=\"file:/a\\\"b\\\\c\\nd\xc3\xa4\xef\xbf\xbd\","));
	free(o);
}
END_TEST

START_TEST(each_metric_is_explained_once_before_its_samples)
{
	struct overview *o = create(3);
	char *text, *rest, *line, name[128] = "";
	unsigned families = 0;

	print(o);
	ck_assert_uint_eq(count(printed, "# HELP "), count(printed, "# TYPE "));
	text = rest = strdup(printed);
	while ((line = strsep(&rest, "\n")) && *line) {
		if (strncmp(line, "# HELP ", 7) == 0) {
			char head[140];

			ck_assert_int_eq(sscanf(line + 7, "%127s", name), 1);
			snprintf(head, sizeof(head), "# HELP %s ", name);
			ck_assert_uint_eq(count(printed, head), 1);
			families++;
		} else if (line[0] != '#') {
			ck_assert_msg(strncmp(line, name, strlen(name)) == 0 &&
				strchr("{ ", line[strlen(name)]),
			    "%s below %s", line, name);
		}
	}
	ck_assert_uint_gt(families, 25);
	free(text);
	free(o);
}
END_TEST

Suite *metrics_suite(void)
{
	const TTest *const tests[] = {
	    each_interface_has_its_counters,
	    each_interface_is_in_one_state,
	    every_counter_of_the_ledger_has_a_sample,
	    what_does_not_change_is_told,
	    sampling_is_told_by_selector,
	    every_counter_of_a_collector_has_a_sample,
	    one_state_of_a_collector_is_1,
	    collectors_that_are_alike_are_told_apart,
	    values_of_labels_are_escaped,
	    each_metric_is_explained_once_before_its_samples,
	};

	return SUITE_OF("metrics", tests);
}

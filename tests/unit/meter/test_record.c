#include "suites.h"

#include <string.h>

#include "meter/record.h"

START_TEST(record_shows_the_flow)
{
	struct flow f = {.head = {.src = {1, 2, 3, 4},
			     .dst = {5, 6, 7, 8},
			     .ingress = 9,
			     .src_port = 10,
			     .dst_port = 11,
			     .vlan = 12,
			     .protocol = 6,
			     .dscp = 0xb8,
			     .kind = flow_kind(6, 7, 0x123456)},
	    .tail = {.src = {[11] = 13}, .dst = {[0] = 14}},
	    .packets_and_flags = 0xfffull << FLOW_PACKETS_BITS | 15,
	    .octets = 16,
	    .start_ns = 17,
	    .end_ns = 18,
	    .inner_vlan = 19,
	    .egress = 22,
	    .tos = 0xb9};
	struct detail detail = {.src_mac = {23}, .point = 24};
	struct clock_time now = {20, 21};
	struct record r;

	record_fill(&r, &f, &detail, END_ACTIVE, &now);
	ck_assert_mem_eq(r.src, "\1\2\3\4\0\0\0\0\0\0\0\0\0\0\0\x0d", 16);
	ck_assert_mem_eq(r.dst, "\5\6\7\x08\x0e\0\0\0\0\0\0\0\0\0\0\0", 16);
	ck_assert_uint_eq(r.ingress, 9);
	ck_assert_uint_eq(r.egress, 22);
	ck_assert_uint_eq(r.selector, 7);
	ck_assert_uint_eq(r.direction, 0);
	ck_assert_mem_eq(&r.detail, &detail, sizeof(detail));
	ck_assert_uint_eq(r.src_port, 10);
	ck_assert_uint_eq(r.dst_port, 11);
	ck_assert_uint_eq(r.vlan, 12);
	ck_assert_uint_eq(r.protocol, 6);
	ck_assert_uint_eq(r.ip_version, 6);
	ck_assert_uint_eq(r.packets, 15);
	ck_assert_uint_eq(r.octets, 16);
	ck_assert_uint_eq(r.tcp_flags, 0xfff);
	ck_assert_uint_eq(r.start_ns, 17);
	ck_assert_uint_eq(r.end_ns, 18);
	ck_assert_uint_eq(r.inner_vlan, 19);
	ck_assert_uint_eq(r.tos, 0xb9);
	ck_assert_uint_eq(r.clock_ns, 20);
	ck_assert_uint_eq(r.wall_ns, 21);
	ck_assert_uint_eq(r.end_reason, END_ACTIVE);
	ck_assert_uint_eq(r.kind, RECORD_FLOW);
	ck_assert_uint_eq(r.icmp_type, 0);
	ck_assert_uint_eq(r.icmp_code, 0);
}
END_TEST

/* A slot of the ring has held other records, and ticks. */
START_TEST(record_is_the_same_whatever_was_in_its_slot)
{
	struct flow f = {
	    .head = {.protocol = 6, .kind = flow_kind(4, 0, 0)}, .packets_and_flags = 1};
	struct clock_time now = {20, 21};
	struct record clean, used;

	memset(&clean, 0, sizeof(clean));
	memset(&used, 0xff, sizeof(used));
	record_fill(&clean, &f, NULL, END_IDLE, &now);
	record_fill(&used, &f, NULL, END_IDLE, &now);
	ck_assert_uint_eq(used.kind, RECORD_FLOW);
	ck_assert_mem_eq(&used, &clean, offsetof(struct record, kind) + 1);
	ck_assert_mem_eq(&used.detail, &clean.detail, sizeof(clean.detail));
}
END_TEST

START_TEST(record_of_icmp_tells_type_and_code_twice)
{
	static const uint8_t protocols[] = {1, 58};
	static const struct detail no_detail;
	struct clock_time now = {20, 21};

	for (unsigned i = 0; i < 2; i++) {
		struct flow f = {
		    .head = {
			.dst_port = 0x0304, .protocol = protocols[i], .kind = flow_kind(4, 0, 0)}};
		struct record r;

		record_fill(&r, &f, NULL, END_IDLE, &now);
		ck_assert_mem_eq(&r.detail, &no_detail, sizeof(no_detail));
		ck_assert_uint_eq(r.dst_port, 0x0304);
		ck_assert_uint_eq(r.icmp_type, 3);
		ck_assert_uint_eq(r.icmp_code, 4);
	}
}
END_TEST

/* A capture's clock may go back: the first is not the one that was added first. */
START_TEST(what_is_not_metered_has_the_dates_of_all)
{
	struct unmetered u = {0};

	unmetered_add(&u, &(struct unmetered){0, 0, 1, 1000});
	ck_assert_uint_eq(u.first_ns, 0);
	ck_assert_uint_eq(u.last_ns, 0);
	unmetered_add(&u, &(struct unmetered){2, 200, 50, 60});
	ck_assert_uint_eq(u.first_ns, 50);
	ck_assert_uint_eq(u.last_ns, 60);
	unmetered_add(&u, &(struct unmetered){1, 70, 10, 20});
	ck_assert_uint_eq(u.first_ns, 10);
	ck_assert_uint_eq(u.last_ns, 60);
	unmetered_add(&u, &(struct unmetered){1, 7, 30, 90});
	unmetered_add(&u, &(struct unmetered){0, 0, 1, 1000});
	ck_assert_uint_eq(u.first_ns, 10);
	ck_assert_uint_eq(u.last_ns, 90);
	ck_assert_uint_eq(u.packets, 4);
	ck_assert_uint_eq(u.octets, 277);
}
END_TEST

START_TEST(a_tick_tells_what_was_put_into_it)
{
	struct unmetered u = {1, 2, 3, 4}, told;
	struct record tick = {.kind = RECORD_TICK, .clock_ns = 5, .wall_ns = 6};

	record_put_unmetered(&tick, &u);
	told = record_unmetered(&tick);
	ck_assert_int_eq(memcmp(&told, &u, sizeof(u)), 0);
	ck_assert_uint_eq(tick.clock_ns, 5);
	ck_assert_uint_eq(tick.wall_ns, 6);
}
END_TEST

Suite *record_suite(void)
{
	const TTest *const tests[] = {
	    record_shows_the_flow,
	    record_is_the_same_whatever_was_in_its_slot,
	    record_of_icmp_tells_type_and_code_twice,
	    what_is_not_metered_has_the_dates_of_all,
	    a_tick_tells_what_was_put_into_it,
	};

	return SUITE_OF("record", tests);
}

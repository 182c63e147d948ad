#include "suites.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meter/portmap.h"

#define CAPTURED 99

static struct port_map map;

static void add(const char *rule)
{
	ck_assert_msg(port_map_add(&map, rule) == 0, "'%s' was refused", rule);
}

static void put_address(const char *text, uint8_t address[16])
{
	ck_assert_int_eq(inet_pton(strchr(text, ':') ? AF_INET6 : AF_INET, text, address), 1);
}

static struct pktinfo packet(const char *src, const char *dst)
{
	struct pktinfo info = {
	    .head = {.ingress = CAPTURED, .kind = strchr(src, ':') ? 6 : 4, .vlan = 7}};
	uint8_t addresses[2][ADDRESS_OCTETS] = {{0}};

	put_address(src, addresses[0]);
	put_address(dst, addresses[1]);
	pktinfo_set_addresses(&info, addresses[0], addresses[1]);
	memcpy(info.detail.src_mac, "\2\0\0\0\0\1", 6);
	memcpy(info.detail.dst_mac, "\2\0\0\0\0\2", 6);
	return info;
}

static void check(struct pktinfo info, uint32_t ingress, uint32_t egress)
{
	port_map_apply(&map, &info);
	ck_assert_uint_eq(info.head.ingress, ingress);
	ck_assert_uint_eq(info.egress, egress);
}

START_TEST(without_rules_nothing_changes)
{
	check(packet("10.0.0.1", "10.0.0.2"), CAPTURED, 0);
	check(packet("::1", "::2"), CAPTURED, 0);
	ck_assert_uint_eq(port_map_direction(&map, 4, (uint8_t[16]){1}, (uint8_t[16]){2}), 0);
}
END_TEST

START_TEST(vlan_gives_both)
{
	struct pktinfo info = packet("10.0.0.1", "10.0.0.2");

	add("vlan=7,ingress=1,egress=2");
	add("vlan=8,port=3");
	add("vlan=0,port=4");
	check(info, 1, 2);
	info.head.vlan = 8;
	check(info, 3, 3);
	info.head.vlan = 0;
	check(info, 4, 4);
	info.head.vlan = 9;
	check(info, CAPTURED, 0);
	ck_assert(!map.needs_macs);
	port_map_fini(&map);
}
END_TEST

START_TEST(address_of_a_station_gives_where_it_is)
{
	struct pktinfo info = packet("10.0.0.1", "10.0.0.2"), back = info;

	memcpy(back.detail.src_mac, info.detail.dst_mac, 6);
	memcpy(back.detail.dst_mac, info.detail.src_mac, 6);
	add("mac=02:00:00:00:00:01,port=11");
	ck_assert(map.needs_macs);
	check(info, 11, 0);
	check(back, CAPTURED, 11);
	add("mac=02-00-00-00-00-02,ingress=12,egress=13");
	check(info, 11, 13);
	check(back, 12, 11);
	port_map_fini(&map);
}
END_TEST

START_TEST(prefix_fits_to_the_bit)
{
	static const struct {
		const char *rule, *inside, *outside;
	} rows[] = {
	    {"prefix=10.0.0.0/8,ingress=1", "10.255.255.255", "11.0.0.0"},
	    {"prefix=10.1.2.3/8,ingress=1", "10.9.9.9", "9.255.255.255"},
	    {"prefix=192.0.2.128/25,ingress=1", "192.0.2.128", "192.0.2.127"},
	    {"prefix=192.0.2.1/32,ingress=1", "192.0.2.1", "192.0.2.0"},
	    {"prefix=192.0.2.0/31,ingress=1", "192.0.2.1", "192.0.2.2"},
	    {"prefix=0.0.0.0/0,ingress=1", "1.2.3.4", "::1"},
	    {"prefix=::/0,ingress=1", "::1", "0.0.0.0"},
	    {"prefix=2001:db8::/33,ingress=1", "2001:db8:7fff::", "2001:db8:8000::"},
	    {"prefix=2001:db8::1/128,ingress=1", "2001:db8::1", "2001:db8::"},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		add(rows[i].rule);
		check(packet(rows[i].inside, rows[i].inside), 1, 0);
		check(packet(rows[i].outside, rows[i].outside), CAPTURED, 0);
		port_map_fini(&map);
	}
}
END_TEST

START_TEST(first_rule_that_gives_one_decides)
{
	add("prefix=10.1.0.0/16,ingress=1");
	add("prefix=10.0.0.0/8,port=2");
	add("vlan=7,ingress=3,egress=4");
	check(packet("10.1.0.1", "10.1.0.2"), 1, 2);
	check(packet("10.2.0.1", "192.0.2.1"), 2, 4);
	check(packet("192.0.2.1", "10.2.0.1"), 3, 2);
	port_map_fini(&map);
}
END_TEST

START_TEST(wrong_rules_are_refused_and_change_nothing)
{
	static const char *const rows[] = {"", "vlan=1", "vlan=1,", "vlan=4096,port=1",
	    "vlan=-1,port=1", "vlan=,port=1", "vlan=1,port=", "vlan=1,port=x",
	    "vlan=1,port=1:", "vlan=1,port=4294967296", "vlan=1,port=1,ingress=2",
	    "vlan=1,ingress=1,ingress=2", "vlan=1,ingress=1,egress=2,egress=3",
	    "vlan=1,ingress=1,egress=2,", "vlan=1,door=1",
	    "vlan=1,port=1:01234567890123456789012345678901", "mac=2:0:0:0:0:1,port=1",
	    "mac=02:00:00:00:00,port=1", "mac=02:00:00:00:00:01:02,port=1",
	    "mac=02:00:00:00:00:0g,port=1", "mac=02:00:00:00:00:+1,port=1",
	    "mac=02.00.00.00.00.01,port=1", "prefix=10.0.0.0,port=1", "prefix=10.0.0.0/33,port=1",
	    "prefix=10.0.0/8,port=1", "prefix=::/129,port=1", "prefix=::1/,port=1",
	    "prefix=/8,port=1", "port=1,vlan=1", "host=1,port=1", " vlan=1,port=1"};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		ck_assert_msg(port_map_add(&map, rows[i]) == -EINVAL, "'%s' was taken", rows[i]);
		ck_assert_uint_eq(map.rule_count, 0);
		ck_assert_uint_eq(map.name_count, 0);
	}
}
END_TEST

START_TEST(names_are_kept_one_an_index)
{
	add("vlan=1,ingress=1:Gi0/1,egress=2:Gi0/2");
	add("vlan=2,port=1");
	add("vlan=3,port=2:uplink: the other");
	add("vlan=4,port=4294967295:0123456789012345678901234567890");
	ck_assert_uint_eq(map.name_count, 3);
	ck_assert_uint_eq(map.names[0].index, 1);
	ck_assert_str_eq(map.names[0].name, "Gi0/1");
	ck_assert_uint_eq(map.names[1].index, 2);
	ck_assert_str_eq(map.names[1].name, "uplink: the other");
	ck_assert_uint_eq(map.names[2].index, UINT32_MAX);
	ck_assert_uint_eq(strlen(map.names[2].name), PORT_NAME_SIZE - 1);
	port_map_fini(&map);
}
END_TEST

START_TEST(rules_are_limited)
{
	for (unsigned i = 0; i < PORT_MAP_RULES_MAX; i++) {
		char rule[64];

		snprintf(rule, sizeof(rule), "prefix=10.%u.%u.0/24,port=%u", i / 256, i % 256, i);
		add(rule);
		ck_assert_int_eq(port_map_add_local(&map, "10.0.0.0/8"), 0);
	}
	ck_assert_int_eq(port_map_add(&map, "vlan=1,port=1"), -EINVAL);
	ck_assert_int_eq(port_map_add_local(&map, "10.0.0.0/8"), -EINVAL);
	check(packet("10.3.255.1", "10.2.0.1"), 1023, 512);
	port_map_fini(&map);
}
END_TEST

static uint8_t direction(const char *src, const char *dst)
{
	uint8_t addresses[2][ADDRESS_OCTETS] = {{0}};

	put_address(src, addresses[0]);
	put_address(dst, addresses[1]);
	return port_map_direction(&map, strchr(src, ':') ? 6 : 4, addresses[0], addresses[1]);
}

START_TEST(what_leaves_the_local_network_is_egress)
{
	ck_assert_int_eq(port_map_add_local(&map, "10.0.0.0/8"), 0);
	ck_assert_int_eq(port_map_add_local(&map, "2001:db8::/32"), 0);
	ck_assert_uint_eq(direction("10.0.0.1", "192.0.2.1"), 1);
	ck_assert_uint_eq(direction("192.0.2.1", "10.0.0.1"), 0);
	ck_assert_uint_eq(direction("10.0.0.1", "10.0.0.2"), 0);
	ck_assert_uint_eq(direction("192.0.2.1", "192.0.2.2"), 0);
	ck_assert_uint_eq(direction("2001:db8::1", "2001:db9::1"), 1);
	ck_assert_uint_eq(direction("2001:db9::1", "2001:db8::1"), 0);
	/* The first octets of an IPv6 address are no IPv4 address. */
	ck_assert_uint_eq(direction("a00::1", "2001:db9::1"), 0);
	ck_assert_int_eq(port_map_add_local(&map, "10.0.0.0"), -EINVAL);
	ck_assert_int_eq(port_map_add_local(&map, ""), -EINVAL);
	port_map_fini(&map);
}
END_TEST

Suite *portmap_suite(void)
{
	const TTest *const tests[] = {
	    without_rules_nothing_changes,
	    vlan_gives_both,
	    address_of_a_station_gives_where_it_is,
	    prefix_fits_to_the_bit,
	    first_rule_that_gives_one_decides,
	    wrong_rules_are_refused_and_change_nothing,
	    names_are_kept_one_an_index,
	    rules_are_limited,
	    what_leaves_the_local_network_is_egress,
	};

	return SUITE_OF("portmap", tests);
}

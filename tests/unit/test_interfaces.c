#include "suites.h"

#include <stdlib.h>
#include <string.h>

#include "interfaces.h"

static struct config *config;
static struct interface_list list;

static void begin(void)
{
	config = calloc(1, sizeof(*config));
	config_init(config);
}

static void end(void)
{
	interfaces_fini(&list);
	config_fini(config);
	free(config);
}

static void add_file(const char *name)
{
	config->files[config->file_count++].name = name;
}

static void check(size_t i, uint32_t index, const char *name, const char *description)
{
	ck_assert_uint_lt(i, list.count);
	ck_assert_uint_eq(list.entries[i].index, index);
	ck_assert_str_eq(list.entries[i].name, name);
	ck_assert_str_eq(list.entries[i].description, description);
}

START_TEST(files_are_one_interface)
{
	static const struct {
		const char *path, *description;
	} rows[] = {{"a.pcap", "a.pcap"}, {"/tmp/x/b.pcap", "b.pcap"}, {"-", "standard input"}};

	for (unsigned i = 0; i < 3; i++) {
		begin();
		config->file_ingress = 12;
		add_file(rows[i].path);
		add_file("other.pcap");
		ck_assert_int_eq(interfaces_list(&list, config, NULL), 0);
		ck_assert_uint_eq(list.count, 1);
		check(0, 12, "file", rows[i].description);
		end();
	}
}
END_TEST

START_TEST(names_of_the_port_map_come_in_and_win)
{
	begin();
	config->file_ingress = 2;
	add_file("a.pcap");
	port_map_add(&config->ports, "vlan=1,ingress=1:Gi0/1,egress=2:Gi0/2");
	port_map_add(&config->ports, "vlan=2,port=3");
	ck_assert_int_eq(interfaces_list(&list, config, NULL), 0);
	ck_assert_uint_eq(list.count, 2);
	check(0, 2, "Gi0/2", "Gi0/2");
	check(1, 1, "Gi0/1", "Gi0/1");
	end();
}
END_TEST

/* 32 characters of two octets each, behind one: the last one is not cut in half. */
START_TEST(long_names_are_cut_between_characters)
{
	char name[80] = "x";

	for (unsigned i = 0; i < 32; i++)
		strcat(name, "\xc3\xa4");
	begin();
	add_file(name);
	ck_assert_int_eq(interfaces_list(&list, config, NULL), 0);
	ck_assert_uint_eq(strlen(list.entries[0].description), 63);
	ck_assert_mem_eq(list.entries[0].description, name, 63);
	end();
	begin();
	add_file(name + 1);
	ck_assert_int_eq(interfaces_list(&list, config, NULL), 0);
	ck_assert_uint_eq(strlen(list.entries[0].description), 62);
	end();
}
END_TEST

START_TEST(loopback_is_found_by_its_name)
{
	begin();
	config->interfaces[config->interface_count++] = (struct config_input){"lo", 0};
	config->interfaces[config->interface_count++] = (struct config_input){"no-such", 0};
	config->interfaces[config->interface_count++] = (struct config_input){"lo", 77};
	config->interfaces[config->interface_count++] = (struct config_input){"any", 78};
	ck_assert_int_eq(interfaces_list(&list, config, NULL), 0);
	ck_assert_uint_eq(list.count, 3);
	check(0, 1, "lo", "lo");
	check(1, 77, "lo", "lo");
	check(2, 78, "any", "any");
	end();
}
END_TEST

START_TEST(any_means_all_of_the_machine)
{
	bool found = false;

	begin();
	config->interfaces[config->interface_count++] = (struct config_input){"any", 0};
	ck_assert_int_eq(interfaces_list(&list, config, NULL), 0);
	for (size_t i = 0; i < list.count; i++)
		found |= strcmp(list.entries[i].name, "lo") == 0;
	ck_assert(found);
	end();
}
END_TEST

Suite *interfaces_suite(void)
{
	const TTest *const tests[] = {
	    files_are_one_interface,
	    names_of_the_port_map_come_in_and_win,
	    long_names_are_cut_between_characters,
	    loopback_is_found_by_its_name,
	    any_means_all_of_the_machine,
	};

	return SUITE_OF("interfaces", tests);
}

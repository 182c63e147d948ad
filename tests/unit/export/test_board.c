#include "suites.h"

#include <stdlib.h>

#include "export/board.h"
#include "support/collector.h"
#include "util/units.h"

#define T0 (1767225600ull * NS_PER_S)

static const struct interface_info at_first[] = {{7, "eth0", "uplink"}};

static struct interface_info *copy_of(uint32_t index)
{
	struct interface_info *entry = malloc(sizeof(*entry));

	*entry = (struct interface_info){.index = index, .name = "eth0", .description = "again"};
	return entry;
}

START_TEST(the_last_list_counts)
{
	struct board *b = board_create();
	size_t count;

	ck_assert_uint_eq(board_lists(b), 0);
	board_put(b, copy_of(1), 1);
	board_put(b, copy_of(2), 1);
	ck_assert_uint_eq(board_lists(b), 1);
	ck_assert_uint_eq(board_lists(b), 1);
	ck_assert_uint_eq(board_read(b, &count)->index, 2);
	ck_assert_uint_eq(count, 1);
	board_put(b, copy_of(3), 1);
	ck_assert_uint_eq(board_lists(b), 2);
	ck_assert_uint_eq(board_read(b, &count)->index, 3);
	board_put(b, copy_of(4), 1);
	board_destroy(b);
}
END_TEST

/* Two encoders have one board: each announces once more, and not again without another list. */
START_TEST(what_is_new_is_announced_at_the_next_tick)
{
	struct board *b = board_create();
	struct collector c[2];
	struct encoder *e[2];

	for (unsigned i = 0; i < 2; i++) {
		struct encoder_options o = collector_options(&c[i], i ? FORMAT_V9 : FORMAT_IPFIX);

		o.interfaces = at_first;
		o.interface_count = 1;
		o.board = b;
		e[i] = encoder_create(&o);
		tick_at(e[i], T0);
	}
	board_put(b, copy_of(8), 1);
	for (unsigned i = 0; i < 2; i++) {
		size_t before = c[i].option_count;

		ck_assert_uint_eq(seen_value(&c[i].options[2], 10), 7);
		tick_at(e[i], T0 + NS_PER_S);
		ck_assert_uint_eq(c[i].option_count, 2 * before);
		ck_assert_uint_eq(seen_value(&c[i].options[before + 2], 10), 8);
		tick_at(e[i], T0 + 2 * NS_PER_S);
		ck_assert_uint_eq(c[i].option_count, 2 * before);
	}
	for (unsigned i = 0; i < 2; i++) {
		encoder_destroy(e[i]);
		collector_fini(&c[i]);
	}
	board_destroy(b);
}
END_TEST

Suite *board_suite(void)
{
	const TTest *const tests[] = {
	    the_last_list_counts,
	    what_is_new_is_announced_at_the_next_tick,
	};

	return SUITE_OF("board", tests);
}

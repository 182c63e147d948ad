#include "suites.h"

#include <errno.h>
#include <string.h>

#include "capture/source.h"
#include "capture/xdp_advice.h"
#include "support/said.h"

START_TEST(what_is_in_the_way_is_named)
{
	static struct source_share share;
	static const struct {
		struct source_live_options options;
		const char *text;
	} rows[] = {
	    {{.interface = "any"}, "single interfaces"},
	    {{.interface = "lo", .share = &share}, "leave out --workers"},
	    {{.interface = "lo", .direction = SOURCE_OUT}, "leave out --direction"},
	    {{.interface = "lo", .direction = SOURCE_IN}, "is for Ethernet"},
	    {{.interface = "lo"}, "is for Ethernet"},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *why = xdp_advice_obstacle(&rows[i].options);

		ck_assert_ptr_nonnull(why);
		ck_assert_msg(
		    strstr(why, rows[i].text) != NULL, "'%s' is not in: %s", rows[i].text, why);
	}
}
END_TEST

static void check_said(const char *why, int error, const char *text)
{
	const char *said;

	said_begin();
	xdp_advice_without("eth0", why, error);
	said = said_end();
	ck_assert(said_one_message(said));
	ck_assert_ptr_nonnull(strstr(said, "eth0: captured without AF_XDP: "));
	ck_assert_msg(strstr(said, text) != NULL, "'%s' is not in: %s", text, said);
}

START_TEST(an_error_comes_with_what_to_do)
{
	check_said(NULL, -EPERM, "CAP_NET_ADMIN");
	check_said(NULL, -EACCES, "CAP_NET_ADMIN");
	check_said(NULL, -EBUSY, "xdp off`");
	check_said(NULL, -ENETDOWN, "up` starts it");
	check_said(NULL, -EAFNOSUPPORT, "CONFIG_XDP_SOCKETS");
	check_said(NULL, -ENOBUFS, "ulimit -l");
	check_said(NULL, -ENOMEM, "--buffer");
	/* Of others it is said what they are. */
	check_said(NULL, -EOPNOTSUPP, strerror(EOPNOTSUPP));
	/* Whoever knows better is believed. */
	check_said("it is Tuesday", -EPERM, "it is Tuesday");
}
END_TEST

START_TEST(the_driver_is_spoken_of_where_it_does_less)
{
	const char *said;

	said_begin();
	xdp_advice_on("lo", 0);
	ck_assert_str_eq(said_end(), "");
	said_begin();
	xdp_advice_on("lo", -EOPNOTSUPP);
	said = said_end();
	ck_assert(said_one_message(said));
	ck_assert_ptr_nonnull(strstr(said, strerror(EOPNOTSUPP)));
}
END_TEST

Suite *xdp_advice_suite(void)
{
	const TTest *const tests[] = {
	    what_is_in_the_way_is_named,
	    an_error_comes_with_what_to_do,
	    the_driver_is_spoken_of_where_it_does_less,
	};

	return SUITE_OF("xdp_advice", tests);
}

#include "suites.h"

#include <errno.h>
#include <net/if.h>

#include "capture/ethtool.h"

static struct ethtool *ethtool;

/* False: the kernel has nothing of it, which is said by its own error. */
static bool begin(void)
{
	int rc = ethtool_open(&ethtool);

	ck_assert(rc == 0 || rc == -EOPNOTSUPP);
	return rc == 0;
}

/* Loopback has no card: GRO is the system's own, and nothing is in hardware. */
START_TEST(loopback_has_features)
{
	struct ethtool_feature features[] = {
	    {"rx-gro-hw", true}, {"loopback", false}, {"no-such", true}};

	if (!begin())
		return;
	ck_assert_int_eq(ethtool_features(ethtool, if_nametoindex("lo"), features, 3), 0);
	ck_assert(!features[0].on);
	ck_assert(features[1].on);
	ck_assert(!features[2].on);
	ethtool_close(ethtool);
}
END_TEST

START_TEST(what_is_not_there_is_an_error_each_time)
{
	struct ethtool_feature feature = {"rx-gro", true};

	if (!begin())
		return;
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(ethtool_features(ethtool, 999999, &feature, 1), -ENODEV);
		ck_assert_int_eq(ethtool_set_features(ethtool, 999999, &feature, 1), -ENODEV);
		ck_assert_uint_eq(ethtool_speed(ethtool, 999999), 0);
	}
	ck_assert_int_eq(ethtool_features(ethtool, if_nametoindex("lo"), &feature, 1), 0);
	ethtool_close(ethtool);
}
END_TEST

START_TEST(without_it_no_speed_is_known)
{
	ck_assert_uint_eq(ethtool_speed(NULL, 1), 0);
	ethtool_close(NULL);
}
END_TEST

Suite *ethtool_suite(void)
{
	const TTest *const tests[] = {
	    loopback_has_features,
	    what_is_not_there_is_an_error_each_time,
	    without_it_no_speed_is_known,
	};

	return SUITE_OF("ethtool", tests);
}

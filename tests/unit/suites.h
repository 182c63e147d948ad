/*
 * One row a suite; each is in the test file that mirrors a source file.
 */
#ifndef SPANFLOW_TESTS_SUITES_H
#define SPANFLOW_TESTS_SUITES_H

#include <check.h>

#define SUITES(X)        \
	X(ring)          \
	X(units)         \
	X(fold)          \
	X(match16)       \
	X(scan32)        \
	X(spell)         \
	X(ahead)         \
	X(rng)           \
	X(line)          \
	X(outlet)        \
	X(repeat)        \
	X(log)           \
	X(notify)        \
	X(json)          \
	X(utf8)          \
	X(snapshot)      \
	X(tandem)        \
	X(input)         \
	X(source_file)   \
	X(reader_pcapng) \
	X(timebase)      \
	X(reader_erf)    \
	X(format)        \
	X(unpack)        \
	X(classifier)    \
	X(filter)        \
	X(packet_filter) \
	X(compile)       \
	X(links)         \
	X(ethtool)       \
	X(xdp_advice)    \
	X(ppp)           \
	X(wan)           \
	X(wlan)          \
	X(usual)         \
	X(lan)           \
	X(captured)      \
	X(juniper)       \
	X(link)          \
	X(ethernet)      \
	X(llc)           \
	X(shim)          \
	X(isl)           \
	X(ip)            \
	X(transport)     \
	X(mpls)          \
	X(tunnel)        \
	X(gre)           \
	X(overlay)       \
	X(l2tp)          \
	X(likeness)      \
	X(detail)        \
	X(digest)        \
	X(invariant)     \
	X(clock)         \
	X(expiry)        \
	X(index)         \
	X(sampler)       \
	X(overload)      \
	X(selection)     \
	X(key)           \
	X(table)         \
	X(table_ahead)   \
	X(table_walks)   \
	X(record)        \
	X(portmap)       \
	X(frag)          \
	X(dedup)         \
	X(element)       \
	X(layout)        \
	X(check)         \
	X(board)         \
	X(session)       \
	X(uptime)        \
	X(message)       \
	X(sets)          \
	X(fixed)         \
	X(pieces)        \
	X(options)       \
	X(option_rows)   \
	X(columns)       \
	X(text)          \
	X(sender)        \
	X(batch)         \
	X(file_output)   \
	X(udp)           \
	X(udp_socket)    \
	X(kept)          \
	X(collector)     \
	X(group)         \
	X(merge)         \
	X(own_export)    \
	X(resolver)      \
	X(config)        \
	X(groups)        \
	X(setting)       \
	X(clean)         \
	X(file)          \
	X(print)         \
	X(control)       \
	X(ledger)        \
	X(losses)        \
	X(metrics)       \
	X(metrics_at)    \
	X(overview)      \
	X(report)        \
	X(screen)        \
	X(listing)       \
	X(flow_filter)   \
	X(seal)          \
	X(intake)        \
	X(seats)         \
	X(live_told)     \
	X(errand)        \
	X(job)           \
	X(signals)       \
	X(guard)         \
	X(interfaces)

#define X(name) Suite *name##_suite(void);
SUITES(X)
#undef X

/* A suite of one test case. The time limit is in seconds: sanitizers take their time. */
static inline Suite *suite_of(const char *name, const TTest *const *tests, size_t count)
{
	Suite *s = suite_create(name);
	TCase *c = tcase_create(name);

	tcase_set_timeout(c, 120);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(c, tests[i]);
	suite_add_tcase(s, c);
	return s;
}

#define SUITE_OF(name, tests) suite_of(name, tests, sizeof(tests) / sizeof(*(tests)))

#endif

#include "control/overview.h"

#include "util/units.h"

double overview_rate(const struct overview *o, uint64_t now, uint64_t before)
{
	uint64_t apart_ns = o->now.at_ns - o->before.at_ns;

	if (!o->before.at_ns || !apart_ns || now < before)
		return 0;
	return (double)(now - before) * (double)NS_PER_S / (double)apart_ns;
}

/*
 * Stands in for source_xdp.c in a build without libxdp.
 */
#include "capture/source.h"

#include <errno.h>

#include "capture/xdp_advice.h"

int source_xdp_open(const struct source_live_options *o, struct source **out)
{
	(void)out;
	xdp_advice_without(o->interface,
	    "this build has no AF_XDP: configure it with --enable-xdp, where libxdp and libbpf are "
	    "there",
	    -ENOTSUP);
	return -ENOTSUP;
}

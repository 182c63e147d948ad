/*
 * Stands in for source_xdp.c in a build without libxdp.
 */
#include "capture/source.h"

#include <errno.h>

#include "util/log.h"

int source_xdp_open(const struct source_live_options *o, struct source **out)
{
	(void)out;
	log_warning("%s: captured without AF_XDP: this build has no AF_XDP: "
		    "configure it with --enable-xdp, where libxdp and libbpf are there",
	    o->interface);
	return -ENOTSUP;
}

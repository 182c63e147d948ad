#include "capture/xdp_advice.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "capture/nic.h"
#include "capture/source.h"
#include "util/log.h"

const char *xdp_advice_obstacle(const struct source_live_options *o)
{
	if (strcmp(o->interface, "any") == 0)
		return "AF_XDP sees single interfaces: name them";
	if (o->share)
		return "AF_XDP is read by one worker: leave out --workers";
	if (o->direction == SOURCE_OUT)
		return "AF_XDP sees what an interface receives: leave out --direction";
	if (!nic_is_ethernet(o->interface))
		return "AF_XDP is for Ethernet";
	return NULL;
}

#define NO_PERMISSION                                                                             \
	"no permission for AF_XDP: run as root, or give the program CAP_NET_ADMIN, CAP_NET_RAW, " \
	"CAP_BPF and CAP_IPC_LOCK"

static const char *explain(int error)
{
	static const struct {
		int error;
		const char *text;
	} rows[] = {
	    {EPERM, NO_PERMISSION},
	    {EACCES, NO_PERMISSION},
	    {EBUSY,
		"another XDP program or AF_XDP socket has the interface: end what uses it, or "
		"`ip link set DEV xdp off`"},
	    {ENETDOWN, "AF_XDP needs an interface that is up: `ip link set DEV up` starts it"},
	    {EAFNOSUPPORT, "the kernel has no AF_XDP: one with CONFIG_XDP_SOCKETS does"},
	    {ENOBUFS,
		"AF_XDP may not lock so much memory: a larger `ulimit -l`, a smaller "
		"--buffer or CAP_IPC_LOCK helps"},
	    {ENOMEM,
		"no memory for AF_XDP: a smaller --buffer or fewer queues "
		"(`ethtool -L DEV combined 1`) need less"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].error == -error)
			return rows[i].text;
	return NULL;
}

void xdp_advice_without(const char *name, const char *why, int error)
{
	if (!why)
		why = explain(error);
	if (why)
		log_warning("%s: captured without AF_XDP: %s", name, why);
	else
		log_warning("%s: captured without AF_XDP: %s: it needs Linux 5.9 or later, and "
			    "a driver that lets it",
		    name, strerror(-error));
}

void xdp_advice_on(const char *name, int native_error)
{
	if (native_error)
		log_warning("%s: AF_XDP: the driver takes no XDP program (%s): the kernel runs it, "
			    "which is slower: spanflow(8) tells what drivers want",
		    name, strerror(-native_error));
	if (nic_strips_vlans(name))
		log_warning("%s: AF_XDP: VLAN tags that the card takes off are not seen: "
			    "`ethtool -K %s rxvlan off` leaves them",
		    name, name);
}

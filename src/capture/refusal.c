#include "capture/refusal.h"

#include <errno.h>
#include <string.h>

#include "util/log.h"

int refusal_report(const char *name, int error, const char *detail)
{
	switch (error) {
	case -EPERM:
		log_error(
		    "%s: no permission to capture: run as root, or give the program CAP_NET_RAW",
		    name);
		return error;
	case -ENODEV:
		log_error("%s: no such interface: `ip link` lists those that there are", name);
		return error;
	case -ENETDOWN:
		log_error("%s: the interface is down: `ip link set %s up` starts it", name, name);
		return error;
	default:
		log_error("%s: %s", name, detail ? detail : strerror(-error));
		return -EIO;
	}
}

#include "transport/failure.h"

#include <errno.h>

enum failure failure_of(int error)
{
	switch (error) {
#define X(name)    \
	case name: \
		return FAILURE_##name;
		FAILURES(X)
#undef X
	case EDESTADDRREQ:
		return FAILURE_NO_SESSION;
	default:
		return FAILURE_OTHER;
	}
}

bool failure_is_of_room(enum failure f)
{
	return f == FAILURE_ENOSPC || f == FAILURE_EDQUOT;
}

bool failure_is_of_path(enum failure f)
{
	switch (f) {
	case FAILURE_ECONNREFUSED:
	case FAILURE_EHOSTUNREACH:
	case FAILURE_ENETUNREACH:
	case FAILURE_ENETDOWN:
	case FAILURE_EPERM:
	case FAILURE_EACCES:
	case FAILURE_EINVAL:
	case FAILURE_NO_SESSION:
	case FAILURE_OTHER:
		return true;
	default:
		return false;
	}
}

const char *failure_advice(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return ": nobody listens there: is the collector running?";
	case EHOSTUNREACH:
		return ": is it up?";
	case ENETUNREACH:
		return ": no route leads there";
	case EMSGSIZE:
		return ": the path takes no datagrams of this size: lower max-payload";
	case EPERM:
		return ": does a firewall rule forbid it?";
	case EADDRNOTAVAIL:
		return ": the interface that leads there has no address to send from";
	case EACCES:
		return ": is it a broadcast address, or does a route prohibit it?";
	case EINVAL:
		return ": does a route lead nowhere (blackhole)?";
	default:
		return "";
	}
}

const char *failure_name(enum failure f)
{
	static const char *const names[FAILURE_COUNT] = {
#define X(name) [FAILURE_##name] = #name,
	    FAILURES(X)
#undef X
		[FAILURE_NO_SESSION] = "no_session",
	    [FAILURE_QUEUE_FULL] = "queue_full",
	    [FAILURE_NEW_SESSION] = "new_session",
	    [FAILURE_SHUTDOWN] = "shutdown",
	    [FAILURE_OTHER] = "other",
	};

	return names[f];
}

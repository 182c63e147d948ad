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
		return FAILURE_UNRESOLVED;
	default:
		return FAILURE_OTHER;
	}
}

const char *failure_name(enum failure f)
{
	static const char *const names[FAILURE_COUNT] = {
#define X(name) [FAILURE_##name] = #name,
	    FAILURES(X)
#undef X
		[FAILURE_UNRESOLVED] = "unresolved",
	    [FAILURE_QUEUE_FULL] = "queue_full",
	    [FAILURE_SHUTDOWN] = "shutdown",
	    [FAILURE_OTHER] = "other",
	};

	return names[f];
}

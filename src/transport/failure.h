/*
 * Why a message did not go: the names under which the ledger counts errors and dropped records.
 */
#ifndef SPANFLOW_TRANSPORT_FAILURE_H
#define SPANFLOW_TRANSPORT_FAILURE_H

#include <stdbool.h>

#define FAILURES(X)     \
	X(ECONNREFUSED) \
	X(EHOSTUNREACH) \
	X(ENETUNREACH)  \
	X(ENETDOWN)     \
	X(ENOBUFS)      \
	X(EMSGSIZE)     \
	X(EPERM)        \
	X(EACCES)       \
	X(EINVAL)       \
	X(EPIPE)        \
	X(ENOSPC)       \
	X(EDQUOT)       \
	X(EFBIG)        \
	X(EIO)          \
	X(EBADF)

enum failure {
#define X(name) FAILURE_##name,
	FAILURES(X)
#undef X
	    FAILURE_NO_SESSION, /* it has had no address, route or socket yet, so no session began */
	FAILURE_QUEUE_FULL,     /* live: the collector's queue had no room */
	FAILURE_NEW_SESSION, /* a part of the record had gone to the collector's former address */
	FAILURE_SHUTDOWN,    /* it could not be sent in the time that shutting down may take */
	FAILURE_OTHER,
	FAILURE_COUNT
};

/* The failure that an errno stands for. */
enum failure failure_of(int error);
/*
 * Whether it says that the collector cannot be reached, rather than that this message could not
 * go: others may be tried instead.
 */
bool failure_is_of_path(enum failure f);
/* Whether it says that there is no room at the moment where lines are written to. */
bool failure_is_of_room(enum failure f);
/* What a person can do about an errno, as ": do this"; or "". */
const char *failure_advice(int error);
/* "ECONNREFUSED", "queue_full", ... */
const char *failure_name(enum failure f);

#endif

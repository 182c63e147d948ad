/*
 * Giving up what a program that runs does not need: other rights than those of a user who may do nothing, and
 * system calls.
 *
 * All of it is for the calling thread and what it starts: before there is any other.
 */
#ifndef SPANFLOW_CONTROL_SEAL_H
#define SPANFLOW_CONTROL_SEAL_H

#include <stdbool.h>
#include <sys/types.h>

struct seal_user {
	bool changes; /* to these: */
	bool
	    is_wanted; /* where that cannot be it is an error; else it stays who it is, which is said */
	uid_t uid;
	gid_t gid;
	const char
	    *root; /* the directory that is all it can see of files; NULL: it is not changed */
};

/*
 * For good: that root directory, no other groups, that user, no capabilities, none that could be had by any program, as far as
 * the process has the right to see to that. What is open stays so. 0, or -errno after saying why.
 */
int seal_rights(const struct seal_user *user);

/*
 * For good: only system calls that work with what is open, with memory, threads, time, and UDP and
 * netlink sockets; any other one fails with EPERM. 0, or -errno after saying why.
 */
int seal_calls(void);

#endif

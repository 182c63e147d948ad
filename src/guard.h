/*
 * SPINE: the helper process of a program that has given up its rights, and what that may ask it for.
 *
 *	guard (the process that was started; root)        the program (its child; sealed)
 *	  signals ---------------------------------------->
 *	  <------------------------- a request, and a socket for its answer
 *	  answer, with a descriptor ----------------------->
 *
 * It gives nothing that its own reading of the settings does not name. Each request brings the socket that its
 * answer goes to, so that any thread may ask, and answers come in any order.
 */
#ifndef SPANFLOW_GUARD_H
#define SPANFLOW_GUARD_H

#include <limits.h>
#include <pcap/pcap.h>
#include <stdint.h>

#include "capture/compile.h"
#include "capture/links.h"
#include "capture/packet_socket.h"
#include "transport/name.h"

struct program;

enum guard_kind {
	GUARD_OPEN,     /* a packet socket at an interface */
	GUARD_OFFLOADS, /* are looked at there, or turned off */
	GUARD_CONFIG,   /* the configuration file, to be read */
	GUARD_OUTPUT,   /* a file of records, to be appended to */
	GUARD_RESOLVE,  /* a collector's name */
	GUARD_FILTER,   /* an expression that chooses packets, compiled */
	GUARD_KIND_COUNT
};

/* As many instructions as the kernel takes. */
#define GUARD_PROGRAM_MAX 4096

struct guard_request {
	uint32_t kind;
	uint32_t interface; /* its number in the settings */
	uint32_t worker;    /* the first one opens an interface anew, the others share it */
	uint16_t port;
	uint16_t family;
	int32_t linktype; /* FILTER: as in struct compile_query */
	uint32_t snaplen;
	/* OPEN, OFFLOADS: its name by now; OUTPUT: path; RESOLVE: host; FILTER: expression */
	char text[PATH_MAX];
};

struct guard_answer {
	int32_t rc; /* 0 or -errno; of RESOLVE what name_find() returns, of FILTER compile_here() */
	int32_t error; /* the errno of EAI_SYSTEM */
	union {
		struct packet_socket socket; /* but for its descriptor; shut */
		struct name_addresses addresses;
		struct {
			char why[COMPILE_WHY];
			uint32_t count;
			struct bpf_insn code[GUARD_PROGRAM_MAX];
		} filter;
	};
};

/*
 * Makes the program two processes. In the child, which is to go on as the program, it returns 0 with the child's
 * end of the socket. In the first process it returns when the child has ended, 1, with the exit status to take over.
 * Before there is any thread. -errno after saying why.
 */
int guard_split(struct program *p, int *socket, int *status);

/* -- for guard.c, and for tests, which have no processes ---------------------------------------- */

struct guard_service;

/* NULL: no memory. */
struct guard_service *guard_service_create(struct program *p, int socket);
/* Puts back what was changed of the interfaces. */
void guard_service_destroy(struct guard_service *s);
/* Answers the next request, which the socket must have. 0, or -EPIPE: no more will come. */
int guard_service_answer(struct guard_service *s);
/* A child process that is not the program has ended: one that looked a name up. */
void guard_service_reaped(struct guard_service *s);

#endif

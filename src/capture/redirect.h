/*
 * The XDP program that hands the frames of an interface to AF_XDP sockets, by their queue.
 *
 * It is held by a BPF link, which the kernel undoes when its descriptor is closed, however the
 * process ends: a program that libxdp loads would stay on the interface after a crash. A queue
 * that no socket was given for keeps its frames for the system.
 */
#ifndef SPANFLOW_CAPTURE_REDIRECT_H
#define SPANFLOW_CAPTURE_REDIRECT_H

#include <stdint.h>

struct redirect {
	int map_fd; /* the sockets, by queue */
	int program_fd;
	int link_fd;
	int native_error; /* 0: the driver runs the program; else why the kernel does in its stead */
};

void redirect_init(struct redirect *r);

/*
 * Puts the program on the interface: into the driver, or where that has no XDP, before the network
 * stack. 0; -EPERM; -EBUSY where there is another one; or another -errno.
 */
int redirect_attach(struct redirect *r, uint32_t index, unsigned queues);

/* From now on frames of the queue go to this socket, which is bound to it. 0 or -errno. */
int redirect_to(const struct redirect *r, unsigned queue, int socket_fd);

/* Takes the program off. */
void redirect_fini(struct redirect *r);

#endif

/*
 * Messages between two processes through a Unix socket (SOCK_SEQPACKET), each with a descriptor or without.
 */
#ifndef SPANFLOW_UTIL_PARCEL_H
#define SPANFLOW_UTIL_PARCEL_H

#include <stddef.h>
#include <sys/types.h>

/* `flags` are sendmsg(2)'s. The descriptor (-1: none) stays open here. 0 or -errno. */
int parcel_send(int socket, const void *octets, size_t size, int fd, int flags);
/*
 * Takes a message of up to `size` octets; of a longer one the rest is lost. *fd becomes the descriptor that
 * came with it, or -1; those that are too many are closed. Its length, which is more than `size` of a longer
 * one; 0: the other end is closed; or -errno.
 */
ssize_t parcel_receive(int socket, void *octets, size_t size, int *fd, int flags);

#endif

/*
 * What all that speaks netlink (by libnl) has in common.
 */
#ifndef SPANFLOW_CAPTURE_NETLINK_H
#define SPANFLOW_CAPTURE_NETLINK_H

#include <netlink/msg.h>
#include <netlink/netlink.h>

/* A -errno for an error of libnl's; 0 for 0. */
int netlink_errno(int nl_error);

/* A socket of this protocol, for requests that are waited for. 0 or -errno. */
int netlink_connect(int protocol, struct nl_sock **out);

/*
 * Sends what `msg` asks (taken over; NULL: no memory), and calls `fn` with each message of the answer.
 * 0 or -errno; -EINTR: a list that changed while it was made.
 */
int netlink_ask(struct nl_sock *sock, struct nl_msg *msg, nl_recvmsg_msg_cb_t fn, void *ctx);

#endif

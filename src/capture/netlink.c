#include "capture/netlink.h"

#include <errno.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/socket.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int netlink_errno(int nl_error)
{
	static const struct {
		int nl_error;
		int error;
	} rows[] = {
	    {0, 0},
	    {NLE_NODEV, ENODEV},
	    {NLE_OBJ_NOTFOUND, ENODEV},
	    {NLE_PERM, EPERM},
	    {NLE_NOMEM, ENOMEM},
	    {NLE_OPNOTSUPP, EOPNOTSUPP},
	    {NLE_INVAL, EINVAL},
	    {NLE_RANGE, ERANGE},
	    {NLE_AGAIN, EAGAIN},
	    {NLE_BUSY, EBUSY},
	    {NLE_DUMP_INTR, EINTR},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].nl_error == (nl_error < 0 ? -nl_error : nl_error))
			return -rows[i].error;
	return -EIO;
}

int netlink_connect(int protocol, struct nl_sock **out)
{
	struct nl_sock *sock = nl_socket_alloc();
	int rc;

	if (!sock)
		return -ENOMEM;
	rc = nl_connect(sock, protocol);
	if (rc == 0)
		*out = sock;
	else
		nl_socket_free(sock);
	return netlink_errno(rc);
}

/* Of a request's answer: an acknowledgement, or the end of a list. */
static int end_answer(struct nl_msg *msg, void *ended)
{
	(void)msg;
	*(bool *)ended = true;
	return NL_STOP;
}

/*
 * Not what answers an earlier one, which was given up in the middle; and one that could not be sent has no answer,
 * while libnl would wait for it for ever.
 */
static int take_own(struct nl_msg *msg, void *seq)
{
	return nlmsg_hdr(msg)->nlmsg_seq == *(const uint32_t *)seq ? NL_OK : NL_SKIP;
}

int netlink_ask(struct nl_sock *sock, struct nl_msg *msg, nl_recvmsg_msg_cb_t fn, void *ctx)
{
	bool ended = false;
	uint32_t seq;
	int rc;

	if (!msg)
		return -ENOMEM;
	nl_socket_modify_cb(sock, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, take_own, &seq);
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, fn, ctx);
	nl_socket_modify_cb(sock, NL_CB_ACK, NL_CB_CUSTOM, end_answer, &ended);
	nl_socket_modify_cb(sock, NL_CB_FINISH, NL_CB_CUSTOM, end_answer, &ended);
	rc = nl_send_auto(sock, msg);
	seq = nlmsg_hdr(msg)->nlmsg_seq;
	nlmsg_free(msg);
	while (rc >= 0 && !ended)
		rc = nl_recvmsgs_default(sock);
	return netlink_errno(rc < 0 ? rc : 0);
}

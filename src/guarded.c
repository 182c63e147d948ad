#include "guarded.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/compile.h"
#include "conf/file.h"
#include "guard.h"
#include "transport/name.h"
#include "transport/file.h"
#include "util/parcel.h"

/* What hooks ask through. */
static int hooked_guard = -1;

/* -- asking ------------------------------------------------------------------------------------ */

/* Names that are looked up have a limit of their own, after which the one who looked is no more. */
#define PATIENCE_MS 10000

static bool comes_in_time(int socket, enum guard_kind kind)
{
	struct pollfd p = {.fd = socket, .events = POLLIN};
	int n;

	do
		n = poll(&p, 1, kind == GUARD_RESOLVE ? -1 : PATIENCE_MS);
	while (n < 0 && errno == EINTR);
	return n > 0;
}

/* Nothing was answered: the helper has ended, or it was another process whose time was over. */
static int why_none(int guard)
{
	struct pollfd p = {.fd = guard};

	return poll(&p, 1, 0) > 0 ? -EPIPE : -ETIMEDOUT;
}

/* 0: there is an answer, and perhaps a descriptor, else -1. Or -errno. */
static int ask(int guard, const struct guard_request *q, struct guard_answer *a, int *fd)
{
	int pair[2];
	ssize_t n;

	*fd = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	n = parcel_send(guard, q, sizeof(*q), pair[1], 0);
	close(pair[1]);
	if (n == 0 && comes_in_time(pair[0], (enum guard_kind)q->kind))
		n = parcel_receive(pair[0], a, sizeof(*a), fd, 0);
	close(pair[0]);
	if (n == (ssize_t)sizeof(*a))
		return 0;
	if (*fd >= 0)
		close(*fd);
	return n < 0 ? (int)n : why_none(guard);
}

/* The descriptor that was asked for, or -errno: this process may have too many already. */
static int ask_for_descriptor(int guard, const struct guard_request *q, struct guard_answer *a)
{
	int fd, rc = ask(guard, q, a, &fd);

	if (rc == 0)
		rc = a->rc;
	if (rc)
		return rc;
	return fd < 0 ? -EMFILE : fd;
}

static int ask_for_file(const struct guard_request *q)
{
	struct guard_answer a;

	return ask_for_descriptor(hooked_guard, q, &a);
}

static int request(struct guard_request *q, enum guard_kind kind, const char *text)
{
	memset(q, 0, sizeof(*q));
	q->kind = kind;
	if (strlen(text) >= sizeof(q->text))
		return -ENAMETOOLONG;
	strcpy(q->text, text);
	return 0;
}

/* -- interfaces -------------------------------------------------------------------------------- */

int guarded_open(int guard, const struct guarded_interface *interface, struct packet_socket *out)
{
	struct guard_request q;
	struct guard_answer a;
	int fd, rc = request(&q, GUARD_OPEN, interface->name);

	q.interface = interface->number;
	q.worker = interface->worker;
	fd = rc ? rc : ask_for_descriptor(guard, &q, &a);
	if (fd < 0)
		return fd;
	*out = a.socket;
	out->fd = fd;
	return 0;
}

/* What there is to say of it the helper has said. */
void guarded_offloads(int guard, const struct guarded_interface *interface)
{
	struct guard_request q;
	struct guard_answer a;
	int fd;

	if (request(&q, GUARD_OFFLOADS, interface->name) < 0)
		return;
	q.interface = interface->number;
	ask(guard, &q, &a, &fd);
}

/* -- hooks ------------------------------------------------------------------------------------- */

/* The helper knows which file it is. */
static int open_config(void *ctx, const char *path)
{
	struct guard_request q;

	(void)ctx;
	(void)path;
	request(&q, GUARD_CONFIG, "");
	return ask_for_file(&q);
}

static int open_output(void *ctx, const char *path)
{
	struct guard_request q;
	int rc = request(&q, GUARD_OUTPUT, path);

	(void)ctx;
	return rc ? rc : ask_for_file(&q);
}

static int find_name(void *ctx, const struct name_query *query, struct name_addresses *out)
{
	struct guard_request q;
	struct guard_answer a;
	int fd, rc = request(&q, GUARD_RESOLVE, query->host);

	(void)ctx;
	q.port = query->port;
	q.family = (uint16_t)query->family;
	if (rc == 0)
		rc = ask(hooked_guard, &q, &a, &fd);
	if (rc == -ETIMEDOUT)
		return EAI_AGAIN;
	if (rc) {
		errno = -rc;
		return EAI_SYSTEM;
	}
	errno = a.error;
	*out = a.addresses;
	return a.rc;
}

/*
 * What the kernel or libpcap's machine runs is looked at, whoever made it. Of settings with a mistake, which this
 * expression may be, the helper grants nothing; what is wrong this process can tell, too.
 */
static int take_program(const struct compile_query *query, const struct guard_answer *a,
    struct bpf_program *out, char why[COMPILE_WHY])
{
	uint32_t count = a->filter.count;

	if (a->rc == -EACCES)
		return compile_here(query, out, why);
	if (a->rc == -EINVAL && memchr(a->filter.why, '\0', COMPILE_WHY)) {
		memcpy(why, a->filter.why, COMPILE_WHY);
		return -EINVAL;
	}
	if (a->rc == 0 && count > 0 && count <= GUARD_PROGRAM_MAX &&
	    bpf_validate(a->filter.code, (int)count))
		return compile_copy(a->filter.code, count, out);
	snprintf(why, COMPILE_WHY, "the helper process does not compile it: %s",
	    strerror(a->rc < 0 ? -a->rc : EINVAL));
	return -EINVAL;
}

static int compile(
    void *ctx, const struct compile_query *query, struct bpf_program *out, char why[COMPILE_WHY])
{
	struct guard_request q;
	struct guard_answer a;
	int fd, rc = request(&q, GUARD_FILTER, query->expression);

	(void)ctx;
	q.linktype = query->linktype;
	q.snaplen = query->snaplen;
	/* So long a one does without names. */
	if (rc)
		return compile_here(query, out, why);
	rc = ask(hooked_guard, &q, &a, &fd);
	if (rc == 0)
		return take_program(query, &a, out, why);
	if (rc == -ETIMEDOUT) {
		snprintf(why, COMPILE_WHY, "its names cannot be looked up in time: numbers can do");
		return -ETIMEDOUT;
	}
	snprintf(why, COMPILE_WHY, "the helper process does not compile it: %s", strerror(-rc));
	return -EINVAL;
}

void guarded_take_over(int guard)
{
	hooked_guard = guard;
	file_read_by(open_config, NULL);
	file_open_by(open_output, NULL);
	name_find_by(find_name, NULL);
	compile_by(compile, NULL);
}

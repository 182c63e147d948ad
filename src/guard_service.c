/*
 * What the helper process answers. Whoever asks may be anybody: a request is taken for octets, and what it
 * names is looked for in the settings.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/compile.h"
#include "capture/ethtool.h"
#include "capture/iface.h"
#include "capture/links.h"
#include "capture/offload.h"
#include "conf/file.h"
#include "control/seal.h"
#include "guard.h"
#include "program.h"
#include "transport/file.h"
#include "util/log.h"
#include "util/parcel.h"

/* Names that are looked up at a time, and how long one may take. */
#define LOOK_UPS_MAX 16
#define LOOK_UP_S 60
/* A worker waits for its filter, whose packets are in the kernel's ring meanwhile. */
#define COMPILE_S 5
/* Returned by what answers later, from another process. */
#define LATER (-2)

/* A path, a host or a filter that the settings name, or have named: what a reload took out may still be in use. */
struct grant {
	struct grant *next;
	enum guard_kind kind;
	char text[];
};

struct guard_service {
	struct program *program;
	int socket;
	struct grant *grants;
	uint32_t
	    index[CONFIG_INPUTS_MAX]; /* the last that an interface's name stood for; 0: none */
	struct ethtool *ethtool;
	struct offloads *offloads;
	unsigned look_ups;
};

/* -- what the settings name -------------------------------------------------------------------- */

static bool is_granted(const struct guard_service *s, enum guard_kind kind, const char *text)
{
	for (const struct grant *g = s->grants; g; g = g->next)
		if (g->kind == kind && strcmp(g->text, text) == 0)
			return true;
	return false;
}

static int grant(struct guard_service *s, enum guard_kind kind, const char *text)
{
	size_t size = strlen(text) + 1;
	struct grant *g;

	if (is_granted(s, kind, text))
		return 0;
	g = malloc(sizeof(*g) + size);
	if (!g)
		return -ENOMEM;
	g->kind = kind;
	memcpy(g->text, text, size);
	g->next = s->grants;
	s->grants = g;
	return 0;
}

static int grant_named(struct guard_service *s, const struct config *c)
{
	int rc = c->filter ? grant(s, GUARD_FILTER, c->filter) : 0;

	for (unsigned i = 1; rc == 0 && i < SELECTORS_MAX && c->class_filters[i]; i++)
		rc = grant(s, GUARD_FILTER, c->class_filters[i]);
	for (size_t i = 0; rc == 0 && i < c->collector_count; i++) {
		const struct config_collector *n = &c->collectors[i];

		if (n->host)
			rc = grant(s, GUARD_RESOLVE, n->host);
		else if (n->path)
			rc = grant(s, GUARD_OUTPUT, n->path);
	}
	return rc;
}

/* By its name in the settings; or by the one that it has got since, being the same interface. */
static bool is_wanted(const struct guard_service *s, const struct guard_request *q)
{
	const struct config *c = &s->program->config;
	uint32_t index;

	if (q->interface >= c->interface_count)
		return false;
	if (strcmp(q->text, c->interfaces[q->interface].name) == 0)
		return true;
	return s->index[q->interface] && iface_index(q->text, &index) == 0 &&
	    index == s->index[q->interface];
}

/* -- requests ---------------------------------------------------------------------------------- */

static int open_interface(
    struct guard_service *s, const struct guard_request *q, struct guard_answer *a)
{
	const struct config *c = &s->program->config;
	struct live *live = &s->program->live;
	struct source_live_options options;
	struct packet_socket *socket = &a->socket;
	int fd;

	a->rc = -EINVAL;
	if (!is_wanted(s, q) || q->worker >= c->workers)
		return -1;
	if (q->worker == 0)
		memset(&live->shares[q->interface], 0, sizeof(live->shares[q->interface]));
	else if (!live->shares[q->interface].exists)
		return -1;
	options = live_options(live, c, q->interface, q->text, true);
	options.is_shut = true;
	a->rc = c->capture == SOURCE_PCAP ? -ENOTSUP : packet_socket_open(&options, socket);
	if (a->rc)
		return -1;
	fd = socket->fd;
	socket->fd = -1;
	s->index[q->interface] = socket->index;
	return fd;
}

static int look_at_offloads(
    struct guard_service *s, const struct guard_request *q, struct guard_answer *a)
{
	struct links *links = NULL;
	const struct link *link;

	a->rc = -EINVAL;
	if (!is_wanted(s, q))
		return -1;
	a->rc = links_open(&links);
	if (a->rc)
		return -1;
	link = links_by_name(links, q->text);
	if (link)
		offloads_look(s->offloads, link);
	links_close(links);
	return -1;
}

static int read_descriptor(void *fd, const char *path)
{
	(void)path;
	return fcntl(*(int *)fd, F_DUPFD_CLOEXEC, 0);
}

/*
 * Names in filters are not looked up here, with all rights, while everything else waits: what matches nothing stands
 * for each, and this process runs none.
 */
static int take_unread(
    void *ctx, const struct compile_query *query, struct bpf_program *out, char why[COMPILE_WHY])
{
	static const struct bpf_insn nothing = BPF_STMT(BPF_RET | BPF_K, 0);

	(void)ctx;
	(void)query;
	(void)why;
	return compile_copy(&nothing, 1, out);
}

/* What is wrong with the file says the program, which reads it, too. */
static void read_settings(struct guard_service *s, int fd)
{
	struct program *p = s->program;
	struct config *c = malloc(sizeof(*c));

	if (!c)
		return;
	log_be_silent(true);
	file_read_by(read_descriptor, &fd);
	compile_by(take_unread, NULL);
	config_init(c);
	if (config_parse(c, p->argc, p->argv) == 0 && grant_named(s, c) == 0)
		config_set_log(c);
	config_fini(c);
	compile_by(NULL, NULL);
	file_read_by(NULL, NULL);
	log_be_silent(false);
	free(c);
}

/* Both read the same octets, also where another file takes the place of this one meanwhile; a pipe has them once. */
static int open_config(
    struct guard_service *s, const struct guard_request *q, struct guard_answer *a)
{
	const char *path = s->program->config.file;
	int fd;

	(void)q;
	fd = path ? file_open_regular(NULL, path) : -EINVAL;
	if (fd < 0) {
		a->rc = fd;
		return -1;
	}
	read_settings(s, fd);
	a->rc = lseek(fd, 0, SEEK_SET) < 0 ? -errno : 0;
	return fd;
}

/* To wait for who reads a pipe would hold up everything else. */
static int open_output(
    struct guard_service *s, const struct guard_request *q, struct guard_answer *a)
{
	int fd;

	a->rc = -EACCES;
	if (!is_granted(s, GUARD_OUTPUT, q->text))
		return -1;
	fd = file_open_at_once(NULL, q->text);
	a->rc = fd < 0 ? fd : 0;
	return fd < 0 ? -1 : fd;
}

/* In a process of its own, which has no rights: what it reads comes from the network. */
static void begin_look_up(const struct guard_service *s, unsigned seconds)
{
	const struct config_user *u = &s->program->config.user;
	const struct seal_user user = {.changes = u->changes, .uid = u->uid, .gid = u->gid};
	sigset_t none;

	close(s->socket);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	log_be_silent(true);
	if (seal_rights(&user) < 0)
		_exit(1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(seconds);
}

static void look_up(const struct guard_request *q, struct guard_answer *a)
{
	const struct name_query query = {.host = q->text, .port = q->port, .family = q->family};

	a->rc = name_find(&query, &a->addresses);
	a->error = errno;
}

static void compile(const struct guard_request *q, struct guard_answer *a)
{
	const struct compile_query query = {
	    .expression = q->text, .linktype = q->linktype, .snaplen = q->snaplen};
	struct bpf_program program;

	a->rc = compile_here(&query, &program, a->filter.why);
	if (a->rc)
		return;
	if (program.bf_len > GUARD_PROGRAM_MAX) {
		snprintf(a->filter.why, COMPILE_WHY, "it takes more than %d instructions",
		    GUARD_PROGRAM_MAX);
		a->rc = -EINVAL;
		return;
	}
	a->filter.count = program.bf_len;
	memcpy(a->filter.code, program.bf_insns, program.bf_len * sizeof(*program.bf_insns));
}

/* The answer comes from another process, or there is none when its time is over. */
static int answer_later(struct guard_service *s, const struct guard_request *q, int reply)
{
	bool is_name = q->kind == GUARD_RESOLVE;
	struct guard_answer a;
	pid_t pid = fork();

	if (pid == 0) {
		memset(&a, 0, sizeof(a));
		begin_look_up(s, is_name ? LOOK_UP_S : COMPILE_S);
		(is_name ? look_up : compile)(q, &a);
		parcel_send(reply, &a, sizeof(a), -1, MSG_DONTWAIT);
		_exit(0);
	}
	if (pid < 0)
		return -1;
	s->look_ups++;
	return LATER;
}

static int resolve(
    struct guard_service *s, const struct guard_request *q, struct guard_answer *a, int reply)
{
	a->rc = EAI_SYSTEM;
	a->error = EACCES;
	if (!is_granted(s, GUARD_RESOLVE, q->text))
		return -1;
	a->rc = EAI_AGAIN;
	return s->look_ups == LOOK_UPS_MAX ? -1 : answer_later(s, q, reply);
}

static int compile_filter(
    struct guard_service *s, const struct guard_request *q, struct guard_answer *a, int reply)
{
	a->rc = -EACCES;
	if (!is_granted(s, GUARD_FILTER, q->text))
		return -1;
	a->rc = -EAGAIN;
	return s->look_ups == LOOK_UPS_MAX ? -1 : answer_later(s, q, reply);
}

/* -- answers ----------------------------------------------------------------------------------- */

/* A descriptor for the answer, -1 for none, or LATER. */
static int serve(struct guard_service *s, const struct guard_request *q, ssize_t size,
    struct guard_answer *a, int reply)
{
	a->rc = -EINVAL;
	if (size != (ssize_t)sizeof(*q) || !memchr(q->text, '\0', sizeof(q->text)))
		return -1;
	switch (q->kind) {
	case GUARD_OPEN:
		return open_interface(s, q, a);
	case GUARD_OFFLOADS:
		return look_at_offloads(s, q, a);
	case GUARD_CONFIG:
		return open_config(s, q, a);
	case GUARD_OUTPUT:
		return open_output(s, q, a);
	case GUARD_RESOLVE:
		return resolve(s, q, a, reply);
	case GUARD_FILTER:
		return compile_filter(s, q, a, reply);
	default:
		return -1;
	}
}

int guard_service_answer(struct guard_service *s)
{
	struct guard_request q;
	struct guard_answer a;
	int reply, fd;
	ssize_t n = parcel_receive(s->socket, &q, sizeof(q), &reply, MSG_DONTWAIT);

	if (n == 0 && reply < 0)
		return -EPIPE;
	if (n < 0 || reply < 0)
		return n == -EAGAIN || n >= 0 ? 0 : -EPIPE;
	memset(&a, 0, sizeof(a));
	fd = serve(s, &q, n, &a, reply);
	/* One who does not wait for it gets none. */
	if (fd != LATER)
		parcel_send(reply, &a, sizeof(a), fd, MSG_DONTWAIT);
	if (fd >= 0)
		close(fd);
	close(reply);
	return 0;
}

/* -- life -------------------------------------------------------------------------------------- */

static int prepare(struct guard_service *s)
{
	const struct config *c = &s->program->config;

	for (size_t i = 0; i < c->interface_count; i++)
		iface_index(c->interfaces[i].name, &s->index[i]);
	ethtool_open(&s->ethtool);
	s->offloads = offloads_create(s->ethtool, c->offloads, c->capture);
	return s->offloads ? grant_named(s, c) : -ENOMEM;
}

struct guard_service *guard_service_create(struct program *p, int socket)
{
	struct guard_service *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->program = p;
	s->socket = socket;
	if (prepare(s) == 0)
		return s;
	guard_service_destroy(s);
	return NULL;
}

void guard_service_destroy(struct guard_service *s)
{
	if (!s)
		return;
	offloads_destroy(s->offloads);
	ethtool_close(s->ethtool);
	while (s->grants) {
		struct grant *next = s->grants->next;

		free(s->grants);
		s->grants = next;
	}
	free(s);
}

void guard_service_reaped(struct guard_service *s)
{
	s->look_ups--;
}

#include "capture/compile.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SNAPLEN 65535
/* More than a program has filters and classes; of more the oldest are forgotten. */
#define KEPT_MAX 128

struct kept {
	struct compile_query query; /* its expression is a copy */
	struct bpf_program program;
};

static struct {
	pthread_mutex_t lock;
	int (*compile)(void *ctx, const struct compile_query *query, struct bpf_program *out,
	    char why[COMPILE_WHY]);
	void *ctx;
	struct kept kept[KEPT_MAX];
	unsigned next;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* -- compiling --------------------------------------------------------------------------------- */

static uint16_t order16(uint16_t v, bool swapped)
{
	return swapped ? __builtin_bswap16(v) : v;
}

static uint32_t order32(uint32_t v, bool swapped)
{
	return swapped ? __builtin_bswap32(v) : v;
}

/*
 * An empty file: for pcap_open_dead() expressions compile that look at what only the kernel knows, and it is the file
 * of which libpcap takes the byte order.
 */
static pcap_t *open_empty(int linktype, bool swapped, char *error)
{
	struct pcap_file_header header = {.magic = order32(0xa1b2c3d4, swapped),
	    .version_major = order16(2, swapped),
	    .version_minor = order16(4, swapped),
	    .snaplen = order32(SNAPLEN, swapped),
	    .linktype = order32((uint32_t)linktype, swapped)};
	FILE *file = fmemopen(&header, sizeof(header), "rb");
	pcap_t *pcap = file ? pcap_fopen_offline(file, error) : NULL;

	if (file && !pcap)
		fclose(file);
	return pcap;
}

int compile_here(const struct compile_query *q, struct bpf_program *out, char why[COMPILE_WHY])
{
	char error[PCAP_ERRBUF_SIZE] = "no memory";
	pcap_t *pcap = q->snaplen ? pcap_open_dead(q->linktype, (int)q->snaplen)
				  : open_empty(q->linktype, q->swapped, error);
	int rc = 0;

	if (!pcap) {
		snprintf(why, COMPILE_WHY, "%s", error);
		return q->snaplen ? -ENOMEM : -EINVAL;
	}
	if (pcap_compile(pcap, out, q->expression, 1, PCAP_NETMASK_UNKNOWN) < 0) {
		snprintf(why, COMPILE_WHY, "%s", pcap_geterr(pcap));
		rc = -EINVAL;
	}
	pcap_close(pcap);
	return rc;
}

int compile_copy(const struct bpf_insn *code, unsigned count, struct bpf_program *out)
{
	out->bf_insns = malloc(count * sizeof(*code));
	if (!out->bf_insns)
		return -ENOMEM;
	memcpy(out->bf_insns, code, count * sizeof(*code));
	out->bf_len = count;
	return 0;
}

/* -- what is kept ------------------------------------------------------------------------------ */

static const struct kept *find(const struct compile_query *q)
{
	for (unsigned i = 0; i < KEPT_MAX; i++) {
		const struct compile_query *k = &all.kept[i].query;

		if (k->expression && k->linktype == q->linktype && k->snaplen == q->snaplen &&
		    k->swapped == q->swapped && strcmp(k->expression, q->expression) == 0)
			return &all.kept[i];
	}
	return NULL;
}

/* Where there is no memory it is compiled again. */
static void keep(const struct compile_query *q, const struct bpf_program *program)
{
	struct kept *k = &all.kept[all.next % KEPT_MAX];
	struct bpf_program copy;
	char *expression = strdup(q->expression);

	if (!expression || compile_copy(program->bf_insns, program->bf_len, &copy) < 0) {
		free(expression);
		return;
	}
	free((char *)k->query.expression);
	free(k->program.bf_insns);
	*k = (struct kept){.query = *q, .program = copy};
	k->query.expression = expression;
	all.next++;
}

int compile_expression(
    const struct compile_query *q, struct bpf_program *out, char why[COMPILE_WHY])
{
	const struct kept *known;
	int rc;

	pthread_mutex_lock(&all.lock);
	known = find(q);
	if (known)
		rc = compile_copy(known->program.bf_insns, known->program.bf_len, out);
	else if (all.compile)
		rc = all.compile(all.ctx, q, out, why);
	else
		rc = compile_here(q, out, why);
	if (rc == 0 && !known)
		keep(q, out);
	pthread_mutex_unlock(&all.lock);
	if (rc == -ENOMEM)
		snprintf(why, COMPILE_WHY, "%s", strerror(ENOMEM));
	return rc;
}

void compile_by(int (*compile)(void *ctx, const struct compile_query *query,
		    struct bpf_program *out, char why[COMPILE_WHY]),
    void *ctx)
{
	all.compile = compile;
	all.ctx = ctx;
}

bool compile_is_elsewhere(void)
{
	return all.compile != NULL;
}

/*
 * BPF expressions into programs. Names in them (of services, protocols, hosts) take files, or the network:
 * another process may compile for this one, and what was compiled once is not compiled again.
 */
#ifndef SPANFLOW_CAPTURE_COMPILE_H
#define SPANFLOW_CAPTURE_COMPILE_H

#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdint.h>

/* How long what is wrong may be, its end included. */
#define COMPILE_WHY 256

struct compile_query {
	const char *expression;
	int linktype;
	/* What the kernel keeps of a packet that matches; 0: for packets that have been captured, of which
	 * nothing is known but their octets ("inbound" is refused) */
	uint32_t snaplen;
	/*
	 * As in struct packet: some link layers have numbers in the byte order of whoever captured. Of live packets,
	 * for which alone another process compiles, it is not set.
	 */
	bool swapped;
};

/*
 * From any thread. 0, and pcap_freecode() is due; -EINVAL, -ETIMEDOUT of a name, or -ENOMEM, with what is wrong in `why`. The latest
 * programs are kept for whoever asks for the same.
 */
int compile_expression(
    const struct compile_query *query, struct bpf_program *out, char why[COMPILE_WHY]);
/* The same by this process, and nothing is kept. */
int compile_here(const struct compile_query *query, struct bpf_program *out, char why[COMPILE_WHY]);
/* The program that these instructions are. 0 or -ENOMEM. */
int compile_copy(const struct bpf_insn *code, unsigned count, struct bpf_program *out);

/* From now on `compile` does what compile_here() does, one call at a time; NULL: as at first. */
void compile_by(int (*compile)(void *ctx, const struct compile_query *query,
		    struct bpf_program *out, char why[COMPILE_WHY]),
    void *ctx);
/* Whether another one does: this process may read no files. */
bool compile_is_elsewhere(void);

#endif

#include "capture/redirect.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

void redirect_init(struct redirect *r)
{
	*r = (struct redirect){.map_fd = -1, .program_fd = -1, .link_fd = -1};
}

/* The return value of bpf_redirect_map(sockets, context->rx_queue_index, XDP_PASS). */
static int load(int map_fd)
{
	const struct bpf_insn program[] = {
	    {.code = BPF_LDX | BPF_MEM | BPF_W,
		.dst_reg = BPF_REG_2,
		.src_reg = BPF_REG_1,
		.off = offsetof(struct xdp_md, rx_queue_index)},
	    {.code = BPF_LD | BPF_DW | BPF_IMM,
		.dst_reg = BPF_REG_1,
		.src_reg = BPF_PSEUDO_MAP_FD,
		.imm = map_fd},
	    {.code = 0},
	    {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3, .imm = XDP_PASS},
	    {.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect_map},
	    {.code = BPF_JMP | BPF_EXIT},
	};

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "spanflow", "BSD", program,
	    sizeof(program) / sizeof(*program), NULL);
}

/* A descriptor, or -errno as libbpf has it. */
static int link_to(int program_fd, uint32_t index, uint32_t mode)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = mode);

	return bpf_link_create(program_fd, (int)index, BPF_XDP, &options);
}

/* Errors that are not the driver's. */
static bool is_final(int error)
{
	return error == -EPERM || error == -EACCES || error == -EBUSY || error == -EEXIST;
}

int redirect_attach(struct redirect *r, uint32_t index, unsigned queues)
{
	r->map_fd = bpf_map_create(
	    BPF_MAP_TYPE_XSKMAP, "spanflow", sizeof(uint32_t), sizeof(int), queues, NULL);
	if (r->map_fd < 0)
		return r->map_fd;
	r->program_fd = load(r->map_fd);
	if (r->program_fd < 0)
		return r->program_fd;
	r->link_fd = link_to(r->program_fd, index, XDP_FLAGS_DRV_MODE);
	if (r->link_fd < 0 && !is_final(r->link_fd)) {
		r->native_error = r->link_fd;
		r->link_fd = link_to(r->program_fd, index, XDP_FLAGS_SKB_MODE);
	}
	/* The other one runs in another mode. */
	if (r->link_fd == -EEXIST)
		return -EBUSY;
	return r->link_fd < 0 ? r->link_fd : 0;
}

int redirect_to(const struct redirect *r, unsigned queue, int socket_fd)
{
	uint32_t key = queue;

	return bpf_map_update_elem(r->map_fd, &key, &socket_fd, BPF_ANY);
}

void redirect_fini(struct redirect *r)
{
	if (r->link_fd >= 0)
		close(r->link_fd);
	if (r->program_fd >= 0)
		close(r->program_fd);
	if (r->map_fd >= 0)
		close(r->map_fd);
	redirect_init(r);
}

#include "capture/share.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>

#include "util/log.h"
#include "util/now.h"
#include "util/units.h"

/*
 * When the last one has joined, a processor may still be giving a packet to each of them, and each dates it by itself
 * (the kernel does not wait for that): it is over by then, if nobody takes the processor away.
 */
#define ON_THE_WAY_NS (20 * NS_PER_MS)
/* From the first read on; by then the kernel has handed over what it captured before. */
#define JOINING_NS NS_PER_S

bool share_is_first(const struct source_share *share)
{
	return !share || !share->exists;
}

/*
 * Packets are shared by a hash of addresses and ports, the same for both directions. Never with
 * PACKET_FANOUT_FLAG_DEFRAG: the kernel would put fragments together, and packets could not be counted.
 */
int share_join(struct source_share *share, int fd, const char *name)
{
	bool is_first = share_is_first(share);
	int mode = PACKET_FANOUT_HASH | (is_first ? PACKET_FANOUT_FLAG_UNIQUEID : 0);
	int value = share->group | mode << 16;
	socklen_t size = sizeof(value);

	if (setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &value, sizeof(value)) < 0 ||
	    getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &value, &size) < 0) {
		int rc = -errno;

		log_error("%s: --workers: %s: it needs an Ethernet interface and Linux 4.12, or "
			  "one worker",
		    name, strerror(-rc));
		return rc;
	}
	share_begin(share);
	share->group = value & 0xffff;
	share->exists = true;
	return 0;
}

void share_begin(struct source_share *share)
{
	share->joined_ns = date_now() + ON_THE_WAY_NS;
}

/* Until the first read nothing is lost, only late. */
void joining_tick(struct joining *joining, const struct source_share *share)
{
	if (!share || (joining->asked && !joining->begin_ns))
		return;
	if (!joining->asked) {
		joining->asked = true;
		joining->begin_ns = share->joined_ns;
		joining->until_ns = steady_now() + JOINING_NS;
	} else if (steady_now() > joining->until_ns) {
		joining->begin_ns = 0;
	}
}

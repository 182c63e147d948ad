#include "capture/nic.h"

#include <dirent.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* 0 or -errno; the answer is where `request` points to, or in the union there. */
static int ask(const char *name, unsigned long what, struct ifreq *request)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return -errno;
	snprintf(request->ifr_name, sizeof(request->ifr_name), "%s", name);
	rc = ioctl(fd, what, request) < 0 ? -errno : 0;
	close(fd);
	return rc;
}

static int ask_ethtool(const char *name, void *command)
{
	struct ifreq request = {.ifr_data = command};

	return ask(name, SIOCETHTOOL, &request);
}

/* Of drivers that do not tell ethtool; 0 where sysfs does not know the interface. */
static unsigned count_queues(const char *name)
{
	char path[64];
	struct dirent *entry;
	unsigned count = 0;
	DIR *directory;

	snprintf(path, sizeof(path), "/sys/class/net/%s/queues", name);
	directory = opendir(path);
	if (!directory)
		return 0;
	while ((entry = readdir(directory)))
		count += strncmp(entry->d_name, "rx-", 3) == 0;
	closedir(directory);
	return count;
}

unsigned nic_queues(const char *name)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	unsigned count = 0;

	if (ask_ethtool(name, &channels) == 0)
		count = channels.rx_count + channels.combined_count;
	if (count == 0)
		count = count_queues(name);
	return count ? count : 1;
}

int nic_hardware(const char *name)
{
	struct ifreq request = {.ifr_flags = 0};
	int rc = ask(name, SIOCGIFHWADDR, &request);

	return rc ? rc : request.ifr_hwaddr.sa_family;
}

bool nic_is_switch_port(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/net/%s/dsa/tagging", name);
	return access(path, F_OK) == 0;
}

bool nic_is_ethernet(const char *name)
{
	return nic_hardware(name) == ARPHRD_ETHER;
}

unsigned nic_mtu(const char *name)
{
	struct ifreq request = {.ifr_mtu = 0};

	return ask(name, SIOCGIFMTU, &request) == 0 ? (unsigned)request.ifr_mtu : 0;
}

bool nic_strips_vlans(const char *name)
{
	struct ethtool_value flags = {.cmd = ETHTOOL_GFLAGS};

	return ask_ethtool(name, &flags) == 0 && (flags.data & ETH_FLAG_RXVLAN);
}

int nic_promiscuous(uint32_t index)
{
	struct packet_mreq membership = {.mr_ifindex = (int)index, .mr_type = PACKET_MR_PROMISC};
	/* Protocol 0: no packet reaches this socket. */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership, sizeof(membership)) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

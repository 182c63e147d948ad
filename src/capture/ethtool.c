#include "capture/ethtool.h"

#include <errno.h>
#include <linux/ethtool_netlink.h>
#include <netlink/attr.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <string.h>

#include "capture/netlink.h"

/* In all messages of the family: which interface it is about. */
#define HEADER 1
#define VERSION 1

struct ethtool {
	struct nl_sock *sock;
	int family;
};

/* -- messages --------------------------------------------------------------------------------- */

static int put_header(struct nl_msg *msg, uint32_t index, uint32_t flags)
{
	struct nlattr *header = nla_nest_start(msg, HEADER | NLA_F_NESTED);

	if (!header || nla_put_u32(msg, ETHTOOL_A_HEADER_DEV_INDEX, index) < 0 ||
	    nla_put_u32(msg, ETHTOOL_A_HEADER_FLAGS, flags) < 0)
		return -ENOMEM;
	nla_nest_end(msg, header);
	return 0;
}

/* NULL when memory lacks. */
static struct nl_msg *make_message(
    const struct ethtool *e, uint8_t command, uint32_t index, uint32_t flags)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (msg &&
	    (!genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, e->family, 0, 0, command, VERSION) ||
		put_header(msg, index, flags) < 0)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

static int take_nothing(struct nl_msg *msg, void *ctx)
{
	(void)msg;
	(void)ctx;
	return NL_OK;
}

/* -- speed ------------------------------------------------------------------------------------ */

static int take_speed(struct nl_msg *msg, void *speed)
{
	struct nlattr *attributes[ETHTOOL_A_LINKMODES_MAX + 1];

	if (genlmsg_parse(nlmsg_hdr(msg), 0, attributes, ETHTOOL_A_LINKMODES_MAX, NULL) == 0 &&
	    attributes[ETHTOOL_A_LINKMODES_SPEED])
		*(uint32_t *)speed = nla_get_u32(attributes[ETHTOOL_A_LINKMODES_SPEED]);
	return NL_OK;
}

uint32_t ethtool_speed(struct ethtool *e, uint32_t index)
{
	uint32_t speed = UINT32_MAX;

	if (!e ||
	    netlink_ask(e->sock, make_message(e, ETHTOOL_MSG_LINKMODES_GET, index, 0), take_speed,
		&speed) < 0)
		return 0;
	return speed == UINT32_MAX ? 0 : speed;
}

/* -- features --------------------------------------------------------------------------------- */

struct wanted {
	struct ethtool_feature *features;
	size_t count;
};

static void take_bit(const struct wanted *w, struct nlattr *bit)
{
	struct nlattr *attributes[ETHTOOL_A_BITSET_BIT_MAX + 1];
	const char *name;

	if (nla_parse_nested(attributes, ETHTOOL_A_BITSET_BIT_MAX, bit, NULL) < 0 ||
	    !attributes[ETHTOOL_A_BITSET_BIT_NAME])
		return;
	name = nla_get_string(attributes[ETHTOOL_A_BITSET_BIT_NAME]);
	for (size_t i = 0; i < w->count; i++)
		if (strcmp(w->features[i].name, name) == 0)
			w->features[i].on = true;
}

/* Those that are on are listed by name. */
static int take_features(struct nl_msg *msg, void *wanted)
{
	struct nlattr *attributes[ETHTOOL_A_FEATURES_MAX + 1], *set[ETHTOOL_A_BITSET_MAX + 1], *bit;
	int left;

	if (genlmsg_parse(nlmsg_hdr(msg), 0, attributes, ETHTOOL_A_FEATURES_MAX, NULL) < 0 ||
	    !attributes[ETHTOOL_A_FEATURES_ACTIVE] ||
	    nla_parse_nested(
		set, ETHTOOL_A_BITSET_MAX, attributes[ETHTOOL_A_FEATURES_ACTIVE], NULL) < 0 ||
	    !set[ETHTOOL_A_BITSET_BITS])
		return NL_OK;
	nla_for_each_nested(bit, set[ETHTOOL_A_BITSET_BITS], left) take_bit(wanted, bit);
	return NL_OK;
}

int ethtool_features(
    struct ethtool *e, uint32_t index, struct ethtool_feature *features, size_t count)
{
	struct wanted w = {features, count};

	for (size_t i = 0; i < count; i++)
		features[i].on = false;
	return netlink_ask(
	    e->sock, make_message(e, ETHTOOL_MSG_FEATURES_GET, index, 0), take_features, &w);
}

static int put_bit(struct nl_msg *msg, const struct ethtool_feature *feature)
{
	struct nlattr *bit = nla_nest_start(msg, ETHTOOL_A_BITSET_BITS_BIT | NLA_F_NESTED);

	if (!bit || nla_put_string(msg, ETHTOOL_A_BITSET_BIT_NAME, feature->name) < 0 ||
	    (feature->on && nla_put_flag(msg, ETHTOOL_A_BITSET_BIT_VALUE) < 0))
		return -ENOMEM;
	nla_nest_end(msg, bit);
	return 0;
}

static int put_bits(struct nl_msg *msg, const struct ethtool_feature *features, size_t count)
{
	struct nlattr *set = nla_nest_start(msg, ETHTOOL_A_FEATURES_WANTED | NLA_F_NESTED);
	struct nlattr *bits =
	    set ? nla_nest_start(msg, ETHTOOL_A_BITSET_BITS | NLA_F_NESTED) : NULL;
	int rc = bits ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = put_bit(msg, &features[i]);
	if (rc)
		return rc;
	nla_nest_end(msg, bits);
	nla_nest_end(msg, set);
	return 0;
}

int ethtool_set_features(
    struct ethtool *e, uint32_t index, const struct ethtool_feature *features, size_t count)
{
	struct nl_msg *msg =
	    make_message(e, ETHTOOL_MSG_FEATURES_SET, index, ETHTOOL_FLAG_OMIT_REPLY);

	if (msg && put_bits(msg, features, count) < 0) {
		nlmsg_free(msg);
		msg = NULL;
	}
	return netlink_ask(e->sock, msg, take_nothing, NULL);
}

/* -- life ------------------------------------------------------------------------------------- */

int ethtool_open(struct ethtool **out)
{
	struct ethtool *e = calloc(1, sizeof(*e));
	int rc;

	if (!e)
		return -ENOMEM;
	rc = netlink_connect(NETLINK_GENERIC, &e->sock);
	if (rc == 0) {
		e->family = genl_ctrl_resolve(e->sock, ETHTOOL_GENL_NAME);
		rc = e->family < 0 ? netlink_errno(e->family) : 0;
	}
	if (rc) {
		ethtool_close(e);
		return rc == -ENODEV ? -EOPNOTSUPP : rc;
	}
	*out = e;
	return 0;
}

void ethtool_close(struct ethtool *e)
{
	if (!e)
		return;
	nl_socket_free(e->sock);
	free(e);
}

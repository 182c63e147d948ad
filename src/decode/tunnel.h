/*
 * Inside the decoder: tunnels above IP.
 *
 * A tunnel's header is a layer like any other: it takes its octets and names the layer inside. It
 * may also find that the packet is an ordinary one that looked like the tunnel from outside.
 */
#ifndef SPANFLOW_DECODE_TUNNEL_H
#define SPANFLOW_DECODE_TUNNEL_H

#include "decode/layers.h"

/* What a tunnel's layer returns for a packet that carries no other: it counts as it is. */
#define NO_TUNNEL IGNORED_COUNT

#define ETHERTYPE_TRANSPARENT_ETHERNET 0x6558

/* gre.c: GRE of RFC 2784, 2890 and 1701, PPTP's, and ERSPAN in it. */
layer_fn gre_decode;
/* overlay.c: what UDP carries, behind its header. */
layer_fn vxlan_decode;
layer_fn vxlan_gpe_decode;
layer_fn geneve_decode;
layer_fn gtpu_decode;
layer_fn teredo_decode;
layer_fn capwap_decode;
/* l2tp.c: behind UDP's header, versions 2 and 3; behind IP's, version 3. */
layer_fn l2tp_udp_decode;
layer_fn l2tp_ip_decode;

/* tunnel.c: PPP is next, or a frame of 802.11, as tunnel_ethernet is for those of Ethernet. */
layer_fn tunnel_ppp;
layer_fn tunnel_wlan;
layer_fn tunnel_wlan_either;
/* What this EtherType says is next. */
enum ignored tunnel_ethertype(struct walk *w, uint16_t type);

/* Puts the overlay network that the octets inside belong to. */
static inline void tunnel_segment(struct walk *w, enum segment_type type, uint32_t id)
{
	w->info->segment_type = (uint8_t)type;
	w->info->head.kind = flow_kind(pktinfo_version(w->info), 0, id);
}

#endif

/*
 * Inside the decoder: the walk from header to header.
 *
 * Each layer is a function that takes its header from the cursor and says which layer the cursor
 * is at then. So encapsulations follow each other in any order, and no layer calls another.
 */
#ifndef SPANFLOW_DECODE_LAYERS_H
#define SPANFLOW_DECODE_LAYERS_H

#include "decode/decode.h"
#include "util/cursor.h"

/* So many headers below IP are stepped over in one packet, those in tunnels included. */
#define WALK_LIMIT 32

struct walk;

/*
 * Steps over one header, or a stack of one kind. IGNORED_NOT with `next` set, or why what follows
 * can't be an IP header.
 */
typedef enum ignored layer_fn(struct walk *w);

struct walk {
	struct cursor c;
	const struct packet *packet;
	const struct decode_options *options;
	struct pktinfo *info;
	layer_fn *next;     /* of the header at the cursor; NULL: that of IP */
	uint64_t wire_end;  /* how many octets from the packet's first on were on the wire */
	uint16_t type;      /* EtherType of what is at the cursor, for ethertype_decode() */
	uint8_t ip_version; /* what the header before IP's says; 0: IP's own first bits do */
	uint8_t headers;    /* stepped over so far */
	uint8_t tags;       /* VLAN tags of this frame so far */
};

/* Where the cursor is in the packet. */
static inline uint32_t walk_offset(const struct walk *w)
{
	return (uint32_t)(w->c.at - w->packet->data);
}

/* Says that IP of this version comes next. */
static inline enum ignored walk_ip(struct walk *w, uint8_t version)
{
	w->ip_version = version;
	w->next = NULL;
	return IGNORED_NOT;
}

/* Says that this layer comes next. */
static inline enum ignored walk_on(struct walk *w, layer_fn *next)
{
	w->next = next;
	return IGNORED_NOT;
}

/* decode.c: from layer to layer, until the cursor is at an IP header. */
enum ignored walk_to_ip(struct walk *w);

/* link.c: the layer that packets of this link type begin with; NULL: they are not decoded. */
layer_fn *link_layer(int linktype);

/* ethernet.c */
layer_fn ethernet_decode;
layer_fn ethertype_decode; /* what the EtherType in `type` says, VLAN tags included */
layer_fn llc_decode;       /* 802.2 LLC, and SNAP above it */
/* mpls.c: a label stack. */
layer_fn mpls_decode;

/*
 * ip.c: the IP header and its extension headers; the addresses, count, protocol. With a cursor at
 * the transport header where there is one to read it calls transport_decode().
 */
enum ignored ip_decode(struct walk *w);

/* transport.c: ports, ICMP type and code, TCP flags, as far as their octets are there. */
void transport_decode(struct walk *w);

/*
 * detail.c, for those who ask: what the layers leave over. Called before the first layer and after
 * the last; `d` is all zeros in between but for what layers put there.
 */
void detail_begin(struct detail *d);
void detail_finish(const struct packet *packet, struct pktinfo *info);

#endif

/*
 * What a person is told of AF_XDP: why it cannot be had, and what to do about it, each as a warning, because
 * capture goes on without it. From the thread that opens the source; also in a build without it.
 */
#ifndef SPANFLOW_CAPTURE_XDP_ADVICE_H
#define SPANFLOW_CAPTURE_XDP_ADVICE_H

struct source_live_options;

/* What an interface or a run must be, for `why` below; or NULL: nothing is in the way. */
const char *xdp_advice_obstacle(const struct source_live_options *o);
/* It is captured otherwise: because of `why`, or where that is NULL, of the -errno with which opening failed. */
void xdp_advice_without(const char *interface, const char *why, int error);
/*
 * It is captured so, but a person may want to change something: where the driver runs no XDP program, which
 * failed with `native_error` (-errno; 0: it does), or the card keeps VLAN tags for itself.
 */
void xdp_advice_on(const char *interface, int native_error);

#endif

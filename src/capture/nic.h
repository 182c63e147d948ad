/*
 * What a network interface is made of, and how it is set up for capture: what netlink does not tell.
 */
#ifndef SPANFLOW_CAPTURE_NIC_H
#define SPANFLOW_CAPTURE_NIC_H

#include <stdbool.h>
#include <stdint.h>

/* How many queues it receives by; at least 1. */
unsigned nic_queues(const char *name);
/* Its kind (ARPHRD_), or -errno: -ENODEV. */
int nic_hardware(const char *name);
/* Whether its frames begin with the tags by which a switch's chip tells its ports apart. */
bool nic_is_switch_port(const char *name);
bool nic_is_ethernet(const char *name);
/* The longest packet that it is set up for, without the link's header; 0 where that is not known. */
unsigned nic_mtu(const char *name);
/* Whether it takes VLAN tags off the frames that it receives. */
bool nic_strips_vlans(const char *name);

/* Lets it receive all frames until the descriptor that is returned is closed; or -errno. */
int nic_promiscuous(uint32_t index);

#endif

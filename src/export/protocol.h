/*
 * Protocols by the names that people know them by.
 */
#ifndef SPANFLOW_EXPORT_PROTOCOL_H
#define SPANFLOW_EXPORT_PROTOCOL_H

#include <stdbool.h>
#include <stdint.h>

#define PROTOCOL_NUMBER_SIZE 4
/* "TCP"; of one that has no such name the number, written into `number`. */
const char *protocol_name(uint8_t protocol, char number[PROTOCOL_NUMBER_SIZE]);
/* Whether its records have ports (SPEC section 2). */
bool protocol_has_ports(uint8_t protocol);
/*
 * An address and, where the protocol has ports, the port: 192.0.2.1:80, [2001:db8::1]:80. As util/spell.h:
 * without an end mark, in SPELL_MAX octets and 8 more at most; where it stopped.
 */
char *spell_endpoint(
    char *out, const uint8_t address[16], uint16_t port, uint8_t ip_version, uint8_t protocol);

#endif

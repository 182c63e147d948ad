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

#endif

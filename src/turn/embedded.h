/* IPv4 addresses that IPv6 addresses carry. Thread: any. */
#ifndef PARLEY_TURN_EMBEDDED_H
#define PARLEY_TURN_EMBEDDED_H

#include <stdbool.h>
#include <stdint.h>

#define TURN_EMBEDDED_FORMS 9

/**
 * turn_embedded_ip4() - the IPv4 address that @ip6 carries if it is of form number @form
 * Forms: IPv4-mapped, IPv4-translated, IPv4-compatible, NAT64 (two prefixes), 6to4, Teredo's server and its
 * client, ISATAP. An address may be of more than one. Return: whether it is; only then @out is set.
 */
bool turn_embedded_ip4(const uint8_t ip6[16], unsigned form, uint8_t out[4]);

#endif

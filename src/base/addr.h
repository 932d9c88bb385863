/* An IPv4 or IPv6 address with port. */
#ifndef PARLEY_BASE_ADDR_H
#define PARLEY_BASE_ADDR_H

#include "base/compiler.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct addr {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
};

#define ADDR_TEXT_MAX 64 /* "[ipv6%scope]:port" and a NUL */

/**
 * addr_from_sockaddr() - copy what the kernel gave; an IPv4-mapped IPv6 address becomes IPv4
 * Return: 0; -EAFNOSUPPORT for other families.
 */
int addr_from_sockaddr(struct addr *out, const struct sockaddr *sa) MUST_CHECK;

/**
 * addr_parse() - "1.2.3.4", "1.2.3.4:80", "::1", "[::1]:80", "*" (any, IPv6 with IPv4), "*:80"; also
 * "[fe80::1%eth0]:80". IPv4-mapped addresses become IPv4 here too.
 * @default_port: used where the text has none.
 * Return: 0; -EINVAL.
 */
int addr_parse(struct addr *out, const char *text, uint16_t default_port) MUST_CHECK;

/** addr_format() - "1.2.3.4:80" or "[::1]:80" into @text (ADDR_TEXT_MAX). Return: @text. */
const char *addr_format(const struct addr *a, char *text);

/** addr_format_ip() - the same without the port and brackets. */
const char *addr_format_ip(const struct addr *a, char *text);

socklen_t addr_len(const struct addr *a);
uint16_t addr_port(const struct addr *a);
void addr_set_port(struct addr *a, uint16_t port);

bool addr_equal(const struct addr *a, const struct addr *b);
bool addr_same_ip(const struct addr *a, const struct addr *b);
bool addr_is_loopback(const struct addr *a);

/* Addresses that share their first @bits; the port counts for nothing. */
struct addr_range {
	struct addr addr;
	unsigned bits;
};

/**
 * addr_range_parse() - "10.0.0.0/8", "fd00::/8", or one address alone: its only range
 * Every option that takes ranges reads them with this. No port, no brackets, no scope, no "*", and no leading
 * zeros in the length. An IPv4-mapped address is IPv4 here as everywhere, and its length counts from the
 * front of what is written: "::ffff:10.0.0.0/104" is 10.0.0.0/8, and one shorter than /96 is refused.
 * Return: 0; -EINVAL: not of that form; -EDOM: the address has a bit set behind the length, so that one of
 * the two is not what was meant.
 */
int addr_range_parse(struct addr_range *out, const char *text) MUST_CHECK;

/** addr_range_wish() - what is allowed, for a message about what addr_range_parse() has refused with @rc. */
const char *addr_range_wish(int rc);

/** addr_in_range() - An IPv4 address is in no IPv6 range and the other way round. */
bool addr_in_range(const struct addr *a, const struct addr_range *r);

/**
 * addr_prefix() - what limits count by: the IPv4 address, or the /64 of an IPv6 one
 * @out: 9 bytes: the family (4 or 6), then 8 bytes of address, zero-padded.
 */
#define ADDR_PREFIX_BYTES 9
void addr_prefix(const struct addr *a, uint8_t out[ADDR_PREFIX_BYTES]);

#endif

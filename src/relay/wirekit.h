/*
 * For the tests of this module: a network of its own with a wire into the test. The process moves into a
 * fresh network namespace whose only way out is a TUN device: what the relay sends to peers is read there as
 * IPv4 packets, and what peers and routers would send is put in. So the test decides what comes when.
 */
#ifndef PARLEY_RELAY_WIREKIT_H
#define PARLEY_RELAY_WIREKIT_H

#include "base/addr.h"

#include <stdbool.h>

/* This machine, and the network beyond the wire. */
#define WIRE_OWN "5.5.1.1"
#define WIRE_MTU 1280

struct wire {
	int fd;
};

/* An IPv4 packet with UDP in it. */
struct wire_packet {
	struct addr from, to;
	bool dont_fragment;
	const uint8_t *data;
	size_t len;
	uint8_t bytes[65536];
	size_t size;
};

/** wire_open() - before there are threads. Return: whether this system lets us; say why not. */
bool wire_open(struct wire *w);

/** wire_own() - one more address of this machine, from now on */
void wire_own(const char *ip);

/** wire_receive() - the next packet for a peer; ends the test where none comes */
void wire_receive(struct wire *w, struct wire_packet *out);

/** wire_udp() - a datagram from a peer */
void wire_udp(struct wire *w, const struct addr *from, const struct addr *to, const void *data, size_t n);

/** wire_icmp() - a router's complaint about @packet */
void wire_icmp(struct wire *w, uint8_t type, uint8_t code, uint32_t info, const struct wire_packet *packet);

#endif

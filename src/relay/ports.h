/*
 * The port directory: which worker owns the relay socket at a port. One byte a port and family, read by every
 * worker for every packet to a relayed address, written only when a relay socket comes or goes. Thread: any.
 */
#ifndef PARLEY_RELAY_PORTS_H
#define PARLEY_RELAY_PORTS_H

#include "base/addr.h"
#include "base/rand.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define RELAY_NO_OWNER 0

struct relay_ports {
	uint16_t min, max;
	_Atomic uint32_t taken[2];       /* of each family */
	_Atomic uint8_t owner[2][65536]; /* 0: nobody; else the worker's number plus 1 */
	_Atomic uint32_t ip[2][65536];   /* at which address, where there are several */
};

/** relay_ports_owner() - Return: number plus 1 of the worker at @port; RELAY_NO_OWNER. */
static inline uint8_t relay_ports_owner(struct relay_ports *p, bool ip6, uint16_t port)
{
	return atomic_load_explicit(&p->owner[ip6][port], memory_order_relaxed);
}

/** relay_ports_full() - Return: whether no port of the range is left. */
bool relay_ports_full(const struct relay_ports *p, bool ip6);

/** relay_ports_claim() - Return: whether @port, of the range, is now @owner's. */
bool relay_ports_claim(struct relay_ports *p, bool ip6, uint16_t port, uint8_t owner);

/** relay_ports_set_ip() - a port that is claimed is that of @relayed. */
void relay_ports_set_ip(struct relay_ports *p, const struct addr *relayed);

/** relay_ports_at() - Return: whether the port of @relayed is somebody's, at that address. */
bool relay_ports_at(struct relay_ports *p, const struct addr *relayed);

/** relay_ports_hand_over() - a port that is claimed is @owner's from now on. */
void relay_ports_hand_over(struct relay_ports *p, bool ip6, uint16_t port, uint8_t owner);
void relay_ports_release(struct relay_ports *p, bool ip6, uint16_t port);

/* A walk over all ports of the range, from a random place with a random stride, so that ports cannot be
 * foretold. */
struct relay_port_walk {
	uint32_t at, stride, left;
};

void relay_port_walk_init(struct relay_port_walk *w, const struct relay_ports *p, rand_fn rnd, void *arg);

/** relay_port_walk_next() - Return: the next port; -1: that was all. */
int relay_port_walk_next(struct relay_port_walk *w, const struct relay_ports *p);

#endif

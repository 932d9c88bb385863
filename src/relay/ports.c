/*
 * The port directory, and the order in which ports are tried.
 *
 * Each byte has one writer at a time: whoever turned it from 0, and after that whoever has the socket.
 * Readers need no order with it: a packet that meets a port just going is dropped by its worker, as it would
 * be a moment later.
 */
#include "relay/ports.h"

#include <string.h>

bool relay_ports_claim(struct relay_ports *p, bool ip6, uint16_t port, uint8_t owner)
{
	uint8_t nobody = RELAY_NO_OWNER;
	if (port < p->min || port > p->max)
		return false;
	if (!atomic_compare_exchange_strong(&p->owner[ip6][port], &nobody, owner))
		return false;
	atomic_fetch_add(&p->taken[ip6], 1);
	return true;
}

bool relay_ports_full(const struct relay_ports *p, bool ip6)
{
	return atomic_load(&p->taken[ip6]) > (uint32_t)(p->max - p->min);
}

/* An IPv4 address itself; an IPv6 one folded, for it need only be told from the few others of this machine.
 */
static uint32_t ip_of(const struct addr *a)
{
	uint32_t words[4];
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_addr.s_addr;
	memcpy(words, &a->in6.sin6_addr, sizeof(words));
	return words[0] ^ words[1] ^ words[2] ^ words[3];
}

void relay_ports_set_ip(struct relay_ports *p, const struct addr *relayed)
{
	atomic_store(&p->ip[relayed->sa.sa_family == AF_INET6][addr_port(relayed)], ip_of(relayed));
}

bool relay_ports_at(struct relay_ports *p, const struct addr *relayed)
{
	bool ip6 = relayed->sa.sa_family == AF_INET6;
	uint16_t port = addr_port(relayed);
	return relay_ports_owner(p, ip6, port) != RELAY_NO_OWNER &&
	       atomic_load_explicit(&p->ip[ip6][port], memory_order_relaxed) == ip_of(relayed);
}

void relay_ports_hand_over(struct relay_ports *p, bool ip6, uint16_t port, uint8_t owner)
{
	atomic_store(&p->owner[ip6][port], owner);
}

void relay_ports_release(struct relay_ports *p, bool ip6, uint16_t port)
{
	atomic_store(&p->owner[ip6][port], RELAY_NO_OWNER);
	atomic_fetch_sub(&p->taken[ip6], 1);
}

static uint32_t gcd(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t t = a % b;
		a = b;
		b = t;
	}
	return a;
}

void relay_port_walk_init(struct relay_port_walk *w, const struct relay_ports *p, rand_fn rnd, void *arg)
{
	uint32_t r[2];
	uint32_t n = (uint32_t)(p->max - p->min) + 1;
	rnd(arg, (uint8_t *)r, sizeof(r));
	w->at = r[0] % n;
	w->stride = n > 1 ? 1 + r[1] % (n - 1) : 1;
	/* Prime to the range, so that the walk meets every port. */
	while (gcd(w->stride, n) != 1)
		w->stride++;
	w->left = n;
}

int relay_port_walk_next(struct relay_port_walk *w, const struct relay_ports *p)
{
	uint32_t n = (uint32_t)(p->max - p->min) + 1;
	if (w->left == 0)
		return -1;
	w->left--;
	w->at = (w->at + w->stride) % n;
	return (int)(p->min + w->at);
}

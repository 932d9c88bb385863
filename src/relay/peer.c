/*
 * Relay sockets: opened for the TURN server at a random port of the range, and what peers send to them.
 *
 * A socket is in no loop and in nobody's table until an allocation owns it. Until then it is a descriptor, a
 * claimed port and some memory, which the ledger may hand from the worker that opened it to the one that
 * takes or closes it.
 *
 * The relayed address is the one at which the client reached us, for there its peers will most likely reach
 * us too; or, behind a NAT of the cloud's, the configured external one.
 *
 * Thread: the worker's.
 */
#include "relay/worker.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_BYTES   (1024 * 1024)
#define RX_BATCH       16
#define REFUSED_LOG_MS 10000
#define PAIR_TRIES     256 /* each may cost two sockets; then 508 */

static void set_int(int fd, int level, int option, int value)
{
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

static bool is_ip6(const struct addr *a)
{
	return a->sa.sa_family == AF_INET6;
}

struct turn_socket *peer_find(const struct worker *w, const struct addr *relayed)
{
	struct turn_socket *s = w->by_port[is_ip6(relayed)][addr_port(relayed)];
	return s && addr_same_ip(&s->relayed, relayed) ? s : NULL;
}

bool peer_fragment(struct turn_socket *s, bool may)
{
	/* OMIT fragments as DONT does. But under DONT IPv4 keeps "fragmentation needed" to itself, even if it
	 * is about a datagram that left before, under PROBE; and IPv6 does so under OMIT. */
	int value = !may ? IP_PMTUDISC_PROBE : s->ip6 ? IPV6_PMTUDISC_DONT : IP_PMTUDISC_OMIT;
	int r = s->ip6 ? setsockopt(s->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &value, sizeof(value))
		       : setsockopt(s->fd, IPPROTO_IP, IP_MTU_DISCOVER, &value, sizeof(value));
	return r == 0;
}

void peer_tune(struct turn_socket *s)
{
	s->tuned = true;
	peer_fragment(s, true);
	set_int(s->fd, s->ip6 ? IPPROTO_IPV6 : IPPROTO_IP, s->ip6 ? IPV6_RECVERR : IP_RECVERR, 1);
	udp_tune(s->fd, BUFFER_BYTES);
}

/* ---- what peers send ---- */

static void on_readable(uv_poll_t *poll, int status, int events);

/*
 * Prioritized data never comes on UDP. But where an ICMP error is alone, libuv adds to POLLERR what was asked
 * for, and with POLLPRI among it the handle goes on.
 */
static void poll_start(struct turn_socket *s)
{
	int r = uv_poll_start(&s->poll, UV_READABLE | UV_PRIORITIZED, on_readable);
	assert(r == 0); /* fails only for handles that are closing and sockets that another handle polls */
	(void)r;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct turn_socket *s = CONTAINER_OF(poll, struct turn_socket, poll);
	struct worker *w = s->worker;
	/* POLLERR with anything but POLLPRI beside it, such as POLLIN, stops the handle. */
	if (status < 0)
		poll_start(s);
	if (status < 0 || (events & UV_PRIORITIZED))
		icmp_read(s, NULL);
	if (!s->tuned)
		peer_tune(s);
	unsigned n = rx_receive(w, s->fd, &s->batch, RX_BATCH);
	for (unsigned k = 0; k < n; k++) {
		struct rx_packet p;
		rx_get(&w->rx, k, &p);
		w->io.rx_packets += p.segment ? (p.len + p.segment - 1) / p.segment : 1;
		w->io.rx_bytes += p.len;
		w->io.rx_bursts += p.len > p.segment;
		deliver_down(s, &p.from, p.data, p.len, p.segment ? p.segment : 1);
	}
	rx_done(w, n);
}

/* ---- opening and closing ---- */

static bool is_loopback_or_link(const struct addr *a)
{
	return addr_is_loopback(a) || (is_ip6(a) && IN6_IS_ADDR_LINKLOCAL(&a->in6.sin6_addr));
}

/* The address of this machine to relay from for the client being handled. Return: 0; -EAFNOSUPPORT. */
static int base_address(const struct worker *w, int family, struct addr *out)
{
	const struct addr *reached = &w->handling->server;
	const struct addr *outside = &w->addresses.outside[family == AF_INET6];
	bool same = reached->sa.sa_family == family;
	if (same && (!is_loopback_or_link(reached) || addr_is_loopback(reached)))
		*out = *reached;
	else if (outside->sa.sa_family == family)
		*out = *outside;
	else
		return -EAFNOSUPPORT;
	return 0;
}

/* What to bind to and what peers see, ports left open. Return: 0; -EAFNOSUPPORT. */
static int choose_addresses(const struct worker *w, int family, struct addr *bind_to, struct addr *relayed)
{
	const struct relay_shared *sh = w->shared;
	const struct relay_external *chosen = NULL;
	int r = base_address(w, family, bind_to);
	for (size_t i = 0; i < sh->n_external; i++) {
		const struct relay_external *e = &sh->external[i];
		if (e->public.sa.sa_family != family)
			continue;
		bool exact = r == 0 && e->has_private && addr_same_ip(&e->private, bind_to);
		if (exact || !chosen)
			chosen = e;
	}
	if (!chosen) {
		*relayed = *bind_to;
		return r;
	}
	*relayed = chosen->public;
	if (chosen->has_private)
		*bind_to = chosen->private;
	else if (r < 0 || addr_is_loopback(bind_to))
		*bind_to = (struct addr){.sa = {.sa_family = (sa_family_t)family}};
	return 0;
}

/* The system gives the lowest number that is free, so the number says how many there are. */
static int open_fd(const struct addr *a, int max_fd)
{
	bool ip6 = is_ip6(a);
	int fd = socket(a->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (fd >= max_fd) {
		close(fd);
		return -EMFILE;
	}
	if (ip6)
		set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (bind(fd, &a->sa, addr_len(a)) == 0)
		return fd;
	int r = -errno;
	close(fd);
	return r;
}

/* Takes a claimed port, and gives it back if this fails. Return: 0; -EADDRINUSE; -errno. */
static int socket_new(struct worker *w, const struct addr *bind_to, const struct addr *relayed,
		      struct turn_socket **out)
{
	uint16_t port = addr_port(bind_to);
	bool ip6 = is_ip6(bind_to);
	struct turn_socket *s = mem_zalloc(sizeof(*s));
	int r = s ? open_fd(bind_to, w->shared->max_fd) : -ENOMEM;
	if (r < 0) {
		relay_ports_release(&w->shared->ports, ip6, port);
		mem_free(s);
		return r;
	}
	s->fd = r;
	s->port = port;
	s->ip6 = ip6;
	s->relayed = *relayed;
	addr_set_port(&s->relayed, port);
	relay_ports_set_ip(&w->shared->ports, &s->relayed);
	list_init(&s->up.node);
	list_init(&s->down.node);
	*out = s;
	return 0;
}

static void on_closed(uv_handle_t *h)
{
	mem_free(CONTAINER_OF((uv_poll_t *)h, struct turn_socket, poll));
}

static void op_socket_close(void *arg, struct turn_socket *s)
{
	struct worker *w = arg;
	uint16_t port = s->port;
	bool ip6 = s->ip6;
	int fd = s->fd;
	if (s->worker) {
		out_forget(&s->up);
		out_forget(&s->down);
		w->by_port[ip6][port] = NULL;
		s->alloc = NULL;
		uv_close((uv_handle_t *)&s->poll, on_closed);
	} else {
		mem_free(s);
	}
	close(fd);
	relay_ports_release(&w->shared->ports, ip6, port);
}

/* Return: 0; -EADDRINUSE: that port is taken, by us or by others; -errno. */
static int try_port(struct worker *w, struct addr *bind_to, const struct addr *relayed, uint16_t port,
		    struct turn_socket **out)
{
	if (!relay_ports_claim(&w->shared->ports, is_ip6(bind_to), port, (uint8_t)(w->number + 1)))
		return -EADDRINUSE;
	addr_set_port(bind_to, port);
	return socket_new(w, bind_to, relayed, out);
}

/* @next: NULL, or the odd port above is wanted too. */
static int try_ports(struct worker *w, struct addr *bind_to, const struct addr *relayed, uint16_t port,
		     struct turn_socket **out, struct turn_socket **next)
{
	struct turn_socket *s = NULL;
	struct turn_socket *above = NULL;
	int r = try_port(w, bind_to, relayed, port, &s);
	if (r == 0 && next) {
		r = try_port(w, bind_to, relayed, (uint16_t)(port + 1), &above);
		if (r < 0)
			op_socket_close(w, s);
	}
	if (r < 0)
		return r;
	*out = s;
	if (next)
		*next = above;
	return 0;
}

static bool may_be_free(struct relay_ports *ports, int family, int port, bool two)
{
	bool ip6 = family == AF_INET6;
	return relay_ports_owner(ports, ip6, (uint16_t)port) == RELAY_NO_OWNER &&
	       (!two ||
		(port < ports->max && relay_ports_owner(ports, ip6, (uint16_t)(port + 1)) == RELAY_NO_OWNER));
}

static int op_socket_open(void *arg, int family, enum turn_port kind, struct turn_socket **out,
			  struct addr *relayed, struct turn_socket **next, struct addr *next_relayed)
{
	struct worker *w = arg;
	struct relay_ports *ports = &w->shared->ports;
	struct addr bind_to;
	struct addr seen;
	int r = choose_addresses(w, family, &bind_to, &seen);
	if (r < 0)
		return r;
	struct relay_port_walk walk;
	relay_port_walk_init(&walk, ports, rand_bytes, NULL);
	bool two = kind == TURN_PORT_EVEN_AND_NEXT;
	unsigned tries = two ? PAIR_TRIES : UINT_MAX;
	/* A range with nothing left is not walked through for everybody who asks. */
	for (int port; !relay_ports_full(ports, family == AF_INET6) && tries &&
		       (port = relay_port_walk_next(&walk, ports)) >= 0;) {
		if ((kind != TURN_PORT_ANY && port % 2) || !may_be_free(ports, family, port, two))
			continue;
		tries--;
		r = try_ports(w, &bind_to, &seen, (uint16_t)port, out, two ? next : NULL);
		if (r == 0) {
			*relayed = (*out)->relayed;
			if (two)
				*next_relayed = (*next)->relayed;
			return 0;
		}
		if (r != -EADDRINUSE)
			break;
	}
	w->io.ports_failed++;
	return r == -EADDRINUSE || r == 0 ? -EADDRNOTAVAIL : r;
}

static int op_socket_own(void *arg, struct turn_socket *s, struct turn_alloc *a)
{
	struct worker *w = arg;
	int r = uv_poll_init(&w->loop->uv, &s->poll, s->fd);
	if (r < 0)
		return r;
	s->worker = w;
	s->alloc = a;
	w->by_port[s->ip6][s->port] = s;
	/* It may be the odd port of a pair that another worker has opened. */
	relay_ports_hand_over(&w->shared->ports, s->ip6, s->port, (uint8_t)(w->number + 1));
	poll_start(s);
	return 0;
}

static void op_alloc_gone(void *arg, struct turn_alloc *a, void *user)
{
	tidy_gone(arg);
	/* Of a UDP client nothing is kept but the allocation. */
	if (turn_alloc_from(a)->transport != TURN_UDP)
		client_alloc_gone(user);
}

static bool op_relayed_alive(void *arg, const struct addr *relayed)
{
	struct worker *w = arg;
	uint8_t owner = relay_ports_owner(&w->shared->ports, is_ip6(relayed), addr_port(relayed));
	if (owner == w->number + 1)
		return peer_find(w, relayed) != NULL;
	return relay_ports_at(&w->shared->ports, relayed);
}

/* One line for many, with how many of each kind: what a client asks for is not to fill the disk. */
static void op_refused(void *arg, const struct addr *client, const struct addr *peer, enum turn_refusal why)
{
	static const char *const words[TURN_REFUSALS] = {
		[TURN_ALLOWED] = "allowed",
		[TURN_REFUSED_RANGE] = "special-purpose range",
		[TURN_REFUSED_PORT] = "port 0",
		[TURN_REFUSED_OWN] = "address of this machine",
	};
	struct worker *w = arg;
	uint64_t now_ms = loop_now_ms(w->loop);
	uint64_t since[TURN_REFUSALS];
	w->io.peers_refused[why]++;
	if (w->refused_logged_ms && now_ms - w->refused_logged_ms < REFUSED_LOG_MS)
		return;
	for (unsigned i = 0; i < TURN_REFUSALS; i++)
		since[i] = w->io.peers_refused[i] - w->refused_logged[i];
	char peer_text[ADDR_TEXT_MAX];
	char client_text[ADDR_TEXT_MAX];
	log_info("relay refused a peer reason=\"%s\" peer=%s client=%s refused_range=%" PRIu64
		 " refused_port_0=%" PRIu64 " refused_own=%" PRIu64,
		 words[why], addr_format(peer, peer_text), addr_format(client, client_text),
		 since[TURN_REFUSED_RANGE], since[TURN_REFUSED_PORT], since[TURN_REFUSED_OWN]);
	w->refused_logged_ms = now_ms;
	memcpy(w->refused_logged, w->io.peers_refused, sizeof(w->refused_logged));
}

const struct turn_ops peer_turn_ops = {
	.socket_open = op_socket_open,
	.socket_own = op_socket_own,
	.socket_close = op_socket_close,
	.alloc_gone = op_alloc_gone,
	.relayed_alive = op_relayed_alive,
	.refused = op_refused,
};

/*
 * Where data goes. Up: from a client to a peer, which may be a relayed address of this process; then it goes
 * straight to that allocation's client, at this worker or, through a ring, at another. Down: from a peer, or
 * from another allocation, to a client.
 *
 * Thread: the worker's.
 */
#include "relay/send.h"

#include "base/mem.h"

#include <errno.h>
#include <string.h>

/* ---- down ---- */

/*
 * Both drop what does not fit a Data indication: a STUN message says its length in 16 bits, and without its
 * head the data would break a stream's framing.
 */
static void down_datagram(struct turn_socket *s, const struct addr *peer, uint16_t channel,
			  const uint8_t *data, size_t len)
{
	struct worker *w = s->worker;
	uint8_t *head = NULL;
	size_t head_len = STUN_CHANNEL_HEADER_BYTES;
	out_room(w);
	if (!channel) {
		head = out_scratch(w, TURN_DATA_HEADER_MAX);
		head_len = turn_data_header(s->alloc, peer, len, head);
		if (head_len == 0)
			return;
	}
	struct out_entry *e = out_add(w, &w->out.down, &s->down);
	e->data = data;
	e->len = (uint16_t)len;
	if (channel)
		stun_channel_header(e->short_head, channel, (uint16_t)len);
	e->head = channel ? e->short_head : head;
	e->head_len = (uint8_t)head_len;
	e->pad = channel ? 0 : (uint8_t)stun_padding(len);
}

static void down_stream(struct turn_socket *s, const struct addr *peer, uint16_t channel, const uint8_t *data,
			size_t len)
{
	uint8_t head[TURN_DATA_HEADER_MAX];
	size_t head_len = STUN_CHANNEL_HEADER_BYTES;
	if (channel)
		stun_channel_header(head, channel, (uint16_t)len);
	else
		head_len = turn_data_header(s->alloc, peer, len, head);
	if (head_len > 0)
		client_data(turn_alloc_from(s->alloc)->user, head, head_len, data, len);
}

void deliver_down(struct turn_socket *s, const struct addr *peer, const uint8_t *data, size_t len,
		  size_t segment)
{
	struct worker *w = s->worker;
	uint64_t now_ms = loop_now_ms(w->loop);
	struct turn_down down;
	if (!s->alloc || !turn_down(s->alloc, peer, now_ms, &down))
		return;
	bool datagram = turn_alloc_from(s->alloc)->transport == TURN_UDP;
	size_t at = 0;
	do {
		size_t n = len - at < segment ? len - at : segment;
		if (!turn_spend(s->alloc, TURN_DOWN, n, now_ms))
			continue;
		if (datagram)
			down_datagram(s, peer, down.channel, data + at, n);
		else
			down_stream(s, peer, down.channel, data + at, n);
	} while ((at += segment) < len);
}

/* ---- in process ---- */

/* What lies in a ring: to whom, from whom, then the data. */
struct crossing {
	struct addr to;
	struct addr from;
};

static struct ring *ring_to(struct worker *w, unsigned other)
{
	_Atomic(struct ring *) *place = &w->shared->rings[w->number * w->shared->n_workers + other];
	struct ring *ring = atomic_load_explicit(place, memory_order_relaxed);
	if (ring)
		return ring;
	ring = ring_new(WORKER_RING_BYTES);
	atomic_store_explicit(place, ring, memory_order_release);
	return ring;
}

static void cross(struct worker *w, unsigned other, const struct turn_up *up, const uint8_t *data, size_t len)
{
	struct ring *ring = ring_to(w, other);
	uint8_t *at = ring ? ring_reserve(ring, (uint32_t)(sizeof(struct crossing) + len)) : NULL;
	if (at) {
		struct crossing c = {.to = up->peer, .from = up->relayed};
		memcpy(at, &c, sizeof(c));
		memcpy(at + sizeof(c), data, len);
		ring_commit(ring);
	} else {
		w->io.drop_ring_full++;
	}
	/* Also where it was full, so that it does not stay so. */
	w->woke[other] = w->woke_any = true;
	loop_defer(w->loop, &w->flush);
}

static void arrive(struct worker *w, const struct addr *to, const struct addr *from, const uint8_t *data,
		   size_t len)
{
	struct turn_socket *s = peer_find(w, to);
	if (s && s->alloc)
		deliver_down(s, from, data, len, len);
	else
		w->io.drop_no_local_peer++;
}

static void deliver_local(struct worker *w, const struct turn_up *up, const uint8_t *data, size_t len)
{
	bool ip6 = up->peer.sa.sa_family == AF_INET6;
	uint8_t owner = relay_ports_owner(&w->shared->ports, ip6, addr_port(&up->peer));
	if (owner == RELAY_NO_OWNER) {
		w->io.drop_no_local_peer++;
		return;
	}
	w->io.local_packets++;
	w->io.local_bytes += len;
	if (owner == w->number + 1)
		arrive(w, &up->peer, &up->relayed, data, len);
	else
		cross(w, owner - 1u, up, data, len);
}

static void drain(struct worker *w, struct ring *ring)
{
	uint32_t n;
	struct crossing c;
	for (const uint8_t *at; (at = ring_peek(ring, &n));) {
		memcpy(&c, at, sizeof(c));
		arrive(w, &c.to, &c.from, at + sizeof(c), n - sizeof(c));
	}
	/* What is put down for sending points into the ring. */
	out_flush(w);
	ring_release(ring);
}

void deliver_rings(struct worker *w)
{
	const struct relay_shared *sh = w->shared;
	for (unsigned from = 0; from < sh->n_workers; from++) {
		struct ring *ring = atomic_load_explicit(&sh->rings[from * sh->n_workers + w->number],
							 memory_order_acquire);
		if (ring)
			drain(w, ring);
	}
}

/* ---- up ---- */

/*
 * Don't Fragment is a socket's option, so such a datagram leaves alone. It is rare.
 *
 * PROBE, not DO: it is the client who discovers the path's MTU, and each time it tries the datagram is to
 * leave (RFC 8656 §15) and a router to answer it, whatever this machine has heard of that path before. Only
 * what the way out itself does not take is refused here.
 */
static void send_unfragmented(struct worker *w, const struct turn_up *up)
{
	struct turn_socket *s = up->socket;
	ssize_t n = -1;
	bool again = true;
	if (!s->tuned)
		peer_tune(s);
	out_flush(w);
	if (!peer_fragment(s, false)) {
		w->io.drop_send++;
		return;
	}
	/* The first may fail with the error of an earlier packet. */
	for (int tries = 0; n < 0 && again && tries < 2; tries++) {
		n = sendto(s->fd, up->data, up->len, MSG_DONTWAIT, &up->peer.sa, addr_len(&up->peer));
		again = n < 0 && send_is_report(errno) && !(errno == EMSGSIZE && icmp_read(s, &up->peer));
	}
	if (n < 0)
		w->io.drop_send++;
	else
		w->io.tx_packets++;
	w->io.tx_bytes += n > 0 ? (size_t)n : 0;
	(void)peer_fragment(s, true);
}

static void put_up(struct worker *w, struct turn_socket *s, const struct addr *to, const uint8_t *data,
		   size_t len)
{
	if (!s->tuned)
		peer_tune(s);
	struct out_entry *e = out_add(w, &w->out.up, &s->up);
	e->to = to;
	e->head = NULL;
	e->head_len = e->pad = 0;
	e->data = data;
	e->len = (uint16_t)len;
}

void deliver_channel(struct worker *w, struct up_run *run, uint16_t channel, const uint8_t *data, size_t len)
{
	uint64_t now_ms = loop_now_ms(w->loop);
	if (!run->alloc) {
		w->io.drop_no_allocation++;
		return;
	}
	if (run->channel != channel) {
		run->ok = turn_channel_up(run->alloc, channel, now_ms, &run->up);
		run->channel = channel;
		run->to = NULL;
	}
	if (!run->ok || !turn_spend(run->alloc, TURN_UP, len, now_ms))
		return;
	if (run->up.local) {
		deliver_local(w, &run->up, data, len);
		return;
	}
	out_room(w);
	if (!run->to || run->generation != w->out.generation) {
		run->to = out_dest(w, &run->up.peer);
		run->generation = w->out.generation;
	}
	put_up(w, run->up.socket, run->to, data, len);
}

void deliver_send(struct worker *w, struct turn_alloc *a, const uint8_t *msg, size_t len)
{
	uint64_t now_ms = loop_now_ms(w->loop);
	struct turn_up up;
	if (!a) {
		w->io.drop_no_allocation++;
		return;
	}
	if (!turn_send_up(a, msg, len, now_ms, &up) || !turn_spend(a, TURN_UP, up.len, now_ms))
		return;
	if (up.local) {
		deliver_local(w, &up, up.data, up.len);
	} else if (up.dont_fragment) {
		send_unfragmented(w, &up);
	} else {
		out_room(w);
		put_up(w, up.socket, out_dest(w, &up.peer), up.data, up.len);
	}
}

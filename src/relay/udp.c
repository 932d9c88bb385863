/*
 * What clients send to the listener sockets.
 *
 * One allocation is looked up for a whole burst.
 *
 * A socket bound to all addresses asks for each datagram's destination and answers from there: a client
 * behind a NAT would not see an answer from another address. That is also why "*" makes a socket for IPv4 and
 * one for IPv6.
 *
 * Thread: the worker's.
 */
#include "relay/worker.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_BYTES    (8 * 1024 * 1024)
#define RX_BATCH        64
#define ROUNDS_PER_WAKE 4

static void set_int(int fd, int level, int option, int value)
{
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

void udp_tune(int fd, int buffer_bytes)
{
	/* With CAP_NET_ADMIN beyond the system's limit, else up to it. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof(buffer_bytes)) < 0)
		set_int(fd, SOL_SOCKET, SO_RCVBUF, buffer_bytes);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer_bytes, sizeof(buffer_bytes)) < 0)
		set_int(fd, SOL_SOCKET, SO_SNDBUF, buffer_bytes);
	set_int(fd, SOL_UDP, UDP_GRO, 1);
}

/* ---- clients' datagrams ---- */

struct sender_state {
	struct turn_from from;
	struct up_run run;
	bool looked_up;
};

static void find_alloc(struct worker *w, struct sender_state *st)
{
	if (st->looked_up)
		return;
	st->run = (struct up_run){.alloc = turn_find(w->turn, &st->from.client, &st->from.server)};
	st->looked_up = true;
}

static void handle_message(struct udp_listener *l, struct sender_state *st, const uint8_t *data, size_t len)
{
	struct worker *w = l->worker;
	if (turn_is_send(data, len)) {
		find_alloc(w, st);
		deliver_send(w, st->run.alloc, data, len);
		return;
	}
	uint8_t *reply = out_reply(w);
	size_t n = worker_message(w, &st->from, data, len, reply);
	st->looked_up = false; /* it may have come or gone */
	if (n)
		out_reply_commit(w, l, &st->from.client, &st->from.server, n);
}

static void handle_datagram(struct udp_listener *l, struct sender_state *st, const uint8_t *data, size_t len)
{
	struct worker *w = l->worker;
	struct stun_frame f;
	switch (stun_kind_of(data[0])) {
	case STUN_KIND_CHANNEL:
		find_alloc(w, st);
		if (stun_channel_parse(data, len, &f) == 0)
			deliver_channel(w, &st->run, f.channel, f.data, f.len);
		else
			w->io.drop_malformed++;
		break;
	case STUN_KIND_MESSAGE:
		handle_message(l, st, data, len);
		break;
	default:
		w->io.drop_malformed++;
		break;
	}
}

static void handle_packet(struct udp_listener *l, const struct rx_packet *p)
{
	struct worker *w = l->worker;
	struct sender_state st;
	st.from = (struct turn_from){.transport = TURN_UDP, .client = p->from, .server = l->addr, .user = l};
	st.looked_up = false;
	if (l->any && p->to.sa.sa_family == l->addr.sa.sa_family) {
		st.from.server = p->to;
		addr_set_port(&st.from.server, addr_port(&l->addr));
	}
	w->io.rx_bytes += p->len;
	w->io.rx_bursts += p->len > p->segment;
	for (uint32_t at = 0; at < p->len; at += p->segment) {
		w->io.rx_packets++;
		handle_datagram(l, &st, p->data + at, p->len - at < p->segment ? p->len - at : p->segment);
	}
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct udp_listener *l = CONTAINER_OF(poll, struct udp_listener, poll);
	struct worker *w = l->worker;
	unsigned n = RX_BATCH;
	/* Without IP_RECVERR a socket that is not connected hears of no ICMP errors; should there ever be
	 * another, it is not to be the last that this one hears. */
	if (status < 0) {
		int r = uv_poll_start(poll, UV_READABLE, on_readable);
		assert(r == 0);
		(void)r;
	}
	for (int round = 0; n == RX_BATCH && round < ROUNDS_PER_WAKE; round++) {
		n = rx_receive(w, l->fd, &l->batch, RX_BATCH);
		for (unsigned k = 0; k < n; k++) {
			struct rx_packet p;
			rx_get(&w->rx, k, &p);
			handle_packet(l, &p);
		}
		rx_done(w, n);
	}
}

/* ---- opening ---- */

static bool is_any(const struct addr *a)
{
	return a->sa.sa_family == AF_INET ? a->in.sin_addr.s_addr == htonl(INADDR_ANY)
					  : IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr);
}

static int must_set(int fd, int level, int option)
{
	int on = 1;
	return setsockopt(fd, level, option, &on, sizeof(on)) < 0 ? -errno : 0;
}

static int open_socket(struct addr *a, bool any)
{
	bool ip6 = a->sa.sa_family == AF_INET6;
	int fd = socket(a->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int r = must_set(fd, SOL_SOCKET, SO_REUSEPORT);
	if (r == 0 && ip6)
		r = must_set(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	if (r == 0 && any)
		r = ip6 ? must_set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO) : must_set(fd, IPPROTO_IP, IP_PKTINFO);
	if (r == 0 && bind(fd, &a->sa, addr_len(a)) < 0)
		r = -errno;
	if (r < 0) {
		close(fd);
		return r;
	}
	/* Data for clients may be as long as it was when it came: let it be fragmented rather than lost. */
	set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	if (ip6)
		set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
	udp_tune(fd, BUFFER_BYTES);
	return fd;
}

static int listen_one(struct worker *w, const struct addr *a)
{
	struct udp_listener *l = mem_zalloc(sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->worker = w;
	l->addr = *a;
	l->any = is_any(a);
	l->fd = open_socket(&l->addr, l->any);
	int r = l->fd < 0 ? l->fd : uv_poll_init(&w->loop->uv, &l->poll, l->fd);
	if (r < 0) {
		if (l->fd >= 0)
			close(l->fd);
		mem_free(l);
		return r;
	}
	r = uv_poll_start(&l->poll, UV_READABLE, on_readable);
	assert(r == 0);
	l->next = w->udp;
	w->udp = l;
	return 0;
}

int udp_listen(struct worker *w, const struct addr *a)
{
	if (a->sa.sa_family != AF_INET6 || !is_any(a))
		return listen_one(w, a);
	struct addr v4 = {.in = {.sin_family = AF_INET, .sin_port = a->in6.sin6_port}};
	int r = listen_one(w, &v4);
	int r6 = r < 0 ? 0 : listen_one(w, a);
	/* "All addresses" means IPv4 alone on a machine without IPv6. */
	return r6 == -EAFNOSUPPORT || r6 == -EADDRNOTAVAIL ? 0 : r < 0 ? r : r6;
}

static void on_closed(uv_handle_t *h)
{
	mem_free(CONTAINER_OF((uv_poll_t *)h, struct udp_listener, poll));
}

void udp_close_all(struct worker *w)
{
	while (w->udp) {
		struct udp_listener *l = w->udp;
		w->udp = l->next;
		uv_close((uv_handle_t *)&l->poll, on_closed);
		close(l->fd);
	}
}

/*
 * The floor: the least that a program on sockets can do to relay UDP. It speaks enough TURN that the same
 * load runs through it, but authenticates nobody, checks nothing and looks nothing up: the channel number is
 * an index.
 *
 *   relay_floor ADDRESS PORT [--gso]
 *
 * Packets are received and sent by the batch. With --gso, super-packets are received whole (UDP_GRO) and
 * leave whole (UDP_SEGMENT). A channel bound to another client's relayed address goes straight to that
 * client. One epoll, one thread. Never for use: anyone can relay to anywhere through it.
 */
#include "tool.h"

#include "stun/build.h"
#include "stun/frame.h"
#include "stun/read.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/udp.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#define BATCH        64u
#define RELAY_BATCH  8u /* of one relay socket at once */
#define SUPER_MAX    65536u
#define SEGMENTS_MAX 64u
#define CHANNELS     4096u
#define CLIENTS_MAX  CHANNELS
#define SOCKET_BYTES (8 << 20)
#define HEADER_BYTES STUN_CHANNEL_HEADER_BYTES
#define LIFETIME_S   600
#define EVENTS_MAX   64

struct client {
	struct addr at;
	struct addr relayed;
	int fd;
	uint16_t channel;
	struct client *mate; /* the client whose relayed address its peer is, or NULL */
};

struct in {
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];
	struct addr from[BATCH];
	alignas(struct cmsghdr) uint8_t control[BATCH][64];
	uint8_t data[BATCH][SUPER_MAX];
};

struct out {
	uint32_t n;
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH][2 * SEGMENTS_MAX];
	alignas(struct cmsghdr) uint8_t control[BATCH][CMSG_SPACE(sizeof(uint16_t))];
};

static struct {
	bool gso;
	int fd, epoll;
	struct addr at;
	uint32_t n_clients;
	struct client clients[CLIENTS_MAX];
	struct client *by_channel[CHANNELS];
	uint8_t headers[BATCH][HEADER_BYTES];
	struct in in;
	struct out out;
} floor_;

static void watch(int fd, struct client *c)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

	if (epoll_ctl(floor_.epoll, EPOLL_CTL_ADD, fd, &ev))
		die("epoll_ctl: %s", strerror(errno));
}

static int open_socket(const struct addr *at)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), bytes = SOCKET_BYTES, on = 1;

	if (fd < 0 || bind(fd, &at->sa, addr_len(at)))
		die("bind: %s", strerror(errno));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) ||
	    (floor_.gso && setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof(on))))
		die("setsockopt: %s", strerror(errno));
	return fd;
}

static struct client *client_at(const struct addr *at)
{
	for (uint32_t i = 0; i < floor_.n_clients; i++)
		if (addr_equal(&floor_.clients[i].at, at))
			return &floor_.clients[i];
	return NULL;
}

static struct client *client_relayed(const struct addr *relayed)
{
	for (uint32_t i = 0; i < floor_.n_clients; i++)
		if (addr_equal(&floor_.clients[i].relayed, relayed))
			return &floor_.clients[i];
	return NULL;
}

static struct client *allocate(const struct addr *from)
{
	struct client *c = client_at(from);
	struct addr any = floor_.at;
	socklen_t len = sizeof(c->relayed);

	if (c)
		return c;
	if (floor_.n_clients == CLIENTS_MAX)
		die("more than %u clients", CLIENTS_MAX);
	c = &floor_.clients[floor_.n_clients++];
	addr_set_port(&any, 0);
	c->at = *from;
	c->fd = open_socket(&any);
	if (getsockname(c->fd, &c->relayed.sa, &len))
		die("getsockname: %s", strerror(errno));
	watch(c->fd, c);
	return c;
}

static void bind_channel(const struct stun_msg *m, const struct addr *from)
{
	struct client *c = client_at(from);
	struct addr peer;
	uint16_t channel;

	if (!c || stun_read_channel(m, &channel) || stun_read_xor_addr(m, STUN_ATTR_XOR_PEER_ADDRESS, &peer))
		die("a wrong ChannelBind");
	c->channel = channel;
	c->mate = client_relayed(&peer);
	floor_.by_channel[channel - STUN_CHANNEL_MIN] = c;
	if (!c->mate && connect(c->fd, &peer.sa, addr_len(&peer)))
		die("connect: %s", strerror(errno));
}

static void on_request(const uint8_t *data, size_t len, const struct addr *from)
{
	uint8_t buf[128];
	struct stun_msg m;
	struct stun_build b;
	size_t n;

	if (stun_msg_parse(&m, data, len) || m.class != STUN_REQUEST)
		return;
	stun_build_reply(&b, buf, sizeof(buf), &m, STUN_SUCCESS);
	stun_build_xor_addr(&b, STUN_ATTR_XOR_MAPPED_ADDRESS, from);
	if (m.method == STUN_ALLOCATE) {
		stun_build_xor_addr(&b, STUN_ATTR_XOR_RELAYED_ADDRESS, &allocate(from)->relayed);
		stun_build_u32(&b, STUN_ATTR_LIFETIME, LIFETIME_S);
	} else if (m.method == STUN_CHANNEL_BIND) {
		bind_channel(&m, from);
	}
	if (stun_build_end(&b, &n) || sendto(floor_.fd, buf, n, 0, &from->sa, addr_len(from)) < 0)
		die("cannot answer: %s", strerror(errno));
}

/* Into the places from @first on. Return: how many messages there were. */
static uint32_t receive(int fd, uint32_t first, uint32_t max)
{
	struct in *in = &floor_.in;
	int n;

	for (uint32_t i = first; i < first + max; i++) {
		struct msghdr *h = &in->msgs[i].msg_hdr;

		in->iov[i] = (struct iovec){in->data[i], SUPER_MAX};
		*h = (struct msghdr){.msg_name = &in->from[i],
				     .msg_namelen = sizeof(in->from[i]),
				     .msg_iov = &in->iov[i],
				     .msg_iovlen = 1,
				     .msg_control = floor_.gso ? in->control[i] : NULL,
				     .msg_controllen = floor_.gso ? sizeof(in->control[i]) : 0};
	}
	n = recvmmsg(fd, in->msgs + first, max, MSG_DONTWAIT, NULL);
	if (n < 0 && errno != EAGAIN && errno != EINTR && errno != ECONNREFUSED)
		die("recvmmsg: %s", strerror(errno));
	return n > 0 ? (uint32_t)n : 0;
}

/* How long each packet of a message is; all of it, unless the kernel put several together. */
static size_t segment_of(uint32_t i)
{
	struct msghdr *h = &floor_.in.msgs[i].msg_hdr;
	int size;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c))
		if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
			memcpy(&size, CMSG_DATA(c), sizeof(size));
			return (size_t)size;
		}
	return floor_.in.msgs[i].msg_len;
}

/* A refused or full moment loses packets, as it does in a network; the load sees it. */
static void flush(int fd)
{
	struct out *o = &floor_.out;

	for (uint32_t sent = 0; sent < o->n;) {
		int r = sendmmsg(fd, o->msgs + sent, o->n - sent, 0);

		sent += r > 0 ? (uint32_t)r : 1;
	}
	o->n = 0;
}

/* A message of @n_iov pieces to @to (NULL: connected), in packets of @segment bytes. */
static void put(uint32_t n_iov, size_t bytes, size_t segment, const struct addr *to)
{
	struct out *o = &floor_.out;
	struct cmsghdr *c = (struct cmsghdr *)o->control[o->n];
	uint16_t size = (uint16_t)segment;

	o->msgs[o->n].msg_hdr = (struct msghdr){.msg_name = to ? (void *)(uintptr_t)&to->sa : NULL,
						.msg_namelen = to ? addr_len(to) : 0,
						.msg_iov = o->iov[o->n],
						.msg_iovlen = n_iov};
	if (bytes > segment) {
		c->cmsg_level = SOL_UDP;
		c->cmsg_type = UDP_SEGMENT;
		c->cmsg_len = CMSG_LEN(sizeof(size));
		memcpy(CMSG_DATA(c), &size, sizeof(size));
		o->msgs[o->n].msg_hdr.msg_control = c;
		o->msgs[o->n].msg_hdr.msg_controllen = sizeof(o->control[0]);
	}
	o->n++;
}

static void to_peer(const struct client *c, uint8_t *data, size_t len, size_t segment)
{
	struct iovec *iov = floor_.out.iov[floor_.out.n];
	uint32_t n = 0;

	for (size_t at = 0; at + HEADER_BYTES < len && n < SEGMENTS_MAX; at += segment) {
		size_t end = at + segment < len ? at + segment : len;

		iov[n++] = (struct iovec){data + at + HEADER_BYTES, end - at - HEADER_BYTES};
	}
	put(n, len - n * HEADER_BYTES, segment - HEADER_BYTES, NULL);
	flush(c->fd);
}

static void to_mate(const struct client *mate, uint8_t *data, size_t len, size_t segment)
{
	for (size_t at = 0; at + HEADER_BYTES < len; at += segment) {
		data[at] = (uint8_t)(mate->channel >> 8);
		data[at + 1] = (uint8_t)mate->channel;
	}
	floor_.out.iov[floor_.out.n][0] = (struct iovec){data, len};
	put(1, len, segment, &mate->at);
}

static void on_listener(void)
{
	uint32_t n = receive(floor_.fd, 0, BATCH);

	/* Clients in pairs all or not at all, so what waits in the batch is for the listener alone. */
	for (uint32_t i = 0; i < n; i++) {
		uint8_t *data = floor_.in.data[i];
		size_t len = floor_.in.msgs[i].msg_len;
		struct client *c = NULL;

		if (len > HEADER_BYTES && stun_kind_of(data[0]) == STUN_KIND_CHANNEL)
			c = floor_.by_channel[((size_t)data[0] << 8 | data[1]) - STUN_CHANNEL_MIN];
		else
			on_request(data, len, &floor_.in.from[i]);
		if (c && c->mate)
			to_mate(c->mate, data, len, segment_of(i));
		else if (c)
			to_peer(c, data, len, segment_of(i));
	}
	flush(floor_.fd);
}

/* Each message that is received waits in out at its own place, so that those of many sockets leave together.
 */
static void on_relay(const struct client *c)
{
	uint32_t first, n;

	if (floor_.out.n > BATCH - RELAY_BATCH)
		flush(floor_.fd);
	first = floor_.out.n;
	n = receive(c->fd, first, RELAY_BATCH);
	for (uint32_t i = first; i < first + n; i++) {
		size_t len = floor_.in.msgs[i].msg_len, segment = segment_of(i);
		struct iovec *iov = floor_.out.iov[i];
		uint32_t k = 0;

		stun_channel_header(floor_.headers[i], c->channel, (uint16_t)segment);
		for (size_t at = 0; at < len && k < 2 * SEGMENTS_MAX; at += segment) {
			iov[k++] = (struct iovec){floor_.headers[i], HEADER_BYTES};
			iov[k++] = (struct iovec){floor_.in.data[i] + at,
						  len - at < segment ? len - at : segment};
		}
		put(k, len + k / 2 * HEADER_BYTES, segment + HEADER_BYTES, &c->at);
	}
}

static void on_events(const struct epoll_event *events, int n)
{
	bool listener = false;

	for (int i = 0; i < n; i++) {
		if (events[i].data.ptr)
			on_relay(events[i].data.ptr);
		else
			listener = true;
	}
	flush(floor_.fd);
	if (listener)
		on_listener();
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS_MAX];
	int n;

	if (argc < 3 || addr_parse(&floor_.at, argv[1], (uint16_t)atoi(argv[2])))
		die("usage: relay_floor ADDRESS PORT [--gso]");
	floor_.gso = argc > 3 && !strcmp(argv[3], "--gso");
	floor_.epoll = epoll_create1(EPOLL_CLOEXEC);
	floor_.fd = open_socket(&floor_.at);
	watch(floor_.fd, NULL);
	while ((n = epoll_wait(floor_.epoll, events, EVENTS_MAX, -1)) >= 0 || errno == EINTR)
		on_events(events, n);
	die("epoll_wait: %s", strerror(errno));
}

/*
 * Datagrams by the batch. Each goes out from an address of its own (IP_PKTINFO); a burst goes out as one
 * message with UDP_SEGMENT, which a virtual link hands on whole, so that it arrives as if the network card
 * had put it together. What the server sends that way is taken whole, too (UDP_GRO).
 *
 * Thread: the only one.
 */
#include "relay_load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/udp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define SOCKET_BYTES (64 << 20)
#define SUPER_MAX    65536u /* a super-packet is at most as long as a datagram */
#define CONTROL_MAX  (CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(uint16_t)))

struct tx {
	int fd;
	uint32_t n;
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_in to[BATCH];
	alignas(struct cmsghdr) uint8_t control[BATCH][CONTROL_MAX];
	uint8_t data[BATCH][BURST * SEGMENT_MAX];
};

struct rx {
	int fd;
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_in from[BATCH];
	alignas(struct cmsghdr) uint8_t control[BATCH][128];
	uint8_t data[BATCH][SUPER_MAX];
};

static void set_option(int fd, int level, int name, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)))
		die("setsockopt %d/%d: %s", level, name, strerror(errno));
}

int net_socket(uint16_t port, bool gro)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)))
		die("port %u: %s", port, strerror(errno));
	set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_BYTES);
	set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, SOCKET_BYTES);
	if (gro)
		set_option(fd, SOL_UDP, UDP_GRO, 1);
	return fd;
}

void net_stamps(int fd, bool on)
{
	set_option(fd, SOL_SOCKET, SO_TIMESTAMPNS, on);
}

struct tx *tx_new(int fd)
{
	struct tx *t = must_alloc(sizeof(*t));

	t->fd = fd;
	for (uint32_t i = 0; i < BATCH; i++)
		t->msgs[i].msg_hdr = (struct msghdr){.msg_name = &t->to[i],
						     .msg_namelen = sizeof(t->to[i]),
						     .msg_iov = &t->iov[i],
						     .msg_iovlen = 1,
						     .msg_control = t->control[i]};
	return t;
}

static struct cmsghdr *put_control(struct cmsghdr *c, int level, int type, size_t len)
{
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	return c;
}

uint8_t *tx_add(struct tx *t, uint32_t local, const struct sockaddr_in *to, size_t segment, uint32_t n)
{
	struct in_pktinfo info = {.ipi_spec_dst.s_addr = local};
	uint16_t size = (uint16_t)segment;
	struct msghdr *h;
	struct cmsghdr *c;
	uint32_t i;

	if (t->n == BATCH)
		tx_flush(t);
	i = t->n++;
	h = &t->msgs[i].msg_hdr;
	h->msg_controllen = CMSG_SPACE(sizeof(info)) + (n > 1 ? CMSG_SPACE(sizeof(size)) : 0);
	t->to[i] = *to;
	t->iov[i] = (struct iovec){t->data[i], segment * n};
	c = put_control((struct cmsghdr *)t->control[i], IPPROTO_IP, IP_PKTINFO, sizeof(info));
	memcpy(CMSG_DATA(c), &info, sizeof(info));
	if (n > 1) {
		c = put_control((struct cmsghdr *)(t->control[i] + CMSG_SPACE(sizeof(info))), SOL_UDP,
				UDP_SEGMENT, sizeof(size));
		memcpy(CMSG_DATA(c), &size, sizeof(size));
	}
	return t->data[i];
}

void tx_flush(struct tx *t)
{
	for (uint32_t sent = 0; sent < t->n;) {
		int r = sendmmsg(t->fd, t->msgs + sent, t->n - sent, 0);

		if (r < 0 && errno == EINTR)
			continue;
		/* ICMP errors of earlier packets come back here; what was refused is missed at the other end.
		 */
		if (r < 0 && errno == ECONNREFUSED)
			continue;
		if (r <= 0)
			die("sendmmsg: %s", strerror(errno));
		sent += (uint32_t)r;
	}
	t->n = 0;
}

struct rx *rx_new(int fd)
{
	struct rx *r = must_alloc(sizeof(*r));

	r->fd = fd;
	for (uint32_t i = 0; i < BATCH; i++) {
		r->iov[i] = (struct iovec){r->data[i], SUPER_MAX};
		r->msgs[i].msg_hdr = (struct msghdr){.msg_name = &r->from[i],
						     .msg_iov = &r->iov[i],
						     .msg_iovlen = 1,
						     .msg_control = r->control[i]};
	}
	return r;
}

/* One message: its segments are all as long as the control message says, but for the last. */
static uint32_t split(struct rx *r, uint32_t i, packet_fn fn, void *arg)
{
	struct msghdr *h = &r->msgs[i].msg_hdr;
	struct packet p = {.from = r->from[i]};
	size_t len = r->msgs[i].msg_len, step = len;
	struct timespec ts;
	uint32_t n = 0;
	int size;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
			memcpy(&size, CMSG_DATA(c), sizeof(size));
			step = (size_t)size;
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			memcpy(&ts, CMSG_DATA(c), sizeof(ts));
			p.stamp_ns = (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
		}
	}
	for (size_t at = 0; at < len; at += step, n++) {
		p.data = r->data[i] + at;
		p.len = len - at < step ? len - at : step;
		fn(arg, &p);
	}
	return n;
}

static uint32_t rx_batch(struct rx *r, uint32_t *messages, packet_fn fn, void *arg)
{
	uint32_t n = 0;
	int got;

	for (uint32_t i = 0; i < BATCH; i++) {
		r->msgs[i].msg_hdr.msg_namelen = sizeof(r->from[i]);
		r->msgs[i].msg_hdr.msg_controllen = sizeof(r->control[i]);
	}
	got = recvmmsg(r->fd, r->msgs, BATCH, MSG_DONTWAIT, NULL);
	if (got < 0 && errno != EAGAIN && errno != EINTR && errno != ECONNREFUSED)
		die("recvmmsg: %s", strerror(errno));
	*messages = got > 0 ? (uint32_t)got : 0;
	for (uint32_t i = 0; i < *messages; i++)
		n += split(r, i, fn, arg);
	return n;
}

uint32_t rx_poll(struct rx *r, uint32_t batches, packet_fn fn, void *arg)
{
	uint32_t n = 0, messages = BATCH;

	while (batches-- && messages == BATCH)
		n += rx_batch(r, &messages, fn, arg);
	return n;
}

void net_wait(int fd, uint32_t ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	if (poll(&p, 1, (int)ms) < 0 && errno != EINTR)
		die("poll: %s", strerror(errno));
}

/*
 * Datagrams to the kernel.
 *
 * A kernel or device that cannot segment says EIO, or EINVAL for a size that fits any path: then it is not
 * tried again. EINVAL for a larger size means that this path's MTU is smaller, which is remembered for that
 * path alone, or anybody could turn bursts off for everybody with datagrams that are too long.
 *
 * Thread: the worker's.
 */
#include "relay/send.h"

#include <errno.h>
#include <netinet/udp.h>
#include <string.h>

/* A segment of this size fits the smallest MTU that IPv6 allows. */
#define SAFE_SEGMENT 1172

/* Messages with data that the kernel has no room for, before the rest of a batch goes with them. */
#define FULL_MAX 8

static const uint8_t zeros[4];

/* ---- messages ---- */

void send_add(struct sender *sn, const void *data, size_t n)
{
	if (n)
		sn->iov[sn->n_iov++] = (struct iovec){.iov_base = (void *)data, .iov_len = n};
}

void send_entry(struct sender *sn, const struct out_entry *e)
{
	send_add(sn, e->head, e->head_len);
	send_add(sn, e->data, e->len);
	send_add(sn, zeros, e->pad);
}

static void put_control(struct msghdr *m, int level, int type, const void *value, size_t n)
{
	struct cmsghdr *c = (struct cmsghdr *)((uint8_t *)m->msg_control + m->msg_controllen);
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(n);
	memcpy(CMSG_DATA(c), value, n);
	m->msg_controllen += CMSG_SPACE(n);
}

/* Answers leave from the address that was asked. */
static void put_source(struct msghdr *m, const struct addr *from)
{
	if (from->sa.sa_family == AF_INET) {
		struct in_pktinfo info = {.ipi_spec_dst = from->in.sin_addr};
		put_control(m, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	} else {
		struct in6_pktinfo info = {.ipi6_addr = from->in6.sin6_addr,
					   .ipi6_ifindex = from->in6.sin6_scope_id};
		put_control(m, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	}
}

struct msghdr *send_begin(struct sender *sn, const struct addr *to, const struct addr *from)
{
	struct msghdr *m = &sn->msgs[sn->n_msgs].msg_hdr;
	*m = (struct msghdr){
		.msg_name = (void *)&to->sa,
		.msg_namelen = addr_len(to),
		.msg_iov = &sn->iov[sn->n_iov],
		.msg_control = sn->ctrl[sn->n_msgs],
	};
	if (from)
		put_source(m, from);
	return m;
}

void send_end(struct sender *sn, struct msghdr *m, const struct send_what *what)
{
	m->msg_iovlen = (size_t)(&sn->iov[sn->n_iov] - m->msg_iov);
	if (what->count > 1) {
		uint16_t size = (uint16_t)what->segment;
		put_control(m, SOL_UDP, UDP_SEGMENT, &size, sizeof(size));
	}
	if (m->msg_controllen == 0)
		m->msg_control = NULL;
	sn->what[sn->n_msgs++] = *what;
}

/* ---- to the kernel ---- */

static void count_sent(struct worker *w, uint32_t packets, uint32_t bytes)
{
	w->io.tx_packets += packets;
	w->io.tx_bytes += bytes;
	w->io.tx_bursts += packets > 1;
}

bool send_is_report(int err)
{
	return err == ECONNREFUSED || err == EHOSTUNREACH || err == ENETUNREACH || err == EHOSTDOWN ||
	       err == ENOPROTOOPT || err == EPROTO || err == EMSGSIZE;
}

/* Once more, for the error may have been a report. Return: 0; an errno. */
static int try_again(struct sender *sn, unsigned at)
{
	if (sendmsg(sn->fd, &sn->msgs[at].msg_hdr, MSG_DONTWAIT) < 0)
		return errno;
	count_sent(sn->w, sn->what[at].count, sn->what[at].bytes);
	return 0;
}

static void send_one(struct sender *sn, const struct msghdr *m)
{
	size_t bytes = 0;
	for (size_t i = 0; i < m->msg_iovlen; i++)
		bytes += m->msg_iov[i].iov_len;
	ssize_t n = sendmsg(sn->fd, m, MSG_DONTWAIT);
	if (n < 0 && send_is_report(errno))
		n = sendmsg(sn->fd, m, MSG_DONTWAIT);
	if (n < 0)
		sn->w->io.drop_send++;
	else
		count_sent(sn->w, 1, (uint32_t)bytes);
}

/* A burst that the kernel has refused, datagram by datagram. */
static void send_apart(struct sender *sn, unsigned at)
{
	struct worker *w = sn->w;
	struct msghdr m = sn->msgs[at].msg_hdr;
	struct iovec iov[3];
	m.msg_iov = iov;
	/* UDP_SEGMENT is the last control message. */
	m.msg_controllen -= CMSG_SPACE(sizeof(uint16_t));
	if (m.msg_controllen == 0)
		m.msg_control = NULL;
	uint32_t index = sn->what[at].first;
	for (uint32_t i = 0; i < sn->what[at].count; i++) {
		const struct out_entry *e = &w->out.entries[index - 1];
		iov[0] = (struct iovec){.iov_base = (void *)e->head, .iov_len = e->head_len};
		iov[1] = (struct iovec){.iov_base = (void *)e->data, .iov_len = e->len};
		iov[2] = (struct iovec){.iov_base = (void *)zeros, .iov_len = e->pad};
		m.msg_iovlen = ARRAY_LEN(iov);
		send_one(sn, &m);
		index = e->next;
	}
}

static bool burst_refused(struct sender *sn, unsigned at, int err)
{
	if (sn->what[at].count < 2 || (err != EIO && err != EINVAL && err != EMSGSIZE))
		return false;
	struct worker *w = sn->w;
	if (err == EIO || sn->what[at].segment <= SAFE_SEGMENT)
		w->out.no_burst = true;
	else
		sn->what[at].lane->no_burst = true;
	return true;
}

/* sendmmsg() stopped at message @at. Return: how many messages are dealt with. */
static unsigned handle_error(struct sender *sn, unsigned at, int err)
{
	if (send_is_report(err))
		err = try_again(sn, at);
	if (err == 0)
		return 1;
	if (burst_refused(sn, at, err)) {
		send_apart(sn, at);
		return 1;
	}
	/* The kernel's buffer is full: for a datagram that is the moment to be lost. What comes after it may
	 * be for others, so it is tried; but if there is no room again and again, there will be none for the
	 * rest. Replies come first in a batch and are few, so each of them is tried. */
	bool full = (err == EAGAIN || err == ENOBUFS) && sn->what[at].lane;
	unsigned n = full && ++sn->full == FULL_MAX ? sn->n_msgs - at : 1;
	for (unsigned i = at; i < at + n; i++)
		sn->w->io.drop_send += sn->what[i].count;
	return n;
}

/* One datagram to a peer, which has neither a head nor a control message, is the most frequent of all:
 * sendto() spares the kernel a copy of the header and of the list of parts. Return: as sendmmsg(). */
static int hand_over(struct sender *sn, unsigned at)
{
	const struct msghdr *m = &sn->msgs[at].msg_hdr;
	if (sn->n_msgs - at > 1)
		return sendmmsg(sn->fd, sn->msgs + at, sn->n_msgs - at, MSG_DONTWAIT);
	ssize_t n = m->msg_iovlen == 1 && !m->msg_control
			    ? sendto(sn->fd, m->msg_iov->iov_base, m->msg_iov->iov_len, MSG_DONTWAIT,
				     m->msg_name, m->msg_namelen)
			    : sendmsg(sn->fd, m, MSG_DONTWAIT);
	return n < 0 ? -1 : 1;
}

void send_all(struct sender *sn)
{
	unsigned at = 0;
	sn->full = 0;
	while (at < sn->n_msgs) {
		int n = hand_over(sn, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			at += handle_error(sn, at, errno);
			continue;
		}
		for (int i = 0; i < n; i++)
			count_sent(sn->w, sn->what[at + (unsigned)i].count, sn->what[at + (unsigned)i].bytes);
		at += (unsigned)n;
	}
	sn->n_msgs = sn->n_iov = 0;
}

void send_from(struct sender *sn, int fd)
{
	if (sn->n_msgs && sn->fd != fd)
		send_all(sn);
	sn->fd = fd;
}

void send_room(struct sender *sn)
{
	if (sn->n_msgs == SEND_MSGS || sn->n_iov + 3 * BURST_MAX_SEGMENTS > SEND_IOV)
		send_all(sn);
}

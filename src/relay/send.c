/*
 * Datagrams out, in batches.
 *
 * What a wake-up brings is put down here and leaves at the end of the loop's iteration, or when there is no
 * room for more. For each destination, or relay socket, there is a chain, and a run of equally long datagrams
 * in it to one address leaves as one message with UDP_SEGMENT, however its parts were mixed with others' when
 * they came: the kernel walks its stack once for up to 64 of them. All messages of one socket share one
 * sendmmsg().
 *
 * Data is not copied: an entry points to the receive arena, and a ChannelData header is four bytes beside it.
 *
 * A kernel or device that cannot segment says EIO, or EINVAL for a size that fits any path: then it is not
 * tried again. EINVAL for a larger size means that this path's MTU is smaller, which is remembered for that
 * path alone, or anybody could turn bursts off for everybody with datagrams that are too long.
 *
 * Thread: the worker's.
 */
#include "relay/worker.h"

#include "stun/frame.h"

#include <assert.h>
#include <errno.h>
#include <netinet/udp.h>
#include <string.h>

#define SEND_MSGS  64
#define SEND_IOV   1024
#define CTRL_BYTES 96

/* What the kernel takes in one message, with some room for headers. */
#define BURST_MAX_SEGMENTS 64
#define BURST_MAX_BYTES    65000
/* A segment of this size fits the smallest MTU that IPv6 allows. */
#define SAFE_SEGMENT 1172

struct sender {
	struct worker *w;
	int fd;
	unsigned n_msgs, n_iov;
	struct mmsghdr msgs[SEND_MSGS];
	struct {
		struct lane *lane; /* NULL: a reply */
		uint32_t first, count, bytes;
	} what[SEND_MSGS];
	struct iovec iov[SEND_IOV];
	uint8_t ctrl[SEND_MSGS][CTRL_BYTES];
};

static const uint8_t zeros[4];

static void on_defer(struct loop_defer *d)
{
	struct worker *w = CONTAINER_OF(d, struct worker, flush);
	out_flush(w);
	w->rx.used = 0;
}

void out_init(struct worker *w)
{
	list_init(&w->out.up);
	list_init(&w->out.down);
	loop_defer_init(&w->flush, on_defer);
}

static void schedule(struct worker *w)
{
	if (list_empty(&w->flush.node))
		loop_defer(w->loop, &w->flush);
}

uint8_t *out_reply(struct worker *w)
{
	if (w->out.n_replies == OUT_REPLIES)
		out_flush(w);
	return w->out.replies[w->out.n_replies].data;
}

void out_reply_commit(struct worker *w, struct udp_listener *l, const struct addr *to,
		      const struct addr *from, size_t len)
{
	struct out_reply *r = &w->out.replies[w->out.n_replies++];
	r->listener = l;
	r->to = *to;
	r->from = *from;
	r->len = (uint32_t)len;
	schedule(w);
}

const struct addr *out_dest(struct worker *w, const struct addr *a)
{
	struct addr *to = &w->out.dests[w->out.n_dests++];
	*to = *a;
	return to;
}

uint8_t *out_scratch(struct worker *w, size_t n)
{
	uint8_t *at = w->out.scratch + w->out.n_scratch;
	w->out.n_scratch += (uint32_t)n;
	return at;
}

void out_room(struct worker *w)
{
	const struct out *o = &w->out;
	if (o->n_entries == OUT_ENTRIES || o->n_dests == OUT_DESTS ||
	    o->n_scratch + TURN_DATA_HEADER_MAX > OUT_SCRATCH)
		out_flush(w);
}

struct out_entry *out_add(struct worker *w, struct list *dirty, struct lane *lane)
{
	struct out *o = &w->out;
	struct out_entry *e = &o->entries[o->n_entries++];
	e->next = 0;
	if (list_empty(&lane->node)) {
		list_append(dirty, &lane->node);
		lane->first = o->n_entries;
	} else {
		o->entries[lane->last - 1].next = o->n_entries;
	}
	lane->last = o->n_entries;
	schedule(w);
	return e;
}

void out_forget(struct lane *lane)
{
	list_unlink(&lane->node);
}

/* ---- messages of entries ---- */

static inline uint32_t size_of(const struct out_entry *e)
{
	return (uint32_t)e->head_len + e->len + e->pad;
}

static inline void put_iov(struct sender *sn, const void *data, size_t n)
{
	if (n)
		sn->iov[sn->n_iov++] = (struct iovec){.iov_base = (void *)data, .iov_len = n};
}

static inline void put_entry(struct sender *sn, const struct out_entry *e)
{
	put_iov(sn, e->head, e->head_len);
	put_iov(sn, e->data, e->len);
	put_iov(sn, zeros, e->pad);
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

static struct msghdr *begin(struct sender *sn, const struct addr *to, const struct addr *from,
			    struct lane *lane)
{
	struct msghdr *m = &sn->msgs[sn->n_msgs].msg_hdr;
	*m = (struct msghdr){
		.msg_name = (void *)&to->sa,
		.msg_namelen = addr_len(to),
		.msg_iov = &sn->iov[sn->n_iov],
		.msg_control = sn->ctrl[sn->n_msgs],
	};
	sn->what[sn->n_msgs].lane = lane;
	if (from)
		put_source(m, from);
	return m;
}

static void end(struct sender *sn, struct msghdr *m, uint32_t segment, uint32_t count, uint32_t bytes)
{
	m->msg_iovlen = (size_t)(&sn->iov[sn->n_iov] - m->msg_iov);
	if (count > 1) {
		uint16_t size = (uint16_t)segment;
		put_control(m, SOL_UDP, UDP_SEGMENT, &size, sizeof(size));
	}
	if (m->msg_controllen == 0)
		m->msg_control = NULL;
	sn->what[sn->n_msgs].count = count;
	sn->what[sn->n_msgs].bytes = bytes;
	sn->n_msgs++;
}

/* ---- to the kernel ---- */

static void count_sent(struct worker *w, uint32_t packets, uint32_t bytes)
{
	w->io.tx_packets += packets;
	w->io.tx_bytes += bytes;
	w->io.tx_bursts += packets > 1;
}

/* The error of an earlier packet (ICMP) is reported once, by whatever comes next, and that is not sent. */
static bool is_report(int err)
{
	return err == ECONNREFUSED || err == EHOSTUNREACH || err == ENETUNREACH || err == EHOSTDOWN ||
	       err == ENOPROTOOPT || err == EPROTO;
}

static void send_one(struct sender *sn, const struct msghdr *m)
{
	size_t bytes = 0;
	for (size_t i = 0; i < m->msg_iovlen; i++)
		bytes += m->msg_iov[i].iov_len;
	ssize_t n = sendmsg(sn->fd, m, MSG_DONTWAIT);
	if (n < 0 && is_report(errno))
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
	uint32_t segment = size_of(&w->out.entries[sn->what[at].first - 1]);
	if (err == EIO || segment <= SAFE_SEGMENT)
		w->out.no_burst = true;
	else
		sn->what[at].lane->no_burst = true;
	return true;
}

/* sendmmsg() stopped at message @at. Return: how many messages are dealt with. */
static unsigned handle_error(struct sender *sn, unsigned at, int err)
{
	if (burst_refused(sn, at, err)) {
		send_apart(sn, at);
		return 1;
	}
	if (is_report(err)) {
		send_one(sn, &sn->msgs[at].msg_hdr);
		return 1;
	}
	/* The kernel's buffer is full: for a datagram that is the moment to be lost. */
	bool full = err == EAGAIN || err == ENOBUFS;
	unsigned n = full ? sn->n_msgs - at : 1;
	for (unsigned i = at; i < at + n; i++)
		sn->w->io.drop_send += sn->what[i].count;
	return n;
}

static void submit(struct sender *sn)
{
	unsigned at = 0;
	while (at < sn->n_msgs) {
		int n = sendmmsg(sn->fd, sn->msgs + at, sn->n_msgs - at, MSG_DONTWAIT);
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

static void use_fd(struct sender *sn, int fd)
{
	if (sn->n_msgs && sn->fd != fd)
		submit(sn);
	sn->fd = fd;
}

static void make_room(struct sender *sn)
{
	if (sn->n_msgs == SEND_MSGS || sn->n_iov + 3 * BURST_MAX_SEGMENTS > SEND_IOV)
		submit(sn);
}

/* ---- chains ---- */

struct path {
	const struct addr *to;   /* NULL: each entry has its own */
	const struct addr *from; /* NULL: the socket's */
};

/* One message of as many entries as may go together. Return: the first that may not. */
static uint32_t put_run(struct sender *sn, struct lane *lane, const struct path *path, uint32_t index)
{
	const struct out *o = &sn->w->out;
	const struct out_entry *e = &o->entries[index - 1];
	const struct addr *to = path->to ? path->to : e->to;
	uint32_t segment = size_of(e);
	uint32_t most = o->no_burst || lane->no_burst || segment == 0 ? 1 : BURST_MAX_SEGMENTS;
	make_room(sn);
	struct msghdr *m = begin(sn, to, path->from, lane);
	sn->what[sn->n_msgs].first = index;
	uint32_t count = 0;
	uint32_t bytes = 0;
	uint32_t size = segment;
	do {
		put_entry(sn, e);
		count++;
		bytes += size;
		index = e->next;
		if (index == 0 || size < segment || count == most)
			break;
		e = &o->entries[index - 1];
		size = size_of(e);
	} while (size <= segment && size > 0 && bytes + size <= BURST_MAX_BYTES &&
		 (path->to || e->to == to || addr_equal(e->to, to)));
	end(sn, m, segment, count, bytes);
	return index;
}

static void put_lane(struct sender *sn, struct lane *lane, const struct path *path)
{
	for (uint32_t index = lane->first; index;)
		index = put_run(sn, lane, path, index);
	list_unlink(&lane->node);
}

static void put_replies(struct sender *sn)
{
	struct out *o = &sn->w->out;
	for (uint32_t i = 0; i < o->n_replies; i++) {
		struct out_reply *r = &o->replies[i];
		use_fd(sn, r->listener->fd);
		make_room(sn);
		struct msghdr *m = begin(sn, &r->to, r->listener->any ? &r->from : NULL, NULL);
		put_iov(sn, r->data, r->len);
		end(sn, m, 0, 1, r->len);
	}
}

static void put_down(struct sender *sn)
{
	LIST_FOREACH (node, &sn->w->out.down) {
		struct turn_socket *s =
			CONTAINER_OF(LIST_ENTRY(node, struct lane, node), struct turn_socket, down);
		const struct turn_from *from = turn_alloc_from(s->alloc);
		const struct udp_listener *l = from->user;
		use_fd(sn, l->fd);
		put_lane(sn, &s->down,
			 &(struct path){.to = &from->client, .from = l->any ? &from->server : NULL});
	}
}

static void put_up(struct sender *sn)
{
	LIST_FOREACH (node, &sn->w->out.up) {
		struct turn_socket *s =
			CONTAINER_OF(LIST_ENTRY(node, struct lane, node), struct turn_socket, up);
		use_fd(sn, s->fd);
		put_lane(sn, &s->up, &(struct path){0});
	}
}

static void wake_others(struct worker *w)
{
	if (!w->woke_any)
		return;
	w->woke_any = false;
	for (unsigned i = 0; i < w->shared->n_workers; i++) {
		if (!w->woke[i])
			continue;
		w->woke[i] = false;
		mailbox_wake(&w->shared->workers[i]->mailbox);
	}
}

void out_flush(struct worker *w)
{
	struct out *o = &w->out;
	wake_others(w);
	if (o->n_replies || !list_empty(&o->down) || !list_empty(&o->up)) {
		/* Clearing this, as the build does by default, would cost more than sending a packet. */
		__attribute__((uninitialized)) struct sender sn;
		sn.w = w;
		sn.n_msgs = sn.n_iov = 0;
		put_replies(&sn);
		put_down(&sn);
		put_up(&sn);
		submit(&sn);
	}
	o->n_replies = o->n_entries = o->n_dests = o->n_scratch = 0;
	o->generation++;
	worker_arm(w);
}

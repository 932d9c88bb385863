/*
 * Receiving datagrams.
 *
 * recvmmsg() fills slots of an arena, in which a burst that the kernel has put together (UDP_GRO) is one
 * entry. The slots stay as they are until what they hold has been sent on (out.c), so that nothing is copied.
 *
 * How much is gathered before it is sent: of 100 clients with single packets, 192 are two for each, which
 * leave together; of 1,000 they are still one for each, and only more than a cache holds well. So many are
 * gathered as long as that pays, and tried again now and then. Bursts fill a cache before they fill slots, so
 * there is a limit in bytes too.
 *
 * Thread: the worker's.
 */
#include "relay/worker.h"

#include "base/mem.h"

#include <errno.h>
#include <netinet/udp.h>
#include <string.h>

#define GATHER_BYTES (512 * 1024)
#define GATHER_FEW   64
#define TRY_AFTER    64

void rx_init(struct rx *rx)
{
	for (unsigned slot = 0; slot < RX_SLOTS; slot++) {
		rx->iov[slot] = (struct iovec){.iov_base = rx->arena + (size_t)slot * RX_STRIDE,
					       .iov_len = RX_SLOT_BYTES};
		rx->msgs[slot].msg_hdr = (struct msghdr){
			.msg_name = &rx->names[slot],
			.msg_iov = &rx->iov[slot],
			.msg_iovlen = 1,
			.msg_control = rx->ctrl[slot],
		};
	}
}

void rx_reset(struct rx *rx)
{
	rx->used = 0;
	rx->bytes = 0;
}

void rx_tidy(struct rx *rx)
{
	if (rx->used == 0)
		mem_forget(rx->arena, (size_t)RX_SLOTS * RX_STRIDE);
}

/* As many as were to be have been gathered: are many worth it, with more than three for two lanes? */
static void choose(struct rx *rx, const struct out *o)
{
	if (rx->many)
		rx->many = o->n_entries * 2 > o->n_lanes * 3;
	else
		rx->many = ++rx->few == TRY_AFTER;
	if (rx->many)
		rx->few = 0;
}

/* Slots that may be filled now. */
static unsigned room(struct worker *w)
{
	struct rx *rx = &w->rx;
	unsigned most = rx->many ? RX_SLOTS : GATHER_FEW;
	if (rx->used >= most || rx->bytes >= GATHER_BYTES) {
		if (rx->used >= most)
			choose(rx, &w->out);
		out_flush(w);
		rx_reset(rx);
		most = rx->many ? RX_SLOTS : GATHER_FEW;
	}
	return most - rx->used;
}

/* What the kernel changes in a header. */
static void prepare(struct msghdr *m)
{
	m->msg_namelen = sizeof(struct sockaddr_storage);
	m->msg_controllen = RX_CTRL_BYTES;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

unsigned rx_receive(struct worker *w, int fd, struct rx_batch *batch, unsigned max)
{
	struct rx *rx = &w->rx;
	unsigned hoped = batch->want ? batch->want : 1;
	unsigned want = least(hoped, room(w));
	for (unsigned i = 0; i < want; i++)
		prepare(&rx->msgs[rx->used + i].msg_hdr);
	int r = recvmmsg(fd, rx->msgs + rx->used, want, MSG_DONTWAIT, NULL);
	/* Errors of earlier packets are reported here too; what matters of them is in the error queue. */
	unsigned n = r > 0 ? (unsigned)r : 0;
	if (n < want)
		batch->want = (uint8_t)n;
	else if (n == hoped)
		batch->want = (uint8_t)least(2 * n, max);
	return n;
}

void rx_done(struct worker *w, unsigned n)
{
	struct rx *rx = &w->rx;
	for (unsigned k = 0; k < n; k++)
		rx->bytes += rx->msgs[rx->used + k].msg_len;
	rx->used += n;
	if (n)
		loop_defer(w->loop, &w->flush);
}

static void read_control(struct msghdr *m, struct rx_packet *out)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
			int size;
			memcpy(&size, CMSG_DATA(c), sizeof(size));
			out->segment = (uint32_t)size;
		} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			out->to.in = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = info.ipi_addr};
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			out->to.in6 =
				(struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_addr = info.ipi6_addr};
			if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
				out->to.in6.sin6_scope_id = info.ipi6_ifindex;
		}
	}
}

void rx_get(struct rx *rx, unsigned k, struct rx_packet *out)
{
	unsigned slot = rx->used + k;
	struct msghdr *m = &rx->msgs[slot].msg_hdr;
	*out = (struct rx_packet){.data = rx->iov[slot].iov_base, .len = rx->msgs[slot].msg_len};
	out->segment = out->len;
	/* These sockets are of one family, which never is anything else. */
	int r = addr_from_sockaddr(&out->from, (const struct sockaddr *)&rx->names[slot]);
	if (r < 0 || (m->msg_flags & MSG_TRUNC))
		out->len = 0;
	read_control(m, out);
	if (out->segment == 0)
		out->segment = out->len;
}

/*
 * Errors of what was sent to peers. They come through the relay socket's error queue (IP_RECVERR) with the
 * address that the packet was for, and go to the client as Data indications with the ICMP attribute.
 *
 * Thread: the worker's.
 */
#include "relay/worker.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#define ERRORS_PER_WAKEUP 16

/* An error of the queue. */
struct peer_error {
	struct addr peer;
	uint8_t type;
	uint16_t code;
	uint32_t info;
	bool from_icmp; /* else our own kernel's: a datagram that is larger than the way out takes */
};

/* What this machine says itself says it as the first router would. */
static bool read_own_error(const struct sock_extended_err *e, bool ip6, struct peer_error *out)
{
	if (e->ee_origin != SO_EE_ORIGIN_LOCAL || e->ee_errno != EMSGSIZE)
		return false;
	out->type = ip6 ? ICMP6_PACKET_TOO_BIG : ICMP_DEST_UNREACH;
	out->code = ip6 ? 0 : ICMP_FRAG_NEEDED;
	out->info = e->ee_info;
	return true;
}

/* Return: whether the message says an error that is of use. */
static bool parse_error(const struct turn_socket *s, struct msghdr *m, struct peer_error *out)
{
	if (addr_from_sockaddr(&out->peer, m->msg_name) < 0)
		return false;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		struct sock_extended_err e;
		bool ours = (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
			    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR);
		if (!ours)
			continue;
		memcpy(&e, CMSG_DATA(c), sizeof(e));
		out->from_icmp = e.ee_origin == SO_EE_ORIGIN_ICMP || e.ee_origin == SO_EE_ORIGIN_ICMP6;
		if (!out->from_icmp)
			return read_own_error(&e, s->ip6, out);
		out->type = e.ee_type;
		out->code = e.ee_code;
		out->info = e.ee_info;
		return true;
	}
	return false;
}

static void tell_client(struct turn_socket *s, const struct peer_error *e)
{
	struct worker *w = s->worker;
	const struct turn_from *from = turn_alloc_from(s->alloc);
	uint8_t msg[TURN_REPLY_MAX];
	size_t n = turn_icmp(s->alloc, &e->peer, e->type, e->code, e->info, loop_now_ms(w->loop), msg);
	w->io.icmp++;
	if (n && from->transport != TURN_UDP) {
		client_data(from->user, msg, n, NULL, 0);
	} else if (n) {
		memcpy(out_reply(w), msg, n);
		out_reply_commit(w, from->user, &from->client, &from->server, n);
	}
}

bool icmp_read(struct turn_socket *s, const struct addr *refused)
{
	bool met = false;
	for (int i = 0; i < ERRORS_PER_WAKEUP; i++) {
		uint8_t ctrl[512];
		struct sockaddr_storage name;
		struct peer_error e;
		struct msghdr m = {.msg_name = &name,
				   .msg_namelen = sizeof(name),
				   .msg_control = ctrl,
				   .msg_controllen = sizeof(ctrl)};
		if (recvmsg(s->fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			break;
		if (!parse_error(s, &m, &e) || (!e.from_icmp && !refused))
			continue;
		if (!e.from_icmp)
			e.peer = *refused;
		met = met || !e.from_icmp;
		tell_client(s, &e);
	}
	return met;
}

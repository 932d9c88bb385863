/*
 * The watch over this machine's addresses: none of them may be a peer, and one of them is what is relayed
 * from. Each worker is given a list of its own where they have changed.
 *
 * The kernel tells of a change through rtnetlink, so that a new address is no peer from the first moment on.
 * What it says is not read: the list is asked for anew, once for all that has been told. It is asked for
 * every SLOW_MS as well, for a message may get lost (ENOBUFS, or a kernel that does not send them), and every
 * FAST_MS where there can be no such socket.
 *
 * Thread: the control loop's; run_addresses() is the worker's.
 */
#include "relay/control.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <unistd.h>

#define SLOW_MS 60000
#define FAST_MS 5000

struct addresses_order {
	struct order order;
	struct worker_addresses fresh;
};

static void run_addresses(struct order *o, struct worker *w)
{
	struct addresses_order *ao = CONTAINER_OF(o, struct addresses_order, order);
	struct turn_policy *old = w->addresses.policy;
	w->addresses = ao->fresh;
	if (w->turn)
		turn_set_policy(w->turn, w->addresses.policy);
	turn_policy_free(old);
	mem_free(ao);
}

static int send_addresses(struct relay *r, const struct address_list *own)
{
	for (unsigned i = 0; i < r->shared->n_workers; i++) {
		struct addresses_order *o = mem_zalloc(sizeof(*o));
		int rc = o ? addresses_make(&r->params, own, &o->fresh) : -ENOMEM;
		if (rc == 0) {
			o->order.run = run_addresses;
			rc = order_post(r->shared->workers[i], &o->order, "addresses");
			if (rc < 0)
				turn_policy_free(o->fresh.policy);
		}
		if (rc < 0) {
			mem_free(o);
			return rc;
		}
	}
	return 0;
}

static void look(struct relay *r)
{
	struct address_list own;
	loop_timer_start(r->loop, &r->addresses_timer, r->netlink_fd < 0 ? FAST_MS : SLOW_MS);
	int rc = addresses_own(&own);
	if (rc < 0) {
		log_error("cannot read this machine's addresses error=%s", strerror(-rc));
		loop_timer_start(r->loop, &r->addresses_timer, FAST_MS);
		return;
	}
	bool same = addresses_equal(&own, &r->own);
	rc = same ? 0 : send_addresses(r, &own);
	if (same || rc < 0) {
		/* What failed is tried again soon, for r->own is still the old list. */
		if (rc < 0) {
			log_error("cannot pass on this machine's new addresses error=%s", strerror(-rc));
			loop_timer_start(r->loop, &r->addresses_timer, FAST_MS);
		}
		addresses_free(&own);
		return;
	}
	log_info("this machine's addresses have changed count=%zu", own.count);
	addresses_free(&r->own);
	r->own = own;
}

static void on_time(struct wheel_timer *t, uint64_t now_ms)
{
	look(CONTAINER_OF(t, struct relay, addresses_timer));
}

static void on_netlink(uv_poll_t *poll, int status, int events)
{
	struct relay *r = CONTAINER_OF(poll, struct relay, netlink);
	uint8_t buf[8192];
	ssize_t n;
	/* Messages that did not fit are told of as ENOBUFS, once; libuv stops at that error. */
	if (status < 0)
		(void)uv_poll_start(poll, UV_READABLE, on_netlink);
	do {
		n = recv(r->netlink_fd, buf, sizeof(buf), MSG_DONTWAIT);
	} while (n >= 0 || errno == EINTR || errno == ENOBUFS);
	look(r);
}

static int open_netlink(void)
{
	struct sockaddr_nl groups = {.nl_family = AF_NETLINK,
				     .nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&groups, sizeof(groups)) == 0)
		return fd;
	int rc = -errno;
	close(fd);
	return rc;
}

static int listen_to_kernel(struct relay *r)
{
	int fd = open_netlink();
	int rc = fd < 0 ? fd : uv_poll_init(&r->loop->uv, &r->netlink, fd);
	if (rc < 0) {
		if (fd >= 0)
			close(fd);
		return rc;
	}
	rc = uv_poll_start(&r->netlink, UV_READABLE, on_netlink);
	assert(rc == 0);
	r->netlink_fd = fd;
	return 0;
}

void watch_init(struct relay *r)
{
	r->netlink_fd = -1;
	wheel_timer_init(&r->addresses_timer, on_time);
}

void watch_start(struct relay *r)
{
	int rc = listen_to_kernel(r);
	if (rc < 0)
		log_warn("the kernel does not tell of new addresses, looking every %d s instead error=%s",
			 FAST_MS / 1000, strerror(-rc));
	/* What has changed since the start was told to nobody. */
	look(r);
}

void watch_stop(struct relay *r)
{
	loop_timer_stop(r->loop, &r->addresses_timer);
	if (r->netlink_fd < 0)
		return;
	uv_close((uv_handle_t *)&r->netlink, NULL);
	close(r->netlink_fd);
	r->netlink_fd = -1;
}

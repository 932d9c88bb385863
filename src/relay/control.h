/*
 * Inside of the relay: what the control loop has of it, for the files that are its side of things.
 *
 *   relay.c  start and end
 *   orders.c revoking, new secrets, new certificates: an order to each worker
 *   count.c  every worker's counters, asked for and put together
 *   watch.c  this machine's addresses, looked at when they change
 *
 * The last worker has no thread: it lives on the control loop and takes the streams that arrive there (ADR
 * 6). It has no listeners of its own, but the same port directory and rings as the others.
 *
 * Thread: the control loop's.
 */
#ifndef PARLEY_RELAY_CONTROL_H
#define PARLEY_RELAY_CONTROL_H

#include "relay/worker.h"

struct relay {
	struct loop *loop;
	struct relay_params params; /* lists in it are copies, as far as they are needed after the start */
	struct relay_shared *shared;
	struct address_list own;
	struct wheel_timer addresses_timer;
	uv_poll_t netlink;
	int netlink_fd;    /* -1: none */
	unsigned counting; /* relay_count() under way */
	struct wheel_timer revoke_timer;
	bool stopped;
};

/** relay_home() - the worker of the control loop. */
struct worker *relay_home(const struct relay *r);

/* How many reports can be on their way to the home worker. Each has its place in the mailbox. */
#define REPORTS_MAX 64

/* orders.c */
void orders_init(struct relay *r);
void orders_stop(struct relay *r);
/** order_post() - logs with the order's name, @what, where it cannot be done. Return: 0; -errno: @o is still
 * the caller's. */
int order_post(struct worker *w, struct order *o, const char *what) MUST_CHECK;

/* watch.c */
void watch_init(struct relay *r);
void watch_start(struct relay *r);
void watch_stop(struct relay *r);

#endif

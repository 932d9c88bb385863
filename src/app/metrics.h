/* GET /metrics, on its own listener: counters as Prometheus' text format (0.0.4). No label grows with users.
 */
#ifndef PARLEY_APP_METRICS_H
#define PARLEY_APP_METRICS_H

#include "app/service.h"

#define METRICS_LISTENERS_MAX 8

struct metrics {
	struct http_server *http; /* NULL: there are none */
	struct net_listener *listeners[METRICS_LISTENERS_MAX];
	size_t n_listeners;
	struct relay *relay;
	const struct service *service;
};

/**
 * metrics_open() - serve them as metrics.* says
 * @relay, @service: either may be NULL. Return: 0; -errno, after logging why; metrics_close() is due either
 * way.
 */
int metrics_open(struct metrics *m, const struct config *c, struct loop *l, struct relay *relay,
		 const struct service *service) MUST_CHECK;

/** metrics_close() - before the relay is stopped; connections are gone when the loop has run out. */
void metrics_close(struct metrics *m);

/** metrics_write() - all counters into @out; @n: how many workers @each has. Return: 0; -ENOMEM; -ENOBUFS. */
int metrics_write(struct buf *out, const struct relay_counters *each, size_t n,
		  const struct service *s) MUST_CHECK;

#endif

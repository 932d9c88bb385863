/*
 * The load generator's event loop.
 * Thread: the only one.
 */
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

/* Connections that may be in their set-up at once: enough to keep a server busy, less than any listen
 * backlog. */
#define OPENING_MAX 128
#define EVENTS_MAX  512

static void raise_nofile(uint32_t conns)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim))
		die("getrlimit: %s", strerror(errno));
	lim.rlim_cur = lim.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &lim))
		die("setrlimit: %s", strerror(errno));
	if (lim.rlim_cur < conns + 64ul)
		die("%u connections need more than the %lu open files allowed here", conns,
		    (unsigned long)lim.rlim_cur);
}

static void make_clients(struct load *l)
{
	uint32_t n = l->opt.conns;

	l->clients = must_alloc(n * sizeof(*l->clients));
	for (uint32_t i = 0; i < n; i++) {
		struct client *c = &l->clients[i];
		c->load = l;
		c->fd = -1;
		c->mate = &l->clients[i ^ 1];
		if (getrandom(&c->mask, sizeof(c->mask), 0) != sizeof(c->mask))
			die("getrandom: %s", strerror(errno));
	}
}

static void make_tls(struct load *l)
{
	l->tls = SSL_CTX_new(TLS_client_method());
	if (!l->tls)
		die("out of memory for TLS");
	/* The server's certificate is one it made itself a moment ago; there is nobody on loopback to hide
	 * from. */
	SSL_CTX_set_verify(l->tls, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_mode(l->tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					 SSL_MODE_RELEASE_BUFFERS);
}

struct load *load_new(const struct options *opt)
{
	struct load *l = must_alloc(sizeof(*l));

	l->opt = *opt;
	raise_nofile(opt->conns);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0)
		die("epoll_create1: %s", strerror(errno));
	if (opt->tls)
		make_tls(l);
	make_clients(l);
	dialect_make_rooms(l);
	l->now_ns = now_ns();
	return l;
}

void load_free(struct load *l)
{
	for (uint32_t i = 0; i < l->opt.conns; i++)
		client_deinit(&l->clients[i]);
	free(l->clients);
	free(l->first_failure);
	SSL_CTX_free(l->tls);
	close(l->epoll);
	free(l);
}

void load_poll(struct load *l, uint64_t until_ns)
{
	struct epoll_event events[EVENTS_MAX];
	uint64_t now = now_ns(), wait = until_ns > now ? until_ns - now : 0;
	struct timespec ts = {.tv_sec = (time_t)(wait / NS_PER_S), .tv_nsec = (long)(wait % NS_PER_S)};
	int n = epoll_pwait2(l->epoll, events, EVENTS_MAX, &ts, NULL);

	if (n < 0 && errno != EINTR)
		die("epoll_pwait2: %s", strerror(errno));
	l->now_ns = now_ns();
	for (int i = 0; i < n; i++)
		client_event(events[i].data.ptr, events[i].events);
}

void load_open_all(struct load *l, uint32_t first, uint32_t end)
{
	uint64_t deadline = now_ns() + l->opt.timeout_ms * NS_PER_MS;
	uint32_t next = first;

	while (l->n_paired < end) {
		/* Both of a pair go in together, or the last slots could all wait for mates that have none.
		 */
		while (next < end && l->n_open - l->n_joined < OPENING_MAX)
			client_open(&l->clients[next++]);
		load_poll(l, deadline);
		if (l->now_ns >= deadline)
			die("only %u of %u connections got ready in %u ms", l->n_paired, end,
			    l->opt.timeout_ms);
	}
}

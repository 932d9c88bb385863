/*
 * TCP listeners.
 *
 * The socket options of a connection are set on the listening socket, from which Linux copies them: no system
 * call is spent on them per connection. Many connections are accepted in one wake-up, but not so many that
 * those already open would have to wait.
 *
 * When the process is out of file descriptors or memory, what has not been accepted stays in the kernel's
 * backlog, which costs us nothing, and accepting pauses for a moment: level-triggered polling would spin.
 *
 * Thread: the loop's.
 */
#include "net/stream_internal.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

#define ACCEPTS_PER_WAKEUP 128
#define STARVED_PAUSE_MS   200
#define STARVED_LOG_MS     60000

/* A peer that has vanished without a word is noticed after 60 + 4 * 15 seconds. */
#define KEEPALIVE_IDLE_S     60
#define KEEPALIVE_INTERVAL_S 15
#define KEEPALIVE_PROBES     4

struct net_listener {
	uv_poll_t poll;
	struct loop *loop;
	struct net_listen_params params;
	struct addr addr;
	struct wheel_timer retry; /* ends the pause after running out of something */
	uint64_t next_log_ms;     /* no line about that before then */
	int fd;
	bool bound_to_any; /* the local address differs from connection to connection */
	bool closing;
};

static void on_acceptable(uv_poll_t *poll, int status, int events);
static void retry_fired(struct wheel_timer *t, uint64_t now_ms);

static int set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static bool is_any(const struct addr *a)
{
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_addr.s_addr == htonl(INADDR_ANY);
	return IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr);
}

static int set_options(int fd, const struct net_listen_params *p)
{
	const struct addr *a = &p->addr;
	int r = set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (r == 0 && p->reuse_port)
		r = set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (r == 0 && a->sa.sa_family == AF_INET6)
		r = set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, !is_any(a));
	if (r == 0)
		r = set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (r == 0)
		r = set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	if (r == 0)
		r = set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
	if (r == 0)
		r = set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
	if (r == 0)
		r = set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
	return r;
}

/* Return: a listening socket; -errno. */
static int open_socket(const struct net_listen_params *p)
{
	const struct addr *a = &p->addr;
	int fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int r = set_options(fd, p);
	if (r == 0 && bind(fd, &a->sa, addr_len(a)) < 0)
		r = -errno;
	if (r == 0 && listen(fd, p->backlog > 0 ? p->backlog : SOMAXCONN) < 0)
		r = -errno;
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

/* "Any address" means IPv4 alone on a machine without IPv6. */
static int open_socket_or_ipv4(const struct net_listen_params *p)
{
	const struct addr *a = &p->addr;
	int fd = open_socket(p);
	bool no_ipv6 = fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL;
	if (!no_ipv6 || a->sa.sa_family != AF_INET6 || !is_any(a))
		return fd;
	struct net_listen_params v4 = *p;
	v4.addr = (struct addr){.in = {.sin_family = AF_INET, .sin_port = a->in6.sin6_port}};
	return open_socket(&v4);
}

static int socket_addr(int fd, struct addr *out)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	if (getsockname(fd, (struct sockaddr *)&ss, &len) < 0)
		return -errno;
	return addr_from_sockaddr(out, (const struct sockaddr *)&ss);
}

int net_listen(struct loop *l, const struct net_listen_params *p, struct net_listener **out)
{
	loop_assert_thread(l);
	struct net_listener *ln = mem_zalloc(sizeof(*ln));
	if (!ln)
		return -ENOMEM;
	ln->loop = l;
	ln->params = *p;
	int r = open_socket_or_ipv4(p);
	if (r < 0)
		goto free_listener;
	ln->fd = r;
	r = socket_addr(ln->fd, &ln->addr);
	if (r < 0)
		goto close_socket;
	ln->bound_to_any = is_any(&ln->addr);
	wheel_timer_init(&ln->retry, retry_fired);
	r = uv_poll_init(&l->uv, &ln->poll, ln->fd);
	if (r < 0)
		goto close_socket;
	r = uv_poll_start(&ln->poll, UV_READABLE, on_acceptable);
	assert(r == 0); /* fails only for handles that are closing and sockets that another handle polls */
	*out = ln;
	return 0;

close_socket:
	close(ln->fd);
free_listener:
	mem_free(ln);
	return r;
}

static void on_listener_closed(uv_handle_t *h)
{
	mem_free(CONTAINER_OF((uv_poll_t *)h, struct net_listener, poll));
}

void net_listener_close(struct net_listener *ln)
{
	if (!ln || ln->closing)
		return;
	loop_assert_thread(ln->loop);
	ln->closing = true;
	loop_timer_stop(ln->loop, &ln->retry);
	uv_close((uv_handle_t *)&ln->poll, on_listener_closed);
	close(ln->fd);
}

const struct addr *net_listener_addr(const struct net_listener *ln)
{
	return &ln->addr;
}

static void retry_fired(struct wheel_timer *t, uint64_t now_ms)
{
	struct net_listener *ln = CONTAINER_OF(t, struct net_listener, retry);
	int r = uv_poll_start(&ln->poll, UV_READABLE, on_acceptable);
	assert(r == 0);
}

static void pause_accepting(struct net_listener *ln, int err)
{
	uint64_t now_ms = loop_now_ms(ln->loop);
	if (now_ms >= ln->next_log_ms) {
		char text[ADDR_TEXT_MAX];
		log_error("cannot accept connections, waiting listen=%s error=%s",
			  addr_format(&ln->addr, text), uv_strerror(err));
		ln->next_log_ms = now_ms + STARVED_LOG_MS;
	}
	/* Urgent data never comes on a listening socket; but unlike a stopped handle this one keeps the loop
	 * alive. */
	int r = uv_poll_start(&ln->poll, UV_PRIORITIZED, on_acceptable);
	assert(r == 0);
	loop_timer_start(ln->loop, &ln->retry, STARVED_PAUSE_MS);
}

/* Makes a stream of @fd and hands it to the owner. Return: 0; -errno, and @fd is still the caller's. */
static int hand_over(struct net_listener *ln, int fd, const struct sockaddr *sa)
{
	struct addr peer;
	struct addr local = ln->addr;
	int r = addr_from_sockaddr(&peer, sa);
	if (r == 0 && ln->bound_to_any)
		r = socket_addr(fd, &local);
	if (r < 0)
		return r;
	struct stream_params sp = {
		.loop = ln->loop,
		.fd = fd,
		.peer = &peer,
		.local = &local,
		.tls = ln->params.tls ? *ln->params.tls : NULL,
		.queue_max = ln->params.queue_max,
		.handshake_ms = ln->params.handshake_ms,
	};
	struct net_stream *s;
	r = net_stream_new(&sp, &s);
	if (r < 0)
		return r;
	ln->params.accept(ln->params.arg, s);
	assert(s->ops || s->state != STREAM_OPEN);
	return 0;
}

static bool is_starvation(int err)
{
	return err == -EMFILE || err == -ENFILE || err == -ENOBUFS || err == -ENOMEM;
}

/* Return: whether to go on accepting. */
static bool accept_one(struct net_listener *ln)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int fd = accept4(ln->fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	/* Any other failure is that of one connection, which went bad before we got to it: accept(2). */
	int r = fd < 0 ? -errno : hand_over(ln, fd, (const struct sockaddr *)&ss);
	if (fd >= 0 && r < 0)
		close(fd);
	if (is_starvation(r))
		pause_accepting(ln, r);
	return r != -EAGAIN && !is_starvation(r) && !ln->closing;
}

static void on_acceptable(uv_poll_t *poll, int status, int events)
{
	struct net_listener *ln = CONTAINER_OF(poll, struct net_listener, poll);
	if (status < 0) {
		/* An error is pending on the socket, and libuv has stopped polling. */
		pause_accepting(ln, status);
		return;
	}
	for (int i = 0; i < ACCEPTS_PER_WAKEUP; i++)
		if (!accept_one(ln))
			return;
}

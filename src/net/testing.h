/*
 * What the tests of src/net share: a server on loopback with one stream under test, and a blocking client in
 * a thread. The client only records what it sees; the test asserts after joining it. Included by tests alone.
 */
#ifndef PARLEY_NET_TESTING_H
#define PARLEY_NET_TESTING_H

#include "net/stream_internal.h"

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

/* Ends a test that would hang; no test waits for it. */
#define HANG_S 20

struct fix {
	struct loop loop;
	struct net_listener *ln;
	struct net_stream *s; /* the last one accepted */
	size_t accepts_left;  /* the listener closes after the last, so that loop_run() can end */
	bool in_call;         /* inside a net_stream_*() call: no callback may come */
	bool no_attach;

	void (*on_open)(struct fix *f);
	void (*on_data)(struct fix *f, const uint8_t *data, size_t n);
	void (*on_drained)(struct fix *f);

	size_t bytes;
	int n_data;
	int n_drained;
	int n_closed;
	int err;
	struct wheel_timer timer;
	int step;
	int result;
	size_t value;
	void *extra;
};

struct client {
	pthread_t thread;
	struct addr to;
	void (*script)(struct client *c, int fd);
	atomic_int flag; /* script to test */
	atomic_int go;   /* test to script */
	size_t bytes;
	uint8_t first[64];
	int err;   /* errno that ended reading; 0: the end of the stream */
	int value; /* the script's own */
	void *extra;
};

static inline void fix_data(void *arg, const uint8_t *data, size_t n)
{
	struct fix *f = arg;
	assert(!f->in_call && n > 0);
	f->n_data++;
	f->bytes += n;
	if (f->on_data)
		f->on_data(f, data, n);
}

static inline void fix_drained(void *arg)
{
	struct fix *f = arg;
	assert(!f->in_call);
	f->n_drained++;
	if (f->on_drained)
		f->on_drained(f);
}

static inline void fix_closed(void *arg, int err)
{
	struct fix *f = arg;
	assert(!f->in_call);
	f->n_closed++;
	f->err = err;
	f->s = NULL;
	if (wheel_timer_active(&f->timer))
		loop_timer_stop(&f->loop, &f->timer);
}

static const struct net_stream_ops fix_ops = {.data = fix_data, .drained = fix_drained, .closed = fix_closed};

static inline void fix_close(struct fix *f)
{
	f->in_call = true;
	net_stream_close(f->s);
	f->in_call = false;
}

static inline void fix_accept(void *arg, struct net_stream *s)
{
	struct fix *f = arg;
	f->s = s;
	if (!f->no_attach)
		net_stream_attach(s, &fix_ops, f);
	if (--f->accepts_left == 0) {
		net_listener_close(f->ln);
		f->ln = NULL;
	}
	if (f->on_open)
		f->on_open(f);
}

static inline void fix_no_timer(struct wheel_timer *t, uint64_t now_ms)
{
}

/* For the timer: ends the listening of a listener that would try for ever. */
static inline void fix_stop_listening(struct wheel_timer *t, uint64_t now_ms)
{
	net_listener_close(CONTAINER_OF(t, struct fix, timer)->ln);
}

static inline void fix_init(struct fix *f)
{
	*f = (struct fix){.accepts_left = 1};
	assert_int_equal(loop_init(&f->loop), 0);
	wheel_timer_init(&f->timer, fix_no_timer);
}

static inline struct net_listen_params fix_params(struct fix *f, const char *addr)
{
	struct net_listen_params p = {
		.queue_max = 64 << 20, .handshake_ms = HANG_S * 1000, .accept = fix_accept, .arg = f};
	int r = addr_parse(&p.addr, addr, 0);
	assert(r == 0);
	(void)r;
	return p;
}

static inline void fix_listen(struct fix *f, struct tls_ctx **tls)
{
	struct net_listen_params p = fix_params(f, "127.0.0.1");
	p.tls = tls;
	assert_int_equal(net_listen(&f->loop, &p, &f->ln), 0);
}

/* Every write of the test goes through here: no callback may come from inside. */
static inline int fix_write(struct fix *f, const void *data, size_t n)
{
	f->in_call = true;
	int r = net_stream_write(f->s, data, n);
	f->in_call = false;
	return r;
}

static inline int client_connect(const struct addr *to)
{
	int fd = socket(to->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert(fd >= 0);
	struct timeval tv = {.tv_sec = HANG_S};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	if (connect(fd, &to->sa, addr_len(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

static inline void *client_main(void *arg)
{
	struct client *c = arg;
	int fd = client_connect(&c->to);
	if (fd < 0) {
		c->err = errno;
		return NULL;
	}
	c->script(c, fd);
	close(fd);
	return NULL;
}

static inline void client_start(struct client *c, const struct fix *f)
{
	c->to = *net_listener_addr(f->ln);
	assert_int_equal(pthread_create(&c->thread, NULL, client_main, c), 0);
}

static inline void client_join(struct client *c)
{
	assert_int_equal(pthread_join(c->thread, NULL), 0);
}

static inline bool client_send(int fd, const void *data, size_t n)
{
	const char *p = data;
	while (n) {
		ssize_t k = sendto(fd, p, n, MSG_NOSIGNAL, NULL, 0);
		if (k <= 0)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return true;
}

/* Reads @want bytes, or to the end. */
static inline void client_read(struct client *c, int fd, size_t want)
{
	static _Thread_local uint8_t buf[65536];
	size_t got = 0;
	while (got < want) {
		size_t room = want - got < sizeof(buf) ? want - got : sizeof(buf);
		ssize_t k = recv(fd, buf, room, 0);
		if (k < 0)
			c->err = errno;
		if (k <= 0)
			return;
		for (size_t i = 0; i < (size_t)k && c->bytes + i < sizeof(c->first); i++)
			c->first[c->bytes + i] = buf[i];
		c->bytes += (size_t)k;
		got += (size_t)k;
	}
}

/* Waits for the test, in the client's thread. */
static inline void client_await(atomic_int *flag)
{
	for (int i = 0; i < HANG_S * 1000 && !atomic_load(flag); i++)
		usleep(1000);
}

/* Runs the server until nothing is left, with one client. */
static inline void fix_run(struct fix *f, struct client *c)
{
	client_start(c, f);
	loop_run(&f->loop);
	atomic_store(&c->go, 1);
	client_join(c);
}

static inline void fix_deinit(struct fix *f)
{
	loop_deinit(&f->loop);
}

#endif

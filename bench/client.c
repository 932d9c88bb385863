/*
 * One WebSocket of the load generator, client side: connect, TLS, upgrade, frames.
 *
 * Made to cost less than any server it loads: one read takes all frames that have arrived, and the answers to
 * them leave in one write. Buffers are shared; a client owns memory only while a frame or a write is
 * incomplete. Thread: the only one.
 */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define WS_TEXT  0x1
#define WS_CLOSE 0x8
#define WS_PING  0x9
#define WS_PONG  0xa

static void watch(struct client *c, int op, bool want_write)
{
	struct epoll_event ev = {.events = EPOLLIN | (want_write ? EPOLLOUT : 0), .data.ptr = c};

	if (epoll_ctl(c->load->epoll, op, c->fd, &ev))
		die("epoll_ctl: %s", strerror(errno));
	c->want_write = want_write;
}

static void want_write(struct client *c, bool want)
{
	if (c->want_write != want)
		watch(c, EPOLL_CTL_MOD, want);
}

void client_open(struct client *c)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(c->load->opt.port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int on = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		die("socket: %s", strerror(errno));
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) && errno != EINPROGRESS)
		die("connect: %s", strerror(errno));
	c->stage = STAGE_CONNECT;
	c->load->n_open++;
	watch(c, EPOLL_CTL_ADD, true);
}

static void client_close(struct client *c)
{
	SSL_free(c->ssl);
	if (c->fd >= 0)
		close(c->fd);
	c->ssl = NULL;
	c->fd = -1;
	c->stage = STAGE_DEAD;
}

void client_deinit(struct client *c)
{
	client_close(c);
	free(c->in);
	free(c->out);
	free(c->flight.sent_ns);
}

void client_fail(struct client *c, const char *why)
{
	struct load *l = c->load;

	if (c->stage == STAGE_DEAD)
		return;
	if (!l->may_fail)
		die("a connection failed: %s", why);
	if (!l->first_failure)
		l->first_failure = strdup(why);
	l->n_failed++;
	client_close(c);
}

/* Return: bytes; 0: would block; -1: failed or at its end. */
static ssize_t sock_read(struct client *c, void *to, size_t n)
{
	ssize_t got;

	if (c->ssl) {
		int r = SSL_read(c->ssl, to, (int)n);
		if (r > 0)
			return r;
		int err = SSL_get_error(c->ssl, r);
		return err == SSL_ERROR_WANT_READ || err == SSL_ERROR_WANT_WRITE ? 0 : -1;
	}
	got = read(c->fd, to, n);
	if (got > 0)
		return got;
	return got < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static ssize_t sock_write(struct client *c, const void *from, size_t n)
{
	ssize_t put;

	if (c->ssl) {
		int r = SSL_write(c->ssl, from, (int)n);
		if (r > 0)
			return r;
		int err = SSL_get_error(c->ssl, r);
		return err == SSL_ERROR_WANT_READ || err == SSL_ERROR_WANT_WRITE ? 0 : -1;
	}
	put = send(c->fd, from, n, MSG_NOSIGNAL);
	if (put >= 0)
		return put;
	return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

/* Keep the unsent part of the scratch buffer behind what already waits. */
static void keep_unsent(struct client *c, const uint8_t *rest, size_t n)
{
	uint8_t *all = realloc(c->out, c->out_len + n);

	if (!all)
		die("out of memory");
	memcpy(all + c->out_len, rest, n);
	c->out = all;
	c->out_len += n;
	want_write(c, true);
}

void client_flush(struct client *c)
{
	struct load *l = c->load;
	size_t n = l->scratch_len;
	ssize_t put = 0;

	l->scratch_len = 0;
	if (!n || c->stage == STAGE_DEAD)
		return;
	if (!c->out)
		put = sock_write(c, l->scratch_out, n);
	if (put < 0)
		client_fail(c, "the server closed while we were sending");
	else if ((size_t)put < n)
		keep_unsent(c, l->scratch_out + put, n - (size_t)put);
}

static void flush_kept(struct client *c)
{
	ssize_t put = sock_write(c, c->out, c->out_len);

	if (put < 0) {
		client_fail(c, "the server closed while we were sending");
		return;
	}
	c->out_len -= (size_t)put;
	memmove(c->out, c->out + put, c->out_len);
	if (c->out_len)
		return;
	free(c->out);
	c->out = NULL;
	want_write(c, false);
}

/* RFC 6455 §5.3. Eight bytes at a time; the key repeats every four. */
static void mask_bytes(uint8_t *p, size_t n, uint32_t key)
{
	uint64_t wide = key | (uint64_t)key << 32, word;
	size_t i = 0;

	for (; i + 8 <= n; i += 8) {
		memcpy(&word, p + i, 8);
		word ^= wide;
		memcpy(p + i, &word, 8);
	}
	for (; i < n; i++)
		p[i] ^= (uint8_t)(key >> (8 * (i % 4)));
}

static void queue_frame(struct client *c, uint8_t opcode, const char *head, size_t head_len, const char *tail,
			size_t tail_len)
{
	struct load *l = c->load;
	uint8_t *p = l->scratch_out + l->scratch_len;
	size_t n = head_len + tail_len, hdr = n < 126 ? 2 : 4;

	if (n > UINT16_MAX || l->scratch_len + hdr + 4 + n > SCRATCH_BYTES)
		die("too much to send at once");
	p[0] = 0x80 | opcode;
	p[1] = 0x80 | (n < 126 ? (uint8_t)n : 126);
	if (hdr == 4) {
		p[2] = (uint8_t)(n >> 8);
		p[3] = (uint8_t)n;
	}
	memcpy(p + hdr, &c->mask, 4);
	memcpy(p + hdr + 4, head, head_len);
	memcpy(p + hdr + 4 + head_len, tail, tail_len);
	mask_bytes(p + hdr + 4, n, c->mask);
	l->scratch_len += hdr + 4 + n;
}

void client_text(struct client *c, const char *head, const char *tail)
{
	queue_frame(c, WS_TEXT, head, strlen(head), tail, strlen(tail));
}

static void send_upgrade(struct client *c)
{
	struct load *l = c->load;
	const char *scheme = l->opt.tls ? "https" : "http";
	unsigned int port = l->opt.port;

	/* The key need not be random for a server on loopback; the answer to it is not what is measured. */
	l->scratch_len =
		(size_t)snprintf((char *)l->scratch_out, SCRATCH_BYTES,
				 "GET /ws HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nOrigin: %s://127.0.0.1:%u\r\n"
				 "Upgrade: websocket\r\nConnection: Upgrade\r\n"
				 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
				 "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: parley.v1\r\n\r\n",
				 port, scheme, port);
	c->stage = STAGE_UPGRADE;
	client_flush(c);
}

/* Return: how many bytes the head of the answer took; 0: not all here yet. */
static size_t take_upgrade(struct client *c, const uint8_t *data, size_t n)
{
	const uint8_t *end = memmem(data, n, "\r\n\r\n", 4);
	char line[64];

	if (!end)
		return 0;
	if (n < 12 || memcmp(data, "HTTP/1.1 101", 12)) {
		snprintf(line, sizeof(line), "upgrade refused: %.*s", (int)strcspn((const char *)data, "\r"),
			 data);
		client_fail(c, line);
		return n;
	}
	dialect_begin(c);
	return (size_t)(end + 4 - data);
}

static void take_close(struct client *c, const uint8_t *payload, size_t n)
{
	char why[160];
	unsigned int code = n >= 2 ? (unsigned int)payload[0] << 8 | payload[1] : 1005;

	snprintf(why, sizeof(why), "closed by the server with %u %.*s", code, n > 2 ? (int)(n - 2) : 0,
		 n > 2 ? (const char *)payload + 2 : "");
	client_fail(c, why);
}

/* Return: bytes of one whole frame, handled; 0: not all here yet. @data may be written to, one byte past it
 * too. */
static size_t take_frame(struct client *c, uint8_t *data, size_t n)
{
	size_t hdr = 2, len;
	uint8_t opcode, saved;

	if (n < 2)
		return 0;
	len = data[1] & 0x7f;
	if (len == 126) {
		hdr = 4;
		if (n < hdr)
			return 0;
		len = (size_t)data[2] << 8 | data[3];
	}
	if (len == 127 || data[1] & 0x80 || !(data[0] & 0x80))
		die("a frame this generator does not expect: %02x %02x", data[0], data[1]);
	if (n < hdr + len)
		return 0;
	opcode = data[0] & 0x0f;
	if (opcode == WS_TEXT) {
		saved = data[hdr + len];
		data[hdr + len] = 0;
		dialect_message(c, (char *)data + hdr, len);
		data[hdr + len] = saved;
	} else if (opcode == WS_PING) {
		queue_frame(c, WS_PONG, (const char *)data + hdr, len, "", 0);
	} else if (opcode == WS_CLOSE) {
		take_close(c, data + hdr, len);
	}
	return hdr + len;
}

static size_t take_all(struct client *c, uint8_t *data, size_t n)
{
	size_t used = 0, step;

	do {
		step = c->stage == STAGE_UPGRADE ? take_upgrade(c, data + used, n - used)
						 : take_frame(c, data + used, n - used);
		used += step;
	} while (step && used < n && c->stage != STAGE_DEAD);
	return used;
}

static void readable(struct client *c)
{
	struct load *l = c->load;
	size_t had = c->in_len, used;
	ssize_t got;

	if (had)
		memcpy(l->scratch_in, c->in, had);
	got = sock_read(c, l->scratch_in + had, SCRATCH_BYTES - had - 1);
	if (got == 0)
		return;
	if (got < 0) {
		client_fail(c, "the server closed the connection");
		return;
	}
	free(c->in);
	c->in = NULL;
	c->in_len = 0;
	l->scratch_len = 0;
	used = take_all(c, l->scratch_in, had + (size_t)got);
	client_flush(c);
	if (c->stage == STAGE_DEAD || used == had + (size_t)got)
		return;
	c->in_len = had + (size_t)got - used;
	c->in = must_alloc(c->in_len);
	memcpy(c->in, l->scratch_in + used, c->in_len);
}

static void connected(struct client *c)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len) || err) {
		client_fail(c, strerror(err ? err : errno));
		return;
	}
	want_write(c, false);
	if (!c->load->opt.tls) {
		send_upgrade(c);
		return;
	}
	c->ssl = SSL_new(c->load->tls);
	if (!c->ssl || !SSL_set_fd(c->ssl, c->fd))
		die("out of memory for TLS");
	SSL_set_connect_state(c->ssl);
	c->stage = STAGE_TLS;
}

static void handshake(struct client *c)
{
	int r = SSL_connect(c->ssl), err;

	if (r == 1) {
		want_write(c, false);
		send_upgrade(c);
		return;
	}
	err = SSL_get_error(c->ssl, r);
	if (err == SSL_ERROR_WANT_WRITE)
		want_write(c, true);
	else if (err == SSL_ERROR_WANT_READ)
		want_write(c, false);
	else
		client_fail(c, "TLS handshake failed");
}

void client_event(struct client *c, uint32_t events)
{
	if (c->stage == STAGE_CONNECT && events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
		connected(c);
	if (c->stage == STAGE_TLS) {
		handshake(c);
		return;
	}
	if (c->stage < STAGE_UPGRADE || c->stage == STAGE_DEAD)
		return;
	if (events & EPOLLOUT && c->out)
		flush_kept(c);
	if (c->stage != STAGE_DEAD && events & (EPOLLIN | EPOLLERR | EPOLLHUP)) {
		do
			readable(c);
		while (c->ssl && c->stage != STAGE_DEAD && SSL_pending(c->ssl));
	}
}

/* A relay with real sockets on loopback, on a thread of its own as its control loop, and clients that block.
 */
#include "relay/testkit.h"

#include "base/clock.h"
#include "base/rand.h"
#include "stun/integrity.h"
#include "stun/read.h"

#include <dirent.h>
#include <openssl/evp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SECRET  "a secret"
#define WAIT_MS 10000

/* ---- the relay ---- */

struct call {
	struct mail mail;
	void (*fn)(struct bench *b, void *arg);
	void *arg;
	_Atomic bool done;
};

static void on_call(void *arg, struct mail *m)
{
	struct call *c = CONTAINER_OF(m, struct call, mail);
	c->fn(arg, c->arg);
	c->done = true;
}

static const struct mailbox_ops call_ops = {.receive = on_call};

/* Run @fn on the control loop and wait for it. */
void bench_call(struct bench *b, void (*fn)(struct bench *b, void *arg), void *arg)
{
	struct call c = {.fn = fn, .arg = arg};
	assert_int_equal(mailbox_post(&b->mailbox, &c.mail), 0);
	while (!atomic_load(&c.done))
		usleep(200);
}

static struct addr listen_addr(const struct bench *b)
{
	struct addr a;
	assert_int_equal(addr_parse(&a, b->wish.listen ? b->wish.listen : "127.0.0.1", b->port), 0);
	return a;
}

static uint16_t free_port(const struct bench *b)
{
	struct addr a = listen_addr(b);
	socklen_t len = sizeof(a.in);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, &a.sa, len), 0);
	assert_int_equal(getsockname(fd, &a.sa, &len), 0);
	close(fd);
	return addr_port(&a);
}

static uint32_t or (uint32_t value, uint32_t otherwise)
{
	return value ? value : otherwise;
}

static void start_relay(struct bench *b)
{
	struct addr listen = listen_addr(b);
	const char *secrets[] = {SECRET};
	const struct bench_wish *wish = &b->wish;
	struct relay_params p = {
		.loop = &b->loop,
		.listen = &listen,
		.n_listen = 1,
		.port = b->port,
		.workers = wish->workers,
		.port_min = 20000,
		.port_max = 30000,
		.realm = "test",
		.secrets = secrets,
		.n_secrets = 1,
		.credential_s = 600,
		.connections = 100,
		.stream_queue_bytes = 65536,
		.stream_idle_ms = 60000,
		.limits = {.allocations = or (wish->allocations, 1000),
			   .allocations_per_user = or (wish->per_user, 1000),
			   .allocations_per_address = 1000,
			   .permissions = 16,
			   .channels = 16,
			   .lifetime_max_s = 3600,
			   .unauth_budget_bytes = 100000000,
			   .unauth_prefixes = 64},
	};
	b->failed = relay_start(&p, &b->relay) != 0;
}

/* The control loop's thread: the relay is born and dies on it. */
static void *run(void *arg)
{
	struct bench *b = arg;
	b->failed = loop_init(&b->loop) || mailbox_init(&b->mailbox, &b->loop, 8, &call_ops, b);
	if (!b->failed)
		start_relay(b);
	b->ready = true;
	if (b->failed)
		return NULL;
	loop_run(&b->loop);
	relay_stop(b->relay);
	mailbox_close(&b->mailbox);
	loop_run(&b->loop);
	relay_free(b->relay);
	mailbox_deinit(&b->mailbox);
	loop_deinit(&b->loop);
	return NULL;
}

struct bench *bench_open_wish(const struct bench_wish *wish)
{
	struct bench *b = test_calloc(1, sizeof(*b));
	b->wish = *wish;
	b->port = free_port(b);
	assert_int_equal(pthread_create(&b->thread, NULL, run, b), 0);
	while (!b->ready)
		usleep(200);
	assert_false(b->failed);
	return b;
}

struct bench *bench_open(unsigned workers, uint32_t allocations)
{
	return bench_open_wish(&(struct bench_wish){.workers = workers, .allocations = allocations});
}

static void stop_loop(struct bench *b, void *arg)
{
	loop_stop(&b->loop);
}

void bench_close(struct bench *b)
{
	bench_call(b, stop_loop, NULL);
	pthread_join(b->thread, NULL);
	test_free(b);
}

static void on_counted(void *arg, const struct relay_counters *each, size_t n)
{
	struct bench *b = arg;
	memset(&b->sum, 0, sizeof(b->sum));
	for (size_t i = 0; i < n; i++) {
		b->allocations_now[i] = each[i].turn.allocations_now;
		b->sum.turn.allocations_now += each[i].turn.allocations_now;
		b->sum.turn.revoked += each[i].turn.revoked;
		b->sum.io.local_packets += each[i].io.local_packets;
		b->sum.io.clients_now[TURN_TCP] += each[i].io.clients_now[TURN_TCP];
	}
	b->counted = n > 0;
}

static void start_count(struct bench *b, void *arg)
{
	b->counted = false;
	relay_count(b->relay, on_counted, b);
}

static void look(struct bench *b, void *arg)
{
	*(bool *)arg = b->counted;
}

const struct relay_counters *bench_count(struct bench *b)
{
	bool done = false;
	bench_call(b, start_count, NULL);
	while (!done)
		bench_call(b, look, &done);
	return &b->sum;
}

/* ---- a client ---- */

void user_open(struct user *u, const struct bench *b, bool stream, const char *name)
{
	struct addr server = listen_addr(b);
	*u = (struct user){.stream = stream};
	u->fd = socket(AF_INET, stream ? SOCK_STREAM : SOCK_DGRAM, 0);
	assert_int_equal(connect(u->fd, &server.sa, addr_len(&server)), 0);
	assert_int_equal(turn_credential_make(SECRET, name, clock_wall_ms() / 1000 + 600, &u->credential), 0);
}

void user_send(struct user *u, const uint8_t *data, size_t n)
{
	assert_int_equal(send(u->fd, data, n, 0), n);
}

/* The next frame. Return: its bytes in @out; 0: none came in @wait_ms. */
size_t user_receive(struct user *u, uint8_t *out, int wait_ms)
{
	for (;;) {
		struct stun_frame f;
		if (u->stream && stun_frame_next(u->in, u->in_len, STUN_FRAME_MAX, &f) == 0 &&
		    f.kind != STUN_KIND_PARTIAL) {
			size_t size = f.size;
			memcpy(out, u->in, size);
			u->in_len -= size;
			memmove(u->in, u->in + size, u->in_len);
			return size;
		}
		struct pollfd p = {.fd = u->fd, .events = POLLIN};
		if (poll(&p, 1, wait_ms) == 0)
			return 0;
		ssize_t n = u->stream ? recv(u->fd, u->in + u->in_len, sizeof(u->in) - u->in_len, 0)
				      : recv(u->fd, out, 2048, 0);
		if (n <= 0)
			return 0;
		if (!u->stream)
			return (size_t)n;
		u->in_len += (size_t)n;
	}
}

/* Send what has been built and read the answer. Return: 0 success, else its error code. */
int user_ask(struct user *u, struct stun_build *b, const uint8_t *request, struct stun_msg *m,
	     uint8_t *answer)
{
	size_t n = 0;
	assert_int_equal(stun_build_end(b, &n), 0);
	user_send(u, request, n);
	n = user_receive(u, answer, WAIT_MS);
	assert_true(n > 0);
	assert_int_equal(stun_msg_parse(m, answer, n), 0);
	assert_memory_equal(answer + 8, request + 8, STUN_TID_BYTES);
	struct stun_error e;
	return stun_read_error(m, STUN_ATTR_ERROR_CODE, &e) == 0 ? e.code : 0;
}

void user_begin(struct stun_build *b, uint8_t *buf, size_t cap, uint16_t method)
{
	uint8_t tid[STUN_TID_BYTES];
	rand_bytes(NULL, tid, sizeof(tid));
	stun_build_init(b, buf, cap, stun_type(STUN_REQUEST, method), tid);
}

void user_sign(struct user *u, struct stun_build *b)
{
	struct stun_hmac h;
	stun_build_text(b, STUN_ATTR_USERNAME, u->credential.username);
	stun_build_text(b, STUN_ATTR_REALM, "test");
	stun_build_bytes(b, STUN_ATTR_NONCE, u->nonce, u->nonce_len);
	stun_hmac_init(&h, STUN_MAC_SHA1, u->key, sizeof(u->key));
	stun_build_integrity(b, &h);
}

static void make_key(struct user *u)
{
	char text[256];
	unsigned len = 0;
	(void)snprintf(text, sizeof(text), "%s:test:%s", u->credential.username, u->credential.password);
	assert_int_equal(EVP_Digest(text, strlen(text), u->key, &len, EVP_md5(), NULL), 1);
}

/* Ask for realm and nonce. */
static void user_login(struct user *u)
{
	uint8_t request[512];
	uint8_t answer[TURN_REPLY_MAX];
	struct stun_build b;
	struct stun_msg m;
	struct stun_attr nonce;
	user_begin(&b, request, sizeof(request), STUN_ALLOCATE);
	stun_build_transport(&b, 17);
	assert_int_equal(user_ask(u, &b, request, &m, answer), 401);
	assert_true(stun_msg_find(&m, STUN_ATTR_NONCE, &nonce));
	assert_true(nonce.len <= sizeof(u->nonce));
	memcpy(u->nonce, nonce.value, nonce.len);
	u->nonce_len = nonce.len;
	make_key(u);
}

/* @reserve: NULL, or the next port too; @redeem: NULL, or that one. Return: 0 with u->relayed set; the error
 * code. */
int user_allocate_port(struct user *u, struct user_token *reserve, const struct user_token *redeem)
{
	uint8_t request[512];
	uint8_t answer[TURN_REPLY_MAX];
	const uint8_t *token;
	struct stun_build b;
	struct stun_msg m;
	user_login(u);
	user_begin(&b, request, sizeof(request), STUN_ALLOCATE);
	stun_build_transport(&b, 17);
	if (reserve)
		stun_build_even_port(&b, true);
	if (redeem)
		stun_build_bytes(&b, STUN_ATTR_RESERVATION_TOKEN, redeem->bytes, STUN_TOKEN_BYTES);
	user_sign(u, &b);
	int code = user_ask(u, &b, request, &m, answer);
	if (code == 0)
		assert_int_equal(stun_read_xor_addr(&m, STUN_ATTR_XOR_RELAYED_ADDRESS, &u->relayed), 0);
	if (code == 0 && reserve) {
		assert_int_equal(stun_read_bytes(&m, STUN_ATTR_RESERVATION_TOKEN, STUN_TOKEN_BYTES, &token),
				 0);
		memcpy(reserve->bytes, token, STUN_TOKEN_BYTES);
	}
	return code;
}

int user_allocate(struct user *u)
{
	return user_allocate_port(u, NULL, NULL);
}

/* The allocation ends, and the client is closed. */
void user_end(struct user *u)
{
	uint8_t request[512];
	uint8_t answer[TURN_REPLY_MAX];
	struct stun_build b;
	struct stun_msg m;
	user_begin(&b, request, sizeof(request), STUN_REFRESH);
	stun_build_u32(&b, STUN_ATTR_LIFETIME, 0);
	user_sign(u, &b);
	assert_int_equal(user_ask(u, &b, request, &m, answer), 0);
	close(u->fd);
}

int user_permit(struct user *u, const struct addr *peer)
{
	uint8_t request[512];
	uint8_t answer[TURN_REPLY_MAX];
	struct stun_build b;
	struct stun_msg m;
	user_begin(&b, request, sizeof(request), STUN_CREATE_PERMISSION);
	stun_build_xor_addr(&b, STUN_ATTR_XOR_PEER_ADDRESS, peer);
	user_sign(u, &b);
	return user_ask(u, &b, request, &m, answer);
}

void user_indicate(struct user *u, const struct addr *peer, const void *data, size_t n, bool dont_fragment)
{
	uint8_t message[4096];
	uint8_t tid[STUN_TID_BYTES];
	struct stun_build b;
	size_t len = 0;
	rand_bytes(NULL, tid, sizeof(tid));
	stun_build_init(&b, message, sizeof(message), stun_type(STUN_INDICATION, STUN_SEND), tid);
	stun_build_xor_addr(&b, STUN_ATTR_XOR_PEER_ADDRESS, peer);
	if (dont_fragment)
		stun_build_flag(&b, STUN_ATTR_DONT_FRAGMENT);
	stun_build_bytes(&b, STUN_ATTR_DATA, data, n);
	assert_int_equal(stun_build_end(&b, &len), 0);
	user_send(u, message, len);
}

void user_bind(struct user *u, const struct addr *peer, uint16_t channel)
{
	uint8_t request[512];
	uint8_t answer[TURN_REPLY_MAX];
	struct stun_build b;
	struct stun_msg m;
	user_begin(&b, request, sizeof(request), STUN_CHANNEL_BIND);
	stun_build_channel(&b, channel);
	stun_build_xor_addr(&b, STUN_ATTR_XOR_PEER_ADDRESS, peer);
	user_sign(u, &b);
	assert_int_equal(user_ask(u, &b, request, &m, answer), 0);
}

void user_data(struct user *u, uint16_t channel, const void *data, uint16_t len)
{
	uint8_t frame[2048] = {0};
	stun_channel_header(frame, channel, len);
	memcpy(frame + 4, data, len);
	user_send(u, frame, 4u + len + (u->stream ? stun_padding(len) : 0));
}

void user_expect(struct user *u, uint16_t channel, const void *data, uint16_t len)
{
	uint8_t frame[2048];
	uint8_t head[4];
	size_t n = user_receive(u, frame, WAIT_MS);
	stun_channel_header(head, channel, len);
	assert_int_equal(n, 4u + len + (u->stream ? stun_padding(len) : 0));
	assert_memory_equal(frame, head, 4);
	assert_memory_equal(frame + 4, data, len);
}

/* Open descriptors of this process. */
unsigned open_descriptors(void)
{
	unsigned n = 0;
	DIR *dir = opendir("/proc/self/fd");
	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

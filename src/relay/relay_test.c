/*
 * The relay with real sockets on loopback: its workers, and clients over UDP, TCP and from a stream of the
 * control loop. Peers are other allocations of the same relay, which is the one kind that loopback allows.
 * script/tsan runs the same under ThreadSanitizer.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "relay/worker.h"
#include "stun/build.h"
#include "stun/integrity.h"
#include "stun/read.h"
#include "turn/credential.h"

#include <errno.h>
#include <openssl/evp.h>
#include <poll.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SECRET  "a secret"
#define WAIT_MS 10000

/* ---- the relay, on a thread of its own as its control loop ---- */

struct bench {
	struct loop loop;
	struct relay *relay;
	struct mailbox mailbox;
	pthread_t thread;
	uint16_t port;
	unsigned workers;
	uint32_t allocations;
	bool failed;
	_Atomic bool ready;
	struct relay_counters sum;
	bool counted;
};

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
static void on_loop(struct bench *b, void (*fn)(struct bench *b, void *arg), void *arg)
{
	struct call c = {.fn = fn, .arg = arg};
	assert_int_equal(mailbox_post(&b->mailbox, &c.mail), 0);
	while (!atomic_load(&c.done))
		usleep(200);
}

static uint16_t free_port(void)
{
	struct addr a = {.in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}}};
	socklen_t len = sizeof(a.in);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, &a.sa, len), 0);
	assert_int_equal(getsockname(fd, &a.sa, &len), 0);
	close(fd);
	return addr_port(&a);
}

static void start_relay(struct bench *b)
{
	struct addr listen;
	const char *secrets[] = {SECRET};
	assert_int_equal(addr_parse(&listen, "127.0.0.1", 0), 0);
	struct relay_params p = {
		.loop = &b->loop,
		.listen = &listen,
		.n_listen = 1,
		.port = b->port,
		.workers = b->workers,
		.port_min = 20000,
		.port_max = 30000,
		.realm = "test",
		.secrets = secrets,
		.n_secrets = 1,
		.credential_s = 600,
		.connections = 100,
		.stream_queue_bytes = 65536,
		.stream_idle_ms = 60000,
		.limits = {.allocations = b->allocations,
			   .allocations_per_user = 1000,
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

static struct bench *bench_open(unsigned workers, uint32_t allocations)
{
	struct bench *b = test_calloc(1, sizeof(*b));
	b->port = free_port();
	b->workers = workers;
	b->allocations = allocations;
	assert_int_equal(pthread_create(&b->thread, NULL, run, b), 0);
	while (!b->ready)
		usleep(200);
	assert_false(b->failed);
	return b;
}

static void stop_loop(struct bench *b, void *arg)
{
	loop_stop(&b->loop);
}

static void bench_close(struct bench *b)
{
	on_loop(b, stop_loop, NULL);
	pthread_join(b->thread, NULL);
	test_free(b);
}

static void on_counted(void *arg, const struct relay_counters *each, size_t n)
{
	struct bench *b = arg;
	memset(&b->sum, 0, sizeof(b->sum));
	for (size_t i = 0; i < n; i++) {
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

static const struct relay_counters *count(struct bench *b)
{
	bool done = false;
	on_loop(b, start_count, NULL);
	while (!done)
		on_loop(b, look, &done);
	return &b->sum;
}

/* ---- a client ---- */

struct user {
	int fd;
	bool stream;
	struct turn_credential credential;
	uint8_t key[16];
	uint8_t nonce[128];
	size_t nonce_len;
	struct addr relayed;
	uint8_t in[4096];
	size_t in_len; /* of a stream: bytes not yet taken */
};

static void user_open(struct user *u, const struct bench *b, bool stream, const char *name)
{
	struct addr server;
	*u = (struct user){.stream = stream};
	assert_int_equal(addr_parse(&server, "127.0.0.1", b->port), 0);
	u->fd = socket(AF_INET, stream ? SOCK_STREAM : SOCK_DGRAM, 0);
	assert_int_equal(connect(u->fd, &server.sa, addr_len(&server)), 0);
	assert_int_equal(turn_credential_make(SECRET, name, clock_wall_ms() / 1000 + 600, &u->credential), 0);
}

static void user_send(struct user *u, const uint8_t *data, size_t n)
{
	assert_int_equal(send(u->fd, data, n, 0), n);
}

/* The next frame. Return: its bytes in @out; 0: none came in @wait_ms. */
static size_t user_receive(struct user *u, uint8_t *out, int wait_ms)
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
static int user_ask(struct user *u, struct stun_build *b, const uint8_t *request, struct stun_msg *m,
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

static void begin(struct stun_build *b, uint8_t *buf, size_t cap, uint16_t method)
{
	uint8_t tid[STUN_TID_BYTES];
	rand_bytes(NULL, tid, sizeof(tid));
	stun_build_init(b, buf, cap, stun_type(STUN_REQUEST, method), tid);
}

static void end_signed(struct user *u, struct stun_build *b)
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

/* Return: 0 with u->relayed set; the error code. */
static int user_allocate(struct user *u)
{
	uint8_t request[512];
	uint8_t answer[TURN_REPLY_MAX];
	struct stun_build b;
	struct stun_msg m;
	struct stun_attr nonce;
	begin(&b, request, sizeof(request), STUN_ALLOCATE);
	stun_build_transport(&b, 17);
	assert_int_equal(user_ask(u, &b, request, &m, answer), 401);
	assert_true(stun_msg_find(&m, STUN_ATTR_NONCE, &nonce));
	assert_true(nonce.len <= sizeof(u->nonce));
	memcpy(u->nonce, nonce.value, nonce.len);
	u->nonce_len = nonce.len;
	make_key(u);
	begin(&b, request, sizeof(request), STUN_ALLOCATE);
	stun_build_transport(&b, 17);
	end_signed(u, &b);
	int code = user_ask(u, &b, request, &m, answer);
	if (code == 0)
		assert_int_equal(stun_read_xor_addr(&m, STUN_ATTR_XOR_RELAYED_ADDRESS, &u->relayed), 0);
	return code;
}

static void user_bind(struct user *u, const struct addr *peer, uint16_t channel)
{
	uint8_t request[512];
	uint8_t answer[TURN_REPLY_MAX];
	struct stun_build b;
	struct stun_msg m;
	begin(&b, request, sizeof(request), STUN_CHANNEL_BIND);
	stun_build_channel(&b, channel);
	stun_build_xor_addr(&b, STUN_ATTR_XOR_PEER_ADDRESS, peer);
	end_signed(u, &b);
	assert_int_equal(user_ask(u, &b, request, &m, answer), 0);
}

static void user_data(struct user *u, uint16_t channel, const void *data, uint16_t len)
{
	uint8_t frame[2048] = {0};
	stun_channel_header(frame, channel, len);
	memcpy(frame + 4, data, len);
	user_send(u, frame, 4u + len + (u->stream ? stun_padding(len) : 0));
}

static void user_expect(struct user *u, uint16_t channel, const void *data, uint16_t len)
{
	uint8_t frame[2048];
	uint8_t head[4];
	size_t n = user_receive(u, frame, WAIT_MS);
	stun_channel_header(head, channel, len);
	assert_int_equal(n, 4u + len + (u->stream ? stun_padding(len) : 0));
	assert_memory_equal(frame, head, 4);
	assert_memory_equal(frame + 4, data, len);
}

/* ---- tests ---- */

static void pair_talks(struct bench *b, bool one_stream, bool other_stream)
{
	struct user one;
	struct user other;
	user_open(&one, b, one_stream, "one");
	user_open(&other, b, other_stream, "other");
	assert_int_equal(user_allocate(&one), 0);
	assert_int_equal(user_allocate(&other), 0);
	user_bind(&one, &other.relayed, 0x4001);
	user_bind(&other, &one.relayed, 0x4ABC);
	for (uint16_t i = 0; i < 100; i++) {
		uint8_t data[1200];
		memset(data, i, sizeof(data));
		user_data(&one, 0x4001, data, (uint16_t)(1 + i * 11));
		user_expect(&other, 0x4ABC, data, (uint16_t)(1 + i * 11));
		user_data(&other, 0x4ABC, data, 100);
		user_expect(&one, 0x4001, data, 100);
	}
	close(one.fd);
	close(other.fd);
}

/* Many pairs, so that with several workers some are of one and some of two. */
static void pairs_talk_in_process(void **state)
{
	struct bench *b = bench_open(3, 1000);
	for (int i = 0; i < 16; i++)
		pair_talks(b, i & 1, i & 2);
	assert_true(count(b)->io.local_packets >= 16 * 200);
	bench_close(b);
}

static void revoke_gone(struct bench *b, void *arg)
{
	relay_revoke(b->relay, "gone");
}

static void revoking_ends_a_users_allocations_everywhere(void **state)
{
	struct bench *b = bench_open(3, 1000);
	struct user users[12];
	for (int i = 0; i < 12; i++) {
		user_open(&users[i], b, i % 3 == 0, i < 8 ? "gone" : "stays");
		assert_int_equal(user_allocate(&users[i]), 0);
	}
	assert_int_equal(count(b)->turn.allocations_now, 12);
	on_loop(b, revoke_gone, NULL);
	/* Orders reach a worker in order, so this count comes after. */
	assert_int_equal(count(b)->turn.allocations_now, 4);
	assert_int_equal(b->sum.turn.revoked, 8);
	struct user late;
	user_open(&late, b, false, "gone");
	assert_int_not_equal(user_allocate(&late), 0);
	close(late.fd);
	for (int i = 0; i < 12; i++)
		close(users[i].fd);
	bench_close(b);
}

static void ports_run_out_and_come_back(void **state)
{
	struct bench *b = bench_open(2, 3);
	struct user users[4];
	for (int i = 0; i < 4; i++) {
		user_open(&users[i], b, true, "u");
		int code = user_allocate(&users[i]);
		assert_true(i < 3 ? code == 0 : code == 508 || code == 486);
	}
	close(users[0].fd);
	close(users[3].fd);
	while (count(b)->turn.allocations_now != 2)
		;
	user_open(&users[0], b, true, "u");
	assert_int_equal(user_allocate(&users[0]), 0);
	for (int i = 0; i < 3; i++)
		close(users[i].fd);
	while (count(b)->turn.allocations_now != 0 || b->sum.io.clients_now[TURN_TCP] != 0)
		;
	bench_close(b);
}

static void nonsense_ends_a_stream(void **state)
{
	struct bench *b = bench_open(1, 10);
	static const char *const nonsense[] = {"GET / HTTP/1.1\r\n\r\n", "\xFF\xFF\xFF\xFF",
					       "\x00\x01\x00\x03zzzz"};
	for (size_t i = 0; i < ARRAY_LEN(nonsense); i++) {
		struct user u;
		uint8_t byte;
		user_open(&u, b, true, "u");
		user_send(&u, (const uint8_t *)nonsense[i], i == 0 ? 18 : i == 1 ? 4 : 8);
		assert_true(recv(u.fd, &byte, 1, 0) <= 0);
		close(u.fd);
	}
	bench_close(b);
}

static void a_walk_meets_every_port_once(void **state)
{
	struct relay_ports *p = test_calloc(1, sizeof(*p));
	static const uint16_t ranges[][2] = {{5000, 5000}, {5000, 5001}, {49152, 65535}, {1024, 1124}};
	for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
		uint8_t *met = test_calloc(65536, 1);
		struct relay_port_walk walk;
		unsigned n = 0;
		p->min = ranges[i][0];
		p->max = ranges[i][1];
		relay_port_walk_init(&walk, p, rand_bytes, NULL);
		for (int port; (port = relay_port_walk_next(&walk, p)) >= 0; n++) {
			assert_in_range(port, p->min, p->max);
			assert_int_equal(met[port]++, 0);
		}
		assert_int_equal(n, p->max - p->min + 1);
		test_free(met);
	}
	test_free(p);
}

static void external_addresses(void **state)
{
	struct relay_external e;
	assert_int_equal(relay_external_parse("44.1.2.3", &e), 0);
	assert_false(e.has_private);
	assert_int_equal(relay_external_parse("44.1.2.3/10.0.0.1", &e), 0);
	assert_true(e.has_private);
	static const char *const wrong[] = {
		"", "/", "44.1.2.3/", "/10.0.0.1", "44.1.2.3:80", "*", "44.1.2.3/::1", "host"};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(relay_external_parse(wrong[i], &e), -EINVAL);
}

static void its_own_stun_tells_the_external_address(void **state)
{
	struct bench *b = bench_open(1, 10);
	char server[32];
	struct relay_external e;
	char text[ADDR_TEXT_MAX];
	(void)snprintf(server, sizeof(server), "127.0.0.1:%u", b->port);
	assert_int_equal(relay_external_ask(server, AF_INET, &e), 0);
	assert_string_equal(addr_format_ip(&e.public, text), "127.0.0.1");
	assert_string_equal(addr_format_ip(&e.private, text), "127.0.0.1");
	bench_close(b);
}

/* As many allocations as CHURN_ALLOCATIONS says, made and ended in turn: nothing may stay behind. */
static void churn_leaves_nothing(void **state)
{
	const char *wish = getenv("CHURN_ALLOCATIONS");
	unsigned long rounds = wish ? strtoul(wish, NULL, 10) : 500;
	struct bench *b = bench_open(2, 10);
	int before = dup(0);
	close(before);
	for (unsigned long i = 0; i < rounds; i++) {
		struct user u;
		uint8_t request[512];
		uint8_t answer[TURN_REPLY_MAX];
		struct stun_build build;
		struct stun_msg m;
		user_open(&u, b, i % 8 == 0, "u");
		assert_int_equal(user_allocate(&u), 0);
		begin(&build, request, sizeof(request), STUN_REFRESH);
		stun_build_u32(&build, STUN_ATTR_LIFETIME, 0);
		end_signed(&u, &build);
		assert_int_equal(user_ask(&u, &build, request, &m, answer), 0);
		close(u.fd);
	}
	while (count(b)->turn.allocations_now != 0 || b->sum.io.clients_now[TURN_TCP] != 0)
		;
	int after = dup(0);
	close(after);
	assert_int_equal(after, before);
	bench_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_talk_in_process),
		cmocka_unit_test(revoking_ends_a_users_allocations_everywhere),
		cmocka_unit_test(ports_run_out_and_come_back),
		cmocka_unit_test(nonsense_ends_a_stream),
		cmocka_unit_test(a_walk_meets_every_port_once),
		cmocka_unit_test(external_addresses),
		cmocka_unit_test(its_own_stun_tells_the_external_address),
		cmocka_unit_test(churn_leaves_nothing),
	};
	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("relay", tests, NULL, NULL);
}

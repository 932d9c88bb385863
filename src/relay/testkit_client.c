/* Clients that block, of a relay under test. */
#include "relay/testkit.h"

#include "base/clock.h"
#include "base/rand.h"
#include "stun/integrity.h"
#include "stun/read.h"

#include <openssl/evp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_MS 10000

void user_open(struct user *u, const struct bench *b, bool stream, const char *name)
{
	struct addr server = bench_addr(b);
	*u = (struct user){.stream = stream};
	u->fd = socket(AF_INET, stream ? SOCK_STREAM : SOCK_DGRAM, 0);
	assert_int_equal(connect(u->fd, &server.sa, addr_len(&server)), 0);
	assert_int_equal(
		turn_credential_make(BENCH_SECRET, name, clock_wall_ms() / 1000 + 600, &u->credential), 0);
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

void user_refresh(struct user *u, uint32_t lifetime_s)
{
	uint8_t request[512];
	uint8_t answer[TURN_REPLY_MAX];
	struct stun_build b;
	struct stun_msg m;
	user_begin(&b, request, sizeof(request), STUN_REFRESH);
	stun_build_u32(&b, STUN_ATTR_LIFETIME, lifetime_s);
	user_sign(u, &b);
	assert_int_equal(user_ask(u, &b, request, &m, answer), 0);
}

void user_end(struct user *u)
{
	user_refresh(u, 0);
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

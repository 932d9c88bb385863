/*
 * Requests: allocations, channels, and their end, many at a time.
 *
 * Each flow is a user of its own, "expiry:number", whose key is made before the clock runs. A request is
 * first sent as a new client would, without credentials, and again with what the server's 401 demands.
 * Answers find their flow by the transaction id. Lost requests are sent again, as RFC 8489 §6.2.1 has it but
 * for the constant interval. Thread: the only one.
 */
#include "relay_load.h"

#include "stun/build.h"
#include "stun/msg.h"
#include "stun/read.h"

#include <arpa/inet.h>
#include <assert.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define UNDER_WAY_MAX 64u
#define RESEND_NS     (500 * NS_PER_MS)
#define TRIES_MAX     10u
#define CREDENTIAL_S  3600
#define REQUEST_MAX   512u
#define READY_NS      (10 * NS_PER_S)

static const uint16_t method_of[] = {
	[STEP_ALLOCATE] = STUN_ALLOCATE, [STEP_BIND] = STUN_CHANNEL_BIND, [STEP_RELEASE] = STUN_REFRESH};

struct setup {
	struct relay_load *l;
	enum step step;
	uint32_t first, next, end, under_way;
	uint64_t now_ns;
};

struct tid {
	uint32_t salt;
	uint32_t flow;
	uint16_t step;
	uint16_t attempt;
};
static_assert(sizeof(struct tid) == STUN_TID_BYTES, "as long as a transaction id");

/* The password for the flow's user name, as the server derives it from the secret, and the key from both. */
static void make_key(const struct relay_options *o, uint32_t i, struct flow *f)
{
	uint8_t sum[EVP_MAX_MD_SIZE], key[STUN_KEY_MAX];
	struct stun_login login = {.username = f->user, .realm = o->realm};
	char password[64];
	unsigned sum_bytes;

	snprintf(f->user, sizeof(f->user), "%ld:u%u", (long)time(NULL) + CREDENTIAL_S, i);
	if (!HMAC(EVP_sha1(), o->secret, (int)strlen(o->secret), (const uint8_t *)f->user, strlen(f->user),
		  sum, &sum_bytes))
		die("HMAC-SHA1 does not work");
	EVP_EncodeBlock((uint8_t *)password, sum, (int)sum_bytes);
	login.username_bytes = strlen(f->user);
	login.password = password;
	stun_hmac_init(&f->key, STUN_MAC_SHA1, key, stun_key_long_term(STUN_PASSWORD_MD5, &login, key));
}

static struct addr as_addr(uint32_t ip, uint16_t port)
{
	return (struct addr){.in = {.sin_family = AF_INET, .sin_addr.s_addr = ip, .sin_port = htons(port)}};
}

static struct addr peer_of(const struct relay_load *l, uint32_t i)
{
	if (l->opt.both)
		return (struct addr){.in = l->flows[i ^ 1].relayed};
	return as_addr(l->flows[i].peer, PEER_PORT);
}

static void put_attributes(const struct setup *s, uint32_t i, struct stun_build *b)
{
	struct addr peer = peer_of(s->l, i);

	switch (s->step) {
	case STEP_ALLOCATE:
		stun_build_transport(b, IPPROTO_UDP);
		break;
	case STEP_BIND:
		stun_build_channel(b, s->l->flows[i].channel);
		stun_build_xor_addr(b, STUN_ATTR_XOR_PEER_ADDRESS, &peer);
		break;
	case STEP_RELEASE:
		stun_build_u32(b, STUN_ATTR_LIFETIME, 0);
		break;
	}
}

static void put_credentials(const struct relay_load *l, const struct flow *f, struct stun_build *b)
{
	stun_build_bytes(b, STUN_ATTR_USERNAME, f->user, strlen(f->user));
	stun_build_text(b, STUN_ATTR_REALM, l->opt.realm);
	stun_build_bytes(b, STUN_ATTR_NONCE, f->nonce, f->nonce_bytes);
	stun_build_integrity(b, &f->key);
}

static struct tid tid_of(const struct setup *s, uint32_t i)
{
	return (struct tid){s->l->tid_salt, i, (uint16_t)s->step, s->l->flows[i].attempt};
}

static void send_request(struct setup *s, uint32_t i)
{
	struct flow *f = &s->l->flows[i];
	struct tid tid = tid_of(s, i);
	uint8_t buf[REQUEST_MAX];
	struct stun_build b;
	size_t len;

	stun_build_init(&b, buf, sizeof(buf), stun_type(STUN_REQUEST, method_of[s->step]), (uint8_t *)&tid);
	put_attributes(s, i, &b);
	if (f->nonce_bytes)
		put_credentials(s->l, f, &b);
	if (stun_build_end(&b, &len))
		die("a request does not fit its buffer");
	memcpy(tx_add(s->l->client_tx, f->client, &s->l->opt.server, len, 1), buf, len);
	f->resend_ns = s->now_ns + RESEND_NS;
	f->tries++;
}

static void begin(struct setup *s, uint32_t i)
{
	struct flow *f = &s->l->flows[i];

	f->pending = true;
	f->tries = 0;
	f->attempt++;
	s->under_way++;
	send_request(s, i);
}

static void finish(struct setup *s, uint32_t i, const struct stun_msg *m)
{
	struct flow *f = &s->l->flows[i];
	struct addr relayed;

	if (s->step == STEP_ALLOCATE) {
		if (stun_read_xor_addr(m, STUN_ATTR_XOR_RELAYED_ADDRESS, &relayed) ||
		    relayed.sa.sa_family != AF_INET)
			die("an allocation without a relayed IPv4 address");
		f->relayed = relayed.in;
		if (s->l->opt.secret && !f->nonce_bytes)
			die("the server hands out allocations without credentials");
	}
	f->pending = false;
	s->under_way--;
}

/* 401 and 438 bring a nonce to go on with; no other error does. */
static void retry(struct setup *s, uint32_t i, const struct stun_msg *m)
{
	struct flow *f = &s->l->flows[i];
	struct stun_error e;
	struct stun_attr realm, nonce;

	if (stun_read_error(m, STUN_ATTR_ERROR_CODE, &e))
		die("an error response without a code");
	if (!(e.code == STUN_CODE_UNAUTHENTICATED && !f->nonce_bytes) && e.code != STUN_CODE_STALE_NONCE)
		die("request %x of flow %u: error %u %.*s", method_of[s->step], i, e.code,
		    (int)e.reason_bytes, e.reason);
	if (!s->l->opt.secret)
		die("the server asks for credentials: --secret");
	if (!stun_msg_find(m, STUN_ATTR_NONCE, &nonce) || !nonce.len || nonce.len > NONCE_MAX)
		die("a challenge without a nonce, or with one longer than %u bytes", NONCE_MAX);
	if (e.code == STUN_CODE_UNAUTHENTICATED &&
	    (!stun_msg_find(m, STUN_ATTR_REALM, &realm) || realm.len != strlen(s->l->opt.realm) ||
	     memcmp(realm.value, s->l->opt.realm, realm.len) != 0))
		die("the server's realm is not \"%s\"", s->l->opt.realm);
	memcpy(f->nonce, nonce.value, nonce.len);
	f->nonce_bytes = (uint8_t)nonce.len;
	f->attempt++;
	send_request(s, i);
}

static void on_answer(void *arg, const struct packet *p)
{
	struct setup *s = arg;
	struct stun_msg m;
	struct tid tid, want;

	if (stun_msg_parse(&m, p->data, p->len) || (m.class != STUN_SUCCESS && m.class != STUN_ERROR))
		return;
	memcpy(&tid, m.tid, sizeof(tid));
	if (tid.flow >= s->end || !s->l->flows[tid.flow].pending)
		return;
	want = tid_of(s, tid.flow);
	if (memcmp(&tid, &want, sizeof(tid)) != 0)
		return;
	if (m.class == STUN_SUCCESS)
		finish(s, tid.flow, &m);
	else
		retry(s, tid.flow, &m);
}

static void resend_due(struct setup *s)
{
	for (uint32_t i = s->first; i < s->next; i++) {
		struct flow *f = &s->l->flows[i];

		if (!f->pending || f->resend_ns > s->now_ns)
			continue;
		if (f->tries >= TRIES_MAX)
			die("request %x of flow %u got no answer", method_of[s->step], i);
		send_request(s, i);
	}
}

static void prepare(struct relay_load *l, uint32_t first, uint32_t end)
{
	for (uint32_t i = first; i < end; i++) {
		struct flow *f = &l->flows[i];

		f->client = htonl(0x2C020001 + i); /* 44.2.0.1 and up */
		f->peer = htonl(0x2C030001 + i);   /* 44.3.0.1 and up */
		f->channel = (uint16_t)(CHANNEL_BASE + i % (STUN_CHANNEL_MAX - CHANNEL_BASE + 1));
		f->nonce_bytes = 0;
		if (l->opt.secret)
			make_key(&l->opt, i, f);
	}
}

uint64_t setup_run(struct relay_load *l, enum step step, uint32_t first, uint32_t end)
{
	struct setup s = {.l = l, .step = step, .first = first, .next = first, .end = end};
	uint64_t start, scan_ns;

	if (step == STEP_ALLOCATE)
		prepare(l, first, end);
	start = scan_ns = now_ns();
	while (s.next < end || s.under_way) {
		s.now_ns = now_ns();
		while (s.next < end && s.under_way < UNDER_WAY_MAX)
			begin(&s, s.next++);
		if (s.now_ns - scan_ns > RESEND_NS / 5) {
			resend_due(&s);
			scan_ns = s.now_ns;
		}
		tx_flush(l->client_tx);
		if (!rx_poll(l->client_rx, 1, on_answer, &s))
			net_wait(l->client_fd, 50);
	}
	return now_ns() - start;
}

struct probe {
	uint8_t tid[STUN_TID_BYTES];
	bool answered;
};

static void on_binding(void *arg, const struct packet *p)
{
	struct probe *probe = arg;
	struct stun_msg m;

	if (!stun_msg_parse(&m, p->data, p->len) && m.method == STUN_BINDING && m.class == STUN_SUCCESS &&
	    !memcmp(m.tid, probe->tid, sizeof(probe->tid)))
		probe->answered = true;
}

void setup_ready(struct relay_load *l)
{
	uint64_t end = now_ns() + READY_NS;
	struct probe probe = {.tid = "are you up?"};
	uint8_t buf[STUN_HEADER_BYTES];
	struct stun_build b;
	size_t len;

	stun_build_init(&b, buf, sizeof(buf), stun_type(STUN_REQUEST, STUN_BINDING), probe.tid);
	if (stun_build_end(&b, &len))
		die("a header does not fit its buffer");
	while (!probe.answered) {
		if (now_ns() > end)
			die("the server does not answer");
		memcpy(tx_add(l->client_tx, htonl(0x2C020001), &l->opt.server, len, 1), buf, len);
		tx_flush(l->client_tx);
		net_wait(l->client_fd, 50);
		rx_poll(l->client_rx, 1, on_binding, &probe);
	}
}

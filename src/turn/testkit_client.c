/*
 * Clients that sign as the RFC says. What holds for every answer is asserted here, so that each test need
 * only look at what it is about.
 */
#include "turn/testkit.h"

#include "stun/read.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void kit_credential(struct kit_client *c, const char *secret, const char *user, uint64_t expires_s)
{
	struct turn_credential made;
	int r = turn_credential_make(secret, user, expires_s, &made);
	assert(r == 0);
	(void)r;
	(void)snprintf(c->username, sizeof(c->username), "%s", made.username);
	(void)snprintf(c->password, sizeof(c->password), "%s", made.password);
}

void kit_client(struct kit *k, struct kit_client *c, enum turn_transport transport, const char *text,
		const char *user)
{
	*c = (struct kit_client){.kit = k};
	c->from.transport = transport;
	c->from.client = kit_addr(text);
	c->from.server = kit_addr(text[0] == '[' ? "[2620:0:2d0::1]:3478" : "198.41.0.4:3478");
	c->from.user = c;
	kit_credential(c, KIT_SECRET, user, k->now.wall_s + 600);
}

void kit_begin(struct kit_client *c, uint16_t method)
{
	uint8_t tid[STUN_TID_BYTES] = {0};
	c->tid++;
	memcpy(tid, &c->tid, sizeof(c->tid));
	memcpy(tid + 4, &c->from.client.in.sin_port, 2);
	stun_build_init(&c->b, c->sent, sizeof(c->sent), stun_type(STUN_REQUEST, method), tid);
}

static void client_key(const struct kit_client *c, struct stun_hmac *h)
{
	struct stun_login login = {.username = c->username,
				   .username_bytes = strlen(c->username),
				   .realm = c->realm,
				   .password = c->password};
	uint8_t key[STUN_KEY_MAX];
	size_t n = stun_key_long_term(
		c->alg == STUN_PASSWORD_SHA256 ? STUN_PASSWORD_SHA256 : STUN_PASSWORD_MD5, &login, key);
	stun_hmac_init(h, c->mac, key, n);
}

static int check_answer(struct kit_client *c)
{
	struct stun_error e = {0};
	if (c->answer_len == 0)
		return -1;
	assert(c->answer_len <= TURN_REPLY_MAX);
	int r = stun_msg_parse(&c->m, c->answer, c->answer_len);
	assert(r == 0 && memcmp(c->m.tid, c->sent + 8, STUN_TID_BYTES) == 0);
	assert(stun_type(STUN_REQUEST, c->m.method) == (c->sent[0] << 8 | c->sent[1]));
	assert(stun_msg_has(&c->m, STUN_ATTR_FINGERPRINT) == c->had_fingerprint);
	assert(stun_fingerprint_check(&c->m) == (c->had_fingerprint ? 0 : STUN_E_ABSENT));
	if (c->m.class == STUN_ERROR) {
		r = stun_read_error(&c->m, STUN_ATTR_ERROR_CODE, &e);
		assert(r == 0);
	} else {
		assert(c->m.class == STUN_SUCCESS);
	}
	bool proof = stun_integrity_check(&c->m, &c->key) == 0;
	bool unproven = e.code == STUN_CODE_UNAUTHENTICATED || e.code == STUN_CODE_STALE_NONCE;
	/* 400 comes from before and after the proof; 441 is signed by the key of the credential that is wrong
	 * here. */
	if (e.code != STUN_CODE_BAD_REQUEST)
		assert(proof == (c->is_signed && !unproven));
	assert(unproven == stun_msg_has(&c->m, STUN_ATTR_NONCE));
	return e.code;
}

static int deliver(struct kit_client *c)
{
	struct kit *k = c->kit;
	c->answer_len = turn_message(k->server, &c->from, c->sent, c->sent_len, k->now, c->answer);
	kit_check(k);
	return check_answer(c);
}

static int finish(struct kit_client *c, bool is_signed)
{
	c->is_signed = is_signed;
	c->had_fingerprint = c->fingerprint;
	if (c->fingerprint)
		stun_build_fingerprint(&c->b);
	int r = stun_build_end(&c->b, &c->sent_len);
	assert(r == 0);
	(void)r;
	return deliver(c);
}

int kit_plain(struct kit_client *c)
{
	return finish(c, false);
}

int kit_ask(struct kit_client *c)
{
	static const enum stun_password_alg algs[] = {STUN_PASSWORD_SHA256, STUN_PASSWORD_MD5};
	uint8_t hash[STUN_USERHASH_BYTES];
	stun_userhash(c->username, strlen(c->username), c->realm, hash);
	if (c->by_hash)
		stun_build_bytes(&c->b, STUN_ATTR_USERHASH, hash, sizeof(hash));
	else
		stun_build_bytes(&c->b, STUN_ATTR_USERNAME, c->username, strlen(c->username));
	stun_build_text(&c->b, STUN_ATTR_REALM, c->realm);
	stun_build_text(&c->b, STUN_ATTR_NONCE, c->nonce);
	if (c->alg) {
		stun_build_password_algorithms(&c->b, algs, 2);
		stun_build_password_algorithm(&c->b, (enum stun_password_alg)c->alg);
	}
	client_key(c, &c->key);
	stun_build_integrity(&c->b, &c->key);
	return finish(c, true);
}

int kit_again(struct kit_client *c)
{
	return deliver(c);
}

static void copy_text(const struct kit_client *c, uint16_t type, char *out, size_t cap)
{
	struct stun_attr attr;
	int r = stun_read_text(&c->m, type, cap - 1, &attr);
	assert(r == 0);
	(void)r;
	memcpy(out, attr.value, attr.len);
	out[attr.len] = '\0';
}

void kit_login(struct kit_client *c)
{
	kit_begin(c, STUN_ALLOCATE);
	stun_build_transport(&c->b, 17);
	int r = kit_plain(c);
	assert(r == STUN_CODE_UNAUTHENTICATED);
	(void)r;
	copy_text(c, STUN_ATTR_REALM, c->realm, sizeof(c->realm));
	copy_text(c, STUN_ATTR_NONCE, c->nonce, sizeof(c->nonce));
}

int kit_allocate(struct kit_client *c)
{
	if (!*c->nonce)
		kit_login(c);
	kit_begin(c, STUN_ALLOCATE);
	stun_build_transport(&c->b, 17);
	return kit_ask(c);
}

int kit_refresh(struct kit_client *c, uint32_t lifetime_s)
{
	kit_begin(c, STUN_REFRESH);
	stun_build_u32(&c->b, STUN_ATTR_LIFETIME, lifetime_s);
	return kit_ask(c);
}

int kit_allocate_both(struct kit_client *c)
{
	if (!*c->nonce)
		kit_login(c);
	kit_begin(c, STUN_ALLOCATE);
	stun_build_transport(&c->b, 17);
	stun_build_family(&c->b, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, STUN_FAMILY_IP6);
	return kit_ask(c);
}

int kit_permit(struct kit_client *c, const char *peer)
{
	struct addr a = kit_addr(peer);
	return kit_permit_addr(c, &a);
}

int kit_permit_addr(struct kit_client *c, const struct addr *peer)
{
	kit_begin(c, STUN_CREATE_PERMISSION);
	stun_build_xor_addr(&c->b, STUN_ATTR_XOR_PEER_ADDRESS, peer);
	return kit_ask(c);
}

int kit_bind(struct kit_client *c, uint16_t number, const char *peer)
{
	struct addr a = kit_addr(peer);
	return kit_bind_addr(c, number, &a);
}

int kit_bind_addr(struct kit_client *c, uint16_t number, const struct addr *peer)
{
	kit_begin(c, STUN_CHANNEL_BIND);
	stun_build_channel(&c->b, number);
	stun_build_xor_addr(&c->b, STUN_ATTR_XOR_PEER_ADDRESS, peer);
	return kit_ask(c);
}

struct turn_alloc *kit_alloc(const struct kit_client *c)
{
	if (c->from.transport != TURN_UDP)
		return c->from.alloc;
	return turn_find(c->kit->server, &c->from.client, &c->from.server);
}

struct addr kit_relayed(const struct kit_client *c, unsigned family)
{
	return kit_alloc(c)->relays[family].relayed;
}

bool kit_channel_up(struct kit_client *c, uint16_t number, struct turn_up *up)
{
	return turn_channel_up(kit_alloc(c), number, c->kit->now.mono_ms, up);
}

bool kit_send_up(struct kit_client *c, const char *peer, struct turn_up *up)
{
	struct addr a = kit_addr(peer);
	return kit_send_addr(c, &a, up);
}

bool kit_send_addr(struct kit_client *c, const struct addr *peer, struct turn_up *up)
{
	static const uint8_t tid[STUN_TID_BYTES];
	stun_build_init(&c->b, c->sent, sizeof(c->sent), stun_type(STUN_INDICATION, STUN_SEND), tid);
	stun_build_xor_addr(&c->b, STUN_ATTR_XOR_PEER_ADDRESS, peer);
	stun_build_bytes(&c->b, STUN_ATTR_DATA, "hello", 5);
	int r = stun_build_end(&c->b, &c->sent_len);
	assert(r == 0 && turn_is_send(c->sent, c->sent_len));
	(void)r;
	return turn_send_up(kit_alloc(c), c->sent, c->sent_len, c->kit->now.mono_ms, up);
}

bool kit_down(struct kit_client *c, const char *peer, struct turn_down *down)
{
	struct addr a = kit_addr(peer);
	return turn_down(kit_alloc(c), &a, c->kit->now.mono_ms, down);
}

uint32_t kit_u32(const struct kit_client *c, uint16_t type)
{
	uint32_t value = UINT32_MAX;
	int r = stun_read_u32(&c->m, type, &value);
	assert(r == 0);
	(void)r;
	return value;
}

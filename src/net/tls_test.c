/* The TLS engine against OpenSSL's client, without a network. */
#include "net/tls_testing.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

/* ---- what OpenSSL has allocated ---- */

static size_t held_bytes;

static void *counted_malloc(size_t n, const char *file, int line)
{
	void *p = malloc(n);
	held_bytes += malloc_usable_size(p);
	return p;
}

static void counted_free(void *p, const char *file, int line)
{
	held_bytes -= malloc_usable_size(p);
	free(p);
}

static void *counted_realloc(void *p, size_t n, const char *file, int line)
{
	held_bytes -= malloc_usable_size(p);
	p = realloc(p, n);
	held_bytes += malloc_usable_size(p);
	return p;
}

/* ---- one connection in memory ---- */

struct duo {
	struct tls_conn *server;
	SSL_CTX *client_ctx;
	SSL *client;
	BIO *to_client; /* the client reads from it */
	BIO *to_server;
	size_t piece; /* the server gets its input in pieces of so many bytes; 0: all at once */

	uint8_t plain[300000];
	size_t n_plain;
	int n_records; /* plain() calls */
	int cipher_err;
	bool dead;
	int input; /* last result of tls_conn_input() */
};

static void duo_plain(void *arg, const uint8_t *data, size_t n)
{
	struct duo *d = arg;
	assert(n <= sizeof(d->plain) - d->n_plain);
	memcpy(d->plain + d->n_plain, data, n);
	d->n_plain += n;
	d->n_records++;
}

static int duo_cipher(void *arg, const uint8_t *data, size_t n)
{
	struct duo *d = arg;
	if (d->cipher_err)
		return d->cipher_err;
	assert(BIO_write(d->to_client, data, (int)n) == (int)n);
	return 0;
}

static bool duo_alive(void *arg)
{
	const struct duo *d = arg;
	return !d->dead;
}

static const struct tls_io duo_io = {.plain = duo_plain, .cipher = duo_cipher, .alive = duo_alive};

static struct duo *duo_new(struct tls_ctx *ctx)
{
	struct duo *d = calloc(1, sizeof(*d));
	assert_non_null(d);
	d->server = tls_conn_new(ctx, &duo_io, d);
	assert_non_null(d->server);
	d->client_ctx = SSL_CTX_new(TLS_client_method());
	assert_non_null(d->client_ctx);
	SSL_CTX_set_session_cache_mode(d->client_ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	/* What the server refuses, it shall refuse of its own, not because the client would not try. */
	SSL_CTX_set_security_level(d->client_ctx, 0);
	return d;
}

/* After the client's context has been set up. */
static void duo_open(struct duo *d)
{
	d->client = SSL_new(d->client_ctx);
	d->to_client = BIO_new(BIO_s_mem());
	d->to_server = BIO_new(BIO_s_mem());
	assert_true(d->client && d->to_client && d->to_server);
	BIO_set_mem_eof_return(d->to_client, -1);
	BIO_set_mem_eof_return(d->to_server, -1);
	SSL_set_bio(d->client, d->to_client, d->to_server);
	SSL_set_connect_state(d->client);
}

static void duo_free(struct duo *d)
{
	tls_conn_free(d->server);
	SSL_free(d->client);
	SSL_CTX_free(d->client_ctx);
	free(d);
	ERR_clear_error();
}

/* Everything the client has written, to the server. */
static int duo_feed(struct duo *d)
{
	char *data;
	size_t n = (size_t)BIO_get_mem_data(d->to_server, &data);
	uint8_t *copy = malloc(n + 1);
	memcpy(copy, data, n);
	(void)BIO_reset(d->to_server);
	d->input = 0;
	for (size_t done = 0; done < n && d->input == 0;) {
		size_t piece = d->piece && d->piece < n - done ? d->piece : n - done;
		d->input = tls_conn_input(d->server, copy + done, piece);
		done += piece;
	}
	free(copy);
	return d->input;
}

/* Return: whether both sides have come to the end of the handshake. */
static bool duo_handshake(struct duo *d)
{
	for (int i = 0; i < 6; i++) {
		int r = SSL_do_handshake(d->client);
		bool waits = r != 1 && SSL_get_error(d->client, r) == SSL_ERROR_WANT_READ;
		if (duo_feed(d) != 0 || (r != 1 && !waits))
			return false;
		if (r == 1 && tls_conn_established(d->server))
			return true;
	}
	return false;
}

/* The last record the server sent is an alert of @description, still in the clear. */
static void assert_alert(struct duo *d, int description)
{
	char *data;
	long n = BIO_get_mem_data(d->to_client, &data);
	assert_true(n >= 7);
	const uint8_t *rec = (const uint8_t *)data + n - 7;
	assert_int_equal(rec[0], 21);
	assert_int_equal(rec[1], 3);
	assert_int_equal(rec[4], 2);
	assert_int_equal(rec[5], 2);
	assert_int_equal(rec[6], description);
}

static void echo_both_ways(struct duo *d, size_t n)
{
	uint8_t *data = malloc(n);
	uint8_t *back = malloc(n);
	for (size_t i = 0; i < n; i++)
		data[i] = (uint8_t)(i * 13);
	assert_int_equal(SSL_write(d->client, data, (int)n), (int)n);
	assert_int_equal(duo_feed(d), 0);
	assert_int_equal(d->n_plain, n);
	assert_memory_equal(d->plain, data, n);
	assert_int_equal(tls_conn_write(d->server, d->plain, n), 0);
	for (size_t got = 0; got < n;) {
		int k = SSL_read(d->client, back + got, (int)(n - got));
		assert_true(k > 0);
		got += (size_t)k;
	}
	assert_memory_equal(back, data, n);
	free(data);
	free(back);
}

/* ---- versions and ciphers ---- */

static void check_version(struct tls_ctx *ctx, int version, size_t piece)
{
	struct duo *d = duo_new(ctx);
	d->piece = piece;
	SSL_CTX_set_min_proto_version(d->client_ctx, version);
	SSL_CTX_set_max_proto_version(d->client_ctx, version);
	duo_open(d);
	assert_true(duo_handshake(d));
	assert_int_equal(SSL_version(d->client), version);
	assert_int_equal(SSL_CIPHER_is_aead(SSL_get_current_cipher(d->client)), 1);
	echo_both_ways(d, 100000);
	duo_free(d);
}

static void test_tls12_and_tls13(void **state)
{
	check_version(*state, TLS1_2_VERSION, 0);
	check_version(*state, TLS1_3_VERSION, 0);
}

static void test_input_in_any_pieces(void **state)
{
	check_version(*state, TLS1_2_VERSION, 1);
	check_version(*state, TLS1_3_VERSION, 1);
	check_version(*state, TLS1_3_VERSION, 1447);
}

static void test_old_versions_refused(void **state)
{
	static const int versions[] = {TLS1_VERSION, TLS1_1_VERSION};
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		struct duo *d = duo_new(*state);
		SSL_CTX_set_min_proto_version(d->client_ctx, versions[i]);
		SSL_CTX_set_max_proto_version(d->client_ctx, versions[i]);
		duo_open(d);
		assert_int_not_equal(SSL_do_handshake(d->client), 1);
		assert_true(BIO_pending(d->to_server) > 0);
		assert_int_equal(duo_feed(d), -EPROTO);
		assert_alert(d, 70); /* protocol_version */
		assert_false(tls_conn_established(d->server));
		duo_free(d);
	}
}

static void test_weak_ciphers_refused(void **state)
{
	static const char *const lists[] = {"ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256",
					    "AES128-GCM-SHA256", "DHE-RSA-AES128-GCM-SHA256"};
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		struct duo *d = duo_new(*state);
		SSL_CTX_set_max_proto_version(d->client_ctx, TLS1_2_VERSION);
		assert_int_equal(SSL_CTX_set_cipher_list(d->client_ctx, lists[i]), 1);
		duo_open(d);
		assert_int_not_equal(SSL_do_handshake(d->client), 1);
		assert_true(BIO_pending(d->to_server) > 0);
		assert_int_equal(duo_feed(d), -EPROTO);
		assert_alert(d, 40); /* handshake_failure */
		duo_free(d);
	}
}

/* ---- ALPN ---- */

static void check_alpn(struct tls_ctx *ctx, const char *offer, const char *want)
{
	struct duo *d = duo_new(ctx);
	if (offer)
		SSL_CTX_set_alpn_protos(d->client_ctx, (const uint8_t *)offer, (unsigned)strlen(offer));
	duo_open(d);
	assert_true(duo_handshake(d));
	const unsigned char *got;
	unsigned len;
	SSL_get0_alpn_selected(d->client, &got, &len);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(got ? (const char *)got : "", want, len);
	duo_free(d);
}

static void test_alpn(void **state)
{
	check_alpn(*state, NULL, "");
	check_alpn(*state, "\x08http/1.1", "http/1.1");
	check_alpn(*state, "\x02h2\x08http/1.1", "http/1.1");
	check_alpn(*state, "\x02h2", "");
	check_alpn(*state, "\x08http/1.0", "");
	check_alpn(*state, "\x0Astun.turnx\x09http/1.1x", "");
	check_alpn(*state, "\x09stun.turn", "stun.turn");
	check_alpn(*state, "\x12stun.nat-discovery", "stun.nat-discovery");
	check_alpn(*state, "\x09stun.turn\x08http/1.1", "stun.turn");
	check_alpn(*state, "\x02h2\x08http/1.1\x09stun.turn", "http/1.1");
}

/* ---- bad peers ---- */

static int feed_raw(struct duo *d, const void *data, size_t n)
{
	return tls_conn_input(d->server, data, n);
}

static void test_garbage_refused(void **state)
{
	struct duo *d = duo_new(*state);
	duo_open(d);
	static const char http[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	assert_int_equal(feed_raw(d, http, sizeof(http) - 1), -EPROTO);
	assert_int_equal(feed_raw(d, http, sizeof(http) - 1), -EPROTO);
	duo_free(d);

	d = duo_new(*state);
	duo_open(d);
	static const uint8_t bad_hello[] = {22, 3, 1, 0, 8, 1, 0, 0, 4, 9, 9, 9, 9};
	assert_int_equal(feed_raw(d, bad_hello, sizeof(bad_hello)), -EPROTO);
	assert_alert(d, 50);          /* decode_error */
	tls_conn_shutdown(d->server); /* harmless */
	duo_free(d);
}

/* A hello that goes on and on: 120 KiB announced, which OpenSSL alone would wait for. */
static void test_endless_handshake_refused(void **state)
{
	struct duo *d = duo_new(*state);
	duo_open(d);
	uint8_t rec[5 + 1024] = {22, 3, 1, 4, 0, 1, 1, 0xe0, 0};
	int n = 0;
	int r = 0;
	while (r == 0 && n < 120) {
		r = feed_raw(d, rec, sizeof(rec));
		memset(rec + 5, 0, 4);
		n++;
	}
	assert_int_equal(r, -EPROTO);
	assert_in_range(n, 60, 66);
	duo_free(d);
}

static void test_changed_record_refused(void **state)
{
	struct duo *d = duo_new(*state);
	duo_open(d);
	assert_true(duo_handshake(d));
	assert_int_equal(SSL_write(d->client, "hello", 5), 5);
	char *data;
	long n = BIO_get_mem_data(d->to_server, &data);
	data[n - 1] ^= 1;
	assert_int_equal(duo_feed(d), -EPROTO);
	assert_int_equal(d->n_plain, 0);
	int k = SSL_read(d->client, d->plain, 1);
	assert_true(k <= 0);
	assert_int_equal(ERR_GET_REASON(ERR_peek_last_error()), SSL_R_SSLV3_ALERT_BAD_RECORD_MAC);
	assert_int_equal(tls_conn_write(d->server, (const uint8_t *)"x", 1), -EPROTO);
	duo_free(d);
}

static void test_renegotiation_refused(void **state)
{
	struct duo *d = duo_new(*state);
	SSL_CTX_set_max_proto_version(d->client_ctx, TLS1_2_VERSION);
	duo_open(d);
	assert_true(duo_handshake(d));
	assert_int_equal(SSL_renegotiate(d->client), 1);
	assert_int_not_equal(SSL_do_handshake(d->client), 1);
	(void)duo_feed(d);
	assert_int_not_equal(SSL_do_handshake(d->client), 1);
	assert_int_equal(ERR_GET_REASON(ERR_peek_last_error()), SSL_R_NO_RENEGOTIATION);
	duo_free(d);
}

/* ---- ends and failures ---- */

static void test_close_notify_from_client(void **state)
{
	struct duo *d = duo_new(*state);
	duo_open(d);
	assert_true(duo_handshake(d));
	assert_int_equal(SSL_write(d->client, "bye", 3), 3);
	assert_int_equal(SSL_shutdown(d->client), 0);
	assert_int_equal(duo_feed(d), 1);
	assert_int_equal(d->n_plain, 3);
	tls_conn_shutdown(d->server);
	assert_int_equal(SSL_shutdown(d->client), 1);
	duo_free(d);
}

static void test_close_notify_from_server(void **state)
{
	struct duo *d = duo_new(*state);
	duo_open(d);
	assert_true(duo_handshake(d));
	assert_int_equal(tls_conn_write(d->server, (const uint8_t *)"bye", 3), 0);
	tls_conn_shutdown(d->server);
	assert_int_equal(SSL_read(d->client, d->plain, 10), 3);
	int r = SSL_read(d->client, d->plain, 10);
	assert_int_equal(SSL_get_error(d->client, r), SSL_ERROR_ZERO_RETURN);
	duo_free(d);
}

static void test_stops_when_the_owner_has_closed(void **state)
{
	struct duo *d = duo_new(*state);
	duo_open(d);
	assert_true(duo_handshake(d));
	assert_int_equal(SSL_write(d->client, "x", 1), 1);
	d->dead = true;
	assert_int_equal(duo_feed(d), 0);
	assert_int_equal(d->n_plain, 0);
	duo_free(d);
}

static void test_cipher_failure_comes_back(void **state)
{
	struct duo *d = duo_new(*state);
	duo_open(d);
	d->cipher_err = -ENOBUFS;
	assert_int_not_equal(SSL_do_handshake(d->client), 1);
	assert_int_equal(duo_feed(d), -ENOBUFS);
	duo_free(d);

	d = duo_new(*state);
	duo_open(d);
	assert_true(duo_handshake(d));
	d->cipher_err = -ENOMEM;
	assert_int_equal(tls_conn_write(d->server, (const uint8_t *)"x", 1), -ENOMEM);
	duo_free(d);
}

static void test_full_records(void **state)
{
	struct duo *d = duo_new(*state);
	duo_open(d);
	assert_true(duo_handshake(d));
	assert_int_equal(tls_conn_write(d->server, d->plain, 16384), 0);
	/* SSL_read() gives at most one record. */
	assert_int_equal(SSL_read(d->client, d->plain, sizeof(d->plain)), 16384);
	duo_free(d);
}

/* ---- contexts ---- */

static SSL_SESSION *new_session;

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	SSL_SESSION_free(new_session);
	new_session = session;
	return 1;
}

/* Return: whether the server took the ticket of an earlier connection. */
static bool resume(struct tls_ctx *ctx, int version)
{
	struct duo *d = duo_new(ctx);
	SSL_CTX_set_max_proto_version(d->client_ctx, version);
	SSL_CTX_sess_set_new_cb(d->client_ctx, keep_session);
	duo_open(d);
	if (new_session)
		assert_int_equal(SSL_set_session(d->client, new_session), 1);
	assert_true(duo_handshake(d));
	echo_both_ways(d, 10); /* the client comes to see its ticket */
	bool reused = SSL_session_reused(d->client);
	SSL_set_shutdown(d->client,
			 SSL_SENT_SHUTDOWN); /* or the client would take the session for a bad one */
	duo_free(d);
	return reused;
}

static void check_tickets(struct tls_ctx *ctx, int version)
{
	assert_false(resume(ctx, version));
	assert_non_null(new_session);
	assert_true(resume(ctx, version));
	assert_non_null(new_session);
	tls_ctx_renew_ticket_key(ctx);
	assert_false(resume(ctx, version));
	assert_true(resume(ctx, version));
	SSL_SESSION_free(new_session);
	new_session = NULL;
}

static void test_tickets(void **state)
{
	check_tickets(*state, TLS1_2_VERSION);
	check_tickets(*state, TLS1_3_VERSION);
}

static void test_connection_outlives_context(void **state)
{
	struct tls_ctx *ctx = test_ctx();
	struct duo *d = duo_new(ctx);
	tls_ctx_free(ctx);
	duo_open(d);
	assert_true(duo_handshake(d));
	echo_both_ways(d, 1000);
	duo_free(d);
	assert_null(tls_ctx_free(NULL));
	assert_null(tls_conn_free(NULL));
}

#define IDLE_MAX_BYTES (14 * 1024)

/* What one established connection keeps: 20 KiB are allowed in all, and there is more than OpenSSL to it. */
static void check_idle_memory(struct tls_ctx *ctx, int version)
{
	struct duo *d = duo_new(ctx);
	SSL_CTX_set_max_proto_version(d->client_ctx, version);
	duo_open(d);
	assert_true(duo_handshake(d));
	echo_both_ways(d, 50000);
	size_t before = held_bytes;
	d->server = tls_conn_free(d->server);
	size_t held = before - held_bytes;
	print_message("# an idle connection holds %zu bytes in OpenSSL\n", held);
	assert_in_range(held, 1000, IDLE_MAX_BYTES);
	duo_free(d);
}

static void test_idle_memory(void **state)
{
	check_idle_memory(*state, TLS1_2_VERSION);
	check_idle_memory(*state, TLS1_3_VERSION);
}

static int setup(void **state)
{
	*state = test_ctx();
	return 0;
}

static int teardown(void **state)
{
	tls_ctx_free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls12_and_tls13),
		cmocka_unit_test(test_input_in_any_pieces),
		cmocka_unit_test(test_old_versions_refused),
		cmocka_unit_test(test_weak_ciphers_refused),
		cmocka_unit_test(test_alpn),
		cmocka_unit_test(test_garbage_refused),
		cmocka_unit_test(test_endless_handshake_refused),
		cmocka_unit_test(test_changed_record_refused),
		cmocka_unit_test(test_renegotiation_refused),
		cmocka_unit_test(test_close_notify_from_client),
		cmocka_unit_test(test_close_notify_from_server),
		cmocka_unit_test(test_stops_when_the_owner_has_closed),
		cmocka_unit_test(test_cipher_failure_comes_back),
		cmocka_unit_test(test_full_records),
		cmocka_unit_test(test_tickets),
		cmocka_unit_test(test_connection_outlives_context),
		cmocka_unit_test(test_idle_memory),
	};
	/* Before OpenSSL allocates anything. */
	if (CRYPTO_set_mem_functions(counted_malloc, counted_realloc, counted_free) != 1)
		return 1;
	return cmocka_run_group_tests(tests, setup, teardown);
}

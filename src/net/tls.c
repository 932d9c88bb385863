/*
 * One TLS connection's engine: OpenSSL with a BIO of our own in place of a socket.
 *
 * The BIO reads straight from the slice that tls_conn_input() was given and hands what it is to write to
 * cipher(). OpenSSL's memory BIOs would keep a buffer of 17 KiB per connection for that. OpenSSL reads a
 * record's header and body separately (read-ahead is off), takes the whole slice before it asks for more, and
 * with SSL_MODE_RELEASE_BUFFERS keeps a record buffer only while a record is incomplete.
 *
 * A peer may make us do expensive work only in its first few KiB: a handshake that has not come to its end
 * after HANDSHAKE_MAX_BYTES is broken off.
 *
 * Thread: that of the connection.
 */
#include "net/tls_ctx.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <pthread.h>
#include <string.h>

#define HANDSHAKE_MAX_BYTES (64 * 1024)
#define RECORD_MAX_BYTES    16384

struct tls_conn {
	SSL *ssl;
	const struct tls_io *io;
	void *arg;
	const uint8_t *in; /* the rest of tls_conn_input()'s slice */
	size_t in_len;
	size_t handshake_bytes; /* taken in so far, until established */
	int io_err;             /* what cipher() failed with */
	bool established;
	bool failed;
};

/* ---- the BIO ---- */

static int bio_read(BIO *bio, char *out, int n)
{
	struct tls_conn *c = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	if (n <= 0)
		return 0;
	if (c->in_len == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	size_t take = c->in_len < (size_t)n ? c->in_len : (size_t)n;
	memcpy(out, c->in, take);
	c->in += take;
	c->in_len -= take;
	if (!c->established)
		c->handshake_bytes += take;
	return (int)take;
}

static int bio_write(BIO *bio, const char *data, int n)
{
	struct tls_conn *c = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	if (n <= 0)
		return 0;
	int r = c->io->cipher(c->arg, (const uint8_t *)data, (size_t)n);
	if (r == 0)
		return n;
	if (!c->io_err)
		c->io_err = r;
	return -1;
}

static long bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	return cmd == BIO_CTRL_FLUSH;
}

/* One for the whole process; it lives as long. */
static BIO_METHOD *slice_method;

static void make_slice_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "slice");
	if (!m)
		return;
	BIO_meth_set_read(m, bio_read);
	BIO_meth_set_write(m, bio_write);
	BIO_meth_set_ctrl(m, bio_ctrl);
	slice_method = m;
}

static BIO *slice_bio_new(struct tls_conn *c)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, make_slice_method);
	BIO *bio = slice_method ? BIO_new(slice_method) : NULL;
	if (!bio)
		return NULL;
	BIO_set_data(bio, c);
	BIO_set_init(bio, 1);
	return bio;
}

/* ---- the engine ---- */

struct tls_conn *tls_conn_new(struct tls_ctx *ctx, const struct tls_io *io, void *arg)
{
	ERR_clear_error();
	struct tls_conn *c = mem_zalloc(sizeof(*c));
	if (!c)
		return NULL;
	c->io = io;
	c->arg = arg;
	BIO *bio = slice_bio_new(c);
	if (!bio)
		goto free_conn;
	c->ssl = tls_ctx_ssl_new(ctx);
	if (!c->ssl)
		goto free_bio;
	SSL_set_bio(c->ssl, bio, bio);
	SSL_set_accept_state(c->ssl);
	return c;

free_bio:
	BIO_free(bio);
free_conn:
	mem_free(c);
	return NULL;
}

struct tls_conn *tls_conn_free(struct tls_conn *c)
{
	if (!c)
		return NULL;
	SSL_free(c->ssl);
	mem_free(c);
	return NULL;
}

/* Why did an operation that returned @ret not succeed? Return: 0 it only needs more input; 1 close_notify;
 * -errno. */
static int classify(struct tls_conn *c, int ret)
{
	int kind = SSL_get_error(c->ssl, ret);
	if (kind == SSL_ERROR_WANT_READ)
		return 0;
	if (kind == SSL_ERROR_ZERO_RETURN)
		return 1;
	c->failed = true;
	if (c->io_err)
		return c->io_err;
	unsigned long err = ERR_peek_error();
	if (ERR_GET_REASON(err) == ERR_R_MALLOC_FAILURE)
		return -ENOMEM;
	const char *reason = ERR_reason_error_string(err);
	log_debug("tls connection failed handshake=%s reason=%s", c->established ? "done" : "going on",
		  reason ? reason : "unknown");
	return -EPROTO;
}

static int do_handshake(struct tls_conn *c)
{
	int ret = SSL_do_handshake(c->ssl);
	if (ret == 1) {
		c->established = true;
		return 0;
	}
	int r = classify(c, ret);
	if (r == 0 && c->handshake_bytes > HANDSHAKE_MAX_BYTES) {
		c->failed = true;
		return -EPROTO;
	}
	/* Nobody ends cleanly what has not begun. */
	return r == 1 ? -EPROTO : r;
}

/* Decrypts record by record until the slice is used up. */
static int read_records(struct tls_conn *c)
{
	/* The build clears variables by default; here that would cost more than decrypting a message. */
	__attribute__((uninitialized)) uint8_t plain[RECORD_MAX_BYTES];
	while (c->io->alive(c->arg)) {
		int n = SSL_read(c->ssl, plain, sizeof(plain));
		if (n <= 0)
			return classify(c, n);
		c->io->plain(c->arg, plain, (size_t)n);
	}
	return 0;
}

int tls_conn_input(struct tls_conn *c, const uint8_t *data, size_t n)
{
	if (c->failed)
		return -EPROTO;
	ERR_clear_error();
	c->in = data;
	c->in_len = n;
	int r = c->established ? 0 : do_handshake(c);
	if (r == 0 && c->established)
		r = read_records(c);
	c->in = NULL;
	c->in_len = 0;
	return r;
}

int tls_conn_write(struct tls_conn *c, const uint8_t *data, size_t n)
{
	assert(c->established && n <= INT_MAX);
	if (c->failed)
		return -EPROTO;
	if (n == 0)
		return 0;
	ERR_clear_error();
	int ret = SSL_write(c->ssl, data, (int)n);
	if (ret == (int)n)
		return 0;
	int r = classify(c, ret);
	/* cipher() takes everything, so there is nothing OpenSSL could be waiting for. */
	return r < 0 ? r : -EPROTO;
}

void tls_conn_shutdown(struct tls_conn *c)
{
	if (!c->established || c->failed)
		return;
	ERR_clear_error();
	/* 0 means that the peer's close_notify is still to come, which nobody has to wait for (RFC 8446
	 * §6.1). */
	if (SSL_shutdown(c->ssl) < 0)
		log_debug("tls close_notify could not be made");
}

bool tls_conn_established(const struct tls_conn *c)
{
	return c->established;
}

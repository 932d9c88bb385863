/*
 * TLS server contexts: what we offer, to whom, and where certificate and key come from.
 *
 * Only AEAD ciphers with an ephemeral key exchange; the client's preference decides among them, because it
 * knows whether it has AES in hardware. Sessions are kept by the clients in tickets, never here: a session
 * cache grows with the number of visitors. Forward secrecy then is as good as the ticket key is short-lived,
 * so the key is thrown away every TICKET_KEY_MS; a ticket under the old one leads to a full handshake.
 *
 * Thread: one context is used by one thread.
 */
#include "net/tls_ctx.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TICKET_KEY_MS    (12 * 3600 * 1000)
#define TICKET_KEY_BYTES 128 /* at least what OpenSSL wants: 80 in 3.0 */

static const char tls12_ciphers[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
				    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
				    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
static const char groups[] = "X25519:P-256";

struct tls_ctx {
	SSL_CTX *ssl;
	uint64_t key_made_ms; /* of the ticket key */
};

/* The first of the client's that we speak. What it turns out to speak is told by its first byte, never by
 * this. */
static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
		       unsigned int in_len, void *arg)
{
	static const char *const ours[] = {"http/1.1", "stun.turn", "stun.nat-discovery"};
	const unsigned char *end = in + in_len;
	for (const unsigned char *p = in; p < end && *p < end - p; p += 1 + *p) {
		for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
			if (*p != strlen(ours[i]) || memcmp(p + 1, ours[i], *p) != 0)
				continue;
			*out = p + 1;
			*out_len = *p;
			return SSL_TLSEXT_ERR_OK;
		}
	}
	return SSL_TLSEXT_ERR_NOACK;
}

/* A key behind a passphrase is an error to report, not a question on the terminal. */
static int no_passphrase(char *buf, int size, int rwflag, void *arg)
{
	return -1;
}

static bool configure(SSL_CTX *ssl)
{
	SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(ssl, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_alpn_select_cb(ssl, choose_alpn, NULL);
	SSL_CTX_set_default_passwd_cb(ssl, no_passphrase);
	return SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_num_tickets(ssl, 1) == 1 && SSL_CTX_set_cipher_list(ssl, tls12_ciphers) == 1 &&
	       SSL_CTX_set1_groups_list(ssl, groups) == 1;
}

static struct tls_ctx *tls_ctx_new(void)
{
	struct tls_ctx *ctx = mem_zalloc(sizeof(*ctx));
	if (!ctx)
		return NULL;
	ctx->ssl = SSL_CTX_new(TLS_server_method());
	if (!ctx->ssl || !configure(ctx->ssl))
		return tls_ctx_free(ctx);
	ctx->key_made_ms = clock_mono_ms(); /* OpenSSL has just made the first one */
	return ctx;
}

struct tls_ctx *tls_ctx_free(struct tls_ctx *ctx)
{
	if (!ctx)
		return NULL;
	SSL_CTX_free(ctx->ssl);
	mem_free(ctx);
	return NULL;
}

void tls_ctx_renew_ticket_key(struct tls_ctx *ctx)
{
	unsigned char key[TICKET_KEY_BYTES];
	long len = SSL_CTX_get_tlsext_ticket_keys(ctx->ssl, NULL, 0);
	bool ok = len > 0 && len <= (long)sizeof(key) && RAND_bytes(key, (int)len) == 1 &&
		  SSL_CTX_set_tlsext_ticket_keys(ctx->ssl, key, len) == 1;
	OPENSSL_cleanse(key, sizeof(key));
	ctx->key_made_ms = clock_mono_ms();
	if (!ok)
		log_error("cannot renew the TLS ticket key");
}

SSL *tls_ctx_ssl_new(struct tls_ctx *ctx)
{
	if (clock_mono_ms() - ctx->key_made_ms >= TICKET_KEY_MS)
		tls_ctx_renew_ticket_key(ctx);
	return SSL_new(ctx->ssl);
}

int tls_ctx_from_pair(X509 *cert, EVP_PKEY *key, struct tls_ctx **out)
{
	ERR_clear_error();
	struct tls_ctx *ctx = tls_ctx_new();
	if (!ctx)
		return -ENOMEM;
	if (SSL_CTX_use_certificate(ctx->ssl, cert) != 1 || SSL_CTX_use_PrivateKey(ctx->ssl, key) != 1 ||
	    SSL_CTX_check_private_key(ctx->ssl) != 1) {
		tls_ctx_free(ctx);
		return -EINVAL;
	}
	*out = ctx;
	return 0;
}

/* ---- files ---- */

static PRINTF_LIKE(1, 2) const char *cause(const char *fmt, ...)
{
	static _Thread_local char text[512];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return text;
}

/* OpenSSL's own words for what went wrong: the first entry is the root of the others. */
static const char *openssl_reason(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());
	return reason ? reason : "unknown reason";
}

/* Asked of the system first, as it has the clearer words for it. */
static int check_readable(const char *what, const char *path, const char **why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		close(fd);
		return 0;
	}
	int r = -errno;
	*why = cause("cannot read the %s file %s: %s", what, path, strerror(-r));
	return r;
}

static int use_cert_file(SSL_CTX *ssl, const char *path, const char **why)
{
	int r = check_readable("certificate", path, why);
	if (r < 0)
		return r;
	if (SSL_CTX_use_certificate_chain_file(ssl, path) == 1)
		return 0;
	bool empty = ERR_GET_REASON(ERR_peek_error()) == PEM_R_NO_START_LINE;
	*why = empty ? cause("no PEM certificate in %s", path)
		     : cause("unusable certificate in %s: %s", path, openssl_reason());
	return -EINVAL;
}

static bool is_mismatch(unsigned long err)
{
	return ERR_GET_LIB(err) == ERR_LIB_X509 && (ERR_GET_REASON(err) == X509_R_KEY_VALUES_MISMATCH ||
						    ERR_GET_REASON(err) == X509_R_KEY_TYPE_MISMATCH);
}

static int use_key_file(SSL_CTX *ssl, const char *path, const char **why)
{
	int r = check_readable("key", path, why);
	if (r < 0)
		return r;
	BIO *file = BIO_new_file(path, "r");
	EVP_PKEY *key = file ? PEM_read_bio_PrivateKey(file, NULL, no_passphrase, NULL) : NULL;
	BIO_free(file);
	if (!key) {
		unsigned long err = ERR_peek_last_error();
		bool locked = ERR_GET_REASON(err) == PEM_R_BAD_PASSWORD_READ ||
			      ERR_GET_REASON(err) == ERR_R_INTERRUPTED_OR_CANCELLED;
		*why = locked ? cause("the key in %s is encrypted; give it without a passphrase", path)
			      : cause("no PEM private key in %s", path);
		return -EINVAL;
	}
	bool ok = SSL_CTX_use_PrivateKey(ssl, key) == 1 && SSL_CTX_check_private_key(ssl) == 1;
	EVP_PKEY_free(key);
	if (ok)
		return 0;
	/* A key of another type than the certificate's takes a slot of its own: then there is no key for the
	 * latter. */
	unsigned long err = ERR_peek_last_error();
	bool other = is_mismatch(err) || ERR_GET_REASON(err) == SSL_R_NO_PRIVATE_KEY_ASSIGNED ||
		     ERR_GET_REASON(err) == SSL_R_NO_CERTIFICATE_ASSIGNED;
	*why = other ? cause("the key in %s is not the certificate's", path)
		     : cause("unusable key in %s: %s", path, openssl_reason());
	return -EINVAL;
}

/* Browsers will say so to everybody; tell the operator first. */
static void warn_of_dates(SSL_CTX *ssl, const char *path)
{
	const X509 *cert = SSL_CTX_get0_certificate(ssl);
	if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
		log_warn("the TLS certificate has expired file=%s", path);
	else if (X509_cmp_current_time(X509_get0_notBefore(cert)) > 0)
		log_warn("the TLS certificate is not valid yet file=%s", path);
}

int tls_ctx_from_files(const char *cert_path, const char *key_path, struct tls_ctx **out, const char **why)
{
	ERR_clear_error();
	struct tls_ctx *ctx = tls_ctx_new();
	if (!ctx) {
		*why = "out of memory";
		return -ENOMEM;
	}
	int r = use_cert_file(ctx->ssl, cert_path, why);
	if (r == 0)
		r = use_key_file(ctx->ssl, key_path, why);
	ERR_clear_error();
	if (r < 0) {
		tls_ctx_free(ctx);
		return r;
	}
	warn_of_dates(ctx->ssl, cert_path);
	*out = ctx;
	return 0;
}

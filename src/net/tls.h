/*
 * TLS server contexts, and one connection's TLS engine without I/O.
 *
 * A context, with its connections, is used by one thread.
 *
 * The engine takes ciphertext and gives plaintext through callbacks, and the other way round. It holds no
 * buffers of its own between calls beyond what OpenSSL keeps (SSL_MODE_RELEASE_BUFFERS).
 */
#ifndef PARLEY_NET_TLS_H
#define PARLEY_NET_TLS_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tls_ctx;

/**
 * tls_ctx_from_files() - a server context from PEM files: certificate chain and key
 * TLS 1.2 and 1.3, forward secrecy only, no renegotiation, no compression; session tickets on; ALPN picks
 * "http/1.1", "stun.turn" or "stun.nat-discovery" (RFC 7443), whichever a client offers first, and goes on
 * without where nothing matches.
 * @why: set on failure to a static or thread-local text that names the cause (file missing, key mismatch).
 * Return: 0; -errno of reading a file; -EINVAL: no certificate or key in it, or they do not fit; -ENOMEM.
 */
int tls_ctx_from_files(const char *cert_path, const char *key_path, struct tls_ctx **out,
		       const char **why) MUST_CHECK;

/**
 * tls_ctx_self_signed() - a fresh ECDSA P-256 key and a certificate for @names (DNS names and IP literals),
 * valid for a year; kept in @dir as self-signed.pem (mode 0600) and used again while it is valid and covers
 * @names, so that a browser's exception survives restarts. It is renewed when less than 30 days of it are
 * left.
 * Return: 0; -EINVAL: no name, or one that is neither a DNS name nor an address; -ENOMEM; -errno of writing.
 */
int tls_ctx_self_signed(const char *dir, const char *const *names, size_t n_names,
			struct tls_ctx **out) MUST_CHECK;

struct tls_ctx *tls_ctx_free(struct tls_ctx *ctx);

/* One connection. */
struct tls_conn;

struct tls_io {
	/* plaintext from the peer; may be called several times in one tls_conn_input() */
	void (*plain)(void *arg, const uint8_t *data, size_t n);
	/* ciphertext for the peer; must take it all. Return: 0; -errno (fatal to the connection) */
	int (*cipher)(void *arg, const uint8_t *data, size_t n);
	/* tells between two plain() whether to go on: false once the owner has closed */
	bool (*alive)(void *arg);
};

/** tls_conn_new() - Return: NULL if out of memory. @io and @arg outlive it; @ctx may be freed before it. */
struct tls_conn *tls_conn_new(struct tls_ctx *ctx, const struct tls_io *io, void *arg) MUST_CHECK;
struct tls_conn *tls_conn_free(struct tls_conn *c);

/**
 * tls_conn_input() - ciphertext from the peer
 * Return: 0; 1: the peer has ended TLS cleanly; -EPROTO (an alert that says why has been given to cipher()),
 * -ENOMEM, or what cipher() failed with: fatal.
 */
int tls_conn_input(struct tls_conn *c, const uint8_t *data, size_t n) MUST_CHECK;

/** tls_conn_write() - encrypt @data and hand it to cipher(). Only after the handshake. Return: 0; -errno. */
int tls_conn_write(struct tls_conn *c, const uint8_t *data, size_t n) MUST_CHECK;

/** tls_conn_shutdown() - send close_notify. */
void tls_conn_shutdown(struct tls_conn *c);

bool tls_conn_established(const struct tls_conn *c);

#endif

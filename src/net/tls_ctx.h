/* What the files behind net/tls.h share about contexts; nobody else includes this. */
#ifndef PARLEY_NET_TLS_CTX_H
#define PARLEY_NET_TLS_CTX_H

#include "net/tls.h"

#include <openssl/ssl.h>

/** tls_ctx_from_pair() - a server context; takes its own references. Return: 0; -ENOMEM; -EINVAL: unusable.
 */
int tls_ctx_from_pair(X509 *cert, EVP_PKEY *key, struct tls_ctx **out) MUST_CHECK;

/** tls_ctx_ssl_new() - one connection's SSL; it keeps what it needs of @ctx alive. Return: NULL if out of
 * memory. */
SSL *tls_ctx_ssl_new(struct tls_ctx *ctx) MUST_CHECK;

/** tls_ctx_renew_ticket_key() - tickets given out until now are worth nothing any more; happens by itself in
 * time. */
void tls_ctx_renew_ticket_key(struct tls_ctx *ctx);

#endif

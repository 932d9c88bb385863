/*
 * The opening handshake (RFC 6455 §4.2): is it one, and the key that answers it.
 * Pure but for OpenSSL's SHA-1, which is here because the RFC asks for it and protects nothing.
 * Thread: the loop's.
 */
#include "base/text.h"
#include "http/headers.h"
#include "http/ws_conn.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#define KEY_CHARS 24 /* 16 bytes of base64 */

static bool key_valid(const char *key)
{
	if (!key || strlen(key) != KEY_CHARS || strcmp(key + KEY_CHARS - 2, "==") != 0)
		return false;
	for (size_t i = 0; i < KEY_CHARS - 2; i++) {
		char c = key[i];
		bool symbol = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			      c == '+' || c == '/';
		if (!symbol)
			return false;
	}
	return true;
}

int ws_check(const struct http_request *req, const char *subprotocol)
{
	if (req->method != HTTP_M_GET)
		return 405;
	if (req->headers->minor < 1)
		return 400;
	if (!http_list_has(http_header(req, "upgrade"), "websocket") ||
	    !http_list_has(http_header(req, "connection"), "upgrade"))
		return 426;
	const char *version = http_header(req, "sec-websocket-version");
	if (!version || strcmp(version, "13") != 0)
		return 426;
	if (!key_valid(http_header(req, "sec-websocket-key")))
		return 400;
	/* Subprotocol names are compared as they are (RFC 6455 §11.3.4). */
	return http_list_has_exact(http_header(req, "sec-websocket-protocol"), subprotocol) ? 0 : 400;
}

int ws_accept_key(const char *key, char out[WS_ACCEPT_KEY_MAX])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	char text[KEY_CHARS + sizeof(guid)];
	memcpy(text, key, KEY_CHARS);
	memcpy(text + KEY_CHARS, guid, sizeof(guid));
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	if (!EVP_Digest(text, KEY_CHARS + sizeof(guid) - 1, digest, &len, EVP_sha1(), NULL))
		return -ENOMEM;
	text_base64(digest, len, out);
	return 0;
}

/*
 * Inside of the WebSocket layer: the upgrade of an HTTP connection. Thread: the loop's.
 */
#ifndef PARLEY_HTTP_WS_CONN_H
#define PARLEY_HTTP_WS_CONN_H

#include "http/ws.h"

#define WS_ACCEPT_KEY_MAX 32

/** ws_accept_key() - the answer to a Sec-WebSocket-Key (RFC 6455 §4.2.2), NUL added. Return: 0; -ENOMEM. */
int ws_accept_key(const char *key, char out[WS_ACCEPT_KEY_MAX]) MUST_CHECK;

/**
 * ws_take_over() - from now on @w reads its stream itself
 * @data: what came behind the request. @paused: reading had been stopped.
 */
void ws_take_over(struct ws *w, bool paused, const uint8_t *data, size_t n);

#endif

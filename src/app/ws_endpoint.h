/* GET /ws: from the handshake to the signalling core and back. */
#ifndef PARLEY_APP_WS_ENDPOINT_H
#define PARLEY_APP_WS_ENDPOINT_H

#include "app/service.h"

#define WS_SUBPROTOCOL "parley.v1"

extern const struct signal_ops ws_endpoint_signal_ops; /* arg: struct service */

/** ws_endpoint_handle() - the route: checks the origin before anything is upgraded, then accepts. */
void ws_endpoint_handle(struct service *s, struct http_conn *conn, const struct http_request *req);

#endif

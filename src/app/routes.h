/* The HTTP routes: a table of paths and methods, and the handler that the HTTP server calls. */
#ifndef PARLEY_APP_ROUTES_H
#define PARLEY_APP_ROUTES_H

#include "app/service.h"

/** routes_handle() - an http_handler_fn; @service: struct service. */
void routes_handle(void *service, struct http_conn *conn, const struct http_request *req);

#endif

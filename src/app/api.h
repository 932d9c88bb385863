/* The HTTP API: docs/api.md is the contract. Each function is one route. */
#ifndef PARLEY_APP_API_H
#define PARLEY_APP_API_H

#include "app/service.h"

/** api_healthz() - GET /healthz */
void api_healthz(struct service *s, struct http_conn *conn, const struct http_request *req);

/** api_info() - GET /api/v1/info */
void api_info(struct service *s, struct http_conn *conn, const struct http_request *req);

/** api_create_room() - POST /api/v1/rooms */
void api_create_room(struct service *s, struct http_conn *conn, const struct http_request *req);

#endif

/* The web app's files: from the binary, or from a directory for work on the front end. */
#ifndef PARLEY_APP_STATIC_FILES_H
#define PARLEY_APP_STATIC_FILES_H

#include "http/http.h"

/**
 * static_files_serve() - answer a GET or HEAD with a file
 * @web_root: directory, or "" for the files in the binary.
 * @path: of the request; a path that is a page of the app ("/", "/r/…") gets index.html.
 * Return: whether it has answered; false: there is no such file.
 */
bool static_files_serve(struct http_conn *conn, const struct http_request *req, const char *web_root);

/* What the client will take, best first. */
enum static_coding { STATIC_IDENTITY, STATIC_GZIP, STATIC_BROTLI };

/** static_files_coding() - the coding to use for an Accept-Encoding header (RFC 9110 §12.5.3); NULL:
 * identity. */
enum static_coding static_files_coding(const char *accept_encoding, bool have_gzip, bool have_brotli);

/** static_files_etag_matches() - does If-None-Match hold @etag (weak comparison, RFC 9110 §13.1.2)? */
bool static_files_etag_matches(const char *if_none_match, const char *etag);

#endif

/*
 * Replies: the head is put together in one buffer that the server keeps, and goes out in front of the body.
 *
 * A header value that would break out of its line is our own bug or, worse, somebody's input that came
 * through it: such a reply becomes a 500 instead of a response splitting. Thread: the loop's.
 */
#include "base/log.h"
#include "base/text.h"
#include "http/conn.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *http_status_text(int status)
{
	static const struct {
		int status;
		const char *text;
	} rows[] = {
		{100, "Continue"},
		{101, "Switching Protocols"},
		{200, "OK"},
		{201, "Created"},
		{202, "Accepted"},
		{204, "No Content"},
		{206, "Partial Content"},
		{301, "Moved Permanently"},
		{302, "Found"},
		{303, "See Other"},
		{304, "Not Modified"},
		{307, "Temporary Redirect"},
		{308, "Permanent Redirect"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{406, "Not Acceptable"},
		{408, "Request Timeout"},
		{409, "Conflict"},
		{410, "Gone"},
		{411, "Length Required"},
		{412, "Precondition Failed"},
		{413, "Content Too Large"},
		{414, "URI Too Long"},
		{415, "Unsupported Media Type"},
		{416, "Range Not Satisfiable"},
		{417, "Expectation Failed"},
		{421, "Misdirected Request"},
		{422, "Unprocessable Content"},
		{423, "Locked"},
		{426, "Upgrade Required"},
		{428, "Precondition Required"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
		{505, "HTTP Version Not Supported"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].status == status)
			return rows[i].text;
	}
	return "Unknown";
}

/* Fit for a line of its own? */
static bool is_clean(const char *s)
{
	for (; *s; s++) {
		if (((uint8_t)*s < 0x20 && *s != '\t') || *s == 0x7f)
			return false;
	}
	return true;
}

static int append_headers(struct buf *head, const struct http_reply_header *headers, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_clean(headers[i].name) || !is_clean(headers[i].value))
			return -EINVAL;
		int r = buf_appendf(head, "%s: %s\r\n", headers[i].name, headers[i].value);
		if (r < 0)
			return r;
	}
	return 0;
}

/* RFC 9110 §8.6: none of these has a body, nor a length that would tell anything. */
static bool has_body(int status)
{
	return status >= 200 && status != 204 && status != 304;
}

static int append_type(struct buf *head, const struct http_reply *r)
{
	if (!r->content_type)
		return 0;
	const struct http_reply_header type = {"Content-Type", r->content_type};
	return append_headers(head, &type, 1);
}

static int append_connection(const struct http_conn *conn, struct buf *head, bool keep_alive)
{
	if (!keep_alive)
		return buf_appendf(head, "Connection: close\r\n\r\n");
	bool say_so = conn->parse && http_parse_is_http10(conn->parse);
	return buf_appendf(head, "%s\r\n", say_so ? "Connection: keep-alive\r\n" : "");
}

static int compose(struct http_conn *conn, const struct http_reply *r, bool keep_alive)
{
	struct http_server *srv = conn->slot.srv;
	struct buf *head = &srv->head;
	buf_clear(head);
	int e = buf_appendf(head, "HTTP/1.1 %d %s\r\nDate: %s\r\n", r->status, http_status_text(r->status),
			    http_server_date(srv));
	if (e == 0)
		e = append_type(head, r);
	if (e == 0)
		e = append_headers(head, srv->params.common, srv->params.n_common);
	if (e == 0)
		e = append_headers(head, r->headers, r->n_headers);
	if (e == 0 && has_body(r->status))
		e = buf_appendf(head, "Content-Length: %zu\r\n", r->body_len);
	return e ? e : append_connection(conn, head, keep_alive);
}

static int send_reply(struct http_conn *conn, const struct http_reply *r)
{
	struct buf *head = &conn->slot.srv->head;
	int e = net_stream_write(conn->stream, buf_data(head), buf_len(head));
	bool body =
		has_body(r->status) && r->body_len > 0 && !(conn->parse && http_parse_is_head(conn->parse));
	if (e == 0 && body)
		e = net_stream_write(conn->stream, r->body, r->body_len);
	return e;
}

void http_reply(struct http_conn *conn, const struct http_reply *r)
{
	static const struct http_reply broken = {.status = 500, .close = true};
	conn->gone = NULL;
	if (conn->state == HTTP_CONN_ENDING)
		return; /* cut while the reply was being made */
	assert(conn->state == HTTP_CONN_HANDLING);
	assert(r->status >= 200 && r->status <= 599);
	struct http_server *srv = conn->slot.srv;
	bool keep_alive =
		!r->close && !conn->must_close && !srv->draining && http_parse_keep_alive(conn->parse);
	int e = compose(conn, r, keep_alive);
	if (e == -EINVAL) {
		log_error("http reply header holds control characters status=%d", r->status);
		r = &broken;
		keep_alive = false;
		e = compose(conn, r, keep_alive);
	}
	if (e == 0)
		e = send_reply(conn, r);
	if (e < 0) {
		log_debug("http reply not sent status=%d error=%s", r->status, strerror(-e));
		http_conn_cut(conn);
		return;
	}
	srv->stats.replies[r->status / 100]++;
	http_conn_replied(conn, keep_alive);
}

static int append_json_string(struct buf *out, const char *s)
{
	int e = buf_append(out, "\"", 1);
	for (; e == 0 && *s; s++) {
		uint8_t c = (uint8_t)*s;
		if (c == '"' || c == '\\')
			e = buf_appendf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			e = buf_appendf(out, "\\u%04x", c);
		else
			e = buf_append(out, s, 1);
	}
	return e ? e : buf_append(out, "\"", 1);
}

static int append_member(struct buf *out, const char *name, const char *value)
{
	int e = buf_appendf(out, ",\"%s\":", name);
	return e ? e : append_json_string(out, value);
}

static int problem(struct buf *out, int status, const char *code, const char *detail)
{
	int e = buf_appendf(out, "{\"type\":\"about:blank\",\"status\":%d", status);
	if (e == 0)
		e = append_member(out, "title", http_status_text(status));
	if (e == 0)
		e = append_member(out, "code", code);
	if (e == 0 && detail && text_is_utf8((const uint8_t *)detail, strlen(detail)))
		e = append_member(out, "detail", detail);
	return e ? e : buf_append(out, "}\n", 2);
}

void http_reply_error(struct http_conn *conn, int status, const char *code, const char *detail)
{
	http_reply_error_with(conn, status, code, detail, NULL);
}

void http_reply_error_with(struct http_conn *conn, int status, const char *code, const char *detail,
			   const struct http_reply_header *header)
{
	struct buf doc;
	buf_init(&doc, 4096);
	struct http_reply r = {.status = status, .headers = header, .n_headers = header ? 1 : 0};
	if (problem(&doc, status, code, detail) == 0) {
		r.content_type = "application/problem+json";
		r.body = buf_data(&doc);
		r.body_len = buf_len(&doc);
	}
	http_reply(conn, &r);
	buf_deinit(&doc);
}

/* The HTTP server over real sockets on loopback. */
#include "http/testing.h"

static struct fix f;
static struct peer p;
static struct peer p2;

/* Answers with what was asked. */
static void echo(struct fix *fix, struct http_conn *conn, const struct http_request *req)
{
	char text[1000];
	char addr[ADDR_TEXT_MAX];
	int n = snprintf(text, sizeof(text), "%d %s?%s [%.*s] %s tls=%d", req->method, req->path, req->query,
			 (int)req->body_len, (const char *)req->body, addr_format_ip(req->peer, addr),
			 req->is_tls);
	http_reply(conn,
		   &(struct http_reply){
			   .status = 200, .content_type = "text/plain", .body = text, .body_len = (size_t)n});
}

static void keep(struct fix *fix, struct http_conn *conn, const struct http_request *req)
{
}

static void start_with(fix_handler_fn handler)
{
	fix_init(&f, handler);
	fix_start(&f);
	peer_connect(&f, &p);
}

static void finish(void)
{
	peer_close(&f, &p);
	fix_deinit(&f);
}

static void expect(const char *text)
{
	if (!peer_await(&f, &p, text))
		fail_msg("not found: %s\nin: %s", text, p.in);
}

static void refuse_text(const char *text)
{
	if (strstr(p.in, text))
		fail_msg("found: %s\nin: %s", text, p.in);
}

static struct http_stats stats(void)
{
	struct http_stats s;
	http_server_get_stats(f.srv, &s);
	return s;
}

static void test_reply(void **state)
{
	static const struct http_reply_header common[] = {{"X-Common", "yes"}};
	fix_init(&f, echo);
	f.params.common = common;
	f.params.n_common = 1;
	fix_start(&f);
	peer_connect(&f, &p);
	peer_send(&f, &p, "POST /a%20b?c HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi");
	expect("\r\n\r\n2 /a b?c [hi] 127.0.0.1 tls=0");
	assert_memory_equal(p.in, "HTTP/1.1 200 OK\r\nDate: ", 23);
	expect(" GMT\r\n");
	expect("X-Common: yes\r\n");
	expect("Content-Type: text/plain\r\n");
	expect("Content-Length: 29\r\n");
	refuse_text("Connection:");
	assert_int_equal(stats().requests, 1);
	assert_int_equal(stats().replies[2], 1);
	finish();
}

static void test_keep_alive_and_close(void **state)
{
	start_with(echo);
	peer_send(&f, &p, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
	expect("0 /1?");
	peer_send(&f, &p, "GET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	peer_await_eof(&f, &p);
	expect("0 /2?");
	expect("Connection: close\r\n");
	assert_int_equal(p.err, 0);
	assert_int_equal(stats().accepted, 1);
	finish();
}

static void test_http10(void **state)
{
	start_with(echo);
	peer_send(&f, &p, "GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	expect("0 /1?");
	expect("Connection: keep-alive\r\n");
	peer_send(&f, &p, "GET /2 HTTP/1.0\r\n\r\n");
	peer_await_eof(&f, &p);
	expect("0 /2?");
	expect("Connection: close\r\n");
	finish();
}

static void test_head(void **state)
{
	start_with(echo);
	peer_send(&f, &p, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
	expect("0 /2?");
	/* The first reply states the length of a body that is not there. */
	refuse_text("1 /?");
	const char *head_end = strstr(p.in, "\r\n\r\n");
	assert_memory_equal(head_end + 4, "HTTP/1.1 200", 12);
	assert_non_null(strstr(p.in, "Content-Length: 2"));
	finish();
}

static void test_pipelining(void **state)
{
	char text[4000] = "";
	size_t n = 0;
	for (int i = 0; i < 50; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "GET /%d HTTP/1.1\r\nHost: x\r\n\r\n", i);
	start_with(echo);
	peer_send(&f, &p, text);
	expect("0 /49?");
	const char *at = p.in;
	for (int i = 0; i < 50; i++) {
		char wanted[20];
		snprintf(wanted, sizeof(wanted), "0 /%d?", i);
		at = strstr(at, wanted);
		assert_non_null(at);
	}
	finish();
}

static void reply_text(const char *text)
{
	http_reply(f.conn, &(struct http_reply){.status = 200, .body = text, .body_len = strlen(text)});
}

/* The second request waits for the first one's reply, however late that is. */
static void test_late_replies_in_order(void **state)
{
	start_with(keep);
	peer_send(&f, &p, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
	while (f.n_handled < 1)
		fix_turn(&f);
	peer_send(&f, &p, "GET /3 HTTP/1.1\r\nHost: x\r\n\r\n");
	for (int i = 1; i <= 3; i++) {
		while (f.n_handled < i)
			fix_turn(&f);
		assert_int_equal(f.n_handled, i);
		reply_text(i == 1 ? "one!" : i == 2 ? "two!" : "three!");
		/* http_reply() itself never calls the handler. */
		assert_int_equal(f.n_handled, i);
	}
	expect("three!");
	assert_true(strstr(p.in, "one!") < strstr(p.in, "two!"));
	assert_true(strstr(p.in, "two!") < strstr(p.in, "three!"));
	finish();
}

/* While a reply is due, what is sent in advance has a bound: the kernel's buffers, not ours. */
static void test_input_is_bounded(void **state)
{
	static char flood[60000];
	memset(flood, '/', sizeof(flood));
	start_with(keep);
	peer_send(&f, &p, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
	while (f.n_handled < 1)
		fix_turn(&f);
	bool full = false;
	for (int i = 0; i < 1000 && !full; i++) {
		ssize_t k = send(p.fd, flood, sizeof(flood), MSG_NOSIGNAL);
		full = k < 0 && errno == EAGAIN;
		for (int j = 0; j < 3; j++)
			uv_run(&f.loop.uv, UV_RUN_NOWAIT);
	}
	assert_true(full);
	assert_false(p.eof);
	reply_text("done!");
	peer_await_eof(&f, &p);
	expect("done!");
	expect("HTTP/1.1 400");
	finish();
}

static void gone(void *arg)
{
	f.n_gone++;
	assert_ptr_equal(arg, &f);
}

static void keep_watching(struct fix *fix, struct http_conn *conn, const struct http_request *req)
{
	http_conn_on_gone(conn, gone, &f);
}

static void test_gone(void **state)
{
	start_with(keep_watching);
	peer_send(&f, &p, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
	while (f.n_handled < 1)
		fix_turn(&f);
	peer_close(&f, &p);
	fix_await_empty(&f);
	assert_int_equal(f.n_gone, 1);
	fix_deinit(&f);
}

static void test_gone_is_not_called_after_the_reply(void **state)
{
	start_with(keep_watching);
	peer_send(&f, &p, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
	while (f.n_handled < 1)
		fix_turn(&f);
	reply_text("done!");
	expect("done!");
	finish();
	assert_int_equal(f.n_gone, 0);
}

static void assert_error(const char *request, const char *status_line, const char *code)
{
	start_with(echo);
	peer_send(&f, &p, request);
	peer_await_eof(&f, &p);
	assert_int_equal(p.err, 0); /* a FIN, not a reset: the reply has arrived */
	assert_memory_equal(p.in, status_line, strlen(status_line));
	expect("Connection: close\r\n");
	if (*code) {
		char member[60];
		expect("Content-Type: application/problem+json\r\n");
		snprintf(member, sizeof(member), "\"code\":\"%s\"", code);
		expect(member);
	}
	assert_int_equal(f.n_handled, 0);
	assert_int_equal(stats().requests_refused, 1);
	finish();
}

static void test_errors(void **state)
{
	assert_error("BREW / HTTP/1.1\r\n", "HTTP/1.1 501 Not Implemented\r\n", "not_implemented");
	assert_error("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n", "bad_request");
	assert_error("GET / HTTP/2.0\r\nHost: x\r\n\r\n", "HTTP/1.1 505 HTTP Version Not Supported\r\n",
		     "version_not_supported");
	assert_error("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100001\r\n\r\nsome of it",
		     "HTTP/1.1 413 Content Too Large\r\n", "body_too_large");
	assert_error("POST / HTTP/1.1\r\nHost: x\r\nExpect: what\r\n\r\n",
		     "HTTP/1.1 417 Expectation Failed\r\n", "expectation_failed");
	assert_error("HEAD / HTTP/1.1\r\nHost: x y\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n", "");
	assert_null(strstr(p.in, "code"));
}

static void test_long_things(void **state)
{
	char text[4000];
	char fill[3000];
	memset(fill, 'f', sizeof(fill));
	snprintf(text, sizeof(text), "GET /%.*s HTTP/1.1\r\nHost: x\r\n\r\n", 200, fill);
	assert_error(text, "HTTP/1.1 414 URI Too Long\r\n", "target_too_long");
	snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: x\r\nX: %.*s\r\n\r\n", 2000, fill);
	assert_error(text, "HTTP/1.1 431 Request Header Fields Too Large\r\n", "headers_too_large");
}

/* A refused upload is still in the socket when the reply is sent; it must not turn the reply into a reset. */
static void test_refused_upload_reads_its_reply(void **state)
{
	static char body[500000];
	start_with(echo);
	peer_send(&f, &p, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n");
	peer_send_n(&f, &p, body, sizeof(body));
	peer_await_eof(&f, &p);
	assert_int_equal(p.err, 0);
	assert_memory_equal(p.in, "HTTP/1.1 413", 12);
	finish();
}

static void test_continue(void **state)
{
	start_with(echo);
	peer_send(&f, &p, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	expect("HTTP/1.1 100 Continue\r\n\r\n");
	assert_int_equal(f.n_handled, 0);
	peer_send(&f, &p, "hi");
	expect("HTTP/1.1 200 OK");
	expect("[hi]");
	/* Not where the body is there already. */
	p.n = 0;
	peer_send(&f, &p,
		  "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nho");
	expect("[ho]");
	refuse_text("100 Continue");
	finish();
}

static void test_chunked_upload(void **state)
{
	start_with(echo);
	peer_send(&f, &p, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
	peer_send(&f, &p, "2\r\nde\r\n0\r\n\r\n");
	expect("[abcde]");
	finish();
}

static void test_slow_headers(void **state)
{
	fix_init(&f, echo);
	f.params.limits.header_ms = 250;
	fix_start(&f);
	peer_connect(&f, &p);
	peer_send(&f, &p, "GET / HT");
	peer_await_eof(&f, &p);
	assert_memory_equal(p.in, "HTTP/1.1 408 Request Timeout\r\n", 30);
	assert_int_equal(stats().timeouts, 1);
	finish();
}

static void test_slow_body(void **state)
{
	fix_init(&f, echo);
	f.params.limits.body_ms = 30;
	fix_start(&f);
	peer_connect(&f, &p);
	peer_send(&f, &p, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhi");
	peer_await_eof(&f, &p);
	assert_memory_equal(p.in, "HTTP/1.1 408 Request Timeout\r\n", 30);
	finish();
}

/* Whoever connects and says nothing, or only empty lines, gets nothing. */
static void test_silent_client(void **state)
{
	fix_init(&f, echo);
	f.params.limits.header_ms = 30;
	fix_start(&f);
	peer_connect(&f, &p);
	peer_await_eof(&f, &p);
	assert_int_equal(p.n, 0);
	peer_close(&f, &p);
	peer_connect(&f, &p);
	peer_send(&f, &p, "\r\n\r\n");
	peer_await_eof(&f, &p);
	assert_int_equal(p.n, 0);
	finish();
}

static void test_idle(void **state)
{
	fix_init(&f, echo);
	f.params.limits.idle_ms = 30;
	fix_start(&f);
	peer_connect(&f, &p);
	peer_send(&f, &p, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
	peer_await_eof(&f, &p);
	assert_int_equal(p.err, 0);
	expect("0 /1?");
	refuse_text("408");
	finish();
}

/* ---- replies ---- */

static const struct http_reply *to_send;

static void send_it(struct fix *fix, struct http_conn *conn, const struct http_request *req)
{
	http_reply(conn, to_send);
}

static void ask_for(const struct http_reply *r)
{
	to_send = r;
	start_with(send_it);
	peer_send(&f, &p, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
}

static void test_no_body_statuses(void **state)
{
	static const int statuses[] = {204, 304};
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		ask_for(&(struct http_reply){
			.status = statuses[i], .body = "body", .body_len = 4, .close = true});
		peer_await_eof(&f, &p);
		refuse_text("Content-Length");
		refuse_text("body");
		expect("Connection: close\r\n\r\n");
		finish();
	}
}

static void test_reply_headers(void **state)
{
	static const struct http_reply_header headers[] = {{"Location", "/x"}, {"Set-Cookie", "a=b"}};
	ask_for(&(struct http_reply){.status = 303, .headers = headers, .n_headers = 2});
	expect("\r\n\r\n");
	expect("HTTP/1.1 303 See Other\r\n");
	expect("Location: /x\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n");
	finish();
}

static void test_header_injection(void **state)
{
	static const struct http_reply_header headers[] = {{"Location", "/x\r\nSet-Cookie: a=b"}};
	ask_for(&(struct http_reply){.status = 303, .headers = headers, .n_headers = 1});
	peer_await_eof(&f, &p);
	assert_memory_equal(p.in, "HTTP/1.1 500 ", 13);
	refuse_text("Set-Cookie");
	finish();
}

static void problem(struct fix *fix, struct http_conn *conn, const struct http_request *req)
{
	http_reply_error(conn, 404, "not_found", req->query[0] ? req->query : "a \"quoted\" \\ \n text");
}

static void test_problem_document(void **state)
{
	start_with(problem);
	peer_send(&f, &p, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	expect("{\"type\":\"about:blank\",\"status\":404,\"title\":\"Not Found\",\"code\":\"not_found\","
	       "\"detail\":\"a \\\"quoted\\\" \\\\ \\u000a text\"}\n");
	expect("HTTP/1.1 404 Not Found\r\n");
	refuse_text("Connection: close");
	finish();
}

static char big[3 << 20];

static void test_big_reply(void **state)
{
	memset(big, 'b', sizeof(big));
	ask_for(&(struct http_reply){.status = 200, .body = big, .body_len = 600000, .close = true});
	peer_await_eof(&f, &p);
	const char *body = strstr(p.in, "\r\n\r\n") + 4;
	assert_int_equal(p.n - (size_t)(body - p.in), 600000);
	finish();
}

/* Replies nobody reads are cut off at the stream's cap; requests behind them are not even taken up. */
static void test_client_that_does_not_read(void **state)
{
	fix_init(&f, send_it);
	f.queue_max = 4 << 20;
	fix_start(&f);
	peer_connect(&f, &p);
	uv_poll_stop(&p.poll);
	memset(big, 'b', sizeof(big));
	to_send = &(struct http_reply){.status = 200, .body = big, .body_len = sizeof(big)};
	for (int i = 0; i < 30; i++)
		peer_send(&f, &p, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	for (int i = 0; i < 200; i++)
		uv_run(&f.loop.uv, UV_RUN_NOWAIT);
	assert_in_range(f.n_handled, 1, 3);
	int before = f.n_handled;
	/* Once it reads, the others are served. */
	while (f.n_handled < before + 3) {
		char sink[65536];
		while (recv(p.fd, sink, sizeof(sink), MSG_DONTWAIT) > 0)
			;
		uv_run(&f.loop.uv, UV_RUN_NOWAIT);
		assert_false(f.hung);
	}
	finish();
}

static void test_reply_over_the_cap(void **state)
{
	fix_init(&f, send_it);
	f.queue_max = 1 << 20;
	fix_start(&f);
	peer_connect(&f, &p);
	to_send = &(struct http_reply){.status = 200, .body = big, .body_len = sizeof(big)};
	peer_send(&f, &p, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	peer_await_eof(&f, &p);
	fix_await_empty(&f);
	finish();
}

/* ---- limits, end ---- */

static void test_total_limit(void **state)
{
	fix_init(&f, echo);
	f.params.limits.connections = 1;
	fix_start(&f);
	peer_connect(&f, &p);
	peer_send(&f, &p, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
	expect("0 /1?");
	peer_connect(&f, &p2);
	peer_await_eof(&f, &p2);
	assert_int_equal(p2.n, 0);
	assert_int_equal(stats().refused_total, 1);
	peer_close(&f, &p2);
	/* The place is free again once the first has gone. */
	peer_close(&f, &p);
	fix_await_empty(&f);
	peer_connect(&f, &p);
	peer_send(&f, &p, "GET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
	expect("0 /2?");
	finish();
}

static void test_prefix_limit(void **state)
{
	fix_init(&f, echo);
	f.params.limits.connections_per_prefix = 1;
	fix_start(&f);
	peer_connect(&f, &p);
	peer_send(&f, &p, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
	expect("0 /1?");
	peer_connect(&f, &p2);
	peer_await_eof(&f, &p2);
	assert_int_equal(stats().refused_prefix, 1);
	assert_int_equal(stats().refused_total, 0);
	peer_close(&f, &p2);
	finish();
}

static void test_drain(void **state)
{
	start_with(keep);
	peer_connect(&f, &p2);
	peer_send(&f, &p, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
	while (f.n_handled < 1 || http_server_count(f.srv) < 2)
		fix_turn(&f);
	http_server_drain(f.srv);
	peer_await_eof(&f, &p2); /* idle: at once */
	assert_int_equal(p2.n, 0);
	assert_false(p.eof);
	reply_text("last!");
	peer_await_eof(&f, &p);
	expect("Connection: close\r\n");
	expect("last!");
	peer_close(&f, &p2);
	peer_close(&f, &p);
	fix_await_empty(&f);
	fix_deinit(&f);
}

static void test_free_with_a_reply_due(void **state)
{
	start_with(keep_watching);
	peer_send(&f, &p, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
	while (f.n_handled < 1)
		fix_turn(&f);
	finish();
	assert_int_equal(f.n_gone, 1);
	assert_int_equal(f.n_handled, 1);
}

/* Allocation number 0, 1, 2, … and all after it fail: nothing leaks, and afterwards the server serves again.
 */
static void test_out_of_memory(void **state)
{
	static const char request[] = "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi";
	bool done = false;
	for (unsigned n = 0; !done; n++) {
		assert_true(n < 200);
		fix_init(&f, echo);
		fix_start(&f);
		mem_fail_after(n);
		peer_connect(&f, &p);
		peer_send(&f, &p, request);
		while (!p.eof && !strstr(p.in, "[hi]") && !mem_fail_hit())
			fix_turn(&f);
		done = !mem_fail_hit();
		for (int i = 0; i < 10; i++) /* on without memory */
			uv_run(&f.loop.uv, UV_RUN_NOWAIT);
		mem_fail_never();
		peer_close(&f, &p);
		fix_await_empty(&f);
		peer_connect(&f, &p);
		peer_send(&f, &p, request);
		expect("[hi]");
		finish();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reply),
		cmocka_unit_test(test_keep_alive_and_close),
		cmocka_unit_test(test_http10),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_pipelining),
		cmocka_unit_test(test_late_replies_in_order),
		cmocka_unit_test(test_input_is_bounded),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_gone_is_not_called_after_the_reply),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_long_things),
		cmocka_unit_test(test_refused_upload_reads_its_reply),
		cmocka_unit_test(test_continue),
		cmocka_unit_test(test_chunked_upload),
		cmocka_unit_test(test_slow_headers),
		cmocka_unit_test(test_slow_body),
		cmocka_unit_test(test_silent_client),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_no_body_statuses),
		cmocka_unit_test(test_reply_headers),
		cmocka_unit_test(test_header_injection),
		cmocka_unit_test(test_problem_document),
		cmocka_unit_test(test_big_reply),
		cmocka_unit_test(test_client_that_does_not_read),
		cmocka_unit_test(test_reply_over_the_cap),
		cmocka_unit_test(test_total_limit),
		cmocka_unit_test(test_prefix_limit),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_free_with_a_reply_due),
		cmocka_unit_test(test_out_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

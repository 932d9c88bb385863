/* Streams with TLS over real sockets on loopback; the client is OpenSSL's, in a thread. */
#include "net/tls_testing.h"

#include "base/mem.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>

#define BIG (32u << 20)

struct tls_client {
	struct client c;
	int version; /* 0: any */
	void (*talk)(struct tls_client *t, SSL *ssl);
	bool connected;
	int end; /* SSL_get_error() of what ended reading */
	int n_reads;
	SSL *ssl;
	int fd;
};

static void tls_script(struct client *c, int fd)
{
	struct tls_client *t = (struct tls_client *)c;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_max_proto_version(ctx, t->version);
	SSL *ssl = SSL_new(ctx);
	SSL_set_fd(ssl, fd);
	t->fd = fd;
	t->connected = SSL_connect(ssl) == 1;
	if (t->connected)
		t->talk(t, ssl);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	OPENSSL_thread_stop();
}

static void tls_read(struct tls_client *t, SSL *ssl, size_t want)
{
	static _Thread_local uint8_t buf[65536];
	for (size_t got = 0; got < want;) {
		ERR_clear_error();
		int n = SSL_read(ssl, buf, (int)(want - got < sizeof(buf) ? want - got : sizeof(buf)));
		if (n <= 0) {
			t->end = SSL_get_error(ssl, n);
			return;
		}
		for (int i = 0; i < n; i++)
			if (t->c.bytes + (size_t)i < sizeof(t->c.first))
				t->c.first[t->c.bytes + (size_t)i] = buf[i];
		t->n_reads++;
		t->c.bytes += (size_t)n;
		got += (size_t)n;
	}
}

static void run(struct fix *f, struct tls_client *t)
{
	t->c.script = tls_script;
	f->extra = t;
	fix_run(f, &t->c);
	assert_true(t->connected);
	assert_int_equal(f->n_closed, 1);
	fix_deinit(f);
}

static void open_tls(struct fix *f, void **state)
{
	fix_init(f);
	fix_listen(f, (struct tls_ctx **)state);
}

/* ---- in and out ---- */

static void echo(struct fix *f, const uint8_t *data, size_t n)
{
	assert_true(net_stream_is_tls(f->s));
	assert_int_equal(fix_write(f, data, n), 0);
}

static void talk_echo(struct tls_client *t, SSL *ssl)
{
	for (int i = 0; i < 5; i++) {
		SSL_write(ssl, "hello", 5);
		tls_read(t, ssl, 5);
	}
}

static void check_idle(struct fix *f)
{
	assert_null(f->s->out.mem);
	assert_null(f->s->tls->cipher.mem);
	assert_null(f->s->tls->held.mem);
	assert_false(wheel_timer_active(&f->s->timer));
}

static void test_echo(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		struct fix f;
		open_tls(&f, state);
		f.on_data = echo;
		f.on_drained = check_idle;
		struct tls_client t = {.version = versions[i], .talk = talk_echo};
		run(&f, &t);
		assert_int_equal(t.c.bytes, 25);
		assert_memory_equal(t.c.first, "hellohellohello", 15);
		assert_int_equal(f.n_drained, 5);
		assert_int_equal(f.err, 0);
	}
}

static void write_1000_times(struct fix *f, const uint8_t *data, size_t n)
{
	for (int i = 0; i < 1000; i++)
		assert_int_equal(fix_write(f, "0123456789", 10), 0);
	assert_int_equal(net_stream_queued(f->s), 10000);
}

static void talk_ask(struct tls_client *t, SSL *ssl)
{
	SSL_write(ssl, "?", 1);
	tls_read(t, ssl, 10000);
}

static void test_small_writes_share_a_record(void **state)
{
	struct fix f;
	open_tls(&f, state);
	f.on_data = write_1000_times;
	struct tls_client t = {.talk = talk_ask};
	run(&f, &t);
	assert_int_equal(t.c.bytes, 10000);
	assert_int_equal(t.n_reads, 1); /* SSL_read() gives one record at a time */
}

static void write_at_once(struct fix *f)
{
	assert_int_equal(fix_write(f, "early", 5), 0);
}

static void talk_read_5(struct tls_client *t, SSL *ssl)
{
	tls_read(t, ssl, 5);
}

static void test_written_before_the_handshake(void **state)
{
	struct fix f;
	open_tls(&f, state);
	f.on_open = write_at_once;
	struct tls_client t = {.talk = talk_read_5};
	run(&f, &t);
	assert_memory_equal(t.c.first, "early", 5);
	assert_int_equal(f.n_drained, 1);
}

static void finish_at_once(struct fix *f)
{
	write_at_once(f);
	net_stream_finish(f->s, HANG_S * 1000);
}

static void talk_read_all(struct tls_client *t, SSL *ssl)
{
	tls_read(t, ssl, SIZE_MAX);
}

static void test_finished_before_the_handshake(void **state)
{
	struct fix f;
	open_tls(&f, state);
	f.on_open = finish_at_once;
	struct tls_client t = {.talk = talk_read_all};
	run(&f, &t);
	assert_int_equal(t.c.bytes, 5);
	assert_int_equal(t.end, SSL_ERROR_ZERO_RETURN);
	assert_int_equal(f.err, 0);
}

static void write_big_and_finish(struct fix *f, const uint8_t *data, size_t n)
{
	uint8_t *p = calloc(1, BIG);
	assert_int_equal(fix_write(f, p, BIG), 0);
	free(p);
	net_stream_finish(f->s, HANG_S * 1000);
}

static void talk_ask_all(struct tls_client *t, SSL *ssl)
{
	SSL_write(ssl, "?", 1);
	tls_read(t, ssl, SIZE_MAX);
}

/* Everything arrives although the peer is slower than we are, and then close_notify, not just the end. */
static void test_finish_delivers_everything(void **state)
{
	struct fix f;
	open_tls(&f, state);
	f.on_data = write_big_and_finish;
	struct tls_client t = {.talk = talk_ask_all};
	run(&f, &t);
	assert_int_equal(t.c.bytes, BIG);
	assert_int_equal(t.end, SSL_ERROR_ZERO_RETURN);
	assert_int_equal(f.err, 0);
}

static void talk_shutdown(struct tls_client *t, SSL *ssl)
{
	SSL_write(ssl, "bye", 3);
	SSL_shutdown(ssl);
	tls_read(t, ssl, SIZE_MAX);
	t->c.value = SSL_get_shutdown(ssl);
}

static void test_close_notify_from_client(void **state)
{
	struct fix f;
	open_tls(&f, state);
	f.on_data = echo;
	struct tls_client t = {.talk = talk_shutdown};
	run(&f, &t);
	assert_int_equal(f.bytes, 3);
	assert_int_equal(t.c.bytes, 3);
	assert_int_equal(t.end, SSL_ERROR_ZERO_RETURN);
	assert_int_equal(t.c.value, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	assert_int_equal(f.err, 0);
}

static void close_now(struct fix *f, const uint8_t *data, size_t n)
{
	fix_close(f);
}

/* Three records in one segment, so that all three are in one input of the server's. */
static void send_three_records(struct tls_client *t, SSL *ssl)
{
	BIO *mem = BIO_new(BIO_s_mem());
	SSL_set0_wbio(ssl, mem);
	SSL_write(ssl, "aa", 2);
	SSL_write(ssl, "bb", 2);
	SSL_write(ssl, "cc", 2);
	if (t->c.value)
		SSL_shutdown(ssl);
	char *data;
	long n = BIO_get_mem_data(mem, &data);
	client_send(t->fd, data, (size_t)n);
}

static void talk_three(struct tls_client *t, SSL *ssl)
{
	send_three_records(t, ssl);
	tls_read(t, ssl, t->c.value ? SIZE_MAX : 6);
}

static void test_no_data_after_close(void **state)
{
	struct fix f;
	open_tls(&f, state);
	f.on_data = close_now;
	struct tls_client t = {.talk = talk_three};
	run(&f, &t);
	assert_int_equal(f.n_data, 1);
	assert_int_equal(f.bytes, 2);
}

/* ---- pause ---- */

static void resume_now(struct wheel_timer *t, uint64_t now_ms)
{
	struct fix *f = CONTAINER_OF(t, struct fix, timer);
	assert_int_equal(f->n_data, 1);
	assert_int_equal(stream_held(f->s), 4);
	f->in_call = true;
	net_stream_resume(f->s);
	f->in_call = false;
	assert_int_equal(f->n_data, 1);
}

static void echo_first_and_pause(struct fix *f, const uint8_t *data, size_t n)
{
	echo(f, data, n);
	if (f->n_data > 1)
		return;
	net_stream_pause(f->s);
	wheel_timer_init(&f->timer, resume_now);
	loop_timer_start(&f->loop, &f->timer, 1);
}

static void test_records_held_in_a_pause(void **state)
{
	/* Also with the peer's end right behind them, which must not overtake them. */
	for (int with_end = 0; with_end < 2; with_end++) {
		struct fix f;
		open_tls(&f, state);
		f.on_data = echo_first_and_pause;
		struct tls_client t = {.talk = talk_three, .c.value = with_end};
		run(&f, &t);
		assert_int_equal(f.n_data, 2);
		assert_int_equal(t.c.bytes, 6);
		assert_memory_equal(t.c.first, "aabbcc", 6);
		assert_int_equal(f.err, 0);
	}
}

static void pause_and_finish(struct fix *f, const uint8_t *data, size_t n)
{
	echo(f, data, n);
	net_stream_pause(f->s);
	loop_timer_start(&f->loop, &f->timer, 1);
}

static void finish_now(struct wheel_timer *t, uint64_t now_ms)
{
	struct fix *f = CONTAINER_OF(t, struct fix, timer);
	net_stream_finish(f->s, HANG_S * 1000);
}

static void talk_three_all(struct tls_client *t, SSL *ssl)
{
	send_three_records(t, ssl);
	tls_read(t, ssl, SIZE_MAX);
}

static void test_finish_in_a_pause(void **state)
{
	struct fix f;
	open_tls(&f, state);
	f.on_data = pause_and_finish;
	wheel_timer_init(&f.timer, finish_now);
	struct tls_client t = {.talk = talk_three_all};
	run(&f, &t);
	assert_int_equal(f.n_data, 1);
	assert_int_equal(t.c.bytes, 2);
	assert_int_equal(t.end, SSL_ERROR_ZERO_RETURN);
	assert_int_equal(f.err, 0);
}

/* ---- bad peers ---- */

static struct client seen; /* what the bad peer saw */

/* OpenSSL knows a request when it sees one, and that there is nobody to read an alert. */
static void send_http(struct client *c, int fd)
{
	static const char http[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
	client_send(fd, http, sizeof(http) - 1);
	client_read(c, fd, SIZE_MAX);
	seen = *c;
}

static void send_bad_hello(struct client *c, int fd)
{
	static const uint8_t bad_hello[] = {22, 3, 1, 0, 8, 1, 0, 0, 4, 9, 9, 9, 9};
	client_send(fd, bad_hello, sizeof(bad_hello));
	client_read(c, fd, SIZE_MAX);
	seen = *c;
}

static void say_nothing(struct client *c, int fd)
{
	client_read(c, fd, SIZE_MAX);
}

/* A record header and the start of a hello, and no more. */
static void stop_midway(struct client *c, int fd)
{
	static const uint8_t start[] = {22, 3, 1, 1, 0, 1, 0};
	client_send(fd, start, sizeof(start));
	client_read(c, fd, SIZE_MAX);
}

static void leave_midway(struct client *c, int fd)
{
	static const uint8_t start[] = {22, 3, 1, 1, 0, 1, 0};
	client_send(fd, start, sizeof(start));
}

static void run_bad(void **state, void (*script)(struct client *, int), uint32_t handshake_ms, int want_err)
{
	struct fix f;
	fix_init(&f);
	struct net_listen_params p = fix_params(&f, "127.0.0.1");
	p.tls = (struct tls_ctx **)state;
	p.handshake_ms = handshake_ms;
	assert_int_equal(net_listen(&f.loop, &p, &f.ln), 0);
	struct client c = {.script = script};
	fix_run(&f, &c);
	assert_int_equal(f.n_data, 0);
	assert_int_equal(f.n_drained, 0);
	assert_int_equal(f.n_closed, 1);
	assert_int_equal(f.err, want_err);
	fix_deinit(&f);
}

static void test_garbage_refused(void **state)
{
	run_bad(state, send_http, HANG_S * 1000, -EPROTO);
	assert_int_equal(seen.bytes, 0);
	assert_int_equal(seen.err, 0);
	run_bad(state, send_bad_hello, HANG_S * 1000, -EPROTO);
	assert_int_equal(seen.bytes, 7);
	assert_int_equal(seen.first[0], 21); /* alert */
	assert_int_equal(seen.first[5], 2);  /* fatal */
	assert_int_equal(seen.first[6], 50); /* decode_error */
	assert_int_equal(seen.err, 0);
}

static void test_handshake_deadline(void **state)
{
	run_bad(state, say_nothing, 30, -ETIMEDOUT);
	run_bad(state, stop_midway, 30, -ETIMEDOUT);
}

static void test_peer_leaves_in_the_handshake(void **state)
{
	run_bad(state, leave_midway, HANG_S * 1000, 0);
}

/* ---- cap, reload, memory ---- */

#define QUEUE_MAX (4u << 20)

/* Fills the queue again and again while the peer does not read, until ciphertext is left over as well. */
static void fill_queue(struct wheel_timer *t, uint64_t now_ms)
{
	static const char junk[1000];
	struct fix *f = CONTAINER_OF(t, struct fix, timer);
	int r;
	while ((r = fix_write(f, junk, sizeof(junk))) == 0)
		f->value += sizeof(junk);
	assert_int_equal(r, -ENOBUFS);
	assert_in_range(net_stream_queued(f->s), QUEUE_MAX - sizeof(junk), QUEUE_MAX);
	if (buf_len(&f->s->tls->cipher) == 0) {
		loop_timer_start(&f->loop, t, 1);
		return;
	}
	net_stream_finish(f->s, HANG_S * 1000);
	atomic_store(&((struct client *)f->extra)->go, 1);
}

static void start_filling(struct fix *f, const uint8_t *data, size_t n)
{
	wheel_timer_init(&f->timer, fill_queue);
	loop_timer_start(&f->loop, &f->timer, 1);
}

static void talk_ask_and_wait(struct tls_client *t, SSL *ssl)
{
	SSL_write(ssl, "?", 1);
	client_await(&t->c.go);
	tls_read(t, ssl, SIZE_MAX);
}

static void test_queue_cap(void **state)
{
	struct fix f;
	fix_init(&f);
	f.on_data = start_filling;
	struct net_listen_params p = fix_params(&f, "127.0.0.1");
	p.tls = (struct tls_ctx **)state;
	p.queue_max = QUEUE_MAX;
	assert_int_equal(net_listen(&f.loop, &p, &f.ln), 0);
	struct tls_client t = {.talk = talk_ask_and_wait};
	run(&f, &t);
	assert_int_equal(t.c.bytes, f.value);
	assert_int_equal(t.end, SSL_ERROR_ZERO_RETURN);
}

static void swap_context(struct fix *f)
{
	struct tls_ctx **current = (struct tls_ctx **)f->value;
	tls_ctx_free(*current);
	*current = NULL;
}

/* The context of a live connection may be replaced and freed. */
static void test_reload(void **state)
{
	struct tls_ctx *current = test_ctx();
	struct fix f;
	fix_init(&f);
	f.on_open = swap_context;
	f.on_data = echo;
	f.value = (size_t)&current;
	fix_listen(&f, &current);
	struct tls_client t = {.talk = talk_echo};
	run(&f, &t);
	assert_null(current);
	assert_int_equal(t.c.bytes, 25);
}

static void echo_or_close(struct fix *f, const uint8_t *data, size_t n)
{
	if (fix_write(f, data, n) < 0)
		fix_close(f);
}

static void talk_echo_once(struct tls_client *t, SSL *ssl)
{
	if (SSL_write(ssl, "hello", 5) == 5)
		tls_read(t, ssl, 5);
}

/* Only the loop's thread allocates through base/mem.h, so counting is safe beside the client's thread. */
static bool sweep_step(void **state, uint64_t n)
{
	struct fix f;
	fix_init(&f);
	f.on_data = echo_or_close;
	fix_listen(&f, (struct tls_ctx **)state);
	struct tls_client t = {.talk = talk_echo_once, .c.script = tls_script};
	/* Where no stream can be made, the listener would try for ever. */
	wheel_timer_init(&f.timer, fix_stop_listening);
	loop_timer_start(&f.loop, &f.timer, n < 4 ? 50 : HANG_S * 1000);
	mem_fail_after(n);
	fix_run(&f, &t.c);
	bool hit = mem_fail_hit();
	mem_fail_never();
	if (!hit)
		assert_int_equal(t.c.bytes, 5);
	assert_true(f.n_closed == 1 || f.accepts_left == 1);
	fix_deinit(&f);
	return hit;
}

static void test_allocation_failures(void **state)
{
	uint64_t n = 0;
	while (sweep_step(state, n))
		n++;
	assert_true(n >= 5);
}

static int setup(void **state)
{
	*state = test_ctx();
	return 0;
}

static int teardown(void **state)
{
	tls_ctx_free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_small_writes_share_a_record),
		cmocka_unit_test(test_written_before_the_handshake),
		cmocka_unit_test(test_finished_before_the_handshake),
		cmocka_unit_test(test_finish_delivers_everything),
		cmocka_unit_test(test_close_notify_from_client),
		cmocka_unit_test(test_no_data_after_close),
		cmocka_unit_test(test_records_held_in_a_pause),
		cmocka_unit_test(test_finish_in_a_pause),
		cmocka_unit_test(test_garbage_refused),
		cmocka_unit_test(test_handshake_deadline),
		cmocka_unit_test(test_peer_leaves_in_the_handshake),
		cmocka_unit_test(test_queue_cap),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_allocation_failures),
	};
	signal(SIGPIPE, SIG_IGN); /* the client's; the stream itself never raises it */
	return cmocka_run_group_tests(tests, setup, teardown);
}

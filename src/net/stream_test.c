/* Streams and listeners over real sockets on loopback, without TLS. */
#include "net/testing.h"

#include <stdlib.h>

#define BIG (32u << 20) /* more than the kernel buffers for one connection */

static atomic_int n_sends;

/* Takes the place of libc's in this program, to count the stream's system calls. */
ssize_t send(int fd, const void *data, size_t n, int flags)
{
	atomic_fetch_add(&n_sends, 1);
	return sendto(fd, data, n, flags, NULL, 0);
}

static void *pattern(size_t n)
{
	uint8_t *p = malloc(n);
	assert_non_null(p);
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 7);
	return p;
}

/* ---- in and out ---- */

static void echo(struct fix *f, const uint8_t *data, size_t n)
{
	assert_int_equal(fix_write(f, data, n), 0);
}

static void echo_client(struct client *c, int fd)
{
	for (int i = 0; i < 5; i++) {
		client_send(fd, "hello", 5);
		client_read(c, fd, 5);
	}
	atomic_store(&c->flag, 1);
}

static void test_echo(void **state)
{
	struct fix f;
	fix_init(&f);
	f.on_data = echo;
	fix_listen(&f, NULL);
	struct client c = {.script = echo_client};
	fix_run(&f, &c);
	assert_int_equal(c.bytes, 25);
	assert_memory_equal(c.first, "hellohellohellohellohello", 25);
	assert_int_equal(f.bytes, 25);
	assert_int_equal(f.n_drained, 5);
	assert_int_equal(f.n_closed, 1);
	assert_int_equal(f.err, 0);
	fix_deinit(&f);
}

static void write_1000_times(struct fix *f, const uint8_t *data, size_t n)
{
	for (int i = 0; i < 1000; i++)
		assert_int_equal(fix_write(f, "0123456789", 10), 0);
	assert_int_equal(net_stream_queued(f->s), 10000);
	assert_int_equal(atomic_load(&n_sends), 0);
}

static void request_client(struct client *c, int fd)
{
	client_send(fd, "?", 1);
	client_read(c, fd, (size_t)c->value);
}

static void test_writes_leave_in_one_call(void **state)
{
	struct fix f;
	fix_init(&f);
	f.on_data = write_1000_times;
	fix_listen(&f, NULL);
	atomic_store(&n_sends, 0);
	struct client c = {.script = request_client, .value = 10000};
	fix_run(&f, &c);
	assert_int_equal(c.bytes, 10000);
	assert_int_equal(atomic_load(&n_sends), 1);
	assert_int_equal(f.n_drained, 1);
	fix_deinit(&f);
}

static void write_big(struct fix *f)
{
	uint8_t *p = pattern(BIG);
	assert_int_equal(fix_write(f, p, BIG), 0);
	free(p);
}

static void read_and_check(struct client *c, int fd)
{
	uint8_t buf[65536];
	ssize_t n;
	while (c->bytes < BIG && (n = recv(fd, buf, sizeof(buf), 0)) > 0)
		for (ssize_t i = 0; i < n; i++, c->bytes++)
			if (buf[i] != (uint8_t)(c->bytes * 7))
				c->value++;
}

static void test_back_pressure(void **state)
{
	struct fix f;
	fix_init(&f);
	f.on_open = write_big;
	fix_listen(&f, NULL);
	atomic_store(&n_sends, 0);
	struct client c = {.script = read_and_check};
	fix_run(&f, &c);
	assert_int_equal(c.bytes, BIG);
	assert_int_equal(c.value, 0);
	assert_true(atomic_load(&n_sends) > 1);
	assert_int_equal(f.n_drained, 1);
	assert_int_equal(f.err, 0);
	fix_deinit(&f);
}

static void overflow(struct fix *f)
{
	static const char data[600];
	assert_int_equal(fix_write(f, data, 600), 0);
	assert_int_equal(fix_write(f, data, 600), -ENOBUFS);
	assert_int_equal(net_stream_queued(f->s), 600);
	assert_int_equal(fix_write(f, data, 400), 0);
	assert_int_equal(fix_write(f, data, 1), -ENOBUFS);
	assert_int_equal(fix_write(f, data, 0), 0);
	assert_int_equal(fix_write(f, data, SIZE_MAX), -ENOBUFS);
	net_stream_finish(f->s, HANG_S * 1000);
}

static void read_all(struct client *c, int fd)
{
	client_read(c, fd, SIZE_MAX);
}

static void test_queue_cap(void **state)
{
	struct fix f;
	fix_init(&f);
	f.on_open = overflow;
	struct net_listen_params p = fix_params(&f, "127.0.0.1");
	p.queue_max = 1000;
	assert_int_equal(net_listen(&f.loop, &p, &f.ln), 0);
	struct client c = {.script = read_all};
	fix_run(&f, &c);
	assert_int_equal(c.bytes, 1000);
	assert_int_equal(c.err, 0);
	fix_deinit(&f);
}

static void check_idle(struct fix *f)
{
	assert_null(f->s->out.mem);
	assert_int_equal(f->s->armed, UV_READABLE);
	assert_false(wheel_timer_active(&f->s->timer));
}

static void test_idle_holds_nothing(void **state)
{
	assert_true(sizeof(struct net_stream) <= 400);
	struct fix f;
	fix_init(&f);
	f.on_data = echo;
	f.on_drained = check_idle;
	fix_listen(&f, NULL);
	struct client c = {.script = echo_client};
	fix_run(&f, &c);
	assert_int_equal(f.n_drained, 5);
	fix_deinit(&f);
}

/* ---- ends ---- */

static void answer_and_finish(struct fix *f, const uint8_t *data, size_t n)
{
	write_big(f);
	f->in_call = true;
	net_stream_finish(f->s, HANG_S * 1000);
	f->in_call = false;
	f->result = fix_write(f, "x", 1);
}

/* Goes on sending while the answer is on its way. */
static void late_sender(struct client *c, int fd)
{
	uint8_t *junk = calloc(1, 200000);
	client_send(fd, "?", 1);
	client_read(c, fd, 1000);
	c->value = client_send(fd, junk, 200000);
	client_read(c, fd, SIZE_MAX);
	free(junk);
}

static void test_finish_delivers_everything(void **state)
{
	struct fix f;
	fix_init(&f);
	f.on_data = answer_and_finish;
	fix_listen(&f, NULL);
	struct client c = {.script = late_sender};
	fix_run(&f, &c);
	assert_int_equal(f.result, -EPIPE);
	assert_true(c.value);
	assert_int_equal(c.bytes, BIG);
	assert_int_equal(c.err, 0);
	assert_int_equal(f.n_data, 1);
	assert_int_equal(f.n_closed, 1);
	assert_int_equal(f.err, 0);
	fix_deinit(&f);
}

static void write_and_finish_50(struct fix *f)
{
	if (f->value)
		write_big(f);
	else
		assert_int_equal(fix_write(f, "bye", 3), 0);
	net_stream_finish(f->s, 50);
}

static void open_until_told(struct client *c, int fd)
{
	if (c->value)
		client_read(c, fd, SIZE_MAX);
	client_await(&c->go);
}

static void test_linger_ends(void **state)
{
	struct fix f;
	fix_init(&f);
	f.on_open = write_and_finish_50;
	fix_listen(&f, NULL);
	struct client c = {.script = open_until_told, .value = 1};
	fix_run(&f, &c);
	assert_int_equal(c.bytes, 3);
	assert_int_equal(f.n_closed, 1);
	assert_int_equal(f.err, 0);
	fix_deinit(&f);
}

static void test_finish_gives_up_on_a_deaf_peer(void **state)
{
	struct fix f;
	fix_init(&f);
	f.on_open = write_and_finish_50;
	f.value = 1;
	fix_listen(&f, NULL);
	struct client c = {.script = open_until_told};
	fix_run(&f, &c);
	assert_int_equal(f.n_closed, 1);
	assert_int_equal(f.err, -ETIMEDOUT);
	fix_deinit(&f);
}

static void busy(struct fix *f)
{
	assert_int_equal(fix_write(f, "busy", 4), 0);
	net_stream_finish(f->s, HANG_S * 1000);
}

/* Counts what it can send after it has seen our end. A closed socket would answer the first with a reset. */
static void sender_after_the_end(struct client *c, int fd)
{
	client_read(c, fd, SIZE_MAX);
	for (int i = 0; i < 3; i++)
		c->value += client_send(fd, "x", 1);
}

static void test_no_reset_while_lingering(void **state)
{
	struct fix f;
	fix_init(&f);
	f.on_open = busy;
	fix_listen(&f, NULL);
	struct client c = {.script = sender_after_the_end};
	fix_run(&f, &c);
	assert_int_equal(c.bytes, 4);
	assert_int_equal(c.err, 0);
	assert_int_equal(c.value, 3);
	assert_int_equal(f.n_data, 0);
	assert_int_equal(f.err, 0);
	fix_deinit(&f);
}

/* Lets the client go on once the deadline has been seen to move. */
static void watch_deadline(struct wheel_timer *t, uint64_t now_ms)
{
	struct fix *f = CONTAINER_OF(t, struct fix, timer);
	struct client *c = f->extra;
	assert_int_equal(f->s->state, STREAM_FINISHING);
	if (f->value == 0) {
		f->value = f->s->timer.due_ms;
		atomic_store(&c->flag, 1);
	}
	if (f->s->timer.due_ms > f->value)
		atomic_store(&c->go, 1);
	else
		loop_timer_start(&f->loop, t, 1);
}

static void finish_big_and_watch(struct fix *f)
{
	write_big(f);
	net_stream_finish(f->s, HANG_S * 1000);
	wheel_timer_init(&f->timer, watch_deadline);
	loop_timer_start(&f->loop, &f->timer, 50);
}

static void read_in_two_parts(struct client *c, int fd)
{
	client_await(&c->flag);
	client_read(c, fd, BIG / 2);
	client_await(&c->go);
	client_read(c, fd, SIZE_MAX);
}

static void test_progress_moves_the_deadline(void **state)
{
	struct fix f;
	fix_init(&f);
	f.on_open = finish_big_and_watch;
	fix_listen(&f, NULL);
	struct client c = {.script = read_in_two_parts};
	f.extra = &c;
	fix_run(&f, &c);
	assert_int_equal(c.bytes, BIG);
	assert_int_equal(f.err, 0);
	fix_deinit(&f);
}

static void finish_long(struct fix *f)
{
	net_stream_finish(f->s, HANG_S * 1000);
}

static void endless_sender(struct client *c, int fd)
{
	static const char junk[65536];
	while (c->bytes < BIG && client_send(fd, junk, sizeof(junk)))
		c->bytes += sizeof(junk);
}

static void test_finish_drops_only_so_much(void **state)
{
	struct fix f;
	fix_init(&f);
	f.on_open = finish_long;
	fix_listen(&f, NULL);
	struct client c = {.script = endless_sender};
	fix_run(&f, &c);
	assert_true(c.bytes < BIG);
	assert_int_equal(f.n_data, 0);
	assert_int_equal(f.err, 0);
	fix_deinit(&f);
}

static void close_in_data(struct fix *f, const uint8_t *data, size_t n)
{
	assert_int_equal(fix_write(f, "lost", 4), 0);
	fix_close(f);
	fix_close(f); /* harmless */
	assert_int_equal(fix_write(f, "x", 1), -EPIPE);
	net_stream_finish(f->s, 10);
	net_stream_pause(f->s);
	net_stream_resume(f->s);
	assert_int_equal(f->n_closed, 0);
}

static void ask_and_read(struct client *c, int fd)
{
	client_send(fd, "?", 1);
	client_read(c, fd, SIZE_MAX);
}

static void test_close_in_data_callback(void **state)
{
	struct fix f;
	fix_init(&f);
	f.on_data = close_in_data;
	fix_listen(&f, NULL);
	struct client c = {.script = ask_and_read};
	fix_run(&f, &c);
	assert_int_equal(c.bytes, 0);
	assert_int_equal(f.n_data, 1);
	assert_int_equal(f.n_closed, 1);
	assert_int_equal(f.err, 0);
	fix_deinit(&f);
}

static void test_close_in_drained_callback(void **state)
{
	struct fix f;
	fix_init(&f);
	f.on_data = echo;
	f.on_drained = fix_close;
	fix_listen(&f, NULL);
	struct client c = {.script = ask_and_read};
	fix_run(&f, &c);
	assert_int_equal(c.bytes, 1);
	assert_int_equal(f.n_closed, 1);
	fix_deinit(&f);
}

static void test_refused_in_accept(void **state)
{
	struct fix f;
	fix_init(&f);
	f.no_attach = true;
	f.on_open = fix_close;
	fix_listen(&f, NULL);
	struct client c = {.script = ask_and_read};
	fix_run(&f, &c);
	assert_int_equal(c.bytes, 0);
	assert_int_equal(f.n_closed, 0);
	fix_deinit(&f);
}

static void test_farewell_without_owner(void **state)
{
	struct fix f;
	fix_init(&f);
	f.no_attach = true;
	f.on_open = busy;
	fix_listen(&f, NULL);
	struct client c = {.script = ask_and_read};
	fix_run(&f, &c);
	assert_int_equal(c.bytes, 4);
	assert_int_equal(c.err, 0);
	fix_deinit(&f);
}

static void half_closer(struct client *c, int fd)
{
	shutdown(fd, SHUT_WR);
	client_await(&c->go);
	client_read(c, fd, SIZE_MAX);
}

static void go_when_eof(struct wheel_timer *t, uint64_t now_ms)
{
	struct fix *f = CONTAINER_OF(t, struct fix, timer);
	if (f->s->eof)
		atomic_store(&((struct client *)f->extra)->go, 1);
	else
		loop_timer_start(&f->loop, t, 1);
}

static void write_big_and_watch(struct fix *f)
{
	write_big(f);
	wheel_timer_init(&f->timer, go_when_eof);
	loop_timer_start(&f->loop, &f->timer, 1);
}

static void test_half_closed_peer_gets_the_queue(void **state)
{
	struct fix f;
	fix_init(&f);
	f.on_open = write_big_and_watch;
	fix_listen(&f, NULL);
	struct client c = {.script = half_closer};
	f.extra = &c;
	fix_run(&f, &c);
	assert_int_equal(c.bytes, BIG);
	assert_int_equal(c.err, 0);
	assert_int_equal(f.n_closed, 1);
	assert_int_equal(f.err, 0);
	fix_deinit(&f);
}

static void resetter(struct client *c, int fd)
{
	struct linger now = {.l_onoff = 1};
	client_send(fd, "?", 1);
	client_read(c, fd, 1);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static void test_reset_is_told(void **state)
{
	struct fix f;
	fix_init(&f);
	f.on_data = echo;
	fix_listen(&f, NULL);
	struct client c = {.script = resetter};
	fix_run(&f, &c);
	assert_int_equal(f.n_closed, 1);
	assert_int_equal(f.err, -ECONNRESET);
	fix_deinit(&f);
}

/* ---- pause ---- */

static void echo_and_pause(struct fix *f, const uint8_t *data, size_t n)
{
	echo(f, data, n);
	net_stream_pause(f->s);
}

static void test_reset_is_noticed_in_a_pause(void **state)
{
	struct fix f;
	fix_init(&f);
	f.on_data = echo_and_pause;
	fix_listen(&f, NULL);
	struct client c = {.script = resetter};
	fix_run(&f, &c);
	assert_int_equal(f.n_data, 1);
	assert_int_equal(f.n_closed, 1);
	assert_int_equal(f.err, -ECONNRESET);
	fix_deinit(&f);
}

/* The second message is in the server's socket when the client says so: loopback delivers within the call. */
static void resume_later(struct wheel_timer *t, uint64_t now_ms)
{
	struct fix *f = CONTAINER_OF(t, struct fix, timer);
	struct client *c = f->extra;
	if (atomic_load(&c->flag))
		f->step++;
	if (f->step < 3) {
		loop_timer_start(&f->loop, t, 1);
		return;
	}
	assert_int_equal(f->n_data, 1);
	assert_true(f->s->unread);
	assert_int_equal(f->s->armed, UV_PRIORITIZED); /* nothing that is ready now, or the loop would spin */
	net_stream_resume(f->s);
}

static void pause_first(struct fix *f, const uint8_t *data, size_t n)
{
	echo(f, data, n);
	if (f->n_data > 1)
		return;
	net_stream_pause(f->s);
	wheel_timer_init(&f->timer, resume_later);
	loop_timer_start(&f->loop, &f->timer, 1);
}

static void two_messages(struct client *c, int fd)
{
	client_send(fd, "a", 1);
	client_read(c, fd, 1);
	client_send(fd, "b", 1);
	atomic_store(&c->flag, 1);
	client_read(c, fd, 1);
}

static void test_pause_and_resume(void **state)
{
	struct fix f;
	fix_init(&f);
	f.on_data = pause_first;
	fix_listen(&f, NULL);
	struct client c = {.script = two_messages};
	f.extra = &c;
	fix_run(&f, &c);
	assert_int_equal(f.n_data, 2);
	assert_memory_equal(c.first, "ab", 2);
	assert_int_equal(f.err, 0);
	fix_deinit(&f);
}

static void pause_briefly(struct fix *f, const uint8_t *data, size_t n)
{
	net_stream_pause(f->s);
	assert_int_equal(f->s->armed, UV_READABLE);
	net_stream_resume(f->s);
	assert_int_equal(f->s->armed, UV_READABLE);
	echo(f, data, n);
}

static void test_a_brief_pause_costs_nothing(void **state)
{
	struct fix f;
	fix_init(&f);
	f.on_data = pause_briefly;
	fix_listen(&f, NULL);
	struct client c = {.script = echo_client};
	fix_run(&f, &c);
	assert_int_equal(c.bytes, 25);
	fix_deinit(&f);
}

/* ---- another owner ---- */

static void second_data(void *arg, const uint8_t *data, size_t n)
{
	struct fix *f = arg;
	f->value += n;
	assert_int_equal(fix_write(f, "2nd..", n), 0);
}

static const struct net_stream_ops second_ops = {.data = second_data, .closed = fix_closed};

static void hand_on(struct fix *f, const uint8_t *data, size_t n)
{
	echo(f, data, n);
	net_stream_attach(f->s, &second_ops, f);
}

static void test_handing_a_stream_on(void **state)
{
	struct fix f;
	fix_init(&f);
	f.on_data = hand_on;
	fix_listen(&f, NULL);
	struct client c = {.script = echo_client};
	fix_run(&f, &c);
	assert_int_equal(f.n_data, 1);
	assert_int_equal(f.value, 20);
	assert_int_equal(f.n_closed, 1);
	assert_memory_equal(c.first, "hello2nd..", 10);
	fix_deinit(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_writes_leave_in_one_call),
		cmocka_unit_test(test_back_pressure),
		cmocka_unit_test(test_queue_cap),
		cmocka_unit_test(test_idle_holds_nothing),
		cmocka_unit_test(test_finish_delivers_everything),
		cmocka_unit_test(test_linger_ends),
		cmocka_unit_test(test_finish_gives_up_on_a_deaf_peer),
		cmocka_unit_test(test_no_reset_while_lingering),
		cmocka_unit_test(test_progress_moves_the_deadline),
		cmocka_unit_test(test_finish_drops_only_so_much),
		cmocka_unit_test(test_close_in_data_callback),
		cmocka_unit_test(test_close_in_drained_callback),
		cmocka_unit_test(test_refused_in_accept),
		cmocka_unit_test(test_farewell_without_owner),
		cmocka_unit_test(test_half_closed_peer_gets_the_queue),
		cmocka_unit_test(test_reset_is_told),
		cmocka_unit_test(test_reset_is_noticed_in_a_pause),
		cmocka_unit_test(test_pause_and_resume),
		cmocka_unit_test(test_a_brief_pause_costs_nothing),
		cmocka_unit_test(test_handing_a_stream_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

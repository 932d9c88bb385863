/* Listeners: what they bind to, what they hand over, and what they do when the process runs out of something.
 */
#include "net/testing.h"

#include "base/mem.h"

#include <netinet/tcp.h>
#include <sys/resource.h>

static void wait_for_end(struct client *c, int fd)
{
	client_read(c, fd, SIZE_MAX);
}

static void check_options(struct fix *f)
{
	int value = 0;
	socklen_t len = sizeof(value);
	assert_int_equal(getsockopt(f->s->fd, IPPROTO_TCP, TCP_NODELAY, &value, &len), 0);
	assert_int_equal(value, 1);
	assert_int_equal(getsockopt(f->s->fd, SOL_SOCKET, SO_KEEPALIVE, &value, &len), 0);
	assert_int_equal(value, 1);
	assert_int_equal(getsockopt(f->s->fd, IPPROTO_TCP, TCP_KEEPIDLE, &value, &len), 0);
	assert_int_equal(value, 60);
	fix_close(f);
}

static void test_socket_options(void **state)
{
	struct fix f;
	fix_init(&f);
	f.on_open = check_options;
	fix_listen(&f, NULL);
	struct client c = {.script = wait_for_end};
	fix_run(&f, &c);
	assert_int_equal(f.n_closed, 1);
	fix_deinit(&f);
}

static void test_listen_errors(void **state)
{
	struct fix f;
	fix_init(&f);
	fix_listen(&f, NULL);
	assert_true(addr_port(net_listener_addr(f.ln)) > 0);
	struct net_listen_params p = fix_params(&f, "127.0.0.1");
	p.addr = *net_listener_addr(f.ln);
	struct net_listener *other = NULL;
	assert_int_equal(net_listen(&f.loop, &p, &other), -EADDRINUSE);
	assert_null(other);
	p = fix_params(&f, "203.0.113.7");
	assert_int_equal(net_listen(&f.loop, &p, &other), -EADDRNOTAVAIL);
	assert_null(other);
	net_listener_close(NULL);
	net_listener_close(f.ln);
	loop_run(&f.loop);
	fix_deinit(&f);
}

static void note_peer(struct fix *f)
{
	assert_int_equal(addr_port(net_stream_local(f->s)), f->value);
	assert_true(addr_is_loopback(net_stream_peer(f->s)));
	f->result = f->result * 10 + (net_stream_peer(f->s)->sa.sa_family == AF_INET ? 4 : 6);
	f->step = f->step * 10 + (net_stream_local(f->s)->sa.sa_family == AF_INET ? 4 : 6);
	assert_false(net_stream_is_tls(f->s));
	assert_ptr_equal(net_stream_loop(f->s), &f->loop);
	fix_close(f);
}

static void test_any_address_takes_both_families(void **state)
{
	struct fix f;
	fix_init(&f);
	f.on_open = note_peer;
	f.accepts_left = 2;
	struct net_listen_params p = fix_params(&f, "*");
	assert_int_equal(net_listen(&f.loop, &p, &f.ln), 0);
	uint16_t port = addr_port(net_listener_addr(f.ln));
	f.value = port;
	bool have_ipv6 = net_listener_addr(f.ln)->sa.sa_family == AF_INET6;
	struct addr v4, v6;
	assert_int_equal(addr_parse(&v4, "127.0.0.1", port), 0);
	assert_int_equal(addr_parse(&v6, have_ipv6 ? "::1" : "127.0.0.1", port), 0);
	/* connect() is answered by the kernel: no thread is needed. */
	int a = client_connect(&v4);
	int b = client_connect(&v6);
	assert_true(a >= 0 && b >= 0);
	loop_run(&f.loop);
	assert_int_equal(f.result, have_ipv6 ? 46 : 44);
	assert_int_equal(f.step, have_ipv6 ? 46 : 44);
	close(a);
	close(b);
	fix_deinit(&f);
}

#define MANY 300

static void test_many_at_once(void **state)
{
	struct fix f;
	fix_init(&f);
	f.accepts_left = MANY;
	struct net_listen_params p = fix_params(&f, "127.0.0.1");
	p.backlog = MANY;
	assert_int_equal(net_listen(&f.loop, &p, &f.ln), 0);
	int fds[MANY];
	for (int i = 0; i < MANY; i++) {
		fds[i] = client_connect(net_listener_addr(f.ln));
		assert_true(fds[i] >= 0);
		assert_true(client_send(fds[i], "x", 1));
		shutdown(fds[i], SHUT_WR);
	}
	loop_run(&f.loop);
	assert_int_equal(f.bytes, MANY);
	assert_int_equal(f.n_closed, MANY);
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
	fix_deinit(&f);
}

static void count_iteration(uv_prepare_t *h)
{
	(*(int *)h->data)++;
}

static void give_fds_back(struct wheel_timer *t, uint64_t now_ms)
{
	struct fix *f = CONTAINER_OF(t, struct fix, timer);
	assert_null(f->s);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, f->extra), 0);
}

/* Without descriptors the loop must neither spin nor lose the connection that waits. */
static void test_out_of_descriptors(void **state)
{
	struct fix f;
	fix_init(&f);
	f.on_open = fix_close;
	fix_listen(&f, NULL);
	int fd = client_connect(net_listener_addr(f.ln));
	assert_true(fd >= 0);
	int iterations = 0;
	uv_prepare_t counter = {.data = &iterations};
	uv_prepare_init(&f.loop.uv, &counter);
	uv_prepare_start(&counter, count_iteration);
	uv_unref((uv_handle_t *)&counter);
	struct rlimit old;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	struct rlimit low = {.rlim_cur = 3, .rlim_max = old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	f.extra = &old;
	wheel_timer_init(&f.timer, give_fds_back);
	loop_timer_start(&f.loop, &f.timer, 100);
	loop_run(&f.loop);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(f.n_closed, 1);
	assert_true(iterations < 60);
	close(fd);
	uv_close((uv_handle_t *)&counter, NULL);
	fix_deinit(&f);
}

static void test_close_while_starved(void **state)
{
	struct fix f;
	fix_init(&f);
	fix_listen(&f, NULL);
	int fd = client_connect(net_listener_addr(f.ln));
	assert_true(fd >= 0);
	struct rlimit old;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	struct rlimit low = {.rlim_cur = 3, .rlim_max = old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	wheel_timer_init(&f.timer, fix_stop_listening);
	loop_timer_start(&f.loop, &f.timer, 20);
	loop_run(&f.loop);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_null(f.s);
	close(fd);
	fix_deinit(&f);
}

static void echo_or_close(struct fix *f, const uint8_t *data, size_t n)
{
	if (fix_write(f, data, n) < 0)
		fix_close(f);
}

/* The kernel answers the client, so one thread plays both sides and the failing allocation is always the
 * same. */
static bool sweep_step(uint64_t n)
{
	struct fix f;
	fix_init(&f);
	f.on_data = echo_or_close;
	struct net_listen_params p = fix_params(&f, "127.0.0.1");
	mem_fail_after(n);
	int r = net_listen(&f.loop, &p, &f.ln);
	int fd = -1;
	if (r == 0) {
		fd = client_connect(net_listener_addr(f.ln));
		assert_true(fd >= 0);
		assert_true(client_send(fd, "hello", 5));
		shutdown(fd, SHUT_WR);
		/* Where the stream cannot be made, the listener tries again later: end that. */
		wheel_timer_init(&f.timer, fix_stop_listening);
		loop_timer_start(&f.loop, &f.timer, 50);
		loop_run(&f.loop);
	}
	bool hit = mem_fail_hit();
	mem_fail_never();
	if (!hit) {
		struct client c = {0};
		client_read(&c, fd, SIZE_MAX);
		assert_int_equal(r, 0);
		assert_int_equal(c.bytes, 5);
		assert_int_equal(f.n_closed, 1);
	} else if (r == 0) {
		assert_true(f.n_closed == 1 || f.accepts_left == 1);
	} else {
		assert_int_equal(r, -ENOMEM);
	}
	if (fd >= 0)
		close(fd);
	fix_deinit(&f);
	return hit;
}

static void test_allocation_failures(void **state)
{
	uint64_t n = 0;
	while (sweep_step(n))
		n++;
	assert_true(n >= 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_socket_options),
		cmocka_unit_test(test_listen_errors),
		cmocka_unit_test(test_any_address_takes_both_families),
		cmocka_unit_test(test_many_at_once),
		cmocka_unit_test(test_out_of_descriptors),
		cmocka_unit_test(test_close_while_starved),
		cmocka_unit_test(test_allocation_failures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

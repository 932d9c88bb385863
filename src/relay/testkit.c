/* A relay with real sockets on loopback, on a thread of its own as its control loop, and clients that block.
 */
#include "relay/testkit.h"

#include "base/rand.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- the relay ---- */

struct call {
	struct mail mail;
	void (*fn)(struct bench *b, void *arg);
	void *arg;
	_Atomic bool done;
};

static void on_call(void *arg, struct mail *m)
{
	struct call *c = CONTAINER_OF(m, struct call, mail);
	c->fn(arg, c->arg);
	c->done = true;
}

static const struct mailbox_ops call_ops = {.receive = on_call};

/* Run @fn on the control loop and wait for it. */
void bench_call(struct bench *b, void (*fn)(struct bench *b, void *arg), void *arg)
{
	struct call c = {.fn = fn, .arg = arg};
	assert_int_equal(mailbox_post(&b->mailbox, &c.mail), 0);
	while (!atomic_load(&c.done))
		usleep(200);
}

struct addr bench_addr(const struct bench *b)
{
	struct addr a;
	assert_int_equal(addr_parse(&a, b->wish.listen ? b->wish.listen : "127.0.0.1", b->port), 0);
	return a;
}

static uint16_t free_port(const struct bench *b)
{
	struct addr a = bench_addr(b);
	socklen_t len = sizeof(a.in);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, &a.sa, len), 0);
	assert_int_equal(getsockname(fd, &a.sa, &len), 0);
	close(fd);
	return addr_port(&a);
}

static uint32_t or (uint32_t value, uint32_t otherwise)
{
	return value ? value : otherwise;
}

static void start_relay(struct bench *b)
{
	struct addr listen = bench_addr(b);
	const char *secrets[] = {BENCH_SECRET};
	const struct bench_wish *wish = &b->wish;
	struct relay_params p = {
		.loop = &b->loop,
		.listen = &listen,
		.n_listen = 1,
		.port = b->port,
		.workers = wish->workers,
		.port_min = 20000,
		.port_max = 30000,
		.realm = "test",
		.secrets = secrets,
		.n_secrets = 1,
		.credential_s = 600,
		.connections = 100,
		.connections_per_address = or (wish->per_address, 100),
		.stream_queue_bytes = 65536,
		.stream_idle_ms = 60000,
		.limits = {.allocations = or (wish->allocations, 1000),
			   .allocations_per_user = or (wish->per_user, 1000),
			   .allocations_per_address = 1000,
			   .permissions = 16,
			   .channels = 16,
			   .lifetime_max_s = 3600,
			   .unauth_budget_bytes = 100000000,
			   .unauth_prefixes = 64},
	};
	b->failed = relay_start(&p, &b->relay) != 0;
}

/* The control loop's thread: the relay is born and dies on it. */
static void *run(void *arg)
{
	struct bench *b = arg;
	b->failed = loop_init(&b->loop) || mailbox_init(&b->mailbox, &b->loop, 8, &call_ops, b);
	if (!b->failed)
		start_relay(b);
	b->ready = true;
	if (b->failed)
		return NULL;
	loop_run(&b->loop);
	relay_stop(b->relay);
	mailbox_close(&b->mailbox);
	loop_run(&b->loop);
	relay_free(b->relay);
	mailbox_deinit(&b->mailbox);
	loop_deinit(&b->loop);
	return NULL;
}

struct bench *bench_open_wish(const struct bench_wish *wish)
{
	struct bench *b = test_calloc(1, sizeof(*b));
	b->wish = *wish;
	b->port = free_port(b);
	assert_int_equal(pthread_create(&b->thread, NULL, run, b), 0);
	while (!b->ready)
		usleep(200);
	assert_false(b->failed);
	return b;
}

struct bench *bench_open(unsigned workers, uint32_t allocations)
{
	return bench_open_wish(&(struct bench_wish){.workers = workers, .allocations = allocations});
}

static void stop_loop(struct bench *b, void *arg)
{
	loop_stop(&b->loop);
}

void bench_close(struct bench *b)
{
	bench_call(b, stop_loop, NULL);
	pthread_join(b->thread, NULL);
	test_free(b);
}

void bench_counted(void *arg, const struct relay_counters *each, size_t n)
{
	struct bench *b = arg;
	memset(&b->sum, 0, sizeof(b->sum));
	for (size_t i = 0; i < n; i++) {
		b->allocations_now[i] = each[i].turn.allocations_now;
		b->sum.turn.allocations_now += each[i].turn.allocations_now;
		b->sum.turn.drop_peer_refused += each[i].turn.drop_peer_refused;
		b->sum.turn.revoked += each[i].turn.revoked;
		b->sum.io.local_packets += each[i].io.local_packets;
		b->sum.io.clients_displaced += each[i].io.clients_displaced;
		b->sum.io.clients_now[TURN_TCP] += each[i].io.clients_now[TURN_TCP];
	}
	b->counted = n > 0;
}

static void start_count(struct bench *b, void *arg)
{
	b->counted = false;
	relay_count(b->relay, bench_counted, b);
}

static void look(struct bench *b, void *arg)
{
	*(bool *)arg = b->counted;
}

const struct relay_counters *bench_count(struct bench *b)
{
	bool done = false;
	bench_call(b, start_count, NULL);
	while (!done)
		bench_call(b, look, &done);
	return &b->sum;
}

/* Open descriptors of this process. */
unsigned open_descriptors(void)
{
	unsigned n = 0;
	DIR *dir = opendir("/proc/self/fd");
	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/*
 * Relay sockets against peers, routers and this machine's own addresses, on a network of the test's own.
 * Skipped where the system allows no such thing.
 */
#include "relay/control.h"
#include "relay/testkit.h"
#include "relay/wirekit.h"

#include "base/clock.h"
#include "stun/read.h"

#include <poll.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_MS 10000

static struct wire wire;
static bool have_wire;

static struct addr addr(const char *text)
{
	struct addr a;
	assert_int_equal(addr_parse(&a, text, 0), 0);
	return a;
}

static struct bench *open_on_wire(void)
{
	if (!have_wire)
		skip();
	return bench_open_wish(&(struct bench_wish){.workers = 1, .listen = WIRE_OWN});
}

/* A client over UDP with an allocation and a permission for @peer. */
static void open_user(struct user *u, struct bench *b, const struct addr *peer)
{
	user_open(u, b, false, "u");
	assert_int_equal(user_allocate(u), 0);
	assert_int_equal(user_permit(u, peer), 0);
}

/* The next indication for @u, in @bytes. */
static void expect_indication(struct user *u, struct stun_msg *m, uint8_t bytes[2048])
{
	size_t n = user_receive(u, bytes, WAIT_MS);
	assert_true(n > 0);
	assert_int_equal(stun_msg_parse(m, bytes, n), 0);
	assert_int_equal(m->method, STUN_DATA);
}

static void expect_data(struct user *u, const char *data)
{
	struct stun_msg m;
	struct stun_attr attr;
	uint8_t bytes[2048];
	expect_indication(u, &m, bytes);
	assert_true(stun_msg_find(&m, STUN_ATTR_DATA, &attr));
	assert_int_equal(attr.len, strlen(data));
	assert_memory_equal(attr.value, data, attr.len);
}

static void expect_icmp(struct user *u, const struct addr *peer, const struct stun_icmp *wish)
{
	struct stun_msg m;
	struct stun_icmp icmp;
	struct addr about;
	uint8_t bytes[2048];
	expect_indication(u, &m, bytes);
	assert_int_equal(stun_read_icmp(&m, &icmp), 0);
	assert_int_equal(stun_read_xor_addr(&m, STUN_ATTR_XOR_PEER_ADDRESS, &about), 0);
	assert_true(addr_equal(&about, peer));
	assert_int_equal(icmp.type, wish->type);
	assert_int_equal(icmp.code, wish->code);
	assert_int_equal(icmp.data, wish->data);
}

/* ---- an error and data at once ---- */

struct at_once {
	struct order order;
	uint16_t port;
	const struct wire_packet *packet;
	_Atomic bool done;
};

/* On the worker's thread, whose loop does not run meanwhile: both are pending when it goes on. */
static void run_at_once(struct order *o, struct worker *w)
{
	struct at_once *at = CONTAINER_OF(o, struct at_once, order);
	struct turn_socket *s = w->by_port[0][at->port];
	struct pollfd p = {.fd = s->fd, .events = POLLIN};
	wire_icmp(&wire, 3, 3, 0, at->packet);
	wire_udp(&wire, &at->packet->to, &at->packet->from, "with it", 7);
	do {
		assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	} while ((p.revents & (POLLIN | POLLERR)) != (POLLIN | POLLERR));
	at->done = true;
}

static void post_at_once(struct bench *b, void *arg)
{
	struct at_once *at = arg;
	assert_int_equal(order_post(b->relay->shared->workers[0], &at->order, "test"), 0);
}

static void an_error_with_data_leaves_a_socket_alive(void **state)
{
	struct bench *b = open_on_wire();
	struct addr peer = addr("5.5.1.2:7777");
	struct user u;
	struct wire_packet *packet = test_malloc(sizeof(*packet));
	open_user(&u, b, &peer);
	for (int round = 0; round < 3; round++) {
		user_indicate(&u, &peer, "out", 3, false);
		wire_receive(&wire, packet);
		assert_true(addr_equal(&packet->to, &peer));
		struct at_once at = {
			.order.run = run_at_once, .port = addr_port(&u.relayed), .packet = packet};
		bench_call(b, post_at_once, &at);
		while (!at.done)
			usleep(200);
		expect_icmp(&u, &peer, &(struct stun_icmp){.type = 3, .code = 3});
		expect_data(&u, "with it");
		/* It is read again, too. */
		wire_udp(&wire, &peer, &u.relayed, "after it", 8);
		expect_data(&u, "after it");
	}
	close(u.fd);
	test_free(packet);
	bench_close(b);
}

/* ---- Don't Fragment ---- */

static void dont_fragment_tells_what_is_too_big(void **state)
{
	struct bench *b = open_on_wire();
	struct addr peer = addr("5.5.1.2:7777");
	struct user u;
	uint8_t data[WIRE_MTU] = {0};
	struct wire_packet *packet = test_malloc(sizeof(*packet));
	open_user(&u, b, &peer);
	/* Nothing but Don't Fragment has ever been sent from this socket. */
	user_indicate(&u, &peer, data, WIRE_MTU - 28 + 1, true);
	expect_icmp(&u, &peer, &(struct stun_icmp){.type = 3, .code = 4, .data = WIRE_MTU});
	for (int round = 0; round < 20; round++) {
		user_indicate(&u, &peer, data, WIRE_MTU - 28, true);
		/* Each of them leaves: what a router said of the first is the client's to know. */
		wire_receive(&wire, packet);
		assert_true(packet->dont_fragment);
		assert_int_equal(packet->len, WIRE_MTU - 28);
		(void)bench_count(b); /* the worker has done with it */
		wire_icmp(&wire, 3, 4, 1000, packet);
		expect_icmp(&u, &peer, &(struct stun_icmp){.type = 3, .code = 4, .data = 1000});
	}
	user_indicate(&u, &peer, data, 900, false);
	wire_receive(&wire, packet);
	assert_false(packet->dont_fragment);
	close(u.fd);
	test_free(packet);
	bench_close(b);
}

/* ---- this machine's addresses ---- */

static void stop_looking(struct bench *b, void *arg)
{
	loop_timer_stop(&b->loop, &b->relay->addresses_timer);
}

static void a_new_address_is_no_peer_at_once(void **state)
{
	struct bench *b = open_on_wire();
	struct addr fresh = addr("5.5.1.77:53");
	struct user u;
	open_user(&u, b, &fresh);
	/* So that only the kernel can have told. */
	bench_call(b, stop_looking, NULL);
	uint64_t end_ms = clock_mono_ms() + WAIT_MS;
	wire_own("5.5.1.77");
	while (user_permit(&u, &fresh) == 0)
		assert_true(clock_mono_ms() < end_ms);
	/* A permission of before is good no longer either: data to it is refused, not sent. */
	uint64_t refused = bench_count(b)->turn.drop_peer_refused;
	user_indicate(&u, &fresh, "secret?", 7, false);
	while (bench_count(b)->turn.drop_peer_refused == refused)
		;
	close(u.fd);
	bench_close(b);
}

/* A permission is for an address, and ours may be had for what is relayed there; but nothing else of this
 * machine gets through by it. */
static void a_service_of_this_machine_is_no_peer(void **state)
{
	struct bench *b = open_on_wire();
	struct addr own = addr(WIRE_OWN);
	struct user u;
	struct user other;
	open_user(&u, b, &own);
	open_user(&other, b, &own);
	int service = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(service, &own.sa, addr_len(&own)), 0);
	assert_int_equal(sendto(service, "secret", 6, 0, &u.relayed.sa, addr_len(&u.relayed)), 6);
	while (bench_count(b)->turn.drop_peer_refused != 1)
		;
	user_indicate(&other, &u.relayed, "relayed", 7, false);
	expect_data(&u, "relayed");
	close(service);
	close(u.fd);
	close(other.fd);
	bench_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_with_data_leaves_a_socket_alive),
		cmocka_unit_test(dont_fragment_tells_what_is_too_big),
		cmocka_unit_test(a_new_address_is_no_peer_at_once),
		cmocka_unit_test(a_service_of_this_machine_is_no_peer),
	};
	if (sodium_init() < 0)
		return 1;
	have_wire = wire_open(&wire);
	return cmocka_run_group_tests_name("relay-peer", tests, NULL, NULL);
}

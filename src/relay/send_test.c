/*
 * What becomes of a batch when the kernel has no room. The system calls are the test's own, for there is no
 * telling a real socket when to be full.
 */
#include "relay/send.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define REPLIES 3
#define DATA    20

static unsigned refusals; /* how many of the next calls find the kernel full */
static unsigned calls, messages;

static int take(unsigned n)
{
	calls++;
	if (refusals) {
		refusals--;
		errno = EAGAIN;
		return -1;
	}
	messages += n;
	return (int)n;
}

int sendmmsg(int fd, struct mmsghdr *msgs, unsigned n, int flags)
{
	return take(n);
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	return take(1);
}

ssize_t sendto(int fd, const void *data, size_t len, int flags, const struct sockaddr *to, socklen_t to_len)
{
	return take(1);
}

static void put(struct sender *sn, struct lane *lane)
{
	static const struct addr to = {.in = {.sin_family = AF_INET}};
	send_room(sn);
	struct msghdr *m = send_begin(sn, &to, NULL);
	send_add(sn, "data", 4);
	send_end(sn, m, &(struct send_what){.lane = lane, .count = 1, .bytes = 4});
}

/* Some replies, then data, with the kernel full for the first @full calls. Return: messages lost. */
static uint64_t send_with(unsigned full)
{
	struct worker *w = test_calloc(1, sizeof(*w));
	struct sender *sn = test_calloc(1, sizeof(*sn));
	struct lane lane = {0};
	sn->w = w;
	refusals = full;
	calls = messages = 0;
	send_from(sn, 0);
	for (unsigned i = 0; i < REPLIES + DATA; i++)
		put(sn, i < REPLIES ? NULL : &lane);
	send_all(sn);
	uint64_t lost = w->io.drop_send;
	assert_int_equal(lost + messages, REPLIES + DATA);
	assert_int_equal(w->io.tx_packets, messages);
	test_free(sn);
	test_free(w);
	return lost;
}

static void what_comes_after_a_full_moment_is_sent(void **state)
{
	assert_int_equal(send_with(0), 0);
	assert_int_equal(send_with(1), 1);
	assert_int_equal(send_with(REPLIES), REPLIES);
	assert_int_equal(send_with(REPLIES + 4), REPLIES + 4);
}

static void a_kernel_that_stays_full_is_not_asked_for_ever(void **state)
{
	assert_int_equal(send_with(1000), REPLIES + DATA);
	assert_in_range(calls, REPLIES + 1, REPLIES + 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_after_a_full_moment_is_sent),
		cmocka_unit_test(a_kernel_that_stays_full_is_not_asked_for_ever),
	};
	return cmocka_run_group_tests_name("relay-send", tests, NULL, NULL);
}

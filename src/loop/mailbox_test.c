/* The mailbox and the ring, between real threads; also built with ThreadSanitizer by script/tsan. */
#include "base/mem.h"
#include "loop/mailbox.h"
#include "loop/ring.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define POSTERS  4
#define MESSAGES 5000

struct numbered {
	struct mail mail;
	unsigned from, number;
};

struct box {
	struct loop loop;
	struct mailbox mailbox;
	unsigned next[POSTERS];
	unsigned received, wakes, expected;
	bool in_order;
};

static void receive(void *arg, struct mail *m)
{
	struct box *b = arg;
	struct numbered *n = CONTAINER_OF(m, struct numbered, mail);
	if (n->number != b->next[n->from]++)
		b->in_order = false;
	mem_free(n);
	if (++b->received == b->expected)
		loop_stop(&b->loop);
}

static void woken(void *arg)
{
	struct box *b = arg;
	b->wakes++;
}

static const struct mailbox_ops ops = {.receive = receive, .woken = woken};

static void box_open(struct box *b, size_t max)
{
	*b = (struct box){.in_order = true};
	assert_int_equal(loop_init(&b->loop), 0);
	assert_int_equal(mailbox_init(&b->mailbox, &b->loop, max, &ops, b), 0);
}

static void box_close(struct box *b)
{
	mailbox_close(&b->mailbox);
	loop_run(&b->loop);
	mailbox_deinit(&b->mailbox);
	loop_deinit(&b->loop);
}

static struct numbered *numbered(unsigned from, unsigned number)
{
	struct numbered *n = mem_zalloc(sizeof(*n));
	assert_non_null(n);
	n->from = from;
	n->number = number;
	return n;
}

struct poster {
	struct box *box;
	unsigned id;
	unsigned long full;
};

static void *post_all(void *arg)
{
	struct poster *p = arg;
	for (unsigned i = 0; i < MESSAGES; i++) {
		struct numbered *n = numbered(p->id, i);
		while (mailbox_post(&p->box->mailbox, &n->mail) == -ENOBUFS) {
			p->full++;
			sched_yield();
		}
	}
	return NULL;
}

static void messages_of_many_threads_arrive_in_the_order_of_each(void **state)
{
	struct box b;
	box_open(&b, 64);
	b.expected = POSTERS * MESSAGES;
	pthread_t threads[POSTERS];
	struct poster posters[POSTERS];
	for (unsigned i = 0; i < POSTERS; i++) {
		posters[i] = (struct poster){.box = &b, .id = i};
		assert_int_equal(pthread_create(&threads[i], NULL, post_all, &posters[i]), 0);
	}
	loop_run(&b.loop);
	for (unsigned i = 0; i < POSTERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(b.received, POSTERS * MESSAGES);
	assert_true(b.in_order);
	box_close(&b);
}

static void a_full_mailbox_refuses_and_keeps_what_it_has(void **state)
{
	struct box b;
	box_open(&b, 2);
	struct numbered *third = numbered(0, 2);
	assert_int_equal(mailbox_post(&b.mailbox, &numbered(0, 0)->mail), 0);
	assert_int_equal(mailbox_post(&b.mailbox, &numbered(0, 1)->mail), 0);
	assert_int_equal(mailbox_post(&b.mailbox, &third->mail), -ENOBUFS);
	b.expected = 2;
	loop_run(&b.loop);
	assert_int_equal(b.received, 2);
	b.expected = 3;
	assert_int_equal(mailbox_post(&b.mailbox, &third->mail), 0);
	loop_run(&b.loop);
	assert_int_equal(b.received, 3);
	assert_true(b.in_order);
	box_close(&b);
}

static void closing_delivers_what_was_posted_and_takes_no_more(void **state)
{
	struct box b;
	box_open(&b, 8);
	struct numbered *late = numbered(0, 1);
	assert_int_equal(mailbox_post(&b.mailbox, &numbered(0, 0)->mail), 0);
	mailbox_close(&b.mailbox);
	assert_int_equal(b.received, 1);
	assert_int_equal(mailbox_post(&b.mailbox, &late->mail), -EPIPE);
	mailbox_wake(&b.mailbox);
	mem_free(late);
	box_close(&b);
	assert_int_equal(b.wakes, 0);
}

static void *write_ring(void *arg);

struct pipe {
	struct box box;
	struct ring *ring;
	uint32_t sent, got;
	bool same;
};

/* Each record: a number, then as many bytes of its low byte as the number says. */
#define RECORDS 20000

static uint32_t record_len(uint32_t i)
{
	return 4 + i * 7919 % 1200;
}

static void *write_ring(void *arg)
{
	struct pipe *p = arg;
	while (p->sent < RECORDS) {
		uint32_t len = record_len(p->sent);
		uint8_t *at = ring_reserve(p->ring, len);
		if (!at) {
			mailbox_wake(&p->box.mailbox);
			sched_yield();
			continue;
		}
		memcpy(at, &p->sent, 4);
		memset(at + 4, (int)(p->sent & 255), len - 4);
		ring_commit(p->ring);
		p->sent++;
		if (p->sent % 16 == 0)
			mailbox_wake(&p->box.mailbox);
	}
	mailbox_wake(&p->box.mailbox);
	return NULL;
}

static void check_record(struct pipe *p, const uint8_t *at, uint32_t len)
{
	uint32_t number;
	memcpy(&number, at, 4);
	if (number != p->got || len != record_len(p->got))
		p->same = false;
	for (uint32_t i = 4; p->same && i < len; i++)
		p->same = at[i] == (number & 255);
	p->got++;
}

static void drain_ring(void *arg)
{
	struct pipe *p = CONTAINER_OF((struct box *)arg, struct pipe, box);
	uint32_t len;
	for (const uint8_t *at; (at = ring_peek(p->ring, &len));)
		check_record(p, at, len);
	ring_release(p->ring);
	if (p->got == RECORDS || !p->same)
		loop_stop(&p->box.loop);
}

static void records_cross_threads_whole_and_in_order(void **state)
{
	static const struct mailbox_ops ring_ops = {.receive = receive, .woken = drain_ring};
	struct pipe p = {.same = true};
	box_open(&p.box, 4);
	p.box.mailbox.ops = &ring_ops;
	p.ring = ring_new(16384);
	assert_non_null(p.ring);
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, write_ring, &p), 0);
	loop_run(&p.box.loop);
	pthread_join(thread, NULL);
	assert_true(p.same);
	assert_int_equal(p.got, RECORDS);
	box_close(&p.box);
	ring_free(p.ring);
}

static void a_full_ring_refuses_until_its_reader_gives_room_back(void **state)
{
	struct ring *r = ring_new(64);
	uint32_t len;
	for (int i = 0; i < 4; i++) {
		uint8_t *at = ring_reserve(r, 12);
		assert_non_null(at);
		*at = (uint8_t)i;
		ring_commit(r);
	}
	assert_null(ring_reserve(r, 12));
	assert_int_equal(*ring_peek(r, &len), 0);
	assert_null(ring_reserve(r, 12)); /* peeked at is not given back */
	ring_release(r);
	assert_non_null(ring_reserve(r, 12));
	assert_int_equal(*ring_peek(r, &len), 1);
	assert_int_equal(*ring_peek(r, &len), 2);
	assert_int_equal(*ring_peek(r, &len), 3);
	assert_null(ring_peek(r, &len)); /* reserved is not committed */
	assert_int_equal(len, 12);
	ring_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_of_many_threads_arrive_in_the_order_of_each),
		cmocka_unit_test(a_full_mailbox_refuses_and_keeps_what_it_has),
		cmocka_unit_test(closing_delivers_what_was_posted_and_takes_no_more),
		cmocka_unit_test(records_cross_threads_whole_and_in_order),
		cmocka_unit_test(a_full_ring_refuses_until_its_reader_gives_room_back),
	};
	return cmocka_run_group_tests_name("mailbox", tests, NULL, NULL);
}

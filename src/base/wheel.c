/*
 * Timers without I/O: a hashed timing wheel.
 *
 * A timer lies in the slot of the tick at which it is due, modulo the number of slots; one that is due in
 * more than a turn is passed over until its turn comes. Most timers here are timeouts that are pushed back or
 * stopped long before they fire, so it is starting and stopping that must cost nothing; a heap would sort
 * timers that never fire. A bitmap of the slots in use makes "when next?" a scan of sixteen words.
 *
 * What is due is first gathered into a list and then fired, so that a timer started by a callback, for
 * however early a time, waits for the next wheel_advance(), and a callback may stop or free any timer, also
 * one that is due now.
 *
 * Invariants: @now_ms is the latest time given, @tick the tick it lies in. A timer whose time was not after
 * @now_ms when it was started is in @overdue. A slot's bit is set if and only if its list has a timer. @count
 * counts the timers in all lists.
 *
 * Thread: the owner's.
 */
#include "base/wheel.h"

#include <assert.h>

#define SLOT_MASK (WHEEL_SLOTS - 1)
#define WORD_BITS 64
#define WORDS     (WHEEL_SLOTS / WORD_BITS)

_Static_assert((WHEEL_SLOTS & SLOT_MASK) == 0, "slots are found with a mask");

/* The first tick that is not before @ms. */
static uint64_t tick_after(uint64_t ms)
{
	return ms / WHEEL_TICK_MS + (ms % WHEEL_TICK_MS != 0);
}

static void mark_used(struct wheel *w, size_t slot)
{
	w->used[slot / WORD_BITS] |= UINT64_C(1) << slot % WORD_BITS;
}

static void mark_unused(struct wheel *w, size_t slot)
{
	w->used[slot / WORD_BITS] &= ~(UINT64_C(1) << slot % WORD_BITS);
}

void wheel_init(struct wheel *w, uint64_t now_ms)
{
	for (size_t i = 0; i < WHEEL_SLOTS; i++)
		list_init(&w->slots[i]);
	for (size_t i = 0; i < WORDS; i++)
		w->used[i] = 0;
	list_init(&w->overdue);
	w->now_ms = now_ms;
	w->tick = now_ms / WHEEL_TICK_MS;
	w->count = 0;
}

void wheel_deinit(struct wheel *w)
{
	assert(w->count == 0);
	(void)w;
}

void wheel_timer_init(struct wheel_timer *t, wheel_fn fire)
{
	list_init(&t->node);
	t->due_ms = WHEEL_NEVER;
	t->fire = fire;
}

bool wheel_timer_active(const struct wheel_timer *t)
{
	return !list_empty(&t->node);
}

void wheel_start(struct wheel *w, struct wheel_timer *t, uint64_t due_ms)
{
	wheel_stop(w, t);
	t->due_ms = due_ms;
	w->count++;
	if (due_ms <= w->now_ms) {
		list_append(&w->overdue, &t->node);
		return;
	}
	size_t slot = tick_after(due_ms) & SLOT_MASK;
	list_append(&w->slots[slot], &t->node);
	mark_used(w, slot);
}

void wheel_stop(struct wheel *w, struct wheel_timer *t)
{
	if (!wheel_timer_active(t))
		return;
	struct list *before = t->node.prev;
	bool last = before == t->node.next;
	list_unlink(&t->node);
	w->count--;
	/* The only node of a list has the list's head on both sides; the head tells which slot that was, if
	 * it was one. */
	if (last && before >= w->slots && before < w->slots + WHEEL_SLOTS)
		mark_unused(w, (size_t)(before - w->slots));
}

static void move_all(struct list *from, struct list *to)
{
	LIST_FOREACH (node, from) {
		list_unlink(node);
		list_append(to, node);
	}
}

static void gather_slot(struct wheel *w, size_t slot, struct list *due)
{
	LIST_FOREACH (node, &w->slots[slot]) {
		if (LIST_ENTRY(node, struct wheel_timer, node)->due_ms > w->now_ms)
			continue;
		list_unlink(node);
		list_append(due, node);
	}
	if (list_empty(&w->slots[slot]))
		mark_unused(w, slot);
}

void wheel_advance(struct wheel *w, uint64_t now_ms)
{
	if (now_ms > w->now_ms)
		w->now_ms = now_ms;
	/* Including the slot of the tick to come: some of its timers may be due already. */
	uint64_t first = w->tick + 1;
	uint64_t last = tick_after(w->now_ms);
	if (last > w->tick + WHEEL_SLOTS)
		last = w->tick + WHEEL_SLOTS;
	w->tick = w->now_ms / WHEEL_TICK_MS;

	struct list due;
	list_init(&due);
	move_all(&w->overdue, &due);
	for (uint64_t tick = first; tick <= last; tick++)
		gather_slot(w, tick & SLOT_MASK, &due);
	while (!list_empty(&due)) {
		struct wheel_timer *t = LIST_ENTRY(due.next, struct wheel_timer, node);
		wheel_stop(w, t);
		t->fire(t, w->now_ms);
	}
}

/* How many slots after @from the next one in use is; WHEEL_SLOTS if none is. */
static size_t distance_to_used(const struct wheel *w, size_t from)
{
	size_t word = from / WORD_BITS;
	uint64_t bits = w->used[word] & (~UINT64_C(0) << from % WORD_BITS);
	/* One word more than there are: the low bits of the first come last. */
	for (size_t i = 0; i <= WORDS; i++) {
		if (bits)
			return (word * WORD_BITS + (size_t)__builtin_ctzll(bits) - from) & SLOT_MASK;
		word = (word + 1) % WORDS;
		bits = w->used[word];
	}
	return WHEEL_SLOTS;
}

uint64_t wheel_next_ms(const struct wheel *w)
{
	if (!list_empty(&w->overdue))
		return w->now_ms;
	if (w->count == 0)
		return WHEEL_NEVER;
	size_t distance = distance_to_used(w, (w->tick + 1) & SLOT_MASK);
	/* With all timers in the list that is being fired there is no slot in use. */
	if (distance == WHEEL_SLOTS)
		return w->now_ms;
	return (w->tick + 1 + distance) * WHEEL_TICK_MS;
}

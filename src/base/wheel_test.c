#include "base/wheel.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define START_MS 1000003 /* in the middle of a tick */
#define TURN_MS  (WHEEL_TICK_MS * WHEEL_SLOTS)

struct probe {
	struct wheel_timer timer;
	struct wheel *wheel;
	struct probe *other;
	int fired;
	uint64_t fired_ms;
};

static void note(struct wheel_timer *t, uint64_t now_ms)
{
	struct probe *p = CONTAINER_OF(t, struct probe, timer);
	assert_false(wheel_timer_active(t));
	p->fired++;
	p->fired_ms = now_ms;
}

static struct wheel *new_wheel(void)
{
	struct wheel *w = mem_alloc(sizeof(*w));
	assert_non_null(w);
	wheel_init(w, START_MS);
	return w;
}

static void free_wheel(struct wheel *w)
{
	assert_int_equal(wheel_next_ms(w), WHEEL_NEVER);
	wheel_deinit(w);
	mem_free(w);
}

static void probe_init(struct probe *p, struct wheel *w, wheel_fn fire)
{
	*p = (struct probe){.wheel = w};
	wheel_timer_init(&p->timer, fire);
	assert_false(wheel_timer_active(&p->timer));
}

static void fires_once_and_when_due(void **state)
{
	struct wheel *w = new_wheel();
	struct probe p;
	probe_init(&p, w, note);
	wheel_start(w, &p.timer, START_MS + 100);
	assert_true(wheel_timer_active(&p.timer));
	wheel_advance(w, START_MS + 99);
	assert_int_equal(p.fired, 0);
	wheel_advance(w, START_MS + 100);
	assert_int_equal(p.fired, 1);
	assert_int_equal(p.fired_ms, START_MS + 100);
	wheel_advance(w, START_MS + 2 * TURN_MS);
	assert_int_equal(p.fired, 1);
	free_wheel(w);
}

/* Whoever sleeps until wheel_next_ms() is never early and at most a tick late. */
static void asks_to_be_called_within_a_tick(void **state)
{
	struct wheel *w = new_wheel();
	struct probe p;
	probe_init(&p, w, note);
	for (uint64_t after = 1; after < 3 * TURN_MS; after += 37) {
		uint64_t due = w->now_ms + after;
		p.fired = 0;
		wheel_start(w, &p.timer, due);
		for (int wakes = 0; !p.fired; wakes++) {
			uint64_t next = wheel_next_ms(w);
			assert_true(next > w->now_ms);
			/* Once a turn is the most that a timer may wake its loop for nothing. */
			assert_in_range(wakes, 0, after / TURN_MS + 1);
			wheel_advance(w, next);
		}
		assert_in_range(p.fired_ms, due, due + WHEEL_TICK_MS - 1);
	}
	free_wheel(w);
}

static void fires_a_past_time_at_the_next_advance(void **state)
{
	struct wheel *w = new_wheel();
	struct probe p;
	probe_init(&p, w, note);
	wheel_start(w, &p.timer, 5);
	assert_true(wheel_next_ms(w) <= START_MS);
	wheel_advance(w, START_MS);
	assert_int_equal(p.fired, 1);
	wheel_start(w, &p.timer, START_MS);
	wheel_advance(w, START_MS);
	assert_int_equal(p.fired, 2);
	free_wheel(w);
}

static void never_fires_a_stopped_timer(void **state)
{
	struct wheel *w = new_wheel();
	struct probe near, far;
	probe_init(&near, w, note);
	probe_init(&far, w, note);
	wheel_stop(w, &near.timer);
	wheel_start(w, &near.timer, START_MS + 50);
	wheel_start(w, &far.timer, START_MS + 50 + TURN_MS); /* the same slot */
	wheel_stop(w, &near.timer);
	assert_false(wheel_timer_active(&near.timer));
	assert_true(wheel_next_ms(w) != WHEEL_NEVER);
	wheel_stop(w, &far.timer);
	assert_int_equal(wheel_next_ms(w), WHEEL_NEVER);
	/* Nor does a slot left empty wake anybody. */
	wheel_start(w, &near.timer, START_MS + 50);
	wheel_start(w, &far.timer, START_MS + 5000);
	wheel_stop(w, &near.timer);
	assert_in_range(wheel_next_ms(w), START_MS + 5000, START_MS + 5000 + WHEEL_TICK_MS);
	wheel_stop(w, &far.timer);
	wheel_advance(w, START_MS + 2 * TURN_MS);
	assert_int_equal(near.fired + far.fired, 0);
	free_wheel(w);
}

static void a_restart_replaces_the_time(void **state)
{
	struct wheel *w = new_wheel();
	struct probe p;
	probe_init(&p, w, note);
	wheel_start(w, &p.timer, START_MS + 50);
	wheel_start(w, &p.timer, START_MS + 500);
	wheel_advance(w, START_MS + 499);
	assert_int_equal(p.fired, 0);
	wheel_start(w, &p.timer, START_MS + 5000);
	wheel_start(w, &p.timer, START_MS + 600);
	wheel_advance(w, START_MS + 600);
	assert_int_equal(p.fired, 1);
	free_wheel(w);
}

static void never_is_never(void **state)
{
	struct wheel *w = new_wheel();
	struct probe p;
	probe_init(&p, w, note);
	wheel_start(w, &p.timer, WHEEL_NEVER);
	wheel_advance(w, START_MS + 1000 * (uint64_t)TURN_MS);
	assert_int_equal(p.fired, 0);
	wheel_stop(w, &p.timer);
	free_wheel(w);
}

static void ignores_a_clock_that_goes_back(void **state)
{
	struct wheel *w = new_wheel();
	struct probe p;
	probe_init(&p, w, note);
	wheel_start(w, &p.timer, START_MS + 100);
	wheel_advance(w, START_MS - 5000);
	assert_int_equal(p.fired, 0);
	wheel_advance(w, START_MS + 100);
	assert_int_equal(p.fired, 1);
	wheel_advance(w, START_MS);
	wheel_start(w, &p.timer, START_MS + 100);
	wheel_advance(w, START_MS);
	assert_int_equal(p.fired, 2);
	assert_int_equal(p.fired_ms, START_MS + 100);
	free_wheel(w);
}

/* A leap of ages costs one turn, not one step for each tick of it. */
static void leaps_at_once(void **state)
{
	struct wheel *w = new_wheel();
	struct probe p;
	probe_init(&p, w, note);
	wheel_start(w, &p.timer, START_MS + 100);
	wheel_advance(w, WHEEL_NEVER - 1);
	assert_int_equal(p.fired, 1);
	free_wheel(w);
}

static void restart_at_once(struct wheel_timer *t, uint64_t now_ms)
{
	struct probe *p = CONTAINER_OF(t, struct probe, timer);
	note(t, now_ms);
	wheel_start(p->wheel, t, 0);
}

static void a_timer_restarted_in_its_callback_waits(void **state)
{
	struct wheel *w = new_wheel();
	struct probe p;
	probe_init(&p, w, restart_at_once);
	wheel_start(w, &p.timer, 0);
	wheel_advance(w, START_MS + 100);
	assert_int_equal(p.fired, 1);
	wheel_advance(w, START_MS + 100);
	assert_int_equal(p.fired, 2);
	wheel_stop(w, &p.timer);
	free_wheel(w);
}

static void stop_and_free_other(struct wheel_timer *t, uint64_t now_ms)
{
	struct probe *p = CONTAINER_OF(t, struct probe, timer);
	note(t, now_ms);
	assert_true(wheel_next_ms(p->wheel) >= now_ms);
	wheel_stop(p->wheel, &p->other->timer);
	mem_free(p->other);
}

static void a_callback_may_stop_and_free_what_is_due_too(void **state)
{
	struct wheel *w = new_wheel();
	struct probe p;
	struct probe *other = mem_alloc(sizeof(*other));
	assert_non_null(other);
	probe_init(&p, w, stop_and_free_other);
	probe_init(other, w, note);
	p.other = other;
	wheel_start(w, &p.timer, START_MS + 10);
	wheel_start(w, &other->timer, START_MS + 11);
	wheel_advance(w, START_MS + 1000);
	assert_int_equal(p.fired, 1);
	assert_int_equal(w->count, 0);
	free_wheel(w);
}

static void free_self(struct wheel_timer *t, uint64_t now_ms)
{
	struct probe *p = CONTAINER_OF(t, struct probe, timer);
	p->other->fired++;
	mem_free(p);
}

static void a_callback_may_free_its_timer(void **state)
{
	struct wheel *w = new_wheel();
	struct probe count;
	probe_init(&count, w, note);
	for (int i = 0; i < 10; i++) {
		struct probe *p = mem_alloc(sizeof(*p));
		assert_non_null(p);
		probe_init(p, w, free_self);
		p->other = &count;
		wheel_start(w, &p->timer, START_MS + 10);
	}
	wheel_advance(w, START_MS + 1000);
	assert_int_equal(count.fired, 10);
	free_wheel(w);
}

static void start_other_now(struct wheel_timer *t, uint64_t now_ms)
{
	struct probe *p = CONTAINER_OF(t, struct probe, timer);
	note(t, now_ms);
	wheel_start(p->wheel, &p->other->timer, now_ms + 1);
}

static void a_callback_may_start_others(void **state)
{
	struct wheel *w = new_wheel();
	struct probe p, other;
	probe_init(&p, w, start_other_now);
	probe_init(&other, w, note);
	p.other = &other;
	wheel_start(w, &p.timer, START_MS + 10);
	wheel_advance(w, START_MS + 3 * TURN_MS);
	assert_int_equal(other.fired, 0);
	wheel_advance(w, START_MS + 3 * TURN_MS + 1);
	assert_int_equal(other.fired, 1);
	free_wheel(w);
}

#define MODEL_TIMERS 60

/* The earliest due time, or WHEEL_NEVER. */
static uint64_t earliest(const uint64_t *due)
{
	uint64_t min = WHEEL_NEVER;
	for (int i = 0; i < MODEL_TIMERS; i++)
		min = due[i] < min ? due[i] : min;
	return min;
}

static void check_model(struct wheel *w, struct probe *probes, uint64_t *due, uint64_t now_ms)
{
	for (int i = 0; i < MODEL_TIMERS; i++) {
		assert_int_equal(probes[i].fired, due[i] <= now_ms);
		if (due[i] <= now_ms)
			due[i] = WHEEL_NEVER;
		probes[i].fired = 0;
		assert_int_equal(wheel_timer_active(&probes[i].timer), due[i] != WHEEL_NEVER);
	}
	uint64_t min = earliest(due);
	uint64_t next = wheel_next_ms(w);
	if (min == WHEEL_NEVER)
		assert_int_equal(next, WHEEL_NEVER);
	else
		assert_in_range(next, now_ms + 1, min + WHEEL_TICK_MS);
}

static void agrees_with_a_plain_list(void **state)
{
	struct wheel *w = new_wheel();
	struct probe probes[MODEL_TIMERS];
	uint64_t due[MODEL_TIMERS];
	uint64_t now_ms = START_MS;
	unsigned seed = 7;
	for (int i = 0; i < MODEL_TIMERS; i++) {
		probe_init(&probes[i], w, note);
		due[i] = WHEEL_NEVER;
	}
	for (int step = 0; step < 20000; step++) {
		for (int k = 0; k < 5; k++) {
			int i = rand_r(&seed) % MODEL_TIMERS;
			if (rand_r(&seed) % 4 == 0) {
				wheel_stop(w, &probes[i].timer);
				due[i] = WHEEL_NEVER;
			} else {
				due[i] = now_ms - 20 + (uint64_t)rand_r(&seed) % (k ? 300 : 3 * TURN_MS);
				wheel_start(w, &probes[i].timer, due[i]);
			}
		}
		now_ms += (uint64_t)rand_r(&seed) % (step % 100 ? 40 : 2 * TURN_MS);
		wheel_advance(w, now_ms);
		check_model(w, probes, due, now_ms);
	}
	for (int i = 0; i < MODEL_TIMERS; i++)
		wheel_stop(w, &probes[i].timer);
	free_wheel(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fires_once_and_when_due),
		cmocka_unit_test(asks_to_be_called_within_a_tick),
		cmocka_unit_test(fires_a_past_time_at_the_next_advance),
		cmocka_unit_test(never_fires_a_stopped_timer),
		cmocka_unit_test(a_restart_replaces_the_time),
		cmocka_unit_test(never_is_never),
		cmocka_unit_test(ignores_a_clock_that_goes_back),
		cmocka_unit_test(leaps_at_once),
		cmocka_unit_test(a_timer_restarted_in_its_callback_waits),
		cmocka_unit_test(a_callback_may_stop_and_free_what_is_due_too),
		cmocka_unit_test(a_callback_may_free_its_timer),
		cmocka_unit_test(a_callback_may_start_others),
		cmocka_unit_test(agrees_with_a_plain_list),
	};
	return cmocka_run_group_tests_name("wheel", tests, NULL, NULL);
}

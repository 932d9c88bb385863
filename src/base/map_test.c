#include "base/map.h"

#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N_ITEMS 4000

struct item {
	struct map_node node;
	uint32_t key;
	bool in;
};

static const uint8_t hash_key[MAP_HASH_KEY_BYTES] = "sixteen bytes!!";

static struct item *new_items(void)
{
	struct item *items = mem_zalloc(N_ITEMS * sizeof(*items));
	assert_non_null(items);
	for (uint32_t i = 0; i < N_ITEMS; i++)
		items[i].key = i * 2654435761u;
	return items;
}

static int insert(struct map *m, struct item *it)
{
	return map_insert(m, &it->node, &it->key, sizeof(it->key));
}

static void finds_what_was_inserted(void **state)
{
	struct map m;
	struct map_node a, b, empty, missing;
	map_init(&m, hash_key);
	assert_null(map_find(&m, "alpha", 5));
	assert_null(map_first(&m));
	assert_int_equal(map_insert(&m, &a, "alpha", 5), 0);
	assert_int_equal(map_insert(&m, &b, "alph", 4), 0);
	assert_int_equal(map_insert(&m, &empty, "", 0), 0);
	assert_ptr_equal(map_find(&m, "alphabet", 5), &a);
	assert_ptr_equal(map_find(&m, "alpha", 4), &b);
	assert_ptr_equal(map_find(&m, NULL, 0), &empty);
	assert_null(map_find(&m, "alpha", 6));
	assert_int_equal(map_insert(&m, &missing, "alpha", 5), -EEXIST);
	assert_ptr_equal(map_find(&m, "alpha", 5), &a);
	assert_int_equal(m.count, 3);
	map_remove(&m, &a);
	assert_null(map_find(&m, "alpha", 5));
	map_remove(&m, &b);
	map_remove(&m, &empty);
	assert_null(map_first(&m));
	map_deinit(&m);
}

static void grows_and_shrinks(void **state)
{
	struct map m;
	struct item *items = new_items();
	map_init(&m, hash_key);
	for (int i = 0; i < N_ITEMS; i++) {
		assert_int_equal(insert(&m, &items[i]), 0);
		assert_true(m.n_slots >= m.count);
	}
	assert_true(m.n_slots < 4 * (size_t)N_ITEMS);
	for (int i = 0; i < N_ITEMS; i++) {
		assert_ptr_equal(map_find(&m, &items[i].key, 4), &items[i].node);
		map_remove(&m, &items[i].node);
		assert_null(map_find(&m, &items[i].key, 4));
		assert_true(m.n_slots <= 8 || m.n_slots < 8 * m.count + 8);
	}
	assert_int_equal(m.n_slots, 8);
	map_deinit(&m);
	mem_free(items);
}

static void drains_by_the_first(void **state)
{
	struct map m;
	struct item *items = new_items();
	map_init(&m, hash_key);
	for (int i = 0; i < N_ITEMS; i++)
		assert_int_equal(insert(&m, &items[i]), 0);
	int drained = 0;
	for (struct map_node *n; (n = map_first(&m)); drained++) {
		map_remove(&m, n);
		/* One that comes back, perhaps before where the search had got to, is found again. */
		if (drained % 3 == 0) {
			assert_int_equal(map_insert(&m, n, n->key, n->key_len), 0);
			assert_non_null(map_first(&m));
			map_remove(&m, n);
		}
	}
	assert_int_equal(drained, N_ITEMS);
	map_deinit(&m);
	mem_free(items);
}

static void needs_memory_only_for_the_first(void **state)
{
	struct map m;
	struct item *items = new_items();
	map_init(&m, hash_key);
	mem_fail_after(0);
	int r = insert(&m, &items[0]);
	mem_fail_never();
	assert_int_equal(r, -ENOMEM);
	assert_null(map_find(&m, &items[0].key, 4));

	assert_int_equal(insert(&m, &items[0]), 0);
	mem_fail_after(0);
	for (int i = 1; i < 100; i++)
		assert_int_equal(insert(&m, &items[i]), 0);
	assert_true(mem_fail_hit());
	for (int i = 0; i < 100; i++)
		assert_ptr_equal(map_find(&m, &items[i].key, 4), &items[i].node);
	mem_fail_never();
	for (int i = 100; i < N_ITEMS; i++)
		assert_int_equal(insert(&m, &items[i]), 0);
	size_t slots = m.n_slots;
	mem_fail_after(0);
	for (int i = 0; i < N_ITEMS; i++)
		map_remove(&m, &items[i].node);
	mem_fail_never();
	assert_int_equal(m.n_slots, slots);
	map_deinit(&m);
	mem_free(items);
}

static void agrees_with_flags(void **state)
{
	struct map m;
	struct item *items = new_items();
	size_t count = 0;
	unsigned seed = 3;
	map_init(&m, hash_key);
	for (int step = 0; step < 200000; step++) {
		/* The range in use swells and shrinks, so that the table does. */
		struct item *it = &items[rand_r(&seed) % (1 + abs(step % (2 * N_ITEMS) - N_ITEMS) % N_ITEMS)];
		assert_ptr_equal(map_find(&m, &it->key, 4), it->in ? &it->node : NULL);
		if (rand_r(&seed) % 5 < 2) {
			struct map_node duplicate;
			assert_int_equal(map_insert(&m, it->in ? &duplicate : &it->node, &it->key, 4),
					 it->in ? -EEXIST : 0);
			count += !it->in;
			it->in = true;
		} else if (it->in) {
			map_remove(&m, &it->node);
			it->in = false;
			count--;
		}
		assert_int_equal(m.count, count);
	}
	for (int i = 0; i < N_ITEMS; i++)
		if (items[i].in)
			map_remove(&m, &items[i].node);
	map_deinit(&m);
	mem_free(items);
}

static void the_hash_depends_on_the_key_given(void **state)
{
	struct map m, other;
	struct map_node a, b;
	static const uint8_t other_key[MAP_HASH_KEY_BYTES] = "another 16 byte";
	map_init(&m, hash_key);
	map_init(&other, other_key);
	assert_int_equal(map_insert(&m, &a, "name", 4), 0);
	assert_int_equal(map_insert(&other, &b, "name", 4), 0);
	assert_true(a.hash != b.hash);
	map_remove(&m, &a);
	map_remove(&other, &b);
	map_deinit(&m);
	map_deinit(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_was_inserted),
		cmocka_unit_test(grows_and_shrinks),
		cmocka_unit_test(drains_by_the_first),
		cmocka_unit_test(needs_memory_only_for_the_first),
		cmocka_unit_test(agrees_with_flags),
		cmocka_unit_test(the_hash_depends_on_the_key_given),
	};
	return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}

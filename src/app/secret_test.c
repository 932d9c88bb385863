/* Keys are made once, kept, private, and refused when they are damaged. */
#include "app/secret.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

struct place {
	char base[32];
	char dir[64];
	char file[80];
};

static int make_place(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	strcpy(p->base, "/tmp/parley-secret-XXXXXX");
	if (!p || !mkdtemp(p->base))
		return -1;
	(void)snprintf(p->dir, sizeof(p->dir), "%s/data", p->base);
	(void)snprintf(p->file, sizeof(p->file), "%s/key", p->dir);
	*state = p;
	return 0;
}

static int remove_place(void **state)
{
	struct place *p = *state;
	unlink(p->file);
	rmdir(p->dir);
	int rc = rmdir(p->base); /* fails where a temporary file was left behind */
	free(p);
	return rc;
}

static void a_key_is_made_once_and_is_private(void **state)
{
	const struct place *p = *state;
	uint8_t first[32] = {0};
	uint8_t second[32] = {0};
	assert_int_equal(secret_load(p->dir, "key", first, sizeof(first)), 0);
	assert_false(sodium_is_zero(first, sizeof(first)));
	assert_int_equal(secret_load(p->dir, "key", second, sizeof(second)), 0);
	assert_memory_equal(first, second, sizeof(first));
	struct stat st;
	assert_int_equal(stat(p->file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(p->dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

static void a_damaged_key_is_refused_and_left_alone(void **state)
{
	const struct place *p = *state;
	uint8_t key[32];
	assert_int_equal(secret_load(p->dir, "key", key, sizeof(key)), 0);
	assert_int_equal(truncate(p->file, 31), 0);
	assert_int_equal(secret_load(p->dir, "key", key, sizeof(key)), -EBADMSG);
	struct stat st;
	assert_int_equal(stat(p->file, &st), 0);
	assert_int_equal(st.st_size, 31);
}

static void a_place_that_cannot_be_is_an_error(void **state)
{
	const struct place *p = *state;
	uint8_t key[32];
	char deep[128];
	(void)snprintf(deep, sizeof(deep), "%s/no/such", p->base);
	assert_int_equal(secret_load(deep, "key", key, sizeof(key)), -ENOENT);
	assert_int_equal(secret_load("/proc/self/cmdline", "key", key, sizeof(key)), -ENOTDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_key_is_made_once_and_is_private, make_place, remove_place),
		cmocka_unit_test_setup_teardown(a_damaged_key_is_refused_and_left_alone, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(a_place_that_cannot_be_is_an_error, make_place, remove_place),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}

#include "stun/read.h"
#include "stun/testing.h"

static struct raw raw;

static int algorithm(const char *value, size_t len, struct stun_password_algorithm *out)
{
	struct stun_msg m = raw_with(&raw, STUN_ATTR_PASSWORD_ALGORITHM, value, len);
	return stun_read_password_algorithm(&m, out);
}

static void reads_a_password_algorithm(void **state)
{
	struct stun_password_algorithm alg = {0};
	assert_int_equal(algorithm("\0\2\0\0", 4, &alg), 0);
	assert_int_equal(alg.id, STUN_PASSWORD_SHA256);
	assert_int_equal(alg.params_bytes, 0);
	/* With parameters, their padding counted or not. */
	assert_int_equal(algorithm("\x12\x34\0\3abc", 7, &alg), 0);
	assert_int_equal(algorithm("\x12\x34\0\3abc\xEE", 8, &alg), 0);
	assert_int_equal(alg.id, 0x1234);
	assert_int_equal(alg.params_bytes, 3);
	assert_memory_equal(alg.params, "abc", 3);
	assert_int_equal(algorithm("\0\1\0\4abc", 7, &alg), STUN_E_VALUE);
	assert_int_equal(algorithm("\0\1\xFF\xFF", 4, &alg), STUN_E_VALUE);
	assert_int_equal(algorithm("\0\1\0\0\0\2\0\0", 8, &alg), STUN_E_VALUE);
	for (size_t len = 0; len < 4; len++)
		assert_int_equal(algorithm("\0\1\0", len, &alg), STUN_E_VALUE);
	assert_int_equal(alg.id, 0x1234);
}

static void reads_a_list_of_password_algorithms(void **state)
{
	static const char list[] = "\0\2\0\0\x12\x34\0\5abcde\xEE\xEE\xEE\0\1\0\0";
	struct stun_password_algorithm algs[3] = {0};
	size_t n = 0;
	struct stun_msg m = raw_with(&raw, STUN_ATTR_PASSWORD_ALGORITHMS, list, sizeof(list) - 1);
	assert_int_equal(stun_read_password_algorithms(&m, algs, 3, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(algs[0].id, STUN_PASSWORD_SHA256);
	assert_int_equal(algs[1].id, 0x1234);
	assert_int_equal(algs[1].params_bytes, 5);
	assert_int_equal(algs[2].id, STUN_PASSWORD_MD5);
	assert_int_equal(stun_read_password_algorithms(&m, algs, 0, &n), 0);
	/* Cut anywhere but between two of them, or in the last padding. */
	for (size_t len = 0; len < sizeof(list) - 1; len++) {
		m = raw_with(&raw, STUN_ATTR_PASSWORD_ALGORITHMS, list, len);
		bool ok = len == 4 || (len >= 13 && len <= 16);
		assert_int_equal(stun_read_password_algorithms(&m, algs, 3, &n), ok ? 0 : STUN_E_VALUE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_password_algorithm),
		cmocka_unit_test(reads_a_list_of_password_algorithms),
	};
	return cmocka_run_group_tests_name("stun-read-password", tests, NULL, NULL);
}

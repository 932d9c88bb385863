#include "stun/crc32.h"
#include "stun/testing.h"

/* The definition: bit by bit, reflected. */
static uint32_t defined(const uint8_t *data, size_t n)
{
	uint32_t crc = UINT32_MAX;
	for (size_t i = 0; i < n; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
	}
	return ~crc;
}

static void has_the_check_value(void **state)
{
	assert_int_equal(stun_crc32((const uint8_t *)"123456789", 9), 0xCBF43926);
	assert_int_equal(stun_crc32((const uint8_t *)"", 0), 0);
}

/* All lengths of whole steps and rests, at every alignment, and every value of a byte at every place. */
static void is_what_it_is_defined_to_be(void **state)
{
	uint8_t data[80];
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 167 + 13);
	for (size_t from = 0; from < 8; from++)
		for (size_t n = 0; n + from <= sizeof(data); n++)
			assert_int_equal(stun_crc32(data + from, n), defined(data + from, n));
	for (size_t place = 0; place < 19; place++) {
		for (unsigned value = 0; value < 256; value++) {
			data[place] = (uint8_t)value;
			assert_int_equal(stun_crc32(data, 19), defined(data, 19));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_the_check_value),
		cmocka_unit_test(is_what_it_is_defined_to_be),
	};
	return cmocka_run_group_tests_name("stun-crc32", tests, NULL, NULL);
}

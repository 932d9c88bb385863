/*
 * CRC-32, eight bytes a step.
 *
 * Byte by byte, the sum over a message of 100 bytes would cost as much as its HMAC. Eight tables say what a
 * byte does to the sum 0 to 7 bytes later. A CRC is linear: an entry is the XOR of what the single bits of
 * its index do, and these 64 values are one run of the shift register that begins with the polynomial. So the
 * tables are constant expressions of 64 numbers: nothing to set up, nothing to share between threads. The
 * test holds them against the definition.
 *
 * Thread: any. Pure.
 */
#include "stun/crc32.h"

#include <endian.h>
#include <string.h>

/* ENTRY(i, the entries of index 0x80, 0x40, … 0x01) */
#define BIT(i, mask, value) ((i) & (mask) ? (value) : 0u)
#define ENTRY(i, a, b, c, d, e, f, g, h)                                                                     \
	(BIT(i, 0x80, a) ^ BIT(i, 0x40, b) ^ BIT(i, 0x20, c) ^ BIT(i, 0x10, d) ^ BIT(i, 0x08, e) ^           \
	 BIT(i, 0x04, f) ^ BIT(i, 0x02, g) ^ BIT(i, 0x01, h))
#define ENTRIES4(i, ...)                                                                                     \
	ENTRY(i, __VA_ARGS__), ENTRY(i + 1, __VA_ARGS__), ENTRY(i + 2, __VA_ARGS__), ENTRY(i + 3, __VA_ARGS__)
#define ENTRIES16(i, ...)                                                                                    \
	ENTRIES4(i, __VA_ARGS__), ENTRIES4(i + 4, __VA_ARGS__), ENTRIES4(i + 8, __VA_ARGS__),                \
		ENTRIES4(i + 12, __VA_ARGS__)
#define ENTRIES64(i, ...)                                                                                    \
	ENTRIES16(i, __VA_ARGS__), ENTRIES16(i + 16, __VA_ARGS__), ENTRIES16(i + 32, __VA_ARGS__),           \
		ENTRIES16(i + 48, __VA_ARGS__)
#define TABLE(...)                                                                                           \
	{                                                                                                    \
		ENTRIES64(0, __VA_ARGS__), ENTRIES64(64, __VA_ARGS__), ENTRIES64(128, __VA_ARGS__),          \
			ENTRIES64(192, __VA_ARGS__)                                                          \
	}

/* clang-format off */
static const uint32_t table[8][256] = {
	TABLE(0xEDB88320, 0x76DC4190, 0x3B6E20C8, 0x1DB71064, 0x0EDB8832, 0x076DC419, 0xEE0E612C, 0x77073096),
	TABLE(0x3B83984B, 0xF0794F05, 0x958424A2, 0x4AC21251, 0xC8D98A08, 0x646CC504, 0x32366282, 0x191B3141),
	TABLE(0xE1351B80, 0x709A8DC0, 0x384D46E0, 0x1C26A370, 0x0E1351B8, 0x0709A8DC, 0x0384D46E, 0x01C26A37),
	TABLE(0xED59B63B, 0x9B14583D, 0xA032AF3E, 0x5019579F, 0xC5B428EF, 0x8F629757, 0xAA09C88B, 0xB8BC6765),
	TABLE(0xB1E6B092, 0x58F35849, 0xC1C12F04, 0x60E09782, 0x30704BC1, 0xF580A6C0, 0x7AC05360, 0x3D6029B0),
	TABLE(0x1EB014D8, 0x0F580A6C, 0x07AC0536, 0x03D6029B, 0xEC53826D, 0x9B914216, 0x4DC8A10B, 0xCB5CD3A5),
	TABLE(0x8816EAF2, 0x440B7579, 0xCFBD399C, 0x67DE9CCE, 0x33EF4E67, 0xF44F2413, 0x979F1129, 0xA6770BB4),
	TABLE(0x533B85DA, 0x299DC2ED, 0xF9766256, 0x7CBB312B, 0xD3E51BB5, 0x844A0EFA, 0x4225077D, 0xCCAA009E),
};
/* clang-format on */

static uint32_t eight(uint32_t crc, const uint8_t *data)
{
	uint32_t low, high;
	memcpy(&low, data, sizeof(low));
	memcpy(&high, data + 4, sizeof(high));
	low = le32toh(low) ^ crc;
	high = le32toh(high);
	return table[7][low & 255] ^ table[6][low >> 8 & 255] ^ table[5][low >> 16 & 255] ^
	       table[4][low >> 24] ^ table[3][high & 255] ^ table[2][high >> 8 & 255] ^
	       table[1][high >> 16 & 255] ^ table[0][high >> 24];
}

uint32_t stun_crc32(const uint8_t *data, size_t n)
{
	uint32_t crc = UINT32_MAX;
	for (; n >= 8; n -= 8, data += 8)
		crc = eight(crc, data);
	for (; n; n--, data++)
		crc = table[0][(crc ^ *data) & 255] ^ crc >> 8;
	return ~crc;
}

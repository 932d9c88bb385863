/* The CRC-32 of FINGERPRINT (RFC 8489 §14.7): that of ITU V.42, Ethernet and zlib. Thread: any. */
#ifndef PARLEY_STUN_CRC32_H
#define PARLEY_STUN_CRC32_H

#include <stddef.h>
#include <stdint.h>

/** stun_crc32() - of @n bytes */
uint32_t stun_crc32(const uint8_t *data, size_t n);

#endif

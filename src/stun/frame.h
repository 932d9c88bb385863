/*
 * Telling STUN, ChannelData and other traffic apart, in datagrams and in byte streams.
 *
 *   ChannelData (RFC 8656 §12.4)      0                   1                   2                   3
 *                                     |        channel number         |            length             |
 *                                     |  application data …  (in a stream padded to a multiple of 4)  |
 */
#ifndef PARLEY_STUN_FRAME_H
#define PARLEY_STUN_FRAME_H

#include "base/compiler.h"
#include "stun/proto.h"

#include <stddef.h>
#include <stdint.h>

#define STUN_CHANNEL_HEADER_BYTES 4

/* No frame of a stream is longer than this: a whole STUN message, or ChannelData of 65535 bytes and padding.
 */
#define STUN_FRAME_MAX STUN_MESSAGE_MAX

enum stun_kind {
	STUN_KIND_OTHER,   /* neither; drop */
	STUN_KIND_PARTIAL, /* of a stream: not all of the frame is there yet */
	STUN_KIND_MESSAGE,
	STUN_KIND_CHANNEL,
};

/** stun_kind_of() - by the first byte of a datagram (RFC 8489 §5, and see STUN_CHANNEL_MAX) */
static inline enum stun_kind stun_kind_of(uint8_t first_byte)
{
	return first_byte <= 3        ? STUN_KIND_MESSAGE
	       : first_byte >> 6 == 1 ? STUN_KIND_CHANNEL
				      : STUN_KIND_OTHER;
}

struct stun_frame {
	enum stun_kind kind;
	uint16_t channel;    /* of ChannelData */
	uint32_t size;       /* bytes to take from the stream; PARTIAL: how many there must be to ask again */
	const uint8_t *data; /* the STUN message, or the application data; NULL if PARTIAL */
	uint32_t len;        /* of @data */
};

/**
 * stun_frame_next() - the frame at the front of a byte stream (RFC 8489 §6.2.2, RFC 8656 §12.5)
 * @data, @len: what has been received and not yet taken; nothing is copied
 * @max:	longest frame the caller wants to hold, at most STUN_FRAME_MAX
 *
 * Refuses at the first byte that cannot be right, so that nobody makes us wait for the rest of nonsense. What
 * STUN_KIND_MESSAGE gives has the cookie and the right length, and is still to be parsed. Zero bytes are
 * PARTIAL.
 *
 * Return: 0 with @out set (kind PARTIAL, MESSAGE or CHANNEL); STUN_E_FRAME: the stream cannot be followed any
 * more, close it.
 */
int stun_frame_next(const uint8_t *data, size_t len, size_t max, struct stun_frame *out) MUST_CHECK;

/**
 * stun_channel_parse() - a datagram that stun_kind_of() calls ChannelData (RFC 8656 §12.6)
 * Up to three bytes of padding may follow, as §12.5 lets them.
 * Return: 0 with @out set; STUN_E_FRAME: drop it.
 */
int stun_channel_parse(const uint8_t *data, size_t len, struct stun_frame *out) MUST_CHECK;

/** stun_channel_header() - what goes before @len bytes of application data */
void stun_channel_header(uint8_t out[STUN_CHANNEL_HEADER_BYTES], uint16_t channel, uint16_t len);

/** stun_padding() - how many zero bytes go after @len bytes of application data in a stream: 0 to 3 */
static inline size_t stun_padding(size_t len)
{
	return -len & 3;
}

#endif

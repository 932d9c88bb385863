/*
 * Framing of STUN and ChannelData.
 *
 * Both begin with two bytes that say which it is and two that say how long, so four bytes are enough to know
 * the size of a frame. They are checked as they come, and the magic cookie as soon as it can be there.
 *
 * Thread: any. Pure.
 */
#include "stun/frame.h"

#include "stun/wire.h"

#define COOKIE_END 8

static struct stun_frame partial(size_t need)
{
	return (struct stun_frame){.kind = STUN_KIND_PARTIAL, .size = (uint32_t)need};
}

static int next_message(const uint8_t *data, size_t len, size_t max, struct stun_frame *out)
{
	size_t size = (size_t)STUN_HEADER_BYTES + wire_get16(data + 2);
	if (size % 4 || size > max)
		return STUN_E_FRAME;
	if (len < COOKIE_END) {
		*out = partial(COOKIE_END);
		return 0;
	}
	if (wire_get32(data + 4) != STUN_COOKIE)
		return STUN_E_FRAME;
	*out = len < size ? partial(size)
			  : (struct stun_frame){.kind = STUN_KIND_MESSAGE,
						.size = (uint32_t)size,
						.data = data,
						.len = (uint32_t)size};
	return 0;
}

static struct stun_frame channel_frame(const uint8_t *data, size_t size)
{
	return (struct stun_frame){.kind = STUN_KIND_CHANNEL,
				   .channel = wire_get16(data),
				   .size = (uint32_t)size,
				   .data = data + STUN_CHANNEL_HEADER_BYTES,
				   .len = wire_get16(data + 2)};
}

static int next_channel(const uint8_t *data, size_t len, size_t max, struct stun_frame *out)
{
	size_t app_len = wire_get16(data + 2);
	size_t size = STUN_CHANNEL_HEADER_BYTES + app_len + stun_padding(app_len);
	if (size > max)
		return STUN_E_FRAME;
	*out = len < size ? partial(size) : channel_frame(data, size);
	return 0;
}

int stun_frame_next(const uint8_t *data, size_t len, size_t max, struct stun_frame *out)
{
	enum stun_kind kind = len ? stun_kind_of(data[0]) : STUN_KIND_PARTIAL;
	if (kind == STUN_KIND_OTHER)
		return STUN_E_FRAME;
	if (len < STUN_CHANNEL_HEADER_BYTES) {
		*out = partial(STUN_CHANNEL_HEADER_BYTES);
		return 0;
	}
	return kind == STUN_KIND_MESSAGE ? next_message(data, len, max, out)
					 : next_channel(data, len, max, out);
}

int stun_channel_parse(const uint8_t *data, size_t len, struct stun_frame *out)
{
	if (len < STUN_CHANNEL_HEADER_BYTES || stun_kind_of(data[0]) != STUN_KIND_CHANNEL)
		return STUN_E_FRAME;
	size_t app_len = wire_get16(data + 2), rest = len - STUN_CHANNEL_HEADER_BYTES;
	if (app_len > rest || rest - app_len > 3)
		return STUN_E_FRAME;
	*out = channel_frame(data, len);
	return 0;
}

void stun_channel_header(uint8_t out[STUN_CHANNEL_HEADER_BYTES], uint16_t channel, uint16_t len)
{
	wire_put16(out, channel);
	wire_put16(out + 2, len);
}

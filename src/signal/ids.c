/*
 * Identifiers are in Crockford's base32, which leaves out letters that are read or heard as another.
 *
 * Thread: any; no state.
 */
#include "signal/ids.h"

#include "base/text.h"

#include <errno.h>
#include <string.h>

#define ROOM_BYTES    13 /* 100 bits, rounded up */
#define ROOM_TEXT_MAX 64 /* with whatever spaces people put in */

void sig_id_draw(rand_fn rand, void *arg, char id[SIGNAL_PARTICIPANT_ID_LEN + 1])
{
	uint8_t bytes[SIGNAL_PARTICIPANT_ID_LEN * 5 / 8];

	rand(arg, bytes, sizeof(bytes));
	text_base32(bytes, SIGNAL_PARTICIPANT_ID_LEN, id);
}

/* Five symbols, a hyphen, and so on. */
static void put_room_symbol(char *id, size_t i, char symbol)
{
	id[i + i / 5] = symbol;
	if (i % 5 == 4)
		id[i + i / 5 + 1] = i + 1 == SIG_ROOM_SYMBOLS ? '\0' : '-';
}

void sig_room_id_draw(rand_fn rand, void *arg, char id[SIGNAL_ROOM_ID_LEN + 1])
{
	uint8_t bytes[ROOM_BYTES];
	char symbols[SIG_ROOM_SYMBOLS + 1];

	rand(arg, bytes, sizeof(bytes));
	text_base32(bytes, SIG_ROOM_SYMBOLS, symbols);
	for (size_t i = 0; i < SIG_ROOM_SYMBOLS; i++)
		put_room_symbol(id, i, symbols[i]);
}

/* Return: the symbol of the alphabet that is meant by @c; 0: none. */
static char room_symbol(char c)
{
	if (c >= 'A' && c <= 'Z')
		c = (char)(c | 0x20);
	if (c == 'o')
		return '0';
	if (c == 'i' || c == 'l')
		return '1';
	return c && strchr("0123456789abcdefghjkmnpqrstvwxyz", c) ? c : 0;
}

int sig_room_id_parse(struct sig_str text, char id[SIGNAL_ROOM_ID_LEN + 1])
{
	char canonical[SIGNAL_ROOM_ID_LEN + 1];
	size_t count = 0;

	if (text.n > ROOM_TEXT_MAX)
		return -EINVAL;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '-' || text.p[i] == ' ')
			continue;
		char symbol = room_symbol(text.p[i]);
		if (!symbol || count == SIG_ROOM_SYMBOLS)
			return -EINVAL;
		put_room_symbol(canonical, count++, symbol);
	}
	if (count != SIG_ROOM_SYMBOLS)
		return -EINVAL;
	memcpy(id, canonical, sizeof(canonical));
	return 0;
}

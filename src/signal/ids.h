/* Identifiers: how they are drawn and how people may write a room's. */
#ifndef PARLEY_SIGNAL_IDS_H
#define PARLEY_SIGNAL_IDS_H

#include "base/rand.h"
#include "signal/json.h"
#include "signal/signal.h"

#define SIG_ROOM_SYMBOLS 20

/** sig_id_draw() - SIGNAL_PARTICIPANT_ID_LEN symbols (80 bits) and a NUL, for participants and sessions. */
void sig_id_draw(rand_fn rand, void *arg, char id[SIGNAL_PARTICIPANT_ID_LEN + 1]);

/** sig_room_id_draw() - 100 random bits in canonical form. */
void sig_room_id_draw(rand_fn rand, void *arg, char id[SIGNAL_ROOM_ID_LEN + 1]);

/** sig_room_id_parse() - any way of writing a room id to the canonical one. Return: 0; -EINVAL. */
int sig_room_id_parse(struct sig_str text, char id[SIGNAL_ROOM_ID_LEN + 1]) MUST_CHECK;

#endif

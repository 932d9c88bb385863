/* What the files of the API that are about rooms share. */
#ifndef PARLEY_APP_API_ROOM_H
#define PARLEY_APP_API_ROOM_H

#include "account/room.h"
#include "app/api.h"

#define API_ROOM_URL_MAX       (ORIGIN_MAX + 64)
#define API_ROOMS_FULL_RETRY_S 30

/** api_room_load() - have @r in signalling; on the loop. Return: 0; what the call has come to. */
int api_room_load(struct api_call *call, const struct account_room *r) MUST_CHECK;

#endif

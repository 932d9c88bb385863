/* The `ice_servers` that a client is told: the configured URLs with a fresh credential. */
#ifndef PARLEY_APP_ICE_SERVERS_H
#define PARLEY_APP_ICE_SERVERS_H

#include "app/config.h"
#include "base/buf.h"

/**
 * ice_servers_json() - append a JSON array of RTCIceServer objects for @participant
 * @wall_ms: milliseconds since 1970. The credential is good for turn.credential_s from then.
 * Return: 0; -errno.
 */
int ice_servers_json(const struct config *c, const char *participant, uint64_t wall_ms,
		     struct buf *json) MUST_CHECK;

#endif

/* The `ice_servers` that a client is told: the configured URLs with a fresh credential. */
#ifndef PARLEY_APP_ICE_SERVERS_H
#define PARLEY_APP_ICE_SERVERS_H

#include "app/config.h"
#include "base/buf.h"

/* A host as it stands in a URL: a name, an IPv4 address, or an IPv6 one in brackets. */
#define ICE_HOST_MAX 256

/** ice_host() - the host that a client reached us at: that of server.public_url, else of its Host header.
 * @out is "" where there is none. */
void ice_host(const struct config *c, const char *host_header, char out[ICE_HOST_MAX]);

/**
 * ice_servers_json() - append a JSON array of RTCIceServer objects for @participant
 * @host: of ice_host(); without turn.urls our own relay is told to be there. "": then it is not told.
 * @wall_ms: milliseconds since 1970. The credential is good for turn.credential_s from then.
 * Return: 0; -errno.
 */
int ice_servers_json(const struct config *c, const char *host, const char *participant, uint64_t wall_ms,
		     struct buf *json) MUST_CHECK;

#endif

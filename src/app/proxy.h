/*
 * Reverse proxies that are trusted to say whom they speak for (server.trusted_proxies). Everybody else's
 * X-Forwarded-For is a claim like any other and is not read.
 */
#ifndef PARLEY_APP_PROXY_H
#define PARLEY_APP_PROXY_H

#include "app/config.h"
#include "base/addr.h"

/** proxy_is_trusted() - is @peer in one of @proxies, whose forms config_check() has checked? */
bool proxy_is_trusted(const struct config_list *proxies, const struct addr *peer);

/**
 * proxy_client() - who speaks: @peer itself, or what a trusted proxy says
 * @forwarded_for: X-Forwarded-For, the nearest last; NULL: absent. Read from the end as far as it was written
 * by trusted proxies: the first address that is not one of them is the client. Where it cannot be read, the
 * proxy that wrote it counts as the client.
 */
struct addr proxy_client(const struct config_list *proxies, const struct addr *peer,
			 const char *forwarded_for);

#endif

/*
 * The running service: what `parley serve` puts together, and the context that every route gets.
 * All of it lives on the control loop.
 */
#ifndef PARLEY_APP_SERVICE_H
#define PARLEY_APP_SERVICE_H

#include "app/config.h"
#include "app/origin.h"
#include "base/bucket.h"
#include "http/http.h"
#include "http/ws.h"
#include "loop/loop.h"
#include "relay/relay.h"
#include "signal/signal.h"

/* What an admin may change while it runs; at start as the configuration says, then as the database does. */
struct service_settings {
	uint32_t signup; /* enum account_signup_mode */
	uint32_t create; /* enum service_create */
	bool knock;
};

/* Who may make rooms: rooms.create. */
enum service_create { SERVICE_CREATE_ANYONE, SERVICE_CREATE_MEMBERS, SERVICE_CREATE_ADMINS };

struct accounts_run;
struct login_watch;
struct room_keeper;

struct service {
	struct config *config; /* owned by the command */
	struct loop loop;
	struct origin_policy origins;
	struct http_server *http;
	struct signal *signal;
	struct accounts_run *accounts; /* accounts_run.h */
	struct room_keeper *keeper;    /* room_keeper.h */
	struct login_watch *watch;     /* login_watch.h */
	struct service_settings settings;
	uint32_t settings_turn; /* changes with them */
	struct relay *relay;    /* owned by the command; NULL: none, or stopped */
	const char *ice_host;   /* of the client whose message is being handled; "" outside of that */
	struct ws_limits ws_limits;
	struct bucket_table *room_budget; /* rooms made, by address prefix */
	struct wheel_timer signal_timer;
	struct http_reply_header headers[16]; /* put into every reply */
	size_t n_headers;
	bool redirect_to_https; /* plain HTTP only redirects */
};

/**
 * service_start() - everything but the listeners, from s->config, on s->loop
 * @emptied: called, with @s, when draining has ended (see http_server_drain()).
 * Return: 0; -errno, after logging why. service_close() and service_free() are due either way.
 */
int service_start(struct service *s, void (*emptied)(void *arg)) MUST_CHECK;

/** service_close() - close all connections; they are gone when the loop has run out. */
void service_close(struct service *s);

/** service_free() - what is left after that. */
void service_free(struct service *s);

/** service_time() - both clocks, for the signalling core. */
struct signal_time service_time(const struct service *s);

/** service_client() - who sent @req, trusted proxies looked through. */
struct addr service_client(const struct service *s, const struct http_request *req);

/** service_arm_signal() - (re)start the timer for what signalling has to do next; after every event given to
 * it. */
void service_arm_signal(struct service *s);

#endif

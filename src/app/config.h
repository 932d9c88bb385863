/*
 * Configuration: one struct, one table. The table (config_table.c) has a row per option and drives the
 * parser, `parley check-config`, the example file and the manual, so that they cannot disagree.
 *
 * Sources, later over earlier: defaults, the INI file, the environment (PARLEY_SECTION_KEY), --set
 * section.key=value.
 */
#ifndef PARLEY_APP_CONFIG_H
#define PARLEY_APP_CONFIG_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct config_list {
	char **items;
	size_t count;
};

struct config {
	struct {
		char *public_url;
		struct config_list listen;
		uint32_t http_port;
		uint32_t https_port;
		char *data_dir;
		char *web_root;
		struct config_list trusted_proxies;
		uint32_t shutdown_s;
	} server;
	struct {
		char *cert;
		char *key;
		bool self_signed;
	} tls;
	struct {
		bool enabled;
		struct config_list listen;
		uint32_t port;
		uint32_t tls_port;
		char *realm;
		struct config_list secret;
		struct config_list user;
		struct config_list urls;
		uint32_t credential_s;
		uint32_t workers;
		char *relay_ports;
		struct config_list external_ip;
		char *external_stun;
		struct config_list allow_peers;
		uint32_t allocations;
		uint32_t allocations_per_user;
		uint32_t allocations_per_address;
		uint32_t permissions;
		uint32_t channels;
		uint32_t lifetime_s;
		uint32_t kbytes_per_s;
		uint32_t total_kbytes_per_s;
		uint32_t connections;
		uint32_t connections_per_address;
		uint32_t stream_queue_bytes;
		uint32_t stream_idle_s;
		uint32_t unauth_bytes;
		uint32_t unauth_prefixes;
	} turn;
	struct {
		struct config_list listen;
		uint32_t port;
	} metrics;
	struct {
		char *smtp_url;
		char *from;
		char *user;
		char *password;
		uint32_t starttls; /* enum mail_starttls */
		char *ca_file;
		uint32_t timeout_s;
	} mail;
	struct {
		uint32_t max;
		uint32_t max_participants;
		bool knock;
		uint32_t empty_s;
		uint32_t unused_s;
		uint32_t create; /* enum service_create */
		uint32_t max_per_account;
	} rooms;
	struct {
		char *url;
		uint32_t threads;
		uint32_t queue;
		uint32_t wait_ms;
		uint32_t statement_ms;
	} database;
	struct {
		uint32_t signup; /* enum account_signup_mode */
		uint32_t password_min;
		uint32_t session_idle_s;
		uint32_t session_max_s;
		uint32_t signup_s;
		uint32_t reset_s;
		uint32_t email_s;
		uint32_t invite_s;
		uint32_t setup_s;
		uint32_t passkeys;
		uint32_t api_tokens;
		uint32_t audit_keep_s;
		uint32_t hash_kbytes;
		uint32_t hash_passes;
		uint32_t hash_threads;
		uint32_t hash_queue;
		uint32_t cached_logins;
		uint32_t cached_s;
	} accounts;
	struct {
		uint32_t connections;
		uint32_t connections_per_address;
		uint32_t rooms_per_min;
		uint32_t reads_per_min;
		uint32_t writes_per_min;
		uint32_t signins_per_min;
		uint32_t signins_per_account;
		uint32_t signups_per_hour;
		uint32_t resets_per_hour;
		uint32_t mails_per_hour;
		uint32_t room_guesses_per_min;
		uint32_t http_target_bytes;
		uint32_t http_headers;
		uint32_t http_header_bytes;
		uint32_t http_body_bytes;
		uint32_t http_header_s;
		uint32_t http_body_s;
		uint32_t http_idle_s;
		uint32_t close_ms;
		uint32_t message_bytes;
		uint32_t messages_per_s;
		uint32_t messages_burst;
		uint32_t pings_per_s;
		uint32_t pings_burst;
		uint32_t bad_messages;
		uint32_t send_queue_bytes;
		uint32_t ws_ping_s;
		uint32_t hello_s;
		uint32_t resume_s;
		uint32_t reload_s;
		uint32_t rejoin_s;
		uint32_t knock_s;
		uint32_t sessions;
		uint32_t waiting_per_room;
		uint32_t knocks_per_min;
		uint32_t knock_again_s;
		uint32_t held_candidates;
		uint32_t sdp_bytes;
		uint32_t replay_bytes;
	} limits;
	struct {
		uint32_t level; /* enum log_level */
	} log;
};

enum config_type { CONFIG_BOOL, CONFIG_UINT, CONFIG_TEXT, CONFIG_LIST, CONFIG_CHOICE };

struct config_option {
	const char *section;
	const char *key;
	enum config_type type;
	size_t offset;     /* of the field in struct config */
	const char *value; /* the default, as it would be written; "" for none */
	uint64_t min, max; /* CONFIG_UINT: the number; CONFIG_TEXT and CONFIG_LIST: most characters is max */
	const char *unit;  /* "s", "bytes", … or, for CONFIG_CHOICE, the choices separated by '|' */
	bool reloadable;   /* takes effect on SIGHUP */
	const char *help;
	bool secret; /* its value is never printed; in the environment it is one value, not a list */
};

extern const struct config_option config_options[];
extern const size_t config_options_count;

/** config_option_find() - Return: the row, or NULL. */
const struct config_option *config_option_find(const char *section, const char *key);

#define CONFIG_ERROR_MAX 512

/* Where the configuration comes from. */
struct config_sources {
	const char *file;               /* NULL: none */
	const char *const *environment; /* as environ; NULL: none */
	const char *const *sets;        /* "section.key=value" */
	size_t n_sets;
};

/**
 * config_load() - read all sources and check them
 * @error: CONFIG_ERROR_MAX bytes; on failure what is wrong, where (file and line), and what is allowed.
 * Return: 0 and *@out, which config_free() frees; -EINVAL: a source is wrong; -errno: a file cannot be read;
 * -ENOMEM.
 */
int config_load(const struct config_sources *src, struct config **out, char *error) MUST_CHECK;

/** config_free() - NULL-safe. */
struct config *config_free(struct config *c);

/**
 * config_reload() - take the reloadable options over from @fresh
 * Return: how many other options differ between the two and need a restart.
 */
size_t config_reload(struct config *c, struct config *fresh);

/** config_print_example() - a commented file with every option and its default. */
void config_print_example(FILE *out);

/** config_tls() - whether HTTPS is to be served. */
bool config_tls(const struct config *c);

#endif

/*
 * What happens to a letter. Three ends: it is sent; it is put back for later; it is given up, because the
 * server will not have it, because it cannot be composed, because it is too old, or because the link in it
 * is.
 *
 * Addresses and tokens do not reach the log: a letter is called by its id.
 *
 * Thread: those of mail_run.c's pool; all here but the atomics is constant after mail_deliver_init().
 */
#include "app/mail_deliver.h"

#include "account/mail_queue.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define MINUTE_MS 60000u
#define VARS_MAX  12
#define LINK_MAX  (ORIGIN_MAX + 128)

static const uint32_t default_pauses_ms[] = {MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, 60 * MINUTE_MS,
					     240 * MINUTE_MS};
#define DEFAULT_KEEP_MS (2 * 24 * 60 * MINUTE_MS)

int64_t mail_deliver_now_us(void)
{
	return (int64_t)clock_wall_ms() * 1000;
}

/* ---- setting up ---- */

/* What people type to get here; without a public URL there is only this machine. */
static int find_home(struct mail_deliver *d)
{
	const struct config *c = d->p.config;
	if (c->server.public_url[0]) {
		if (origin_of_url(c->server.public_url, d->home))
			return -EINVAL;
	} else {
		bool tls = config_tls(c);
		(void)snprintf(d->home, sizeof(d->home), "%s://localhost:%u", tls ? "https" : "http",
			       tls ? c->server.https_port : c->server.http_port);
	}
	d->site = strstr(d->home, "://") + 3;
	bool v6 = d->site[0] == '[';
	(void)snprintf(d->host, sizeof(d->host), "%.*s", (int)strcspn(d->site + v6, v6 ? "]" : ":"),
		       d->site + v6);
	return 0;
}

static int find_sender(struct mail_deliver *d)
{
	const char *from = d->p.config->mail.from;
	if (from[0])
		(void)snprintf(d->from_text, sizeof(d->from_text), "%s", from);
	else
		(void)snprintf(d->from_text, sizeof(d->from_text), "Parley <noreply@%s>", d->host);
	if (mail_mailbox_parse(d->from_text, &d->from) == 0)
		return 0;
	if (from[0])
		return -EINVAL;
	/* The host is an address or the like. */
	(void)snprintf(d->from_text, sizeof(d->from_text), "Parley <noreply@localhost>");
	return mail_mailbox_parse(d->from_text, &d->from);
}

int mail_deliver_init(struct mail_deliver *d, const struct mail_run_params *p)
{
	const struct config *c = p->config;
	d->p = *p;
	if (!p->pauses_ms) {
		d->p.pauses_ms = default_pauses_ms;
		d->p.n_pauses = ARRAY_LEN(default_pauses_ms);
	}
	if (!p->keep_ms)
		d->p.keep_ms = DEFAULT_KEEP_MS;
	(void)snprintf(d->outbox, sizeof(d->outbox), "%s/outbox", c->server.data_dir);
	d->server = (struct mail_server){
		.smtp_url = c->mail.smtp_url,
		.user = c->mail.user,
		.password = c->mail.password,
		.starttls = (enum mail_starttls)c->mail.starttls,
		.ca_file = c->mail.ca_file,
		.outbox = d->outbox,
		.helo = d->host,
		.timeout_ms = c->mail.timeout_s * 1000,
		.cancel = &d->cancel,
	};
	int rc = find_home(d);
	return rc ? rc : find_sender(d);
}

/* ---- a letter ---- */

/* Where the token of a template leads, and for how long. */
struct way {
	const char *page; /* NULL: it has none */
	uint32_t valid_s;
};

static struct way way_of(const struct mail_deliver *d, const char *template)
{
	const struct config *c = d->p.config;
	const struct {
		const char *template, *page;
		uint32_t valid_s;
	} ways[] = {
		{"signup", "confirm", c->accounts.signup_s},
		{"reset", "reset", c->accounts.reset_s},
		{"email", "email", c->accounts.email_s},
		{"invite", "invite", c->accounts.invite_s},
	};
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		if (strcmp(ways[i].template, template) == 0)
			return (struct way){ways[i].page, ways[i].valid_s};
	}
	return (struct way){NULL, 0};
}

struct work {
	struct mail_deliver *d;
	struct account_mail mail;
	json_t *json; /* holds the values of vars */
	struct mail_var vars[VARS_MAX];
	size_t n_vars;
	struct way way;
	char link[LINK_MAX];
	struct buf message;
	char why[MAIL_WHY_MAX];
};

static void add_var(struct work *w, const char *name, const char *value)
{
	if (w->n_vars < VARS_MAX)
		w->vars[w->n_vars++] = (struct mail_var){name, value};
}

/* Behind a '#', which browsers keep to themselves: the token is in no server's log. */
static int add_link(struct work *w, const char *token)
{
	int n = snprintf(w->link, sizeof(w->link), "%s/%s#%s", w->d->home, w->way.page, token);
	if (n < 0 || (size_t)n >= sizeof(w->link))
		return -EINVAL;
	add_var(w, "link", w->link);
	return 0;
}

static int read_vars(struct work *w)
{
	const char *name;
	json_t *value;
	add_var(w, "site", w->d->site);
	add_var(w, "home", w->d->home);
	w->json = w->mail.vars ? json_loads(w->mail.vars, JSON_REJECT_DUPLICATES, NULL) : NULL;
	if (!json_is_object(w->json))
		return -EINVAL;
	json_object_foreach(w->json, name, value)
	{
		const char *text = json_string_value(value);
		int rc = 0;
		if (!text)
			return -EINVAL;
		if (strcmp(name, "token") != 0)
			add_var(w, name, text);
		else if (w->way.page)
			rc = add_link(w, text);
		if (rc)
			return rc;
	}
	return 0;
}

static int compose(struct work *w)
{
	char id[ACCOUNT_ID_LEN + ORIGIN_MAX + 2];
	(void)snprintf(id, sizeof(id), "%s@%s", w->mail.id, w->d->host);
	if (!mail_address_ok(id))
		(void)snprintf(id, sizeof(id), "%s@localhost", w->mail.id);
	int rc = read_vars(w);
	if (rc)
		return rc;
	const struct mail_letter letter = {
		.template = w->mail.template,
		.language = w->mail.language,
		.from = w->d->from_text,
		.to = w->mail.email,
		.vars = w->vars,
		.n_vars = w->n_vars,
		.message_id = id,
		.date_s = w->mail.created_us / 1000000,
		.valid_s = w->way.valid_s,
	};
	return mail_compose(&letter, &w->message);
}

/* Files sort by when the letters were written. */
static int hand_over(struct work *w)
{
	char name[64];
	struct tm t;
	time_t when = (time_t)(w->mail.created_us / 1000000);
	if (!gmtime_r(&when, &t))
		return -EINVAL;
	size_t n = strftime(name, sizeof(name), "%Y%m%dT%H%M%SZ-", &t);
	(void)snprintf(name + n, sizeof(name) - n, "%s", w->mail.id);
	const struct mail_parcel parcel = {
		.from = w->d->from.address,
		.to = w->mail.email,
		.name = name,
		.message = buf_data(&w->message),
		.n = buf_len(&w->message),
	};
	int rc = mail_send(&w->d->server, &parcel, w->why);
	if (rc < 0)
		(void)snprintf(w->why, sizeof(w->why), "%s", strerror(-rc));
	return rc;
}

/* ---- what became of it ---- */

static int sent(struct work *w)
{
	struct mail_deliver *d = w->d;
	atomic_fetch_add(&d->sent, 1);
	if (atomic_exchange(&d->failing, false))
		log_info("mail is being sent again");
	int rc = account_mail_done(d->p.accounts, w->mail.id);
	if (rc)
		log_warn("mail was sent and will be again, as this could not be noted id=%s", w->mail.id);
	return rc;
}

static int give_up(struct work *w, const char *why)
{
	log_warn("mail given up id=%s template=%s tries=%u error=\"%s\"", w->mail.id, w->mail.template,
		 w->mail.attempts, why);
	atomic_fetch_add(&w->d->given_up, 1);
	return account_mail_failed(w->d->p.accounts, w->mail.id, why, 0);
}

static int64_t next_try_us(const struct work *w, int64_t now_us)
{
	const struct mail_run_params *p = &w->d->p;
	size_t i = w->mail.attempts ? w->mail.attempts - 1 : 0;
	if (i >= p->n_pauses)
		i = p->n_pauses - 1;
	return now_us + (int64_t)p->pauses_ms[i] * 1000;
}

static int put_back(struct work *w)
{
	struct mail_deliver *d = w->d;
	int64_t now_us = mail_deliver_now_us();
	/* We are being stopped, which is nobody's failure: it is the first thing to do after the next start.
	 */
	if (atomic_load(&d->cancel))
		return account_mail_failed(d->p.accounts, w->mail.id, "stopped", now_us);
	int64_t due_us = next_try_us(w, now_us);
	atomic_fetch_add(&d->failed, 1);
	if (due_us > w->mail.created_us + (int64_t)d->p.keep_ms * 1000)
		return give_up(w, w->why);
	if (!atomic_exchange(&d->failing, true))
		log_warn("mail cannot be sent and stays in the queue error=\"%s\"", w->why);
	return account_mail_failed(d->p.accounts, w->mail.id, w->why, due_us);
}

/* A link that leads nowhere any more is worse than no mail. */
static bool link_is_over(const struct work *w)
{
	return w->way.valid_s &&
	       mail_deliver_now_us() > w->mail.created_us + (int64_t)w->way.valid_s * 1000000;
}

static int handle(struct work *w)
{
	w->way = way_of(w->d, w->mail.template);
	if (link_is_over(w))
		return give_up(w, "the link in it is no longer good");
	int rc = compose(w);
	if (rc == -EINVAL || rc == -ENOBUFS)
		return give_up(w, "it cannot be composed");
	if (rc)
		(void)snprintf(w->why, sizeof(w->why), "%s", strerror(-rc));
	else
		rc = hand_over(w);
	if (rc == 0)
		return sent(w);
	return rc == MAIL_E_REFUSED || rc == -EINVAL ? give_up(w, w->why) : put_back(w);
}

int mail_deliver_next(struct mail_deliver *d)
{
	struct work w = {.d = d};
	int64_t now_us = mail_deliver_now_us();
	/* Long after the server must have answered: only a process that died leaves a letter that long. */
	int64_t retry_us = now_us + 2 * (int64_t)d->server.timeout_ms * 1000 + 60 * 1000000;
	int rc = account_mail_take(d->p.accounts, now_us, retry_us, &w.mail);
	if (rc)
		return rc;
	buf_init(&w.message, MAIL_MESSAGE_MAX);
	rc = handle(&w);
	buf_deinit(&w.message);
	json_decref(w.json);
	account_mail_free(&w.mail);
	return rc;
}

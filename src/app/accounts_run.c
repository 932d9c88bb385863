/*
 * Accounts in the running service: put together, looked after, taken apart.
 *
 * A database that is not there at the start is no reason not to start: calls by guests need none. What could
 * not be done then (the schema, what admins have set, the link for the first of them) is tried again every
 * few seconds. Afterwards the same timer asks the database for the settings, and where it has failed tries
 * what failed, so that an outage and its end are known even if nobody uses it; now and then it sweeps out
 * what is over.
 *
 * Thread: the control loop's, but for tend(), which at the start is called on it, later by the pool.
 */
#include "app/accounts_run.h"

#include "app/api_call.h"
#include "app/secret.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEND_MS     5000
#define SWEEP_EVERY 60 /* times */
/* As many hashes at once as there are cores, and yet signalling and media go first: with one core for all of
   it the API's 99th percentile stays below 5 ms during a flood of sign-ins; at 10 it does not
   (docs/bench-accounts.md). */
#define HASH_NICE      19
#define SWEEP_ROWS     1000
#define SWEEP_PAUSE_MS 100 /* so that whoever writes gets in between */

struct accounts_tending {
	struct pool_job job;
	struct service *service;
	struct accounts_run *run;
	struct service_settings settings;  /* as the database says */
	uint32_t settings_turn;            /* the service's, when it was asked */
	char setup[ACCOUNT_TOKEN_LEN + 1]; /* "" : there is an admin */
	unsigned times;
	bool ready; /* what run->ready was when it was begun */
	bool busy, stopping, announced;
	bool sweep_on; /* the last sweep has left something */
	int result;
};

/* ---- opening ---- */

static void params_of(const struct config *c, struct store *store, struct accounts_params *p)
{
	p->store = store;
	p->password_min = c->accounts.password_min;
	p->hash_ops = c->accounts.hash_passes;
	p->hash_bytes = (size_t)c->accounts.hash_kbytes * 1024;
	p->session_idle_s = c->accounts.session_idle_s;
	p->session_max_s = c->accounts.session_max_s;
	p->signup_s = c->accounts.signup_s;
	p->reset_s = c->accounts.reset_s;
	p->email_s = c->accounts.email_s;
	p->invite_s = c->accounts.invite_s;
	p->setup_s = c->accounts.setup_s;
	p->passkeys_max = c->accounts.passkeys;
	p->api_tokens_max = c->accounts.api_tokens;
	p->rooms_max = c->rooms.max_per_account;
	p->audit_keep_s = c->accounts.audit_keep_s;
	p->rand = rand_bytes;
}

static int open_store(const struct config *c, unsigned connections, struct store **out)
{
	char url[512];
	(void)snprintf(url, sizeof(url), "sqlite:%s/parley.db", c->server.data_dir);
	const struct store_params p = {
		.url = c->database.url[0] ? c->database.url : url,
		.connections = connections,
		.wait_ms = c->database.wait_ms,
		.statement_ms = c->database.statement_ms,
	};
	int rc = store_new(&p, out);
	if (rc)
		log_error("cannot open the database error=%s", strerror(-rc));
	return rc;
}

int accounts_run_open(const struct config *c, unsigned connections, struct store **store,
		      struct accounts **accounts)
{
	struct accounts_params p = {0};
	char origin[ORIGIN_MAX] = "";
	int rc = c->server.public_url[0] ? origin_of_url(c->server.public_url, origin) : 0;
	if (rc)
		return rc;
	/* Makes the directory as well. */
	rc = secret_load(c->server.data_dir, "accounts.key", p.key, sizeof(p.key));
	if (rc) {
		log_error("cannot read or make the key of accounts dir=%s error=%s", c->server.data_dir,
			  strerror(-rc));
		return rc;
	}
	rc = open_store(c, connections, store);
	if (rc == 0) {
		params_of(c, *store, &p);
		p.public_url = origin;
		rc = accounts_new(&p, accounts);
	}
	sodium_memzero(p.key, sizeof(p.key));
	return rc;
}

/* ---- looking after ---- */

static struct service_settings settings_of(const struct config *c)
{
	return (struct service_settings){c->accounts.signup, c->rooms.create, c->rooms.knock};
}

/* For once, when the database is there for the first time. */
static int get_ready(struct accounts_tending *t)
{
	struct accounts_run *run = t->run;
	int rc = store_migrate(run->store);
	if (rc == 0)
		rc = api_settings_load(run->accounts, &t->settings);
	if (rc == 0)
		rc = account_setup_token(run->accounts, (int64_t)clock_wall_ms() * 1000, t->setup);
	return rc == ACCOUNT_E_STATE ? 0 : rc;
}

static void tend(struct accounts_tending *t)
{
	struct accounts_run *run = t->run;
	if (!t->ready) {
		t->result = get_ready(t);
		return;
	}
	/* Reading does not show that what could not be written can be again: a full disk reads well. */
	t->result = store_healthy(run->store) ? 0 : store_probe(run->store);
	if (t->result == 0)
		t->result = api_settings_load(run->accounts, &t->settings);
	if (t->result == 0 && (t->sweep_on || t->times % SWEEP_EVERY == 1)) {
		t->sweep_on = false;
		t->result = account_sweep(run->accounts, SWEEP_ROWS, (int64_t)clock_wall_ms() * 1000,
					  &t->sweep_on);
	}
}

static int become_ready(struct accounts_tending *t)
{
	struct service *s = t->service;
	const struct mail_run_params p = {
		.loop = &s->loop,
		.accounts = t->run->accounts,
		.config = s->config,
	};
	s->settings = t->settings;
	int rc = mail_run_start(&p, &t->run->mail);
	if (rc == 0)
		t->run->ready = true;
	return rc;
}

/* What another node's admins have set; but for what has been set here in the meantime. */
static void take_settings(struct accounts_tending *t)
{
	struct service *s = t->service;
	if (t->result == 0 && t->settings_turn == s->settings_turn)
		s->settings = t->settings;
}

static void tended(struct pool_job *job, bool ran)
{
	struct accounts_tending *t = CONTAINER_OF(job, struct accounts_tending, job);
	t->busy = false;
	if (t->stopping || !ran)
		return;
	if (t->ready) {
		take_settings(t);
		if (t->sweep_on)
			loop_timer_start(&t->service->loop, &t->run->tend, SWEEP_PAUSE_MS);
		return;
	}
	if (t->result == STORE_E_NEWER)
		log_error("the database is newer than this program; accounts stay off");
	if (t->result || become_ready(t))
		return;
	log_info("the database is there");
	accounts_run_announce(t->service);
}

static void tend_job(struct pool_job *job)
{
	tend(CONTAINER_OF(job, struct accounts_tending, job));
}

static void on_tend(struct wheel_timer *timer, uint64_t now_ms)
{
	struct accounts_run *run = CONTAINER_OF(timer, struct accounts_run, tend);
	struct accounts_tending *t = run->tending;
	loop_timer_start(&t->service->loop, timer, TEND_MS);
	if (t->busy)
		return;
	t->times++;
	t->ready = run->ready;
	t->settings = settings_of(t->service->config);
	t->settings_turn = t->service->settings_turn;
	t->job.run = tend_job;
	t->job.done = tended;
	/* Where the queue is full, the database is being asked often enough. */
	t->busy = pool_submit(run->db, &t->job) == 0;
}

/* ---- start and end ---- */

static unsigned hash_threads(const struct config *c)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	return c->accounts.hash_threads ? c->accounts.hash_threads : cores > 0 ? (unsigned)cores : 1;
}

static int start_pools(struct service *s, struct accounts_run *run)
{
	const struct config *c = s->config;
	struct pool_params p = {
		.loop = &s->loop,
		.name = "parley-db",
		.threads = c->database.threads,
		.queue_max = c->database.queue,
	};
	int rc = pool_new(&p, &run->db);
	p.name = "parley-hash";
	p.threads = hash_threads(c);
	p.queue_max = c->accounts.hash_queue;
	p.nice = HASH_NICE;
	return rc ? rc : pool_new(&p, &run->hash);
}

static int start_tables(const struct config *c, struct accounts_run *run)
{
	struct login_cache_params p = {.max = c->accounts.cached_logins,
				       .fresh_ms = c->accounts.cached_s * 1000};
	rand_bytes(NULL, p.hash_key, sizeof(p.hash_key));
	run->logins = login_cache_new(&p);
	run->limits = api_limits_new(c);
	return run->logins && run->limits ? 0 : -ENOMEM;
}

/* The first time, before anybody is let in. */
static int first_tending(struct service *s, struct accounts_run *run)
{
	struct accounts_tending *t = run->tending;
	t->service = s;
	t->run = run;
	t->settings = s->settings;
	tend(t);
	if (t->result == STORE_E_NEWER) {
		log_error("the database has been used by a newer version of Parley; this one does not touch "
			  "it");
		return -EPROTO;
	}
	if (t->result == 0)
		return become_ready(t);
	log_warn("the database is not there; accounts are off until it is");
	return 0;
}

int accounts_run_start(struct service *s)
{
	const struct config *c = s->config;
	struct accounts_run *run = mem_zalloc(sizeof(*run));
	if (!run)
		return -ENOMEM;
	s->accounts = run;
	s->settings = settings_of(c);
	wheel_timer_init(&run->tend, on_tend);
	run->tending = mem_zalloc(sizeof(*run->tending));
	/* Besides the threads of both pools, those of the mail queue. */
	unsigned connections = c->database.threads + hash_threads(c) + 4;
	int rc = run->tending ? start_tables(c, run) : -ENOMEM;
	if (rc == 0)
		rc = accounts_run_open(c, connections, &run->store, &run->accounts);
	if (rc == 0)
		rc = start_pools(s, run);
	if (rc == 0)
		rc = first_tending(s, run);
	if (rc == 0)
		loop_timer_start(&s->loop, &run->tend, TEND_MS);
	return rc;
}

void accounts_run_stop(struct service *s)
{
	struct accounts_run *run = s->accounts;
	if (!run)
		return;
	loop_timer_stop(&s->loop, &run->tend);
	if (run->tending)
		run->tending->stopping = true;
	/* A lookup that has ended may go on to a hash, so in this order. */
	pool_stop(run->db);
	pool_stop(run->hash);
	mail_run_stop(run->mail);
}

void accounts_run_free(struct service *s)
{
	struct accounts_run *run = s->accounts;
	if (!run)
		return;
	s->accounts = NULL;
	run->mail = mail_run_free(run->mail);
	pool_free(run->db);
	pool_free(run->hash);
	accounts_free(run->accounts);
	store_free(run->store);
	login_cache_free(run->logins);
	api_limits_free(run->limits);
	mem_free(run->tending);
	mem_free(run);
}

bool accounts_run_healthy(const struct service *s)
{
	return s->accounts->ready && store_healthy(s->accounts->store);
}

void accounts_run_announce(struct service *s)
{
	const struct config *c = s->config;
	struct accounts_tending *t = s->accounts->tending;
	if (!s->accounts->ready || t->setup[0] == '\0' || t->announced)
		return;
	t->announced = true;
	printf("Nobody administers it yet. To make the first account, open ");
	if (s->origins.public_origin[0])
		printf("%s/setup#%s\n", s->origins.public_origin, t->setup);
	else if (config_tls(c))
		printf("https://localhost:%u/setup#%s\n", c->server.https_port, t->setup);
	else
		printf("http://localhost:%u/setup#%s\n", c->server.http_port, t->setup);
	(void)fflush(stdout);
	sodium_memzero(t->setup, sizeof(t->setup));
}

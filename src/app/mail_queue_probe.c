/*
 * For mail_queue_test.py: the queue with a real database and real threads, and nothing of the service around
 * it.
 *
 *   mail_queue_probe DIR KEY [pause_ms=N] [keep_ms=N] [link_s=N] [section.key=value]…
 *
 * KEY: a character that the key of accounts is made of. Orders come on standard input, a line each, and are
 * answered by a line each: "invite ADDRESS" ("ok"), "stats" ("SENT FAILED GIVEN_UP WAITING"). Its end is
 * ours.
 */
#include "account/mail_queue.h"
#include "app/mail_deliver.h"
#include "app/mail_run.h"
#include "base/log.h"

#include <inttypes.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct probe {
	struct loop loop;
	struct config *config;
	struct store *store;
	struct accounts *accounts;
	struct mail_run *mail;
	uint32_t pause_ms, keep_ms, link_s;
	uv_pipe_t input;
	char line[512];
	size_t n;
};

static void die(const char *what, int rc)
{
	(void)fprintf(stderr, "mail_queue_probe: %s: %d\n", what, rc);
	exit(1);
}

/* Words of ours; all others are options. */
static bool take_word(struct probe *p, const char *word)
{
	return sscanf(word, "pause_ms=%" SCNu32, &p->pause_ms) == 1 ||
	       sscanf(word, "keep_ms=%" SCNu32, &p->keep_ms) == 1 ||
	       sscanf(word, "link_s=%" SCNu32, &p->link_s) == 1;
}

static void configure(struct probe *p, const char *dir, int argc, char **argv)
{
	char error[CONFIG_ERROR_MAX], data_dir[256];
	const char *sets[32];
	struct config_sources src = {.sets = sets};
	(void)snprintf(data_dir, sizeof(data_dir), "server.data_dir=%s", dir);
	sets[src.n_sets++] = data_dir;
	for (int i = 0; i < argc && src.n_sets < ARRAY_LEN(sets); i++) {
		if (!take_word(p, argv[i]))
			sets[src.n_sets++] = argv[i];
	}
	int rc = config_load(&src, &p->config, error);
	if (rc)
		die(error, rc);
	if (p->link_s)
		p->config->accounts.invite_s = p->link_s;
}

static void open_accounts(struct probe *p, const char *dir, char key)
{
	char url[300];
	(void)snprintf(url, sizeof(url), "sqlite:%s/parley.db", dir);
	const struct store_params s = {.url = url, .connections = 2, .wait_ms = 5000, .statement_ms = 5000};
	int rc = store_new(&s, &p->store);
	if (rc == 0)
		rc = store_migrate(p->store);
	struct accounts_params a = {
		.store = p->store,
		.password_min = 8,
		.hash_ops = crypto_pwhash_OPSLIMIT_MIN,
		.hash_bytes = crypto_pwhash_MEMLIMIT_MIN,
		.invite_s = 3600,
		.audit_keep_s = 3600,
		.public_url = "",
		.rand = rand_bytes,
	};
	memset(a.key, key, sizeof(a.key));
	if (rc == 0)
		rc = accounts_new(&a, &p->accounts);
	if (rc)
		die("database", rc);
}

static void invite(struct probe *p, const char *address)
{
	const struct account_client client = {.address = "127.0.0.1"};
	struct account_fault fault;
	int rc = account_invite(p->accounts, NULL, address, ACCOUNT_MEMBER, &client, mail_deliver_now_us(),
				&fault);
	if (rc)
		die("invite", rc);
	mail_run_wake(p->mail);
	puts("ok");
}

static void order(struct probe *p, const char *line)
{
	struct mail_run_stats s;
	if (strncmp(line, "invite ", 7) == 0) {
		invite(p, line + 7);
		return;
	}
	mail_run_get_stats(p->mail, &s);
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", s.sent, s.failed, s.given_up, s.waiting);
}

static void on_alloc(uv_handle_t *h, size_t hint, uv_buf_t *out)
{
	struct probe *p = h->data;
	*out = uv_buf_init(p->line + p->n, (unsigned)(sizeof(p->line) - 1 - p->n));
}

static void on_input(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct probe *p = s->data;
	if (n < 0) {
		mail_run_stop(p->mail);
		uv_close((uv_handle_t *)s, NULL);
		return;
	}
	p->n += (size_t)n;
	for (char *end; (end = memchr(p->line, '\n', p->n));) {
		*end++ = '\0';
		order(p, p->line);
		p->n -= (size_t)(end - p->line);
		memmove(p->line, end, p->n);
	}
	(void)fflush(stdout);
}

static void start(struct probe *p)
{
	const struct mail_run_params params = {
		.loop = &p->loop,
		.accounts = p->accounts,
		.config = p->config,
		.pauses_ms = p->pause_ms ? &p->pause_ms : NULL,
		.n_pauses = 1,
		.keep_ms = p->keep_ms,
	};
	int rc = loop_init(&p->loop);
	if (rc == 0)
		rc = mail_run_start(&params, &p->mail);
	if (rc == 0)
		rc = uv_pipe_init(&p->loop.uv, &p->input, 0);
	if (rc == 0)
		rc = uv_pipe_open(&p->input, 0);
	p->input.data = p;
	if (rc == 0)
		rc = uv_read_start((uv_stream_t *)&p->input, on_alloc, on_input);
	if (rc)
		die("start", rc);
}

int main(int argc, char **argv)
{
	static struct probe p;
	if (argc < 3 || sodium_init() < 0)
		die("usage", argc);
	(void)signal(SIGPIPE, SIG_IGN);
	configure(&p, argv[1], argc - 3, argv + 3);
	open_accounts(&p, argv[1], argv[2][0]);
	start(&p);
	loop_run(&p.loop);
	mail_run_free(p.mail);
	loop_deinit(&p.loop);
	accounts_free(p.accounts);
	store_free(p.store);
	config_free(p.config);
	return 0;
}

/*
 * How long sign-in and search take in a database of many accounts: the account module's own functions, one
 * after the other. Passwords are hashed at the least cost that argon2id has (8 KiB, one pass: some 20 µs),
 * so that what is measured is the database, commit and all.
 *
 *   accounts_db --url sqlite:FILE|postgresql://… [--fill N] [--runs N]
 *
 * --fill puts N accounts into an empty database instead of measuring. Thread: the only one.
 */
#include "accounts_db.h"
#include "hist.h"

#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PASSWORD "a password for the benchmark"
#define PAGE     50
#define WARMUP   200

static const struct account_client client = {.address = "192.0.2.7", .software = "Firefox on Linux"};

struct bench {
	struct store *store;
	struct accounts *accounts;
	uint32_t fill, runs, count;
	struct hist hist;
	/* of the last sign-in */
	char token[ACCOUNT_TOKEN_LEN + 1];
	/* of a search */
	char text[ACCOUNT_EMAIL_MAX + 1], after[ACCOUNT_EMAIL_MAX + 4], next[ACCOUNT_EMAIL_MAX + 4];
	uint32_t found;
};

static int64_t wall_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* ---- what is measured; each sets itself up, then returns how long the call itself took ---- */

static uint64_t do_signin(struct bench *b)
{
	char email[ACCOUNT_EMAIL_MAX + 1];
	const struct account_signin in = {.email = email, .password = PASSWORD};
	struct account_login login;
	uint64_t begin;

	db_email((uint32_t)(db_random() % b->count), email);
	begin = now_ns();
	if (account_signin(b->accounts, &in, &client, wall_us(), &login, b->token))
		die("%s cannot sign in", email);
	return now_ns() - begin;
}

static uint64_t do_unknown(struct bench *b)
{
	const struct account_signin in = {.email = "nobody@example.org", .password = PASSWORD};
	struct account_login login;
	char token[ACCOUNT_TOKEN_LEN + 1];
	uint64_t begin = now_ns();

	if (account_signin(b->accounts, &in, &client, wall_us(), &login, token) != ACCOUNT_E_CREDENTIALS)
		die("nobody has signed in");
	return now_ns() - begin;
}

/* Of a session that was made just now: asking does not write. */
static uint64_t do_session(struct bench *b)
{
	struct account_login login;
	uint64_t begin;

	(void)do_signin(b);
	begin = now_ns();
	if (account_by_token(b->accounts, b->token, wall_us(), &login))
		die("a session is not there");
	return now_ns() - begin;
}

static int on_found(void *arg, const struct account *a)
{
	struct bench *b = arg;

	b->found++;
	return 0;
}

static uint64_t search(struct bench *b, const char *after)
{
	const struct account_query q = {.text = b->text, .after = after, .limit = PAGE};
	uint64_t begin = now_ns();

	b->found = 0;
	if (account_search(b->accounts, &q, on_found, b, b->next))
		die("the search for \"%s\" failed", b->text);
	return now_ns() - begin;
}

/* The beginning, from one symbol to six, of an address that is there. */
static uint64_t do_search_email(struct bench *b)
{
	uint64_t took;

	db_email((uint32_t)(db_random() % b->count), b->text);
	b->text[1 + db_random() % 6] = '\0';
	took = search(b, "");
	if (!b->found)
		die("no account begins with \"%s\"", b->text);
	return took;
}

/* From the space on no address begins so: the second list alone. */
static uint64_t do_search_name(struct bench *b)
{
	uint64_t took;
	char *space;

	db_name_key((uint32_t)(db_random() % b->count), b->text);
	space = strchr(b->text, ' ');
	space[2 + db_random() % 4] = '\0';
	took = search(b, "");
	if (!b->found)
		die("no name begins with \"%s\"", b->text);
	return took;
}

/* Short beginnings, which have one; of an address or a name in turn. */
static uint64_t do_second_page(struct bench *b)
{
	db_name_key((uint32_t)(db_random() % b->count), b->text);
	if (db_random() % 2)
		b->text[1 + db_random() % 3] = '\0';
	else
		strchr(b->text, ' ')[2] = '\0';
	(void)search(b, "");
	if (!b->next[0])
		return do_second_page(b);
	memcpy(b->after, b->next, sizeof(b->after));
	return search(b, b->after);
}

static uint64_t do_search_nothing(struct bench *b)
{
	snprintf(b->text, sizeof(b->text), "zz%u", (unsigned int)(db_random() % 1000));
	return search(b, "");
}

static void measure(struct bench *b, const char *name, uint64_t (*fn)(struct bench *b))
{
	for (uint32_t i = 0; i < WARMUP; i++)
		(void)fn(b);
	memset(&b->hist, 0, sizeof(b->hist));
	for (uint32_t i = 0; i < b->runs; i++)
		hist_add(&b->hist, fn(b));
	printf("%s_p50_us %.1f\n%s_p99_us %.1f\n%s_max_us %.1f\n", name,
	       (double)hist_percentile(&b->hist, 50) / 1e3, name, (double)hist_percentile(&b->hist, 99) / 1e3,
	       name, (double)b->hist.max_ns / 1e3);
}

/* ---- the command ---- */

static int on_count(void *arg, const struct store_value *v, size_t n)
{
	((struct bench *)arg)->count = (uint32_t)v[0].i;
	return 0;
}

static int count(struct store_conn *c, void *arg)
{
	return store_query(c, "SELECT COUNT(*) FROM accounts", STORE_NO_ARGS, on_count, arg);
}

static void fill(struct bench *b)
{
	char hash[crypto_pwhash_STRBYTES];
	struct fill f = {.password = hash, .count = b->fill, .now_us = wall_us()};
	uint64_t begin = now_ns();

	if (crypto_pwhash_str(hash, PASSWORD, strlen(PASSWORD), crypto_pwhash_OPSLIMIT_MIN,
			      crypto_pwhash_MEMLIMIT_MIN))
		die("out of memory");
	db_fill(b->store, &f);
	printf("fill_s %.1f\n", (double)(now_ns() - begin) / 1e9);
}

static void open_all(struct bench *b, const char *url)
{
	const struct store_params sp = {
		.url = url, .connections = 2, .wait_ms = 60000, .statement_ms = 600000};
	const struct accounts_params ap = {
		.password_min = ACCOUNT_PASSWORD_MIN,
		.hash_ops = crypto_pwhash_OPSLIMIT_MIN,
		.hash_bytes = crypto_pwhash_MEMLIMIT_MIN,
		.session_idle_s = 14 * 86400,
		.session_max_s = 90 * 86400,
		.public_url = "http://localhost",
		.rand = rand_bytes,
	};
	struct accounts_params p = ap;

	if (sodium_init() < 0 || store_new(&sp, &b->store))
		die("cannot open %s", url);
	p.store = b->store;
	if (store_migrate(b->store) || accounts_new(&p, &b->accounts))
		die("cannot use %s", url);
}

static const char *parse(int argc, char **argv, struct bench *b)
{
	const struct number numbers[] = {{"fill", &b->fill, 100000, 100000000},
					 {"runs", &b->runs, 100, 1000000}};
	enum { N = sizeof(numbers) / sizeof(numbers[0]) };
	struct option longs[N + 2] = {0};
	const char *url = NULL;
	int opt;

	for (int i = 0; i < N; i++)
		longs[i] = (struct option){numbers[i].name, required_argument, NULL, i};
	longs[N] = (struct option){"url", required_argument, NULL, N};
	while ((opt = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (opt >= 0 && opt < N)
			set_number(&numbers[opt], optarg);
		else if (opt == N)
			url = optarg;
		else
			die("usage: accounts_db --url URL [--fill N] [--runs N]");
	}
	if (!url)
		die("which database? --url URL");
	return url;
}

int main(int argc, char **argv)
{
	struct bench *b = must_alloc(sizeof(*b));

	b->runs = 2000;
	open_all(b, parse(argc, argv, b));
	if (b->fill) {
		fill(b);
	} else {
		if (store_read(b->store, count, b) || !b->count)
			die("there are no accounts");
		printf("accounts %u\n", b->count);
		measure(b, "signin", do_signin);
		measure(b, "unknown", do_unknown);
		measure(b, "session", do_session);
		measure(b, "search_email", do_search_email);
		measure(b, "search_name", do_search_name);
		measure(b, "search_second", do_second_page);
		measure(b, "search_nothing", do_search_nothing);
	}
	accounts_free(b->accounts);
	store_free(b->store);
	free(b);
	return 0;
}

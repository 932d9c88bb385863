/*
 * A million accounts, each with a session, as signing up and in would have left them; all have the same
 * password. Addresses and names are made of syllables, so that many begin alike and none is like its number.
 *
 * Rows go in through the store, several in a statement and many statements in a transaction. SQLite is lent
 * the memory to keep all of it in its cache meanwhile: random keys would otherwise write every page again and
 * again. What is random comes from a fixed seed: every run fills in the same. Thread: the only one.
 */
#include "accounts_db.h"

#include <stdio.h>
#include <string.h>

#define PER_TXN  100000
#define PER_STMT 5

static uint64_t seed = 20261120;

/* SplitMix64. */
uint64_t db_random(void)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static void random_text(char *out, size_t n, const char *symbols, unsigned int count)
{
	for (size_t i = 0; i < n; i++)
		out[i] = symbols[db_random() % count];
	out[n] = '\0';
}

static void id_new(char out[ACCOUNT_ID_LEN + 1])
{
	random_text(out, ACCOUNT_ID_LEN, "0123456789abcdefghjkmnpqrstvwxyz", 32);
}

/* The same for the same number, so that a measurement can name who is there. */
static void words_of(uint32_t i, char *first, char *last, size_t size)
{
	static const char *const syllables[] = {"an", "be",  "chi", "da", "el", "fo", "gra", "hu",
						"is", "jo",  "ka",  "li", "mo", "ne", "or",  "pe",
						"ra", "sta", "ti",  "ur", "va", "wo", "xi",  "yu"};
	enum { N = sizeof(syllables) / sizeof(syllables[0]) };
	uint64_t z = (i + 1) * 0x9e3779b97f4a7c15ull;
	const char *s[6];

	for (int k = 0; k < 6; k++) {
		z ^= z >> 29;
		s[k] = syllables[z % N];
		z *= 0xbf58476d1ce4e5b9ull;
	}
	snprintf(first, size, "%s%s", s[0], s[1]);
	snprintf(last, size, "%s%s%s%s", s[2], s[3], s[4], s[5]);
}

void db_email(uint32_t i, char out[ACCOUNT_EMAIL_MAX + 1])
{
	char first[16], last[16];

	words_of(i, first, last, sizeof(first));
	snprintf(out, ACCOUNT_EMAIL_MAX + 1, "%s.%s%u@example.org", first, last, i);
}

void db_name_key(uint32_t i, char out[ACCOUNT_NAME_BYTES + 1])
{
	char first[16], last[16];

	words_of(i, first, last, sizeof(first));
	snprintf(out, ACCOUNT_NAME_BYTES + 1, "%s %s", first, last);
}

struct row {
	char id[ACCOUNT_ID_LEN + 1], session[ACCOUNT_ID_LEN + 1], token[ACCOUNT_TOKEN_LEN + 1];
	char email[ACCOUNT_EMAIL_MAX + 1], name[ACCOUNT_NAME_BYTES + 1], key[ACCOUNT_NAME_BYTES + 1];
};

static void make_row(uint32_t i, struct row *r)
{
	id_new(r->id);
	id_new(r->session);
	random_text(r->token, ACCOUNT_TOKEN_LEN,
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", 64);
	db_email(i, r->email);
	db_name_key(i, r->key);
	memcpy(r->name, r->key, sizeof(r->name));
	r->name[0] -= 'a' - 'A';
	*(strchr(r->name, ' ') + 1) -= 'a' - 'A';
}

static int insert_accounts(struct store_conn *c, const struct fill *f, const struct row r[PER_STMT])
{
	struct store_value v[PER_STMT * 6];

	for (int k = 0; k < PER_STMT; k++) {
		v[6 * k] = store_text(r[k].id);
		v[6 * k + 1] = store_text(r[k].email);
		v[6 * k + 2] = store_text(r[k].name);
		v[6 * k + 3] = store_text(r[k].key);
		v[6 * k + 4] = store_text(f->password);
		v[6 * k + 5] = store_int(f->now_us);
	}
#define ACCOUNT(id, email, name, key, password, now)                                                         \
	"(" id ", " email ", " name ", " key ", 'member', '', " password ", " now ")"
	return store_exec(c,
			  "INSERT INTO accounts "
			  "(id, email, name, name_key, role, language, password, created_us) VALUES "
			  /* clang-format off */
			  ACCOUNT("$1", "$2", "$3", "$4", "$5", "$6") ", "
			  ACCOUNT("$7", "$8", "$9", "$10", "$11", "$12") ", "
			  ACCOUNT("$13", "$14", "$15", "$16", "$17", "$18") ", "
			  ACCOUNT("$19", "$20", "$21", "$22", "$23", "$24") ", "
			  ACCOUNT("$25", "$26", "$27", "$28", "$29", "$30"),
			  /* clang-format on */
			  v, sizeof(v) / sizeof(v[0]), NULL);
}

static int insert_sessions(struct store_conn *c, const struct fill *f, const struct row r[PER_STMT])
{
	struct store_value v[PER_STMT * 4];

	for (int k = 0; k < PER_STMT; k++) {
		v[4 * k] = store_text(r[k].session);
		v[4 * k + 1] = store_text(r[k].token);
		v[4 * k + 2] = store_text(r[k].id);
		/* Of the last day, so that none is over. */
		v[4 * k + 3] = store_int(f->now_us - (int64_t)(db_random() % 86400) * 1000000);
	}
#define SESSION(id, hash, account, now)                                                                      \
	"(" id ", " hash ", " account ", " now ", " now ", 'Firefox on Linux', '192.0.2.7')"
	return store_exec(c,
			  "INSERT INTO sessions "
			  "(id, token_hash, account_id, created_us, seen_us, client, address) VALUES "
			  /* clang-format off */
			  SESSION("$1", "$2", "$3", "$4") ", " SESSION("$5", "$6", "$7", "$8") ", "
			  SESSION("$9", "$10", "$11", "$12") ", " SESSION("$13", "$14", "$15", "$16") ", "
			  SESSION("$17", "$18", "$19", "$20"),
			  /* clang-format on */
			  v, sizeof(v) / sizeof(v[0]), NULL);
}

static int fill_some(struct store_conn *c, void *arg)
{
	const struct fill *f = arg;
	struct row rows[PER_STMT];
	int rc = 0;

	for (uint32_t i = f->from; i < f->from + PER_TXN && rc == 0; i += PER_STMT) {
		for (uint32_t k = 0; k < PER_STMT; k++)
			make_row(i + k, &rows[k]);
		rc = insert_accounts(c, f, rows);
		if (rc == 0)
			rc = insert_sessions(c, f, rows);
	}
	return rc;
}

static int on_pragma(void *arg, const struct store_value *v, size_t n)
{
	return 0;
}

static int enlarge_cache(struct store_conn *c, void *arg)
{
	return store_query(c, "PRAGMA cache_size = -2000000", STORE_NO_ARGS, on_pragma, NULL);
}

void db_fill(struct store *s, struct fill *f)
{
	if (!strcmp(store_kind(s), "sqlite") && store_write(s, enlarge_cache, NULL))
		die("SQLite keeps its cache small");
	for (f->from = 0; f->from < f->count; f->from += PER_TXN) {
		int rc = store_write(s, fill_some, f);
		if (rc)
			die("filling failed at %u: %d", f->from, rc);
	}
}

/*
 * What admins have set at run time. Names and values are checked by the caller, who has the table of options.
 *
 * Thread: any that may block.
 */
#include "account/inside.h"

struct listing {
	account_setting_fn fn;
	void *arg;
};

static int on_setting(void *arg, const struct store_value *v, size_t n)
{
	const struct listing *l = arg;
	return l->fn(l->arg, v[0].text, v[1].text);
}

static int list(struct store_conn *c, void *arg)
{
	return store_query(c, "SELECT name, value FROM settings ORDER BY name", STORE_NO_ARGS, on_setting,
			   arg);
}

int account_settings(struct accounts *a, account_setting_fn fn, void *arg)
{
	struct listing l = {.fn = fn, .arg = arg};
	return store_read(a->p.store, list, &l);
}

struct setting {
	const char *name, *value;
	struct account_deed deed;
	int64_t now_us;
};

static int set(struct store_conn *c, void *arg)
{
	const struct setting *s = arg;
	int rc = store_exec(
		c,
		"INSERT INTO settings (name, value, changed_us) VALUES ($1, $2, $3) ON CONFLICT (name) "
		"DO UPDATE SET value = excluded.value, changed_us = excluded.changed_us",
		STORE_ARGS(store_text(s->name), store_text(s->value), store_int(s->now_us)), NULL);
	return rc ? rc : account_audit_in(c, &s->deed, s->now_us);
}

int account_set_setting(struct accounts *a, const struct account *actor, const char *name, const char *value,
			const struct account_client *client, int64_t now_us)
{
	struct setting s = {
		.name = name,
		.value = value,
		.deed = {.actor = actor,
			 .action = "setting",
			 .target = name,
			 .detail = value,
			 .client = client},
		.now_us = now_us,
	};
	return store_write(a->p.store, set, &s);
}

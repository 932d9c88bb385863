/*
 * What admins may change while the service runs: one table of settings, for the API and for the database, in
 * which only what has been changed is; the rest is as the configuration says.
 *
 * Thread: of the database's, but for effects and what is API_ON_LOOP.
 */
#include "app/api.h"

#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define VALUES_MAX 4

static const struct setting {
	const char *name;
	const char *values[VALUES_MAX]; /* of a choice, by number; none: a boolean */
	size_t at;                      /* in struct service_settings */
} settings[] = {
	{"accounts.signup", {"open", "invite", "closed"}, offsetof(struct service_settings, signup)},
	{"rooms.create", {"anyone", "members", "admins"}, offsetof(struct service_settings, create)},
	{"rooms.knock", {NULL}, offsetof(struct service_settings, knock)},
};

static bool is_choice(const struct setting *t)
{
	return t->values[0] != NULL;
}

static const struct setting *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		if (strcmp(settings[i].name, name) == 0)
			return &settings[i];
	}
	return NULL;
}

static uint32_t get(const struct setting *t, const struct service_settings *s)
{
	const char *p = (const char *)s + t->at;
	return is_choice(t) ? *(const uint32_t *)p : *(const bool *)p;
}

static void put(const struct setting *t, struct service_settings *s, uint32_t value)
{
	char *p = (char *)s + t->at;
	if (is_choice(t))
		*(uint32_t *)p = value;
	else
		*(bool *)p = value != 0;
}

/* As it is in the database. */
static const char *text_of(const struct setting *t, uint32_t value)
{
	return is_choice(t) ? t->values[value] : value ? "on" : "off";
}

/* Return: 0; -EINVAL. */
static int parse(const struct setting *t, const char *text, uint32_t *value)
{
	static const char *const switches[VALUES_MAX] = {"off", "on"};
	const char *const *values = is_choice(t) ? t->values : switches;
	for (uint32_t i = 0; i < VALUES_MAX && values[i]; i++) {
		if (strcmp(values[i], text) == 0) {
			*value = i;
			return 0;
		}
	}
	return -EINVAL;
}

/* ---- from the database ---- */

static int take_setting(void *arg, const char *name, const char *value)
{
	const struct setting *t = find(name);
	uint32_t number;
	if (t && parse(t, value, &number) == 0)
		put(t, arg, number);
	else
		/* Of a newer node, and seen every few seconds. */
		log_debug("a setting in the database is not known here name=%s", t ? t->name : "?");
	return 0;
}

int api_settings_load(struct accounts *a, struct service_settings *s)
{
	struct service_settings read = *s;
	int rc = account_settings(a, take_setting, &read);
	if (rc == 0)
		*s = read;
	return rc;
}

/* ---- the list ---- */

static json_t *value_json(const struct setting *t, uint32_t value)
{
	return is_choice(t) ? json_string(t->values[value]) : json_boolean(value != 0);
}

static json_t *values_json(const struct setting *t)
{
	json_t *list = is_choice(t) ? json_array() : NULL;
	for (size_t i = 0; list && i < VALUES_MAX && t->values[i]; i++) {
		if (json_array_append_new(list, json_string(t->values[i]))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static int answer_settings(struct api_call *call, const struct service_settings *now)
{
	const struct config *c = call->service->config;
	const struct service_settings first = {c->accounts.signup, c->rooms.create, c->rooms.knock};
	json_t *list = json_array();
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		const struct setting *t = &settings[i];
		json_t *row = json_pack("{s:s, s:s, s:o, s:o, s:o*}", "name", t->name, "kind",
					is_choice(t) ? "choice" : "bool", "value", value_json(t, get(t, now)),
					"default", value_json(t, get(t, &first)), "values", values_json(t));
		if (json_array_append_new(list, row)) {
			json_decref(list);
			return -ENOMEM;
		}
	}
	return api_answer(call, 200, json_pack("{s:o}", "settings", list));
}

static int run_list(struct api_call *call)
{
	return answer_settings(call, &call->settings);
}

/* ---- changing them ---- */

static const struct api_field fields[] = {
	{"accounts.signup", API_ANY, false, 32},
	{"rooms.create", API_ANY, false, 32},
	{"rooms.knock", API_ANY, false, 32},
	{0},
};

struct change {
	struct service_settings to;
	bool given[ARRAY_LEN(settings)], saved[ARRAY_LEN(settings)];
	int result; /* of what came after those that are saved */
};

static int read_value(const struct setting *t, const json_t *v, uint32_t *out)
{
	if (!is_choice(t) && json_is_boolean(v)) {
		*out = json_is_true(v);
		return 0;
	}
	return is_choice(t) && json_is_string(v) ? parse(t, json_string_value(v), out) : -EINVAL;
}

static int read_change(struct api_call *call, struct change *g)
{
	uint32_t value;
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		const json_t *v = json_object_get(call->body, settings[i].name);
		if (!v)
			continue;
		if (read_value(&settings[i], v, &value))
			return api_fault(call, settings[i].name, "This setting cannot have this value.");
		put(&settings[i], &g->to, value);
		g->given[i] = true;
	}
	return 0;
}

/* What has been written down counts, also where something after it could not be. */
static void effect_changed(struct api_call *call)
{
	const struct change *g = call->state;
	struct service *s = call->service;
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		if (g->saved[i])
			put(&settings[i], &s->settings, get(&settings[i], &g->to));
	}
	s->settings_turn++;
	call->result = g->result ? g->result : answer_settings(call, &s->settings);
}

static int run_change(struct api_call *call)
{
	struct change *g = mem_zalloc(sizeof(*g));
	call->state = g;
	int rc = g ? read_change(call, g) : -ENOMEM;
	if (rc)
		return rc;
	for (size_t i = 0; i < ARRAY_LEN(settings) && g->result == 0; i++) {
		const struct setting *t = &settings[i];
		if (!g->given[i])
			continue;
		g->result = account_set_setting(call->accounts, &call->login.account, t->name,
						text_of(t, get(t, &g->to)), &call->client, call->now_us);
		g->saved[i] = g->result == 0;
	}
	call->effect = effect_changed;
	return 0;
}

/* clang-format off */
static const struct api_route rows[] = {
	{.path = "/api/v1/admin/settings", .method = HTTP_M_GET, .who = API_ADMIN, .scope = "admin", .where = API_ON_LOOP, .limit = API_LIMIT_READ, .run = run_list},
	{.path = "/api/v1/admin/settings", .method = HTTP_M_PATCH, .who = API_ADMIN, .scope = "admin", .where = API_ON_DB, .limit = API_LIMIT_WRITE, .fields = fields, .run = run_change},
};
/* clang-format on */

const struct api_group api_settings_group = API_GROUP(rows);

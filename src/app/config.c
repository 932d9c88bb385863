/*
 * Reading the configuration. Each source sets options through set_option(), which knows the table and nothing
 * of where the text came from; the source's name and line are put in front of its error. A source that gives
 * a list replaces the list of an earlier source; within one source the values of a list add up.
 */
#include "app/config.h"

#include "app/config_check.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct loader {
	struct config *config;
	uint8_t *given;  /* per option: whether this source has set it */
	unsigned *lines; /* per option: the line of the file that set it; 0: none did */
	char *error;     /* CONFIG_ERROR_MAX; the first error stays */
	int rc;
	FILE *file;
	const char *file_name;
	unsigned line;
};

static int fail(struct loader *l, int rc, const char *fmt, ...) PRINTF_LIKE(3, 4);

static int fail(struct loader *l, int rc, const char *fmt, ...)
{
	if (l->rc)
		return l->rc;
	l->rc = rc;
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(l->error, CONFIG_ERROR_MAX, fmt, args);
	va_end(args);
	return rc;
}

static void *field(struct config *c, const struct config_option *o)
{
	return (char *)c + o->offset;
}

static int parse_bool(const char *text, bool *out)
{
	static const char *const yes[] = {"on", "yes", "true", "1"};
	static const char *const no[] = {"off", "no", "false", "0"};
	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (strcmp(text, yes[i]) == 0) {
			*out = true;
			return 0;
		}
		if (strcmp(text, no[i]) == 0) {
			*out = false;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_uint(const char *text, uint64_t min, uint64_t max, uint32_t *out)
{
	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	char *end = NULL;
	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	if (errno || *end != '\0' || n < min || n > max)
		return -EINVAL;
	*out = (uint32_t)n;
	return 0;
}

/* The place of @text among "a|b|c". */
static int parse_choice(const char *text, const char *choices, uint32_t *out)
{
	size_t len = strlen(text);
	uint32_t index = 0;
	for (const char *p = choices;; index++) {
		size_t n = strcspn(p, "|");
		if (n == len && memcmp(p, text, n) == 0) {
			*out = index;
			return 0;
		}
		if (p[n] == '\0')
			return -EINVAL;
		p += n + 1;
	}
}

static void list_clear(struct config_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		mem_free(list->items[i]);
	mem_free(list->items);
	*list = (struct config_list){0};
}

static int list_add(struct config_list *list, const char *text)
{
	char **items = mem_realloc(list->items, (list->count + 1) * sizeof(*items));
	if (!items)
		return -ENOMEM;
	list->items = items;
	items[list->count] = mem_strdup(text);
	if (!items[list->count])
		return -ENOMEM;
	list->count++;
	return 0;
}

static int set_text(char **out, const char *text)
{
	char *copy = mem_strdup(text);
	if (!copy)
		return -ENOMEM;
	mem_free(*out);
	*out = copy;
	return 0;
}

/* Set the option to a value that is written as @text. Return: 0; -EINVAL; -ENOMEM. */
static int store(struct config *c, const struct config_option *o, const char *text)
{
	switch (o->type) {
	case CONFIG_BOOL:
		return parse_bool(text, field(c, o));
	case CONFIG_UINT:
		return parse_uint(text, o->min, o->max, field(c, o));
	case CONFIG_CHOICE:
		return parse_choice(text, o->unit, field(c, o));
	case CONFIG_TEXT:
		return strlen(text) > o->max ? -EINVAL : set_text(field(c, o), text);
	case CONFIG_LIST:
		return strlen(text) > o->max || text[0] == '\0' ? -EINVAL : list_add(field(c, o), text);
	}
	return -EINVAL;
}

static void describe_allowed(const struct config_option *o, char *out, size_t n)
{
	switch (o->type) {
	case CONFIG_BOOL:
		(void)snprintf(out, n, "on or off");
		break;
	case CONFIG_UINT:
		(void)snprintf(out, n, "a number from %llu to %llu (%s)", (unsigned long long)o->min,
			       (unsigned long long)o->max, o->unit);
		break;
	case CONFIG_CHOICE:
		(void)snprintf(out, n, "one of %s", o->unit);
		break;
	case CONFIG_TEXT:
	case CONFIG_LIST:
		(void)snprintf(out, n, "a text of at most %llu characters", (unsigned long long)o->max);
		break;
	}
}

/* @where: the source, for the error: "parley.conf:12", "PARLEY_TURN_REALM", "--set". */
static int set_option(struct loader *l, const char *where, const char *section, const char *key,
		      const char *text)
{
	const struct config_option *o = config_option_find(section, key);
	if (!o)
		return fail(l, -EINVAL, "%s: there is no option %s.%s (see parley check-config --example)",
			    where, section, key);
	size_t index = (size_t)(o - config_options);
	if (o->type == CONFIG_LIST && !l->given[index])
		list_clear(field(l->config, o));
	else if (o->type != CONFIG_LIST && l->given[index])
		return fail(l, -EINVAL, "%s: %s.%s is given twice", where, section, key);
	l->given[index] = 1;
	l->lines[index] = l->file ? l->line : 0;
	int rc = store(l->config, o, text);
	if (rc == -EINVAL) {
		char allowed[160];
		describe_allowed(o, allowed, sizeof(allowed));
		return fail(l, rc, "%s: %s.%s = %s: allowed is %s", where, section, key,
			    o->secret ? "(not shown)" : text, allowed);
	}
	return rc ? fail(l, rc, "out of memory") : 0;
}

static char *read_line(char *out, int size, void *arg)
{
	struct loader *l = arg;
	char *got = fgets(out, size, l->file);
	/* inih asks again for the rest of a long line: the line begins where the last newline was. */
	if (got && strchr(got, '\n'))
		l->line++;
	return got;
}

static int on_ini_value(void *arg, const char *section, const char *key, const char *text)
{
	struct loader *l = arg;
	char where[256];
	(void)snprintf(where, sizeof(where), "%s:%u", l->file_name, l->line);
	return set_option(l, where, section, key, text) == 0;
}

static int load_file(struct loader *l, const char *name)
{
	l->file = fopen(name, "re");
	if (!l->file)
		return fail(l, -errno, "%s: %s", name, strerror(errno));
	l->file_name = name;
	l->line = 0;
	ini_use_stack = false;
	ini_allow_realloc = true;
	ini_max_line = 4096;
	ini_allow_multiline = false;
	/* A secret may hold " ;". */
	ini_allow_inline_comments = false;
	ini_stop_on_first_error = true;
	int bad_line = ini_parse_stream(read_line, l, on_ini_value, l);
	if (bad_line > 0)
		fail(l, -EINVAL, "%s:%d: neither [section], key = value nor a comment", name, bad_line);
	else if (bad_line < 0)
		fail(l, -ENOMEM, "%s: out of memory", name);
	else if (ferror(l->file))
		fail(l, -EIO, "%s: read error", name);
	(void)fclose(l->file);
	l->file = NULL;
	return l->rc;
}

/* Kubernetes tells every container about a service named "parley" in variables that look like ours. */
static bool is_service_link(const char *entry)
{
	return strncmp(entry, "PARLEY_SERVICE_", 15) == 0 || strncmp(entry, "PARLEY_PORT", 11) == 0;
}

/* "PARLEY_ROOMS_MAX=5": the section is the part up to the first '_'. PARLEY_CONFIG names the file. */
static int load_variable(struct loader *l, const char *entry)
{
	static const char prefix[] = "PARLEY_";
	const char *equals = strchr(entry, '=');
	if (!equals || strncmp(entry, prefix, strlen(prefix)) != 0 ||
	    strncmp(entry, "PARLEY_CONFIG=", 14) == 0 || is_service_link(entry))
		return 0;
	char where[128];
	(void)snprintf(where, sizeof(where), "%.*s", (int)(equals - entry), entry);
	char name[128];
	size_t n = 0;
	for (const char *p = entry + strlen(prefix); p < equals && n < sizeof(name) - 1; p++)
		name[n++] = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
	name[n] = '\0';
	char *key = strchr(name, '_');
	if (!key)
		return fail(l, -EINVAL, "%s: not PARLEY_SECTION_KEY", where);
	*key++ = '\0';
	const struct config_option *o = config_option_find(name, key);
	if (!o || o->type != CONFIG_LIST || o->secret)
		return set_option(l, where, name, key, equals + 1);
	for (const char *p = equals + 1;; p++) {
		size_t len = strcspn(p, ",");
		char *item = mem_dup(p, len);
		int rc = item ? set_option(l, where, name, key, item) : fail(l, -ENOMEM, "out of memory");
		mem_free(item);
		p += len;
		if (rc || *p == '\0')
			return rc;
	}
}

static int load_set(struct loader *l, const char *text)
{
	const char *dot = strchr(text, '.');
	const char *equals = strchr(text, '=');
	char section[64];
	char key[64];
	if (!dot || !equals || dot > equals || (size_t)(dot - text) >= sizeof(section) ||
	    (size_t)(equals - dot - 1) >= sizeof(key))
		return fail(l, -EINVAL, "--set %s: not section.key=value", text);
	(void)snprintf(section, sizeof(section), "%.*s", (int)(dot - text), text);
	(void)snprintf(key, sizeof(key), "%.*s", (int)(equals - dot - 1), dot + 1);
	return set_option(l, "--set", section, key, equals + 1);
}

static void next_source(struct loader *l)
{
	memset(l->given, 0, config_options_count);
}

static int load_defaults(struct loader *l)
{
	for (size_t i = 0; i < config_options_count; i++) {
		const struct config_option *o = &config_options[i];
		if (o->type != CONFIG_LIST && set_option(l, "default", o->section, o->key, o->value))
			return l->rc;
	}
	return 0;
}

static int load_all(struct loader *l, const struct config_sources *src)
{
	int rc = load_defaults(l);
	next_source(l);
	if (rc == 0 && src->file)
		rc = load_file(l, src->file);
	next_source(l);
	for (const char *const *e = src->environment; rc == 0 && e && *e; e++)
		rc = load_variable(l, *e);
	next_source(l);
	for (size_t i = 0; rc == 0 && i < src->n_sets; i++)
		rc = load_set(l, src->sets[i]);
	return rc;
}

/* The checks of the whole, with the place of the option that they blame where a file set it. */
static int check(struct loader *l, const struct config_sources *src)
{
	char text[CONFIG_ERROR_MAX];
	const struct config_option *blamed = NULL;
	int rc = config_check(l->config, &blamed, text);
	if (rc == 0)
		return 0;
	unsigned line = blamed ? l->lines[blamed - config_options] : 0;
	if (line > 0)
		return fail(l, rc, "%s:%u: %.400s", src->file, line, text);
	return fail(l, rc, "%s", text);
}

int config_load(const struct config_sources *src, struct config **out, char *error)
{
	struct loader l = {.error = error};
	error[0] = '\0';
	l.config = mem_zalloc(sizeof(*l.config));
	l.given = mem_zalloc(config_options_count);
	l.lines = mem_zalloc(config_options_count * sizeof(*l.lines));
	int rc = l.config && l.given && l.lines ? load_all(&l, src) : fail(&l, -ENOMEM, "out of memory");
	if (rc == 0)
		rc = check(&l, src);
	mem_free(l.given);
	mem_free(l.lines);
	if (rc) {
		config_free(l.config);
		return rc;
	}
	*out = l.config;
	return 0;
}

struct config *config_free(struct config *c)
{
	if (!c)
		return NULL;
	for (size_t i = 0; i < config_options_count; i++) {
		const struct config_option *o = &config_options[i];
		if (o->type == CONFIG_TEXT)
			mem_free(*(char **)field(c, o));
		else if (o->type == CONFIG_LIST)
			list_clear(field(c, o));
	}
	mem_free(c);
	return NULL;
}

static bool lists_equal(const struct config_list *a, const struct config_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	}
	return true;
}

static bool options_equal(struct config *a, struct config *b, const struct config_option *o)
{
	switch (o->type) {
	case CONFIG_BOOL:
		return *(bool *)field(a, o) == *(bool *)field(b, o);
	case CONFIG_UINT:
	case CONFIG_CHOICE:
		return *(uint32_t *)field(a, o) == *(uint32_t *)field(b, o);
	case CONFIG_TEXT:
		return strcmp(*(char **)field(a, o), *(char **)field(b, o)) == 0;
	case CONFIG_LIST:
		return lists_equal(field(a, o), field(b, o));
	}
	return false;
}

/* Swapping instead of copying cannot fail; @b is freed by its owner. */
static void swap_option(struct config *a, struct config *b, const struct config_option *o)
{
	if (o->type == CONFIG_TEXT) {
		char *text = *(char **)field(a, o);
		*(char **)field(a, o) = *(char **)field(b, o);
		*(char **)field(b, o) = text;
	} else if (o->type == CONFIG_LIST) {
		struct config_list list = *(struct config_list *)field(a, o);
		*(struct config_list *)field(a, o) = *(struct config_list *)field(b, o);
		*(struct config_list *)field(b, o) = list;
	} else {
		*(uint32_t *)field(a, o) = *(uint32_t *)field(b, o);
	}
}

size_t config_reload(struct config *c, struct config *fresh)
{
	size_t need_restart = 0;
	for (size_t i = 0; i < config_options_count; i++) {
		const struct config_option *o = &config_options[i];
		if (options_equal(c, fresh, o))
			continue;
		if (o->reloadable) {
			swap_option(c, fresh, o);
			continue;
		}
		log_warn("a changed option needs a restart option=%s.%s", o->section, o->key);
		need_restart++;
	}
	return need_restart;
}

bool config_tls(const struct config *c)
{
	return c->tls.cert[0] != '\0' || c->tls.self_signed;
}

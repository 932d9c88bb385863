/* The API's document and the server's table name the same paths and methods. tests/api/openapi.test.mjs holds
 * the rest of the document against the server. */
#include "app/api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define OPERATIONS_MAX 200

struct operation {
	char path[96];
	enum http_method method;
	bool served;
};

static const char *document;
static struct operation operations[OPERATIONS_MAX];
static size_t n_operations;

static const struct {
	const char *line;
	enum http_method method;
} methods[] = {
	{"    get:\n", HTTP_M_GET},     {"    post:\n", HTTP_M_POST},     {"    put:\n", HTTP_M_PUT},
	{"    patch:\n", HTTP_M_PATCH}, {"    delete:\n", HTTP_M_DELETE},
};

/* Paths and methods stand in lines of their own, by their indentation. */
static int read_document(void **state)
{
	char line[512], path[96] = "";
	bool in_paths = false;
	FILE *f = fopen(document, "r");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		if (line[0] != ' ' && line[0] != '-')
			in_paths = strcmp(line, "paths:\n") == 0;
		if (in_paths && strncmp(line, "  /", 3) == 0 && sscanf(line, " %95[^:\n]:", path) != 1)
			break;
		for (size_t i = 0; in_paths && n_operations < OPERATIONS_MAX && i < ARRAY_LEN(methods); i++) {
			if (strcmp(line, methods[i].line) != 0)
				continue;
			struct operation *o = &operations[n_operations++];
			memcpy(o->path, path, sizeof(o->path));
			o->method = methods[i].method;
		}
	}
	(void)fclose(f);
	return n_operations > 0 ? 0 : -1;
}

static void find_route(void *arg, const struct api_route *r)
{
	size_t *missing = arg;
	for (size_t i = 0; i < n_operations; i++) {
		if (operations[i].method == r->method && strcmp(operations[i].path, r->path) == 0) {
			operations[i].served = true;
			return;
		}
	}
	print_error("not in the document: %s method %d\n", r->path, (int)r->method);
	++*missing;
}

static void every_route_is_in_the_document(void **state)
{
	size_t missing = 0;
	api_each_route(find_route, &missing);
	assert_int_equal(missing, 0);
}

static void all_of_the_document_is_served(void **state)
{
	size_t missing = 0;
	for (size_t i = 0; i < n_operations; i++) {
		if (operations[i].served || strcmp(operations[i].path, "/healthz") == 0)
			continue;
		print_error("not served: %s method %d\n", operations[i].path, (int)operations[i].method);
		missing++;
	}
	assert_int_equal(missing, 0);
}

/* What fits is found, with its parameters; what nearly fits is not. */
static void paths_fit_or_do_not(void **state)
{
	struct api_match m;
	api_match("/api/v1/rooms/abc/enter", HTTP_M_POST, &m);
	assert_int_equal(m.count, 2);
	assert_string_equal(m.params[0], "abc");
	assert_string_equal(m.allow, "POST");
	static const char *const wrong[] = {
		"/api/v1/rooms/abc/enter/",
		"/api/v1/rooms//enter",
		"/api/v1/rooms/",
		"/api/v1",
		"/api/v1/Rooms",
		"/api/v1/admin/users/invite/x",
		"/api/v2/rooms",
	};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		api_match(wrong[i], HTTP_M_POST, &m);
		assert_int_equal(m.count, 0);
		assert_string_equal(m.allow, "");
	}
}

/* The row is chosen by what the body has. */
static void rows_are_chosen_by_the_body(void **state)
{
	static const struct {
		const char *body;
		enum api_where where;
	} cases[] = {
		{"{}", API_ON_LOOP},
		{"{\"knock\": true}", API_ON_LOOP},
		{"{\"name\": \"x\"}", API_ON_DB},
		{"{\"password\": \"x\", \"name\": \"x\"}", API_ON_HASH},
	};
	struct api_match m;
	api_match("/api/v1/rooms", HTTP_M_POST, &m);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_t *body = json_loads(cases[i].body, 0, NULL);
		assert_non_null(body);
		assert_int_equal(api_choose(&m, body)->where, cases[i].where);
		json_decref(body);
	}
	assert_int_equal(api_choose(&m, NULL)->where, API_ON_LOOP);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_route_is_in_the_document),
		cmocka_unit_test(all_of_the_document_is_served),
		cmocka_unit_test(paths_fit_or_do_not),
		cmocka_unit_test(rows_are_chosen_by_the_body),
	};
	if (argc != 2)
		return 2;
	document = argv[1];
	return cmocka_run_group_tests_name("openapi", tests, read_document, NULL);
}

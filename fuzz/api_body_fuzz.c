/* Bodies and queries of API requests: what passes the table has the form of the table. */
#include "app/api_body.h"
#include "base/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct api_field fields[] = {
	{"email", API_TEXT, true, 64},  {"on", API_BOOL, false, 0},  {"n", API_UINT, false, 1000},
	{"words", API_WORDS, false, 4}, {"any", API_ANY, false, 64}, {0},
};

static void check(json_t *body)
{
	json_t *errors = NULL;
	bool unknown = false;
	int rc = api_body_check(body, fields, &errors, &unknown);
	assert(rc == 0 || (rc == 422 && json_array_size(errors) > 0));
	if (rc == 0) {
		json_t *email = json_object_get(body, "email"), *num = json_object_get(body, "n");
		assert(json_is_string(email) && json_string_length(email) <= 64);
		assert(strlen(json_string_value(email)) == json_string_length(email));
		assert(!num || (json_integer_value(num) >= 0 && json_integer_value(num) <= 1000));
		assert(json_object_size(body) <= 5);
	}
	json_decref(errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	json_t *body = NULL;
	const char *detail = NULL;
	char value[64];
	int rc = api_body_parse(data, n, &body, &detail);
	assert(rc == 0 ? body != NULL : rc == 400 && detail);
	if (rc == 0)
		check(body);
	api_body_forget(body);
	char *query = malloc(n + 1);
	assert(query);
	if (n)
		memcpy(query, data, n);
	query[n] = '\0';
	if (api_query_find(query, "q", value, sizeof(value)) == 0)
		assert(text_is_utf8((const uint8_t *)value, strlen(value)));
	free(query);
	return 0;
}

/* The form of what a request brings: JSON bodies and queries. Pure. */
#ifndef PARLEY_APP_API_BODY_H
#define PARLEY_APP_API_BODY_H

#include "app/api_call.h"

#define API_BODY_DEPTH 4 /* of arrays and objects in each other; ours has two */

/**
 * api_body_parse() - one JSON object, without duplicate keys
 * Bytes that are not UTF-8, and halves of surrogate pairs, become the noncharacter U+FFFF, by which
 * api_body_check() knows the field.
 * Return: 0, with @out the caller's; 400 with *@detail; -ENOMEM.
 */
int api_body_parse(const uint8_t *data, size_t n, json_t **out, const char **detail) MUST_CHECK;

/**
 * api_body_check() - has @body what @fields says, and nothing else?
 * Return: 0; 422 with @errors, an array of {field, reason} that is the caller's, and whether a field was
 * @unknown; -ENOMEM.
 */
int api_body_check(json_t *body, const struct api_field *fields, json_t **errors, bool *unknown) MUST_CHECK;

/** api_body_forget() - overwrite all texts, as there are passwords among them, and give @body back.
 * NULL-safe. */
void api_body_forget(json_t *body);

/** api_query_find() - of a query string: percent-decoded, '+' is a space. Return: 0, "" if absent; -EINVAL: a
 * broken escape, a control character, not UTF-8, too long, or twice. */
int api_query_find(const char *query, const char *name, char *out, size_t size) MUST_CHECK;

#endif

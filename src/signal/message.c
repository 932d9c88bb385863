/*
 * Decodes the messages of docs/protocol.md. One function a type; each says which field is wrong by its name
 * in the protocol. The steps are apart (id, type, ack, body) because what may be answered depends on how far
 * one got.
 *
 * Thread: any; no state.
 */
#include "signal/message.h"

#include "base/text.h"
#include "signal/candidate.h"
#include "signal/ids.h"
#include "signal/sdp.h"

#include <assert.h>
#include <string.h>

#define MID_MAX    32
#define UFRAG_MAX  256
#define MLINE_MAX  63
#define TICKET_MAX 512
#define PASS_MAX   128

/* A message being decoded. */
struct body {
	const struct sig_json *doc;
	const struct sig_json_value *root;
	struct sig_msg *m;
	size_t sdp_bytes;
};

static int bad(struct sig_msg *m, const char *field, int code)
{
	m->field = field;
	return code;
}

/* A member, where null is the same as none. */
static const struct sig_json_value *get(const struct body *b, const struct sig_json_value *object,
					const char *key)
{
	const struct sig_json_value *v = sig_json_get(b->doc, object, key);

	return v && v->type != SIG_JSON_NULL ? v : NULL;
}

/* The key is what follows the last dot of the field's name. */
static const char *key_of(const char *field)
{
	const char *dot = strrchr(field, '.');

	return dot ? dot + 1 : field;
}

static int get_string(struct body *b, const struct sig_json_value *object, const char *field,
		      struct sig_str *out)
{
	const struct sig_json_value *v = get(b, object, key_of(field));

	if (!v || v->type != SIG_JSON_STRING)
		return bad(b->m, field, SIG_E_BAD_FIELD);
	*out = v->str;
	return 0;
}

/* Leaves @out alone where there is none. */
static int get_optional_string(struct body *b, const struct sig_json_value *object, const char *field,
			       struct sig_str *out)
{
	return get(b, object, key_of(field)) ? get_string(b, object, field, out) : 0;
}

static int get_bool(struct body *b, const struct sig_json_value *object, const char *field, bool *out)
{
	const struct sig_json_value *v = get(b, object, key_of(field));

	if (!v || v->type != SIG_JSON_BOOL)
		return bad(b->m, field, SIG_E_BAD_FIELD);
	*out = v->b;
	return 0;
}

static int get_int(struct body *b, const struct sig_json_value *object, const char *field, int64_t *out)
{
	const struct sig_json_value *v = get(b, object, key_of(field));

	if (!v || v->type != SIG_JSON_INT || v->i < 0)
		return bad(b->m, field, SIG_E_BAD_FIELD);
	*out = v->i;
	return 0;
}

static int check_sdp(struct body *b, const char *field, struct sig_str sdp)
{
	if (sdp.n > b->sdp_bytes || sig_sdp_check(sdp.p, sdp.n))
		return bad(b->m, field, SIG_E_BAD_SDP);
	return 0;
}

static int decode_resume(struct body *b, const struct sig_json_value *resume)
{
	struct sig_msg_hello *h = &b->m->hello;
	int64_t last_seq = 0;
	int rc;

	if (resume->type != SIG_JSON_OBJECT)
		return bad(b->m, "resume", SIG_E_BAD_FIELD);
	h->resume = true;
	if (get(b, resume, "fresh") && (rc = get_bool(b, resume, "resume.fresh", &h->fresh)))
		return rc;
	if ((rc = get_string(b, resume, "resume.session", &h->session)) ||
	    (rc = get_string(b, resume, "resume.token", &h->token)))
		return rc;
	if ((!h->fresh || get(b, resume, "last_seq")) &&
	    (rc = get_int(b, resume, "resume.last_seq", &last_seq)))
		return rc;
	h->last_seq = (uint64_t)last_seq;
	return 0;
}

static int decode_hello(struct body *b)
{
	const struct sig_json_value *resume = get(b, b->root, "resume");

	b->m->hello = (struct sig_msg_hello){0};
	return resume ? decode_resume(b, resume) : 0;
}

static int decode_media_object(struct body *b, const struct sig_json_value *media)
{
	int rc;

	if (media->type != SIG_JSON_OBJECT)
		return bad(b->m, "media", SIG_E_BAD_FIELD);
	if ((rc = get_bool(b, media, "media.audio", &b->m->join.media.audio)))
		return rc;
	return get_bool(b, media, "media.video", &b->m->join.media.video);
}

static int decode_name(struct body *b, struct sig_str *out)
{
	struct sig_str raw;
	int rc = get_string(b, b->root, "name", &raw);

	if (rc)
		return rc;
	if (text_clean_name(raw.p, raw.n, SIG_NAME_MAX_CHARS, SIG_NAME_MAX_BYTES, &out->p, &out->n))
		return bad(b->m, "name", SIG_E_BAD_NAME);
	return 0;
}

static int decode_join(struct body *b)
{
	struct sig_msg_join *j = &b->m->join;
	const struct sig_json_value *media = get(b, b->root, "media");
	struct sig_str room;
	int rc;

	*j = (struct sig_msg_join){0};
	if ((rc = get_string(b, b->root, "room", &room)))
		return rc;
	if (sig_room_id_parse(room, j->room))
		return bad(b->m, "room", SIG_E_BAD_FIELD);
	if ((rc = decode_name(b, &j->name)) || (media && (rc = decode_media_object(b, media))) ||
	    (rc = get_optional_string(b, b->root, "offer", &j->offer)) ||
	    (rc = get_optional_string(b, b->root, "ticket", &j->ticket)) ||
	    (rc = get_optional_string(b, b->root, "pass", &j->pass)))
		return rc;
	if (j->ticket.n > TICKET_MAX)
		return bad(b->m, "ticket", SIG_E_BAD_FIELD);
	if (j->pass.n > PASS_MAX)
		return bad(b->m, "pass", SIG_E_BAD_FIELD);
	return j->offer.p ? check_sdp(b, "offer", j->offer) : 0;
}

static int decode_description(struct body *b, const struct sig_json_value *d)
{
	struct sig_msg_signal *s = &b->m->signal;
	struct sig_str type;
	int rc;

	if (d->type != SIG_JSON_OBJECT)
		return bad(b->m, "description", SIG_E_BAD_FIELD);
	if ((rc = get_string(b, d, "description.type", &type)))
		return rc;
	if (sig_str_is(type, "rollback")) {
		s->kind = SIG_K_ROLLBACK;
		rc = get_optional_string(b, d, "description.sdp", &s->sdp);
		return rc || s->sdp.n == 0 ? rc : bad(b->m, "description.sdp", SIG_E_BAD_FIELD);
	}
	if (sig_str_is(type, "offer"))
		s->kind = SIG_K_OFFER;
	else if (sig_str_is(type, "answer"))
		s->kind = SIG_K_ANSWER;
	else
		return bad(b->m, "description.type", SIG_E_BAD_FIELD);
	rc = get_string(b, d, "description.sdp", &s->sdp);
	return rc ? rc : check_sdp(b, "description.sdp", s->sdp);
}

static int decode_ufrag(struct body *b, const struct sig_json_value *object, const char *field)
{
	struct sig_str *ufrag = &b->m->signal.ufrag;
	int rc = get_optional_string(b, object, field, ufrag);

	if (rc)
		return rc;
	return ufrag->n > UFRAG_MAX ? bad(b->m, field, SIG_E_BAD_CANDIDATE) : 0;
}

static int decode_candidate(struct body *b, const struct sig_json_value *c)
{
	struct sig_msg_signal *s = &b->m->signal;
	int64_t line = -1;
	int rc;

	s->kind = SIG_K_CANDIDATE;
	if (c->type != SIG_JSON_OBJECT)
		return bad(b->m, "candidate", SIG_E_BAD_FIELD);
	if ((rc = get_string(b, c, "candidate.candidate", &s->candidate)) ||
	    (rc = get_optional_string(b, c, "candidate.sdpMid", &s->mid)) ||
	    (get(b, c, "sdpMLineIndex") && (rc = get_int(b, c, "candidate.sdpMLineIndex", &line))) ||
	    (rc = decode_ufrag(b, c, "candidate.usernameFragment")))
		return rc;
	if (sig_candidate_check(s->candidate.p, s->candidate.n))
		return bad(b->m, "candidate.candidate", SIG_E_BAD_CANDIDATE);
	if (s->mid.n > MID_MAX)
		return bad(b->m, "candidate.sdpMid", SIG_E_BAD_CANDIDATE);
	if (line > MLINE_MAX)
		return bad(b->m, "candidate.sdpMLineIndex", SIG_E_BAD_CANDIDATE);
	s->line = (int)line;
	return 0;
}

static int decode_end(struct body *b, const struct sig_json_value *end)
{
	b->m->signal.kind = SIG_K_END;
	if (end->type != SIG_JSON_BOOL || !end->b)
		return bad(b->m, "end_of_candidates", SIG_E_BAD_FIELD);
	return decode_ufrag(b, b->root, "usernameFragment");
}

static int decode_signal(struct body *b)
{
	const struct sig_json_value *description = get(b, b->root, "description");
	const struct sig_json_value *candidate = get(b, b->root, "candidate");
	const struct sig_json_value *end = get(b, b->root, "end_of_candidates");
	int rc;

	b->m->signal = (struct sig_msg_signal){.line = -1};
	if ((rc = get_optional_string(b, b->root, "to", &b->m->signal.to)))
		return rc;
	if (description && !candidate && !end)
		return decode_description(b, description);
	if (candidate && !description && !end)
		return decode_candidate(b, candidate);
	if (end && !description && !candidate)
		return decode_end(b, end);
	/* None of them, or more than one. */
	return bad(b->m, candidate ? "candidate" : "description", SIG_E_BAD_FIELD);
}

static int decode_participant(struct body *b)
{
	return get_string(b, b->root, "participant", &b->m->participant);
}

/* Leaves @out alone where there is none. */
static int get_optional_bool(struct body *b, const char *field, int *out)
{
	bool value = false;

	if (!get(b, b->root, field))
		return 0;
	int rc = get_bool(b, b->root, field, &value);
	if (!rc)
		*out = value;
	return rc;
}

static int decode_room_update(struct body *b)
{
	struct sig_msg_door *d = &b->m->door;
	int rc;

	*d = (struct sig_msg_door){-1, -1};
	if ((rc = get_optional_bool(b, "knock", &d->knock)) ||
	    (rc = get_optional_bool(b, "locked", &d->locked)))
		return rc;
	return d->knock < 0 && d->locked < 0 ? bad(b->m, "knock", SIG_E_BAD_FIELD) : 0;
}

static int decode_media(struct body *b)
{
	int rc = get_bool(b, b->root, "audio", &b->m->media.audio);

	return rc ? rc : get_bool(b, b->root, "video", &b->m->media.video);
}

static int decode_ack(struct body *b)
{
	return get(b, b->root, "ack") ? 0 : bad(b->m, "ack", SIG_E_BAD_FIELD);
}

static const struct {
	const char *name;
	int (*decode)(struct body *b); /* NULL: no fields */
} types[SIG_T_COUNT] = {
	[SIG_T_SIGNAL] = {"signal", decode_signal},
	[SIG_T_ACK] = {"ack", decode_ack},
	[SIG_T_PING] = {"ping", NULL},
	[SIG_T_MEDIA] = {"media", decode_media},
	[SIG_T_ICE] = {"ice", NULL},
	[SIG_T_HELLO] = {"hello", decode_hello},
	[SIG_T_JOIN] = {"join", decode_join},
	[SIG_T_LEAVE] = {"leave", NULL},
	[SIG_T_ADMIT] = {"admit", decode_participant},
	[SIG_T_REFUSE] = {"refuse", decode_participant},
	[SIG_T_ROOM_UPDATE] = {"room.update", decode_room_update},
	[SIG_T_REMOVE] = {"remove", decode_participant},
	[SIG_T_MAKE_HOST] = {"make_host", decode_participant},
	[SIG_T_END] = {"end", NULL},
	[SIG_T_CLOSING] = {"closing", NULL},
};

int sig_msg_id(const struct sig_json *doc, struct sig_msg *m)
{
	struct body b = {.doc = doc, .root = &doc->v[0], .m = m};
	int64_t id = 0;

	m->id = 0;
	m->field = NULL;
	if (!get(&b, b.root, "id"))
		return 0; /* whether it may be missing depends on the type */
	int rc = get_int(&b, b.root, "id", &id);
	if (rc || id == 0)
		return bad(m, "id", SIG_E_BAD_FIELD);
	m->id = (uint64_t)id;
	return 0;
}

int sig_msg_type(const struct sig_json *doc, struct sig_msg *m)
{
	struct body b = {.doc = doc, .root = &doc->v[0], .m = m};
	struct sig_str name;
	int rc = get_string(&b, b.root, "type", &name);

	if (rc)
		return rc;
	for (int i = 0; i < SIG_T_COUNT; i++) {
		if (!sig_str_is(name, types[i].name))
			continue;
		m->type = (enum sig_type)i;
		return m->id || m->type == SIG_T_ACK ? 0 : bad(m, "id", SIG_E_BAD_FIELD);
	}
	return bad(m, "type", SIG_E_BAD_TYPE);
}

int sig_msg_ack(const struct sig_json *doc, struct sig_msg *m)
{
	struct body b = {.doc = doc, .root = &doc->v[0], .m = m};
	int64_t ack = 0;

	m->ack = 0;
	if (!get(&b, b.root, "ack"))
		return 0;
	int rc = get_int(&b, b.root, "ack", &ack);
	m->ack = (uint64_t)ack;
	return rc;
}

int sig_msg_body(const struct sig_json *doc, struct sig_msg *m, size_t sdp_bytes)
{
	struct body b = {.doc = doc, .root = &doc->v[0], .m = m, .sdp_bytes = sdp_bytes};

	assert(m->type < SIG_T_COUNT);
	return types[m->type].decode ? types[m->type].decode(&b) : 0;
}

/*
 * Rooms as wholes: made for one call or put in place for their owner, found, looked at, ended.
 *
 * A room that lasts lives in the database; what is here is its presence while it is used, and goes like any
 * other when nobody is in it. Thread: control loop.
 */
#include "signal/core.h"

#include "base/mem.h"
#include "signal/ids.h"

#include <assert.h>
#include <errno.h>

#define DRAW_TRIES 4

static void room_empty(struct wheel_timer *t, uint64_t now_ms)
{
	sig_room_free(CONTAINER_OF(t, struct sig_room, empty_timer));
}

static void give_way(struct signal *s)
{
	if (s->rooms.count > s->limits.rooms)
		sig_room_free(LIST_ENTRY(s->unused.next, struct sig_room, unused));
}

static void draw_pass_generation(struct sig_room *r)
{
	struct signal *s = r->s;

	s->rand(s->rand_arg, (uint8_t *)&r->pass_generation, sizeof(r->pass_generation));
}

int sig_room_new(struct signal *s, const char *id, bool knock, struct sig_room **out)
{
	if (s->rooms.count >= s->limits.rooms && list_empty(&s->unused))
		return -ENOSPC;
	struct sig_room *r = mem_zalloc(sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->s = s;
	r->knock = knock;
	list_init(&r->members);
	list_init(&r->waiting);
	list_init(&r->unused);
	memcpy(r->id, id, sizeof(r->id));
	wheel_timer_init(&r->empty_timer, room_empty);
	int rc = map_insert(&s->rooms, &r->node, r->id, SIGNAL_ROOM_ID_LEN);
	if (rc) {
		mem_free(r);
		return rc;
	}
	/* Only now that nothing can fail; this room is not among them yet. */
	give_way(s);
	list_append(&s->unused, &r->unused);
	/* A minute's knocks, counted in sixtieths of a knock. */
	bucket_init(&r->knocks, 60 * s->limits.knocks_per_min, s->now.mono_ms);
	wheel_start(&s->wheel, &r->empty_timer, s->now.mono_ms + s->limits.room_unused_ms);
	draw_pass_generation(r);
	*out = r;
	return 0;
}

struct sig_room *sig_room_free(struct sig_room *r)
{
	assert(list_empty(&r->members) && list_empty(&r->waiting));
	wheel_stop(&r->s->wheel, &r->empty_timer);
	list_unlink(&r->unused);
	map_remove(&r->s->rooms, &r->node);
	mem_free(r->removed);
	mem_free(r->name);
	mem_free(r);
	return NULL;
}

struct sig_room *sig_room_find(const struct signal *s, const char *id)
{
	struct map_node *node = map_find(&s->rooms, id, SIGNAL_ROOM_ID_LEN);

	return node ? CONTAINER_OF(node, struct sig_room, node) : NULL;
}

int signal_room_create(struct signal *s, int knock, struct signal_time now, char id[SIGNAL_ROOM_ID_LEN + 1])
{
	char drawn[SIGNAL_ROOM_ID_LEN + 1];
	struct sig_room *r;
	int rc = -EEXIST;

	s->now = now;
	for (int i = 0; i < DRAW_TRIES && rc == -EEXIST; i++) {
		sig_room_id_draw(s->rand, s->rand_arg, drawn);
		rc = sig_room_new(s, drawn, knock < 0 ? s->knock : knock, &r);
	}
	if (rc)
		return rc;
	memcpy(id, drawn, sizeof(drawn));
	return 0;
}

int signal_room_id(struct signal *s, char id[SIGNAL_ROOM_ID_LEN + 1])
{
	char drawn[SIGNAL_ROOM_ID_LEN + 1];

	for (int i = 0; i < DRAW_TRIES; i++) {
		sig_room_id_draw(s->rand, s->rand_arg, drawn);
		if (sig_room_find(s, drawn))
			continue;
		memcpy(id, drawn, sizeof(drawn));
		return 0;
	}
	return -EEXIST;
}

int signal_room_id_parse(const char *text, char id[SIGNAL_ROOM_ID_LEN + 1])
{
	return sig_room_id_parse((struct sig_str){text, strlen(text)}, id);
}

/* The members see it only where something changes that they are told. */
static bool is_news(const struct sig_room *r, const struct signal_room_info *info)
{
	return !r->name || strcmp(r->name, info->name) != 0 || r->knock != info->knock ||
	       r->locked != info->locked || strcmp(r->owner, info->owner) != 0;
}

/* What nothing can keep from happening. @name: taken over. */
static void set_policy(struct sig_room *r, const struct signal_room_info *info, char *name)
{
	mem_free(r->name);
	r->name = name;
	if (info->new_password)
		draw_pass_generation(r);
	r->lasting = true;
	r->knock = info->knock;
	r->locked = info->locked;
	r->kept_knock = info->knock;
	r->kept_locked = info->locked;
	r->guests = info->guests;
	r->password = info->password;
	memcpy(r->owner, info->owner, strlen(info->owner) + 1);
	r->first_host[0] = '\0';
}

int signal_room_load(struct signal *s, const struct signal_room_info *info, struct signal_time now)
{
	struct sig_room *r = sig_room_find(s, info->id);
	int rc = 0;

	assert(info->owner[0] && strlen(info->owner) < sizeof(r->owner));
	s->now = now;
	char *name = mem_strdup(info->name);
	if (!name)
		return -ENOMEM;
	if (!r)
		rc = sig_room_new(s, info->id, info->knock, &r);
	if (rc) {
		mem_free(name);
		return rc;
	}
	bool news = is_news(r, info);
	set_policy(r, info, name);
	/* Somebody has just opened its page: they have the whole time to come in. */
	if (wheel_timer_active(&r->empty_timer))
		wheel_start(&s->wheel, &r->empty_timer, s->now.mono_ms + s->limits.room_unused_ms);
	if (!news)
		return 0;
	LIST_FOREACH (node, &r->members)
		sig_send_room_updated(SIG_SESSION_OF(node), 0);
	sig_room_owner_hosts(r);
	return 0;
}

static struct signal_room_view view_of(const struct sig_room *r)
{
	struct signal_room_view v = {
		.name = r->name ? r->name : "",
		.knock = r->knock,
		.locked = r->locked,
		.guests = !r->lasting || r->guests,
		.password = r->password,
		.members = r->n_members,
		.waiting = r->n_waiting,
		.since_ms = r->since_ms,
	};

	memcpy(v.id, r->id, sizeof(v.id));
	memcpy(v.owner, r->owner, sizeof(v.owner));
	return v;
}

bool signal_room_view(const struct signal *s, const char *id, struct signal_room_view *out)
{
	const struct sig_room *r = strlen(id) == SIGNAL_ROOM_ID_LEN ? sig_room_find(s, id) : NULL;

	if (r)
		*out = view_of(r);
	return r;
}

void signal_rooms(const struct signal *s, signal_room_fn fn, void *arg)
{
	for (size_t i = 0; i < s->rooms.n_slots; i++) {
		for (struct map_node *n = s->rooms.slots[i]; n; n = n->next) {
			struct signal_room_view v = view_of(CONTAINER_OF(n, struct sig_room, node));
			fn(arg, &v);
		}
	}
}

int signal_room_end(struct signal *s, const char *id, enum signal_end why, struct signal_time now)
{
	struct sig_room *r = strlen(id) == SIGNAL_ROOM_ID_LEN ? sig_room_find(s, id) : NULL;

	if (!r)
		return -ENOENT;
	s->now = now;
	sig_room_dismiss(r, NULL, 0, why == SIGNAL_END_DELETED ? "deleted" : "admin");
	sig_room_free(r);
	return 0;
}

/*
 * For each room about which the database is to be asked or told there is one struct kept, and one job at a
 * time, so that what is written last is what was said last. Where the database does not answer it is tried
 * again until it does: a host's lock is not lost to an outage.
 *
 * Of a room that is in use the door is what signalling says it is, and the database follows; what the owner
 * changes by the API goes the other way, and is then read once more, as two changes may have come here in
 * another order than into the database.
 *
 * Thread: the control loop's, but for work(), which is the pool's.
 */
#include "app/room_keeper.h"

#include "app/accounts_run.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"

#include <string.h>

#define RETRY_MS 2000
#define TURNS    256

struct kept {
	struct pool_job job;
	struct map_node node;
	struct wheel_timer retry;
	struct room_keeper *keeper;
	char id[ACCOUNT_ROOM_ID_LEN + 1];
	bool busy; /* a job is under way: the next fields are its thread's */
	bool saving;
	struct account_room_change change;
	int result;
	struct account_room room;
	/* What is to be done after it. */
	bool save, look_up;
	bool knock, locked;
	bool new_password;
};

struct room_keeper {
	struct service *service;
	struct accounts *accounts;
	struct map kept;
	uint32_t turns[TURNS];
	bool stopping;
};

struct room_keeper *room_keeper_new(struct service *s)
{
	uint8_t hash_key[MAP_HASH_KEY_BYTES];
	struct room_keeper *k = mem_zalloc(sizeof(*k));
	if (!k)
		return NULL;
	k->service = s;
	k->accounts = s->accounts->accounts;
	rand_bytes(NULL, hash_key, sizeof(hash_key));
	map_init(&k->kept, hash_key);
	return k;
}

/* ---- turns ---- */

/* Who shares a turn with another is asked to try again once in a while for nothing. */
static size_t turn_of(const char *room)
{
	uint32_t h = 2166136261u;
	for (; *room; room++)
		h = (h ^ (uint8_t)*room) * 16777619u;
	return (h ^ h >> 16) % TURNS;
}

uint32_t room_keeper_turn(const struct room_keeper *k, const char *room)
{
	return k->turns[turn_of(room)];
}

/* ---- signalling ---- */

int room_keeper_load(struct room_keeper *k, const struct account_room *r, bool new_password)
{
	struct service *s = k->service;
	const struct signal_room_info info = {
		.id = r->id,
		.owner = r->owner,
		.name = r->name,
		.knock = r->knock,
		.locked = r->locked,
		.guests = r->guests,
		.password = r->password,
		.new_password = new_password,
	};
	int rc = signal_room_load(s->signal, &info, service_time(s));
	service_arm_signal(s);
	return rc;
}

/* Of a room that nobody uses nothing is to be in memory. */
static void load_if_used(struct room_keeper *k, const struct account_room *r, bool new_password)
{
	struct signal_room_view v;
	if (!signal_room_view(k->service->signal, r->id, &v))
		return;
	int rc = room_keeper_load(k, r, new_password || v.password != r->password);
	if (rc)
		log_error("cannot change a room that is in use error=%s", strerror(-rc));
}

static void end_room(struct room_keeper *k, const char *room)
{
	struct service *s = k->service;
	/* -ENOENT: nobody has used it. */
	if (signal_room_end(s->signal, room, SIGNAL_END_DELETED, service_time(s)) == 0)
		service_arm_signal(s);
}

/* ---- one room ---- */

static struct kept *find(const struct room_keeper *k, const char *room)
{
	struct map_node *node = map_find(&k->kept, room, strlen(room));
	return node ? CONTAINER_OF(node, struct kept, node) : NULL;
}

static void go_on(struct kept *k);

static void on_retry(struct wheel_timer *t, uint64_t now_ms)
{
	go_on(CONTAINER_OF(t, struct kept, retry));
}

static struct kept *find_or_make(struct room_keeper *keeper, const char *room)
{
	struct kept *k = find(keeper, room);
	if (k || strlen(room) != ACCOUNT_ROOM_ID_LEN)
		return k;
	k = mem_zalloc(sizeof(*k));
	if (!k) {
		log_error("out of memory: a change of a room is not kept");
		return NULL;
	}
	k->keeper = keeper;
	memcpy(k->id, room, sizeof(k->id));
	wheel_timer_init(&k->retry, on_retry);
	if (map_insert(&keeper->kept, &k->node, k->id, ACCOUNT_ROOM_ID_LEN) == 0)
		return k;
	log_error("out of memory: a change of a room is not kept");
	mem_free(k);
	return NULL;
}

static void forget(struct kept *k)
{
	loop_timer_stop(&k->keeper->service->loop, &k->retry);
	map_remove(&k->keeper->kept, &k->node);
	mem_free(k);
}

static void work(struct pool_job *job)
{
	struct kept *k = CONTAINER_OF(job, struct kept, job);
	struct account_fault fault;
	if (k->saving)
		k->result =
			account_room_update(k->keeper->accounts, NULL, k->id, &k->change, &fault, &k->room);
	else
		k->result = account_room_get(k->keeper->accounts, k->id, (int64_t)clock_wall_ms() * 1000,
					     &k->room);
}

static void take_change(struct kept *k)
{
	k->saving = k->save;
	k->change = (struct account_room_change){.knock = k->knock, .guests = -1, .locked = k->locked};
	k->save = k->look_up = false;
}

/* What has been said since then counts; the rest is to be done again. */
static void put_back(struct kept *k)
{
	k->save |= k->saving;
	k->look_up |= !k->saving;
	if (!k->keeper->stopping)
		loop_timer_start(&k->keeper->service->loop, &k->retry, RETRY_MS);
}

static void done(struct pool_job *job, bool ran)
{
	struct kept *k = CONTAINER_OF(job, struct kept, job);
	k->busy = false;
	if (!ran || k->result < 0) {
		put_back(k);
		return;
	}
	if (k->result) {
		k->save = k->look_up = false;
		end_room(k->keeper, k->id);
	} else if (!k->save && !k->saving) {
		load_if_used(k->keeper, &k->room, k->new_password);
		k->new_password = false;
	}
	go_on(k);
}

static void go_on(struct kept *k)
{
	struct accounts_run *run = k->keeper->service->accounts;
	if (k->busy || k->keeper->stopping)
		return;
	if (!k->save && !k->look_up) {
		forget(k);
		return;
	}
	loop_timer_stop(&k->keeper->service->loop, &k->retry);
	take_change(k);
	k->job.run = work;
	k->job.done = done;
	k->busy = run->ready && pool_submit(run->db, &k->job) == 0;
	if (!k->busy)
		put_back(k);
}

/* ---- what is said ---- */

void room_keeper_look_up(struct room_keeper *keeper, const char *room)
{
	struct kept *k = find_or_make(keeper, room);
	if (!k)
		return;
	k->look_up = true;
	go_on(k);
}

void room_keeper_save(struct room_keeper *keeper, const char *room, bool knock, bool locked)
{
	struct kept *k = find_or_make(keeper, room);
	if (!k)
		return;
	k->knock = knock;
	k->locked = locked;
	k->save = true;
	go_on(k);
}

bool room_keeper_busy(const struct room_keeper *k, const char *room)
{
	return find(k, room) != NULL;
}

void room_keeper_changed(struct room_keeper *keeper, const struct account_room *r, bool new_password)
{
	struct signal_room_view v;
	keeper->turns[turn_of(r->id)]++;
	if (!signal_room_view(keeper->service->signal, r->id, &v))
		return;
	struct kept *k = find(keeper, r->id);
	if (k) {
		k->new_password |= new_password;
	} else {
		load_if_used(keeper, r, new_password);
		k = find_or_make(keeper, r->id);
	}
	if (!k)
		return;
	k->look_up = true;
	go_on(k);
}

void room_keeper_removed(struct room_keeper *k, const char *room)
{
	k->turns[turn_of(room)]++;
	end_room(k, room);
}

/* ---- all rooms of somebody ---- */

struct owned {
	const char *owner;
	char ids[32][SIGNAL_ROOM_ID_LEN + 1];
	size_t count;
};

static void collect(void *arg, const struct signal_room_view *room)
{
	struct owned *o = arg;
	if (o->count < ARRAY_LEN(o->ids) && strcmp(room->owner, o->owner) == 0)
		memcpy(o->ids[o->count++], room->id, sizeof(room->id));
}

void room_keeper_owner_gone(struct room_keeper *k, const char *account)
{
	struct owned o = {.owner = account};
	do {
		o.count = 0;
		signal_rooms(k->service->signal, collect, &o);
		for (size_t i = 0; i < o.count; i++)
			room_keeper_removed(k, o.ids[i]);
	} while (o.count == ARRAY_LEN(o.ids));
}

/* ---- the end ---- */

/* One by one, here: the threads have ended. Where the database does not answer, nothing more is tried. */
void room_keeper_stop(struct room_keeper *k)
{
	struct map_node *node;
	bool answers = true;
	if (!k)
		return;
	k->stopping = true;
	while ((node = map_first(&k->kept))) {
		struct kept *room = CONTAINER_OF(node, struct kept, node);
		if (room->save && answers) {
			take_change(room);
			work(&room->job);
			answers = room->result >= 0;
		}
		if (room->save || !answers)
			log_warn("what the host of a room has changed is not kept");
		forget(room);
	}
}

struct room_keeper *room_keeper_free(struct room_keeper *k)
{
	if (!k)
		return NULL;
	map_deinit(&k->kept);
	mem_free(k);
	return NULL;
}

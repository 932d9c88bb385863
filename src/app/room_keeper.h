/*
 * Between the rooms that are in use (signalling's, in memory) and those that last (the database's): what a
 * host changes is written down, what comes back by a ticket is looked up, what its owner changes reaches
 * those who are in. Thread: the control loop's.
 */
#ifndef PARLEY_APP_ROOM_KEEPER_H
#define PARLEY_APP_ROOM_KEEPER_H

#include "account/room.h"
#include "app/service.h"

struct room_keeper;

/** room_keeper_new() - for @s, whose accounts have been started. Return: NULL if out of memory. */
struct room_keeper *room_keeper_new(struct service *s) MUST_CHECK;

/** room_keeper_stop() - after accounts_run_stop(): writes down, waiting, what has not been yet. NULL-safe. */
void room_keeper_stop(struct room_keeper *k);

/** room_keeper_free() - after that. NULL-safe. */
struct room_keeper *room_keeper_free(struct room_keeper *k);

/** room_keeper_look_up() - a ticket has brought @room back: load what it is, or end it where there is none
 * any more. May be called by signalling. */
void room_keeper_look_up(struct room_keeper *k, const char *room);

/** room_keeper_save() - its owner, who is in, has changed the door. May be called by signalling. */
void room_keeper_save(struct room_keeper *k, const char *room, bool knock, bool locked);

/** room_keeper_busy() - is @room being looked up or written down? What is in memory may not be all of it. */
bool room_keeper_busy(const struct room_keeper *k, const char *room);

/**
 * room_keeper_turn() - changes whenever @room is changed or removed by its owner
 * What the database was asked about it before that is not to be used after it.
 */
uint32_t room_keeper_turn(const struct room_keeper *k, const char *room);

/** room_keeper_load() - put @r in place in signalling. @new_password: proofs of the former are void.
 * Return: 0; -ENOSPC, -ENOMEM: as signal_room_load(). */
int room_keeper_load(struct room_keeper *k, const struct account_room *r, bool new_password) MUST_CHECK;

/** room_keeper_changed() - the owner has made it @r: so it is from now on for those who are in. */
void room_keeper_changed(struct room_keeper *k, const struct account_room *r, bool new_password);

/** room_keeper_removed() - there is no such room any more: who is in is out. */
void room_keeper_removed(struct room_keeper *k, const char *room);

/** room_keeper_owner_gone() - the same for all rooms of @account. */
void room_keeper_owner_gone(struct room_keeper *k, const char *account);

#endif

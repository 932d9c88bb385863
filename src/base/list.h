/* Intrusive doubly-linked list. A node is in at most one list; an unlinked node points to itself. */
#ifndef PARLEY_BASE_LIST_H
#define PARLEY_BASE_LIST_H

#include "base/compiler.h"

#include <stdbool.h>

struct list {
	struct list *prev;
	struct list *next;
};

static inline void list_init(struct list *l)
{
	l->prev = l->next = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

/** list_append() - @n, unlinked, becomes the last of @head. */
static inline void list_append(struct list *head, struct list *n)
{
	n->prev = head->prev;
	n->next = head;
	head->prev->next = n;
	head->prev = n;
}

/** list_unlink() - harmless on an unlinked node. */
static inline void list_unlink(struct list *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	list_init(n);
}

#define LIST_ENTRY(node, type, member) CONTAINER_OF(node, type, member)

/* The node may be unlinked in the body, other nodes may not. */
#define LIST_FOREACH(it, head)                                                                               \
	for (struct list *it = (head)->next, *it##_next = it->next; it != (head);                            \
	     it = it##_next, it##_next = it->next)

#endif

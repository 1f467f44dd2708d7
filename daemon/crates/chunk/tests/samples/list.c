/* list.c - linked lists of integers
 * Copyright (C) 2001 Example
 */

#include <stdlib.h>
#include "list.h"

#define GUARD
#define MAX_NODES 128
/* The larger of two. */
#define MAX(a, b) \
    ((a) > (b) ? (a) : (b))

struct forward;

/** A node of a list. */
struct node {
    int value;          /* what it holds */
    struct node *next;
};

typedef struct {
    struct node *head;
    size_t length;
} list_t;

typedef struct point { int x, y; } point;
typedef int (*compare_fn)(const void *, const void *);
typedef unsigned long word;

enum color { RED, GREEN };
typedef enum { UP, DOWN } direction;

union value {
    int i;
    float f;
};

static int count;
const char *names[] = { "one", "two" };
static struct node sentinel = { 0, NULL };
extern int elsewhere;
int (*handler)(int);

int list_length(const list_t *list);
static struct node *make_node(int value);

/**
 * Makes a node.
 *
 * Returns NULL when memory is out.
 */
static struct node *
make_node(int value)
{
    struct node *node = malloc(sizeof *node);
    int other(int);
    int local = 1;
    if (!node)
        return NULL;
    node->value = value + local;
    return node;
}

// Length of a list.
int list_length(const list_t *list) { return (int)list->length; }

char **list_names(void)
{
    return (char **)names;
}

#ifdef DEBUG
void list_dump(const list_t *list)
{
    (void)list;
}
#endif

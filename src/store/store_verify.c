/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_verify - are the pages of a state file what LMDB takes them for?
 *
 * The format, as far as we use it: pages 0 and 1 are heads of which the one
 * with the higher transaction counts. It holds the roots of two trees, the
 * free pages and the names of the databases, whose roots are values in the
 * second tree. Branch and leaf pages have a table of offsets that grows up and
 * nodes that fill the page exactly from its end down; a value too large for a
 * leaf has pages of its own. All numbers are in the machine's byte order.
 *
 * Every byte may be wrong here: no number is used before it is checked, depth
 * and work are bounded by the size of the file.
 */
#include "store/store_verify.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "base/str.h"

#define HEAD 16u                 /* of every page */
#define NODE 8u                  /* head of a node */
#define MAGIC 0xbeefc0deu
#define DATA_VERSION 1u
#define NO_PAGE UINT64_MAX
#define DEPTH_MAX 16u
#define NAMES_MAX 16u
#define KEY_MAX 511u
#define FILE_PAGES_MAX ((uint64_t)1 << 28)
#define FREE_LIST_MAX ((uint64_t)64 << 20)   /* bytes of one list of free pages */

enum { FLAG_BRANCH = 1, FLAG_LEAF = 2, FLAG_OVERFLOW = 4, FLAG_META = 8, FLAG_KINDS = 0x6f };
enum { NODE_BIG = 1, NODE_TREE = 2 };
enum { TREE_INTEGER_KEYS = 8 };

/* struct MDB_db: a tree's root and counts. */
struct tree {
    uint32_t pad;
    uint16_t flags, depth;
    uint64_t branches, leaves, overflows, entries, root;
};

/* struct MDB_meta, behind the page's head. */
struct meta {
    uint32_t magic, version;
    uint64_t address, map_size;
    struct tree trees[2];
    uint64_t last_page, txn;
};

enum tree_kind { TREE_FREE, TREE_NAMES, TREE_DATA };

struct verify {
    int fd;
    uint64_t file_pages;         /* whole ones */
    size_t page_size;
    struct meta meta;
    uint8_t *seen;               /* a bit for each page up to meta.last_page */
    struct err *err;
    /* of the tree that is being walked */
    enum tree_kind kind;
    unsigned depth;
    uint64_t entries;
    uint8_t *pages[DEPTH_MAX];   /* a page for each level */
    uint8_t last_key[KEY_MAX];
    size_t last_n;
    bool has_last, last_of_branch;
    struct tree found[NAMES_MAX];    /* roots in the tree of names */
    size_t found_n;
};

static int page_error(struct verify *v, uint64_t page, const char *what)
{
    return err_set(v->err, ERR_FORMAT, "page %llu: %s", (unsigned long long)page, what);
}

static uint16_t u16_at(const uint8_t *p)
{
    uint16_t x;
    memcpy(&x, p, sizeof x);
    return x;
}

static uint64_t u64_at(const uint8_t *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
    return x;
}

static int bytes_read(struct verify *v, void *to, size_t n, uint64_t offset)
{
    size_t done = 0;
    while (done < n) {
        ssize_t got = pread(v->fd, (char *)to + done, n - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_errno(v->err, errno, "cannot read");
        if (got == 0)
            return err_set(v->err, ERR_FORMAT, "the file ends too soon");
        done += (size_t)got;
    }
    return 0;
}

/* Note that `count` pages from `page` on have an owner. -1 if that cannot be. */
static int pages_claim(struct verify *v, uint64_t page, uint64_t count)
{
    if (page < 2 || page > v->meta.last_page || count > v->meta.last_page - page + 1)
        return page_error(v, page, "no such page");
    for (uint64_t i = page; i < page + count; i++) {
        if (v->seen[i / 8] >> (i % 8) & 1)
            return page_error(v, i, "is used twice");
        v->seen[i / 8] |= (uint8_t)(1u << (i % 8));
    }
    return 0;
}

/* --- the heads --- */

static int meta_read(struct verify *v, uint64_t offset, struct meta *out)
{
    uint8_t bytes[HEAD + sizeof *out];
    if (bytes_read(v, bytes, sizeof bytes, offset) != 0)
        return -1;
    memcpy(out, bytes + HEAD, sizeof *out);
    if (!(u16_at(bytes + 10) & FLAG_META) || out->magic != MAGIC)
        return err_set(v->err, ERR_FORMAT, "it is no state file");
    if (out->version != DATA_VERSION)
        return err_set(v->err, ERR_FORMAT, "LMDB's format is another version");
    return 0;
}

static int metas_read(struct verify *v, uint64_t size)
{
    struct meta second;
    if (meta_read(v, 0, &v->meta) != 0)
        return -1;
    size_t page = v->meta.trees[0].pad;      /* LMDB keeps the page size there */
    if (page < 512 || page > 32768 || (page & (page - 1)) != 0)
        return err_set(v->err, ERR_FORMAT, "the page size is %zu", page);
    if (meta_read(v, page, &second) != 0)
        return -1;
    if (second.trees[0].pad != page)
        return err_set(v->err, ERR_FORMAT, "the heads differ");
    if (second.txn > v->meta.txn)
        v->meta = second;
    v->page_size = page;
    v->file_pages = size / page;
    uint64_t map_pages = v->meta.map_size / page;
    uint64_t most = map_pages > v->file_pages ? map_pages : v->file_pages;
    if (most > FILE_PAGES_MAX || v->meta.last_page >= most || v->meta.last_page < 1)
        return err_set(v->err, ERR_FORMAT, "the head says it has %llu pages",
                       (unsigned long long)v->meta.last_page);
    return 0;
}

/* --- pages and nodes --- */

struct node {
    struct str key;
    const uint8_t *data;         /* in the page; of a branch NULL */
    uint64_t size;               /* of the value; of a branch the child's page */
    uint16_t flags;
};

/* The node at an offset, which lies within the page. */
static int node_read(struct verify *v, const uint8_t *page, size_t at, bool leaf, struct node *out)
{
    size_t room = v->page_size - at;
    if (at % 2 != 0 || room < NODE)
        return -1;
    uint64_t low = u16_at(page + at), high = u16_at(page + at + 2);
    out->flags = u16_at(page + at + 4);
    size_t key_n = u16_at(page + at + 6);
    if (key_n > KEY_MAX || key_n > room - NODE)
        return -1;
    out->key = str_make((const char *)page + at + NODE, key_n);
    out->size = low | high << 16;
    out->data = NULL;
    if (!leaf) {
        out->size |= (uint64_t)out->flags << 32;
        return 0;
    }
    out->data = page + at + NODE + key_n;
    size_t inside = out->flags & NODE_BIG ? 8 : out->size;
    return inside <= room - NODE - key_n ? 0 : -1;
}

/* Bytes that a node takes in its page. */
static size_t node_extent(const struct node *n, bool leaf)
{
    size_t inside = !leaf ? 0 : n->flags & NODE_BIG ? 8 : (size_t)n->size;
    size_t extent = NODE + n->key.n + inside;
    return extent + (extent & 1);
}

static int by_offset(const void *a, const void *b)
{
    return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

/* The nodes must fill the page from `upper` to its end, without a gap or an overlap: LMDB moves
 * them by their sizes when one is removed. */
static int nodes_tile(struct verify *v, const uint8_t *page, size_t count, bool leaf)
{
    uint16_t *offsets = must_array(count, sizeof *offsets);
    struct node n;
    memcpy(offsets, page + HEAD, count * sizeof *offsets);
    qsort(offsets, count, sizeof *offsets, by_offset);
    size_t at = u16_at(page + 14);
    bool good = true;
    for (size_t i = 0; good && i < count; i++) {
        good = offsets[i] == at && node_read(v, page, at, leaf, &n) == 0;
        at += good ? node_extent(&n, leaf) : 0;
    }
    free(offsets);
    return good && at == v->page_size ? 0 : -1;
}

/* Read a page of the tree; *count_out nodes. */
static int page_read(struct verify *v, uint64_t number, uint8_t *page, size_t *count_out)
{
    if (pages_claim(v, number, 1) != 0 ||
        bytes_read(v, page, v->page_size, number * v->page_size) != 0)
        return -1;
    unsigned kind = u16_at(page + 10) & FLAG_KINDS;
    size_t lower = u16_at(page + 12), upper = u16_at(page + 14);
    if (u64_at(page) != number || (kind != FLAG_LEAF && kind != FLAG_BRANCH))
        return page_error(v, number, "is another page");
    if (lower < HEAD || lower > upper || upper > v->page_size || lower % 2 != 0 || lower == HEAD)
        return page_error(v, number, "its bounds cannot be");
    *count_out = (lower - HEAD) / 2;
    if (nodes_tile(v, page, *count_out, kind == FLAG_LEAF) != 0)
        return page_error(v, number, "its entries overlap or leave gaps");
    return 0;
}

/* --- what leaves hold --- */

/* The value lies in pages of its own: they are claimed. */
static int big_check(struct verify *v, const struct node *n)
{
    uint8_t head[HEAD];
    uint64_t page = u64_at(n->data), need = (HEAD - 1 + n->size) / v->page_size + 1;
    uint32_t has;
    if (page < 2 || page > v->meta.last_page)
        return page_error(v, page, "no such page");
    if (bytes_read(v, head, sizeof head, page * v->page_size) != 0)
        return -1;
    memcpy(&has, head + 12, sizeof has);
    if (u64_at(head) != page || (u16_at(head + 10) & FLAG_KINDS) != FLAG_OVERFLOW || has < need)
        return page_error(v, page, "is another page");
    if (page + has > v->file_pages)
        return err_set(v->err, ERR_FORMAT, "the file ends too soon");
    return pages_claim(v, page, has);
}

/* A list of free pages: how many, then their numbers, falling. */
static int free_check(struct verify *v, const uint8_t *list, uint64_t size)
{
    uint64_t count = size >= 8 ? u64_at(list) : 0, before = NO_PAGE;
    if (size < 8 || count > size / 8 - 1)
        return err_set(v->err, ERR_FORMAT, "a list of free pages is cut");
    for (uint64_t i = 1; i <= count; i++) {
        uint64_t page = u64_at(list + i * 8);
        if (page >= before)
            return page_error(v, page, "the free pages are out of order");
        if (pages_claim(v, page, 1) != 0)
            return -1;
        before = page;
    }
    return 0;
}

static int free_node_check(struct verify *v, const struct node *n)
{
    if (n->key.n != 8 || n->size > FREE_LIST_MAX)
        return err_set(v->err, ERR_FORMAT, "a list of free pages cannot be");
    if (!(n->flags & NODE_BIG))
        return free_check(v, n->data, n->size);
    uint8_t *list = must_array(n->size / 8 + 1, 8);
    int rc = bytes_read(v, list, n->size, u64_at(n->data) * v->page_size + HEAD);
    if (rc == 0)
        rc = free_check(v, list, n->size);
    free(list);
    return rc;
}

static int name_node_check(struct verify *v, const struct node *n)
{
    if (n->flags != NODE_TREE || n->size != sizeof(struct tree) || v->found_n == NAMES_MAX)
        return err_set(v->err, ERR_FORMAT, "a database's root cannot be");
    struct tree *t = &v->found[v->found_n++];
    memcpy(t, n->data, sizeof *t);
    if (t->flags != 0)
        return err_set(v->err, ERR_FORMAT, "a database is of another kind");
    return 0;
}

/* -1, 0 or 1, as the tree orders its keys. */
static int key_compare(const struct verify *v, struct str key)
{
    if (v->kind != TREE_FREE)
        return str_cmp(key, str_make((const char *)v->last_key, v->last_n));
    uint64_t a = u64_at((const uint8_t *)key.p), b = u64_at(v->last_key);
    return a < b ? -1 : a > b;
}

/* The keys of a tree rise from node to node, over all its leaves. What a branch says of its second
 * and later children lies between the last key before them and the first in them; the first may be
 * the same. Otherwise LMDB would look on the wrong side. */
static int key_order(struct verify *v, struct str key, bool of_branch)
{
    if (key.n == 0 || (v->kind == TREE_FREE && key.n != 8))
        return err_set(v->err, ERR_FORMAT, "a key cannot be");
    int order = v->has_last ? key_compare(v, key) : 1;
    if (order < 0 || (order == 0 && !v->last_of_branch))
        return err_set(v->err, ERR_FORMAT, "keys are out of order");
    memcpy(v->last_key, key.p, key.n);
    v->last_n = key.n;
    v->has_last = true;
    v->last_of_branch = of_branch;
    return 0;
}

static int leaf_check(struct verify *v, const uint8_t *page, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct node n;
        if (node_read(v, page, u16_at(page + HEAD + 2 * i), true, &n) != 0 ||
            key_order(v, n.key, false) != 0)
            return -1;
        if (v->kind != TREE_NAMES && (n.flags & ~(unsigned)NODE_BIG) != 0)
            return err_set(v->err, ERR_FORMAT, "an entry is of another kind");
        if ((n.flags & NODE_BIG) && big_check(v, &n) != 0)
            return -1;
        if (v->kind == TREE_FREE && free_node_check(v, &n) != 0)
            return -1;
        if (v->kind == TREE_NAMES && name_node_check(v, &n) != 0)
            return -1;
        v->entries++;
    }
    return 0;
}

/* --- trees --- */

static int walk_page(struct verify *v, uint64_t number, unsigned level);

static int branch_check(struct verify *v, size_t count, unsigned level)
{
    const uint8_t *page = v->pages[level];
    for (size_t i = 0; i < count; i++) {
        struct node n;
        if (node_read(v, page, u16_at(page + HEAD + 2 * i), false, &n) != 0)
            return -1;
        if (i > 0 && key_order(v, n.key, true) != 0)
            return -1;
        if (walk_page(v, n.size, level + 1) != 0)
            return -1;
    }
    return 0;
}

static int walk_page(struct verify *v, uint64_t number, unsigned level)
{
    size_t count = 0;
    uint8_t *page = v->pages[level];
    if (page_read(v, number, page, &count) != 0)
        return -1;
    bool leaf = u16_at(page + 10) & FLAG_LEAF;
    if (leaf != (level + 1 == v->depth))
        return page_error(v, number, "stands at the wrong depth");
    if (!leaf && count < 2 && v->kind != TREE_FREE)
        return page_error(v, number, "is a branch with one child");
    return leaf ? leaf_check(v, page, count) : branch_check(v, count, level);
}

static int tree_check(struct verify *v, const struct tree *t, enum tree_kind kind)
{
    if (t->root == NO_PAGE)
        return t->entries == 0 ? 0 : err_set(v->err, ERR_FORMAT, "a root is missing");
    if (t->depth == 0 || t->depth > DEPTH_MAX)
        return err_set(v->err, ERR_FORMAT, "a tree's depth is %u", t->depth);
    v->kind = kind;
    v->depth = t->depth;
    v->entries = 0;
    v->has_last = v->last_of_branch = false;
    if (walk_page(v, t->root, 0) != 0)
        return -1;
    return v->entries == t->entries ? 0 : err_set(v->err, ERR_FORMAT, "entries are missing");
}

static int trees_check(struct verify *v)
{
    v->seen = must_array((size_t)(v->meta.last_page / 8) + 1, 1);
    for (size_t i = 0; i < DEPTH_MAX; i++)
        v->pages[i] = must_alloc(v->page_size);
    int rc = tree_check(v, &v->meta.trees[1], TREE_NAMES);
    for (size_t i = 0; rc == 0 && i < v->found_n; i++)
        rc = tree_check(v, &v->found[i], TREE_DATA);
    if (rc == 0 && !(v->meta.trees[0].flags & TREE_INTEGER_KEYS))
        rc = err_set(v->err, ERR_FORMAT, "the free pages are of another kind");
    if (rc == 0)
        rc = tree_check(v, &v->meta.trees[0], TREE_FREE);
    for (size_t i = 0; i < DEPTH_MAX; i++)
        free(v->pages[i]);
    free(v->seen);
    return rc;
}

int store_verify(int fd, struct err *err)
{
    struct stat st;
    struct verify v = { .fd = fd, .err = err };
    if (fstat(fd, &st) != 0)
        return err_errno(err, errno, "cannot look at it");
    if (!S_ISREG(st.st_mode) || st.st_size < 0)
        return err_set(err, ERR_FORMAT, "it is not a file");
    if (st.st_size == 0)
        return 0;                /* LMDB begins an empty one */
    if (metas_read(&v, (uint64_t)st.st_size) != 0)
        return -1;
    return trees_check(&v);
}

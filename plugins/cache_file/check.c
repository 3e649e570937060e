/* check.c - is the file what LMDB believes it is? LMDB reads its pages where they are
 * mapped and checks none of them: a damaged one would kill the process. So each page
 * that can be reached is looked at once, when the folder is opened, by reading and not
 * by mapping.
 *
 * The format is that of LMDB 0.9 (mdb.c: MDB_meta, MDB_page, MDB_node). A page: its
 * number (8 bytes), 2 unused, flags (2), then the bounds of its free space (2 and 2) or
 * for a large value the count of its pages (4); then 2 bytes per node, its offset. A
 * node: 4 bytes, flags (2), size of its key (2), key, value. */
#include "cache_file/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE_HEAD 16u
#define NODE_HEAD 8u
#define DEPTH_MAX 32u
#define META_AT PAGE_HEAD /* magic, version, address, map size, two trees, last page, number */
#define MAGIC 0xbeefc0deu
#define VERSION 1u
#define TREES_AT (META_AT + 24u)
#define TREE_SIZE 48u
#define FLAGS_AT 4u
#define DEPTH_AT 6u
#define ROOT_AT 40u
#define LAST_AT (TREES_AT + 2 * TREE_SIZE)
#define NUMBER_AT (LAST_AT + 8u)
#define META_END (NUMBER_AT + 8u)

enum { FLAG_BRANCH = 1, FLAG_LEAF = 2, FLAG_OVERFLOW = 4, FLAG_META = 8, FLAG_DIRTY = 16 };
enum { NODE_LARGE = 1 };
enum { TREE_FREE, TREE_KEYS };

struct walk {
	int fd;
	size_t page_size;
	uint64_t last;        /* page */
	unsigned char *seen;  /* a bit per page */
	unsigned char *pages; /* one buffer per level */
	unsigned char *taken; /* of a page: a byte per two */
	int tree;
};

static uint64_t number_at(const unsigned char *data, size_t size)
{
	uint64_t number = 0;
	memcpy(&number, data, size); /* little-endian machines only: see check_tree */
	return number;
}

static int read_at(const struct walk *walk, void *data, size_t size, uint64_t offset)
{
	for (size_t done = 0; done < size;) {
		ssize_t got = pread(walk->fd, (char *)data + done, size - done, (off_t)(offset + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno;
		if (got == 0) /* cut off */
			return MDB_CORRUPTED;
		done += (size_t)got;
	}
	return 0;
}

/* Notes that a page is in use; false: it is none, or was met before. */
static bool claim(struct walk *walk, uint64_t page)
{
	unsigned char bit = (unsigned char)(1u << (page & 7));
	if (page < 2 || page > walk->last || (walk->seen[page >> 3] & bit) != 0)
		return false;
	walk->seen[page >> 3] |= bit;
	return true;
}

/* A large value on pages of its own. */
static int check_large(struct walk *walk, uint64_t first, uint64_t size)
{
	unsigned char head[PAGE_HEAD];
	if (first < 2 || first > walk->last)
		return MDB_CORRUPTED;
	int rc = read_at(walk, head, sizeof(head), first * walk->page_size);
	if (rc != 0)
		return rc;
	uint64_t pages = number_at(head + 12, 4);
	uint64_t needed = (PAGE_HEAD + size + walk->page_size - 1) / walk->page_size;
	if (number_at(head, 8) != first || (number_at(head + 10, 2) & ~FLAG_DIRTY) != FLAG_OVERFLOW ||
	    pages < needed || pages > walk->last + 1 - first)
		return MDB_CORRUPTED;
	for (uint64_t i = 0; i < pages; i++)
		if (!claim(walk, first + i))
			return MDB_CORRUPTED;
	/* The last byte is in the file, so all before it are. */
	unsigned char byte;
	return read_at(walk, &byte, 1, first * walk->page_size + PAGE_HEAD + size - 1);
}

/* The free list's values: a count, and so many pages that nobody uses. They are claimed
 * too; the tree of keys was walked before. */
static int check_free(struct walk *walk, const unsigned char *data, uint64_t size)
{
	uint64_t count = size >= 8 ? number_at(data, 8) : UINT64_MAX;
	if (count > size / 8 - (size >= 8))
		return MDB_CORRUPTED;
	for (uint64_t i = 1; i <= count; i++)
		if (!claim(walk, number_at(data + i * 8, 8)))
			return MDB_CORRUPTED;
	return 0;
}

static int check_value(struct walk *walk, const unsigned char *value, uint64_t size, bool large)
{
	uint64_t first = large ? number_at(value, 8) : 0;
	if (large) {
		int rc = size > 0 ? check_large(walk, first, size) : MDB_CORRUPTED;
		if (rc != 0 || walk->tree == TREE_KEYS)
			return rc;
		unsigned char *data = malloc((size_t)size);
		if (data == NULL)
			return ENOMEM;
		rc = read_at(walk, data, (size_t)size, first * walk->page_size + PAGE_HEAD);
		if (rc == 0)
			rc = check_free(walk, data, size);
		free(data);
		return rc;
	}
	return walk->tree == TREE_FREE ? check_free(walk, value, size) : 0;
}

/* Bytes of a node, with its padding; 0: it is none. */
static uint64_t node_size(const struct walk *walk, const unsigned char *node, bool leaf)
{
	uint64_t value = number_at(node, 4), flags = number_at(node + 4, 2);
	uint64_t key = number_at(node + 6, 2);
	if (key > KEY_CAP)
		return 0;
	if (!leaf) /* all of its head but the key's size is a page's number */
		return (NODE_HEAD + key + 1) & ~UINT64_C(1);
	if (flags > NODE_LARGE || key == 0 || (walk->tree == TREE_FREE && key != 8))
		return 0;
	return (NODE_HEAD + key + (flags == NODE_LARGE ? 8 : value) + 1) & ~UINT64_C(1);
}

/* The nodes of a page fill it from the end of its free space on, and none lies on another. */
static bool check_layout(struct walk *walk, const unsigned char *data, size_t count, size_t upper,
			 bool leaf)
{
	size_t filled = upper;
	memset(walk->taken, 0, walk->page_size / 2);
	for (size_t i = 0; i < count; i++) {
		size_t at = (size_t)number_at(data + PAGE_HEAD + i * 2, 2);
		if (at < upper || at % 2 != 0 || at + NODE_HEAD > walk->page_size)
			return false;
		uint64_t size = node_size(walk, data + at, leaf);
		if (size == 0 || size > walk->page_size - at ||
		    memchr(walk->taken + at / 2, 1, (size_t)size / 2) != NULL)
			return false;
		memset(walk->taken + at / 2, 1, (size_t)size / 2);
		filled += (size_t)size;
	}
	return filled == walk->page_size;
}

static int check_leaf_node(struct walk *walk, const unsigned char *node)
{
	size_t key = (size_t)number_at(node + 6, 2);
	return check_value(walk, node + NODE_HEAD + key, number_at(node, 4),
			   number_at(node + 4, 2) == NODE_LARGE);
}

static int check_page(struct walk *walk, uint64_t page, unsigned level, unsigned depth)
{
	unsigned char *data = walk->pages + level * walk->page_size;
	bool leaf = level + 1 == depth;
	if (!claim(walk, page))
		return MDB_CORRUPTED;
	int rc = read_at(walk, data, walk->page_size, page * walk->page_size);
	if (rc != 0)
		return rc;
	size_t lower = (size_t)number_at(data + 12, 2), upper = (size_t)number_at(data + 14, 2);
	uint64_t flags = number_at(data + 10, 2) & ~(uint64_t)FLAG_DIRTY;
	if (number_at(data, 8) != page || flags != (uint64_t)(leaf ? FLAG_LEAF : FLAG_BRANCH) ||
	    lower < PAGE_HEAD + 2 || lower > upper || upper > walk->page_size || lower % 2 != 0)
		return MDB_CORRUPTED;
	size_t count = (lower - PAGE_HEAD) / 2;
	if ((!leaf && count < 2) || !check_layout(walk, data, count, upper, leaf))
		return MDB_CORRUPTED;
	for (size_t i = 0; i < count && rc == 0; i++) {
		const unsigned char *node = data + number_at(data + PAGE_HEAD + i * 2, 2);
		if (leaf)
			rc = check_leaf_node(walk, node);
		else
			rc = check_page(walk, number_at(node, 6), level + 1, depth);
	}
	return rc;
}

static int check_root(struct walk *walk, const unsigned char *meta, int tree)
{
	const unsigned char *record = meta + TREES_AT + (size_t)tree * TREE_SIZE;
	uint64_t depth = number_at(record + DEPTH_AT, 2), root = number_at(record + ROOT_AT, 8);
	walk->tree = tree;
	if (number_at(record + FLAGS_AT, 2) != (tree == TREE_FREE ? MDB_INTEGERKEY : 0))
		return MDB_CORRUPTED;
	if (depth == 0)
		return root == UINT64_MAX ? 0 : MDB_CORRUPTED;
	return depth < DEPTH_MAX ? check_page(walk, root, 0, (unsigned)depth) : MDB_CORRUPTED;
}

/* Where the order of bytes or the size of a page number differs nothing is checked. */
static bool foreign_machine(void)
{
	const uint16_t one = 1;
	return *(const unsigned char *)&one != 1 || sizeof(size_t) != 8;
}

/* The page of a meta is that of its transaction's number, even or odd; both begin with 0. */
static bool sound_meta(const unsigned char *meta, uint64_t page_size, unsigned page)
{
	uint64_t last = number_at(meta + LAST_AT, 8), number = number_at(meta + NUMBER_AT, 8);
	if (number != 0 && (number & 1) != page)
		return false;
	/* The first tree's record begins with the size of a page. */
	return (number_at(meta + 10, 2) & ~(uint64_t)FLAG_DIRTY) == FLAG_META &&
	       number_at(meta + META_AT, 4) == MAGIC && number_at(meta + META_AT + 4, 4) == VERSION &&
	       number_at(meta + TREES_AT, 4) == page_size && last >= 1 &&
	       last < SIZE_MAX_ * 2 / page_size;
}

int check_metas(int fd)
{
	unsigned char meta[META_END];
	struct walk walk = {.fd = fd};
	if (foreign_machine())
		return 0;
	int rc = read_at(&walk, meta, sizeof(meta), 0);
	uint64_t page_size = rc == 0 ? number_at(meta + TREES_AT, 4) : 0;
	if (rc == 0 && (page_size < 512 || page_size > 65536 || (page_size & (page_size - 1)) != 0 ||
			!sound_meta(meta, page_size, 0)))
		rc = MDB_INVALID;
	if (rc == 0)
		rc = read_at(&walk, meta, sizeof(meta), page_size);
	if (rc == 0 && !sound_meta(meta, page_size, 1))
		rc = MDB_INVALID;
	return rc;
}

int check_tree(const struct shelf *shelf, MDB_txn *txn)
{
	unsigned char meta[META_END];
	struct walk walk = {.page_size = (size_t)shelf->page_size};
	if (foreign_machine())
		return 0;
	size_t number = mdb_txn_id(txn);
	int rc = mdb_env_get_fd(shelf->env, &walk.fd);
	if (rc == 0)
		rc = read_at(&walk, meta, sizeof(meta), (number & 1) * walk.page_size);
	/* Either it never was in its place, or a writer has taken the page meanwhile. */
	if (rc == 0 && number_at(meta + NUMBER_AT, 8) != number)
		rc = EAGAIN;
	if (rc != 0)
		return rc;
	if (!sound_meta(meta, walk.page_size, number & 1))
		return MDB_CORRUPTED;
	walk.last = number_at(meta + LAST_AT, 8);
	walk.seen = calloc(1, (size_t)(walk.last / 8 + 1));
	walk.pages = malloc(DEPTH_MAX * walk.page_size);
	walk.taken = malloc(walk.page_size / 2);
	rc = ENOMEM;
	if (walk.seen != NULL && walk.pages != NULL && walk.taken != NULL)
		rc = check_root(&walk, meta, TREE_KEYS);
	if (rc == 0)
		rc = check_root(&walk, meta, TREE_FREE);
	free(walk.seen);
	free(walk.pages);
	free(walk.taken);
	return rc;
}

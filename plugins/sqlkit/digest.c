/* digest.c - the order-independent hash of a table; digest.h says how. */
#include "sqlkit/digest.h"

#include <string.h>

static void put_u64(uint8_t *to, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		to[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get_u64(const uint8_t *from)
{
	uint64_t value = 0;
	for (int i = 7; i >= 0; i--)
		value = value << 8 | from[i];
	return value;
}

static void flush(struct sqlkit_digest *digest)
{
	sha256_update(&digest->row, (size_t)digest->held, digest->hold);
	digest->held = 0;
}

static void add(struct sqlkit_digest *digest, const void *data, uint64_t size)
{
	if (size > sizeof(digest->hold) - digest->held)
		flush(digest);
	if (size > sizeof(digest->hold)) {
		sha256_update(&digest->row, (size_t)size, data);
		return;
	}
	memcpy(digest->hold + digest->held, data, (size_t)size);
	digest->held += size;
}

static void add_tagged(struct sqlkit_digest *digest, char tag, uint64_t number)
{
	uint8_t bytes[9];
	bytes[0] = (uint8_t)tag;
	put_u64(bytes + 1, number);
	add(digest, bytes, sizeof(bytes));
}

void sqlkit_digest_begin(struct sqlkit_digest *digest)
{
	memset(digest, 0, sizeof(*digest));
	sha256_init(&digest->row);
}

void sqlkit_digest_null(struct sqlkit_digest *digest)
{
	add(digest, "n", 1);
}

void sqlkit_digest_integer(struct sqlkit_digest *digest, int64_t value)
{
	add_tagged(digest, 'i', (uint64_t)value);
}

void sqlkit_digest_real(struct sqlkit_digest *digest, double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof(bits));
	add_tagged(digest, 'r', bits);
}

void sqlkit_digest_text(struct sqlkit_digest *digest, const void *data, uint64_t size)
{
	add_tagged(digest, 't', size);
	add(digest, data, size);
}

void sqlkit_digest_bytes(struct sqlkit_digest *digest, const void *data, uint64_t size)
{
	add_tagged(digest, 'b', size);
	add(digest, data, size);
}

void sqlkit_digest_row(struct sqlkit_digest *digest)
{
	uint8_t hash[SHA256_DIGEST_SIZE];
	uint64_t carry = 0;
	flush(digest);
	sha256_digest(&digest->row, sizeof(hash), hash); /* and begins anew */
	for (int i = 0; i < 4; i++) {
		uint64_t limb = get_u64(hash + 8 * i);
		uint64_t sum = digest->sum[i] + limb;
		uint64_t over = sum < limb;
		sum += carry;
		carry = over | (sum < carry);
		digest->sum[i] = sum;
	}
	digest->rows++;
}

void sqlkit_digest_end(const struct sqlkit_digest *digest, char ret[SQLKIT_DIGEST_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	for (int i = 0; i < 32; i++) {
		uint8_t byte = (uint8_t)(digest->sum[i / 8] >> (8 * (i % 8)));
		ret[2 * i] = digits[byte >> 4];
		ret[2 * i + 1] = digits[byte & 15];
	}
	ret[SQLKIT_DIGEST_TEXT - 1] = '\0';
}

/* hash.c - SHA-256 and HMAC by libnettle, hexadecimal text, and random identifiers from
 * the kernel. */
#include "base/hash.h"

#include <errno.h>
#include <nettle/hmac.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <sys/random.h>

void hash_raw(const void *data, size_t size, uint8_t ret[HASH_SIZE])
{
	struct sha256_ctx context;

	sha256_init(&context);
	if (size)
		sha256_update(&context, size, data);
	sha256_digest(&context, HASH_SIZE, ret);
}

void hash_bytes(const void *data, size_t size, char ret_text[HASH_TEXT])
{
	uint8_t raw[HASH_SIZE];

	hash_raw(data, size, raw);
	hex_encode(raw, sizeof(raw), ret_text);
}

void hash_hmac(const char *key, size_t key_size, const void *data, size_t size,
	       char ret_text[HASH_TEXT])
{
	struct hmac_sha256_ctx context;
	uint8_t raw[HASH_SIZE];

	hmac_sha256_set_key(&context, key_size, (const uint8_t *)key);
	if (size)
		hmac_sha256_update(&context, size, data);
	hmac_sha256_digest(&context, HASH_SIZE, raw);
	hex_encode(raw, sizeof(raw), ret_text);
}

void hex_encode(const uint8_t *data, size_t size, char *ret_text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		ret_text[2 * i] = digits[data[i] >> 4];
		ret_text[2 * i + 1] = digits[data[i] & 15];
	}
	ret_text[2 * size] = '\0';
}

void random_id(char ret_text[RANDOM_ID_TEXT])
{
	uint8_t raw[16];
	size_t got = 0;

	while (got < sizeof(raw)) {
		ssize_t size = getrandom(raw + got, sizeof(raw) - got, 0);

		/* A guessable identifier would be worse than none. */
		if (size < 0 && errno != EINTR)
			abort();
		if (size > 0)
			got += (size_t)size;
	}
	hex_encode(raw, sizeof(raw), ret_text);
}

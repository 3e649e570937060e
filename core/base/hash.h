/* hash.h - SHA-256 (FIPS 180-4) and HMAC-SHA256 (RFC 2104), by libnettle, and
 * random identifiers. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_SIZE 32
#define HASH_TEXT 65 /* 64 lower-case hex digits and a zero */

void hash_bytes(const void *data, size_t size, char ret_text[HASH_TEXT]);
void hash_raw(const void *data, size_t size, uint8_t ret[HASH_SIZE]);
/* HMAC-SHA256 under the key's bytes. */
void hash_hmac(const char *key, size_t key_size, const void *data, size_t size,
	       char ret_text[HASH_TEXT]);
void hex_encode(const uint8_t *data, size_t size, char *ret_text); /* 2*size digits and a zero */

/* 128 random bits as 32 hex digits and a zero, from the kernel. Never fails:
 * without the kernel's random source the process ends. */
#define RANDOM_ID_TEXT 33
void random_id(char ret_text[RANDOM_ID_TEXT]);

#endif

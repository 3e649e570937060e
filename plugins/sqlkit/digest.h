/* digest.h - the content of a table as one number that does not depend on the
 * order of its rows: the sum, modulo 2^256, of the SHA-256 of each row. It finds
 * what was damaged or lost, and it is no defence against a forger: the bytes of a
 * backup have hashes of their own.
 *
 * A row is hashed as its values one after the other: 'n' for NULL; 'i' and 'r'
 * with eight bytes, little-endian (a two's complement integer, an IEEE 754
 * double); 't' and 'b' with the length in eight bytes, little-endian, and the bytes. */
#ifndef SQLKIT_DIGEST_H
#define SQLKIT_DIGEST_H

#include <nettle/sha2.h>

#include <stdint.h>

#define SQLKIT_DIGEST_TEXT 65 /* 64 lower-case hex digits and a zero */

struct sqlkit_digest {
	struct sha256_ctx row;
	uint64_t sum[4]; /* the lowest first */
	int64_t rows;
	uint64_t held; /* bytes of the row that are not hashed yet: in few large steps */
	uint8_t hold[512];
};

void sqlkit_digest_begin(struct sqlkit_digest *digest);
void sqlkit_digest_null(struct sqlkit_digest *digest);
void sqlkit_digest_integer(struct sqlkit_digest *digest, int64_t value);
void sqlkit_digest_real(struct sqlkit_digest *digest, double value);
void sqlkit_digest_text(struct sqlkit_digest *digest, const void *data, uint64_t size);
void sqlkit_digest_bytes(struct sqlkit_digest *digest, const void *data, uint64_t size);
/* Ends the row that the values belong to. */
void sqlkit_digest_row(struct sqlkit_digest *digest);
void sqlkit_digest_end(const struct sqlkit_digest *digest, char ret[SQLKIT_DIGEST_TEXT]);

#endif

// A narrow view of OpenSSL's libcrypto, libargon2 and cjose: random bytes, digests, password hashes, ES256 and Ed25519 signatures.
// Their own headers stay in the .c file. All functions may be called from any thread.
#ifndef HUB_CSECRETS_H
#define HUB_CSECRETS_H

#include <stddef.h>
#include <stdint.h>

enum { HUB_SHA256_BYTES = 32 };

/// Fills `bytes` from the system-seeded generator. -1 when the system has no randomness to give.
int hub_random(uint8_t *bytes, size_t count);

/// Whether `count` bytes are equal, in a time that does not depend on them.
int hub_equal(const uint8_t *left, const uint8_t *right, size_t count);

/// -1 on failure.
int hub_sha256(const uint8_t *bytes, size_t count, uint8_t *digest);

/// A SHA-256 digest of what comes in pieces. One thread at a time may use it.
typedef struct hub_digest hub_digest;

/// NULL on failure. The caller frees it with hub_digest_free.
hub_digest *hub_digest_new(void);
void hub_digest_free(hub_digest *digest);
/// -1 on failure.
int hub_digest_update(hub_digest *digest, const uint8_t *bytes, size_t count);
/// The digest of all pieces; none may follow. -1 on failure.
int hub_digest_finish(hub_digest *digest, uint8_t *bytes);

/// A keyed HMAC-SHA256 computation. One thread at a time may use it.
typedef struct hub_hmac hub_hmac;

/// NULL on failure. The caller frees it with hub_hmac_free.
hub_hmac *hub_hmac_new(const uint8_t *key, size_t count);
/// A second computation with the same key. NULL on failure.
hub_hmac *hub_hmac_copy(const hub_hmac *hmac);
void hub_hmac_free(hub_hmac *hmac);
/// The code of one message; the key stays set for the next. -1 on failure.
int hub_hmac_sign(hub_hmac *hmac, const uint8_t *bytes, size_t count, uint8_t *code);

enum { HUB_ARGON2_MATCH = 1, HUB_ARGON2_MISMATCH = 0, HUB_ARGON2_MALFORMED = -1, HUB_ARGON2_OUT_OF_MEMORY = -2 };

/// Writes the argon2id hash as a PHC string of at most `encoded_size` bytes with its end; 0 or HUB_ARGON2_OUT_OF_MEMORY or
/// HUB_ARGON2_MALFORMED when a parameter is out of the library's range.
int hub_argon2id_hash(
    const char *password, size_t password_count, const uint8_t *salt, size_t salt_count, uint32_t memory_kib,
    uint32_t iterations, uint32_t lanes, char *encoded, size_t encoded_size);
int hub_argon2id_verify(const char *encoded, const char *password, size_t password_count);

// Ed25519 (RFC 8032). Keys are bytes.

enum { HUB_ED25519_KEY_BYTES = 32, HUB_ED25519_SIGNATURE_BYTES = 64 };

/// The public key of a secret one. -1 on failure.
int hub_ed25519_public(const uint8_t *secret, uint8_t *public_key);
/// -1 on failure.
int hub_ed25519_sign(const uint8_t *secret, const uint8_t *bytes, size_t count, uint8_t *signature);
/// 1 when the signature is that of the key over the bytes, else 0.
int hub_ed25519_verify(const uint8_t *public_key, const uint8_t *bytes, size_t count, const uint8_t *signature);

/// A P-256 key, public or with its private half. Not changed by use: threads may share it.
typedef struct hub_key hub_key;

/// NULL on failure. The caller frees it with hub_key_free.
hub_key *hub_key_generate(void);
/// From a JSON Web Key. NULL when it is not an EC key on P-256.
hub_key *hub_key_import(const char *json, size_t count);
void hub_key_free(hub_key *key);
/// As a JSON Web Key. NULL on failure. The caller frees it with hub_text_free.
char *hub_key_export(const hub_key *key, int with_private);
void hub_text_free(char *text);

/// A compact JWS with alg ES256, typ JWT and `kid`. NULL on failure. The caller frees it with hub_text_free.
char *hub_es256_sign(const hub_key *key, const char *kid, const uint8_t *payload, size_t count);
/// 1 when the signature of a compact JWS with alg ES256 is that of `key`, else 0.
int hub_es256_verify(const hub_key *key, const char *token, size_t count);

#endif

#include "CSecrets.h"

#include <argon2.h>
#include <cjose/cjose.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/core_names.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

int hub_random(uint8_t *bytes, size_t count) {
    if (count > INT_MAX) return -1;
    return RAND_bytes(bytes, (int)count) == 1 ? 0 : -1;
}

int hub_equal(const uint8_t *left, const uint8_t *right, size_t count) {
    return CRYPTO_memcmp(left, right, count) == 0;
}

// Digests

// OpenSSL 3 searches its providers on each use of an algorithm by name; once is enough.
static pthread_once_t fetched = PTHREAD_ONCE_INIT;
static EVP_MD *sha256;
static EVP_MAC *hmac_algorithm;

static void fetch(void) {
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    hmac_algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
}

int hub_sha256(const uint8_t *bytes, size_t count, uint8_t *digest) {
    pthread_once(&fetched, fetch);
    if (!sha256) return -1;
    return EVP_Digest(bytes, count, digest, NULL, sha256, NULL) == 1 ? 0 : -1;
}

// A hub_digest is an EVP_MD_CTX.

static EVP_MD_CTX *digest_context(hub_digest *digest) { return (EVP_MD_CTX *)digest; }

hub_digest *hub_digest_new(void) {
    pthread_once(&fetched, fetch);
    EVP_MD_CTX *context = sha256 ? EVP_MD_CTX_new() : NULL;
    if (context && EVP_DigestInit_ex2(context, sha256, NULL) != 1) {
        EVP_MD_CTX_free(context);
        return NULL;
    }
    return (hub_digest *)context;
}

void hub_digest_free(hub_digest *digest) { EVP_MD_CTX_free(digest_context(digest)); }

int hub_digest_update(hub_digest *digest, const uint8_t *bytes, size_t count) {
    return EVP_DigestUpdate(digest_context(digest), bytes, count) == 1 ? 0 : -1;
}

int hub_digest_finish(hub_digest *digest, uint8_t *bytes) {
    return EVP_DigestFinal_ex(digest_context(digest), bytes, NULL) == 1 ? 0 : -1;
}

struct hub_hmac {
    EVP_MAC_CTX *context;
};

static hub_hmac *hmac_wrap(EVP_MAC_CTX *context) {
    if (!context) return NULL;
    hub_hmac *hmac = malloc(sizeof *hmac);
    if (!hmac) {
        EVP_MAC_CTX_free(context);
        return NULL;
    }
    hmac->context = context;
    return hmac;
}

hub_hmac *hub_hmac_new(const uint8_t *key, size_t count) {
    pthread_once(&fetched, fetch);
    if (!hmac_algorithm) return NULL;
    hub_hmac *hmac = hmac_wrap(EVP_MAC_CTX_new(hmac_algorithm));
    if (!hmac) return NULL;
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
    if (EVP_MAC_init(hmac->context, key, count, parameters) != 1) {
        hub_hmac_free(hmac);
        return NULL;
    }
    return hmac;
}

hub_hmac *hub_hmac_copy(const hub_hmac *hmac) { return hmac_wrap(EVP_MAC_CTX_dup(hmac->context)); }

void hub_hmac_free(hub_hmac *hmac) {
    if (!hmac) return;
    EVP_MAC_CTX_free(hmac->context);
    free(hmac);
}

int hub_hmac_sign(hub_hmac *hmac, const uint8_t *bytes, size_t count, uint8_t *code) {
    size_t written = 0;
    // Without a key the computation starts again with the one it has.
    if (EVP_MAC_init(hmac->context, NULL, 0, NULL) != 1) return -1;
    if (EVP_MAC_update(hmac->context, bytes, count) != 1) return -1;
    if (EVP_MAC_final(hmac->context, code, &written, HUB_SHA256_BYTES) != 1) return -1;
    return written == HUB_SHA256_BYTES ? 0 : -1;
}

// Passwords

static int argon2_outcome(int status) {
    switch (status) {
    case ARGON2_OK: return HUB_ARGON2_MATCH;
    case ARGON2_VERIFY_MISMATCH: return HUB_ARGON2_MISMATCH;
    case ARGON2_MEMORY_ALLOCATION_ERROR:
    case ARGON2_THREAD_FAIL: return HUB_ARGON2_OUT_OF_MEMORY;
    default: return HUB_ARGON2_MALFORMED;
    }
}

int hub_argon2id_hash(
    const char *password, size_t password_count, const uint8_t *salt, size_t salt_count, uint32_t memory_kib,
    uint32_t iterations, uint32_t lanes, char *encoded, size_t encoded_size) {
    int status = argon2id_hash_encoded(
        iterations, memory_kib, lanes, password, password_count, salt, salt_count, 32, encoded, encoded_size);
    return status == ARGON2_OK ? 0 : argon2_outcome(status);
}

int hub_argon2id_verify(const char *encoded, const char *password, size_t password_count) {
    return argon2_outcome(argon2id_verify(encoded, password, password_count));
}

// Ed25519

int hub_ed25519_public(const uint8_t *secret, uint8_t *public_key) {
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, HUB_ED25519_KEY_BYTES);
    size_t count = HUB_ED25519_KEY_BYTES;
    int is_done = key && EVP_PKEY_get_raw_public_key(key, public_key, &count) == 1;
    EVP_PKEY_free(key);
    return is_done ? 0 : -1;
}

int hub_ed25519_sign(const uint8_t *secret, const uint8_t *bytes, size_t count, uint8_t *signature) {
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, HUB_ED25519_KEY_BYTES);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t written = HUB_ED25519_SIGNATURE_BYTES;
    int is_done = key && context && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
                  EVP_DigestSign(context, signature, &written, bytes, count) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return is_done ? 0 : -1;
}

int hub_ed25519_verify(const uint8_t *public_key, const uint8_t *bytes, size_t count, const uint8_t *signature) {
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, HUB_ED25519_KEY_BYTES);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int is_valid = key && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
                   EVP_DigestVerify(context, signature, HUB_ED25519_SIGNATURE_BYTES, bytes, count) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return is_valid;
}

// Signatures. A hub_key is a cjose_jwk_t.

static cjose_jwk_t *jwk(const hub_key *key) { return (cjose_jwk_t *)key; }

hub_key *hub_key_generate(void) {
    cjose_err error;
    return (hub_key *)cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, &error);
}

hub_key *hub_key_import(const char *json, size_t count) {
    cjose_err error;
    cjose_jwk_t *key = cjose_jwk_import(json, count, &error);
    if (!key) return NULL;
    if (cjose_jwk_get_kty(key, &error) != CJOSE_JWK_KTY_EC ||
        cjose_jwk_EC_get_curve(key, &error) != CJOSE_JWK_EC_P_256) {
        cjose_jwk_release(key);
        return NULL;
    }
    return (hub_key *)key;
}

void hub_key_free(hub_key *key) {
    if (key) cjose_jwk_release(jwk(key));
}

char *hub_key_export(const hub_key *key, int with_private) {
    cjose_err error;
    return cjose_jwk_to_json(jwk(key), with_private != 0, &error);
}

void hub_text_free(char *text) {
    if (text) cjose_get_dealloc()(text);
}

char *hub_es256_sign(const hub_key *key, const char *kid, const uint8_t *payload, size_t count) {
    cjose_err error;
    char *copy = NULL;
    cjose_jws_t *jws = NULL;
    const char *token = NULL;
    cjose_header_t *header = cjose_header_new(&error);
    if (header && cjose_header_set(header, CJOSE_HDR_ALG, CJOSE_HDR_ALG_ES256, &error) &&
        cjose_header_set(header, "typ", "JWT", &error) && cjose_header_set(header, CJOSE_HDR_KID, kid, &error))
        jws = cjose_jws_sign(jwk(key), header, payload, count, &error);
    if (jws && cjose_jws_export(jws, &token, &error)) {
        size_t size = strlen(token) + 1;
        copy = cjose_get_alloc()(size);
        if (copy) memcpy(copy, token, size);
    }
    if (jws) cjose_jws_release(jws);
    if (header) cjose_header_release(header);
    return copy;
}

int hub_es256_verify(const hub_key *key, const char *token, size_t count) {
    cjose_err error;
    cjose_jws_t *jws = cjose_jws_import(token, count, &error);
    if (!jws) return 0;
    const char *algorithm = cjose_header_get(cjose_jws_get_protected(jws), CJOSE_HDR_ALG, &error);
    int valid = algorithm && strcmp(algorithm, CJOSE_HDR_ALG_ES256) == 0 && cjose_jws_verify(jws, jwk(key), &error);
    cjose_jws_release(jws);
    return valid;
}

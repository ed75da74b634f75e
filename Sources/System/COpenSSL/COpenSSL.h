// OpenSSL's libcrypto, only for the module Signing. Macros do not import into Swift, so the typed stacks and the needed
// controls are wrapped here.
#ifndef GATEKEEL_COPENSSL_H
#define GATEKEEL_COPENSSL_H

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

// STACK_OF(X509).
static inline STACK_OF(X509) *gk_certificates_new(void) { return sk_X509_new_null(); }
static inline int gk_certificates_count(const STACK_OF(X509) *stack) { return stack ? sk_X509_num(stack) : 0; }
static inline X509 *gk_certificates_at(const STACK_OF(X509) *stack, int index) { return sk_X509_value(stack, index); }
// The stack takes its own reference.
static inline int gk_certificates_add(STACK_OF(X509) *stack, X509 *certificate) {
    return X509_add_cert(stack, certificate, X509_ADD_FLAG_UP_REF);
}
static inline void gk_certificates_free(STACK_OF(X509) *stack) { sk_X509_pop_free(stack, X509_free); }

// STACK_OF(CMS_SignerInfo), owned by the message.
static inline int gk_signers_count(const STACK_OF(CMS_SignerInfo) *stack) {
    return stack ? sk_CMS_SignerInfo_num(stack) : 0;
}
static inline CMS_SignerInfo *gk_signers_at(const STACK_OF(CMS_SignerInfo) *stack, int index) {
    return sk_CMS_SignerInfo_value(stack, index);
}

// BIO_get_mem_data is a macro.
static inline BIO *gk_bio_new_memory(const void *bytes, int count) { return BIO_new_mem_buf(bytes, count); }
static inline long gk_bio_memory(BIO *bio, char **bytes) { return BIO_get_mem_data(bio, bytes); }

// Flags that import with different types or not at all.
static const unsigned int gk_CMS_VERIFY =
    CMS_BINARY | CMS_DETACHED | CMS_NO_SIGNER_CERT_VERIFY;
static const unsigned int gk_CMS_SIGN = CMS_BINARY | CMS_DETACHED | CMS_PARTIAL | CMS_NOSMIMECAP;
static const unsigned long gk_NAME_TEXT = XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB;
static const unsigned long gk_VERIFY_FLAGS = X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_CHECK_SS_SIGNATURE;
static const uint32_t gk_EXTENSION_KEY_USAGE = EXFLAG_KUSAGE;
static const uint32_t gk_EXTENSION_EXTENDED_KEY_USAGE = EXFLAG_XKUSAGE;
static const uint32_t gk_KEY_USAGE_DIGITAL_SIGNATURE = KU_DIGITAL_SIGNATURE;
static const uint32_t gk_EXTENDED_KEY_USAGE_CODE_SIGNING = XKU_CODE_SIGN;
static const uint32_t gk_EXTENDED_KEY_USAGE_ANY = XKU_ANYEKU;

#endif

// OpenSSL's libcrypto, for the module Signing alone.
#ifndef GATEKEEL_COPENSSL_H
#define GATEKEEL_COPENSSL_H

#include <openssl/cms.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <openssl/x509_vfy.h>
#include <openssl/pem.h>
#include <openssl/evp.h>
#include <openssl/err.h>
#include <openssl/bio.h>
#include <openssl/rand.h>

#endif

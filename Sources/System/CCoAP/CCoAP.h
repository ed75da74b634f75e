// libcoap (OpenSSL build), only for the module CoAP.
#ifndef GATEKEEL_CCOAP_H
#define GATEKEEL_CCOAP_H

#include <coap3/coap.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/epoll.h>
#include <syslog.h>

// Macros with casts, which do not import.
static const coap_mid_t gk_COAP_INVALID_MID = COAP_INVALID_MID;
static const uint8_t gk_COAP_CPSK_VERSION = COAP_DTLS_CPSK_SETUP_VERSION;
static const uint8_t gk_COAP_SPSK_VERSION = COAP_DTLS_SPSK_SETUP_VERSION;

// coap_log_t has syslog's numbers; it is an int in 4.3.1 and an enum in 4.3.4.
static inline int gk_coap_log_number(coap_log_t level) { return (int)level; }
static inline void gk_coap_log_warnings(void) {
    coap_set_log_level((coap_log_t)LOG_WARNING);
    coap_dtls_set_log_level((coap_log_t)LOG_WARNING);
}

// coap_address_t has a union of socket addresses that is accessible only by macros.
static inline void gk_coap_address_set(coap_address_t *address, const void *socket_address, socklen_t length) {
    coap_address_init(address);
    if (length > sizeof address->addr) length = sizeof address->addr;
    memcpy(&address->addr, socket_address, length);
    address->size = length;
}

// The address that the kernel gave a client's socket; returns its length.
static inline size_t gk_coap_session_local(const coap_session_t *session, void *address, size_t capacity) {
    const coap_address_t *local = coap_session_get_addr_local(session);
    if (!local || local->size > capacity) return 0;
    memcpy(address, &local->addr, local->size);
    return local->size;
}

// The key exchange of a client's handshake has left; what is missing is the server's last flight. SSL_get_state(3) gives
// an enum without a fixed type.
static inline int gk_tls_sent_key_exchange(const SSL *ssl) {
    switch (SSL_get_state(ssl)) {
    case TLS_ST_CW_KEY_EXCH:
    case TLS_ST_CW_CHANGE:
    case TLS_ST_CW_FINISHED:
    case TLS_ST_CR_SESSION_TICKET:
    case TLS_ST_CR_CHANGE:
    case TLS_ST_CR_FINISHED:
        return 1;
    default:
        return 0;
    }
}

// coap_pdu_code_t is an enum without names for all codes.
static inline uint8_t gk_coap_pdu_code(const coap_pdu_t *pdu) { return (uint8_t)coap_pdu_get_code(pdu); }
static inline void gk_coap_pdu_set_code(coap_pdu_t *pdu, uint8_t code) { coap_pdu_set_code(pdu, (coap_pdu_code_t)code); }
static inline coap_pdu_t *gk_coap_new_pdu(int confirmable, uint8_t code, coap_session_t *session) {
    return coap_new_pdu(confirmable ? COAP_MESSAGE_CON : COAP_MESSAGE_NON, (coap_pdu_code_t)code, session);
}

// Registers one handler for all seven methods; coap_request_t is an enum.
static inline void gk_coap_register_all(coap_resource_t *resource, coap_method_handler_t handler) {
    for (int method = 1; method <= 7; method++)
        coap_register_request_handler(resource, (coap_request_t)method, handler);
}

// Runs one turn without waiting. struct epoll_event is packed and has a union, so it does not import.
static inline void gk_coap_turn(coap_context_t *context) {
    struct epoll_event events[10];
    int count = epoll_wait(coap_context_get_coap_fd(context), events, 10, 0);
    coap_io_do_epoll(context, events, count > 0 ? (size_t)count : 0);
}

// Events as plain integers, because the C enum imports with another type.
enum {
    gk_event_connected = COAP_EVENT_DTLS_CONNECTED,
    gk_event_error = COAP_EVENT_DTLS_ERROR,
    gk_event_session_deleted = COAP_EVENT_SERVER_SESSION_DEL,
};

#endif

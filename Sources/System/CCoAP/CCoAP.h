// libcoap (OpenSSL build), for the module CoAP alone.
#ifndef GATEKEEL_CCOAP_H
#define GATEKEEL_CCOAP_H

#include <coap3/coap.h>

#endif

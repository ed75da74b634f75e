/* The least that a client on libcoap does to register: the reference for the time from exec to Register.
 *
 *   register PORT
 *
 * It initialises the library with its TLS library, opens one session to 127.0.0.1 in the clear, sends POST /rd with the
 * endpoint "figures", waits for the answer, and ends. Exit status: 0 when it was answered 2.01.
 */
#include <coap3/coap.h>
#include <stdlib.h>
#include <string.h>

static int answered = -1;

static coap_response_t response(coap_session_t *session, const coap_pdu_t *sent, const coap_pdu_t *received, const coap_mid_t mid) {
    (void)session, (void)sent, (void)mid;
    answered = coap_pdu_get_code(received) == COAP_RESPONSE_CODE(201) ? 0 : 1;
    return COAP_RESPONSE_OK;
}

static int add(coap_optlist_t **options, uint16_t number, const char *text) {
    return coap_insert_optlist(options, coap_new_optlist(number, strlen(text), (const uint8_t *)text));
}

int main(int count, char **arguments) {
    static const char links[] = "</>;rt=\"oma.lwm2m\";ct=\"11542 110 60\",</1/0>,</3/0>,</9/0>";
    coap_address_t server;
    coap_optlist_t *options = NULL;
    uint8_t token[] = {1, 2, 3, 4};

    if (count != 2) return 64;
    coap_startup();
    coap_address_init(&server);
    server.size = sizeof server.addr.sin;
    server.addr.sin.sin_family = AF_INET;
    server.addr.sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server.addr.sin.sin_port = htons((uint16_t)atoi(arguments[1]));

    coap_context_t *context = coap_new_context(NULL);
    coap_session_t *session = context ? coap_new_client_session(context, NULL, &server, COAP_PROTO_UDP) : NULL;
    coap_pdu_t *request = session ? coap_new_pdu(COAP_MESSAGE_CON, COAP_REQUEST_CODE_POST, session) : NULL;
    if (!request) return 1;
    coap_register_response_handler(context, response);
    coap_add_token(request, sizeof token, token);
    uint8_t format[] = {40};
    if (!add(&options, COAP_OPTION_URI_PATH, "rd") ||
        !coap_insert_optlist(&options, coap_new_optlist(COAP_OPTION_CONTENT_FORMAT, sizeof format, format)) ||
        !add(&options, COAP_OPTION_URI_QUERY, "lwm2m=1.1") || !add(&options, COAP_OPTION_URI_QUERY, "ep=figures") ||
        !add(&options, COAP_OPTION_URI_QUERY, "lt=86400") || !add(&options, COAP_OPTION_URI_QUERY, "b=U"))
        return 1;
    coap_add_optlist_pdu(request, &options);
    coap_add_data(request, sizeof links - 1, (const uint8_t *)links);
    coap_send(session, request);
    while (answered < 0)
        if (coap_io_process(context, COAP_IO_WAIT) < 0) return 1;
    coap_delete_optlist(options);
    coap_session_release(session);
    coap_free_context(context);
    coap_cleanup();
    return answered;
}

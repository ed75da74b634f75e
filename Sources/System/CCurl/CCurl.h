// libcurl, only for the module Fetch. curl_easy_setopt and curl_easy_getinfo are variadic and do not import into Swift.
#ifndef GATEKEEL_CCURL_H
#define GATEKEEL_CCURL_H

#include <curl/curl.h>

typedef size_t (*gk_curl_write)(char *bytes, size_t size, size_t count, void *data);

static inline CURLcode gk_curl_set_text(CURL *handle, CURLoption option, const char *text) {
    return curl_easy_setopt(handle, option, text);
}
static inline CURLcode gk_curl_set_number(CURL *handle, CURLoption option, long number) {
    return curl_easy_setopt(handle, option, number);
}
static inline CURLcode gk_curl_set_headers(CURL *handle, struct curl_slist *headers) {
    return curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
}
// The buffer must have CURL_ERROR_SIZE bytes.
static inline CURLcode gk_curl_set_error_buffer(CURL *handle, char *buffer) {
    return curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, buffer);
}
static inline CURLcode gk_curl_set_write(CURL *handle, gk_curl_write function, void *data) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, function);
    return code != CURLE_OK ? code : curl_easy_setopt(handle, CURLOPT_WRITEDATA, data);
}
// Opens the socket for an address, or refuses it with CURL_SOCKET_BAD.
typedef curl_socket_t (*gk_curl_open)(void *data, curlsocktype purpose, struct curl_sockaddr *address);
static inline CURLcode gk_curl_set_open(CURL *handle, gk_curl_open function, void *data) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, function);
    return code != CURLE_OK ? code : curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, data);
}
// The address's bytes: addrlen of them, more than the structure's last member declares.
static inline const void *gk_curl_address(const struct curl_sockaddr *address) { return &address->addr; }
static const curl_socket_t gk_curl_no_socket = CURL_SOCKET_BAD;
// errno of a connection that failed, or 0.
static inline int gk_curl_errno(CURL *handle) {
    long number = 0;
    return curl_easy_getinfo(handle, CURLINFO_OS_ERRNO, &number) == CURLE_OK ? (int)number : 0;
}
// The host of a URL as libcurl understands it, or null; to be freed with curl_free.
static inline char *gk_curl_host(const char *text) {
    CURLU *url = curl_url();
    char *host = NULL;
    if (url && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK) curl_url_get(url, CURLUPART_HOST, &host, 0);
    curl_url_cleanup(url);
    return host;
}
static inline long gk_curl_status(CURL *handle) {
    long status = 0;
    return curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK ? status : 0;
}
// The absolute target of a redirect, or NULL. The handle owns the text.
static inline const char *gk_curl_redirect(CURL *handle) {
    char *target = NULL;
    return curl_easy_getinfo(handle, CURLINFO_REDIRECT_URL, &target) == CURLE_OK ? target : NULL;
}
// Content-Length, or -1.
static inline int64_t gk_curl_length(CURL *handle) {
    curl_off_t length = -1;
    return curl_easy_getinfo(handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length) == CURLE_OK ? (int64_t)length : -1;
}
// A header of the last response, or NULL. The handle owns the text.
static inline const char *gk_curl_header(CURL *handle, const char *name) {
    struct curl_header *header = NULL;
    return curl_easy_header(handle, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK ? header->value : NULL;
}
static inline CURLcode gk_curl_global_init(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }

#endif

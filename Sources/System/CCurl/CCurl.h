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

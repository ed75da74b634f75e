// libcurl, for the module Fetch alone: curl_easy_setopt and curl_easy_getinfo are variadic.
#ifndef GATEKEEL_CCURL_H
#define GATEKEEL_CCURL_H

#include <curl/curl.h>

#endif

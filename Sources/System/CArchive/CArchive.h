// libarchive, for the module Archive alone.
#ifndef GATEKEEL_CARCHIVE_H
#define GATEKEEL_CARCHIVE_H

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

// libarchive converts the names of pax headers into the charset of the thread's locale, and daemons run in the C locale,
// where every name beyond ASCII would be lost. The reader works in this one: part of glibc itself.
static inline void *gk_locale_new(void) { return (void *)newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0); }
static inline void *gk_locale_use(void *locale) { return (void *)uselocale((locale_t)locale); }
static inline void gk_locale_free(void *locale) { freelocale((locale_t)locale); }

#endif

// libarchive, only for the module Archive.
#ifndef GATEKEEL_CARCHIVE_H
#define GATEKEEL_CARCHIVE_H

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

// libarchive converts names in pax headers to the charset of the thread's locale. Daemons run in the C locale, where names
// outside of ASCII would be lost. So the reader uses this locale, which is part of glibc itself.
static inline void *gk_locale_new(void) { return (void *)newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0); }
static inline void *gk_locale_use(void *locale) { return (void *)uselocale((locale_t)locale); }
static inline void gk_locale_free(void *locale) { freelocale((locale_t)locale); }

#endif

// libarchive, for the module Archive alone.
#ifndef GATEKEEL_CARCHIVE_H
#define GATEKEEL_CARCHIVE_H

#include <archive.h>
#include <archive_entry.h>

#endif

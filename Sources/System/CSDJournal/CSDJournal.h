// sd-journal, only for the module Journal, which uses sd_journal_sendv because sd_journal_send is variadic.
#ifndef GATEKEEL_CSDJOURNAL_H
#define GATEKEEL_CSDJOURNAL_H

#define SD_JOURNAL_SUPPRESS_LOCATION 1
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#endif

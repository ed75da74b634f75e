// sd-journal, for the module Journal alone: sd_journal_send is variadic; sd_journal_sendv is what is used.
#ifndef GATEKEEL_CSDJOURNAL_H
#define GATEKEEL_CSDJOURNAL_H

#define SD_JOURNAL_SUPPRESS_LOCATION 1
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#endif
